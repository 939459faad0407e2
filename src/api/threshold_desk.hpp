/// ThresholdDesk: from what the user wants of alarms, and what users confirmed as benign, to the
/// thresholds the line judges by. Everybody who changes the active detectors goes through here.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/api.hpp"
#include "api/recalibration.hpp"

namespace vedette {

/// The thresholds of one record kind.
struct ThresholdState {
  std::string model;
  ThresholdChoice choice;
  std::map<std::string, double, std::less<>> raises;  ///< by kind of device; in `choice` already
};

/// Thread-safe. What is chosen and confirmed rests in the store's settings.
class ThresholdDesk {
 public:
  /// Chooses at once: what the user set last, else what the configuration says.
  explicit ThresholdDesk(const ApiParts& parts);

  /// The detector judges its kind of record from the next batch on.
  void activate(std::shared_ptr<const Detector> detector);
  /// REQUIRES: at most one of both set. Nothing: what the configuration says. @return what the
  /// store returns.
  Status set_target(std::optional<AlarmTarget> target);
  /// A user said that this alert was a false alarm. @return the raise; refused with the reason.
  Result<Recalibration::Raise> confirm_benign(const Alert& alert, std::string_view user);
  /// They no longer say so. @return whether that changed something.
  bool take_back(const Alert& alert);
  /// Ends raises whose time has come; about once a second.
  void tick();

  AlarmTarget target() const;
  bool target_is_set() const;  ///< by a user; else it is the configuration's
  double devices() const;      ///< that the choice was made for
  std::vector<ThresholdState> states() const;
  std::vector<Recalibration::Raise> raises() const;

 private:
  void choose(DetectorSet set);
  void keep_raises();

  const ApiParts& parts_;
  mutable std::mutex mutex_;
  std::optional<AlarmTarget> set_;
  Recalibration recalibration_;
  double devices_ = 1;
  std::array<ThresholdState, record_kind_count> states_;
};

}  // namespace vedette
