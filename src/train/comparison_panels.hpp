/// The parts of a comparison's page that say whether its figures can be believed.
#pragma once

#include <string>

#include "train/train.hpp"

namespace vedette::html {

/// Captures left out, calibration, controls, and what is left without families of columns; each
/// when there is something to show.
std::string evaluation_panels(const Comparison& comparison);

}  // namespace vedette::html
