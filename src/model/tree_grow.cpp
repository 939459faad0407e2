#include "model/tree_grow.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

#include "model/parallel.hpp"

namespace vedette {

double Gini::of(std::span<const double> weights) {
  double sum = 0;
  double squares = 0;
  for (const double weight : weights) {
    sum += weight;
    squares += weight * weight;
  }
  return sum > 0 ? 1 - squares / (sum * sum) : 0;
}

namespace {

/// Below this many rows a column is gathered on its own, touching only the bins that occur; above
/// it all columns of a node are counted in one pass over its rows, and the larger child's counts
/// are its parent's minus its sibling's.
constexpr std::size_t top_rows_min = 2048;
constexpr std::size_t histogram_cells_max = std::size_t{1} << 22U;  // 16 MiB a node

/// The weight left and right of a moving cut, and Σw² of both, kept up to date per class.
class Sides {
 public:
  explicit Sides(std::size_t classes) : left_(classes), right_(classes) {}

  void start(std::span<const double> totals) {
    std::fill(left_.begin(), left_.end(), 0.0);
    std::copy(totals.begin(), totals.end(), right_.begin());
    left_sum_ = left_squares_ = right_sum_ = right_squares_ = 0;
    for (const double total : totals) {
      right_sum_ += total;
      right_squares_ += total * total;
    }
  }
  void move_left(std::size_t k, double weight) {
    left_squares_ += weight * (2 * left_[k] + weight);
    right_squares_ += weight * (weight - 2 * right_[k]);
    left_[k] += weight;
    right_[k] -= weight;
    left_sum_ += weight;
    right_sum_ -= weight;
  }
  /// Rises as the weighted Gini impurity of the two sides falls; the best cut has the highest.
  double purity() const { return left_squares_ / left_sum_ + right_squares_ / right_sum_; }

 private:
  std::vector<double> left_;
  std::vector<double> right_;
  double left_sum_ = 0, left_squares_ = 0, right_sum_ = 0, right_squares_ = 0;
};

struct Split {
  double purity = -1;  ///< negative: none found
  std::uint32_t column = 0;
  std::uint8_t left_bin = 0;
  std::uint8_t right_bin = 0;
  bool missing_right = false;
};

/// A node waiting to be split: its rows are order[from, to).
struct Task {
  std::uint32_t node = 0;
  std::uint32_t depth = 0;
  std::size_t from = 0;
  std::size_t to = 0;
  std::size_t rows() const { return to - from; }
};

/// Cell is a count (all rows of a class weigh the same) or a sum of weights.
template <class Cell>
class Grower {
 public:
  Grower(const Binned& rows, std::span<const std::uint16_t> labels, std::span<const float> weights,
         const GrowOptions& options)
      : rows_(rows),
        labels_(labels),
        weights_(weights),
        options_(options),
        classes_(options.class_count),
        order_(rows.rows()) {
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<std::uint32_t>(i);
  }

  GrownTree grow();

 private:
  static constexpr std::size_t bin_slots = 256;
  static constexpr bool counting = std::is_integral_v<Cell>;
  using Bits = std::array<std::uint64_t, bin_slots / 64>;
  /// What fell where in one node: [column][bin][class].
  using Histogram = std::vector<Cell>;

  /// What one thread needs to grow a subtree: its nodes and its scratch.
  struct Branch {
    explicit Branch(std::size_t classes)
        : totals(classes), sides(classes), cells(bin_slots * classes) {}
    GrownTree tree;
    std::vector<double> totals;  // of the node at hand, by class, weighted
    Sides sides;
    std::vector<Cell> cells;                      // one column of one node, zero between uses
    std::array<std::uint32_t, bin_slots> rows{};  // rows per bin of it, when cells are weights
    std::vector<std::uint32_t> spare;             // for the stable partition
  };

  /// One column of one node as a scan reads it.
  struct View {
    std::size_t column = 0;
    const Cell* cells = nullptr;
    Bits touched{};  // bins outside are empty
  };

  Cell weight_of(std::uint32_t row) const {
    if constexpr (counting) {
      return 1;
    } else {
      return static_cast<Cell>(weights_[row]);
    }
  }
  bool uses_histograms() const {
    return counting && rows_.width() * bin_slots * classes_ <= histogram_cells_max;
  }
  std::uint32_t add_nodes(GrownTree& tree, std::size_t count) const;
  void describe_node(Branch& branch, const Task& task) const;
  bool is_final(const Branch& branch, const Task& task) const;

