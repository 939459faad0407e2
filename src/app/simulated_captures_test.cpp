#include "app/simulated_captures.hpp"

#include <gtest/gtest.h>

#include <map>

namespace vedette {
namespace {

TEST(SimulatedCaptures, StandBehindTheRecordedOnesAndAreAlwaysTheSame) {
  DatasetWriter writer;
  Record record;
  record.device = record.flow.orig_h = "192.168.1.10";
  record.time = time_from_micros(1'545'000'000'000'000);
  record.seal();
  writer.add("mine", record, Truth{"Benign"});
  const auto mine = Dataset::decode(*writer.encode());
  const auto more = with_simulated(*mine);
  ASSERT_TRUE(more) << more.error().message;
  ASSERT_EQ(more->captures().size(), 7U);
  Record back;
  more->read(0, back);
  EXPECT_EQ(back.key, record.key);
  std::map<std::string, std::map<std::string, int>> labels;
  for (std::size_t i = 0; i < more->size(); ++i) {
    ++labels[more->captures()[more->capture(i)]][more->labels()[more->label(i)]];
  }
  EXPECT_EQ(labels["mine"].size(), 1U);
  EXPECT_EQ(labels["simulated-benign"].size(), 1U) << "there to calibrate on";
  for (const char* name : {"simulated-short", "simulated-long", "simulated-slow"}) {
    EXPECT_GT(labels[name]["Benign"], 5'000) << name;
    EXPECT_GT(labels[name]["C&C"], 0) << name;
  }
  for (const char* name : {"simulated-short", "simulated-bursts"}) {
    EXPECT_GT(labels[name]["DDoS"], 1'000) << name;
  }
  for (const bool whole : in_time_order(*more)) EXPECT_TRUE(whole);
  EXPECT_EQ(with_simulated(*mine)->fingerprint(), more->fingerprint());
}

}  // namespace
}  // namespace vedette
