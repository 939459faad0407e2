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
class ForestParts {
 public:
  struct OutOfBag {
    std::uint64_t rows = 0;  ///< judged by trees that had not seen them
    std::uint64_t right = 0;
  };
  ForestParts(std::size_t columns, std::size_t class_count)
      : width(columns), classes(class_count), walk(columns) {}

  std::size_t width;
  std::size_t classes;
  bool extra_trees = false;
  OutOfBag out_of_bag;
  std::vector<float> answers;  ///< [answer][class], each once
  TreeWalk walk;               ///< all trees
  /// Of every node, in the order of the walk: of a leaf its answer, of an inner node how many inner
  /// nodes come before it in its tree.
  std::vector<std::uint32_t> marks;
  /// Class shares of the inner nodes of each tree, in the order of the walk, in 65,535ths: for
  /// explain() alone.
  std::vector<std::uint16_t> shares;
  std::vector<std::uint64_t> first_share;  ///< of each tree

  void add(const GrownTree& tree);
  /// The same of parts from a file. REQUIRES: sound nodes, an answer for each leaf (0 for others),
  /// a share per class for each inner node, in their order.
  void add(std::span<const TreeNode> nodes, std::span<const std::uint32_t> leaf_answers,
           std::span<const std::uint16_t> inner_shares);

 private:
  std::vector<std::uint32_t> slots_;  // a hash table of answers, one more than the number; 0: free
  std::uint32_t answer_of(std::span<const float> own);
  void grow_slots();
};

class Forest final : public Model {
 public:
  explicit Forest(ForestParts parts) : parts_(std::move(parts)) {}

  std::string_view kind() const override { return "forest"; }
  std::size_t width() const override { return parts_.width; }
  std::size_t class_count() const override { return parts_.classes; }
  void score(Rows rows, std::span<float> out) const override;
  void explain(std::span<const float> row, std::uint16_t class_index,
               std::span<float> out) const override;
  Attribution attribute(std::span<const float> row, std::uint16_t class_index,
                        std::span<float> out) const override;
  std::string describe() const override;
  void save(ByteWriter& out) const override;

  /// The summed answers of the trees for which `counts(tree)`. @return false when there is none.
  template <class Counts>
  bool vote(std::span<const float> row, const Counts& counts, std::span<float> votes) const {
    std::fill(votes.begin(), votes.end(), 0.0F);
    bool any = false;
    for (std::size_t t = 0; t < parts_.walk.trees(); ++t) {
      if (!counts(t)) continue;
      std::uint32_t at = 0;
      for (;;) {
        const std::uint32_t next = parts_.walk.step(t, at, row.data());
        if (next == at) break;
        at = next;
      }
      const float* answer = answer_at(t, at);
      for (std::size_t k = 0; k < parts_.classes; ++k) votes[k] += answer[k];
      any = true;
    }
    return any;
  }
  void set_out_of_bag(ForestParts::OutOfBag out) { parts_.out_of_bag = out; }

 private:
  const float* answer_at(std::size_t tree, std::uint32_t leaf) const {
    return parts_.answers.data() + parts_.marks[parts_.walk.first(tree) + leaf] * parts_.classes;
  }
  double share_at(std::size_t tree, std::uint32_t node, std::uint16_t class_index) const;
  void add_votes(Rows rows, std::size_t from, std::size_t count, float* sums) const;

  ForestParts parts_;
};

/// @return corrupt, unsupported.
Result<std::unique_ptr<Model>> load_forest(ByteReader& in);

}  // namespace vedette
