/// Truth lines (record/truth_note.hpp) read back.
#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "codec/codec.hpp"
#include "codec/json_cursor.hpp"

namespace vedette {

namespace {

Error refused(std::string_view line, std::string_view why) {
  return Error{Errc::malformed, fmt::format("truth line {}: {}", quoted(line), why)};
}

/// @return what is wrong with the member, or "".
std::string_view take(std::string_view name, const JsonValue& value, TruthNote& note) {
  const std::string_view text = value.text;
  if (name == "episode") {
    const auto number = parse_integer<std::uint32_t>(text);
    if (!number) return "episode is no whole number below 2^32";
    note.episode = *number;
    return "";
  }
  std::string* const text_member = name == "device"  ? &note.device
                                   : name == "label" ? &note.label
                                   : name == "cause" ? &note.cause
                                                     : nullptr;
  const bool known = text_member != nullptr || name == "key" || name == "message" ||
                     name == "time" || name == "begins";
  if (!known) return "";
  if (value.kind != JsonKind::string || text.empty() || text.size() > Record::device_bytes_max) {
    return "a member is no text of 1 to 128 bytes";
  }
  if (text_member != nullptr) {
    text_member->assign(text);
  } else if (name == "key") {
    const auto key = key_from_text(text);
    if (!key) return "key is no record key";
    note.key = *key;
  } else if (name == "message") {
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, note.message, 16);
    if (error != std::errc{} || at != end || note.message == 0) return "message is no hash";
  } else {
    const auto time = parse_time(text);
    if (!time) return "begins or time is no time";
    (name == "time" ? note.time : note.begins) = *time;
  }
  return "";
}

}  // namespace

Status read_truth_line(std::string_view line, TruthNote& note) {
  constexpr std::size_t line_bytes_max = 4096;
  if (line.size() > line_bytes_max) return refused(line, "is longer than 4096 bytes");
  thread_local JsonCursor cursor;
  note.clear();
  std::string_view name;
  JsonValue value;
  if (!cursor.open(line)) return refused(line, cursor.error().message);
  while (cursor.next_key(name)) {
    const std::string key{name};
    if (!cursor.value(value)) break;
    if (const std::string_view wrong = take(key, value, note); !wrong.empty()) {
      return refused(line, wrong);
    }
  }
  if (cursor.failed()) return refused(line, cursor.error().message);
  if (note.label.empty()) return refused(line, "label is missing");
  if ((note.message == 0) == (note.key == RecordKey{})) {
    return refused(line, "needs either key or message");
  }
  if (note.episode > 0 && note.cause.empty()) return refused(line, "episode without cause");
  return {};
}

}  // namespace vedette
