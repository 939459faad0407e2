/// Growing a decision tree: from binned rows to nodes. tree.cpp tells the algorithm, forest.cpp
/// what chance does to it.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "model/tree_bins.hpp"
#include "model/tree_node.hpp"
#include "model/tree_split.hpp"

namespace vedette {

struct GrownTree {
  std::vector<TreeNode> nodes;       ///< [0] is the root; children behind their parents
  std::vector<float> probabilities;  ///< class_count per node, each summing to 1
  std::vector<double> rows;          ///< per node: training rows, by their own weight
};

struct GrowOptions {
  Criterion criterion = Criterion::gini;
  std::uint32_t depth_max = 32;     ///< at most tree_depth_max
  std::uint32_t leaf_rows_min = 1;  ///< a row drawn twice counts twice
  std::uint32_t columns_tried = 0;  ///< drawn anew for each node; 0: all of them
  bool random_cuts = false;         ///< one cut a column, drawn between its ends, not the best
  std::uint64_t seed = 0;           ///< of those draws
  std::size_t class_count = 2;
  std::vector<double> class_weights;  ///< one per class
  unsigned threads = 1;
  std::stop_token stop;                ///< the tree returned after it is rubbish: ask before use
  const FitOptions* report = nullptr;  ///< whose bar to move, or nobody's
};

/// Weights in fixed point: sums are exact whatever their order, so threads may share them out and a
/// child's may be had by subtraction. Weights that are whole multiples of 2^-20 or so of the
/// largest lose nothing; a row never falls to 0.
struct FixedWeights {
  std::vector<std::uint64_t> weights;  ///< their sum stays below 2^53
  double unit = 1;                     ///< what a 1 weighs, a power of two
};
FixedWeights fix_weights(std::span<const float> weights);

/// The part of the training set that a tree sees.
struct RowShare {
  std::vector<std::uint32_t> rows;  ///< rising, not empty
  std::span<const std::uint32_t>
      times;  ///< per row of the set: how often it was drawn; empty: once
  /// Per row of the set, drawing included; empty: only `times` counts. Not both.
  std::span<const std::uint64_t> weights;
  double unit = 1;  ///< of `weights`
};

/// Every row once, `weights` as in TrainingSet. `labels` as there. The same tree for any number of
/// threads. Memory beside the bins: 4 bytes a row, and per level of large nodes one histogram of
/// slots × classes × 4 bytes (8 with weights), at most 32 MiB each.
GrownTree grow_tree(const Binned& rows, std::span<const std::uint16_t> labels,
                    std::span<const float> weights, const GrowOptions& options);
GrownTree grow_tree_on(const Binned& rows, std::span<const std::uint16_t> labels, RowShare share,
                       const GrowOptions& options);

}  // namespace vedette
