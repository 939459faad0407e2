/// Controls: what a comparison must beat to mean anything, and what becomes of a model that has to
/// do without what it leans on.
#pragma once

#include <string>
#include <vector>

#include "train/prepared.hpp"

namespace vedette {

/// The scores of one control on the test rows of one fold.
struct ControlScores {
  std::string name;
  std::vector<float> scores;
};

/// Three trees, of 20 rows a leaf at least, fitted and tested on the rows of this fold:
/// "ports alone" sees both ports and the protocol, "time alone" the time since the capture began
/// and the time of day, "shuffled labels" all columns under labels dealt at random. What does as
/// well as they do has learned the shortcut (Arp et al.: Dos and Don'ts of Machine Learning in
/// Computer Security, 2022). @return as fit.
Result<std::vector<ControlScores>> run_controls(const Dataset& dataset, const Prepared& prepared,
                                                const TrainOptions& options);

/// The model's kind fitted again without a family of columns, on the same rows: its areas there.
/// Families: "windows", "ports and services", "history", "state", "sizes"; those that the columns
/// have. @return as fit; empty when the test rows are of one side only.
Result<std::vector<Without>> without_families(const ModelKind& kind, const Prepared& prepared,
                                              const FitOptions& fit);

}  // namespace vedette
