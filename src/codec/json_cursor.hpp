/// Walks one JSON object front to back, once, and validates all it passes (RFC 8259).
///
/// Why not simdjson: telemetry messages are a few hundred bytes, where its two passes and its
/// padding cost more than the parse (bench/decode measures both in one run), it does not validate
/// values nobody asked for, and it cannot tell what follows the object. The tests and the fuzzer
/// hold this cursor against simdjson's verdict instead.
///
/// It works in a copy that ends in zero bytes: no byte of JSON is zero, so every loop stops there
/// by itself and none checks for the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace vedette {

enum class JsonKind : std::uint8_t { string, number, boolean, null, composite, non_finite };

struct JsonValue {
  JsonKind kind = JsonKind::null;
  bool overflow = false;  ///< a number no double holds
  double number = 0;
  /// The unescaped string, the number or the word as written; empty for arrays and objects. Valid
  /// until the next value.
  std::string_view text;
};

class JsonCursor {
 public:
  static constexpr unsigned depth_max = 32;

  JsonCursor();
  /// Takes a copy; validates UTF-8 and the opening brace. @return false: see error().
  bool open(std::string_view payload);
  /// The next key of the top object. `key` has 16 readable bytes behind its start, and is valid
  /// until the next key. @return false at the end of the object (checked to be the end of the
  /// payload) and on a fault: see failed().
  bool next_key(std::string_view& key);
  /// The value of that key. Arrays and objects are walked over. NaN and Infinity, which are not
  /// JSON, are told apart (`non_finite`) so that the message can name the field. @return false on
  /// a fault.
  bool value(JsonValue& value);

  bool failed() const { return error_.has_value(); }
  /// REQUIRES: failed().
  const Error& error() const { return *error_; }

 private:
  bool fail(const char* what);
  void skip_blanks() {
    while (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r') ++at_;
  }
  bool string(std::string_view& text, std::string& scratch);
  bool unescape(const char* begin, std::string& scratch);
  bool escape(std::string& scratch);
  bool code_unit(unsigned& unit);
  bool number(JsonValue& value);
  bool exponent();
  bool word(std::string_view expected, JsonKind kind, JsonValue& value);
  bool odd_value(JsonValue& value);
  bool composite(unsigned depth);
  bool member(unsigned depth, bool object);

  std::string buffer_;
  std::string key_scratch_;
  std::string value_scratch_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool first_ = true;
  std::optional<Error> error_;
};

}  // namespace vedette
