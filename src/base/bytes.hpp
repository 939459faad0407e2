/// ByteWriter and ByteReader: little-endian, bounds-checked. Every file format of ours goes
/// through them, so that a damaged file fails instead of reading beyond its end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/expects.hpp"

static_assert(std::endian::native == std::endian::little, "the formats are little-endian");

namespace vedette {

class ByteWriter {
 public:
  static constexpr std::size_t bytes_max = std::size_t{1} << 40U;

  /// An integer, float, double or plain enum, as its bytes.
  template <class T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) void put(T value) {
    put_bytes(std::as_bytes(std::span{&value, 1}));
  }
  void put_bytes(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    // Also tells GCC 12, which at -O3 sees overflows here that cannot be.
    expects(bytes.size() <= bytes_max, "one piece of a file stays below 1 TiB");
    const std::size_t at = bytes_.size();
    bytes_.resize(at + bytes.size());
    std::memcpy(bytes_.data() + at, bytes.data(), bytes.size());
  }
  /// u32 length, then the bytes.
  void put_text(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    put_bytes(std::as_bytes(std::span{text.data(), text.size()}));
  }
  /// u32 count, then the elements.
  template <class T>
  requires std::is_arithmetic_v<T>
  void put_array(std::span<const T> values) {
    put(static_cast<std::uint32_t>(values.size()));
    put_bytes(std::as_bytes(values));
  }
  /// Overwrites a value put earlier. REQUIRES: offset + sizeof(T) <= size().
  template <class T>
  requires std::is_arithmetic_v<T>
  void patch(std::size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
  }
  std::size_t size() const { return bytes_.size(); }
  std::span<const std::byte> bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }

 private:
  std::vector<std::byte> bytes_;
};

/// Once a read goes beyond the end, ok() is false for good and every later read gives zero or
/// empty: callers check ok() where it matters, before they trust a size. Borrows the bytes.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) T get() {
    T value{};
    const auto from = take(sizeof(T));
    if (from.size() == sizeof(T)) std::memcpy(&value, from.data(), sizeof(T));
    return value;
  }
  std::string_view get_text() {
    const auto size = get<std::uint32_t>();
    const auto from = take(size);
    return {reinterpret_cast<const char*>(from.data()), from.size()};
  }
  std::span<const std::byte> get_bytes(std::size_t size) { return take(size); }
  /// Reads what put_array wrote; allocates only after the bytes are known to be there.
  template <class T>
  requires std::is_arithmetic_v<T> std::vector<T> get_array() {
    const auto count = get<std::uint32_t>();
    const auto from = take(std::size_t{count} * sizeof(T));
    std::vector<T> values(from.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), from.data(), from.size());
    return values;
  }
  bool ok() const { return ok_; }
  std::size_t left() const { return bytes_.size() - at_; }
  std::size_t at() const { return at_; }

 private:
  std::span<const std::byte> take(std::size_t size) {
    if (!ok_ || size > left()) {
      ok_ = false;
      return {};
    }
    const auto from = bytes_.subspan(at_, size);
    at_ += size;
    return from;
  }
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace vedette
