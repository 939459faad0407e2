/// Simulated captures beside recorded ones, to train on and never to judge by.
#pragma once

#include "train/train.hpp"

namespace vedette {

/// Their names begin with this.
constexpr std::string_view simulated_prefix = "simulated-";

/// The same records and six simulated captures behind them, some 166,000 flows, always the same:
/// short attacks one after the other, attacks of an hour by few quiet devices, calls once or twice
/// a minute, floods by the thousand, devices in their first minutes, and a day without any attack.
/// Complete captures with right labels are rare, and what a source did lately can be learned of no
/// others. @return too_large.
Result<Dataset> with_simulated(const Dataset& dataset);

}  // namespace vedette
