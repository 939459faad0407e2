#include "store/row_json.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/text.hpp"

namespace vedette {

namespace {

/// Walks over a text; the first thing that does not fit makes ok false for good.
struct Cursor {
  std::string_view rest;
  bool ok = true;

  bool take(char c) {
    if (!ok || rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void need(char c) { ok = take(c) && ok; }

  double number() {
    if (rest.starts_with("null")) {
      rest.remove_prefix(4);
      return std::numeric_limits<double>::quiet_NaN();
    }
    double value = 0;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    ok = ok && parsed.ec == std::errc{};
    rest.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest.data()));
    return value;
  }

  void text(std::string& out) {
    out.clear();
    need('"');
    while (ok && !take('"')) {
      if (rest.empty()) {
        ok = false;
      } else if (take('\\')) {
        escape(out);
      } else {
        out += rest.front();
        rest.remove_prefix(1);
      }
    }
  }

 private:
  void escape(std::string& out) {
    static constexpr std::string_view from = "\"\\/bfnrt";
    static constexpr std::string_view to = "\"\\/\b\f\n\r\t";
    const char c = rest.empty() ? '\0' : rest.front();
    if (const auto at = from.find(c); c != '\0' && at != std::string_view::npos) {
      out += to[at];
      rest.remove_prefix(1);
      return;
    }
    // Our writer escapes only control characters this way: always below U+0080.
    unsigned code = 0;
    const bool long_enough = c == 'u' && rest.size() >= 5;
    const char* digits = long_enough ? rest.data() + 1 : rest.data();
    const auto parsed = std::from_chars(digits, digits + (long_enough ? 4 : 0), code, 16);
    ok = ok && long_enough && parsed.ptr == digits + 4 && code < 0x80;
    if (!ok) return;
    out += static_cast<char>(code);
    rest.remove_prefix(5);
  }
};

Error damaged(std::string_view what, std::string_view text) {
  return Error{Errc::corrupt, fmt::format("store: {} {} cannot be read", what, quoted(text))};
}

float parse_reason_field(Cursor& cursor, std::string_view name) {
  std::string key;
  cursor.need(',');
  cursor.text(key);
  cursor.need(':');
  cursor.ok = cursor.ok && key == name;
  return static_cast<float>(cursor.number());
}

Reason parse_reason(Cursor& cursor) {
  Reason reason;
  std::string key;
  cursor.need('{');
  cursor.text(key);
  cursor.ok = cursor.ok && key == "feature";
  cursor.need(':');
  cursor.text(reason.feature);
  reason.value = parse_reason_field(cursor, "value");
  reason.usual_low = parse_reason_field(cursor, "usual_low");
  reason.usual_high = parse_reason_field(cursor, "usual_high");
  reason.weight = parse_reason_field(cursor, "weight");
  cursor.need('}');
  return reason;
}

}  // namespace

void append_reading_json(std::string& out, const Reading& reading) {
  out += '{';
  for (const Reading::Value& value : reading) {
    if (out.back() != '{') out += ',';
    append_json_string(out, value.name);
    out += ':';
    append_json_number(out, value.value);
  }
  out += '}';
}

Status parse_reading_json(std::string_view text, Reading& reading) {
  Cursor cursor{text};
  std::string name;
  cursor.need('{');
  while (cursor.ok && !cursor.take('}')) {
    if (reading.size() > 0) cursor.need(',');
    cursor.text(name);
    cursor.need(':');
    const double value = cursor.number();
    if (!cursor.ok || !std::isfinite(value) || reading.size() == Reading::values_max) {
      return damaged("sensors", text);
    }
    reading.add(name, value);
  }
  if (!cursor.ok || !cursor.rest.empty()) return damaged("sensors", text);
  return {};
}

Status parse_reasons_json(std::string_view text, std::vector<Reason>& reasons) {
  reasons.clear();
  if (text.empty()) return {};
  Cursor cursor{text};
  cursor.need('[');
  while (cursor.ok && !cursor.take(']')) {
    if (!reasons.empty()) cursor.need(',');
    reasons.push_back(parse_reason(cursor));
  }
  if (!cursor.ok || !cursor.rest.empty()) {
    reasons.clear();
    return damaged("reasons", text);
  }
  return {};
}

}  // namespace vedette
