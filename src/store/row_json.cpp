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

  std::uint64_t integer() {
    std::uint64_t value = 0;
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

/// "name": with a comma before it unless it is the first of its object.
void need_key(Cursor& cursor, std::string_view name, bool first = false) {
  std::string key;
  if (!first) cursor.need(',');
  cursor.text(key);
  cursor.need(':');
  cursor.ok = cursor.ok && key == name;
}

float parse_float(Cursor& cursor, std::string_view name) {
  need_key(cursor, name);
  return static_cast<float>(cursor.number());
}

std::string parse_text(Cursor& cursor, std::string_view name, bool first = false) {
  std::string text;
  need_key(cursor, name, first);
  cursor.text(text);
  return text;
}

Reason parse_reason(Cursor& cursor) {
  Reason reason;
  reason.feature = parse_text(cursor, "feature", true);
  reason.value = parse_float(cursor, "value");
  reason.usual_low = parse_float(cursor, "usual_low");
  reason.usual_high = parse_float(cursor, "usual_high");
  reason.weight = parse_float(cursor, "weight");
  // Schema version 1 kept no words.
  if (cursor.rest.starts_with(',')) reason.text = parse_text(cursor, "text");
  // Rows of before had no numbers in words.
  if (cursor.rest.starts_with(',')) {
    reason.value_text = parse_text(cursor, "value_text");
    reason.usual_text = parse_text(cursor, "usual_text");
  }
  return reason;
}

Change parse_change(Cursor& cursor) {
  Change change;
  change.feature = parse_text(cursor, "feature", true);
  change.from = parse_float(cursor, "from");
  change.to = parse_float(cursor, "to");
  if (cursor.rest.starts_with(',')) change.text = parse_text(cursor, "text");
  return change;
}

Similar parse_similar(Cursor& cursor) {
  Similar similar;
  const auto key = key_from_text(parse_text(cursor, "id", true));
  similar.device = parse_text(cursor, "device");
  similar.capture = parse_text(cursor, "capture");
  similar.label = parse_text(cursor, "label");
  similar.distance = parse_float(cursor, "distance");
  cursor.ok = cursor.ok && key.has_value();
  similar.key = key.value_or(RecordKey{});
  return similar;
}

/// [{…},{…}], at most `items_max` of them.
template <class Item>
void parse_items(Cursor& cursor, std::size_t items_max, Item (*parse)(Cursor&),
                 std::vector<Item>& items) {
  cursor.need('[');
  while (cursor.ok && !cursor.take(']')) {
    if (!items.empty()) cursor.need(',');
    cursor.need('{');
    items.push_back(parse(cursor));
    cursor.need('}');
    cursor.ok = cursor.ok && items.size() <= items_max;
  }
}

template <class Item>
void parse_list(Cursor& cursor, std::string_view name, std::size_t items_max,
                Item (*parse)(Cursor&), std::vector<Item>& items) {
  need_key(cursor, name);
  parse_items(cursor, items_max, parse, items);
}

LabelCount parse_label_count(Cursor& cursor) {
  LabelCount one;
  one.label = parse_text(cursor, "label", true);
  need_key(cursor, "count");
  one.count = cursor.integer();
  return one;
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

void append_explanation_json(std::string& out, const Explanation& why) {
  if (why.sentence.empty() && why.reasons.empty()) return;
  out += '{';
  append_explanation_fields(out, why);
  out += '}';
}

Status parse_explanation_json(std::string_view text, Explanation& why) {
  why.clear();
  if (text.empty()) return {};
  Cursor cursor{text};
  if (text.front() == '[') {  // schema version 1 kept the reasons alone
    parse_items(cursor, Explanation::reasons_max, &parse_reason, why.reasons);
    if (cursor.ok && cursor.rest.empty() && !why.reasons.empty()) return {};
    why.clear();
    return damaged("explanation", text);
  }
  cursor.need('{');
  why.sentence = parse_text(cursor, "sentence", true);
  const auto usual_of = usual_of_from(parse_text(cursor, "usual_of"));
  cursor.ok = cursor.ok && usual_of.has_value();
  why.usual_of = usual_of.value_or(UsualOf::training);
  parse_list(cursor, "reasons", Explanation::reasons_max, &parse_reason, why.reasons);
  parse_list(cursor, "changes", Explanation::changes_max, &parse_change, why.changes);
  why.changed_score = parse_float(cursor, "changed_score");
  parse_list(cursor, "similar", Explanation::similar_max, &parse_similar, why.similar);
  cursor.need('}');
  if (!cursor.ok || !cursor.rest.empty()) {
    why.clear();
    return damaged("explanation", text);
  }
  return {};
}

Status parse_label_counts(std::string_view text, std::vector<LabelCount>& labels) {
  labels.clear();
  Cursor cursor{text};
  parse_items(cursor, labels_kept_max, &parse_label_count, labels);
  if (cursor.ok && cursor.rest.empty()) return {};
  return damaged("labels", text);
}

void append_string_list(std::string& out, const std::vector<std::string>& items) {
  out += '[';
  for (const std::string& item : items) {
    if (&item != items.data()) out += ',';
    append_json_string(out, item);
  }
  out += ']';
}

Status parse_string_list(std::string_view text, std::vector<std::string>& items) {
  items.clear();
  Cursor cursor{text};
  cursor.need('[');
  while (cursor.ok && !cursor.take(']')) {
    if (!items.empty()) cursor.need(',');
    cursor.text(items.emplace_back());
  }
  if (cursor.ok && cursor.rest.empty()) return {};
  return damaged("list", text);
}

void append_id_list(std::string& out, const std::vector<std::uint64_t>& ids) {
  out += '[';
  for (const std::uint64_t& id : ids) {
    if (&id != ids.data()) out += ',';
    out += std::to_string(id);
  }
  out += ']';
}

Status parse_id_list(std::string_view text, std::vector<std::uint64_t>& ids) {
  ids.clear();
  Cursor cursor{text};
  cursor.need('[');
  while (cursor.ok && !cursor.take(']')) {
    if (!ids.empty()) cursor.need(',');
    ids.push_back(cursor.integer());
  }
  if (cursor.ok && cursor.rest.empty()) return {};
  return damaged("list", text);
}

}  // namespace vedette
