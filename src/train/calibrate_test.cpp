#include "train/calibrate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.hpp"

namespace vedette {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

float above(float score) {
  return std::nextafter(score, 2.0F);
}

TEST(Calibrate, ByHand) {
  struct Row {
    const char* what;
    std::vector<float> scores;
    double rate;
    float value;
    double measured;
  };
  const std::vector<float> ten{.0F, .1F, .2F, .3F, .4F, .5F, .6F, .7F, .8F, .9F};
  std::vector<float> hundred;
  for (int i = 0; i < 100; ++i) hundred.push_back(static_cast<float>(i) / 100.0F);
  for (const Row& row :
       {Row{"one of ten may alarm", ten, 0.1, above(.8F), 0.1},
        Row{"nearly two of ten: one", ten, 0.19, above(.8F), 0.1},
        Row{"half", ten, 0.5, above(.4F), 0.5},
        Row{"too few for the rate: above all", ten, 0.05, above(.9F), 0.0},
        Row{"a tie falls on the quiet side", {.2F, .7F, .7F, .7F}, 0.5, above(.7F), 0.0},
        Row{"a tie below the border", {.2F, .2F, .7F, .9F}, 0.5, above(.2F), 0.5},
        Row{"0.29 x 100 is 28.999999999999996 in binary and 29 to people", hundred, 0.29,
            above(0.7F), 0.29}}) {
    const Threshold threshold = calibrate(row.scores, row.rate);
    EXPECT_EQ(threshold.value, row.value) << row.what;
    EXPECT_DOUBLE_EQ(threshold.false_positive_rate, row.measured) << row.what;
    EXPECT_EQ(threshold.benign_rows, row.scores.size()) << row.what;
  }
}

TEST(Calibrate, IsTheSmallestThresholdThatKeepsTheRate) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random{seed};
    std::vector<float> scores;
    for (auto n = 1 + random.below(60); n > 0; --n) {
      scores.push_back(static_cast<float>(random.below(30)) / 30.0F);
    }
    const double rate = random.uniform(0.01, 0.9);
    const auto rate_at = [&](float threshold) {
      const auto alarms =
          std::count_if(scores.begin(), scores.end(), [&](float s) { return s >= threshold; });
      return static_cast<double>(alarms) / static_cast<double>(scores.size());
    };
    const Threshold threshold = calibrate(scores, rate);
    EXPECT_LE(rate_at(threshold.value), rate);
    EXPECT_GT(rate_at(std::nextafter(threshold.value, -1.0F)), rate);
    EXPECT_DOUBLE_EQ(threshold.false_positive_rate, rate_at(threshold.value));
  }
}

TEST(Calibrate, SaysWhatItCouldNotShow) {
  EXPECT_EQ(benign_rows_needed(1e-3), 1000U);
  EXPECT_EQ(benign_rows_needed(0.3), 4U);
  EXPECT_THAT(note_on(calibrate({}, 0.1), 0.1), HasSubstr("default"));
  EXPECT_EQ(calibrate({}, 0.1).value, Threshold{}.value);
  EXPECT_THAT(note_on(calibrate({.1F, .2F}, 0.001), 0.001),
              HasSubstr("needs 1000 benign rows to calibrate on, there were 2"));
  EXPECT_THAT(note_on(calibrate(std::vector<float>(10, 1.0F), 0.1), 0.1),
              HasSubstr("At the strictest threshold, 1, the rate is 1.0"));
  EXPECT_EQ(calibrate(std::vector<float>(10, 1.0F), 0.1).value, 1.0F);
  EXPECT_THAT(note_on(calibrate(std::vector<float>(10, 0.5F), 0.1), 0.1), IsEmpty());
}

}  // namespace
}  // namespace vedette
