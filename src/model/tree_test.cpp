#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.hpp"
#include "model/model_test_support.hpp"
#include "model/tree_bins.hpp"
#include "model/tree_grow.hpp"

namespace vedette {
namespace {

using model_test::Sample;

constexpr float missing = std::numeric_limits<float>::quiet_NaN();

std::unique_ptr<Model> fit(const TrainingSet& set,
                           std::map<std::string, std::string, std::less<>> values) {
  FitOptions options;
  options.values = std::move(values);
  return model_test::fit(tree_kind, set, std::move(options));
}

/// Few values, some missing, three columns that are one category, and rows that weigh differently.
Sample random_sample(Random& random, bool weighted) {
  Sample s;
  s.width = 6;
  s.classes = 3;
  const std::size_t rows = 2 + random.below(30);
  for (std::size_t i = 0; i < rows; ++i) {
    s.labels.push_back(static_cast<std::uint16_t>(random.below(3)));
    if (weighted) s.weights.push_back(static_cast<float>(1 + random.below(16)) / 4);
    const std::size_t category = random.below(4);
    for (std::size_t c = 0; c < 3; ++c) s.values.push_back(c == category ? 1.0F : 0.0F);
    for (std::size_t c = 3; c < 6; ++c) {
      const auto value = static_cast<float>(random.below(5)) + (c == 5 ? s.labels.back() : 0);
      s.values.push_back(random.chance(c == 3 ? 0 : 0.3) ? missing : value);
    }
  }
  return s;
}

/// Impurity times weight of both sides together, or nothing where a side is empty.
double both_sides(const Sample& s, Criterion criterion, const auto& goes_left, std::size_t rows) {
  std::vector<double> side[2] = {std::vector<double>(s.classes), std::vector<double>(s.classes)};
  std::size_t count[2] = {};
  for (std::size_t i = 0; i < s.labels.size(); ++i) {
    const std::size_t which = goes_left(i) ? 0 : 1;
    side[which][s.labels[i]] += s.weights.empty() ? 1.0 : static_cast<double>(s.weights[i]);
    ++count[which];
  }
  if (std::min(count[0], count[1]) < rows) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (const auto& weights : side) {
    double total = 0;
    for (const double weight : weights) total += weight;
    sum += total * impurity(criterion, weights);
  }
  return sum;
}

/// Every column, every value as the cut, both ways for what is missing.
double best_by_force(const Sample& s, Criterion criterion, std::size_t rows) {
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t c = 0; c < s.width; ++c) {
    for (std::size_t at = 0; at < s.labels.size(); ++at) {
      const float cut = s.at(at, c);
      for (const bool missing_left : {false, true}) {
        const auto left = [&](std::size_t i) {
          return std::isnan(s.at(i, c)) ? missing_left : s.at(i, c) <= cut;
        };
        if (!std::isnan(cut)) best = std::min(best, both_sides(s, criterion, left, rows));
      }
    }
  }
  return best;
}

TEST(Tree, FirstQuestionIsTheBestOfAll) {
  for (const bool weighted : {false, true}) {
    for (const Criterion criterion : {Criterion::gini, Criterion::entropy}) {
      for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        Random random(seed);
        const Sample s = random_sample(random, weighted);
        const std::size_t rows = 1 + random.below(3);
        const auto tree =
            fit(s.set(), {{"depth_max", "1"},
                          {"leaf_rows_min", std::to_string(rows)},
                          {"criterion", criterion == Criterion::gini ? "gini" : "entropy"}});
        const std::vector<TreeQuestion> asked = tree->questions();
        double best = best_by_force(s, criterion, rows);
        double got = 0;
        for (const TreeQuestion& q : asked) {
          if (asked.size() > 1 && &q == &asked[0]) continue;
          const std::vector<double> p(q.probabilities.begin(), q.probabilities.end());
          got += q.rows * impurity(criterion, p);
        }
        if (asked.size() == 1) {  // pure, or nothing can be cut: a leaf is as good as it gets
          EXPECT_TRUE(got == 0 || std::isinf(best)) << "seed " << seed;
          continue;
        }
        EXPECT_NEAR(got, best, 1e-5) << "seed " << seed << " weighted " << weighted;
        const auto left = [&](std::size_t i) {
          const float value = s.at(i, asked[0].column);
          return std::isnan(value) ? asked[0].missing_says_yes : value <= asked[0].cut;
        };
        EXPECT_NEAR(both_sides(s, criterion, left, rows), best, 1e-9) << "seed " << seed;
      }
    }
  }
}

