#include "ingest/ingest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "codec/codec.hpp"
#include "source/source.hpp"

namespace vedette {
namespace {

using testing::HasSubstr;

/// Lines from memory, in the order given.
class Lines final : public Source {
 public:
  explicit Lines(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  Result<Pulled> pull(std::size_t messages_max, std::chrono::milliseconds,
                      const Take& take) override {
    for (; messages_max > 0 && next_ < lines_.size(); --messages_max, ++next_) {
      RawMessage message;
      message.origin = "mem.log";
      message.line = next_ + 1;
      message.payload = lines_[next_];
      message.received = time_from_micros(77);
      take(message);
    }
    return next_ == lines_.size() ? Pulled::end : Pulled::some;
  }
  Status acknowledge() override { return {}; }
  std::string describe() const override { return "mem.log"; }

 private:
  std::vector<std::string> lines_;
  std::size_t next_ = 0;
};

constexpr std::chrono::milliseconds no_wait{0};

TEST(Ingest, EveryMessageIsARecordOrQuarantined) {
  Ingest ingest{
      std::make_unique<Lines>(std::vector<std::string>{
          R"({"timestamp":1,"a":1})", "", R"({"timestamp":1})", R"({"timestamp":2,"a":1})"}),
      make_json_decoder()};
  Batch batch{10};
  const auto state = ingest.pull(batch, no_wait);
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(*state, Ingest::State::end);
  EXPECT_EQ(batch.received, 3U);
  EXPECT_EQ(batch.size(), 2U);
  ASSERT_EQ(batch.quarantined.size(), 1U);
  EXPECT_EQ(batch.quarantined[0].place, "mem.log line 3");
  EXPECT_EQ(batch.quarantined[0].code, "missing_field");
  EXPECT_EQ(batch.quarantined[0].payload, R"({"timestamp":1})");
  EXPECT_EQ(batch.quarantined[0].hash, message_hash("", R"({"timestamp":1})"));
  EXPECT_EQ(batch[0].received, time_from_micros(77));
}

TEST(Ingest, ABatchOfBadMessagesIsBoundedToo) {
  const std::string bad(5000, 'x');
  Ingest ingest{std::make_unique<Lines>(std::vector<std::string>(25, bad)), make_json_decoder()};
  Batch batch{10};
  const auto state = ingest.pull(batch, no_wait);
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(*state, Ingest::State::more);
  EXPECT_EQ(batch.quarantined.size(), 10U);
  EXPECT_EQ(batch.quarantined[0].payload.size(), Quarantined::payload_kept_bytes_max);
  EXPECT_EQ(batch.quarantined[0].payload_bytes, 5000U);
  EXPECT_EQ(batch.quarantined[0].hash, message_hash("", bad)) << "of the whole payload";
}

TEST(Ingest, AFileThatIsNoZeekLogIsAnErrorThatNamesIt) {
  Ingest ingest{std::make_unique<Lines>(std::vector<std::string>{"hello"}),
                make_zeek_log_decoder()};
  Batch batch{10};
  const auto state = ingest.pull(batch, no_wait);
  ASSERT_FALSE(state.ok());
  EXPECT_THAT(state.error().message, HasSubstr("mem.log: is no Zeek log"));
}

}  // namespace
}  // namespace vedette
