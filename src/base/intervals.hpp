/// How far a count may lie from what was expected of it, by chance alone.
#pragma once

#include <cstdint>

namespace vedette {

struct Interval {
  double low = 0, high = 0;
};

/// The exact interval of Clopper and Pearson (Biometrika 1934) for the probability behind `hits` of
/// `trials`: it holds the true one with at least this confidence, whatever that is. [0, 1] without
/// trials. REQUIRES: hits <= trials, 0 < confidence < 1.
Interval proportion_interval(std::uint64_t hits, std::uint64_t trials, double confidence = 0.99);

/// What share of `trials` may be hits when each is one with probability `rate`: the binomial band,
/// its ends the quantiles at (1 ∓ confidence) / 2. REQUIRES: trials > 0, 0 <= rate <= 1.
Interval binomial_band(double rate, std::uint64_t trials, double confidence = 0.99);

/// How many events to expect in `ahead` units of time after `events` were counted in `past` units,
/// when they come independently: with the prior of Jeffreys the prediction is negative binomial.
/// `dispersion` says how much more than that the counts vary (variance / mean, at least 1; events
/// come in groups of that size). REQUIRES: past > 0, ahead > 0, dispersion >= 1.
Interval predicted_events(std::uint64_t events, double past, double ahead, double dispersion,
                          double confidence = 0.99);

/// The regularized incomplete beta function: the chance that a Beta(a, b) variable is below x.
/// REQUIRES: a > 0, b > 0, 0 <= x <= 1.
double beta_below(double a, double b, double x);

}  // namespace vedette
