/// Growing a decision tree: from binned rows to nodes. tree.cpp tells the algorithm.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "model/tree_bins.hpp"
#include "model/tree_node.hpp"

namespace vedette {

/// The Gini impurity 1 - Σ p²: the chance that two rows drawn from a node differ in class.
struct Gini {
  static double of(std::span<const double> weights);
};

struct GrownTree {
  std::vector<TreeNode> nodes;       ///< [0] is the root
  std::vector<float> probabilities;  ///< class_count per node, each summing to 1
};

struct GrowOptions {
  std::uint32_t depth_max = 32;
  std::uint32_t leaf_rows_min = 1;
  std::size_t class_count = 2;
  std::vector<double> class_weights;  ///< one per class
  unsigned threads = 1;
  std::stop_token stop;  ///< the tree returned after it is rubbish: ask before use
};

/// `labels` and `weights` as in TrainingSet, checked. The same tree for any number of threads.
GrownTree grow_tree(const Binned& rows, std::span<const std::uint16_t> labels,
                    std::span<const float> weights, const GrowOptions& options);

}  // namespace vedette
