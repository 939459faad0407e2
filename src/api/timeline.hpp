/// Timeline: the counters of the last hour, one sample a second, in memory.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "api/api.hpp"

namespace vedette {

struct Rates {
  double received = 0;
  double verdicts = 0;
  double anomalies = 0;
};

/// What happened between two samples.
struct TimelinePoint {
  Time time;  ///< of the later sample
  std::uint64_t received = 0;
  std::uint64_t verdicts = 0;
  std::uint64_t anomalies = 0;
  std::uint64_t quarantined = 0;
};

/// Thread-safe.
class Timeline {
 public:
  static constexpr std::size_t seconds_max = 3600;

  void sample(Time now, const CountersSnapshot& counters);
  /// Per second over the last five seconds (or what there is); zero before the second sample.
  Rates rates() const;
  /// The last `seconds` points, oldest first.
  std::vector<TimelinePoint> points(std::size_t seconds) const;

 private:
  struct Sample {
    Time time;
    CountersSnapshot counters;
  };
  mutable std::mutex mutex_;
  std::deque<Sample> samples_;
};

}  // namespace vedette
