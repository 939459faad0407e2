/// Runs tests/golden/decoders/<case>/: `config` names the format and maybe a topic ("json
/// iot/cam/flow"), `input` holds the lines, `expected` one line for each record or error:
/// "device label {json}" or "! code: message".

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "codec/codec_test_support.hpp"

namespace vedette {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::unique_ptr<Decoder> decoder_named(const std::string& format) {
  if (format == "zeek") return make_zeek_log_decoder();
  if (format == "json") return make_json_decoder();
  if (format == "csv") return make_csv_decoder();
  ADD_FAILURE() << "no decoder " << format;
  return nullptr;
}

std::string run(const std::filesystem::path& folder) {
  std::istringstream config{read(folder / "config")};
  std::string format, topic, out;
  config >> format >> topic;
  const auto decoder = decoder_named(format);
  if (decoder == nullptr) return {};
  std::istringstream input{read(folder / "input")};
  for (std::string line; std::getline(input, line);) {
    const auto outcome = testing_support::feed(*decoder, line, topic);
    if (!outcome.error.empty()) out += "! " + outcome.error + "\n";
    if (!outcome.is_record) continue;
    out += outcome.record.device + " " + (outcome.truth.known() ? outcome.truth.label : "-") + " " +
           testing_support::json_of(outcome.record) + "\n";
  }
  if (const Status fine = decoder->finish(); !fine) out += "! end: " + fine.error().message + "\n";
  return out;
}

TEST(Golden, DecodersGiveWhatIsWritten) {
  std::size_t cases = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator{VEDETTE_SOURCE_DIR "/tests/golden/decoders"}) {
    EXPECT_EQ(run(entry.path()), read(entry.path() / "expected")) << entry.path();
    ++cases;
  }
  EXPECT_GE(cases, 4U);
}

}  // namespace
}  // namespace vedette
