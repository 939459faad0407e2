/// Many whole numbers as few: what a Sample keeps.
#pragma once

#include <algorithm>
#include <vector>

#include "fleet/learned_parts.hpp"

namespace vedette::simulator {

/// Adds a sample of at most `values_max` values and returns its number: all of `numbers` when they
/// are so few, else the medians of equally large strata and one in eight values for the largest
/// numbers, which strata would lose. Sorts `numbers`. REQUIRES: numbers not empty and none
/// negative, 8 <= values_max <= Sample::values_max.
inline std::uint32_t add_sample(LearnedParts& parts, std::vector<std::int64_t>& numbers,
                                std::size_t values_max) {
  std::sort(numbers.begin(), numbers.end());
  Sample sample;
  sample.of = static_cast<std::uint32_t>(numbers.size());
  sample.from = static_cast<std::uint32_t>(parts.values.size());
  if (numbers.size() <= values_max) {
    sample.body = static_cast<std::uint16_t>(numbers.size());
    parts.values.insert(parts.values.end(), numbers.begin(), numbers.end());
  } else {
    const std::size_t tail = std::min<std::size_t>(values_max / 8, Sample::tail_max);
    const std::size_t body = values_max - tail;
    const std::size_t of_body = numbers.size() - tail;
    for (std::size_t i = 0; i < body; ++i) {
      parts.values.push_back(numbers[(2 * i + 1) * of_body / (2 * body)]);
    }
    parts.values.insert(parts.values.end(), numbers.end() - static_cast<std::ptrdiff_t>(tail),
                        numbers.end());
    sample.body = static_cast<std::uint16_t>(body);
    sample.tail = static_cast<std::uint16_t>(tail);
  }
  parts.samples.push_back(sample);
  return static_cast<std::uint32_t>(parts.samples.size() - 1);
}

}  // namespace vedette::simulator
