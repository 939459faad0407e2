/// The working threshold, from scores of benign rows that nothing was fitted on.
#pragma once

#include <string>
#include <vector>

#include "model/model.hpp"

namespace vedette {

/// The smallest threshold at which at most floor(rate × rows) of these benign scores are anomalous
/// (score >= threshold). Equal scores fall on the same side: the threshold is the next float above
/// the highest score that must not alarm, and at most 1: a model must be able to speak, so where
/// too many benign rows score 1 the rate is above the stated one and note_on() says so. Without
/// rows the default of Threshold. REQUIRES: 0 < rate < 1, no NaN.
Threshold calibrate(std::vector<float> benign_scores, double rate);

/// Rows needed before a rate can be shown at all: with fewer, not even one false alarm is allowed
/// and the threshold is just above the highest score seen.
std::size_t benign_rows_needed(double rate);

/// What to tell the user about this threshold; empty when there is nothing to say.
std::string note_on(const Threshold& threshold, double rate);

}  // namespace vedette
