/// PastReadings: anomalous readings of before, so that an alert can name those most like it.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "feature/feature.hpp"

namespace vedette {

/// The last `kept_max` readings that were explained in full, with the label they were given. A
/// model of readings learned from no records, so that what is like one is found among those judged
/// before. Not saved, and not thread-safe.
class PastReadings {
 public:
  static constexpr std::size_t kept_max = 512;
  /// A device's own readings of so long before belong to the same trouble.
  static constexpr Duration apart = std::chrono::minutes{10};

  void add(const Record& record, std::string_view series, std::string_view label,
           std::span<const float> row);
  /// Replaces `out` by at most `count_max` readings of a value of this name, the nearest first and
  /// of equals the latest. Distance: how much the deviations differ, as a share of the larger,
  /// averaged over those that either has; in [0, 1].
  void nearest(const Record& record, std::string_view series, std::span<const float> row,
               std::size_t count_max, std::vector<Similar>& out) const;

 private:
  struct Past {
    RecordKey key;
    Time time;
    std::string device, series, label;
    std::vector<float> row;
  };
  std::vector<Past> kept_;  // a ring once it is full
  std::size_t next_ = 0;
};

}  // namespace vedette
