/// Probabilities, planes and the whole model of svm; what every model owes is in tests/conformance.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/random.hpp"
#include "model/model.hpp"
#include "model/svm_kernel.hpp"
#include "model/svm_linear.hpp"
#include "model/svm_model.hpp"
#include "model/svm_platt.hpp"

namespace vedette {
namespace {

TEST(SvmPlatt, FindsTheSigmoidThatDrewTheLabels) {
  for (const Sigmoid truth : {Sigmoid{-2, 0}, Sigmoid{-0.7, 0.5}, Sigmoid{-3, -1}}) {
    const std::uint64_t seed = 21;
    Random random(seed);
    std::vector<double> plus, minus;
    for (int i = 0; i < 40'000; ++i) {
      const double decision = random.normal(0, 1.5);
      (random.chance(truth(decision)) ? plus : minus).push_back(decision);
    }
    const std::size_t positives = plus.size();
    plus.insert(plus.end(), minus.begin(), minus.end());
    const std::vector<double> weights(plus.size(), 1);
    const Sigmoid found = fit_sigmoid(plus, weights, positives, false);
    EXPECT_NEAR(found.a, truth.a, 0.1) << "seed " << seed;
    EXPECT_NEAR(found.b, truth.b, 0.06) << "seed " << seed;
    const Sigmoid anchored = fit_sigmoid(plus, weights, positives, true);
    EXPECT_EQ(anchored.b, 0);
    EXPECT_EQ(anchored(0), 0.5);
    if (truth.b == 0) {
      EXPECT_NEAR(anchored.a, truth.a, 0.1);
    }
  }
}

TEST(SvmPlatt, WeightsCountAsCopies) {
  const std::vector<double> once{2, 0.5, -0.3, 0.4, -1, -2}, weights{1, 3, 2, 1, 4, 2};
  const std::vector<double> copies{2, 0.5, 0.5, 0.5, -0.3, -0.3, 0.4, -1, -1, -1, -1, -2, -2};
  const Sigmoid a = fit_sigmoid(once, weights, 3, false);
  const Sigmoid b = fit_sigmoid(copies, std::vector<double>(13, 1.0), 6, false);
  EXPECT_NEAR(a.a, b.a, 1e-6);
  EXPECT_NEAR(a.b, b.b, 1e-6);
}

TEST(SvmPlatt, ExtremeDecisionsGiveProbabilities) {
  const Sigmoid sigmoid{-1e18, 1e18};
  for (const double decision : {-1e30, -1.0, 0.0, 1.0, 1e30}) {
    EXPECT_TRUE(sigmoid(decision) >= 0 && sigmoid(decision) <= 1) << decision;
  }
}

std::vector<double> coupled(const std::vector<double>& r, std::size_t k) {
  std::vector<double> p(k), scratch(k * (k + 1));
  couple(r.data(), k, p.data(), scratch.data());
  return p;
}

TEST(SvmPlatt, ConsistentPairsGiveBackTheirProbabilities) {
  const std::vector<double> p{0.6, 0.3, 0.08, 0.02};
  std::vector<double> r(16);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) r[i * 4 + j] = p[i] / (p[i] + p[j]);
  }
  const std::vector<double> found = coupled(r, 4);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(found[i], p[i], 1e-12);
  EXPECT_EQ(coupled({0}, 1), std::vector<double>{1});
  EXPECT_NEAR(coupled({0, 0.7, 0.3, 0}, 2)[0], 0.7, 1e-12);
}

TEST(SvmPlatt, CouplingMinimisesWhatItSays) {
  // Inconsistent pairs: no p near the answer has a smaller sum of (r_ji p_i - r_ij p_j)².
  const std::uint64_t seed = 31;
  Random random(seed);
  for (int round = 0; round < 50; ++round) {
    const std::size_t k = 2 + random.below(5);
    std::vector<double> r(k * k);
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = i + 1; j < k; ++j) {
        r[i * k + j] = random.uniform(0.01, 0.99);
        r[j * k + i] = 1 - r[i * k + j];
      }
    }
    const auto loss = [&](const std::vector<double>& p) {
      double sum = 0;
      for (std::size_t i = 0; i < k; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          const double off = r[j * k + i] * p[i] - r[i * k + j] * p[j];
          sum += off * off;
        }
      }
      return sum;
    };
    const std::vector<double> p = coupled(r, k);
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-12);
    for (int tried = 0; tried < 100; ++tried) {
      std::vector<double> other = p;
      const double move = random.uniform(0, 0.05);
      other[random.below(k)] += move;
      other[random.below(k)] -= move;
      EXPECT_GE(loss(other), loss(p) - 1e-15) << "seed " << seed << " round " << round;
    }
  }
}

