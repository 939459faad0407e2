/// One tree of a boosted model: from the gradients of the rows to a tree of values. boost.cpp tells
/// the algorithm.
///
/// Gradients are whole numbers of 16 bits here, rounded up or down by chance in proportion (Shi et
/// al.: Quantized Training of Gradient Boosting Decision Trees, NeurIPS 2022): one 64-bit addition
/// moves gradient and curvature together, a histogram of 255 bins fits the first-level cache, and
/// sums are exact, so neither their order nor the number of threads shows, and a child's histogram
/// may be had by subtraction.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "model/tree_bins.hpp"
#include "model/tree_node.hpp"

namespace vedette {

struct BoostOptions {
  std::uint32_t depth_max = 6;
  double lambda = 1;            ///< pulls values towards 0
  double child_weight_min = 1;  ///< least curvature of a child
  double gain_min = 0;
  double learning_rate = 0.1;
  std::stop_token stop;  ///< the tree returned after it is rubbish: ask before use
};

/// Values are held within this: a margin of 10^4 already leaves the other classes nothing.
constexpr float boost_value_max = 1e4F;

/// Of a node: values of leaves are added to the margins; that of an inner node is the mean of those
/// below it, by curvature.
struct BoostTree {
  std::vector<TreeNode> nodes;
  std::vector<float> values;
};

/// A gradient in the upper 16 bits (signed), a curvature in the lower 16.
using PackedGradient = std::uint32_t;
inline PackedGradient pack_gradient(std::int32_t gradient, std::uint32_t curvature) {
  return static_cast<std::uint32_t>(gradient) << 16U | curvature;
}

/// What one unit of each is worth.
struct GradientUnits {
  double gradient = 1;
  double curvature = 1;
};

/// -gradient / (curvature + lambda) in units of the loss: Newton's step.
double boost_step(double gradient, double curvature, double lambda);
/// How much a step lowers the loss, twice: gradient² / (curvature + lambda).
double boost_gain(double gradient, double curvature, double lambda);

/// Scratch and all for one tree at a time. Not thread-safe: one per tree being grown.
class BoostGrower {
 public:
  /// Memory: 8 bytes a row, 16 a slot and level. Borrows both.
  BoostGrower(const Binned& rows, const BoostOptions& options);

  /// `packed` one per row; adds to each row's margin the value of its leaf. The same tree for any
  /// number of threads.
  BoostTree grow(std::span<const PackedGradient> packed, GradientUnits units, unsigned threads,
                 std::span<float> margins);

 private:
  struct Cell {
    std::int64_t gradient = 0;
    std::int64_t curvature = 0;
  };
  using Histogram = std::vector<Cell>;
  struct Task {
    std::uint32_t node = 0, depth = 0;
    std::size_t from = 0, to = 0;
    Cell sum;
    std::size_t rows() const { return to - from; }
  };
  struct Cut {
    double gain = 0;
    std::uint32_t column = 0;
    std::uint32_t bin = 0;  ///< the last on the left
    bool missing_right = false, missing_alone = false;
    Cell left = {};
  };

  void count(std::size_t from, std::size_t to, std::vector<std::uint64_t>& packed_cells) const;
  void histogram(const Task& task, Histogram& out);
  Cut best_cut(const Task& task, const Histogram& cells) const;
  void try_bins(const Task& task, std::uint32_t column, std::span<const Cell> cells,
                Cut& best) const;
  void try_way(const Task& task, std::span<const Cell> bins, Cell missing, Cut cut,
               Cut& best) const;
  bool may_split(const Task& task) const;
  void grow_node(const Task& task, std::size_t level);
  std::pair<Task, Task> part(const Task& task, const Cut& cut);
  void set_leaf(const Task& task);
  void set_means(std::span<const double> curvatures);

  const Binned& rows_;
  const BoostOptions& options_;
  std::span<const PackedGradient> packed_;
  GradientUnits units_;
  unsigned threads_ = 1;
  std::span<float> margins_;
  BoostTree tree_;
  std::vector<double> curvatures_;  // per node
  std::vector<std::uint32_t> order_, spare_;
  std::vector<Histogram> levels_;
  std::vector<std::vector<std::uint64_t>> parts_;
};

}  // namespace vedette
