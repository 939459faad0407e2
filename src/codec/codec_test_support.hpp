/// For tests of decoders: one line in, a record or "code: message" out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "codec/codec.hpp"

namespace vedette::testing_support {

struct Outcome {
  bool is_record = false;
  std::string error;  ///< "missing_field: ts is missing"; empty for a record or nothing
  Record record;
  Truth truth;
};

inline Outcome feed(Decoder& decoder, std::string_view payload, std::string_view topic = {}) {
  Outcome outcome;
  RawMessage message;
  message.topic = topic;
  message.payload = payload;
  const Result<Decoded> decoded = decoder.decode(message, outcome.record, outcome.truth);
  if (!decoded) {
    outcome.error = std::string{name_of(decoded.error().code)} + ": " + decoded.error().message;
  } else {
    outcome.is_record = *decoded == Decoded::record;
  }
  return outcome;
}

/// Feeds a whole text line by line; headers and comments give nothing.
inline std::vector<Outcome> feed_all(Decoder& decoder, std::string_view text) {
  std::vector<Outcome> outcomes;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    Outcome outcome = feed(decoder, text.substr(0, end));
    if (outcome.is_record || !outcome.error.empty()) outcomes.push_back(std::move(outcome));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return outcomes;
}

inline std::string json_of(const Record& record) {
  std::string out;
  append_record_json(out, record);
  return out;
}

}  // namespace vedette::testing_support
