/// The parts of svm against closed forms, published examples and slow twins; what every model owes
/// is in tests/conformance.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/random.hpp"
#include "model/model.hpp"
#include "model/svm_kernel.hpp"
#include "model/svm_linear.hpp"
#include "model/svm_model.hpp"
#include "model/svm_platt.hpp"
#include "model/svm_rows.hpp"
#include "model/svm_smo.hpp"

namespace vedette {
namespace {

/// A problem of two classes; the first `positives` rows are +1.
struct Problem {
  LaneRows rows;
  std::size_t positives = 0;
  std::vector<double> bounds;
  std::vector<std::vector<float>> plain;

  void make(std::size_t width) {
    rows = LaneRows(plain.size(), width);
    for (std::size_t i = 0; i < plain.size(); ++i) rows.set(i, plain[i].data());
  }
  double label(std::size_t i) const { return i < positives ? 1 : -1; }
};

double exact_kernel(const std::vector<float>& a, const std::vector<float>& b, double gamma) {
  double sum = 0;
  for (std::size_t c = 0; c < a.size(); ++c) {
    const double off = static_cast<double>(a[c]) - static_cast<double>(b[c]);
    sum += off * off;
  }
  return std::exp(-gamma * sum);
}

Problem random_problem(std::size_t rows, std::uint64_t seed, double apart) {
  Random random(seed);
  Problem problem;
  problem.positives = rows / 3 + 1;
  for (std::size_t i = 0; i < rows; ++i) {
    const double centre = i < problem.positives ? apart : 0;
    problem.plain.push_back({static_cast<float>(random.normal(centre)),
                             static_cast<float>(random.normal(-centre)),
                             static_cast<float>(random.normal())});
    problem.bounds.push_back(random.uniform(0.5, 3));
  }
  problem.make(3);
  return problem;
}

/// min ½ βᵀKβ - yᵀβ over the box and Σβ = 0 by 4000 steps of projected gradient. The projection
/// subtracts the number for which the clipped sum is 0, found by bisection.
double slow_objective(const Problem& problem, double gamma) {
  const std::size_t n = problem.plain.size();
  std::vector<double> k(n * n), beta(n), moved(n);
  for (std::size_t i = 0; i < n * n; ++i) {
    k[i] = exact_kernel(problem.plain[i / n], problem.plain[i % n], gamma);
  }
  const auto clipped = [&](std::size_t i, double value) {
    const double y = problem.label(i);
    return y * std::clamp(y * value, 0.0, problem.bounds[i]);
  };
  const auto gradient = [&](std::size_t i) {
    double sum = -problem.label(i);
    for (std::size_t j = 0; j < n; ++j) sum += k[i * n + j] * beta[j];
    return sum;
  };
  for (int step = 0; step < 4000; ++step) {
    // The largest eigenvalue is at most the trace, n.
    for (std::size_t i = 0; i < n; ++i) moved[i] = beta[i] - gradient(i) / static_cast<double>(n);
    double low = -100, high = 100;
    for (int round = 0; round < 60; ++round) {
      const double middle = (low + high) / 2;
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) sum += clipped(i, moved[i] - middle);
      (sum > 0 ? low : high) = middle;
    }
    for (std::size_t i = 0; i < n; ++i) beta[i] = clipped(i, moved[i] - low);
  }
  double objective = 0;
  for (std::size_t i = 0; i < n; ++i) {
    objective += beta[i] * (gradient(i) - problem.label(i)) / 2;
  }
  return objective;
}

SmoOptions options_with(double gamma, double tolerance = 1e-3) {
  SmoOptions options;
  options.gamma = gamma;
  options.tolerance = tolerance;
  return options;
}

TEST(SvmKernel, RowsAgreeWithTheFormulaAndEachOther) {
  const std::uint64_t seed = 5;
  Random random(seed);
  for (const std::size_t width : {1U, 3U, 24U, 70U}) {
    for (const std::size_t count : {1U, 15U, 16U, 33U, 100U}) {
      std::vector<std::vector<float>> plain;
      LaneRows rows(count, width);
      for (std::size_t i = 0; i < count; ++i) {
        plain.emplace_back();
        for (std::size_t c = 0; c < width; ++c) {
          plain.back().push_back(static_cast<float>(random.normal(0, i % 5 == 0 ? 10 : 1)));
        }
        rows.set(i, plain.back().data());
      }
      const double gamma = 1.0 / static_cast<double>(width);
      std::vector<float> one(LaneRows::padded(count)), part(one.size()), four(one.size() * 4);
      rbf_row(rows, 0, count, plain[0].data(), gamma, one.data());
      EXPECT_EQ(one[0], 1.0F);
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_NEAR(one[i], exact_kernel(plain[0], plain[i], gamma), 1e-6)
            << "seed " << seed << " width " << width << " row " << i;
        rbf_row(rows, 0, count, plain[i].data(), gamma, part.data());
        EXPECT_EQ(part[0], one[i]) << "not symmetric, seed " << seed;
      }
      rbf_row(rows, count / 16 * 16, count, plain[0].data(), gamma, part.data());
      std::vector<float> batch;
      for (std::size_t r = 0; r < 4; ++r) {
        batch.insert(batch.end(), plain[r % count].begin(), plain[r % count].end());
      }
      rbf_rows4(rows, batch.data(), gamma, four.data());
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(four[i * 4], one[i]);
        if (i >= count / 16 * 16) {
          EXPECT_EQ(part[i], one[i]);
        }
      }
    }
  }
}

