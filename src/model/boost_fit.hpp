/// The rounds of boosting: gradients, trees, and when to stop. boost.cpp tells the algorithm.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "model/boost_grow.hpp"
#include "model/model.hpp"

namespace vedette {

/// Margins: one per class, or with two classes one, the log odds of class 1.
inline std::size_t margins_of(std::size_t classes) {
  return classes == 2 ? 1 : classes;
}

struct BoostSetup {
  BoostOptions tree;
  std::uint32_t rounds = 200;
  std::uint32_t patience = 10;    ///< rounds without a lower validation loss; 0: all rounds
  double validation_share = 0.1;  ///< of each class's rows
  double subsample = 1;           ///< share of the rows that each round learns from
  bool balanced = false;
};

/// Rounds end when the trees have this many nodes, or when there would be more trees than this.
constexpr std::size_t boost_nodes_max = std::size_t{1} << 23U;
constexpr std::size_t boost_trees_max = 65'536;
/// The margin a class starts with that has no rows: e^-80 of the likeliest.
constexpr float boost_absent = -80;

struct Boosted {
  std::vector<float> base;       ///< margins before any tree
  std::vector<BoostTree> trees;  ///< [round][margin]; a lone leaf of 0 for a class without rows
  double validation_loss = -1;   ///< mean log loss of the rows held back; negative: none were
};

/// @return cancelled. Memory: 8 bytes per row and margin, 16 per row, and the bins; rounds
/// end early at boost_nodes_max nodes or boost_trees_max trees. REQUIRES: a checked training set.
Result<Boosted> boost(const TrainingSet& set, const BoostSetup& setup, const FitOptions& options);

}  // namespace vedette
