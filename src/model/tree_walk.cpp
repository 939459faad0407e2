#include "model/tree_walk.hpp"

#include <algorithm>
#include <limits>

#include "base/simd.hpp"

namespace vedette {

void TreeWalk::enlarge() {
  for (const Small& node : small_) {
    const std::uint32_t side = node.missing_right() != 0 ? TreeNode::missing_right_bit : 0U;
    large_.push_back({node.cut, node.column() | side, node.next()});
  }
  small_ = {};
  is_small_ = false;
}

void TreeWalk::put(const TreeNode& node) {
  if (is_small_) {
    small_.push_back({node.cut, node.left << 8U | node.missing_right() << 7U | node.column()});
  } else {
    large_.push_back({node.cut, node.question, node.left});
  }
}

std::vector<std::uint32_t> TreeWalk::add(std::span<const TreeNode> nodes) {
  if (is_small_ && nodes.size() > small_nodes) enlarge();
  Tree tree{static_cast<std::uint32_t>(this->nodes()), 0};
  // Level by level: `places` is the queue of a breadth-first search, and its record.
  std::vector<std::uint32_t> places{0};
  places.reserve(nodes.size());
  std::size_t level_end = 1;
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    if (i == level_end) {
      level_end = places.size();
      ++tree.depth;
    }
    const std::uint32_t from = places[i];
    TreeNode node = nodes[from];
    const bool is_leaf = node.left == from;
    node.left = is_leaf ? i : static_cast<std::uint32_t>(places.size());
    put(node);
    if (is_leaf) continue;
    places.push_back(nodes[from].left);
    places.push_back(nodes[from].left + 1);
  }
  trees_.push_back(tree);
  return places;
}

TreeNode TreeWalk::node(std::size_t tree, std::uint32_t i) const {
  const std::size_t at = first(tree) + i;
  if (!is_small_) return {large_[at].cut, large_[at].question, large_[at].left};
  const Small& node = small_[at];
  const std::uint32_t side = node.missing_right() != 0 ? TreeNode::missing_right_bit : 0U;
  return {node.cut, node.column() | side, node.next()};
}

std::uint32_t TreeWalk::step(std::size_t tree, std::uint32_t at, const float* row) const {
  return next_of(node(tree, at), row);
}

template <class Node, bool lacking>
void TreeWalk::walk(const Node* all, std::uint32_t depth, const float* rows, std::size_t count,
                    Leaves& out) const {
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
  for (std::uint32_t i = 0; i < std::min(depth, unasked_max); ++i) {
#pragma GCC unroll 16
    for (std::size_t lane = 0; lane < group; ++lane) step(lane);
  }
  for (bool moved = depth > unasked_max; moved;) {
    const Leaves before = at;
    for (std::size_t lane = 0; lane < group; ++lane) step(lane);
    moved = before != at;
  }
  out = at;
}

void TreeWalk::find(std::size_t tree, const float* rows, std::size_t count, bool lacking,
                    Leaves& out) const {
  const auto [first, depth] = trees_[tree];
  if (is_small_) {
    const Small* nodes = small_.data() + first;
    lacking ? walk<Small, true>(nodes, depth, rows, count, out)
            : walk<Small, false>(nodes, depth, rows, count, out);
  } else {
    const Large* nodes = large_.data() + first;
    lacking ? walk<Large, true>(nodes, depth, rows, count, out)
            : walk<Large, false>(nodes, depth, rows, count, out);
  }
}

VEDETTE_WIDE bool any_missing(const float* values, std::size_t count) {
  unsigned found = 0;
  for (std::size_t i = 0; i < count; ++i) found |= values[i] != values[i] ? 1U : 0U;
  return found != 0;
}

}  // namespace vedette
