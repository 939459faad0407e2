#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <numbers>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "model/model.hpp"
#include "model/model_test_support.hpp"
#include "model/tree_grow.hpp"

namespace vedette {
namespace {

using model_test::fit;
using model_test::Sample;
using model_test::score;

constexpr float missing = std::numeric_limits<float>::quiet_NaN();
/// Made when asked for: the kinds of other files may not be there yet when this one starts.
std::vector<ModelKind> all_kinds() {
  return {tree_kind, bayes_kind, series_kind};
}

TEST(Gini, IsTheChanceThatTwoRowsDiffer) {
  struct Row {
    const char* why;
    std::vector<double> weights;
    double gini;
  };
  for (const Row& row :
       {Row{"k even classes give 1 - 1/k", {3, 3, 3, 3}, 0.75},
        Row{"one class is pure", {7, 0}, 0.0}, Row{"1 - (0.75² + 0.25²)", {3, 1}, 0.375},
        Row{"no rows, no chance", {0, 0}, 0.0}}) {
    EXPECT_DOUBLE_EQ(impurity(Criterion::gini, row.weights), row.gini) << row.why;
  }
}

TEST(Tree, CutsHalfWayBetweenTheClasses) {
  const auto tree = fit(tree_kind, Sample{{1, 2, 10, 11}, {0, 0, 1, 1}}.set());
  EXPECT_EQ(tree->describe(), "depth 1, 2 leaves");
  EXPECT_EQ(score(*tree, {6.0F})[0], 1);  // the cut is (2 + 10) / 2, left includes it
  EXPECT_EQ(score(*tree, {6.001F})[0], 0);
}

TEST(Tree, LearnsExclusiveOrThoughTheFirstCutGainsNothing) {
  Sample data{{0, 0, 0, 1, 1, 0, 1, 1}, {0, 1, 1, 0}, 2};
  const auto tree = fit(tree_kind, data.set());
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(score(*tree, {data.values[2 * i], data.values[2 * i + 1]})[data.labels[i]], 1);
  }
}

TEST(Tree, MissingValuesLearnTheirSide) {
  // Missing rows are attacks like the large ones; then benign like the small ones.
  for (const std::uint16_t like : {std::uint16_t{0}, std::uint16_t{1}}) {
    Sample data{{1, 2, 3, 10, 11, 12, missing, missing}, {0, 0, 0, 1, 1, 1, like, like}};
    const auto tree = fit(tree_kind, data.set());
    EXPECT_EQ(tree->describe(), "depth 1, 2 leaves");
    EXPECT_EQ(score(*tree, {missing})[like], 1);
  }
}

TEST(Tree, LeafRowsAndDepthAreKept) {
  Sample data;
  Random random(7);
  for (int i = 0; i < 500; ++i) {
    data.values.push_back(static_cast<float>(random.uniform()));
    data.labels.push_back(static_cast<std::uint16_t>(random.below(2)));
  }
  FitOptions options;
  options.values = {{"depth_max", "3"}};
  EXPECT_EQ(fit(tree_kind, data.set(), options)->describe().substr(0, 8), "depth 3,");
  options.values = {{"leaf_rows_min", "251"}};
  EXPECT_EQ(fit(tree_kind, data.set(), options)->describe(), "depth 0, 1 leaves");
}

TEST(Tree, BalancedClassesWeighTheSame) {
  Sample data{{1, 1, 1, 1}, {0, 0, 0, 1}};
  FitOptions options;
  EXPECT_EQ(score(*fit(tree_kind, data.set(), options), {1.0F})[1], 0.25F);
  options.values = {{"class_weight", "balanced"}};
  EXPECT_EQ(score(*fit(tree_kind, data.set(), options), {1.0F})[1], 0.5F);
}

TEST(Tree, WeightOfARowCountsLikeThatManyRows) {
  Sample data{{1, 1, 5, 5}, {0, 1, 1, 0}};
  TrainingSet set = data.set();
  const std::vector<float> weights{3, 1, 3, 1};
  set.weights = weights;
  const auto tree = fit(tree_kind, set);
  EXPECT_EQ(score(*tree, {1.0F})[0], 0.75F);
  EXPECT_EQ(score(*tree, {5.0F})[1], 0.75F);
}

TEST(Tree, ExplanationsAddUpToTheAnswer) {
  Sample data{{}, {}, 3, 3};
  Random random(11);
  for (int i = 0; i < 3000; ++i) {
    const auto label = static_cast<std::uint16_t>(random.below(3));
    for (int c = 0; c < 3; ++c) {
      data.values.push_back(static_cast<float>(random.normal(c == label ? 2 : 0)));
    }
    data.labels.push_back(label);
  }
  const auto tree = fit(tree_kind, data.set());
  FitOptions stump;
  stump.values = {{"leaf_rows_min", "3000"}};
  const std::vector<float> prior = score(*fit(tree_kind, data.set(), stump), {0, 0, 0});
  for (std::size_t i = 0; i < 50; ++i) {
    const std::vector<float> row(data.values.begin() + static_cast<std::ptrdiff_t>(3 * i),
                                 data.values.begin() + static_cast<std::ptrdiff_t>(3 * i + 3));
    for (std::uint16_t k = 0; k < 3; ++k) {
      std::vector<float> parts(3);
      tree->explain(row, k, parts);
      EXPECT_NEAR(prior[k] + parts[0] + parts[1] + parts[2], score(*tree, row)[k], 1e-5);
    }
  }
}

FitOptions gaussian_numbers() {
  FitOptions options;
  options.values = {{"numbers", "gaussian"}};
  return options;
}

TEST(Bayes, SharesOfBinsByHand) {
  // Each value is half of all rows: one imagined row a class adds half a row to either bin. So the
  // share of 1 is (3 + 0.5) / (4 + 1) among benign rows and (1 + 0.5) / 5 among attacks.
  const auto bayes =
      fit(bayes_kind, Sample{{1, 1, 1, 2, 2, 2, 2, 1}, {0, 0, 0, 0, 1, 1, 1, 1}}.set());
  EXPECT_NEAR(score(*bayes, {1})[0], 0.7, 1e-6);
  EXPECT_NEAR(score(*bayes, {2})[0], 0.3, 1e-6);
  EXPECT_NEAR(score(*bayes, {-1e30F})[0], 0.7, 1e-6) << "beyond all bins: the outermost";
  std::vector<float> evidence(1);
  bayes->explain(std::vector<float>{1}, 0, evidence);
  EXPECT_NEAR(evidence[0], std::log(7.0 / 3), 1e-6);
}

TEST(Bayes, CategoryIsCountedAsOne) {
  // Columns A and B of one category; benign A 3, B 1, none 1; attack A 1, B 3, none 1. A is 5 of 13
  // with one more of each value: the shares of A are (3 + 5/13) / 6 and (1 + 5/13) / 6.
  Sample data{{1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0},
              {0, 0, 0, 0, 0, 1, 1, 1, 1, 1},
              2};
  data.kind = ColumnKind::categorical;
  const auto bayes = fit(bayes_kind, data.set());
  EXPECT_NEAR(score(*bayes, {1, 0})[1], 18.0 / 62, 1e-6);
  EXPECT_NEAR(score(*bayes, {0, 1})[1], 44.0 / 62, 1e-6);
  EXPECT_NEAR(score(*bayes, {0, 0})[1], 0.5, 1e-6);
}

TEST(Bayes, BinsKnowWhatNoNormalCurveCan) {
  // Benign in the middle and at both ends, attacks between: equal means, equal spreads.
  Sample data;
  Random random(5);
  for (int i = 0; i < 3000; ++i) {
    const double x = random.uniform(-3, 3);
    data.values.push_back(static_cast<float>(x));
    data.labels.push_back(static_cast<int>(std::floor(std::abs(x))) == 1 ? 1 : 0);
  }
  const auto bayes = fit(bayes_kind, data.set());
  EXPECT_GT(score(*bayes, {1.5F})[1], 0.9F);
  EXPECT_GT(score(*bayes, {-1.5F})[1], 0.9F);
  for (const float x : {-2.5F, 0.0F, 2.5F}) EXPECT_LT(score(*bayes, {x})[1], 0.1F) << x;
}

TEST(Bayes, GaussianPosteriorByHand) {
  // Means 1 and 5, both variances 1 (rows at mean ± 1), equal priors: at x the log odds of class 1
  // are ((x - 1)² - (x - 5)²) / 2 = 4x - 12.
  const auto bayes = fit(bayes_kind, Sample{{0, 2, 4, 6}, {0, 0, 1, 1}}.set(), gaussian_numbers());
  for (const float x : {2.0F, 3.0F, 3.5F}) {
    const double odds = 4 * static_cast<double>(x) - 12;
    EXPECT_NEAR(score(*bayes, {x})[1], 1 / (1 + std::exp(-odds)), 1e-6) << x;
  }
}

TEST(Bayes, BernoulliWithLaplaceByHand) {
  // Ones: 1 of 4 benign, 3 of 4 attacks: (1 + 1) / 6 and (3 + 1) / 6, so P(attack | 1) = 2 / 3.
  Sample data{{1, 0, 0, 0, 1, 1, 1, 0}, {0, 0, 0, 0, 1, 1, 1, 1}};
  data.kind = ColumnKind::categorical;
  const auto bayes = fit(bayes_kind, data.set(), gaussian_numbers());
  EXPECT_NEAR(score(*bayes, {1})[1], 2.0 / 3, 1e-6);
  EXPECT_NEAR(score(*bayes, {0})[1], 1.0 / 3, 1e-6);
  std::vector<float> evidence(1);
  bayes->explain(std::vector<float>{1}, 1, evidence);
  EXPECT_NEAR(evidence[0], std::log(2.0), 1e-6);
  data.values[0] = 0.5F;
  EXPECT_EQ(bayes_kind.fit(data.set(), gaussian_numbers()).error().code, Errc::out_of_range);
}

TEST(Bayes, MissingValuesAreSkipped) {
  for (const FitOptions& options : {FitOptions{}, gaussian_numbers()}) {
    const auto bayes =
        fit(bayes_kind, Sample{{0, 2, missing, 4, 6}, {0, 0, 1, 1, 1}}.set(), options);
    EXPECT_NEAR(score(*bayes, {missing})[1], 0.6, 1e-6);  // only the priors speak
  }
}

TEST(Series, HalfAtTheDeviationAndMonotoneBeyond) {
  TrainingSet set;
  set.schema = {RecordKind::reading,
                {{"level", ColumnKind::numeric}, {"gap", ColumnKind::numeric}}};
  const auto series = fit(series_kind, set);
  ASSERT_EQ(series->class_count(), 3U);
  EXPECT_EQ(series_classes(set.schema), (std::vector<std::string>{"Benign", "level", "gap"}));
  EXPECT_EQ(score(*series, {0, 0})[0], 1);
  EXPECT_FLOAT_EQ(score(*series, {6, 0})[1], 0.5F);
  EXPECT_FLOAT_EQ(score(*series, {0, 18})[2], 0.75F);
  EXPECT_EQ(to_score(score(*series, {1, 9})).class_index, 2);
  set.schema.record_kind = RecordKind::flow;
  EXPECT_EQ(series_kind.fit(set, {}).error().code, Errc::mismatch);
}

TEST(Score, IsOneMinusBenignAndNamesTheLikeliestAttack) {
  const std::vector<float> p{0.25F, 0.25F, 0.5F};
  EXPECT_FLOAT_EQ(to_score(p).value, 0.75F);
  EXPECT_EQ(to_score(p).class_index, 2);
}

ModelFile small_file() {
  const Sample data{{1, 2, 10, 11}, {0, 0, 1, 1}};
  ModelFile file;
  file.model = fit(tree_kind, data.set());
  file.classes = data.set().classes;
  file.schema = data.set().schema;
  file.created = "2026-01-01T00:00:00Z";
  file.data_fingerprint = 7;
  file.split = "random 0.8 seed 1";
  file.metrics_json = R"({"accuracy":1})";
  file.threshold = {0.7F, 1e-3, 1000};
  file.features.assign(5, std::byte{9});
  return file;
}

TEST(ModelFile, ComesBackAsItWas) {
  ModelFile file = small_file();
  const auto back = decode_model(encode_model(file), all_kinds());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->id, file.id);
  EXPECT_EQ(file.id.substr(0, 5), "tree-");
  EXPECT_EQ(file.id.size(), 13U);
  EXPECT_EQ(back->created, file.created);
  EXPECT_EQ(back->classes, file.classes);
  EXPECT_EQ(back->schema.fingerprint(), file.schema.fingerprint());
  EXPECT_EQ(back->split, file.split);
  EXPECT_EQ(back->metrics_json, file.metrics_json);
  EXPECT_EQ(back->threshold.value, 0.7F);
  EXPECT_EQ(back->threshold.benign_rows, 1000U);
  EXPECT_EQ(back->features, file.features);
  EXPECT_EQ(score(*back->model, {1}), score(*file.model, {1}));
}

