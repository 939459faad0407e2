#include "base/intervals.hpp"

#include <algorithm>
#include <cmath>

#include "base/expects.hpp"

namespace vedette {

namespace {

/// The continued fraction of the incomplete beta function (Abramowitz, Stegun 26.5.8), evaluated as
/// Lentz did. Converges in some root(max(a, b)) steps for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  constexpr double close = 1e-14;
  constexpr int steps_max = 100'000;
  const auto away = [](double value) { return std::abs(value) < tiny ? tiny : value; };
  double c = 1;
  double d = 1 / away(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m <= steps_max; ++m) {
    const double n = m;
    for (const double term : {n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)),
                              -(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1))}) {
      d = 1 / away(1 + term * d);
      c = away(1 + term / c);
      fraction *= c * d;
    }
    if (std::abs(c * d - 1) < close) break;
  }
  return fraction;
}

/// Where a rising function of [low, high] crosses `target`.
template <class Rising>
double crossing(double low, double high, double target, const Rising& rising) {
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (rising(middle) < target ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

/// The least whole number k at which a rising chance(k) reaches `target`.
template <class Chance>
double quantile(double target, const Chance& chance) {
  double high = 1;
  while (chance(high) < target && high < 1e15) high *= 2;
  double low = -1;
  while (high - low > 1) {
    const double middle = std::floor((low + high) / 2);
    (chance(middle) < target ? low : high) = middle;
  }
  return high;
}

}  // namespace

double beta_below(double a, double b, double x) {
  expects(a > 0 && b > 0 && x >= 0 && x <= 1,
          "the incomplete beta function is asked within [0, 1]");
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // lgamma writes the global signgam; the arguments are positive, so nobody reads it.
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

Interval proportion_interval(std::uint64_t hits, std::uint64_t trials, double confidence) {
  expects(hits <= trials && confidence > 0 && confidence < 1, "hits are among the trials");
  if (trials == 0) return {0, 1};
  const double tail = (1 - confidence) / 2;
  const auto k = static_cast<double>(hits);
  const auto n = static_cast<double>(trials);
  Interval out{0, 1};
  if (hits > 0) {
    out.low = crossing(0, 1, tail, [&](double x) { return beta_below(k, n - k + 1, x); });
  }
  if (hits < trials) {
    out.high = crossing(0, 1, 1 - tail, [&](double x) { return beta_below(k + 1, n - k, x); });
  }
  return out;
}

Interval binomial_band(double rate, std::uint64_t trials, double confidence) {
  expects(trials > 0 && rate >= 0 && rate <= 1, "a band is of a rate and of some trials");
  const double tail = (1 - confidence) / 2;
  const auto n = static_cast<double>(trials);
  // P(hits <= k) = I_{1 - rate}(n - k, k + 1)
  const auto at_most = [&](double k) { return k >= n ? 1.0 : beta_below(n - k, k + 1, 1 - rate); };
  return {quantile(tail, at_most) / n, quantile(1 - tail, at_most) / n};
}

Interval predicted_events(std::uint64_t events, double past, double ahead, double dispersion,
                          double confidence) {
  expects(past > 0 && ahead > 0 && dispersion >= 1, "a prediction is for some time, after some");
  const double tail = (1 - confidence) / 2;
  // Groups of `dispersion` events come independently.
  const double shape = static_cast<double>(events) / dispersion + 0.5;
  const double share = past / (past + ahead);
  const auto at_most = [&](double k) { return beta_below(shape, k + 1, share); };
  const double low = quantile(tail, at_most);
  const double high = quantile(1 - tail, at_most);
  return {std::floor(low * dispersion), std::ceil(high * dispersion)};
}

}  // namespace vedette
