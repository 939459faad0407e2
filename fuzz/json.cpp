/// The first line is the topic, the rest one payload. simdjson is the twin: what we accept, it
/// must call JSON too.

#include <simdjson.h>

#include <cstdint>

#include "decoders.hpp"

using namespace vedette;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const std::size_t end = std::min(input.find('\n'), input.size());
  RawMessage message;
  message.topic = input.substr(0, end);
  message.payload = input.substr(std::min(end + 1, input.size()));
  const auto decoder = make_json_decoder();
  Record record;
  Truth truth;
  const Result<Decoded> decoded = decoder->decode(message, record, truth);
  if (!decoded || *decoded != Decoded::record) return 0;
  fuzzing::check_record(record, truth);
  fuzzing::check_round_trip(record);
  std::string_view payload = message.payload;
  if (message.topic.empty() && payload.starts_with("\xEF\xBB\xBF")) payload.remove_prefix(3);
  simdjson::dom::parser parser;
  const auto error = parser.parse(payload.data(), payload.size()).error();
  // Numbers nobody reads may be larger than simdjson holds; everything else must agree.
  expects(error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR, "simdjson agrees");
  return 0;
}
