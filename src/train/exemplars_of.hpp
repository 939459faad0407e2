/// Which training rows travel in the model file to be shown beside alerts.
#pragma once

#include <cstdint>

#include "train/prepared.hpp"

namespace vedette {

/// Exemplars::room() rows drawn by `seed`, shared evenly among the labels; what a rare label leaves
/// over goes to the others. Equal rows of a label are taken once: half of a flood is one row.
Exemplars exemplars_of(const Dataset& dataset, const Prepared& prepared, std::uint64_t seed);

}  // namespace vedette
