/// The four spans of time that "lately" means, and what is counted over them.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vedette {

constexpr std::array<float, 4> horizons{1, 10, 60, 600};  ///< seconds
constexpr std::array<std::string_view, 4> horizon_names{"1s", "10s", "1m", "10m"};
enum Horizon : std::size_t { second, ten_seconds, minute, ten_minutes };

/// A number for each horizon.
using PerHorizon = std::array<float, horizons.size()>;

/// Before every horizon: the time of what never happened. Seconds, as all times of this folder's
/// windows, since an origin that moves along (SourceState).
constexpr float never = -1e30F;

/// Damped counting (AfterImage: Mirsky et al., "Kitsune", NDSS 2018): what happened dt seconds ago
/// weighs 2^(-dt / horizon), so a steady rate r counts to r × horizon / ln 2 and a counter is one
/// float. An event that comes late counts with the weight that it would still have.
struct Ageing {
  PerHorizon decay;   ///< of what is counted already
  PerHorizon weight;  ///< of the new event

  /// The event lies `seconds` after the counters' last one; negative: before it.
  explicit Ageing(float seconds) {
    for (std::size_t h = 0; h < horizons.size(); ++h) {
      const float factor = std::exp2(-std::abs(seconds) / horizons[h]);
      decay[h] = seconds >= 0 ? factor : 1;
      weight[h] = seconds >= 0 ? 1 : factor;
    }
  }
  void count(PerHorizon& counters, float amount) const {
    for (std::size_t h = 0; h < horizons.size(); ++h) {
      counters[h] = counters[h] * decay[h] + weight[h] * amount;
    }
  }
  void count(float& counter, Horizon h, float amount) const {
    counter = counter * decay[h] + weight[h] * amount;
  }
};

/// How many different things happened within each horizon: linear counting (Whang, Vander-Zanden,
/// Taylor, ACM TODS 15(2), 1990) over a table that remembers when each slot was last hit, so that
/// one table answers for every horizon. With m slots and n different things the estimate's relative
/// standard error is √(m (e^t − t − 1)) / n, t = n / m: for 64 slots 9 % at 10, 11 % at 64, 17 % at
/// 192.
/// A full table answers m ln 2m.
template <std::size_t Slots>
class RecentlyDistinct {
 public:
  void hit(std::uint32_t hash, float time) {
    float& last = hits[hash % Slots];
    last = last < time ? time : last;
  }
  PerHorizon count(float now) const {
    PerHorizon out{};
    for (std::size_t h = 0; h < horizons.size(); ++h) {
      out[h] = estimates[hit_since(now - horizons[h])];
    }
    return out;
  }

  std::array<float, Slots> hits = filled();  ///< when each slot was last hit

 private:
  static constexpr std::array<float, Slots> filled() {
    std::array<float, Slots> out{};
    for (float& hit : out) hit = never;
    return out;
  }
  /// By the number of slots hit: a look where a logarithm took a tenth of a record's cost.
  static std::array<float, Slots + 1> make_estimates() {
    std::array<float, Slots + 1> out{};
    constexpr auto slots = static_cast<float>(Slots);
    for (std::size_t hit = 0; hit <= Slots; ++hit) {
      const float free = hit < Slots ? slots - static_cast<float>(hit) : 0.5F;
      out[hit] = slots * std::log(slots / free);
    }
    return out;
  }
  static inline const std::array<float, Slots + 1> estimates = make_estimates();

  std::size_t hit_since(float since) const {
    std::uint32_t hit = 0;
    for (const float last : hits) hit += last > since ? 1 : 0;
    return hit;
  }
};

/// Whether something was met before: two Bloom filters of 256 bits and two hashes. When one holds
/// 32 things, the other is emptied and takes over: at least the last 32 different things are known,
/// and a new one passes for known with a chance of at most 10 %.
class SeenBefore {
 public:
  /// Whether `hash` was new; it is not afterwards.
  bool is_new(std::uint64_t hash) {
    if (has(now, hash)) return false;
    const bool known = has(before, hash);
    if (held == held_max) {
      before = now;
      now = {};
      held = 0;
    }
    ++held;
    for (const unsigned bit : bits_of(hash)) now[bit / 64] |= std::uint64_t{1} << (bit % 64);
    return !known;
  }
  bool knows(std::uint64_t hash) const { return has(now, hash) || has(before, hash); }

  using Bits = std::array<std::uint64_t, 4>;
  static constexpr std::uint32_t held_max = 32;
  Bits now{}, before{};
  std::uint32_t held = 0;  ///< in `now`

 private:
  static std::array<unsigned, 2> bits_of(std::uint64_t hash) {
    return {static_cast<unsigned>(hash >> 32U) % 256, static_cast<unsigned>(hash >> 40U) % 256};
  }
  static bool has(const Bits& set, std::uint64_t hash) {
    bool all = true;
    for (const unsigned bit : bits_of(hash)) all = all && ((set[bit / 64] >> (bit % 64)) & 1U) != 0;
    return all;
  }
};

}  // namespace vedette
