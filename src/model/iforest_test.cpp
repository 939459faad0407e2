/// The isolation forest against its paper and against a twin that counts paths exactly.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "base/random.hpp"
#include "model/mass_trees_model.hpp"
#include "model/model_test_support.hpp"

namespace vedette {
namespace {

using model_test::fit;
using model_test::Sample;

/// A set of benign rows of one class.
Sample benign(std::vector<float> values, std::size_t width) {
  Sample sample{std::move(values), {}, width, 2};
  sample.labels.assign(sample.values.size() / width, 0);
  return sample;
}

FitOptions options_of(std::map<std::string, std::string, std::less<>> values) {
  FitOptions options;
  options.values = std::move(values);
  return options;
}

const BenignModel& as_benign(const Model& model) {
  return dynamic_cast<const BenignModel&>(model);
}

float strangeness(const Model& model, const std::vector<float>& row) {
  float out = 0;
  as_benign(model).strangeness({row.data(), 1, row.size()}, {&out, 1});
  return out;
}

TEST(IForest, AveragePathLengthIsThatOfThePaper) {
  // c(n) = 2 H(n-1) - 2 (n-1) / n with H(i) = ln i + 0.5772156649
  const std::pair<double, double> facts[] = {{0, 0},         {1, 0},          {2, 1},
                                             {3, 1.2073922}, {10, 3.7488808}, {256, 10.244771}};
  for (const auto& [rows, length] : facts) {
    EXPECT_NEAR(average_path_length(rows), length, 1e-6) << rows;
  }
}

/// Exactly: a cut falls into a gap with the chance of its width.
double expected_path(const std::vector<double>& points, std::size_t from, std::size_t to, double x,
                     int depth, int depth_max) {
  const std::size_t rows = to - from;
  if (rows < 2 || depth == depth_max || points[from] == points[to - 1]) {
    return depth + average_path_length(static_cast<double>(rows));
  }
  const double width = points[to - 1] - points[from];
  double sum = 0;
  for (std::size_t i = from; i + 1 < to; ++i) {
    const double gap = points[i + 1] - points[i];
    if (gap == 0) continue;
    const bool left = x <= points[i];
    sum += gap / width *
           (left ? expected_path(points, from, i + 1, x, depth + 1, depth_max)
                 : expected_path(points, i + 1, to, x, depth + 1, depth_max));
  }
  return sum;
}

TEST(IForest, PathsAreThoseOfAnExactTwin) {
  const std::vector<double> points{0, 0.5, 0.6, 0.7, 1, 1.1, 4, 4.5};  // sorted
  const Sample sample = benign({points.begin(), points.end()}, 1);
  const auto model =
      fit(iforest_kind, sample.set(), options_of({{"trees", "1000"}, {"sample", "8"}}));
  for (const double x : points) {
    const double twin = expected_path(points, 0, points.size(), x, 0, 3);
    const double path =
        -static_cast<double>(strangeness(*model, {static_cast<float>(x)})) * average_path_length(8);
    // Paths deviate by about 1 between trees: four deviations of the mean of 1000.
    EXPECT_NEAR(path, twin, 4.0 / std::sqrt(1000)) << x;
  }
}

TEST(IForest, CreditsAddUpToWhatThePathIsShorter) {
  Random random(3);
  std::vector<float> values;
  for (int i = 0; i < 4 * 500; ++i) values.push_back(static_cast<float>(random.normal()));
  const Sample sample = benign(values, 4);
  for (const ModelKind* kind : {&iforest_kind, &hst_kind}) {
    const auto model = fit(*kind, sample.set());
    // What the credits leave over is the same for every row: the worth of the roots.
    std::vector<double> roots;
    for (const float x : {0.0F, 1.0F, -4.0F, 1e6F, std::numeric_limits<float>::quiet_NaN()}) {
      const std::vector<float> row{x, 0, -1, x};
      std::vector<float> parts(4);
      model->explain(row, 1, parts);
      double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
      const auto strange = static_cast<double>(strangeness(*model, row));
      const bool forest = kind == &iforest_kind;
      roots.push_back(forest ? sum - strange : sum + std::exp2(-strange) - 0x1p-10);
      const Attribution claimed = model->attribute(row, 1, parts);
      EXPECT_EQ(claimed.add, forest ? PartsAdd::to_strangeness : PartsAdd::to_nothing);
      if (forest) {
        EXPECT_NEAR(claimed.base + sum, strange, 1e-4);
      }
      std::vector<float> against(4);
      model->explain(row, 0, against);
      for (std::size_t c = 0; c < 4; ++c) EXPECT_EQ(against[c], -parts[c]);
    }
    for (const double root : roots) {
      EXPECT_NEAR(root, roots.front(), 1e-3 * std::abs(roots.front())) << kind->name;
    }
  }
}

TEST(IForest, KnowsWhatIsFarFromWhatIsNear) {
  const std::uint64_t seed = 5;
  Random random(seed);
  std::vector<float> values;
  for (int i = 0; i < 2 * 2000; ++i) values.push_back(static_cast<float>(random.normal()));
  const Sample sample = benign(values, 2);
  for (const ModelKind* kind : {&iforest_kind, &hst_kind, &autoencoder_kind}) {
    const auto model = fit(*kind, sample.set());
    const float middle = model_test::score(*model, {0, 0})[1];
    const float edge = model_test::score(*model, {3.5F, 3.5F})[1];
    const float far = model_test::score(*model, {40, -40})[1];
    EXPECT_LT(middle, 0.02F) << kind->name << " seed " << seed;
    EXPECT_LT(middle, edge) << kind->name << " seed " << seed;
    EXPECT_GT(far, 0.5F) << kind->name << " seed " << seed;
  }
}

TEST(IForest, MissingValuesAreNotStrangeByThemselves) {
  Random random(9);
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) {
    values.push_back(static_cast<float>(random.normal()));
    values.push_back(random.chance(0.3) ? std::numeric_limits<float>::quiet_NaN()
                                        : static_cast<float>(random.normal()));
  }
  const Sample sample = benign(values, 2);
  for (const ModelKind* kind : {&iforest_kind, &hst_kind, &autoencoder_kind}) {
    const auto model = fit(*kind, sample.set());
    const auto p = model_test::score(*model, {0, std::numeric_limits<float>::quiet_NaN()});
    EXPECT_GT(p[0], 0.9F) << kind->name;
  }
}

TEST(IForest, OtherClassesAreNotLearnedFrom) {
  Sample sample = benign({1, 2, 3, 4, 5, 6}, 1);
  const auto alone = fit(iforest_kind, sample.set());
  for (const float attack : {100.0F, 200.0F}) {
    sample.values.push_back(attack);
    sample.labels.push_back(1);
  }
  const auto beside = fit(iforest_kind, sample.set());
  ByteWriter a, b;
  alone->save(a);
  beside->save(b);
  EXPECT_TRUE(std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end()));
}

TEST(Hst, ConstantColumnsNoticeWhatIsNew) {
  Random random(4);
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) {
    values.push_back(static_cast<float>(random.normal()));
    values.push_back(0);
  }
  const Sample sample = benign(values, 2);
  const auto model = fit(hst_kind, sample.set(), options_of({{"trees", "100"}}));
  EXPECT_GT(strangeness(*model, {0, 1}), strangeness(*model, {0, 0}) + 1);
}

TEST(Hst, AWindowForgetsWhatWasBefore) {
  std::vector<float> values(2000, 0.0F);
  Random random(6);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(random.normal(i < 1000 ? 0 : 20, 1));
  }
  const Sample sample = benign(values, 1);
  const auto all = fit(hst_kind, sample.set());
  const auto last = fit(hst_kind, sample.set(), options_of({{"window", "1000"}}));
  EXPECT_LT(strangeness(*all, {0}), 0);
  EXPECT_GT(strangeness(*last, {0}), strangeness(*last, {20}) + 3);
}

}  // namespace
}  // namespace vedette
