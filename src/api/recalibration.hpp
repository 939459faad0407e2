/// Recalibration: records that users confirmed as benign raise the threshold of that kind of
/// device, slowly. Whoever can press "false alarm" must not be able to teach the service to look
/// away, so a raise has bounds that no number of confirmations moves. Of the room between a
/// threshold and 1
///   - at most 5 % within any 24 hours and 25 % in all, for each kind of device;
///   - only for alerts of at least 10 distinct records, and each alert once;
///   - each raise ends after 30 days, and at once when its confirmation is taken back;
///   - raises belong to a model: another one begins with none.
/// What scores in the upper three quarters of the room alarms whatever was confirmed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace vedette {

/// Time is an input. Not thread-safe.
class Recalibration {
 public:
  static constexpr double day_share_max = 0.05;
  static constexpr double share_max = 0.25;
  static constexpr std::size_t records_min = 10;
  static constexpr std::chrono::days lifetime{30};
  static constexpr std::size_t raises_max = 512;

  struct Raise {
    Time time;
    std::string model;
    std::string device_kind;  ///< "" for devices whose name tells no kind
    std::uint64_t alert = 0;
    std::uint64_t records = 0;  ///< distinct ones of the alert
    double amount = 0;          ///< added to the threshold
    std::string user;
    Time expires() const { return time + lifetime; }
  };
  /// What a user confirmed.
  struct Confirmed {
    std::string model;
    std::string device_kind;
    std::uint64_t alert = 0;
    std::uint64_t records = 0;
    double highest = 0;    ///< score of those records
    double threshold = 0;  ///< of that kind of device, without raises
    std::string user;
  };

  /// @return the raise it led to, which may be smaller than what would silence these records; or
  /// refused with the reason: too few records, a bound is reached, the alert has counted already,
  /// the threshold is above them as it is.
  Result<Raise> confirm(const Confirmed& confirmed, Time now);
  /// The user changed their mind. @return whether there was a raise.
  bool take_back(std::uint64_t alert);
  /// What is to be added to the thresholds of a model's kinds of devices.
  std::map<std::string, double, std::less<>> of(std::string_view model, Time now) const;
  /// Drops what has ended. @return whether there was any.
  bool expire(Time now);
  const std::vector<Raise>& raises() const { return raises_; }

  /// JSON for the store. restore() leaves out what is damaged: at worst a threshold is lower.
  std::string save() const;
  void restore(std::string_view text);

 private:
  double sum_of(std::string_view model, std::string_view kind, Time since, Time now) const;

  std::vector<Raise> raises_;  // by time
};

}  // namespace vedette
