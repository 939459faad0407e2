/// MassTrees: trees grown over benign rows that remember how many rows came to each node, the
/// common body of iforest and hst. Each node has a value that follows from its depth and its rows;
/// a row's value is the mean over the trees of the leaf it comes to.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/model.hpp"
#include "model/tree_check.hpp"
#include "model/tree_walk.hpp"

namespace vedette {

constexpr std::uint32_t mass_trees_max = 1000;

/// How a tree comes to be: rows are parted at a node until there is nothing left to ask.
struct MassCut {
  std::uint32_t column = 0;
  float cut = 0;
};

/// Nodes with children behind their parents, side by side; a leaf's `question` is how many rows
/// came to it. Missing values go where the larger part of the known ones goes (left when equal):
/// what is not there is not strange by itself.
struct MassTree {
  std::vector<TreeNode> nodes;
};

/// Parts `rows` of `from` at the cut: the known values decide, missing ones follow. @return how
/// many go left, and whether missing values went right.
struct Parted {
  std::size_t left = 0;
  bool missing_right = false;
};
Parted part_rows(Rows all, std::span<std::uint32_t> rows, const MassCut& cut);

/// Immutable once the trees are added.
class MassTrees {
 public:
  explicit MassTrees(std::size_t width) : walk_(width) {}

  /// Sums the rows up from the leaves and asks for the value of each node:
  /// value(depth, rows, rows of the root). Inner nodes of a path length are the mean of what is
  /// below (`of_leaves`), those of a mass are their own.
  struct Values {
    double (*of_node)(std::uint32_t depth, double rows, double all) = nullptr;
    bool of_leaves = false;
  };
  void add(const MassTree& tree, const Values& values);

  std::size_t size() const { return walk_.trees(); }
  std::size_t leaves() const { return (walk_.nodes() + walk_.trees()) / 2; }
  /// Training rows at the root of the first tree.
  std::uint32_t rows() const { return rows_.front(); }
  /// The mean leaf value of each row. Allocates nothing.
  void mean(Rows rows, std::span<float> out) const;
  /// What each column's questions took from the value on a row's paths: `out` and the mean add up
  /// to root().
  void explain(std::span<const float> row, std::span<float> out) const;
  double root() const;  ///< the mean value of the roots

  void save(ByteWriter& out) const;
  /// Calls add for each tree. `leaf_rows_min`: 1 when no leaf may be empty. @return corrupt.
  static Result<MassTrees> load(ByteReader& in, std::size_t width, std::uint32_t leaf_rows_min,
                                const Values& values);

 private:
  TreeWalk walk_;
  std::vector<float> values_;        // in the order of the walk
  std::vector<std::uint32_t> rows_;  // likewise
};

}  // namespace vedette
