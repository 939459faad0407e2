#include "record/truth_note.hpp"

#include "base/hash.hpp"
#include "base/quick_text.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

constexpr std::size_t quick_bytes_max = Record::device_bytes_max;

/// `before`, the text as a JSON string's inside, and the quote that ends it. `unsafe` is not 0 when
/// the text must be escaped or is too long.
template <std::size_t N>
char* write_string(char* to, const char (&before)[N], std::string_view text,
                   std::uint64_t& unsafe) {
  to = write_literal(to, before);
  if (text.size() > quick_bytes_max) {
    unsafe = 1;
    return to;
  }
  to = write_text<Unsafe::json>(to, text, unsafe);
  *to = '"';
  return to + 1;
}

/// The note without its episode and its end.
void append_carefully(std::string& out, const TruthNote& note) {
  if (note.message != 0) {
    out += R"({"message":")";
    out.resize(out.size() + 16);
    write_hex(out.data() + out.size() - 16, note.message);
  } else {
    out.append(R"({"key":")").append(to_text(note.key));
  }
  out += R"(","device":)";
  append_json_string(out, note.device);
  out += R"(,"label":)";
  append_json_string(out, note.label);
}

bool append_quickly(std::string& out, const TruthNote& note) {
  std::array<char, 512> line;
  char* at = line.data();
  std::uint64_t unsafe = 0;
  if (note.message != 0) {
    at = write_hex(write_literal(at, R"({"message":")"), note.message);
  } else {
    if (note.key.time_micros < 0) return false;
    at = write_literal(at, R"({"key":")");
    at = write_whole(at, static_cast<std::uint64_t>(note.key.time_micros));
    *at = '-';
    at = write_hex(at + 1, note.key.hash);
  }
  at = write_string(at, R"(","device":")", note.device, unsafe);
  at = write_string(at, R"(,"label":")", note.label, unsafe);
  if (unsafe != 0) return false;
  out.append(line.data(), at);
  return true;
}

void append_time(std::string& out, std::string_view name, Time time) {
  append_json_key(out, name);
  out += '"';
  append_rfc3339(out, time);
  out += '"';
}

void append_episode(std::string& out, const TruthNote& note) {
  std::array<char, 256> line;
  std::uint64_t unsafe = 0;
  char* at = write_literal(line.data(), R"(,"episode":)");
  at = write_whole(at, note.episode);
  char* const cause = at;
  at = write_string(at, R"(,"cause":")", note.cause, unsafe);
  out.append(line.data(), unsafe == 0 ? at : cause);
  if (unsafe != 0) {
    out += R"(,"cause":)";
    append_json_string(out, note.cause);
  }
  append_time(out, "begins", note.begins);
}

}  // namespace

void TruthNote::clear() {
  key = {};
  message = 0;
  time = {};
  device.clear();
  label.clear();
  episode = 0;
  cause.clear();
  begins = {};
}

std::uint64_t message_hash(std::string_view topic, std::string_view payload) {
  // Never 0, which stands for "a record".
  const std::uint64_t hash = hash64(payload, hash64(topic));
  return hash == 0 ? 1 : hash;
}

void append_truth_line(std::string& out, const TruthNote& note) {
  if (!append_quickly(out, note)) append_carefully(out, note);
  if (note.time != Time{}) append_time(out, "time", note.time);
  if (note.episode > 0) append_episode(out, note);
  out += "}\n";
}

}  // namespace vedette
