/// Chance and round numbers without libm, so that the same seed gives the same bits everywhere.
/// Inline: a flow takes some ten draws. For fleet/*.cpp only.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace vedette::simulator {

/// splitmix64's finaliser: one to one.
constexpr std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

/// std::floor and std::ceil are calls into libm on a plain x86-64; a conversion is one instruction.
/// REQUIRES: |x| < 2^63.
constexpr double rounded_down(double x) {
  const auto cut = static_cast<double>(static_cast<std::int64_t>(x));
  return cut > x ? cut - 1 : cut;
}
constexpr double rounded_up(double x) {
  const auto cut = static_cast<double>(static_cast<std::int64_t>(x));
  return cut < x ? cut + 1 : cut;
}
constexpr double rounded(double x) {
  return rounded_down(x + 0.5);
}

/// A skewed distribution: half of the draws lie in [low, usual], half in [usual, high], thinning
/// out cubically towards `high`: the long right tails of sizes and durations.
struct Spread {
  double low = 0;
  double usual = 0;
  double high = 0;
};
inline double draw(Random& random, const Spread& spread) {
  const double u = 2.0 * random.uniform() - 1.0;
  if (u < 0) return spread.usual - (spread.usual - spread.low) * u * u;
  return spread.usual + (spread.high - spread.usual) * u * u * u;
}
inline double draw_whole(Random& random, const Spread& spread) {
  return rounded(draw(random, spread));
}
/// Mean 0, deviation 1, never beyond 3.47: four uniforms added (Irwin–Hall).
inline double noise(Random& random) {
  const std::uint64_t bits = random.next();
  const std::uint64_t sum =
      (bits & 0xffffU) + ((bits >> 16U) & 0xffffU) + ((bits >> 32U) & 0xffffU) + (bits >> 48U);
  // Four uniforms on [0, 65535] have mean 131070 and deviation 65536 / sqrt(3) = 37837.2.
  return (static_cast<double>(sum) - 131070.0) / 37837.2;
}
/// Mean 1, in [0, 3): irregular gaps.
inline double irregular(Random& random) {
  const double u = random.uniform();
  return 3.0 * u * u;
}
/// A wave of period 1 between -1 and 1 like sin(2 pi x), made of two parabolas.
constexpr double wave(double x) {
  x -= rounded_down(x);
  return x < 0.5 ? 16.0 * x * (0.5 - x) : -16.0 * (x - 0.5) * (1.0 - x);
}
/// -1 at five in the morning, 1 at five in the afternoon (UTC).
double daily(Time time);
/// Rounded to the microsecond.
constexpr double whole_micros(double seconds) {
  return rounded(seconds * 1e6) / 1e6;
}

/// At least 1 µs, so that time moves on; at most a year, so that it cannot overflow.
constexpr Duration micros_of(double seconds) {
  constexpr double longest = 366.0 * 86'400e6;
  return Duration{static_cast<std::int64_t>(std::clamp(seconds * 1e6, 1.0, longest))};
}
constexpr double seconds_of(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

}  // namespace vedette::simulator
