#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hpp"
#include "model/bayes_moments.hpp"

namespace vedette {
namespace {

struct Sample {
  std::vector<float> values, weights;
  std::vector<std::uint16_t> labels;
  TrainingSet set;
};

/// Means far from zero, spreads over nine decades: what one pass of x and x² cannot do.
Sample make_sample(Random& random, std::size_t rows, std::size_t width, bool weighted,
                   double missing) {
  Sample s;
  for (std::size_t i = 0; i < rows; ++i) {
    s.labels.push_back(static_cast<std::uint16_t>(random.below(3)));
    if (weighted) s.weights.push_back(static_cast<float>(random.uniform(0.01, 30)));
    for (std::size_t c = 0; c < width; ++c) {
      const auto power = static_cast<double>(c % 10);
      const double value = random.normal(1e4 * static_cast<double>(c), std::pow(10.0, power - 4));
      s.values.push_back(random.chance(missing) ? NAN : static_cast<float>(value));
    }
  }
  s.set.rows = {s.values.data(), rows, width};
  s.set.labels = s.labels;
  s.set.weights = s.weights;
  s.set.classes = {std::string(benign_label), "a", "b", "nobody"};
  return s;
}

/// Two readings of everything in long doubles.
Moments plain(const Sample& s, std::size_t k, std::size_t column) {
  long double weight = 0, sum = 0, squares = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t i = 0; i < s.labels.size(); ++i) {
      const float x = s.values[i * s.set.rows.width + column];
      if (s.labels[i] != k || std::isnan(x)) continue;
      const long double w = s.weights.empty() ? 1.0L : static_cast<long double>(s.weights[i]);
      if (pass == 0) weight += w, sum += w * static_cast<long double>(x);
      const long double off = pass == 0 ? 0 : static_cast<long double>(x) - sum / weight;
      squares += w * off * off;
    }
  }
  if (weight == 0) return {};
  return {static_cast<double>(weight), static_cast<double>(sum / weight),
          static_cast<double>(squares)};
}

TEST(BayesMoments, EqualTwoReadingsOfAllRows) {
  struct Row {
    const char* why;
    std::size_t rows, width;
    bool weighted;
    double missing;
  };
  for (const Row& row :
       {Row{"one row", 1, 3, false, 0}, Row{"whole eights", 3000, 16, false, 0},
        Row{"eights and a rest", 20'000, 11, false, 0}, Row{"weighted", 9000, 10, true, 0},
        Row{"missing", 9000, 10, false, 0.2}, Row{"weighted and missing", 9000, 9, true, 0.1}}) {
    const std::uint64_t seed = 5;
    Random random(seed);
    const Sample s = make_sample(random, row.rows, row.width, row.weighted, row.missing);
    const ClassMoments measured = measure_classes(s.set, {}, 2, {});
    EXPECT_FALSE(measured.infinite);
    for (std::size_t k = 0; k < s.set.classes.size(); ++k) {
      for (std::size_t c = 0; c < row.width; ++c) {
        const Moments& got = measured.moments[k * row.width + c];
        const Moments want = plain(s, k, c);
        EXPECT_NEAR(got.weight, want.weight, 1e-9 * want.weight) << row.why << ", seed " << seed;
        EXPECT_NEAR(got.mean, want.mean, 1e-9 * std::abs(want.mean)) << row.why << " column " << c;
        EXPECT_NEAR(got.squares, want.squares, 1e-9 * want.squares) << row.why << " column " << c;
      }
    }
  }
}

TEST(BayesMoments, OddValuesAreSeenWhereverTheyAre) {
  for (const bool missing : {false, true}) {
    for (std::size_t at = 0; at < 1100 * 9; at += 97) {
      Sample s;
      s.values.assign(1100 * 9, 1.0F);
      if (missing) s.values[(at + 9) % s.values.size()] = NAN;
      s.labels.assign(1100, 0);
      s.set.rows = {s.values.data(), 1100, 9};
      s.set.labels = s.labels;
      s.set.classes = {std::string(benign_label), "a"};
      std::vector<std::uint32_t> check(9, 1);
      EXPECT_FALSE(measure_classes(s.set, check, 1, {}).odd_category);
      s.values[at] = 1e-40F;
      EXPECT_TRUE(measure_classes(s.set, check, 1, {}).odd_category) << at;
      check[at % 9] = 0;
      EXPECT_FALSE(measure_classes(s.set, check, 1, {}).odd_category) << at;
      EXPECT_FALSE(measure_classes(s.set, {}, 1, {}).infinite) << at;
      s.values[at] = -std::numeric_limits<float>::infinity();
      EXPECT_TRUE(measure_classes(s.set, {}, 1, {}).infinite) << at;
    }
  }
}

}  // namespace
}  // namespace vedette