TEST(ModelFile, NoDamagedByteAndNoCutIsAccepted) {
  ModelFile file = small_file();
  const std::vector<std::byte> bytes = encode_model(file);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::vector<std::byte> broken = bytes;
    broken[i] ^= std::byte{0x10};
    EXPECT_FALSE(decode_model(broken, all_kinds())) << "byte " << i;
    EXPECT_FALSE(decode_model(std::span{bytes}.first(i), all_kinds())) << "cut at " << i;
  }
}

/// Whoever forges a file also forges its checksum: the sections must hold on their own.
TEST(ModelFile, ForgedChecksumsDoNotHelp) {
  ModelFile file = small_file();
  const std::vector<std::byte> bytes = encode_model(file);
  const std::uint64_t seed = 20'260;
  Random random(seed);
  std::size_t accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::byte> forged = bytes;
    for (std::uint64_t i = 0; i <= random.below(3); ++i) {
      forged[24 + random.below(forged.size() - 24)] = static_cast<std::byte>(random.below(256));
    }
    const std::uint64_t checksum = hash64(std::span{forged}.subspan(24));
    std::memcpy(forged.data() + 16, &checksum, sizeof checksum);
    const auto loaded = decode_model(forged, all_kinds());
    if (!loaded) continue;
    ++accepted;  // a changed text or number is not damage; scoring must stay sane
    const std::vector<float> p = score(*loaded->model, {5});
    EXPECT_NEAR(p[0] + p[1], 1, 1e-3) << "seed " << seed << " round " << round;
  }
  EXPECT_GT(accepted, 0U);
}

