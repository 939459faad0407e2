#include "model/calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.hpp"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

float above(float score) {
  return std::nextafter(score, 2.0F);
}

std::vector<float> hundredths(int from, int to) {
  std::vector<float> out;
  for (int i = from; i < to; ++i) out.push_back(static_cast<float>(i) / 100.0F);
  return out;
}

TEST(Calibration, SplitConformalByHand) {
  const std::vector<float> nine{.1F, .2F, .3F, .4F, .5F, .6F, .7F, .8F, .9F};
  struct Row {
    const char* what;
    std::vector<float> scores;
    double asked;
    float value;
    double rate;
    std::uint64_t alarms;
    bool kept;
  };
  for (const Row& row :
       {Row{"nine certify one in ten: above all", nine, 0.1, above(.9F), 0.1, 0, true},
        Row{"two in ten: the highest may alarm", nine, 0.2, above(.8F), 0.2, 1, true},
        Row{"nearly three in ten are two", nine, 0.29, above(.8F), 0.2, 1, true},
        Row{"one in twenty needs nineteen", nine, 0.05, above(.9F), 0.1, 0, false},
        Row{"a tie falls on the quiet side", {.2F, .7F, .7F, .7F}, 0.4, above(.7F), 0.4, 0, true},
        Row{"29 of 100 in binary is 28.999999999999996", hundredths(0, 99), 0.29, above(.70F), 0.29,
            28, true},
        Row{"all have the highest score", {1.F, 1.F, 1.F}, 0.5, 1.F, 1, 3, false},
        Row{"no record: the default", {}, 0.1, 0.5F, 1, 0, false}}) {
    BenignScores scores;
    scores.add(row.scores);
    const Certified got = scores.threshold(row.asked);
    EXPECT_EQ(got.value, row.value) << row.what;
    EXPECT_DOUBLE_EQ(got.rate, row.rate) << row.what;
    EXPECT_EQ(got.alarms, row.alarms) << row.what;
    EXPECT_EQ(got.kept, row.kept) << row.what;
    EXPECT_EQ(got.records, row.scores.size()) << row.what;
  }
}

// What split conformal prediction promises: over calibration sets and new records the
// false-positive rate is at most the one asked, and not far below it for scores without ties.
TEST(Calibration, KeepsItsPromiseOnNewRecords) {
  constexpr std::uint64_t seed = 11;
  Random random{seed};
  for (const auto& [asked, records] : {std::pair{1e-2, 150}, {1e-2, 5'000}, {1e-3, 1'500}}) {
    std::uint64_t alarms = 0;
    std::uint64_t asked_of = 0;
    for (int round = 0; round < 400; ++round) {
      std::vector<float> scores;
      for (int i = 0; i < records; ++i) scores.push_back(static_cast<float>(random.uniform(0, 1)));
      BenignScores benign;
      benign.add(scores);
      const Certified threshold = benign.threshold(asked);
      for (int i = 0; i < 500; ++i) {
        alarms += static_cast<float>(random.uniform(0, 1)) >= threshold.value ? 1 : 0;
      }
      asked_of += 500;
    }
    const double rate = static_cast<double>(alarms) / static_cast<double>(asked_of);
    EXPECT_LT(rate, asked * 1.15) << records << " records, seed " << seed;
    EXPECT_GT(rate, asked * 0.5) << records << " records, seed " << seed;
  }
}

