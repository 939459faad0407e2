/// What every decoder owes, whatever its format: the same record for the same bytes, equal keys
/// across formats, no allocation once warm, no crash and no leftovers after bad input.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <new>

#include "base/file.hpp"
#include "base/random.hpp"
#include "codec/codec.hpp"
#include "codec/codec_test_support.hpp"

static std::atomic<std::size_t> allocations{0};

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace vedette {
namespace {

using testing_support::feed;
using testing_support::feed_all;
using testing_support::json_of;

/// One flow in three formats.
struct Format {
  const char* name;
  std::function<std::unique_ptr<Decoder>()> make;
  const char* header;  ///< empty when the format needs none
  const char* line;
};
const Format formats[] = {
    {"zeek", make_zeek_log_decoder,
     "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\tconn_state\t"
     "orig_bytes\tlabel\tdetailed-label",
     "1545403816.962094\tCrDn63WjJEmrWGjqfLong\t192.168.1.195\t41040\t185.244.25.235\t80\ttcp\t"
     "3.139211\tS0\t0\tMalicious\tPartOfAHorizontalPortScan"},
    {"json", [] { return make_json_decoder(); }, "",
     R"({"ts":1545403816.962094,"uid":"CrDn63WjJEmrWGjqfLong","id.orig_h":"192.168.1.195",)"
     R"("id.orig_p":41040,"id.resp_h":"185.244.25.235","id.resp_p":80,"proto":"tcp",)"
     R"("duration":3.139211,"conn_state":"S0","orig_bytes":0,"label":"Malicious",)"
     R"("detailed-label":"PartOfAHorizontalPortScan"})"},
    {"csv", make_csv_decoder,
     "ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,duration,conn_state,orig_bytes,label,"
     "detailed-label",
     "1545403816.962094,CrDn63WjJEmrWGjqfLong,192.168.1.195,41040,185.244.25.235,80,tcp,3.139211,"
     "S0,0,Malicious,PartOfAHorizontalPortScan"}};

class DecoderConformance : public testing::TestWithParam<Format> {
 protected:
  std::unique_ptr<Decoder> ready() const {
    auto decoder = GetParam().make();
    if (*GetParam().header != '\0') {
      EXPECT_EQ(feed(*decoder, GetParam().header).error, "");
    }
    return decoder;
  }
};

TEST_P(DecoderConformance, EqualValuesGiveEqualRecordsAndKeys) {
  const auto zeek = formats[0].make();
  feed(*zeek, formats[0].header);
  const auto expected = feed(*zeek, formats[0].line);
  const auto decoder = ready();
  for (int i = 0; i < 2; ++i) {
    const auto outcome = feed(*decoder, GetParam().line);
    ASSERT_TRUE(outcome.is_record) << outcome.error;
    EXPECT_EQ(outcome.record.key, expected.record.key);
    EXPECT_EQ(json_of(outcome.record), json_of(expected.record));
    EXPECT_EQ(outcome.truth.label, "PartOfAHorizontalPortScan");
  }
}

TEST_P(DecoderConformance, AllocatesNothingOnceWarm) {
  const auto decoder = ready();
  Record record;
  Truth truth;
  RawMessage message;
  message.payload = GetParam().line;
  const auto once = [&] {
    record.clear();
    const auto decoded = decoder->decode(message, record, truth);
    return decoded.ok() && *decoded == Decoded::record;
  };
  ASSERT_TRUE(once() && once());
  const std::size_t before = allocations;
  bool good = true;
  for (int i = 0; i < 1000; ++i) good = once() && good;
  EXPECT_EQ(allocations - before, 0U);
  EXPECT_TRUE(good);
}

TEST_P(DecoderConformance, EveryPrefixIsAnswered) {
  const std::string_view line = GetParam().line;
  for (std::size_t size = 0; size < line.size(); ++size) {
    const auto outcome = feed(*ready(), line.substr(0, size));
    // A prefix may still be whole (the last text cut short); else there is a reason.
    EXPECT_TRUE(outcome.is_record || !outcome.error.empty() || size == 0) << size;
  }
}

TEST_P(DecoderConformance, SurvivesMutationsUnharmed) {
  constexpr std::uint64_t seed = 4242;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random{seed};
  const auto decoder = ready();
  const auto expected = feed(*decoder, GetParam().line);
  for (int i = 0; i < 3000; ++i) {
    std::string line = GetParam().line;
    for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
      line[random.below(line.size())] = static_cast<char>(random.below(256));
    }
    if (line[0] == '#') continue;  // a header may rightly change what follows
    const auto bad = feed(*decoder, line);
    EXPECT_TRUE(is_utf8(bad.record.device) || !bad.is_record);
    const auto good = feed(*decoder, GetParam().line);
    ASSERT_TRUE(good.is_record) << good.error;
    ASSERT_EQ(good.record.key, expected.record.key);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, DecoderConformance, testing::ValuesIn(formats),
                         [](const auto& format) { return std::string{format.param.name}; });

std::filesystem::path data_folder() {
  const char* const folder = std::getenv("VEDETTE_DATA");
  return folder != nullptr ? folder : VEDETTE_SOURCE_DIR "/../shared/data";
}

TEST(RealCaptures, DecodeWithoutASingleDrop) {
  const auto folder = data_folder() / "iot23";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the IoT-23 captures are not here";
  const std::pair<const char*, std::size_t> whole[] = {{"34-1.conn.log.labeled", 23'145},
                                                       {"42-1.conn.log.labeled", 4'426},
                                                       {"Honeypot-Capture-4-1", 452},
                                                       {"Honeypot-Capture-5-1", 1'374}};
  std::size_t sampled = 0;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().filename().string();
    const auto file = MappedFile::open(entry.path());
    ASSERT_TRUE(file.ok());
    const auto decoder = make_zeek_log_decoder();
    std::size_t records = 0;
    for (const auto& outcome : feed_all(*decoder, file->text())) {
      ASSERT_TRUE(outcome.is_record) << name << ": " << outcome.error;
      ASSERT_TRUE(outcome.truth.known()) << name;
      ++records;
    }
    ++files;
    if (name.ends_with(".sample")) sampled += records;
    for (const auto& [part, count] : whole) {
      if (name.find(part) != std::string::npos) {
        EXPECT_EQ(records, count) << name;
      }
    }
  }
  EXPECT_EQ(files, 14U);
  EXPECT_EQ(sampled, 59'033U);
}

}  // namespace
}  // namespace vedette
