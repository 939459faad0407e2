#include "base/intervals.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hpp"

namespace vedette {
namespace {

TEST(Intervals, BetaByClosedForms) {
  for (const double x : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    EXPECT_NEAR(beta_below(1, 1, x), x, 1e-13);
    EXPECT_NEAR(beta_below(3, 1, x), x * x * x, 1e-13);
    EXPECT_NEAR(beta_below(1, 4, x), 1 - std::pow(1 - x, 4), 1e-13);
    EXPECT_NEAR(beta_below(2, 2, x), 3 * x * x - 2 * x * x * x, 1e-13);
  }
  EXPECT_NEAR(beta_below(5e5, 5e5, 0.5), 0.5, 1e-9);
}

// Clopper and Pearson's own figures and the rule of three, to the digits they are published with.
TEST(Intervals, ClopperPearsonByTables) {
  struct Row {
    std::uint64_t hits, trials;
    double confidence, low, high;
  };
  for (const Row& row :
       {Row{0, 10, 0.95, 0, 0.3085}, Row{10, 10, 0.95, 0.6915, 1}, Row{3, 10, 0.95, 0.0667, 0.6525},
        Row{1, 20, 0.99, 0.0003, 0.3171}, Row{0, 0, 0.99, 0, 1}}) {
    const Interval got = proportion_interval(row.hits, row.trials, row.confidence);
    EXPECT_NEAR(got.low, row.low, 6e-5) << row.hits << " of " << row.trials;
    EXPECT_NEAR(got.high, row.high, 6e-5) << row.hits << " of " << row.trials;
  }
  // Nothing in n trials: 1 - tail^(1/n), in closed form, for counts as large as ours.
  for (const std::uint64_t n : {1'000ULL, 1'000'000ULL, 100'000'000ULL}) {
    const double high = 1 - std::pow(0.005, 1.0 / static_cast<double>(n));
    EXPECT_NEAR(proportion_interval(0, n).high / high, 1, 1e-6) << n;
  }
}

TEST(Intervals, ABandHoldsWhatItSays) {
  constexpr std::uint64_t seed = 3;
  Random random{seed};
  const Interval band = binomial_band(0.01, 2'000);
  EXPECT_LT(band.low, 0.01);
  EXPECT_GT(band.high, 0.01);
  int inside = 0;
  for (int round = 0; round < 500; ++round) {
    int hits = 0;
    for (int i = 0; i < 2'000; ++i) hits += random.chance(0.01) ? 1 : 0;
    inside += hits / 2'000.0 >= band.low && hits / 2'000.0 <= band.high ? 1 : 0;
  }
  EXPECT_GE(inside, 485) << "seed " << seed;
  EXPECT_LT(inside, 500) << "a band that nothing leaves says nothing; seed " << seed;
}

TEST(Intervals, PredictionsHoldWhatTheySay) {
  constexpr std::uint64_t seed = 4;
  Random random{seed};
  // Events with a chance of 1 in 100 a minute: 1,000 minutes counted, 500 predicted.
  const auto count = [&](int minutes) {
    std::uint64_t events = 0;
    for (int i = 0; i < minutes; ++i) events += random.chance(0.01) ? 1 : 0;
    return events;
  };
  int inside = 0;
  for (int round = 0; round < 1'000; ++round) {
    const Interval said = predicted_events(count(1'000), 1'000, 500, 1);
    const auto came = static_cast<double>(count(500));
    inside += came >= said.low && came <= said.high ? 1 : 0;
  }
  EXPECT_GE(inside, 980) << "seed " << seed;
  EXPECT_LT(inside, 1'000) << "seed " << seed;
  const Interval none = predicted_events(0, 30, 30, 1);
  EXPECT_EQ(none.low, 0);
  EXPECT_GT(none.high, 0);
  EXPECT_GT(predicted_events(20, 1, 1, 4).high, predicted_events(20, 1, 1, 1).high);
}

}  // namespace
}  // namespace vedette
