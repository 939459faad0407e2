/// How long to wait before the next attempt to reach a broker.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/random.hpp"

namespace vedette {

/// Pauses 1, 2, 4 … 60 s, each lengthened by up to a quarter (never above 60 s): a fleet that lost
/// its broker in the same second does not come back in the same second.
class Backoff {
 public:
  explicit Backoff(std::uint64_t seed) : random_(seed) {}

  std::chrono::milliseconds next() {
    const double pause = std::min(base_ * random_.uniform(1.0, 1.25), pause_max_ms);
    base_ = std::min(base_ * 2.0, pause_max_ms);
    return std::chrono::milliseconds{static_cast<std::int64_t>(pause)};
  }
  /// The peer answered: the next pause is short again.
  void reset() { base_ = pause_min_ms; }

  static constexpr double pause_min_ms = 1'000;
  static constexpr double pause_max_ms = 60'000;

 private:
  Random random_;
  double base_ = pause_min_ms;
};

}  // namespace vedette
