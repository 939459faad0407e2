/// AlertCounter: how many alerts a threshold raises on records of a data set, folded by the same
/// AlertFold as in the service and in the order of their own time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "alarm/alarm.hpp"
#include "train/train.hpp"

namespace vedette {

/// One judged record.
struct Scored {
  std::uint32_t record = 0;  ///< index into the data set
  float score = 0;
  std::uint16_t attack = 0;  ///< the class an alert would name, an index into some names
};

struct AlertCount {
  std::uint64_t alerts = 0;
  double dispersion = 1;  ///< variance / mean over the devices' days, at least 1
};

/// Alerts as the service raises them with its default AlarmOptions. Not thread-safe.
class AlertCounter {
 public:
  AlertCounter(const Dataset& dataset, std::vector<Scored> scored,
               std::span<const std::string> names);

  /// Every capture is folded by itself: they come of different networks.
  AlertCount count(float threshold) const;
  /// Each device of each capture counts from its first of these records to its last.
  double device_days() const { return device_days_; }
  std::uint64_t devices() const { return devices_.size(); }
  /// Name and number in the order of the records given, after sorting by capture and time.
  std::span<const Scored> scored() const { return scored_; }
  const std::string& device_of(std::size_t i) const { return devices_[device_[i]].name; }

 private:
  struct Device {
    std::string name;
    Time first, last;
  };
  double dispersion_of(std::vector<std::pair<std::string, std::int64_t>> raised) const;

  const Dataset& dataset_;
  std::vector<Scored> scored_;
  std::vector<std::uint32_t> device_;  // of each
  std::vector<Device> devices_;
  std::vector<std::string> names_;
  double device_days_ = 0;
  double cells_ = 0;  // devices' days, the last of each begun
};

}  // namespace vedette
