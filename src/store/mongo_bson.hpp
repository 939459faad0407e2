/// Thin owners of BSON. Nothing here knows what the documents mean.
#pragma once

#include <bson/bson.h>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace vedette::mongo {

class View;

/// A document being written. A number that is not finite is left out (JSON has none, and some
/// servers refuse it); text that is not UTF-8 has its bad bytes replaced by U+FFFD.
class Doc {
 public:
  Doc() : bson_(bson_new()) {}
  Doc(const Doc&) = delete;
  Doc& operator=(const Doc&) = delete;
  Doc(Doc&& other) noexcept : bson_(std::exchange(other.bson_, nullptr)) {}
  Doc& operator=(Doc&& other) noexcept {
    std::swap(bson_, other.bson_);
    return *this;
  }
  ~Doc() { bson_destroy(bson_); }  // takes a null pointer

  Doc& set(std::string_view name, std::int64_t value) {
    bson_append_int64(bson_, name.data(), size(name), value);
    return *this;
  }
  Doc& set(std::string_view name, std::uint64_t value) {
    return set(name, static_cast<std::int64_t>(value));
  }
  Doc& set(std::string_view name, int value) { return set(name, std::int64_t{value}); }
  Doc& set(std::string_view name, double value) {
    if (std::isfinite(value)) bson_append_double(bson_, name.data(), size(name), value);
    return *this;
  }
  Doc& set(std::string_view name, float value) { return set(name, static_cast<double>(value)); }
  /// A template because text literals would rather become bool than std::string_view.
  template <std::same_as<bool> T>
  Doc& set(std::string_view name, T value) {
    bson_append_bool(bson_, name.data(), size(name), value);
    return *this;
  }
  Doc& set(std::string_view name, std::string_view text);
  Doc& set(std::string_view name, const char* text) { return set(name, std::string_view{text}); }
  Doc& set(std::string_view name, const Doc& document) {
    bson_append_document(bson_, name.data(), size(name), document.get());
    return *this;
  }
  /// Nothing for an empty text.
  Doc& set_some(std::string_view name, std::string_view text) {
    return text.empty() ? *this : set(name, text);
  }
  Doc& set_array(std::string_view name, const std::vector<Doc>& items);
  Doc& set_array(std::string_view name, const std::vector<std::string>& items);
  Doc& set_array(std::string_view name, const std::vector<std::int64_t>& items);
  Doc& set_bytes(std::string_view name, std::string_view bytes) {
    bson_append_binary(bson_, name.data(), size(name), BSON_SUBTYPE_BINARY,
                       reinterpret_cast<const std::uint8_t*>(bytes.data()),
                       static_cast<std::uint32_t>(bytes.size()));
    return *this;
  }
  /// A BSON date: milliseconds, rounded down; for people. What must come back exactly has its
  /// microseconds beside it.
  Doc& set_date(std::string_view name, Time time) {
    bson_append_date_time(
        bson_, name.data(), size(name),
        std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count());
    return *this;
  }
  /// `name`, the date, and `name`_us, its microseconds.
  Doc& set_time(std::string_view name, Time time) {
    return set_date(name, time).set(std::string{name} + "_us", micros(time));
  }

  Doc& append(const View& other);
  /// All fields of another document.
  Doc& append(const bson_t* other) {
    bson_concat(bson_, other);
    return *this;
  }

  Doc without(const char* name) const {
    Doc rest;
    bson_copy_to_excluding_noinit(bson_, rest.bson_, name, static_cast<char*>(nullptr));
    return rest;
  }

  const bson_t* get() const { return bson_; }
  bson_t* raw() { return bson_; }  ///< for library calls that append
  View view() const;
  bool empty() const { return bson_empty(bson_); }
  std::size_t bytes() const { return bson_->len; }

 private:
  static int size(std::string_view name) { return static_cast<int>(name.size()); }

  bson_t* bson_;  // a smart pointer would drop the alignment that its type asks for
};

/// A document being read; borrows its bytes. What is missing or of another type reads as nothing:
/// 0, "", false, an empty document, NaN.
class View {
 public:
  View() = default;
  explicit View(const bson_t* bson) : data_(bson_get_data(bson)), length_(bson->len) {}
  View(const std::uint8_t* data, std::size_t length) : data_(data), length_(length) {}

  bool has(const char* name) const;
  std::int64_t integer(const char* name) const;
  std::uint64_t count(const char* name) const { return static_cast<std::uint64_t>(integer(name)); }
  double real(const char* name) const;
  float real32(const char* name) const { return static_cast<float>(real(name)); }
  bool boolean(const char* name) const;
  std::string_view text(const char* name) const;
  std::string_view bytes(const char* name) const;
  View document(const char* name) const;
  /// The microseconds beside a date.
  Time time(const char* name) const {
    return time_from_micros(integer((std::string{name} + "_us").c_str()));
  }
  /// A BSON date in milliseconds.
  std::int64_t date_ms(const char* name) const;
  /// The documents of an array.
  std::vector<View> array(const char* name) const;
  std::vector<std::int64_t> integers(const char* name) const;
  std::vector<std::string> texts(const char* name) const;

 private:
  friend class Doc;
  static constexpr std::uint8_t empty_bytes[5] = {5, 0, 0, 0, 0};
  bool find(const char* name, bson_iter_t& at) const {
    return bson_iter_init_from_data(&at, data_, length_) && bson_iter_find(&at, name);
  }
  const std::uint8_t* data_ = empty_bytes;
  std::size_t length_ = sizeof empty_bytes;
};

inline Doc& Doc::append(const View& other) {
  bson_t whole;
  bson_init_static(&whole, other.data_, other.length_);
  return append(&whole);
}
inline View Doc::view() const {
  return View{bson_};
}

}  // namespace vedette::mongo
