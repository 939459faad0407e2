#include "record/truth_note.hpp"

#include <fmt/format.h>

#include <iterator>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace vedette {

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
  if (note.message != 0) {
    fmt::format_to(std::back_inserter(out), R"({{"message":"{:016x}")", note.message);
    if (note.time != Time{}) {
      out += R"(,"time":")";
      append_rfc3339(out, note.time);
      out += '"';
    }
    out += R"(,"device":)";
  } else {
    fmt::format_to(std::back_inserter(out), R"({{"key":"{}","device":)", to_text(note.key));
  }
  append_json_string(out, note.device);
  out += R"(,"label":)";
  append_json_string(out, note.label);
  if (note.episode > 0) {
    fmt::format_to(std::back_inserter(out), R"(,"episode":{},"cause":)", note.episode);
    append_json_string(out, note.cause);
    out += R"(,"begins":")";
    append_rfc3339(out, note.begins);
    out += '"';
  }
  out += "}\n";
}

}  // namespace vedette
