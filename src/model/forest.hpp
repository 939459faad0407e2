/// Forest: trees that vote, as they are kept, scored and saved. forest.cpp tells the algorithm.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/model.hpp"
#include "model/tree_check.hpp"
#include "model/tree_grow.hpp"
#include "model/tree_walk.hpp"

namespace vedette {

constexpr std::uint32_t forest_trees_max = 2000;

/// What a forest consists of. Leaves share their answers: among the leaves of all trees the same
/// few thousand mixtures of few rows come back.
struct ForestParts {
  struct OneTree {
    std::vector<TreeNode> nodes;
    std::vector<std::uint32_t> answers;  ///< per node; of inner nodes 0
    /// Class shares of the inner nodes, in their order, in 65,535ths: for explain() alone.
    std::vector<std::uint16_t> shares;
  };
  struct OutOfBag {
    std::uint64_t rows = 0;  ///< judged by trees that had not seen them
    std::uint64_t right = 0;
  };
  std::size_t width = 0;
  std::size_t classes = 0;
  bool extra_trees = false;
  OutOfBag out_of_bag;
  std::vector<float> answers;  ///< [answer][class], each once
  std::vector<OneTree> trees;

  void add(const GrownTree& tree);

 private:
  std::vector<std::uint32_t> slots_;  // a hash table of answers, one more than the number; 0: free
  std::uint32_t answer_of(std::span<const float> shares);
  void grow_slots();
};

class Forest final : public Model {
 public:
  explicit Forest(ForestParts parts);

  std::string_view kind() const override { return "forest"; }
  std::size_t width() const override { return parts_.width; }
  std::size_t class_count() const override { return parts_.classes; }
  void score(Rows rows, std::span<float> out) const override;
  void explain(std::span<const float> row, std::uint16_t class_index,
               std::span<float> out) const override;
  std::string describe() const override;
  void save(ByteWriter& out) const override;

  /// The summed answers of the trees for which `counts(tree)`. @return false when there is none.
  template <class Counts>
  bool vote(std::span<const float> row, const Counts& counts, std::span<float> votes) const {
    std::fill(votes.begin(), votes.end(), 0.0F);
    bool any = false;
    for (std::size_t t = 0; t < parts_.trees.size(); ++t) {
      if (!counts(t)) continue;
      const ForestParts::OneTree& tree = parts_.trees[t];
      std::uint32_t at = 0;
      for (;;) {
        const std::uint32_t next = plain_step(tree.nodes, at, row.data());
        if (next == at) break;
        at = next;
      }
      const float* answer = parts_.answers.data() + tree.answers[at] * parts_.classes;
      for (std::size_t k = 0; k < parts_.classes; ++k) votes[k] += answer[k];
      any = true;
    }
    return any;
  }
  void set_out_of_bag(ForestParts::OutOfBag out) { parts_.out_of_bag = out; }

 private:
  void add_votes(Rows rows, std::size_t from, std::size_t count, float* sums) const;

  ForestParts parts_;
  std::vector<TreeWalk> walks_;
  std::vector<std::vector<std::uint32_t>> leaf_answers_;  // of each tree, in the order of its walk
  std::size_t leaves_ = 0;
};

/// @return corrupt, unsupported.
Result<std::unique_ptr<Model>> load_forest(ByteReader& in);

}  // namespace vedette
