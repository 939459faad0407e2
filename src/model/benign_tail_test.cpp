#include "model/benign_tail.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hpp"

namespace vedette {
namespace {

TEST(BenignTail, CountedSharesAreThoseOfTheRows) {
  // Scores 1 … 99: of 100 chances, (1 + rows as strange) are beyond.
  std::vector<float> scores;
  for (int i = 1; i <= 99; ++i) scores.push_back(static_cast<float>(i));
  const BenignTail tail = BenignTail::fit(scores);
  const std::pair<float, float> facts[] = {{99, 0.02F}, {98, 0.03F}, {97, 0.04F}, {-5, 1}};
  for (const auto& [score, share] : facts)
    EXPECT_FLOAT_EQ(tail.share_beyond(score), share) << score;
  EXPECT_NEAR(tail.share_beyond(50), 0.51, 0.01);
  EXPECT_NEAR(tail.share_beyond(50.5F), 0.505, 0.01);
}

TEST(BenignTail, NeverRisesWithTheScore) {
  const std::uint64_t seed = 7;
  Random random(seed);
  std::vector<float> scores;
  for (int i = 0; i < 5000; ++i)
    scores.push_back(std::round(static_cast<float>(random.normal()) * 8));
  const BenignTail tail = BenignTail::fit(scores);
  float before = 1;
  for (float score = -60; score < 5000; score += 0.25F) {
    const float share = tail.share_beyond(score);
    ASSERT_TRUE(share > 0 && share <= before) << "seed " << seed << " score " << score;
    before = share;
  }
  // Far beyond what was seen rows still differ.
  EXPECT_LT(tail.share_beyond(2000), tail.share_beyond(1000));
}

TEST(BenignTail, HoldsOnRowsNotSeen) {
  const std::uint64_t seed = 11;
  Random random(seed);
  std::vector<float> scores(20'000);
  for (float& score : scores) score = static_cast<float>(random.exponential(1));
  const BenignTail tail = BenignTail::fit(scores);
  // P(exp > x) = e^-x, seen (to 5) and beyond (12: heavier than the truth, by design).
  for (const float x : {1.0F, 3.0F, 5.0F}) {
    EXPECT_NEAR(tail.share_beyond(x) / std::exp(-x), 1, 0.15) << "seed " << seed << " x " << x;
  }
  EXPECT_GT(tail.share_beyond(20), std::exp(-20.0F));
}

TEST(BenignTail, RowsAllAlikeMakeAnythingElseStrange) {
  const BenignTail tail = BenignTail::fit(std::vector<float>(1000, 2.5F));
  EXPECT_EQ(tail.share_beyond(2.5F), 1);
  EXPECT_EQ(tail.share_beyond(2.4F), 1);
  EXPECT_LT(tail.share_beyond(2.6F), 1e-9F);
  EXPECT_GT(tail.share_beyond(1e20F), 0);
}

TEST(BenignTail, TheStrictestHoldsInEveryNetwork) {
  const std::uint64_t seed = 13;
  Random random(seed);
  std::vector<BenignTail> networks;
  for (const double mean : {1.0, 2.0, 0.5}) {
    std::vector<float> scores(3000);
    for (float& score : scores) score = static_cast<float>(random.exponential(mean));
    networks.push_back(BenignTail::fit(std::move(scores)));
  }
  const BenignTail all = BenignTail::strictest(networks);
  float before = 1;
  for (float score = 0; score < 60; score += 0.125F) {
    float most = 0;
    for (const BenignTail& one : networks) most = std::max(most, one.share_beyond(score));
    const float share = all.share_beyond(score);
    // Knots are thinned to shares 13 % apart, and shares are linear between them.
    ASSERT_GE(share, most * 0.85F) << "seed " << seed << " score " << score;
    ASSERT_LE(share, std::min(1.0F, most * 1.3F)) << "seed " << seed << " score " << score;
    ASSERT_LE(share, before);
    before = share;
  }
  EXPECT_EQ(BenignTail::strictest({networks.data(), 1}).share_beyond(100),
            networks[0].share_beyond(100));
}

TEST(BenignTail, BytesComeBack) {
  const BenignTail tail = BenignTail::fit({1, 2, 3, 5, 8, 13});
  ByteWriter out;
  tail.save(out);
  ByteReader in(out.bytes());
  const auto loaded = BenignTail::load(in);
  ASSERT_TRUE(loaded);
  for (const float score : {0.0F, 2.5F, 13.0F, 40.0F}) {
    EXPECT_EQ(loaded->share_beyond(score), tail.share_beyond(score));
  }
}

TEST(BenignTail, HalfLiesWhereTheShareIsTheContamination) {
  EXPECT_FLOAT_EQ(benign_probability(0.001F, 0.001F), 0.5F);
  EXPECT_FLOAT_EQ(benign_probability(1, 0.001F), 1 / 1.001F);
  EXPECT_LT(benign_probability(1e-6F, 0.001F), 0.001F);
}

}  // namespace
}  // namespace vedette