TEST(ModelFile, EachRefusalSaysWhy) {
  ModelFile file = small_file();
  std::vector<std::byte> bytes = encode_model(file);
  const auto text = std::string("id,orig_h,resp_h,duration,bytes");
  EXPECT_EQ(decode_model(std::as_bytes(std::span{text}), all_kinds()).error().code,
            Errc::malformed);
  const auto unknown = decode_model(bytes, std::vector<ModelKind>{bayes_kind, series_kind});
  EXPECT_EQ(unknown.error().code, Errc::unsupported);
  EXPECT_NE(unknown.error().message.find("bayes, series"), std::string::npos);
  std::vector<std::byte> newer = bytes;
  newer[4] = std::byte{9};
  EXPECT_EQ(decode_model(newer, all_kinds()).error().code, Errc::unsupported);
  bytes.back() ^= std::byte{1};
  EXPECT_EQ(decode_model(bytes, all_kinds()).error().code, Errc::corrupt);
}

TEST(ModelFile, ErrorsOfAFileNameItsPath) {
  const auto folder = std::filesystem::path(VEDETTE_BINARY_DIR) / "model_test_files";
  std::filesystem::create_directories(folder);
  ModelFile file = small_file();
  ASSERT_TRUE(save_model(folder / "a.vdm", file));
  const auto loaded = load_model(folder / "a.vdm", all_kinds());
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->id, file.id);
  const auto absent = load_model(folder / "absent.vdm", all_kinds());
  ASSERT_FALSE(absent);
  EXPECT_NE(absent.error().message.find("absent.vdm"), std::string::npos);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace vedette
