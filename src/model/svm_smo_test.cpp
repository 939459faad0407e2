/// The arithmetic and the solver of svm against closed forms and slow twins.
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hpp"
#include "model/svm_kernel.hpp"
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

TEST(SvmKernel, PackedFlagsMeasureTheSameDistance) {
  const std::uint64_t seed = 6;
  Random random(seed);
  for (const std::size_t flags : {1U, 24U, 25U, 60U}) {
    ColumnPacking packing;
    packing.numbers = {0, static_cast<std::uint32_t>(flags + 1)};  // flags lie between
    for (std::uint32_t c = 1; c <= flags; ++c) packing.flags.push_back(c);
    constexpr std::size_t count = 40;
    std::vector<std::vector<float>> plain(count);
    std::vector<float> packed(packing.width()), four;
    LaneRows rows(count, packing.width(), packing.words());
    for (std::size_t i = 0; i < count; ++i) {
      plain[i].push_back(static_cast<float>(random.normal()));
      for (std::size_t f = 0; f < flags; ++f) plain[i].push_back(random.chance(0.4) ? 1.0F : 0.0F);
      plain[i].push_back(static_cast<float>(random.normal()));
      packing.pack(plain[i].data(), packed.data());
      rows.set(i, packed.data());
      if (i < 4) four.insert(four.end(), packed.begin(), packed.end());
    }
    const double gamma = 1.0 / static_cast<double>(flags + 2);
    std::vector<float> out(LaneRows::padded(count)), out4(out.size() * 4);
    rbf_rows4(rows, four.data(), gamma, out4.data());
    for (std::size_t r = 0; r < 4; ++r) {
      rbf_row(rows, 0, count, four.data() + r * packing.width(), gamma, out.data());
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_NEAR(out[i], exact_kernel(plain[r], plain[i], gamma), 1e-6)
            << "seed " << seed << ", " << flags << " flags, row " << i;
        EXPECT_EQ(out4[i * 4 + r], out[i]);
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

}  // namespace
}  // namespace vedette
