/// Text at the edge: quoting what came from outside, numbers, UTF-8, JSON strings.
#pragma once

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vedette {

/// The start of a foreign text, quoted and escaped for an error message: control and non-ASCII
/// bytes as \xNN, cut after `bytes_max` with "…".
std::string quoted(std::string_view text, std::size_t bytes_max = 60);

/// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates.
bool is_utf8(std::string_view text);

/// The whole text as a finite number, or nothing.
inline std::optional<double> parse_double(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

/// The whole text as a decimal integer of type T, or nothing.
template <class T>
std::optional<T> parse_integer(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

/// "tree, bayes, series": the names a message lists.
template <class Names>
std::string listed(const Names& names) {
  std::string out;
  for (const auto& name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

void append_formatted(std::string& out, fmt::string_view format, fmt::format_args arguments);

/// Appends fmt::format(format, arguments...). fmt::format_to compiles all of fmt's formatting again
/// in each file that calls it: 5 s of the 7 s such a file took.
template <class... T>
void append_format(std::string& out, fmt::format_string<T...> format, T&&... arguments) {
  append_formatted(out, format, fmt::make_format_args(arguments...));
}

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
/// Appends a number; NaN and infinities become null, as JSON has none.
void append_json_number(std::string& out, double value);
void append_json_number(std::string& out, float value);

/// `"name":`, after a comma unless `out` ends in '{': one member of a JSON object begins.
void append_json_key(std::string& out, std::string_view name);
/// A whole member.
void append_json_field(std::string& out, std::string_view name, std::string_view value);
void append_json_field(std::string& out, std::string_view name, double value);
void append_json_field(std::string& out, std::string_view name, float value);
void append_json_field(std::string& out, std::string_view name, std::uint64_t value);
/// A template because text literals would rather become bool than std::string_view.
template <std::same_as<bool> T>
void append_json_field(std::string& out, std::string_view name, T value) {
  append_json_key(out, name);
  out += value ? "true" : "false";
}
inline void append_json_field(std::string& out, std::string_view name, const char* value) {
  append_json_field(out, name, std::string_view{value});
}

}  // namespace vedette
