/// The smallest change that would have made a record normal.
#pragma once

#include <span>

#include "pipeline/explain.hpp"

namespace vedette {

/// Greedy: in each of at most Explanation::changes_max steps every candidate is set to usual values
/// (the least, the middle, the greatest; of a category another usual choice) and the one after
/// which the score is least is kept; once some bring it below the threshold, the one among them
/// that moves least, counted in usual ranges. First single columns are tried, then whole families
/// ("source_failed_*": a forest that asks four horizons of one thing is not turned by one), then
/// all that is about one thing ("source_*"). Candidates are the `units_max` heaviest.
///
/// What is found was scored: `changes` empty when nothing was, else changed_score < threshold.
/// REQUIRES: scratch as explain() leaves it for this row, with one usual range per column.
constexpr std::size_t units_max = 12;
void find_smallest_change(const Detector& detector, std::span<const float> row, float threshold,
                          ExplainScratch& scratch, Explanation& why);

}  // namespace vedette