TEST(Tree, ImpurityByFormula) {
  struct Row {
    const char* why;
    Criterion criterion;
    std::vector<double> weights;
    double impurity;
  };
  for (const Row& row : {Row{"two bits say which of four", Criterion::entropy, {5, 5, 5, 5}, 2},
                         Row{"pure", Criterion::entropy, {0, 9}, 0},
                         Row{"3/4 and 1/4", Criterion::entropy, {3, 1}, 2 - 0.75 * std::log2(3)},
                         Row{"weights need not be whole", Criterion::entropy, {0.5, 0.5}, 1},
                         Row{"1 - (0.75² + 0.25²)", Criterion::gini, {3, 1}, 0.375},
                         Row{"nobody", Criterion::entropy, {0, 0}, 0}}) {
    EXPECT_NEAR(impurity(row.criterion, row.weights), row.impurity, 1e-12) << row.why;
  }
}

/// x = 1 … 8, labels 0 0 0 0 1 1 1 0: the tree cuts at 4.5 (left pure) and at 7.5. Gini:
/// R(root) = 1 - (25 + 9) / 64 = 0.46875, R(right) = 4/8 · 3/8 = 0.1875, leaves 0. The weakest link
/// is the right node, g = 0.1875; then the root's g is 0.46875 - 0.1875 = 0.28125. Entropy: the
/// same with H(3/8) = 0.954434 and H(1/4) / 2 = 0.405639: 0.405639 and 0.548795.
TEST(Tree, PruningByHand) {
  struct Row {
    const char* criterion;
    const char* alpha;
    std::size_t leaves;
  };
  for (const Row& row :
       {Row{"gini", "0", 3}, Row{"gini", "0.187", 3}, Row{"gini", "0.1875", 2},
        Row{"gini", "0.281", 2}, Row{"gini", "0.282", 1}, Row{"entropy", "0.405", 3},
        Row{"entropy", "0.406", 2}, Row{"entropy", "0.548", 2}, Row{"entropy", "0.549", 1}}) {
    Sample s;
    s.values = {1, 2, 3, 4, 5, 6, 7, 8};
    s.labels = {0, 0, 0, 0, 1, 1, 1, 0};
    const auto leaves = [&] {
      const auto tree = fit(s.set(), {{"criterion", row.criterion}, {"ccp_alpha", row.alpha}});
      return (tree->questions().size() + 1) / 2;
    };
    EXPECT_EQ(leaves(), row.leaves) << row.criterion << " " << row.alpha;
    s.weights.assign(8, 2.5F);  // only shares of the weight count
    EXPECT_EQ(leaves(), row.leaves) << row.criterion << " " << row.alpha;
  }
}

TEST(Tree, PruningKeepsWhatStays) {
  Random random(3);
  Sample s;
  s.width = 2;
  for (int i = 0; i < 4000; ++i) {
    const auto label = static_cast<std::uint16_t>(random.below(2));
    s.labels.push_back(label);
    s.values.push_back(static_cast<float>(random.normal(label)));
    s.values.push_back(static_cast<float>(random.normal()));
  }
  const auto full = fit(s.set(), {{"class_weight", "balanced"}});
  std::size_t before = full->questions().size();
  for (const char* alpha : {"0.00001", "0.0005", "0.005", "1"}) {
    const auto pruned = fit(s.set(), {{"class_weight", "balanced"}, {"ccp_alpha", alpha}});
    const auto questions = pruned->questions();
    EXPECT_LE(questions.size(), before) << alpha;
    EXPECT_EQ(questions[0].rows, 4000);
    before = questions.size();
    for (const TreeQuestion& q : questions) {
      const double below = q.yes == 0 ? q.rows : questions[q.yes].rows + questions[q.no].rows;
      EXPECT_EQ(q.rows, below);
    }
  }
  EXPECT_EQ(before, 1U);
}

TEST(Tree, MissingMayBeTheQuestion) {
  Sample s;
  s.values = {1, 2, 3, missing, missing, missing};
  s.labels = {0, 0, 0, 1, 1, 1};
  const auto tree = fit(s.set(), {});
  EXPECT_EQ(tree->describe(), "depth 1, 2 leaves");
  std::vector<float> out(2 * 3);
  const std::vector<float> rows{1e30F, missing, -5};
  tree->score({rows.data(), 3, 1}, out);
  EXPECT_EQ(out, (std::vector<float>{1, 0, 0, 1, 1, 0}));
}

TEST(Tree, VersionOneAsksForTraining) {
  ByteWriter out;
  out.put(std::uint8_t{1});
  out.put(std::uint32_t{1});
  ByteReader in(out.bytes());
  const auto loaded = tree_kind.load(in);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::unsupported);
  EXPECT_NE(loaded.error().message.find("train it again"), std::string::npos);
}

