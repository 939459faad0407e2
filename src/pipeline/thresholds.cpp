/// From what the user wants of alarms to thresholds, and what may honestly be said of them.
#include <fmt/format.h>

#include "base/expects.hpp"
#include "pipeline/pipeline.hpp"
#include "record/device_kind.hpp"

namespace vedette {

float Thresholds::of(std::string_view device) const {
  if (by_kind.empty()) return overall;
  const auto found = by_kind.find(device_kind(device));
  return found == by_kind.end() ? overall : found->second;
}

namespace {

void choose_by_rate(const Calibration& calibration, ThresholdChoice& out) {
  const double rate = out.target.false_positive_rate;
  const Certified overall = calibration.threshold(rate);
  out.thresholds.overall = overall.value;
  out.kept = overall.kept;
  out.guarantee = note_on(overall);
  for (const std::string_view kind : calibration.kinds()) {
    const Certified own = calibration.threshold(rate, kind);
    if (own.device_kind != kind) continue;
    out.thresholds.by_kind.emplace(kind, own.value);
    if (out.kept && !own.kept) out.guarantee = note_on(own);
    out.kept = out.kept && own.kept;
    out.kinds.emplace(kind, own);
  }
}

void choose_by_budget(const Calibration& calibration, double devices, ThresholdChoice& out) {
  const double budget = out.target.alerts_per_day;
  const auto found = calibration.threshold_for_budget(budget, devices);
  if (!found) {
    out.kept = false;
    out.guarantee = fmt::format(
        "{} alerts a day cannot be promised: the model was not calibrated on benign records in "
        "the order of time, so its alerts could not be counted; it works at its own threshold",
        budget);
    return;
  }
  out.thresholds.overall = found->value;
  out.kept = found->kept;
  const Interval& day = found->expected.alerts_in_a_day;
  out.guarantee = fmt::format(
      "{}on {} devices {:.2f} alerts are expected on a benign day, {:.0f} to {:.0f} on 99 of 100 "
      "days; counted over {:.1f} device-days of benign records",
      found->kept
          ? ""
          : fmt::format("{} alerts a day cannot be kept at any threshold counted: ", budget),
      devices, found->expected.alerts_per_day, day.low, day.high, calibration.device_days());
}

}  // namespace

ThresholdChoice choose_thresholds(const Detector& detector, const AlarmTarget& target,
                                  double devices) {
  expects(devices > 0, "thresholds are chosen for at least one device");
  const Calibration& calibration = detector.calibration();
  ThresholdChoice out;
  out.target = target;
  out.thresholds.overall = detector.file().threshold.value;
  out.benign_records = calibration.records();
  const bool asked = target.false_positive_rate > 0 || target.alerts_per_day > 0;
  if (calibration.empty()) {
    out.kept = !asked;
    out.guarantee =
        "the model's file knows no benign scores: it works at its own threshold, and "
        "nothing can be promised of it";
  } else if (target.false_positive_rate > 0) {
    choose_by_rate(calibration, out);
  } else if (target.alerts_per_day > 0) {
    choose_by_budget(calibration, devices, out);
  } else {
    const auto& own = detector.file().threshold;
    out.guarantee = fmt::format(
        "the threshold its training chose: {:.0f} of {} benign records nothing was fitted on were "
        "at or above it",
        own.false_positive_rate * static_cast<double>(own.benign_rows), own.benign_rows);
  }
  out.recall = calibration.recall_at(out.thresholds.overall);
  out.alerts = calibration.expect(out.thresholds.overall, devices);
  return out;
}

}  // namespace vedette
