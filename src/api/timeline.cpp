#include "api/timeline.hpp"

#include <algorithm>

namespace vedette {

void Timeline::sample(Time now, const CountersSnapshot& counters) {
  const std::lock_guard lock{mutex_};
  if (samples_.size() > seconds_max) samples_.pop_front();
  samples_.push_back({now, counters});
}

Rates Timeline::rates() const {
  constexpr std::size_t seconds = 5;
  const std::lock_guard lock{mutex_};
  if (samples_.size() < 2) return {};
  const Sample& last = samples_.back();
  const Sample& first = samples_[samples_.size() - 1 - std::min(seconds, samples_.size() - 1)];
  const double passed = std::chrono::duration<double>(last.time - first.time).count();
  if (passed <= 0) return {};
  const auto per_second = [&](std::uint64_t CountersSnapshot::*which) {
    return static_cast<double>(last.counters.*which - first.counters.*which) / passed;
  };
  return {per_second(&CountersSnapshot::received), per_second(&CountersSnapshot::verdicts),
          per_second(&CountersSnapshot::anomalies)};
}

std::vector<TimelinePoint> Timeline::points(std::size_t seconds) const {
  const std::lock_guard lock{mutex_};
  std::vector<TimelinePoint> points;
  if (samples_.size() < 2) return points;
  const std::size_t count = std::min(seconds, samples_.size() - 1);
  points.reserve(count);
  for (std::size_t i = samples_.size() - count; i < samples_.size(); ++i) {
    const CountersSnapshot& now = samples_[i].counters;
    const CountersSnapshot& before = samples_[i - 1].counters;
    points.push_back({samples_[i].time, now.received - before.received,
                      now.verdicts - before.verdicts, now.anomalies - before.anomalies,
                      now.quarantined - before.quarantined});
  }
  return points;
}

}  // namespace vedette
