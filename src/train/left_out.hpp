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
#include <string>
#include <vector>

#include "train/prepared.hpp"

namespace vedette {

/// A model and a threshold, both from training rows alone.
struct LeftOutModel {
  std::unique_ptr<Model> model;
  Certified threshold;
  std::string decided_by;          ///< the capture whose benign rows gave it; "": a default
  std::uint64_t dropped_rows = 0;  ///< benign in name, not trained on: LeaveOutOptions
  double fit_seconds = 0;          ///< of the model alone
};

/// REQUIRES: `prepared` is of a fold of leave-one-capture-out. @return as the fit of the kind.
Result<LeftOutModel> fit_left_out(const Dataset& dataset, const ModelKind& kind,
                                  const Prepared& prepared, const TrainOptions& options,
                                  const FitOptions& fit);

/// Figures of the capture that was left out.
CaptureFigures figures_of_capture(const Dataset& dataset, const Prepared& prepared,
                                  const LeftOutModel& fitted, const Answers& answers,
                                  const TrainOptions& options);

}  // namespace vedette