  Histogram histogram(const Task& task) const;
  void add_rows(std::size_t from, std::size_t to, Histogram& cells) const;
  Split best_split(Branch& branch, const Task& task, const Histogram& cells) const;
  Split best_split(Branch& branch, const Task& task) const;
  std::size_t rows_in(const Branch& branch, const View& view, std::size_t bin) const;
  void scan(Branch& branch, const Task& task, const View& view, Split& best) const;
  void scan_way(Branch& branch, const Task& task, const View& view, bool missing_right,
                Split& best) const;

  std::pair<Task, Task> apply(Branch& branch, const Task& task, const Split& split);
  void grow_top(Branch& branch, const Task& task, Histogram cells, std::vector<Task>& later);
  void grow_rest(Branch& branch, const Task& task);
  void splice(GrownTree& tree, const Task& at, const GrownTree& subtree) const;

  const Binned& rows_;
  std::span<const std::uint16_t> labels_;
  std::span<const float> weights_;
  const GrowOptions& options_;
  std::size_t classes_;
  std::vector<std::uint32_t> order_;  // a node's rows are a range of it, in rising order
};

template <class Cell>
std::uint32_t Grower<Cell>::add_nodes(GrownTree& tree, std::size_t count) const {
  const auto first = static_cast<std::uint32_t>(tree.nodes.size());
  tree.nodes.resize(tree.nodes.size() + count);
  tree.probabilities.resize(tree.nodes.size() * classes_);
  return first;
}

/// Fills branch.totals and makes the node a leaf, which it stays unless it is split.
template <class Cell>
void Grower<Cell>::describe_node(Branch& branch, const Task& task) const {
  std::fill(branch.totals.begin(), branch.totals.end(), 0.0);
  for (std::size_t i = task.from; i < task.to; ++i) {
    const std::uint32_t row = order_[i];
    branch.totals[labels_[row]] += static_cast<double>(weight_of(row));
  }
  double sum = 0;
  for (std::size_t k = 0; k < classes_; ++k) {
    branch.totals[k] *= options_.class_weights[k];
    sum += branch.totals[k];
  }
  float* out = branch.tree.probabilities.data() + task.node * classes_;
  for (std::size_t k = 0; k < classes_; ++k) out[k] = static_cast<float>(branch.totals[k] / sum);
  TreeNode& node = branch.tree.nodes[task.node];
  node = {};
  node.cut = std::numeric_limits<float>::infinity();
  node.left = task.node;
}

template <class Cell>
bool Grower<Cell>::is_final(const Branch& branch, const Task& task) const {
  const auto alive = std::count_if(branch.totals.begin(), branch.totals.end(),
                                   [](double total) { return total > 0; });
  return alive < 2 || task.depth >= options_.depth_max ||
         task.rows() < 2 * std::size_t{options_.leaf_rows_min};
}

template <class Cell>
void Grower<Cell>::add_rows(std::size_t from, std::size_t to, Histogram& cells) const {
  const std::size_t width = rows_.width();
  const std::size_t stride = bin_slots * classes_;
  constexpr std::size_t ahead = 16;
  for (std::size_t i = from; i < to; ++i) {
    if (i + ahead < to) __builtin_prefetch(rows_.row(order_[i + ahead]));
    const std::uint32_t row = order_[i];
    const std::uint8_t* bins = rows_.row(row);
    Cell* cell = cells.data() + labels_[row];
    for (std::size_t column = 0; column < width; ++column, cell += stride) {
      cell[bins[column] * classes_] += 1;
    }
  }
}

/// Counts add up to the same whoever adds them, so the rows may be shared out.
template <class Cell>
typename Grower<Cell>::Histogram Grower<Cell>::histogram(const Task& task) const {
  constexpr std::size_t rows_per_part = 65'536;
  const std::size_t parts =
      std::clamp<std::size_t>(task.rows() / rows_per_part, 1, std::max(1U, options_.threads));
  std::vector<Histogram> part(parts);
  run_parallel(options_.threads, parts, [&](std::size_t p) {
    part[p].resize(rows_.width() * bin_slots * classes_);
    add_rows(task.from + task.rows() * p / parts, task.from + task.rows() * (p + 1) / parts,
             part[p]);
  });
  for (std::size_t p = 1; p < parts; ++p) {
    for (std::size_t c = 0; c < part[0].size(); ++c) part[0][c] += part[p][c];
  }
  return std::move(part[0]);
}

template <class Cell>
Split Grower<Cell>::best_split(Branch& branch, const Task& task, const Histogram& cells) const {
  Split best;
  View view;
  for (view.column = 0; view.column < rows_.width(); ++view.column) {
    view.cells = cells.data() + view.column * bin_slots * classes_;
    view.touched = {};
    for (std::size_t bin = 0; bin < rows_.bins(view.column); ++bin) {
      view.touched[bin / 64] |= std::uint64_t{1} << (bin % 64);
    }
    scan(branch, task, view, best);
  }
  return best;
}

template <class Cell>
Split Grower<Cell>::best_split(Branch& branch, const Task& task) const {
  Split best;
  View view;
  view.cells = branch.cells.data();
  for (view.column = 0; view.column < rows_.width(); ++view.column) {
    view.touched = {};
    for (std::size_t i = task.from; i < task.to; ++i) {
      const std::uint32_t row = order_[i];
      const std::size_t bin = rows_.row(row)[view.column];
      branch.cells[bin * classes_ + labels_[row]] += weight_of(row);
      if constexpr (!counting) ++branch.rows[bin];
      view.touched[bin / 64] |= std::uint64_t{1} << (bin % 64);
    }
    scan(branch, task, view, best);
    for (std::size_t word = 0; word < view.touched.size(); ++word) {
      for (std::uint64_t bits = view.touched[word]; bits != 0; bits &= bits - 1) {
        const auto bin = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        std::fill_n(branch.cells.data() + bin * classes_, classes_, Cell{});
        branch.rows[bin] = 0;
      }
    }
  }
  return best;
}

template <class Cell>
std::size_t Grower<Cell>::rows_in(const Branch& branch, const View& view, std::size_t bin) const {
  if constexpr (!counting) {
    return branch.rows[bin];
  } else {
    std::size_t sum = 0;
    for (std::size_t k = 0; k < classes_; ++k) sum += view.cells[bin * classes_ + k];
    return sum;
  }
}

/// Where rows lack the value both ways to send them are tried.
template <class Cell>
void Grower<Cell>::scan(Branch& branch, const Task& task, const View& view, Split& best) const {
  std::uint64_t rest = 0;
  int words = 0;
  for (const std::uint64_t word : view.touched) {
    rest |= word & (word - 1);
    words += word != 0 ? 1 : 0;
  }
  if (rest == 0 && words < 2) return;  // one bin cannot be cut
  scan_way(branch, task, view, true, best);
  if (rows_in(branch, view, Binned::missing) > 0) scan_way(branch, task, view, false, best);
}

/// Walks the bins upwards, moving them from right to left, and keeps the best cut.
template <class Cell>
void Grower<Cell>::scan_way(Branch& branch, const Task& task, const View& view, bool missing_right,
                            Split& best) const {
  Sides& sides = branch.sides;
  sides.start(branch.totals);
  std::size_t left_rows = 0;
  const auto move_left = [&](std::size_t bin, std::size_t rows) {
    const Cell* cells = view.cells + bin * classes_;
    for (std::size_t k = 0; k < classes_; ++k) {
      if (cells[k] == 0) continue;
      sides.move_left(k, static_cast<double>(cells[k]) * options_.class_weights[k]);
    }
    left_rows += rows;
  };
  const std::size_t missing_rows = rows_in(branch, view, Binned::missing);
  if (!missing_right) move_left(Binned::missing, missing_rows);
  int previous = -1;
  for (std::size_t word = 0; word < view.touched.size(); ++word) {
    for (std::uint64_t bits = view.touched[word]; bits != 0; bits &= bits - 1) {
      const auto bin = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      if (bin == Binned::missing) continue;
      const std::size_t rows = rows_in(branch, view, bin);
      if (rows == 0) continue;
      const std::size_t right_rows = task.rows() - left_rows;
      if (previous >= 0 && std::min(left_rows, right_rows) >= options_.leaf_rows_min &&
          sides.purity() > best.purity) {
        // Unseen missing values follow the larger side.
        best = {sides.purity(), static_cast<std::uint32_t>(view.column),
                static_cast<std::uint8_t>(previous), static_cast<std::uint8_t>(bin),
                missing_rows > 0 ? missing_right : left_rows < right_rows};
      }
      move_left(bin, rows);
      previous = static_cast<int>(bin);
    }
  }
}

/// Writes the split into the node and parts its rows, keeping their order.
template <class Cell>
std::pair<Task, Task> Grower<Cell>::apply(Branch& branch, const Task& task, const Split& split) {
  const std::uint32_t left = add_nodes(branch.tree, 2);
  TreeNode& node = branch.tree.nodes[task.node];
  node.cut = rows_.cut(split.column, split.left_bin, split.right_bin);
  node.question = split.column | (split.missing_right ? TreeNode::missing_right_bit : 0U);
  node.left = left;
  if (branch.spare.size() < task.rows()) branch.spare.resize(task.rows());
  std::size_t kept = task.from;
  std::size_t moved = 0;
  for (std::size_t i = task.from; i < task.to; ++i) {
    const std::uint32_t row = order_[i];
    const std::uint8_t bin = rows_.row(row)[split.column];
    const bool right = bin == Binned::missing ? split.missing_right : bin > split.left_bin;
    order_[kept] = row;
    branch.spare[moved] = row;
    kept += right ? 0 : 1;
    moved += right ? 1 : 0;
  }
  std::copy_n(branch.spare.begin(), moved, order_.begin() + static_cast<std::ptrdiff_t>(kept));
  return {Task{left, task.depth + 1, task.from, kept},
          Task{left + 1, task.depth + 1, kept, task.to}};
}

/// Splits large nodes one after the other and leaves the small ones for later.
template <class Cell>
void Grower<Cell>::grow_top(Branch& branch, const Task& task, Histogram cells,
                            std::vector<Task>& later) {
  if (task.rows() < top_rows_min) return later.push_back(task);
  describe_node(branch, task);
  if (is_final(branch, task) || options_.stop.stop_requested()) return;
  const bool by_histogram = uses_histograms();
  const Split split = by_histogram ? best_split(branch, task, cells) : best_split(branch, task);
  if (split.purity < 0) return;
  const auto [left, right] = apply(branch, task, split);
  const bool left_is_small = left.rows() <= right.rows();
  const Task& small = left_is_small ? left : right;
  const Task& large = left_is_small ? right : left;
  Histogram small_cells;
  if (by_histogram && large.rows() >= top_rows_min) {
    small_cells = histogram(small);
    for (std::size_t c = 0; c < cells.size(); ++c) cells[c] -= small_cells[c];
  }
  grow_top(branch, small, std::move(small_cells), later);
  grow_top(branch, large, std::move(cells), later);
}

template <class Cell>
void Grower<Cell>::grow_rest(Branch& branch, const Task& task) {
  describe_node(branch, task);
  if (is_final(branch, task) || options_.stop.stop_requested()) return;
  const Split split = best_split(branch, task);
  if (split.purity < 0) return;
  const auto [left, right] = apply(branch, task, split);
  grow_rest(branch, left);
  grow_rest(branch, right);
}

/// Puts a subtree in the place of the node it grew from.
template <class Cell>
void Grower<Cell>::splice(GrownTree& tree, const Task& at, const GrownTree& subtree) const {
  const std::uint32_t base = add_nodes(tree, subtree.nodes.size() - 1);
  const auto place = [&](std::uint32_t i) { return i == 0 ? at.node : base + i - 1; };
  for (std::uint32_t i = 0; i < subtree.nodes.size(); ++i) {
    TreeNode node = subtree.nodes[i];
    node.left = place(node.left);
    tree.nodes[place(i)] = node;
    std::copy_n(subtree.probabilities.begin() + static_cast<std::ptrdiff_t>(i * classes_), classes_,
                tree.probabilities.begin() + static_cast<std::ptrdiff_t>(place(i) * classes_));
  }
}

template <class Cell>
GrownTree Grower<Cell>::grow() {
  Branch top(classes_);
  std::vector<Task> later;
  const Task root{add_nodes(top.tree, 1), 0, 0, order_.size()};
  Histogram cells;
  if (uses_histograms() && root.rows() >= top_rows_min) cells = histogram(root);
  grow_top(top, root, std::move(cells), later);
  std::vector<GrownTree> subtrees(later.size());
  run_parallel(options_.threads, later.size(), [&](std::size_t i) {
    Branch branch(classes_);
    Task task = later[i];
    task.node = add_nodes(branch.tree, 1);
    grow_rest(branch, task);
    subtrees[i] = std::move(branch.tree);
  });
  for (std::size_t i = 0; i < later.size(); ++i) splice(top.tree, later[i], subtrees[i]);
  return std::move(top.tree);
}

}  // namespace

GrownTree grow_tree(const Binned& rows, std::span<const std::uint16_t> labels,
                    std::span<const float> weights, const GrowOptions& options) {
  if (weights.empty()) return Grower<std::uint32_t>(rows, labels, weights, options).grow();
  return Grower<double>(rows, labels, weights, options).grow();
}

}  // namespace vedette