/// Weights that are all alike change nothing, though they take another way: fixed point, counted
/// apart. Large enough for histograms and subtrees.
TEST(Tree, EqualWeightsGiveTheSameTree) {
  Random random(17);
  Sample s;
  s.width = 5;
  s.classes = 3;
  for (int i = 0; i < 9000; ++i) {
    const auto label = static_cast<std::uint16_t>(random.below(3));
    s.labels.push_back(label);
    const std::size_t category = random.chance(0.5) ? label : random.below(3);
    for (std::size_t c = 0; c < 3; ++c) s.values.push_back(c == category ? 1.0F : 0.0F);
    s.values.push_back(static_cast<float>(random.normal(label)));
    s.values.push_back(random.chance(0.2) ? missing : static_cast<float>(random.normal(label)));
  }
  // Logarithms of fourfold weights round differently, and ties fall differently: 1 for entropy.
  for (const auto& [criterion, weight] : {std::pair{"gini", 4.0F}, std::pair{"entropy", 1.0F}}) {
    s.weights.clear();
    const auto plain = fit(s.set(), {{"criterion", criterion}})->questions();
    s.weights.assign(9000, weight);
    const auto weighted = fit(s.set(), {{"criterion", criterion}})->questions();
    ASSERT_EQ(plain.size(), weighted.size());
    for (std::size_t i = 0; i < plain.size(); ++i) {
      EXPECT_EQ(plain[i].column, weighted[i].column);
      EXPECT_EQ(plain[i].cut, weighted[i].cut);
      EXPECT_EQ(static_cast<double>(weight) * plain[i].rows, weighted[i].rows);
    }
  }
}

TEST(Tree, LargeNodesAreSharedOutWithoutATrace) {
  Random random(23);
  Sample s;
  s.width = 2;
  for (int i = 0; i < 100'000; ++i) {
    const auto label = static_cast<std::uint16_t>(random.below(2));
    s.labels.push_back(label);
    s.weights.push_back(static_cast<float>(random.uniform(0.1, 9)));
    for (int c = 0; c < 2; ++c) s.values.push_back(static_cast<float>(random.normal(label)));
  }
  for (const bool weighted : {false, true}) {
    TrainingSet set = s.set();
    if (!weighted) set.weights = {};
    const auto bytes = [&](unsigned threads) {
      FitOptions options;
      options.threads = threads;
      options.values = {{"depth_max", "6"}};
      ByteWriter out;
      (*tree_kind.fit(set, options))->save(out);
      return std::vector<std::byte>(out.bytes().begin(), out.bytes().end());
    };
    EXPECT_EQ(bytes(1), bytes(3)) << weighted;
  }
}

TEST(FixedWeights, AreExactForPowersOfTwoAndNeverZero) {
  const std::vector<float> weights{0.25F, 3, 1e-30F, 1e6F};
  const FixedWeights fixed = fix_weights(weights);
  EXPECT_EQ(static_cast<double>(fixed.weights[0]) * fixed.unit, 0.25);
  EXPECT_EQ(static_cast<double>(fixed.weights[1]) * fixed.unit, 3);
  EXPECT_EQ(fixed.weights[2], 1U);
  EXPECT_EQ(static_cast<double>(fixed.weights[3]) * fixed.unit, 1e6);
}

TEST(Binned, ExclusiveColumnsShareAByte) {
  // Columns 0, 1, 3 are a category; 2 has three values; 4 overlaps with 0; 5 never varies.
  const std::vector<float> values{1, 0, 7, 0, 1, 9, 0, 1, 8, 0, 0, 9,
                                  0, 0, 9, 1, 0, 9, 0, 0, 7, 0, 1, 9};
  const Binned binned({values.data(), 4, 6}, 1, {});
  ASSERT_EQ(binned.lanes().size(), 3U);
  EXPECT_EQ(binned.lanes()[0].columns, std::vector<std::uint32_t>{2});
  EXPECT_EQ(binned.lanes()[1].columns, (std::vector<std::uint32_t>{0, 1, 3}));
  EXPECT_EQ(binned.lanes()[2].columns, std::vector<std::uint32_t>{4});
  EXPECT_EQ(binned.place(5).lane, Binned::no_lane);
  const std::uint8_t want[4][3] = {{0, 1, 1}, {1, 2, 0}, {2, 3, 0}, {0, 0, 1}};
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t lane = 0; lane < 3; ++lane) {
      EXPECT_EQ(binned.row(i)[lane], want[i][lane]) << i << " " << lane;
    }
  }
}

}  // namespace
}  // namespace vedette