TEST(Calibration, KeepsTheHighestWhateverTheOrder) {
  constexpr std::uint64_t seed = 12;
  Random random{seed};
  std::vector<float> scores;
  for (int i = 0; i < 20'000; ++i) scores.push_back(static_cast<float>(random.uniform(0, 1)));
  BenignScores at_once, in_parts;
  at_once.add(scores);
  for (std::size_t i = 0; i < scores.size(); i += 500)
    in_parts.add(std::span{scores}.subspan(i, 500));
  EXPECT_EQ(at_once.records(), 20'000U);
  EXPECT_TRUE(std::ranges::equal(at_once.highest(), in_parts.highest())) << seed;
  EXPECT_EQ(at_once.highest().size(), BenignScores::kept_max);
  // Half of them may alarm, but only 4,096 are known: stricter than asked, and said so.
  EXPECT_NEAR(at_once.threshold(0.5).rate, 4096.0 / 20'001, 1e-12);
}

TEST(Calibration, AKindHasItsOwnThresholdWhenItHasEnough) {
  Calibration calibration;
  calibration.add_benign("camera", hundredths(0, 50));
  calibration.add_benign("plug", hundredths(50, 59));
  calibration.add_benign("", hundredths(0, 10));
  EXPECT_THAT(calibration.kinds(), ElementsAre("camera", "plug"));
  EXPECT_EQ(calibration.records(), 69U);
  EXPECT_EQ(calibration.records_of("plug"), 9U);
  const Certified camera = calibration.threshold(0.2, "camera");
  EXPECT_EQ(camera.device_kind, "camera");
  EXPECT_EQ(camera.value, above(.40F));  // the 10th highest of 50
  EXPECT_EQ(camera.records, 50U);
  const Certified all = calibration.threshold(0.2);
  EXPECT_EQ(all.device_kind, "");
  for (const char* other : {"plug", "unheard of", ""}) {
    EXPECT_EQ(calibration.threshold(0.2, other).value, all.value) << other;
    EXPECT_EQ(calibration.threshold(0.2, other).device_kind, "") << other;
  }
  EXPECT_EQ(calibration.threshold(0.1, "camera").device_kind, "") << "only 5 would decide it";
}

TEST(Calibration, NotesSayWhatIsPromised) {
  Calibration calibration;
  EXPECT_THAT(note_on(calibration.threshold(1e-4)), HasSubstr("is a default"));
  calibration.add_benign("", hundredths(0, 99));
  EXPECT_THAT(note_on(calibration.threshold(1e-4)),
              HasSubstr("99 benign records certify a false-positive rate of 0.01, not 0.0001: that "
                        "needs 9999"));
  EXPECT_THAT(note_on(calibration.threshold(0.1)),
              HasSubstr("certify a false-positive rate of 0.1"));
  calibration.add_benign("", std::vector<float>(50, 1.0F));
  EXPECT_THAT(note_on(calibration.threshold(0.1)), HasSubstr("50 of 149 benign records"));
}

Calibration budgeted() {
  Calibration out;
  out.add_benign("", hundredths(0, 100));
  out.add_device_days(10);
  out.set_attacks(hundredths(50, 100));
  out.set_budget({{.2F, 40, 1}, {.4F, 20, 2}, {.6F, 25, 1}, {.8F, 4, 1}, {.9F, 0, 1}});
  return out;
}

TEST(Calibration, BudgetByHand) {
  const Calibration calibration = budgeted();
  struct Row {
    double per_day, devices;
    float value;
    double expected;
    bool kept;
  };
  for (const Row& row : {Row{4, 1, .2F, 4, true}, Row{3, 1, .4F, 2, true},
                         Row{2.4, 1, .8F, .4, true},  // .4 would do, but .6 raises more
                         Row{.1, 1, .9F, 0, true}, Row{3, 5, .8F, 2, true}}) {
    const auto got = calibration.threshold_for_budget(row.per_day, row.devices);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->value, row.value) << row.per_day;
    EXPECT_DOUBLE_EQ(got->expected.alerts_per_day, row.expected) << row.per_day;
    EXPECT_EQ(got->kept, row.kept);
    EXPECT_LE(got->expected.alerts_in_a_day.low, row.expected);
    EXPECT_GE(got->expected.alerts_in_a_day.high, row.expected);
  }
  EXPECT_NEAR(calibration.expect(.75F, 1)->recall, 0.5, 0.011);
  EXPECT_EQ(calibration.expect(.75F, 1)->attacks, 50U);
  EXPECT_DOUBLE_EQ(calibration.expect(.75F, 1)->alerts_per_day, 2.5)
      << "the point below, to be safe";
  Calibration uncounted;
  uncounted.add_benign("", hundredths(0, 100));
  EXPECT_FALSE(uncounted.expect(.5F, 1));
  EXPECT_FALSE(uncounted.threshold_for_budget(3, 1));
  EXPECT_TRUE(std::isnan(uncounted.recall_at(.5F)));
}

TEST(Calibration, ComesBackFromBytes) {
  Calibration before = budgeted();
  before.add_benign("plug", hundredths(3, 80));
  const auto bytes = before.save();
  const auto after = Calibration::load(bytes);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->save(), bytes);
  EXPECT_EQ(after->threshold(.2, "plug").value, before.threshold(.2, "plug").value);
  EXPECT_TRUE(Calibration::load({})->empty());
}

TEST(Calibration, DamagedBytesAreRefused) {
  const auto bytes = budgeted().save();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_FALSE(Calibration::load(std::span{bytes}.first(size))) << size;
  }
  constexpr std::uint64_t seed = 13;
  Random random{seed};
  for (int round = 0; round < 3'000; ++round) {
    auto damaged = bytes;
    damaged[random.below(damaged.size())] ^= static_cast<std::byte>(1 + random.below(255));
    // Whatever is read must be usable.
    if (const auto read = Calibration::load(damaged)) {
      EXPECT_LE(read->threshold(0.1).value, 1.0F) << seed;
      if (const auto expected = read->expect(0.5F, 3)) {
        EXPECT_GE(expected->alerts_in_a_day.high, 0) << seed;
      }
    }
  }
  auto newer = bytes;
  newer[0] = std::byte{9};
  EXPECT_EQ(Calibration::load(newer).error().code, Errc::unsupported);
}

}  // namespace
}  // namespace vedette
