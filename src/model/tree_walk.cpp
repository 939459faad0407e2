#include "model/tree_walk.hpp"

#include <algorithm>
#include <limits>

#include "base/simd.hpp"

namespace vedette {

TreeWalk::TreeWalk(std::span<const TreeNode> nodes, std::size_t width) : width_(width) {
  // Level by level: `places_` is the queue of a breadth-first search, and its record.
  places_.reserve(nodes.size());
  places_.push_back(0);
  std::vector<std::uint32_t> left;
  left.reserve(nodes.size());
  std::uint32_t level_end = 1;
  for (std::uint32_t i = 0; i < places_.size(); ++i) {
    if (i == level_end) {
      level_end = static_cast<std::uint32_t>(places_.size());
      ++depth_;
    }
    const std::uint32_t from = places_[i];
    const bool is_leaf = nodes[from].left == from;
    left.push_back(is_leaf ? i : static_cast<std::uint32_t>(places_.size()));
    if (is_leaf) continue;
    places_.push_back(nodes[from].left);
    places_.push_back(nodes[from].left + 1);
  }
  constexpr std::size_t small_columns = 128;
  constexpr std::size_t small_nodes = std::size_t{1} << 24U;
  const bool fits = width <= small_columns && places_.size() <= small_nodes;
  fits ? small_.reserve(places_.size()) : large_.reserve(places_.size());
  for (std::uint32_t i = 0; i < places_.size(); ++i) {
    const TreeNode& node = nodes[places_[i]];
    if (fits) {
      small_.push_back({node.cut, left[i] << 8U | node.missing_right() << 7U | node.column()});
    } else {
      large_.push_back({node.cut, node.question, left[i]});
    }
  }
}

template <class Node, bool lacking>
void TreeWalk::walk(const std::vector<Node>& nodes, const float* rows, std::size_t count,
                    Leaves& out) const {
  const Node* const all = nodes.data();
  std::array<const float*, group> row;
  for (std::size_t i = 0; i < group; ++i) row[i] = rows + i * width_;
  // A group that is not full walks its last row several times.
  for (std::size_t i = count; i < group; ++i) row[i] = row[count - 1];
  Leaves at{};
  const auto step = [&](std::size_t lane) {
    const Node& node = all[at[lane]];
    const float value = row[lane][node.column()];
    std::uint32_t right = value > node.cut ? 1U : 0U;
    if constexpr (lacking) right |= (value != value ? 1U : 0U) & node.missing_right();
    at[lane] = node.next() + right;
  };
  // Among sixteen rows one goes nearly as deep as the tree: only in trees that are deep somewhere
  // does asking whether all have arrived pay.
  constexpr std::uint32_t unasked_max = 20;
  for (std::uint32_t i = 0; i < std::min(depth_, unasked_max); ++i) {
#pragma GCC unroll 16
    for (std::size_t lane = 0; lane < group; ++lane) step(lane);
  }
  for (bool moved = depth_ > unasked_max; moved;) {
    const Leaves before = at;
    for (std::size_t lane = 0; lane < group; ++lane) step(lane);
    moved = before != at;
  }
  out = at;
}

void TreeWalk::find(const float* rows, std::size_t count, bool lacking, Leaves& out) const {
  if (large_.empty()) {
    lacking ? walk<Small, true>(small_, rows, count, out)
            : walk<Small, false>(small_, rows, count, out);
  } else {
    lacking ? walk<Large, true>(large_, rows, count, out)
            : walk<Large, false>(large_, rows, count, out);
  }
}

VEDETTE_WIDE bool any_missing(const float* values, std::size_t count) {
  unsigned found = 0;
  for (std::size_t i = 0; i < count; ++i) found |= values[i] != values[i] ? 1U : 0U;
  return found != 0;
}

}  // namespace vedette
