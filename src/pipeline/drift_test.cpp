#include "pipeline/drift.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hpp"

namespace vedette {
namespace {

/// Scores as models give them: most near 0, a tail, and runs in which neighbours are alike.
class Scores {
 public:
  explicit Scores(std::uint64_t seed) : random_(seed) {}
  float next(double shift) {
    if (random_.chance(0.02)) mood_ = random_.uniform();
    const double x = random_.uniform();
    return static_cast<float>(std::min(1.0, 0.1 * x * x + 0.05 * mood_ + shift));
  }

 private:
  Random random_;
  double mood_ = 0.5;
};

TEST(Adwin, KeepsItsWindowWhileNothingChanges) {
  const std::uint64_t seed = 4;
  int cuts = 0;
  for (std::uint64_t run = 0; run < 50; ++run) {
    Random random(seed + run);
    Adwin window;
    for (int i = 0; i < 4000; ++i) cuts += window.add(random.uniform()) ? 1 : 0;
  }
  // 50 runs of 500 looks each; delta bounds one look by 0.002 and is known to be loose.
  EXPECT_LE(cuts, 2) << "seed " << seed;
}

TEST(Adwin, CutsWhereTheMeanMovedAndSaysFromWhatToWhat) {
  Random random(6);
  Adwin window;
  for (int i = 0; i < 2000; ++i) ASSERT_FALSE(window.add(0.2 + 0.1 * random.uniform())) << i;
  EXPECT_EQ(window.size(), 2000U);
  int needed = 0;
  std::optional<Adwin::Cut> cut;
  while (!cut && needed < 500) {
    cut = window.add(0.4 + 0.1 * random.uniform());
    ++needed;
  }
  ASSERT_TRUE(cut);
  EXPECT_LE(needed, 40);
  EXPECT_NEAR(cut->before, 0.25, 0.02);
  for (int i = 0; i < 2000; ++i) window.add(0.4 + 0.1 * random.uniform());
  EXPECT_NEAR(window.mean(), 0.45, 0.01) << "the old part has left";
  EXPECT_LE(window.size(), 2100U);
}

struct Nothing final : Model {
  std::string_view kind() const override { return "nothing"; }
  std::size_t width() const override { return 4; }
  std::size_t class_count() const override { return 2; }
  void score(Rows, std::span<float>) const override {}
  void explain(std::span<const float>, std::uint16_t, std::span<float>) const override {}
  std::string describe() const override { return ""; }
  void save(ByteWriter&) const override {}
};

/// A detector of readings with the usual ranges [0, 6].
std::shared_ptr<const Detector> detector() {
  const auto features = with_usual(*make_series_features(), std::vector<UsualRange>(4, {0, 6}));
  ByteWriter bytes;
  features->save(bytes);
  ModelFile file;
  file.id = "nothing-0";
  file.classes = {"Benign", "level"};
  file.schema = features->schema();
  file.features.assign(bytes.bytes().begin(), bytes.bytes().end());
  file.model = std::make_shared<Nothing>();
  auto made = Detector::make(std::move(file));
  return made ? *made : nullptr;
}

Verdict scored(float score) {
  Verdict verdict;
  verdict.score = score;
  verdict.anomalous = score >= 0.5F;
  return verdict;
}

TEST(Drift, StationaryTrafficGivesNoNotice) {
  const auto judge = detector();
  ASSERT_NE(judge, nullptr);
  const std::uint64_t seed = 11;
  std::uint64_t notices = 0;
  for (std::uint64_t run = 0; run < 20; ++run) {
    Scores scores(seed + run);
    Random random(seed + run);
    DriftWatch watch;
    for (int i = 0; i < 100'000; ++i) {
      const std::array<float, 4> row{static_cast<float>(6 * random.uniform()), 0, 0,
                                     random.chance(0.01) ? 7.0F : 1.0F};
      watch.watch(*judge, scored(scores.next(0)), row, time_from_micros(i));
    }
    notices += watch.look().notices;
    EXPECT_EQ(watch.look().drifted_columns, 0U);
  }
  EXPECT_EQ(notices, 0U) << "in two million records, seed " << seed;
}

TEST(Drift, ScoresThatMoveAreTold) {
  const auto judge = detector();
  Scores scores(3);
  DriftWatch watch;
  const std::array<float, 4> row{1, 1, 1, 1};
  std::int64_t i = 0;
  for (; i < 50'000; ++i) watch.watch(*judge, scored(scores.next(0)), row, time_from_micros(i));
  ASSERT_EQ(watch.look().notices, 0U);
  for (; i < 54'000; ++i) watch.watch(*judge, scored(scores.next(0.1)), row, time_from_micros(i));
  const DriftLook look = watch.look();
  EXPECT_EQ(look.notices, 1U);
  ASSERT_TRUE(look.score_before);
  EXPECT_LT(*look.score_before, look.score_mean);
  EXPECT_NE(look.sentence.find("mean score"), std::string::npos) << look.sentence;
  EXPECT_GE(*look.last_notice, time_from_micros(50'000));
}

TEST(Drift, AnAttackIsNoDrift) {
  const auto judge = detector();
  Scores scores(3);
  DriftWatch watch;
  const std::array<float, 4> row{1, 1, 1, 1}, wild{900, 900, 900, 900};
  for (int i = 0; i < 50'000; ++i) {
    const bool attack = i > 25'000 && i % 2 == 0;
    watch.watch(*judge, scored(attack ? 0.9F : scores.next(0)), attack ? wild : row,
                time_from_micros(i));
  }
  EXPECT_EQ(watch.look().notices, 0U);
  EXPECT_EQ(watch.look().drifted_columns, 0U);
}

TEST(Drift, AColumnThatLeavesItsRangeIsNamedOnce) {
  const auto judge = detector();
  DriftWatch watch;
  Random random(5);
  const int sample = static_cast<int>(DriftWatch::sample_size * DriftWatch::sample_every);
  const auto samples = [&](int count, double outside) {
    for (int i = 0; i < count * sample; ++i) {
      const std::array<float, 4> row{1, random.chance(outside) ? 8.0F : 1.0F, 1, 1};
      watch.watch(*judge, scored(0.1F), row, time_from_micros(i));
    }
  };
  samples(2, 0.05);
  EXPECT_EQ(watch.look().notices, 0U) << "5 % outside: index 0.06";
  samples(3, 0.3);
  const DriftLook look = watch.look();
  EXPECT_EQ(look.notices, 1U) << "it is told when it begins, not with every sample";
  EXPECT_EQ(look.drifted_columns, 1U);
  ASSERT_FALSE(look.columns.empty());
  EXPECT_EQ(look.columns[0].column, "step");
  EXPECT_NEAR(look.columns[0].above, 0.3, 0.03);
  EXPECT_NEAR(look.columns[0].index, 0.29 * std::log(30), 0.15);
  samples(1, 0);
  EXPECT_EQ(watch.look().drifted_columns, 0U);
}

}  // namespace
}  // namespace vedette
