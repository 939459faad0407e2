/// guard and autoencoder: what they must notice, and what they must let pass.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/random.hpp"
#include "model/model_test_support.hpp"

namespace vedette {
namespace {

using model_test::fit;
using model_test::Sample;
using model_test::score;

/// Two columns that follow each other; each alone says nothing.
Sample following(std::size_t rows, std::uint64_t seed) {
  Random random(seed);
  Sample sample{{}, {}, 4, 2};
  for (std::size_t i = 0; i < rows; ++i) {
    const double a = random.uniform(-1.7, 1.7);
    const double b = random.uniform(-1.7, 1.7);
    for (const double x : {a, a + random.normal(0, 0.02), b, random.normal()}) {
      sample.values.push_back(static_cast<float>(x));
    }
    sample.labels.push_back(0);
  }
  return sample;
}

TEST(Autoencoder, SeesABrokenRuleBetweenColumns) {
  const Sample sample = following(4000, 1);
  const auto model = fit(autoencoder_kind, sample.set());
  EXPECT_LT(score(*model, {1, 1, 0.3F, 0})[1], 0.1F);
  EXPECT_GT(score(*model, {1, -1, 0.3F, 0})[1], 0.5F);
  std::vector<float> parts(4);
  model->explain(std::vector<float>{1, -1, 0.3F, 0}, 1, parts);
  EXPECT_NEAR(std::accumulate(parts.begin(), parts.end(), 0.0), 1, 1e-5);
  EXPECT_GT(parts[0] + parts[1], 0.8F);
}

/// Benign rows around 0, a known attack around (20, 0), and nothing else.
Sample known_attack(std::size_t rows, std::uint64_t seed) {
  Random random(seed);
  Sample sample{{}, {}, 2, 2};
  for (std::size_t i = 0; i < rows; ++i) {
    const bool attack = random.chance(0.3);
    sample.values.push_back(static_cast<float>(std::round(4 * random.normal(attack ? 20 : 0)) / 4));
    sample.values.push_back(static_cast<float>(random.normal()));
    sample.labels.push_back(attack ? 1 : 0);
  }
  return sample;
}

std::size_t top_of(const std::vector<float>& p) {
  return static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
}

TEST(Guard, NamesWhatItKnowsAndCallsTheRestUnknown) {
  const Sample sample = known_attack(6000, 2);
  for (const char* classifier : {"boost", "forest", "tree"}) {
    for (const char* strange : {"iforest", "hst"}) {
      FitOptions options;
      options.values = {{"classifier", classifier}, {"strange", strange}};
      const auto model = fit(guard_kind, sample.set(), options);
      const std::string name = std::string(classifier) + " " + strange;
      EXPECT_EQ(model->class_count(), 3U);
      EXPECT_EQ(top_of(score(*model, {0, 0})), 0U) << name;
      EXPECT_EQ(top_of(score(*model, {20, 0})), 1U) << name;
      EXPECT_EQ(top_of(score(*model, {-60, 60})), 2U) << name;
    }
  }
}

// Three networks, each quiet around a level of its own. To who has seen them as one, the usual rows
// of a fourth are strange; who has left each out once knows that networks differ.
TEST(Guard, ANetworkOfItsOwnLevelIsNoAttack) {
  const std::uint64_t seed = 6;
  Random random(seed);
  Sample sample{{}, {}, 2, 2};
  const auto add = [&](double level, std::uint32_t capture, bool attack) {
    sample.values.push_back(static_cast<float>(random.normal(attack ? 400 : level)));
    sample.values.push_back(static_cast<float>(random.normal()));
    sample.labels.push_back(attack ? 1 : 0);
    sample.captures.push_back(capture);
  };
  for (std::uint32_t i = 0; i < 12'000; ++i) add(20.0 * (i % 3), i % 3, i % 10 == 0);
  const auto flagged = [&](const TrainingSet& set) {
    FitOptions options;
    options.values = {{"strange", "hst"}};
    const auto model = fit(guard_kind, set, options);
    Random fresh(seed + 1);
    int out = 0;
    for (int i = 0; i < 300; ++i) {
      const std::vector<float> row{static_cast<float>(fresh.normal(60)),
                                   static_cast<float>(fresh.normal())};
      out += score(*model, row)[0] < 0.5F ? 1 : 0;
    }
    EXPECT_GT(score(*model, {400, 0})[1], 0.9F);
    return out;
  };
  TrainingSet as_one = sample.set();
  as_one.captures = {};
  EXPECT_GT(flagged(as_one), 200) << "seed " << seed;
  EXPECT_EQ(flagged(sample.set()), 0) << "seed " << seed;
  TrainingSet short_of_captures = sample.set();
  short_of_captures.captures = short_of_captures.captures.first(7);
  EXPECT_EQ(guard_kind.fit(short_of_captures, {}).error().code, Errc::mismatch);
}

TEST(Guard, FewBenignRowsAreFlagged) {
  const std::uint64_t seed = 3;
  const auto model = fit(guard_kind, known_attack(30'000, seed).set());
  const Sample fresh = known_attack(30'000, seed + 1);
  std::size_t flagged = 0, benign = 0;
  for (std::size_t i = 0; i < fresh.labels.size(); ++i) {
    if (fresh.labels[i] != 0) continue;
    ++benign;
    flagged += top_of(score(*model, {fresh.at(i, 0), fresh.at(i, 1)})) != 0 ? 1 : 0;
  }
  // Two halves at a contamination of 0.001 each, on about 21,000 rows: at most 0.002, and chance.
  EXPECT_LT(static_cast<double>(flagged) / static_cast<double>(benign), 0.004) << "seed " << seed;
}

TEST(Guard, ExplainsByTheHalfThatDecided) {
  const Sample sample = known_attack(4000, 4);
  const auto model = fit(guard_kind, sample.set());
  std::vector<float> attack(2), unknown(2);
  model->explain(std::vector<float>{20, 0}, 1, attack);
  EXPECT_GT(attack[0], std::abs(attack[1]));
  model->explain(std::vector<float>{0, 50}, 2, unknown);
  EXPECT_GT(unknown[1], unknown[0]);
  EXPECT_EQ(model->attribute(std::vector<float>{20, 0}, 1, attack).add, PartsAdd::to_probability);
  EXPECT_GT(attack[0], std::abs(attack[1]));
  EXPECT_EQ(model->attribute(std::vector<float>{0, 50}, 2, unknown).add, PartsAdd::to_strangeness);
  EXPECT_GT(unknown[1], unknown[0]);
  // Of a row that is far out in the second column, benign is doubted by the model of benign rows.
  std::vector<float> benign(2);
  model->explain(std::vector<float>{0, 50}, 0, benign);
  for (std::size_t c = 0; c < 2; ++c) EXPECT_EQ(benign[c], -unknown[c]);
}

TEST(Guard, HandsOptionsToItsHalves) {
  const Sample sample = known_attack(500, 5);
  const std::pair<const char*, const char*> refused[] = {
      {"classifier.colour", "red"}, {"strange.rounds", "5"}, {"colour", "red"}};
  for (const auto& [name, value] : refused) {
    FitOptions options;
    options.values = {{name, value}};
    const auto model = guard_kind.fit(sample.set(), options);
    ASSERT_FALSE(model) << name;
    EXPECT_EQ(model.error().code, Errc::not_found) << name;
  }
  FitOptions options;
  options.values = {{"classifier.trees", "3"}, {"strange.trees", "7"}};
  const auto model = fit(guard_kind, sample.set(), options);
  EXPECT_NE(model->describe().find("7 trees"), std::string::npos) << model->describe();
}

}  // namespace
}  // namespace vedette