TEST(SvmKernel, FarRowsAreTinyAndFinite) {
  LaneRows rows(1, 1);
  const float zero = 0;
  rows.set(0, &zero);
  for (const float x : {1e3F, 1e10F, 3e38F, std::numeric_limits<float>::infinity()}) {
    std::vector<float> out(LaneRows::lanes);
    rbf_row(rows, 0, 1, &x, 1, out.data());
    EXPECT_EQ(out[0], 0x1p-126F) << x;
  }
}

TEST(SvmKernel, ScansAgreeWithPlainOnes) {
  const std::uint64_t seed = 11;
  Random random(seed);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (int round = 0; round < 200; ++round) {
    const std::size_t count = 1 + random.below(70);
    const std::size_t size = LaneRows::padded(count);
    std::vector<double> v(size);
    std::vector<float> up(size, -infinity), down(size, infinity), a(size), b(size);
    for (std::size_t i = 0; i < count; ++i) {
      v[i] = static_cast<double>(random.below(8));  // equal values happen
      up[i] = random.chance(0.7) ? 0 : -infinity;
      down[i] = random.chance(0.7) ? 0 : infinity;
      a[i] = static_cast<float>(random.below(4)) / 4;
      b[i] = static_cast<float>(random.below(4)) / 4;
    }
    const SmoView view{count, v.data(), up.data(), down.data()};
    const std::vector<double> before = v;
    const SmoExtremes found = smo_update(view, v.data(), a.data(), b.data(), 0.5);
    SmoExtremes slow{-infinity, infinity, 0};
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(v[i], before[i] - 0.5 * static_cast<double>(a[i] - b[i]));
      if (up[i] == 0 && v[i] > slow.up) slow = {v[i], slow.down, i};
      if (down[i] == 0) slow.down = std::min(slow.down, v[i]);
    }
    EXPECT_EQ(found.up, slow.up) << "seed " << seed << " round " << round;
    EXPECT_EQ(found.down, slow.down) << "seed " << seed << " round " << round;
    if (slow.up > -infinity) {
      EXPECT_EQ(found.at, slow.at) << "seed " << seed << " round " << round;
    }
    EXPECT_EQ(smo_extremes(view).at, found.at);
    double best = 0;
    std::size_t partner = count;
    for (std::size_t i = 0; i < count; ++i) {
      if (down[i] != 0 || v[i] >= 5) continue;
      const double gain = (5 - v[i]) * (5 - v[i]) / (2 - 2 * static_cast<double>(a[i]));
      if (gain > best) best = gain, partner = i;
    }
    EXPECT_EQ(smo_partner(view, 5, a.data()), partner) << "seed " << seed << " round " << round;
  }
}

