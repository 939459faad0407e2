#include "codec/json_cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "codec/number.hpp"
#include "codec/scan.hpp"

namespace vedette {

namespace {

constexpr std::size_t padding = 32;

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | code >> 6U);
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | code >> 18U);
    put(0x80U | (code >> 12U & 0x3FU));
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

}  // namespace

JsonCursor::JsonCursor() {
  key_scratch_.reserve(64);  // next_key() promises 16 readable bytes
  value_scratch_.reserve(64);
}

bool JsonCursor::fail(const char* what) {
  const std::string_view near{at_, std::min<std::size_t>(static_cast<std::size_t>(end_ - at_), 24)};
  const auto offset = at_ - buffer_.data();
  if (near.empty()) {
    error_ = Error{Errc::truncated, fmt::format("the JSON ends at byte {}: {}", offset, what)};
  } else {
    error_ =
        Error{Errc::malformed, fmt::format("byte {}: {} (near {})", offset, what, quoted(near))};
  }
  return false;
}

bool JsonCursor::open(std::string_view payload) {
  error_.reset();
  first_ = true;
  if (buffer_.size() < payload.size() + padding) buffer_.resize(payload.size() + padding);
  const bool ascii = copy_padded(payload, buffer_.data());
  at_ = buffer_.data();
  end_ = at_ + payload.size();
  if (!ascii && !is_utf8(payload)) {
    error_ = Error{Errc::malformed, fmt::format("the payload {} is not UTF-8", quoted(payload))};
    return false;
  }
  skip_blanks();
  if (*at_ != '{') return fail("a JSON object was expected");
  ++at_;
  return true;
}

bool JsonCursor::next_key(std::string_view& key) {
  skip_blanks();
  if (*at_ == '}') {
    ++at_;
    skip_blanks();
    if (at_ != end_) fail("something follows the object");
    return false;
  }
  if (!first_) {
    if (*at_ != ',') return fail("a comma or the closing brace was expected");
    ++at_;
    skip_blanks();
  }
  first_ = false;
  if (*at_ != '"') return fail("a key in quotes was expected");
  if (!string(key, key_scratch_)) return false;
  skip_blanks();
  if (*at_ != ':') return fail("a colon was expected");
  ++at_;
  return true;
}

bool JsonCursor::value(JsonValue& value) {
  skip_blanks();
  if (*at_ == '"') {
    value.kind = JsonKind::string;
    return string(value.text, value_scratch_);
  }
  if (is_digit(*at_) || (*at_ == '-' && at_[1] != 'I')) return number(value);
  return odd_value(value);
}

bool JsonCursor::odd_value(JsonValue& value) {
  value.text = {};
  switch (*at_) {
    case '{':
    case '[':
      value.kind = JsonKind::composite;
      return composite(0);
    case 't':
      return word("true", JsonKind::boolean, value);
    case 'f':
      return word("false", JsonKind::boolean, value);
    case 'n':
      return at_[1] == 'a' ? word("nan", JsonKind::non_finite, value)
                           : word("null", JsonKind::null, value);
    case 'N':
      return word("NaN", JsonKind::non_finite, value);
    case 'I':
      return word("Infinity", JsonKind::non_finite, value);
    case '-':
      return word("-Infinity", JsonKind::non_finite, value);
    default:
      return fail("a value was expected");
  }
}

bool JsonCursor::word(std::string_view expected, JsonKind kind, JsonValue& value) {
  const auto left = static_cast<std::size_t>(end_ - at_);
  value.text = {at_, std::min(left, expected.size())};
  if (value.text != expected) return fail("a value was expected");
  value.kind = kind;
  at_ += expected.size();
  return true;
}

bool JsonCursor::string(std::string_view& text, std::string& scratch) {
  const char* const begin = ++at_;
  at_ = string_stop(begin);
  if (*at_ == '\\') {
    if (!unescape(begin, scratch)) return false;
    text = scratch;
    return true;
  }
  if (*at_ != '"') return fail("a string is not closed, or holds a control character");
  text = {begin, static_cast<std::size_t>(at_ - begin)};
  ++at_;
  return true;
}

bool JsonCursor::unescape(const char* begin, std::string& scratch) {
  scratch.assign(begin, at_);
  while (*at_ != '"') {
    if (*at_ != '\\') return fail("a string is not closed, or holds a control character");
    ++at_;
    if (!escape(scratch)) return false;
    const char* const plain = at_;
    at_ = string_stop(plain);
    scratch.append(plain, at_);
  }
  ++at_;
  return true;
}

