#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.hpp"
#include "model/boost_grow.hpp"
#include "model/boost_softmax.hpp"
#include "model/fit_input.hpp"
#include "model/model_test_support.hpp"

namespace vedette {
namespace {

using model_test::Sample;
using model_test::score;
using model_test::Values;

constexpr float missing = std::numeric_limits<float>::quiet_NaN();

std::unique_ptr<Model> fit(const TrainingSet& set, Values values, unsigned threads = 1) {
  FitOptions options;
  options.values = std::move(values);
  options.threads = threads;
  return model_test::fit(boost_kind, set, std::move(options));
}

Sample three_classes(std::uint64_t seed, std::size_t rows) {
  Random random(seed);
  Sample s;
  s.width = 4;
  s.classes = 3;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto label = static_cast<std::uint16_t>(random.below(3));
    s.labels.push_back(label);
    s.values.push_back(static_cast<float>(random.normal(label)));
    s.values.push_back(static_cast<float>(random.normal(label == 1 ? 2 : 0)));
    s.values.push_back(random.chance(0.3) ? missing : static_cast<float>(random.normal(label)));
    s.values.push_back(random.chance(0.2 + 0.2 * label) ? 1.0F : 0.0F);
  }
  return s;
}

/// 6 benign rows at x = 0, 2 attacks and 2 benign at x = 1: the log odds begin at ln(2/8), p = 0.2.
/// One round cuts between: left G = 6 · 0.2, H = 6 · 0.16; right G = 2 · 0.2 - 2 · 0.8, H = 4 ·
/// 0.16.
TEST(Boost, FirstRoundOfTwoClassesByFormula) {
  struct Row {
    const char* rate;
    const char* lambda;
  };
  for (const Row& row : {Row{"1", "1"}, Row{"0.1", "1"}, Row{"1", "0.001"}, Row{"0.5", "10"}}) {
    Sample s;
    s.values = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1};
    s.labels = {0, 0, 0, 0, 0, 0, 1, 1, 0, 0};
    const auto model = fit(s.set(), {{"rounds", "1"},
                                     {"patience", "0"},
                                     {"learning_rate", row.rate},
                                     {"lambda", row.lambda},
                                     {"child_weight_min", "0"}});
    const double rate = std::stod(row.rate);
    const double lambda = std::stod(row.lambda);
    const double left = std::log(0.25) - rate * 1.2 / (0.96 + lambda);
    const double right = std::log(0.25) + rate * 1.2 / (0.64 + lambda);
    EXPECT_NEAR(score(*model, {0})[1], 1 / (1 + std::exp(-left)), 1e-4) << row.rate;
    EXPECT_NEAR(score(*model, {1})[1], 1 / (1 + std::exp(-right)), 1e-4) << row.lambda;
    EXPECT_EQ(model->describe(), "1 rounds, 1 trees, 2 leaves");
  }
}

/// Three classes of 2, 2 and 4 rows, each with a column of its own: p = 1/4, 1/4, 1/2, curvature
/// 2 p (1 - p). Every class's tree cuts its n rows from the m others, whose steps are
/// n (1 - p) / (n 2 p (1 - p) + 1) and -m p / (m 2 p (1 - p) + 1).
TEST(Boost, FirstRoundOfThreeClassesByFormula) {
  Sample s;
  s.classes = 3;
  s.width = 3;
  s.labels = {0, 0, 1, 1, 2, 2, 2, 2};
  for (const std::uint16_t label : s.labels) {
    for (std::uint16_t c = 0; c < 3; ++c) s.values.push_back(c == label ? 1.0F : 0.0F);
  }
  const auto model = fit(s.set(), {{"rounds", "1"},
                                   {"patience", "0"},
                                   {"learning_rate", "1"},
                                   {"depth_max", "1"},
                                   {"child_weight_min", "0"}});
  const double rows[3] = {2, 2, 4};
  for (std::size_t x = 0; x < 3; ++x) {
    double weight[3];
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const double p = rows[k] / 8;
      const double n = k == x ? rows[k] : 8 - rows[k];
      const double gradient = k == x ? n * (p - 1) : n * p;
      weight[k] = p * std::exp(-gradient / (n * 2 * p * (1 - p) + 1));
      sum += weight[k];
    }
    std::vector<float> row(3);
    row[x] = 1;
    const std::vector<float> got = score(*model, row);
    for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(got[k], weight[k] / sum, 1e-4) << x << k;
  }
}

