#include "api/recalibration.hpp"

#include <gtest/gtest.h>

namespace vedette {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr double threshold = 0.6;
constexpr double room = 1 - threshold;

Recalibration::Confirmed false_alarm(std::uint64_t alert, double highest,
                                     std::uint64_t records = 10) {
  return {"forest-1", "camera", alert, records, highest, threshold, "ann"};
}
double raised(const Recalibration& all, Time now, const char* kind = "camera") {
  const auto sums = all.of("forest-1", now);
  const auto found = sums.find(kind);
  return found == sums.end() ? 0 : found->second;
}

class Recalibrations : public testing::Test {
 protected:
  Time start = time_from_micros(1'767'571'200'000'000);
  Recalibration all;
};

TEST_F(Recalibrations, ASmallRaiseSilencesWhatWasConfirmed) {
  const auto done = all.confirm(false_alarm(1, 0.61), start);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_GT(threshold + done->amount, 0.61);
  EXPECT_NEAR(done->amount, 0.01, 1e-6);
  EXPECT_EQ(raised(all, start), done->amount);
  EXPECT_EQ(raised(all, start, "plug"), 0) << "of one kind of device only";
  EXPECT_TRUE(all.of("forest-2", start).empty()) << "of one model only";
}

TEST_F(Recalibrations, WhatIsNoGroundForARaiseIsRefusedWithTheReason) {
  EXPECT_EQ(all.confirm(false_alarm(1, 0.61, 9), start).error().code, Errc::refused);
  EXPECT_EQ(all.confirm(false_alarm(1, 0.5), start).error().code, Errc::refused);
  ASSERT_TRUE(all.confirm(false_alarm(1, 0.61), start));
  EXPECT_NE(all.confirm(false_alarm(1, 0.65), start).error().message.find("already"),
            std::string::npos);
  EXPECT_EQ(all.raises().size(), 1U);
}

// A thief with the password of an administrator confirms everything, day and night.
TEST_F(Recalibrations, NobodyTeachesItToLookAwayQuickly) {
  std::uint64_t alert = 0;
  double before = 0;
  for (int hour = 0; hour < 24 * 60; ++hour) {
    const Time now = start + hours{hour};
    for (int k = 0; k < 5; ++k) {
      [[maybe_unused]] const auto any = all.confirm(false_alarm(++alert, 0.99, 1000), now);
    }
    const double sum = raised(all, now);
    EXPECT_LE(sum, Recalibration::share_max * room + 1e-9) << "hour " << hour;
    EXPECT_LE(sum - before, Recalibration::day_share_max * room + 1e-9) << "hour " << hour;
    if (hour < 24) {
      EXPECT_LE(sum, Recalibration::day_share_max * room + 1e-9) << "first day, hour " << hour;
    }
    before = sum;
    all.expire(now);
  }
  // What an attack scores alarms all the while.
  EXPECT_LT(threshold + before, 0.99);
  EXPECT_LE(all.raises().size(), Recalibration::raises_max);
}

TEST_F(Recalibrations, ARaiseEndsByItselfAndWithItsConfirmation) {
  ASSERT_TRUE(all.confirm(false_alarm(1, 0.61), start));
  ASSERT_TRUE(all.confirm(false_alarm(2, 0.615), start + days{2}));
  EXPECT_GT(raised(all, start + days{29}), raised(all, start + days{31}));
  EXPECT_TRUE(all.expire(start + days{31}));
  EXPECT_FALSE(all.expire(start + days{31}));
  EXPECT_EQ(all.raises().size(), 1U);
  EXPECT_TRUE(all.take_back(2));
  EXPECT_FALSE(all.take_back(2));
  EXPECT_EQ(raised(all, start + days{31}), 0);
}

TEST_F(Recalibrations, ComesBackFromTheStoreAsItWas) {
  ASSERT_TRUE(all.confirm(false_alarm(1, 0.61), start));
  auto other = false_alarm(2, 0.7);
  other.device_kind = "";
  ASSERT_TRUE(all.confirm(other, start + hours{1}));
  Recalibration again;
  again.restore(all.save());
  EXPECT_EQ(again.save(), all.save());
  EXPECT_EQ(raised(again, start + hours{1}), raised(all, start + hours{1}));
  for (const char* damaged : {"", "{}", "[1,2]", R"([{"amount":"much"}])", R"([{"amount":-3}])",
                              R"([{"amount":0.9,"model":"forest-1"}])", "[[[["}) {
    again.restore(damaged);
    EXPECT_TRUE(again.raises().empty()) << damaged;
  }
}

}  // namespace
}  // namespace vedette
