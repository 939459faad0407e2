/// How a verdict's confidence is kept: in whole percent of doubt, alike in every store, so that a
/// record says the same in each.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace vedette {

/// 0 for a verdict that is sure, 100 for one without a model.
inline std::int64_t doubt_percent(float confidence) {
  return std::lround((1 - std::clamp(confidence, 0.0F, 1.0F)) * 100);
}
inline float confidence_from(std::int64_t doubt) {
  return 1 - static_cast<float>(doubt) / 100;
}

}  // namespace vedette
