#include "model/forest.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.hpp"
#include "model/model_test_support.hpp"

namespace vedette {
namespace {

using model_test::Sample;
using model_test::score;
using model_test::Values;

std::unique_ptr<Model> fit(const TrainingSet& set, Values values, std::uint64_t seed = 1) {
  FitOptions options;
  options.values = std::move(values);
  options.seed = seed;
  return model_test::fit(forest_kind, set, std::move(options));
}

Sample noisy(std::uint64_t seed, std::size_t rows) {
  Random random(seed);
  Sample s;
  s.width = 6;
  s.classes = 3;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto label = static_cast<std::uint16_t>(random.below(3));
    s.labels.push_back(random.chance(0.2) ? static_cast<std::uint16_t>(random.below(3)) : label);
    for (std::size_t c = 0; c < 6; ++c) {
      const double mean = c % 3 == label ? 1.5 : 0;
      s.values.push_back(random.chance(0.05) ? std::numeric_limits<float>::quiet_NaN()
                                             : static_cast<float>(random.normal(mean)));
    }
  }
  return s;
}

double accuracy(const Model& model, const Sample& s) {
  std::vector<float> out(s.labels.size() * s.classes);
  model.score(s.set().rows, out);
  std::size_t right = 0;
  for (std::size_t i = 0; i < s.labels.size(); ++i) {
    const auto from = out.begin() + static_cast<std::ptrdiff_t>(i * s.classes);
    const auto top = std::max_element(from, from + static_cast<std::ptrdiff_t>(s.classes));
    right += top - from == s.labels[i] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(s.labels.size());
}

TEST(Forest, BeatsItsFirstTreeAndKnowsHowGoodItIs) {
  const Sample train = noisy(1, 4000);
  const Sample test = noisy(2, 4000);
  const double one = accuracy(*fit(train.set(), {{"trees", "1"}}), test);
  for (const char* style : {"random_forest", "extra_trees"}) {
    const auto forest = fit(train.set(), {{"trees", "60"}, {"style", style}});
    const double all = accuracy(*forest, test);
    EXPECT_GT(all, one + 0.05) << style;
    const std::string text = forest->describe();
    const std::size_t at = text.find("out-of-bag accuracy ");
    EXPECT_EQ(at == std::string::npos, std::string_view(style) == "extra_trees") << text;
    if (at == std::string::npos) continue;
    EXPECT_NEAR(std::stod(text.substr(at + 20)), all, 0.03) << text;
  }
}

/// Votes by hand: two trees, and for each row those that may vote.
TEST(Forest, OnlyTreesThatCountVote) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  ForestParts parts(1, 2);
  GrownTree low{{{1, 0, 1}, {inf, 0, 1}, {inf, 0, 2}}, {0.5F, 0.5F, 1, 0, 0, 1}, {4, 2, 2}};
  GrownTree flat{{{inf, 0, 0}}, {0.25F, 0.75F}, {4}};
  parts.add(low);
  parts.add(flat);
  EXPECT_EQ(parts.answers, (std::vector<float>{1, 0, 0, 1, 0.25F, 0.75F}));
  const Forest forest(std::move(parts));
  struct Row {
    const char* why;
    std::vector<bool> counts;
    float x;
    std::vector<float> votes;
    bool any;
  };
  for (const Row& row : {Row{"both", {true, true}, 0, {1.25F, 0.75F}, true},
                         Row{"the first, right of its cut", {true, false}, 2, {0, 1}, true},
                         Row{"the second", {false, true}, 2, {0.25F, 0.75F}, true},
                         Row{"nobody", {false, false}, 2, {0, 0}, false}}) {
    std::vector<float> votes(2);
    const float x = row.x;
    const auto counts = [&](std::size_t t) -> bool { return row.counts[t]; };
    EXPECT_EQ(forest.vote({&x, 1}, counts, votes), row.any) << row.why;
    EXPECT_EQ(votes, row.votes) << row.why;
  }
  EXPECT_EQ(score(forest, {0}), (std::vector<float>{0.625F, 0.375F}));
  std::vector<float> parts_of(1);
  forest.explain(std::vector<float>{0}, 0, parts_of);  // from 1/2 to 1 in one tree of two
  EXPECT_NEAR(parts_of[0], 0.25, 1e-4);
}

/// One row of the other class among identical ones: a tree that never drew it says so of it.
/// P(never drawn) = (1 - 1/n)^n; its votes are all wrong, those of the others all right.
TEST(Forest, OutOfBagByHand) {
  Sample s;
  s.values.assign(20, 3);
  s.labels.assign(20, 0);
  s.labels[7] = 1;
  const auto forest = fit(s.set(), {{"trees", "200"}});
  EXPECT_NE(forest->describe().find("out-of-bag accuracy 0.9500 on 20 rows"), std::string::npos)
      << forest->describe();
}

TEST(Forest, ExplanationsAddUpToTheAnswer) {
  const Sample s = noisy(3, 2000);
  for (const char* style : {"random_forest", "extra_trees"}) {
    const auto forest = fit(s.set(), {{"trees", "20"}, {"style", style}});
    for (std::uint16_t k = 0; k < 3; ++k) {
      const auto rest = [&](std::size_t i) {
        const std::vector<float> row(s.values.begin() + static_cast<std::ptrdiff_t>(6 * i),
                                     s.values.begin() + static_cast<std::ptrdiff_t>(6 * i + 6));
        std::vector<float> parts(6);
        forest->explain(row, k, parts);
        float sum = 0;
        for (const float part : parts) sum += part;
        return score(*forest, row)[k] - sum;
      };
      for (std::size_t i = 1; i < 30; ++i) EXPECT_NEAR(rest(i), rest(0), 1e-4) << style << i;
    }
  }
}

TEST(Forest, SeedsDiffer) {
  const Sample s = noisy(3, 500);
  const auto bytes = [&](std::uint64_t seed) {
    ByteWriter out;
    fit(s.set(), {{"trees", "3"}}, seed)->save(out);
    return std::vector<std::byte>(out.bytes().begin(), out.bytes().end());
  };
  EXPECT_EQ(bytes(1), bytes(1));
  EXPECT_NE(bytes(1), bytes(2));
}

TEST(Forest, WeightsMoveTheVotes) {
  Sample s;
  s.values.assign(40, 3);
  s.labels.assign(40, 0);
  for (std::size_t i = 0; i < 20; ++i) s.labels[i] = 1;
  s.weights.assign(40, 1);
  for (std::size_t i = 0; i < 20; ++i) s.weights[i] = 9;
  EXPECT_NEAR(score(*fit(s.set(), {{"trees", "300"}}), {3})[1], 0.9, 0.02);
  s.weights.clear();
  for (std::size_t i = 0; i < 16; ++i) s.labels[i] = 0;
  EXPECT_NEAR(score(*fit(s.set(), {{"trees", "300"}, {"class_weight", "balanced"}}), {3})[1], 0.5,
              0.05);
}

}  // namespace
}  // namespace vedette
