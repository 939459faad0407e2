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

/// One tree or many, in one list of nodes: 8 bytes a node and 8 a tree, for up to 128 columns and
/// trees of up to 2^24 nodes; else 12 a node. Immutable once the trees are added.
class TreeWalk {
 public:
  static constexpr std::size_t group = 16;
  using Leaves = std::array<std::uint32_t, group>;

  explicit TreeWalk(std::size_t width) : width_(width), is_small_(width <= small_columns) {}

  /// Makes room for so many nodes of all trees together, so that none is allocated in vain.
  void reserve(std::size_t nodes) { is_small_ ? small_.reserve(nodes) : large_.reserve(nodes); }
  /// REQUIRES: sound nodes (children behind their parents, side by side), columns below the width.
  /// @return the order of the walk: its i-th node is the one of `nodes` that is named i-th. What
  /// belongs to a node is best kept in that order too.
  std::vector<std::uint32_t> add(std::span<const TreeNode> nodes);

  std::size_t trees() const { return trees_.size(); }
  /// Where a tree's nodes begin among those of all trees, and how many there are.
  std::size_t first(std::size_t tree) const { return trees_[tree].first; }
  std::size_t size(std::size_t tree) const {
    return (tree + 1 < trees_.size() ? trees_[tree + 1].first : nodes()) - trees_[tree].first;
  }
  std::uint32_t depth(std::size_t tree) const { return trees_[tree].depth; }
  std::size_t nodes() const { return is_small_ ? small_.size() : large_.size(); }
  /// The i-th node of a tree, its `left` counted within the tree.
  TreeNode node(std::size_t tree, std::uint32_t i) const;
  /// One row, one step at a time: what find() must equal. A leaf is its own next.
  std::uint32_t step(std::size_t tree, std::uint32_t at, const float* row) const;

  /// Where rows 0 … count - 1 end in a tree: out[i] is a leaf, counted within the tree. The rest of
  /// `out` is filled too. `lacking`: whether any of the rows may hold a NaN.
  /// REQUIRES: 0 < count <= group.
  void find(std::size_t tree, const float* rows, std::size_t count, bool lacking,
            Leaves& out) const;

 private:
  static constexpr std::size_t small_columns = 128;
  static constexpr std::size_t small_nodes = std::size_t{1} << 24U;
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
  struct Tree {
    std::uint32_t first = 0;
    std::uint32_t depth = 0;  // of its deepest leaf
  };
  void put(const TreeNode& node);
  void enlarge();
  template <class Node, bool lacking>
  void walk(const Node* nodes, std::uint32_t depth, const float* rows, std::size_t count,
            Leaves& out) const;

  std::size_t width_;
  bool is_small_;
  std::vector<Small> small_;  // one of these two is empty
  std::vector<Large> large_;
  std::vector<Tree> trees_;
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

/// Where a row goes from a node. REQUIRES: a row of the tree's width.
inline std::uint32_t next_of(const TreeNode& node, const float* row) {
  const float value = row[node.column()];
  const unsigned above = value > node.cut ? 1U : 0U;
  const unsigned lacking = value != value ? 1U : 0U;
  return node.left + (above | (lacking & node.missing_right()));
}

/// One row, one step at a time: what find() must equal.
inline std::uint32_t plain_step(std::span<const TreeNode> nodes, std::uint32_t at,
                                const float* row) {
  return next_of(nodes[at], row);
}

}  // namespace vedette
