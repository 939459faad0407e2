#include "train/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/expects.hpp"

namespace vedette {

namespace {

// 0.07 * 100 is 7.000000000000001: a little above the whole number is still that number.
constexpr double rounding = 1e-9;

}  // namespace

Threshold calibrate(std::vector<float> benign_scores, double rate) {
  expects(rate > 0 && rate < 1, "a false-positive rate lies between 0 and 1");
  Threshold threshold;
  const std::size_t rows = benign_scores.size();
  if (rows == 0) return threshold;
  const auto allowed =
      static_cast<std::size_t>(std::floor(static_cast<double>(rows) * rate + rounding));
  const auto first_quiet = benign_scores.begin() + static_cast<std::ptrdiff_t>(allowed);
  std::nth_element(benign_scores.begin(), first_quiet, benign_scores.end(), std::greater<>{});
  // No score exceeds 1: a threshold above it would silence the model for good. Where too many
  // benign rows score 1, the strictest threshold that can still speak is 1, with the rate measured
  // there.
  threshold.value =
      std::min(1.0F, std::nextafter(*first_quiet, std::numeric_limits<float>::infinity()));
  const auto alarms = std::count_if(benign_scores.begin(), benign_scores.end(),
                                    [&](float score) { return score >= threshold.value; });
  threshold.benign_rows = rows;
  threshold.false_positive_rate = static_cast<double>(alarms) / static_cast<double>(rows);
  return threshold;
}

std::size_t benign_rows_needed(double rate) {
  return static_cast<std::size_t>(std::ceil(1.0 / rate - rounding));
}

std::string note_on(const Threshold& threshold, double rate) {
  if (threshold.benign_rows == 0) {
    return fmt::format("no benign row was left to calibrate on: the threshold {} is a default",
                       threshold.value);
  }
  if (threshold.false_positive_rate > rate) {
    return fmt::format(
        "a false-positive rate of {} cannot be kept: too many benign rows have the highest score "
        "there is. At the strictest threshold, {}, the rate is {:.6f}",
        rate, threshold.value, threshold.false_positive_rate);
  }
  if (threshold.benign_rows < benign_rows_needed(rate)) {
    return fmt::format(
        "a false-positive rate of {} needs {} benign rows to calibrate on, there "
        "were {}: the threshold lies above the highest of them",
        rate, benign_rows_needed(rate), threshold.benign_rows);
  }
  return {};
}

}  // namespace vedette
