#include "record/truth_note.hpp"

#include "base/hash.hpp"
#include "base/line_buffer.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

void put_key(LineBuffer& line, RecordKey key) {
  if (key.time_micros < 0) return line.put(to_text(key));
  line.put_number(static_cast<std::uint64_t>(key.time_micros));
  line.put('-');
  line.put_hex(key.hash);
}

/// `before`, the text as a JSON string's inside, and the quote that ends it.
void put_string(LineBuffer& line, std::string_view before, std::string_view text) {
  line.put(before);
  if (!line.put_if_safe<Unsafe::json>(text)) {
    std::string quoted;
    append_json_string(quoted, text);
    line.put(std::string_view{quoted}.substr(1, quoted.size() - 2));
  }
  line.put('"');
}

}  // namespace

void TruthNote::clear() {
  key = {};
  message = 0;
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
  LineBuffer line{out};
  if (note.message != 0) {
    line.put(R"({"message":")");
    line.put_hex(note.message);
  } else {
    line.put(R"({"key":")");
    put_key(line, note.key);
  }
  put_string(line, R"(","device":")", note.device);
  put_string(line, R"(,"label":")", note.label);
  if (note.episode > 0) {
    line.put(R"(,"episode":)");
    line.put_number(std::uint64_t{note.episode});
    put_string(line, R"(,"cause":")", note.cause);
    line.put(R"(,"begins":")");
    line.flush();
    append_rfc3339(out, note.begins);
    line.put('"');
  }
  line.put("}\n");
}

}  // namespace vedette