TEST(SvmPlatt, CertainContradictionsStayProbabilities) {
  for (const std::size_t k : {3U, 8U, 256U}) {
    std::vector<double> r(k * k);
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = i + 1; j < k; ++j) {  // each beats the next, the last beats the first
        const bool wins = (i + j) % 2 == 1;
        r[i * k + j] = wins ? 1 - pairwise_margin : pairwise_margin;
        r[j * k + i] = 1 - r[i * k + j];
      }
    }
    const std::vector<double> p = coupled(r, k);
    for (const double x : p) EXPECT_TRUE(x >= 0 && x <= 1) << k;
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-9) << k;
  }
}

TEST(SvmLinear, FindsTheMargin) {
  // Two rows at ±1: w = 1, b = 0 solves min ½ w² + ½ b² with both margins met.
  const std::vector<float> data{1, -1};
  const std::vector<std::uint32_t> rows{0, 1};
  const std::vector<double> bounds{10, 10};
  const LinearSolution solution = solve_linear({data.data(), 1, rows}, 1, bounds, Random(1), {});
  EXPECT_TRUE(solution.finished);
  EXPECT_NEAR(solution.weights[0], 1, 1e-3);
  EXPECT_NEAR(solution.bias, 0, 1e-3);
}

TEST(SvmLinear, DualEqualsPrimal) {
  const std::uint64_t seed = 41;
  Random random(seed);
  std::vector<float> data;
  std::vector<std::uint32_t> rows;
  std::vector<double> bounds;
  constexpr std::size_t count = 200, positives = 80, width = 5;
  for (std::uint32_t i = 0; i < count; ++i) {
    for (std::size_t c = 0; c < width; ++c) {
      data.push_back(static_cast<float>(random.normal(i < positives ? 0.5 : 0)));
    }
    rows.push_back(i);
    bounds.push_back(random.uniform(0.1, 2));
  }
  LinearOptions options;
  options.tolerance = 1e-6;
  options.epochs_max = 10'000;
  const LinearSolution at =
      solve_linear({data.data(), width, rows}, positives, bounds, Random(1), options);
  const auto primal = [&](const std::vector<float>& w, double b) {
    double sum = b * b / 2;
    for (const float x : w) sum += static_cast<double>(x) * static_cast<double>(x) / 2;
    for (std::size_t i = 0; i < count; ++i) {
      const double f = dot(w.data(), data.data() + i * width, width) + b;
      sum += bounds[i] * std::max(0.0, 1 - (i < positives ? f : -f));
    }
    return sum;
  };
  const double best = primal(at.weights, at.bias);
  for (int tried = 0; tried < 300; ++tried) {
    std::vector<float> w = at.weights;
    for (float& x : w) x += static_cast<float>(random.normal(0, 0.02));
    EXPECT_GE(primal(w, at.bias + random.normal(0, 0.02)), best - 1e-3) << "seed " << seed;
  }
}

TEST(SvmLinear, RandomFeaturesImitateTheKernel) {
  const std::uint64_t seed = 51;
  Random random(seed);
  constexpr std::size_t width = 6, count = 2048;
  const std::vector<float> frequencies = draw_frequencies(width, count, 0.2, random);
  for (int round = 0; round < 50; ++round) {
    std::vector<float> a, b, za(2 * count), zb(2 * count);
    for (std::size_t c = 0; c < width; ++c) {
      a.push_back(static_cast<float>(random.normal()));
      b.push_back(static_cast<float>(random.normal()));
    }
    double square = 0;
    for (std::size_t c = 0; c < width; ++c) {
      square += std::pow(static_cast<double>(a[c]) - static_cast<double>(b[c]), 2);
    }
    fourier_features(frequencies.data(), count, width, a.data(), za.data());
    fourier_features(frequencies.data(), count, width, b.data(), zb.data());
    // Independent frequencies would have a deviation of at most 0.7 / sqrt(2048) = 0.016.
    EXPECT_NEAR(dot(za.data(), zb.data(), 2 * count) / count, std::exp(-0.2 * square), 0.06)
        << "seed " << seed;
  }
}