TEST(SvmKernel, CosinesAndSinesAreThose) {
  std::vector<float> out(16), frequencies(8);
  for (double turns = -3; turns <= 3; turns += 0.01) {
    frequencies[3] = static_cast<float>(turns);
    const float one = 1;
    fourier_features(frequencies.data(), 8, 1, &one, out.data());
    const double angle = 2 * std::numbers::pi * static_cast<double>(frequencies[3]);
    EXPECT_NEAR(out[3], std::cos(angle), 1e-6) << turns;
    EXPECT_NEAR(out[11], std::sin(angle), 1e-6) << turns;
  }
  for (const float wild : {1e7F, -1e12F, 3e38F}) {
    frequencies.assign(8, wild);
    const float ten = 10;
    fourier_features(frequencies.data(), 8, 1, &ten, out.data());
    for (const float x : out) EXPECT_LE(std::abs(x), 1.001F) << wild;
  }
}

TEST(SvmSmo, TwoRowsHaveTheClosedForm) {
  // K = exp(-gamma d²) between them: alpha = 1 / (1 - K) for both unless C is less; no bias.
  for (const double c : {0.4, 100.0}) {
    Problem problem;
    problem.positives = 1;
    problem.plain = {{0}, {1}};
    problem.bounds = {c, c};
    problem.make(1);
    const SmoSolution solution =
        solve_smo(problem.rows, 1, problem.bounds, options_with(0.5, 1e-6));
    const double k = std::exp(-0.5);
    const double alpha = std::min(c, 1 / (1 - k));
    EXPECT_NEAR(solution.beta[0], alpha, 1e-5);
    EXPECT_NEAR(solution.beta[1], -alpha, 1e-5);
    EXPECT_NEAR(solution.bias, 0, 1e-6);
    EXPECT_NEAR(solution.decision[0], alpha * (1 - k), 1e-5);
    EXPECT_NEAR(solution.objective, alpha * alpha * (1 - k) - 2 * alpha, 1e-5);
  }
}

TEST(SvmSmo, AgreesWithProjectedGradient) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    for (const double apart : {0.2, 1.5}) {
      const Problem problem = random_problem(20, seed, apart);
      const SmoSolution solution =
          solve_smo(problem.rows, problem.positives, problem.bounds, options_with(0.5, 1e-5));
      EXPECT_NEAR(solution.objective, slow_objective(problem, 0.5), 1e-4) << "seed " << seed;
      EXPECT_LE(solution.violation, 1e-5);
      double sum = 0;
      for (std::size_t i = 0; i < 20; ++i) {
        sum += solution.beta[i];
        const double alpha = problem.label(i) * solution.beta[i];
        EXPECT_GE(alpha, 0);
        EXPECT_LE(alpha, problem.bounds[i]);
        double decision = solution.bias;
        for (std::size_t j = 0; j < 20; ++j) {
          decision += solution.beta[j] * exact_kernel(problem.plain[i], problem.plain[j], 0.5);
        }
        EXPECT_NEAR(solution.decision[i], decision, 1e-5) << "seed " << seed << " row " << i;
      }
      EXPECT_NEAR(sum, 0, 1e-12);
    }
  }
}

TEST(SvmSmo, MergedRowsAreTheSameProblem) {
  const Problem merged = [] {
    Problem problem = random_problem(60, 7, 0.5);
    for (double& bound : problem.bounds) bound = std::ceil(bound);
    problem.plain[40] = problem.plain[3];  // equal, of the other label
    problem.make(3);
    return problem;
  }();
  Problem apart;
  for (std::size_t i = 0; i < 60; ++i) {
    for (int copy = 0; copy < static_cast<int>(merged.bounds[i]); ++copy) {
      apart.plain.push_back(merged.plain[i]);
      apart.bounds.push_back(1);
    }
    if (i + 1 == merged.positives) apart.positives = apart.plain.size();
  }
  apart.make(3);
  const auto options = options_with(0.3, 1e-5);
  const SmoSolution one = solve_smo(merged.rows, merged.positives, merged.bounds, options);
  const SmoSolution all = solve_smo(apart.rows, apart.positives, apart.bounds, options);
  EXPECT_NEAR(one.objective, all.objective, 1e-4);
  std::size_t at = 0;
  for (std::size_t i = 0; i < 60; ++i) {
    EXPECT_NEAR(one.decision[i], all.decision[at], 1e-3) << i;
    at += static_cast<std::size_t>(merged.bounds[i]);
  }
}