TEST(Boost, StepsAndGainsByFormula) {
  EXPECT_DOUBLE_EQ(boost_step(-3, 5, 1), 0.5);
  EXPECT_DOUBLE_EQ(boost_gain(-3, 5, 1), 1.5);
  EXPECT_DOUBLE_EQ(boost_step(0, 0, 1), 0);
}

/// The first cut against every cut of every column, both ways for missing values, by exact sums.
TEST(Boost, FirstCutIsTheBestOfAll) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const std::size_t rows = 2 + random.below(40);
    constexpr std::size_t width = 5;
    std::vector<float> values;
    std::vector<PackedGradient> packed;
    std::vector<double> gradient, curvature;
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t category = random.below(3);
      for (std::size_t c = 0; c < 2; ++c) values.push_back(c == category ? 1.0F : 0.0F);
      for (std::size_t c = 2; c < width; ++c) {
        const auto value = static_cast<float>(random.below(6));
        values.push_back(random.chance(c == 2 ? 0 : 0.3) ? missing : value);
      }
      const auto g = static_cast<std::int32_t>(random.below(60'000)) - 30'000;
      const auto h = static_cast<std::uint32_t>(1 + random.below(60'000));
      packed.push_back(pack_gradient(g, h));
      gradient.push_back(g * 1e-4);
      curvature.push_back(h * 1e-4);
    }
    const Binned binned({values.data(), rows, width}, 1, {});
    BoostOptions options;
    options.depth_max = 1;
    options.learning_rate = 1;
    options.child_weight_min = 3;
    std::vector<float> margins(rows);
    const BoostTree tree = BoostGrower(binned, options).grow(packed, {1e-4, 1e-4}, 2, margins);
    const auto gain_of = [&](const auto& left) {
      double g[2] = {}, h[2] = {};
      for (std::size_t i = 0; i < rows; ++i) {
        g[left(i) ? 0 : 1] += gradient[i];
        h[left(i) ? 0 : 1] += curvature[i];
      }
      if (h[0] < 3 || h[1] < 3) return 0.0;
      return boost_gain(g[0], h[0], 1) + boost_gain(g[1], h[1], 1) -
             boost_gain(g[0] + g[1], h[0] + h[1], 1);
    };
    double best = 0;
    for (std::size_t c = 0; c < width; ++c) {
      for (std::size_t at = 0; at < rows; ++at) {
        const float cut = values[at * width + c];
        for (const bool missing_left : {false, true}) {
          if (std::isnan(cut)) continue;
          best = std::max(best, gain_of([&](std::size_t i) {
                            const float value = values[i * width + c];
                            return std::isnan(value) ? missing_left : value <= cut;
                          }));
        }
      }
    }
    if (tree.nodes.size() == 1) {
      EXPECT_NEAR(best, 0, 1e-6) << "seed " << seed;
      continue;
    }
    const TreeNode& root = tree.nodes[0];
    const auto left = [&](std::size_t i) {
      const float value = values[i * width + root.column()];
      return std::isnan(value) ? root.missing_right() == 0 : value <= root.cut;
    };
    EXPECT_NEAR(gain_of(left), best, 1e-9 * best) << "seed " << seed;
    for (std::size_t i = 0; i < rows; ++i) {
      double g = 0, h = 0;
      for (std::size_t j = 0; j < rows; ++j) {
        if (left(j) != left(i)) continue;
        g += gradient[j];
        h += curvature[j];
      }
      EXPECT_NEAR(margins[i], boost_step(g, h, 1), 1e-5) << "seed " << seed << " row " << i;
    }
  }
}

TEST(Boost, ExplanationsAddUpOnTheLogOdds) {
  for (const std::size_t classes : {2U, 3U}) {
    Sample s = three_classes(4, 3000);
    s.classes = classes;
    for (std::uint16_t& label : s.labels) label = static_cast<std::uint16_t>(label % classes);
    const auto model = fit(s.set(), {{"rounds", "20"}});
    // What is explained of two rows differs by what their log odds differ.
    const auto side = [&](std::size_t i, std::uint16_t k) {
      const std::vector<float> row(s.values.begin() + static_cast<std::ptrdiff_t>(4 * i),
                                   s.values.begin() + static_cast<std::ptrdiff_t>(4 * i + 4));
      const std::vector<float> p = score(*model, row);
      double logs = 0;
      for (const float one : p) logs += std::log(one) / static_cast<double>(classes);
      const double odds =
          classes == 2 ? std::log(p[k] / p[1U - k]) : std::log(static_cast<double>(p[k])) - logs;
      std::vector<float> parts(4);
      model->explain(row, k, parts);
      return odds - static_cast<double>(parts[0] + parts[1] + parts[2] + parts[3]);
    };
    for (std::uint16_t k = 0; k < classes; ++k) {
      for (std::size_t i = 1; i < 100; ++i) EXPECT_NEAR(side(i, k), side(0, k), 2e-4) << i;
    }
  }
}

TEST(Boost, EveryBatchSizeGivesTheSameBits) {
  const Sample s = three_classes(9, 1500);
  const auto model = fit(s.set(), {{"rounds", "10"}});
  std::vector<float> all(1500 * 3);
  model->score(s.set().rows, all);
  for (const std::size_t step : {1U, 7U, 17U, 255U, 257U}) {
    std::vector<float> out(1500 * 3);
    for (std::size_t from = 0; from < 1500; from += step) {
      const std::size_t count = std::min<std::size_t>(step, 1500 - from);
      model->score({s.values.data() + from * 4, count, 4},
                   std::span{out}.subspan(from * 3, count * 3));
    }
    EXPECT_EQ(out, all) << step;
  }
}

TEST(Boost, LargeNodesAreSharedOutWithoutATrace) {
  const Sample s = three_classes(6, 40'000);  // large enough to count a node on several threads
  const auto bytes = [&](unsigned threads) {
    ByteWriter out;
    fit(s.set(), {{"rounds", "2"}, {"depth_max", "4"}, {"patience", "0"}}, threads)->save(out);
    return std::vector<std::byte>(out.bytes().begin(), out.bytes().end());
  };
  EXPECT_EQ(bytes(1), bytes(2));
  EXPECT_EQ(bytes(1), bytes(4));
}

TEST(Boost, StopsEarlyOnNoise) {
  Random random(1);
  Sample s;
  for (int i = 0; i < 3000; ++i) {
    s.values.push_back(static_cast<float>(random.normal()));
    s.labels.push_back(static_cast<std::uint16_t>(random.below(2)));
  }
  const auto rounds = [](const Model& model) { return std::stoi(model.describe()); };
  EXPECT_LT(rounds(*fit(s.set(), {{"learning_rate", "0.3"}})), 50);
  EXPECT_EQ(rounds(*fit(s.set(), {{"rounds", "60"}, {"patience", "0"}})), 60);
}

TEST(Boost, BalancedClassesBeginEven) {
  Sample s;
  s.values.assign(100, 5);
  s.labels.assign(100, 0);
  for (std::size_t i = 0; i < 10; ++i) s.labels[i] = 1;
  EXPECT_NEAR(score(*fit(s.set(), {}), {5})[1], 0.1, 1e-3);
  EXPECT_NEAR(score(*fit(s.set(), {{"class_weight", "balanced"}}), {5})[1], 0.5, 1e-3);
  s.weights.assign(100, 1);
  for (std::size_t i = 0; i < 10; ++i) s.weights[i] = 27;
  EXPECT_NEAR(score(*fit(s.set(), {}), {5})[1], 0.75, 1e-3);
}

TEST(Boost, SubsampleStillLearns) {
  const Sample s = three_classes(5, 3000);
  const auto model = fit(s.set(), {{"subsample", "0.5"}, {"rounds", "30"}}, 3);
  std::size_t right = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    const std::vector<float> row(s.values.begin() + static_cast<std::ptrdiff_t>(4 * i),
                                 s.values.begin() + static_cast<std::ptrdiff_t>(4 * i + 4));
    const std::vector<float> p = score(*model, row);
    right += std::max_element(p.begin(), p.end()) - p.begin() == s.labels[i] ? 1 : 0;
  }
  EXPECT_GT(right, 300U);
}

TEST(Softmax, ExponentialIsCloseAndSumsAreOne) {
  for (float x = 0; x > -80; x -= 0.01F) {
    const double want = std::exp(static_cast<double>(x));
    EXPECT_NEAR(static_cast<double>(exp_of_negative(x)), want, 4e-7 * want) << x;
  }
  EXPECT_EQ(exp_of_negative(0), 1);
  EXPECT_LT(exp_of_negative(-1e30F), 1e-37F);
  Random random(2);
  std::vector<float> margins(3 * softmax_rows);
  for (float& margin : margins) margin = static_cast<float>(random.normal(0, 5));
  const std::vector<float> before = margins;
  softmax(margins.data(), 3);
  for (std::size_t i = 0; i < softmax_rows; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) sum += std::exp(before[k * softmax_rows + i]);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(margins[k * softmax_rows + i], std::exp(before[k * softmax_rows + i]) / sum,
                  1e-6);
    }
  }
}

}  // namespace
}  // namespace vedette
