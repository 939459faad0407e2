#include "base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace vedette {

std::string quoted(std::string_view text, std::size_t bytes_max) {
  std::string out = "\"";
  for (const char c : text.substr(0, bytes_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      append_format(out, "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += text.size() > bytes_max ? "…\"" : "\"";
  return out;
}

namespace {

/// The length of the well-formed sequence at the front of `text`, or 0.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = utf8_sequence(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

void append_formatted(std::string& out, fmt::string_view format, fmt::format_args arguments) {
  out += fmt::vformat(format, arguments);
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += text[0];
      text.remove_prefix(1);
    } else if (byte < 0x20) {
      append_format(out, "\\u{:04x}", byte);
      text.remove_prefix(1);
    } else if (const std::size_t size = utf8_sequence(text); size > 0) {
      out.append(text.substr(0, size));
      text.remove_prefix(size);
    } else {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    }
  }
  out += '"';
}

namespace {

template <class T>
void append_number(std::string& out, T value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

}  // namespace

void append_json_number(std::string& out, double value) {
  append_number(out, value);
}
void append_json_number(std::string& out, float value) {
  append_number(out, value);
}

void append_json_key(std::string& out, std::string_view name) {
  if (out.back() != '{') out += ',';
  append_json_string(out, name);
  out += ':';
}

void append_json_field(std::string& out, std::string_view name, std::string_view value) {
  append_json_key(out, name);
  append_json_string(out, value);
}

void append_json_field(std::string& out, std::string_view name, double value) {
  append_json_key(out, name);
  append_json_number(out, value);
}

void append_json_field(std::string& out, std::string_view name, float value) {
  append_json_key(out, name);
  append_json_number(out, value);
}

void append_json_field(std::string& out, std::string_view name, std::uint64_t value) {
  append_json_key(out, name);
  out += std::to_string(value);
}

}  // namespace vedette
