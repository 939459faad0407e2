#include "model/svm_platt.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace vedette {

double Sigmoid::operator()(double decision) const {
  const double z = a * decision + b;
  // Either way the exponential cannot overflow.
  return z >= 0 ? std::exp(-z) / (1 + std::exp(-z)) : 1 / (1 + std::exp(z));
}

namespace {

struct Likelihood {
  std::span<const double> decisions, weights;
  std::size_t positives;
  double high, low;  // targets

  double target(std::size_t i) const { return i < positives ? high : low; }
  double loss(double a, double b) const {
    double sum = 0;
    for (std::size_t i = 0; i < decisions.size(); ++i) {
      const double z = decisions[i] * a + b;
      sum += weights[i] * (z >= 0 ? target(i) * z + std::log1p(std::exp(-z))
                                  : (target(i) - 1) * z + std::log1p(std::exp(z)));
    }
    return sum;
  }
};

struct Derivatives {
  double aa, bb, ab, a, b;
};

Derivatives derivatives_of(const Likelihood& of, const Sigmoid& at) {
  constexpr double ridge = 1e-12;  // keeps the Hessian invertible
  Derivatives d{ridge, ridge, 0, 0, 0};
  for (std::size_t i = 0; i < of.decisions.size(); ++i) {
    const double f = of.decisions[i];
    const double p = at(f), q = 1 - p;
    const double curve = of.weights[i] * p * q;
    const double slope = of.weights[i] * (of.target(i) - p);
    d.aa += f * f * curve;
    d.bb += curve;
    d.ab += f * curve;
    d.a += f * slope;
    d.b += slope;
  }
  return d;
}

}  // namespace

Sigmoid fit_sigmoid(std::span<const double> decisions, std::span<const double> weights,
                    std::size_t positives, bool anchored) {
  double plus = 0, minus = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) (i < positives ? plus : minus) += weights[i];
  const Likelihood likelihood{decisions, weights, positives, (plus + 1) / (plus + 2),
                              1 / (minus + 2)};
  Sigmoid at{0, anchored ? 0.0 : std::log((minus + 1) / (plus + 1))};
  double loss = likelihood.loss(at.a, at.b);
  constexpr int rounds_max = 100;
  for (int round = 0; round < rounds_max; ++round) {
    Derivatives d = derivatives_of(likelihood, at);
    if (anchored) d.ab = d.b = 0;
    if (std::abs(d.a) < 1e-5 && std::abs(d.b) < 1e-5) break;
    const double det = d.aa * d.bb - d.ab * d.ab;
    const double step_a = -(d.bb * d.a - d.ab * d.b) / det;
    const double step_b = -(d.aa * d.b - d.ab * d.a) / det;
    const double slope = d.a * step_a + d.b * step_b;
    double size = 1;
    for (; size >= 1e-10; size /= 2) {
      const double tried = likelihood.loss(at.a + size * step_a, at.b + size * step_b);
      if (!(tried < loss + 1e-4 * size * slope)) continue;
      at = {at.a + size * step_a, at.b + size * step_b};
      loss = tried;
      break;
    }
    if (size < 1e-10) break;
  }
  return at;
}

/// The minimum fulfils Q p = c (1 … 1)ᵀ with Q_ii = Σ r_ji², Q_ij = -r_ji r_ij. Q is positive
/// definite for r within (0, 1) and the solution has no negative entry (theorem 2 there); it is
/// found by elimination in k³ / 3 steps, with at most 256 classes. Rounding is mended at the end.
void couple(const double* pairwise, std::size_t k, double* p, double* scratch) {
  double* q = scratch;
  const auto r = [&](std::size_t i, std::size_t j) { return pairwise[i * k + j]; };
  double largest = 0;
  for (std::size_t i = 0; i < k; ++i) {
    q[i * k + i] = 0;
    for (std::size_t j = 0; j < k; ++j) {
      if (j == i) continue;
      q[i * k + i] += r(j, i) * r(j, i);
      q[i * k + j] = -r(j, i) * r(i, j);
    }
    largest = std::max(largest, q[i * k + i]);
    p[i] = 1;
  }
  for (std::size_t i = 0; i < k; ++i) {
    // Two classes that both lose all: the pivot is rounding. It stays positive.
    const double pivot = std::max(q[i * k + i], 1e-15 * largest + 1e-300);
    q[i * k + i] = pivot;
    for (std::size_t j = i + 1; j < k; ++j) {
      const double factor = q[j * k + i] / pivot;
      for (std::size_t c = i; c < k; ++c) q[j * k + c] -= factor * q[i * k + c];
      p[j] -= factor * p[i];
    }
  }
  double sum = 0;
  for (std::size_t i = k; i-- > 0;) {
    for (std::size_t c = i + 1; c < k; ++c) p[i] -= q[i * k + c] * p[c];
    p[i] /= q[i * k + i];
  }
  // All off-diagonal entries are negative or zero, so nothing cancels: every p is positive.
  for (std::size_t i = 0; i < k; ++i) sum += p[i];
  const bool sound = sum > 0 && std::isfinite(sum);
  for (std::size_t i = 0; i < k; ++i) p[i] = sound ? p[i] / sum : 1 / static_cast<double>(k);
}

}  // namespace vedette