/// Rows of two columns.
struct Table {
  std::vector<float> values;
  std::vector<std::uint16_t> labels;
  TrainingSet set(std::size_t classes) const {
    TrainingSet set;
    set.rows = {values.data(), labels.size(), 2};
    set.labels = labels;
    set.classes = {std::string(benign_label)};
    for (std::size_t k = 1; k < classes; ++k) set.classes.push_back("a" + std::to_string(k));
    set.schema.columns = {{"x", ColumnKind::numeric}, {"y", ColumnKind::numeric}};
    return set;
  }
};

/// Two rings: no plane parts them.
Table rings(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  Table table;
  for (std::size_t i = 0; i < count; ++i) {
    const double angle = random.uniform(0, 2 * std::numbers::pi);
    const double radius = (i % 2 == 0 ? 1 : 3) + random.normal(0, 0.2);
    table.values.push_back(static_cast<float>(radius * std::cos(angle)));
    table.values.push_back(static_cast<float>(radius * std::sin(angle)));
    table.labels.push_back(static_cast<std::uint16_t>(i % 2));
  }
  return table;
}

double share_right(const Model& model, const Table& table) {
  std::vector<float> out(table.labels.size() * model.class_count());
  model.score({table.values.data(), table.labels.size(), 2}, out);
  std::size_t right = 0;
  for (std::size_t i = 0; i < table.labels.size(); ++i) {
    right += (out[i * 2] < 0.5F) == (table.labels[i] == 1) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(table.labels.size());
}

std::unique_ptr<Model> fit(const TrainingSet& set,
                           std::map<std::string, std::string, std::less<>> values,
                           unsigned threads = 1) {
  FitOptions options;
  options.values = std::move(values);
  options.threads = threads;
  auto model = svm_kind.fit(set, options);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return model ? std::move(*model) : nullptr;
}

TEST(Svm, KernelsLearnWhatTheyCan) {
  const Table train = rings(1000, 1), test = rings(1000, 2);
  for (const char* kernel : {"auto", "rbf", "features"}) {
    const auto model = fit(train.set(2), {{"kernel", kernel}});
    EXPECT_GT(share_right(*model, test), 0.99) << kernel << ": " << model->describe();
  }
  EXPECT_LT(share_right(*fit(train.set(2), {{"kernel", "linear"}}), test), 0.7);
}

TEST(Svm, EveryKernelIsTheSameForAnyNumberOfThreadsAndSurvivesItsFile) {
  Table train = rings(600, 3);
  for (std::size_t i = 0; i < train.labels.size(); i += 5) train.labels[i] = 2;
  for (const char* kernel : {"rbf", "linear", "features"}) {
    ByteWriter one, three, again;
    const auto model = fit(train.set(4), {{"kernel", kernel}});
    model->save(one);
    fit(train.set(4), {{"kernel", kernel}}, 3)->save(three);
    EXPECT_TRUE(std::ranges::equal(one.bytes(), three.bytes())) << kernel;
    ByteReader in(one.bytes());
    auto loaded = load_svm(in);
    ASSERT_TRUE(loaded) << loaded.error().message;
    (*loaded)->save(again);
    EXPECT_TRUE(std::ranges::equal(one.bytes(), again.bytes())) << kernel;
    EXPECT_EQ((*loaded)->describe(), model->describe());
    const std::uint64_t seed = 61;
    Random random(seed);
    for (int round = 0; round < 2000; ++round) {
      std::vector<std::byte> bytes(one.bytes().begin(), one.bytes().end());
      // The head is 1 % of the bytes; half of the changes go there.
      const std::size_t reach =
          random.chance(0.5) ? std::min<std::size_t>(200, bytes.size()) : bytes.size();
      bytes[random.below(reach)] = static_cast<std::byte>(random.below(256));
      ByteReader damaged(bytes);
      const auto mutant = load_svm(damaged);
      if (!mutant || (*mutant)->width() != 2) continue;
      std::vector<float> p((*mutant)->class_count() * 3), parts(2);
      (*mutant)->score({train.values.data(), 3, 2}, p);
      (*mutant)->explain({train.values.data(), 2}, 1, parts);
      for (const float x : p) {
        EXPECT_TRUE(x >= 0 && x <= 1) << kernel << " seed " << seed << " round " << round;
      }
      for (const float x : parts) EXPECT_TRUE(std::isfinite(x)) << kernel;
    }
  }
}

TEST(Svm, AClassWithoutRowsGetsNothing) {
  const auto model = fit(rings(200, 4).set(4), {});
  std::vector<float> p(4);
  const std::vector<float> row{1, 1};
  model->score({row.data(), 1, 2}, p);
  EXPECT_EQ(p[2] + p[3], 0);
  EXPECT_NEAR(p[0] + p[1], 1, 1e-6);
}

TEST(Svm, ItSaysWhatItChoseAndWhy) {
  Table table = rings(400, 5);
  table.values.insert(table.values.end(), table.values.begin(), table.values.end());
  table.labels.insert(table.labels.end(), table.labels.begin(), table.labels.end());
  const std::string chosen = fit(table.set(2), {})->describe();
  EXPECT_NE(chosen.find("; chosen because 400 distinct rows <= 60,000"), std::string::npos)
      << chosen;
  const std::string asked = fit(table.set(2), {{"kernel", "linear"}})->describe();
  EXPECT_NE(asked.find("; 400 distinct of 800 rows"), std::string::npos) << asked;
  const std::string thinned =
      fit(rings(3000, 6).set(2), {{"kernel", "features"}, {"points_max", "1000"}})->describe();
  EXPECT_NE(thinned.find(", 1,000 of them learned from"), std::string::npos) << thinned;
}

TEST(Svm, CopiesWeighAsMuchAsWeights) {
  Table once = rings(300, 7), twice = once;
  twice.values.insert(twice.values.end(), once.values.begin(), once.values.end());
  twice.labels.insert(twice.labels.end(), once.labels.begin(), once.labels.end());
  const std::vector<float> weights(once.labels.size(), 2.0F);
  TrainingSet weighted = once.set(2);
  weighted.weights = weights;
  const auto a = fit(weighted, {{"tolerance", "1e-6"}});
  const auto b = fit(twice.set(2), {{"tolerance", "1e-6"}});
  std::vector<float> pa(600), pb(600);
  a->score(once.set(2).rows, pa);
  b->score(once.set(2).rows, pb);
  // The machines are equal; the sigmoids see rows of one copy and of two.
  for (std::size_t i = 0; i < 300; ++i) {
    EXPECT_NEAR(pa[i * 2], pb[i * 2], 0.1) << i;
    EXPECT_EQ(pa[i * 2] < 0.5F, pb[i * 2] < 0.5F) << i;
  }
}

TEST(Svm, BalancedClassesAreHeard) {
  // 40 rows of class 1 that overlap with 400 others.
  Random random(71);
  Table table;
  for (std::size_t i = 0; i < 440; ++i) {
    const bool rare = i % 11 == 0;
    table.values.push_back(static_cast<float>(random.normal(rare ? 1.5 : 0)));
    table.values.push_back(static_cast<float>(random.normal()));
    table.labels.push_back(rare ? 1 : 0);
  }
  const auto found = [&](const char* weight) {
    const auto model = fit(table.set(2), {{"class_weight", weight}, {"c", "1"}});
    std::vector<float> out(880);
    model->score(table.set(2).rows, out);
    std::size_t hits = 0;
    for (std::size_t i = 0; i < 440; i += 11) hits += out[i * 2] < 0.5F ? 1 : 0;
    return hits;
  };
  EXPECT_LT(found("none"), 10U);
  EXPECT_GT(found("balanced"), 20U);
}

TEST(Svm, OptionsOutOfRangeAreRefused) {
  const Table table = rings(50, 8);
  for (const auto& [name, value] : {std::pair{"kernel", "poly"},
                                    {"c", "0"},
                                    {"gamma", "-1"},
                                    {"tolerance", "1"},
                                    {"cache_mib", "0"},
                                    {"features", "1"},
                                    {"points_max", "1"},
                                    {"class_weight", "some"}}) {
    FitOptions options;
    options.values = {{name, value}};
    const auto model = svm_kind.fit(table.set(2), options);
    ASSERT_FALSE(model) << name;
    EXPECT_EQ(model.error().code, Errc::out_of_range) << name;
  }
}

}  // namespace
}  // namespace vedette
