/// Cost-complexity pruning (Breiman, Friedman, Olshen, Stone: Classification and Regression Trees,
/// 1984, chapter 3): a subtree stays only if it buys enough purity for its leaves.
///
/// R(t) is a node's impurity times its share of the weight, R(T) the sum of that over the leaves of
/// the subtree below t, which has |T| leaves. Cutting it off costs g = (R(t) - R(T)) / (|T| - 1)
/// per leaf saved. The weakest link, the node of the smallest g, becomes a leaf again and again
/// until every g exceeds alpha, as scikit-learn's ccp_alpha has it.
#pragma once

#include <span>

#include "model/tree_grow.hpp"

namespace vedette {

/// `options` are those it was grown with. Memory: 64 bytes a node. REQUIRES: alpha >= 0.
GrownTree prune_tree(const GrownTree& tree, const GrowOptions& options, double alpha);

}  // namespace vedette
