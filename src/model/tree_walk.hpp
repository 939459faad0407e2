/// TreeWalk: from a row to its leaf, fast. tree.cpp tells what a tree asks; this file only walks.
///
/// One row's walk is a chain of waits: each node must be read before the next is known. So sixteen
/// rows walk side by side and one row's wait hides behind the others'. Nodes are laid out level by
/// level in eight bytes each (a tree of 8,700 leaves is 139 KB: it stays in the second-level
/// cache); leaves point at themselves, so nobody asks who has arrived; and groups without a missing
/// value, found by one vector pass, skip the question whether there is one.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "model/model.hpp"
#include "model/tree_node.hpp"

namespace vedette {

/// Immutable. Trees of up to 128 columns and 2^24 nodes take the eight-byte form, others twelve.
class TreeWalk {
 public:
  static constexpr std::size_t group = 16;
  using Leaves = std::array<std::uint32_t, group>;

  /// REQUIRES: sound nodes (children behind their parents, side by side), columns below `width`.
  TreeWalk(std::span<const TreeNode> nodes, std::size_t width);

  /// Where rows 0 … count - 1 end: out[i] is a leaf, the node places()[out[i]] of `nodes`. The rest
  /// of `out` is filled too. `lacking`: whether any of the rows may hold a NaN.
  /// REQUIRES: 0 < count <= group.
  void find(const float* rows, std::size_t count, bool lacking, Leaves& out) const;
  /// The nodes in the order of the walk: what belongs to a leaf is best kept in that order too.
  std::span<const std::uint32_t> places() const { return places_; }
  std::uint32_t depth() const { return depth_; }

 private:
  struct Small {
    float cut = 0;
    std::uint32_t word = 0;  // left << 8 | missing right << 7 | column
    std::uint32_t column() const { return word & 127U; }
    std::uint32_t missing_right() const { return word >> 7U & 1U; }
    std::uint32_t next() const { return word >> 8U; }
  };
  struct Large {
    float cut = 0;
    std::uint32_t question = 0;
    std::uint32_t left = 0;
    std::uint32_t column() const { return question & ~TreeNode::missing_right_bit; }
    std::uint32_t missing_right() const { return question >> 31U; }
    std::uint32_t next() const { return left; }
  };
  template <class Node, bool lacking>
  void walk(const std::vector<Node>& nodes, const float* rows, std::size_t count,
            Leaves& out) const;

  std::size_t width_;
  std::uint32_t depth_ = 0;   // of the deepest leaf
  std::vector<Small> small_;  // one of these two is empty
  std::vector<Large> large_;
  std::vector<std::uint32_t> places_;  // of each node here, in the list it was made from
};

/// Asks for a group of rows, if there are that many, before it is needed.
inline void prefetch_rows(Rows rows, std::size_t from) {
  if (from + TreeWalk::group > rows.count) return;
  constexpr std::size_t line_floats = 16;
  const float* end = rows.data + (from + TreeWalk::group) * rows.width;
  for (const float* at = rows.data + from * rows.width; at < end; at += line_floats) {
    __builtin_prefetch(at);
  }
}

/// Whether any value is NaN, by vectors.
bool any_missing(const float* values, std::size_t count);

/// One row, one step at a time: what find() must equal. REQUIRES: a row of the tree's width.
inline std::uint32_t plain_step(std::span<const TreeNode> nodes, std::uint32_t at,
                                const float* row) {
  const TreeNode& node = nodes[at];
  const float value = row[node.column()];
  const unsigned above = value > node.cut ? 1U : 0U;
  const unsigned lacking = value != value ? 1U : 0U;
  return node.left + (above | (lacking & node.missing_right()));
}

}  // namespace vedette
