#include <cstdint>

#include "decoders.hpp"

using namespace vedette;

/// Also: what was read and is written as Zeek TSV reads back equal.
static void check_zeek_round_trip(std::string_view input) {
  const auto decoder = make_zeek_log_decoder();
  std::string text;
  append_zeek_header(text);
  Record record;
  Truth truth;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    RawMessage message;
    message.payload = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    record.clear();
    const auto decoded = decoder->decode(message, record, truth);
    if (!decoded || *decoded != Decoded::record) continue;
    std::string log = text;
    append_zeek_line(log, record, truth);
    const auto again = make_zeek_log_decoder();
    Record copy;
    Truth copy_truth;
    bool found = false;
    for (std::string_view rest = log; !rest.empty();) {
      const std::size_t stop = rest.find('\n');
      message.payload = rest.substr(0, stop);
      rest.remove_prefix(stop + 1);
      const auto result = again->decode(message, copy, copy_truth);
      expects(result.ok(), "our own log decodes");
      found = *result == Decoded::record;
    }
    expects(found && copy.key == record.key, "our own log keeps the key");
    expects(copy_truth.label == truth.label, "our own log keeps the label");
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto decoder = make_zeek_log_decoder();
  fuzzing::run_lines(*decoder, input, true);
  check_zeek_round_trip(input);
  return 0;
}
