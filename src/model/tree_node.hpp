/// TreeNode: one question of a decision tree, as every kind of tree keeps and saves it.
#pragma once

#include <cstdint>

namespace vedette {

/// Children lie side by side: a row goes to `left` or `left + 1`. A leaf points at itself and its
/// cut is never exceeded, so a walk may take more steps than the path is long.
struct TreeNode {
  float cut = 0;               ///< x <= cut goes left
  std::uint32_t question = 0;  ///< the column; its highest bit says where missing values go
  std::uint32_t left = 0;

  static constexpr std::uint32_t missing_right_bit = std::uint32_t{1} << 31U;
  std::uint32_t column() const { return question & ~missing_right_bit; }
  std::uint32_t missing_right() const { return question >> 31U; }
};

constexpr std::uint32_t tree_depth_max = 64;

}  // namespace vedette
