/// What every decoder owes whatever it is fed: no crash, and records that keep the promises of
/// record.hpp.
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "base/expects.hpp"
#include "base/text.hpp"
#include "codec/codec.hpp"
#include "codec/event_time.hpp"

namespace vedette::fuzzing {

inline void check_record(const Record& record, const Truth& truth) {
  expects(!record.device.empty() && record.device.size() <= Record::device_bytes_max,
          "device size");
  expects(is_utf8(record.device) && is_utf8(truth.label), "device and label are UTF-8");
  expects(micros(record.time) >= 0 && micros(record.time) < event_micros_end, "time in range");
  Record again = record;
  again.seal();
  expects(again.key == record.key, "sealed last");
  const Flow& flow = record.flow;
  if (record.kind == RecordKind::flow) {
    expects(!flow.orig_h.empty() && flow.orig_h.size() <= Flow::address_bytes_max, "address size");
    expects(!(flow.duration < 0) && !std::isinf(flow.duration), "duration from zero up");
    for (const auto* text : {&flow.uid, &flow.orig_h, &flow.resp_h, &flow.service, &flow.history}) {
      expects(is_utf8(*text), "texts are UTF-8");
    }
    return;
  }
  expects(record.reading.size() >= 1 && record.reading.size() <= Reading::values_max, "values");
  for (const Reading::Value& value : record.reading) {
    expects(std::isfinite(value.value) && is_utf8(value.name), "finite, named in UTF-8");
  }
}

/// What is decoded, written as JSON and decoded again is the same record.
inline void check_round_trip(const Record& record) {
  std::string text;
  append_record_json(text, record);
  const auto decoder = make_json_decoder();
  const std::string topic =
      "iot/" + record.device + (record.kind == RecordKind::flow ? "/flow" : "/sensor");
  if (record.device.find('/') != std::string::npos) return;
  RawMessage message;
  message.topic = topic;
  message.payload = text;
  Record again;
  Truth truth;
  const Result<Decoded> decoded = decoder->decode(message, again, truth);
  expects(decoded.ok() && *decoded == Decoded::record, "our own JSON decodes");
  expects(again.key == record.key, "our own JSON keeps the key");
}

/// Feeds the input line by line, as a file source would.
inline void run_lines(Decoder& decoder, std::string_view input, bool round_trip) {
  Record record;
  Truth truth;
  std::uint64_t number = 0;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    RawMessage message;
    message.origin = "fuzz";
    message.payload = input.substr(0, end);
    message.line = ++number;
    input.remove_prefix(std::min(end + 1, input.size()));
    record.clear();
    const Result<Decoded> decoded = decoder.decode(message, record, truth);
    if (!decoded) {
      expects(!decoded.error().message.empty(), "an error says something");
    } else if (*decoded == Decoded::record) {
      check_record(record, truth);
      if (round_trip) check_round_trip(record);
    }
  }
  (void)decoder.finish();
}

}  // namespace vedette::fuzzing