bool JsonCursor::escape(std::string& scratch) {
  constexpr std::string_view names = "\"\\/bfnrt";
  constexpr std::string_view bytes = "\"\\/\b\f\n\r\t";
  const char name = *at_;
  if (const std::size_t i = names.find(name); i != std::string_view::npos) {
    scratch += bytes[i];
    ++at_;
    return true;
  }
  unsigned code = 0;
  if (name != 'u') return fail("an unknown escape in a string");
  ++at_;
  if (!code_unit(code)) return false;
  if (code >= 0xDC00 && code < 0xE000) return fail("half a surrogate pair");
  if (code >= 0xD800 && code < 0xDC00) {
    unsigned low = 0;
    if (at_[0] != '\\' || at_[1] != 'u') return fail("half a surrogate pair");
    at_ += 2;
    if (!code_unit(low)) return false;
    if (low < 0xDC00 || low >= 0xE000) return fail("half a surrogate pair");
    code = 0x10000U + ((code - 0xD800U) << 10U) + (low - 0xDC00U);
  }
  append_utf8(scratch, code);
  return true;
}

bool JsonCursor::code_unit(unsigned& unit) {
  // Four readable bytes: the padding is longer than that, and a zero byte is no hex digit.
  const auto [stop, error] = std::from_chars(at_, at_ + 4, unit, 16);
  if (error != std::errc{} || stop != at_ + 4) return fail("four hex digits were expected");
  at_ += 4;
  return true;
}

bool JsonCursor::number(JsonValue& value) {
  const char* const begin = at_;
  const bool negative = *at_ == '-';
  if (negative) ++at_;
  std::uint64_t mantissa = 0;
  const char* const whole = at_;
  for (; is_digit(*at_); ++at_) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at_ - '0');
  auto digits = static_cast<std::size_t>(at_ - whole);
  if (digits == 0) return fail("a digit was expected");
  if (digits > 1 && *whole == '0') return fail("a number begins with 0");
  std::size_t decimals = 0;
  if (*at_ == '.') {
    const char* const fraction = ++at_;
    for (; is_digit(*at_); ++at_) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at_ - '0');
    decimals = static_cast<std::size_t>(at_ - fraction);
    if (decimals == 0) return fail("a digit was expected");
    digits += decimals;
  }
  const bool scaled = *at_ == 'e' || *at_ == 'E';
  if (scaled && !exponent()) return false;
  value.kind = JsonKind::number;
  value.text = {begin, static_cast<std::size_t>(at_ - begin)};
  value.overflow = false;
  if (scaled || digits > exact_digits_max) {
    value.overflow = parse_number_slow(value.text, value.number) != Fault::none;
  } else {
    value.number = exact_decimal(mantissa, decimals, negative);
  }
  return true;
}

bool JsonCursor::exponent() {
  ++at_;
  if (*at_ == '+' || *at_ == '-') ++at_;
  if (!is_digit(*at_)) return fail("a digit was expected");
  while (is_digit(*at_)) ++at_;
  return true;
}

bool JsonCursor::composite(unsigned depth) {
  if (depth == depth_max) return fail("the JSON is nested too deeply");
  const bool object = *at_ == '{';
  const char close = object ? '}' : ']';
  ++at_;
  skip_blanks();
  if (*at_ == close) return ++at_, true;
  for (;;) {
    if (!member(depth, object)) return false;
    skip_blanks();
    if (*at_ == close) return ++at_, true;
    if (*at_ != ',') return fail("a comma or a closing bracket was expected");
    ++at_;
    skip_blanks();
  }
}

bool JsonCursor::member(unsigned depth, bool object) {
  std::string_view ignored;
  if (object) {
    if (*at_ != '"') return fail("a key in quotes was expected");
    if (!string(ignored, value_scratch_)) return false;
    skip_blanks();
    if (*at_ != ':') return fail("a colon was expected");
    ++at_;
    skip_blanks();
  }
  if (*at_ == '{' || *at_ == '[') return composite(depth + 1);
  JsonValue inner;
  if (!value(inner)) return false;
  return inner.kind != JsonKind::non_finite || fail("NaN and Infinity are not JSON");
}

}  // namespace vedette
