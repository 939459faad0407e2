/// What a fitted model's calibration is filled with: scores of rows that it was not fitted on.
#pragma once

#include <span>
#include <vector>

#include "model/model.hpp"
#include "train/alert_count.hpp"
#include "train/prepared.hpp"

namespace vedette {

/// `scored` are benign records, `attacks` the scores of others. Alerts are counted when the records
/// stand in the order of time with none in between left out (`alerts_count`); a sample of them
/// raises another number. `names` are those Scored::attack points into.
Calibration calibration_of(const Dataset& dataset, std::vector<Scored> benign,
                           std::vector<float> attacks, std::span<const std::string> names,
                           bool alerts_count);

/// Positions of the test rows, parted in two halves of each class: one to calibrate on, the other
/// to measure rates on. For a split by time or capture the first half of each capture's time is
/// calibrated on; else they are drawn by the seed of the split. The odd row is measured on.
struct Halves {
  std::vector<std::uint32_t> calibration, evaluation;
};
Halves halve(const Dataset& dataset, const Prepared& prepared, const SplitOptions& split);
/// Whether that split leaves stretches of traffic whole.
bool keeps_time(const SplitOptions& split);

/// The calibration half, as what calibration_of() takes.
Calibration calibrate_on(const Dataset& dataset, const Prepared& prepared, const Answers& answers,
                         std::span<const std::uint32_t> positions, const SplitOptions& split);

}  // namespace vedette