TEST(SvmSmo, ShrinkingFindsTheSameOptimum) {
  const Problem problem = random_problem(3000, 8, 0.4);
  SmoOptions options = options_with(0.5);
  const SmoSolution with = solve_smo(problem.rows, problem.positives, problem.bounds, options);
  options.shrinking = false;
  const SmoSolution without = solve_smo(problem.rows, problem.positives, problem.bounds, options);
  EXPECT_GT(with.iterations, 2000U);  // there was time to shrink
  EXPECT_NEAR(with.objective, without.objective, 1e-3 * std::abs(without.objective));
  for (std::size_t i = 0; i < problem.plain.size(); ++i) {
    EXPECT_NEAR(with.decision[i], without.decision[i], 0.02) << i;
  }
}

TEST(SvmSmo, TheCacheDoesNotChangeABit) {
  const Problem problem = random_problem(2500, 9, 0.4);
  SmoOptions options = options_with(0.5);
  const SmoSolution large = solve_smo(problem.rows, problem.positives, problem.bounds, options);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{50'000}, std::size_t{3'000'000}}) {
    options.cache_bytes = bytes;
    const SmoSolution small = solve_smo(problem.rows, problem.positives, problem.bounds, options);
    EXPECT_EQ(small.beta, large.beta) << bytes;
    EXPECT_EQ(small.decision, large.decision) << bytes;
    EXPECT_EQ(small.bias, large.bias) << bytes;
  }
}

TEST(SvmSmo, LeftOutDecisionsAreNearTheTrueOnes) {
  const Problem problem = random_problem(120, 10, 0.7);
  const auto options = options_with(0.2, 1e-6);
  const SmoSolution whole = solve_smo(problem.rows, problem.positives, problem.bounds, options);
  const std::vector<double> guess = left_out_decisions(
      problem.rows, problem.positives, problem.bounds, problem.bounds, whole, options);
  double error = 0, naive = 0;
  for (std::size_t out = 0; out < 120; ++out) {
    Problem rest = problem;
    rest.plain.erase(rest.plain.begin() + static_cast<std::ptrdiff_t>(out));
    rest.bounds.erase(rest.bounds.begin() + static_cast<std::ptrdiff_t>(out));
    rest.positives -= out < rest.positives ? 1 : 0;
    rest.make(3);
    const SmoSolution without = solve_smo(rest.rows, rest.positives, rest.bounds, options);
    double truth = without.bias;
    for (std::size_t i = 0; i < 119; ++i) {
      truth += without.beta[i] * exact_kernel(rest.plain[i], problem.plain[out], 0.2);
    }
    if (whole.beta[out] == 0) {
      EXPECT_NEAR(guess[out], truth, 1e-4) << "no support vector: nothing changes";
    }
    error += std::abs(guess[out] - truth);
    naive += std::abs(whole.decision[out] - truth);
    EXPECT_LE(problem.label(out) * guess[out], problem.label(out) * whole.decision[out] + 1e-12);
  }
  EXPECT_LT(error, 0.7 * naive) << error / 120 << " against " << naive / 120;
}

TEST(SvmSmo, StopsWhenAsked) {
  const Problem problem = random_problem(500, 3, 0.4);
  std::stop_source source;
  source.request_stop();
  SmoOptions options = options_with(0.5);
  options.stop = source.get_token();
  EXPECT_TRUE(solve_smo(problem.rows, problem.positives, problem.bounds, options).cancelled);
}

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
    fourier_features(frequencies.data(), count, width, a.data(), za.data());
    fourier_features(frequencies.data(), count, width, b.data(), zb.data());
    // Independent frequencies would have a deviation of at most 0.7 / sqrt(2048) = 0.016.
    EXPECT_NEAR(dot(za.data(), zb.data(), 2 * count) / count, exact_kernel(a, b, 0.2), 0.06)
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
      const std::size_t reach = random.chance(0.5) ? 200 : bytes.size();
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
