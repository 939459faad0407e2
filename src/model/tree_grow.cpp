#include "model/tree_grow.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/random.hpp"
#include "model/fit_input.hpp"
#include "model/parallel.hpp"

namespace vedette {

namespace {

/// From this many rows on all columns of a node are counted in one pass over its rows, and the
/// larger child's counts are its parent's minus its sibling's. Smaller subtrees first copy their
/// rows side by side, 2,048 of 10 bytes fit the first-level cache, and gather column by column,
/// touching only the bins that occur.
constexpr std::size_t top_rows_min = 2048;
constexpr std::size_t histogram_cells_max = std::size_t{1} << 22U;

/// A node waiting to be split: its rows are order[from, to).
struct Task {
  std::uint32_t node = 0;
  std::uint32_t depth = 0;
  std::size_t from = 0;
  std::size_t to = 0;
  std::uint64_t seed = 0;
  std::size_t rows() const { return to - from; }
};

/// Rows that a grower can reach by a position.
template <class Cell>
struct Page {
  const std::uint8_t* bytes = nullptr;
  std::size_t lanes = 0;
  const std::uint16_t* labels = nullptr;
  const Cell* weights = nullptr;  ///< null: 1 each
  Cell weight(std::uint32_t row) const { return weights == nullptr ? Cell{1} : weights[row]; }
  const std::uint8_t* row(std::uint32_t i) const { return bytes + std::size_t{i} * lanes; }
};

/// What one thread needs to grow a subtree: its nodes and its scratch.
template <class Cell>
struct Branch {
  Branch(Criterion criterion, std::size_t classes, std::size_t stride)
      : sums(stride), totals(classes), splitter(criterion, classes), cells(256 * stride) {}
  GrownTree tree;
  std::vector<Cell> sums;      // of the node at hand, by class
  std::vector<double> totals;  // the same, weighted
  std::size_t counted = 0;     // rows of the node, as often as they were drawn
  Splitter splitter;
  std::vector<Cell> cells;  // one lane of one node, zero between uses
  std::vector<std::uint32_t> order, spare, drawn;
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint16_t> labels;
  std::vector<Cell> weights;
};

/// Cell is a number of rows of 32 bits, or a weight in fixed point of 64.
template <class Cell>
class Grower {
 public:
  Grower(const Binned& rows, std::span<const std::uint16_t> labels, RowShare share,
         const GrowOptions& options)
      : rows_(rows),
        share_(std::move(share)),
        options_(options),
        classes_(options.class_count),
        stride_(ColumnView<Cell>{.classes = classes_}.stride()),
        page_{rows.row(0), rows.lanes().size(), labels.data(), nullptr},
        factors_(options.class_weights),
        order_(std::move(share_.rows)) {
    if constexpr (counting) {
      if (!share_.times.empty()) page_.weights = share_.times.data();
    } else {
      page_.weights = share_.weights.data();
      for (double& factor : factors_) factor *= share_.unit;
    }
  }
  GrownTree grow();

 private:
  static constexpr bool counting = sizeof(Cell) == sizeof(std::uint32_t);
  using Histogram = std::vector<Cell>;  // [slot of all lanes][class]
  using Scratch = Branch<Cell>;

  bool uses_histograms() const {
    return options_.columns_tried == 0 && !options_.random_cuts && page_.lanes > 0 &&
           rows_.slots() * stride_ <= histogram_cells_max;
  }
  std::uint32_t add_nodes(GrownTree& tree, std::size_t count) const;
  void add_row(const Page<Cell>& page, std::uint32_t row, Cell* cell) const {
    cell[page.labels[row]] += page.weight(row);
    if constexpr (!counting) ++cell[classes_];
  }
  void sum_rows(Scratch& branch, const Page<Cell>& page, std::span<const std::uint32_t> rows) const;
  void describe_node(Scratch& branch, const Task& task) const;
  bool is_final(const Scratch& branch, const Task& task) const;

  Histogram histogram(const Task& task) const;
  void add_rows(std::span<const std::uint32_t> rows, Histogram& cells) const;
  void try_lane(Scratch& branch, std::size_t lane, ColumnView<Cell> view, Split& best) const;
  void try_column(Scratch& branch, std::uint32_t column, ColumnView<Cell> view, int only_behind,
                  Split& best) const;
  Split best_split(Scratch& branch, const Histogram& cells) const;
  Split best_split(Scratch& branch, const Page<Cell>& page, const Task& task,
                   std::span<const std::uint32_t> rows) const;
  Split drawn_split(Scratch& branch, const Page<Cell>& page, const Task& task,
                    std::span<const std::uint32_t> rows) const;
  ColumnView<Cell> gather(Scratch& branch, const Page<Cell>& page, std::size_t lane,
                          std::span<const std::uint32_t> rows) const;
  void wipe(Scratch& branch, const ColumnView<Cell>& view) const;
  int draw_cut(const ColumnView<Cell>& view, std::uint32_t column, Random& random) const;
  NodeView node_view(const Scratch& branch) const {
    return {branch.totals, factors_, branch.counted, options_.leaf_rows_min};
  }

  std::pair<Task, Task> apply(Scratch& branch, const Page<Cell>& page, const Task& task,
                              const Split& split, std::span<std::uint32_t> order) const;
  void grow_top(Scratch& branch, const Task& task, Histogram cells, std::vector<Task>& later);
  void grow_rest(Scratch& branch, const Page<Cell>& page, const Task& task);
  void grow_subtree(Scratch& branch, const Task& task);
  void splice(GrownTree& tree, const Task& at, const GrownTree& subtree) const;
  void finished(std::size_t rows) {
    const std::size_t done = done_ += rows;
    if (options_.report != nullptr) tell(*options_.report, done, order_.size());
  }

  const Binned& rows_;
  RowShare share_;
  const GrowOptions& options_;
  std::size_t classes_;
  std::size_t stride_;
  Page<Cell> page_;
  std::vector<double> factors_;       // what one of a cell's class weighs
  std::vector<std::uint32_t> order_;  // a node's rows are a range of it, in rising order
  std::atomic<std::size_t> done_ = 0;
};

template <class Cell>
std::uint32_t Grower<Cell>::add_nodes(GrownTree& tree, std::size_t count) const {
  const auto first = static_cast<std::uint32_t>(tree.nodes.size());
  tree.nodes.resize(tree.nodes.size() + count);
  tree.probabilities.resize(tree.nodes.size() * classes_);
  tree.rows.resize(tree.nodes.size());
  return first;
}

template <class Cell>
void Grower<Cell>::sum_rows(Scratch& branch, const Page<Cell>& page,
                            std::span<const std::uint32_t> rows) const {
  std::fill(branch.sums.begin(), branch.sums.end(), Cell{0});
  for (const std::uint32_t row : rows) add_row(page, row, branch.sums.data());
}

/// From branch.sums to branch.totals. The node becomes a leaf, which it stays unless it is split.
template <class Cell>
void Grower<Cell>::describe_node(Scratch& branch, const Task& task) const {
  double sum = 0;
  double rows = 0;
  branch.counted = 0;
  for (std::size_t k = 0; k < classes_; ++k) {
    rows += static_cast<double>(branch.sums[k]);
    branch.totals[k] = static_cast<double>(branch.sums[k]) * factors_[k];
    sum += branch.totals[k];
    if constexpr (counting) branch.counted += branch.sums[k];
  }
  if constexpr (!counting) branch.counted = branch.sums[classes_];
  float* out = branch.tree.probabilities.data() + task.node * classes_;
  for (std::size_t k = 0; k < classes_; ++k) out[k] = static_cast<float>(branch.totals[k] / sum);
  branch.tree.rows[task.node] = rows * share_.unit;
  TreeNode& node = branch.tree.nodes[task.node];
  node = {};
  node.cut = std::numeric_limits<float>::infinity();
  node.left = task.node;
}

template <class Cell>
bool Grower<Cell>::is_final(const Scratch& branch, const Task& task) const {
  const auto alive = std::count_if(branch.totals.begin(), branch.totals.end(),
                                   [](double total) { return total > 0; });
  return alive < 2 || task.depth >= options_.depth_max ||
         branch.counted < 2 * std::size_t{options_.leaf_rows_min};
}

template <class Cell>
void Grower<Cell>::add_rows(std::span<const std::uint32_t> rows, Histogram& cells) const {
  constexpr std::size_t lanes_max = 64;
  constexpr std::size_t ahead = 16;
  // Where each lane begins, copied out of the lanes for the first 64 of them.
  std::array<Cell*, lanes_max> first;
  const std::size_t lanes = std::min(page_.lanes, lanes_max);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    first[lane] = cells.data() + rows_.lanes()[lane].first_slot * stride_;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + ahead < rows.size()) __builtin_prefetch(page_.row(rows[i + ahead]));
    const std::uint32_t row = rows[i];
    const std::uint8_t* bytes = page_.row(row);
    const std::size_t label = page_.labels[row];
    const Cell weight = page_.weight(row);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      Cell* cell = first[lane] + bytes[lane] * stride_;
      cell[label] += weight;
      if constexpr (!counting) ++cell[classes_];
    }
    for (std::size_t lane = lanes; lane < page_.lanes; ++lane) {
      add_row(page_, row, cells.data() + (rows_.lanes()[lane].first_slot + bytes[lane]) * stride_);
    }
  }
}

/// Whole numbers add up to the same whoever adds them, so the rows may be shared out.
template <class Cell>
typename Grower<Cell>::Histogram Grower<Cell>::histogram(const Task& task) const {
  constexpr std::size_t rows_per_part = 32'768;
  const std::size_t parts =
      std::clamp<std::size_t>(task.rows() / rows_per_part, 1, std::max(1U, options_.threads));
  std::vector<Histogram> part(parts);
  const std::span<const std::uint32_t> rows{order_.data() + task.from, task.rows()};
  run_parallel(options_.threads, parts, [&](std::size_t p) {
    part[p].resize(rows_.slots() * stride_);
    const std::size_t from = rows.size() * p / parts;
    add_rows(rows.subspan(from, rows.size() * (p + 1) / parts - from), part[p]);
  });
  for (std::size_t p = 1; p < parts; ++p) {
    for (std::size_t c = 0; c < part[0].size(); ++c) part[0][c] += part[p][c];
  }
  return std::move(part[0]);
}

/// `view` is of the column's lane. A member of a shared lane has two bins: its own byte, and all
/// the node's rows that have another.
template <class Cell>
void Grower<Cell>::try_column(Scratch& branch, std::uint32_t column, ColumnView<Cell> view,
                              int only_behind, Split& best) const {
  const Binned::Place place = rows_.place(column);
  view.column = column;
  view.bins = rows_.bins(column);
  if (place.member == 0) {
    return branch.splitter.try_cuts(node_view(branch), view, only_behind, best);
  }
  if ((view.touched[place.member / 64] >> (place.member % 64) & 1U) == 0) return;
  constexpr std::size_t small = 3 * 33;
  std::array<Cell, small> few{};
  std::vector<Cell> many(3 * stride_ > small ? 3 * stride_ : 0);
  Cell* two = many.empty() ? few.data() : many.data();
  const Cell* own = view.cells + place.member * stride_;
  for (std::size_t k = 0; k < stride_; ++k) {
    two[k] = branch.sums[k] - own[k];
    two[stride_ + k] = own[k];
  }
  view.cells = two;
  view.touched = {3};
  branch.splitter.try_cuts(node_view(branch), view, only_behind, best);
}

template <class Cell>
void Grower<Cell>::try_lane(Scratch& branch, std::size_t lane, ColumnView<Cell> view,
                            Split& best) const {
  for (const std::uint32_t column : rows_.lanes()[lane].columns) {
    try_column(branch, column, view, Splitter::every_cut, best);
  }
}

template <class Cell>
Split Grower<Cell>::best_split(Scratch& branch, const Histogram& cells) const {
  Split best;
  for (std::size_t lane = 0; lane < page_.lanes; ++lane) {
    const Binned::Lane& of = rows_.lanes()[lane];
    ColumnView<Cell> view{.cells = cells.data() + of.first_slot * stride_, .classes = classes_};
    for (std::size_t bin = 0; bin < of.slots; ++bin) view.touch(bin);
    try_lane(branch, lane, view, best);
  }
  return best;
}

template <class Cell>
ColumnView<Cell> Grower<Cell>::gather(Scratch& branch, const Page<Cell>& page, std::size_t lane,
                                      std::span<const std::uint32_t> rows) const {
  ColumnView<Cell> view{.cells = branch.cells.data(), .classes = classes_};
  for (const std::uint32_t row : rows) {
    const std::size_t bin = page.row(row)[lane];
    add_row(page, row, branch.cells.data() + bin * stride_);
    view.touch(bin);
  }
  return view;
}

template <class Cell>
void Grower<Cell>::wipe(Scratch& branch, const ColumnView<Cell>& view) const {
  for (std::size_t word = 0; word < view.touched.size(); ++word) {
    for (std::uint64_t bits = view.touched[word]; bits != 0; bits &= bits - 1) {
      const auto bin = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      std::fill_n(branch.cells.data() + bin * stride_, stride_, Cell{0});
    }
  }
}

template <class Cell>
Split Grower<Cell>::best_split(Scratch& branch, const Page<Cell>& page, const Task& task,
                               std::span<const std::uint32_t> rows) const {
  if (options_.columns_tried != 0 || options_.random_cuts) {
    return drawn_split(branch, page, task, rows);
  }
  Split best;
  for (std::size_t lane = 0; lane < page.lanes; ++lane) {
    const ColumnView<Cell> view = gather(branch, page, lane, rows);
    try_lane(branch, lane, view, best);
    wipe(branch, view);
  }
  return best;
}

/// Columns in an order drawn for this node: as many as asked for, and on until one can be cut.
template <class Cell>
Split Grower<Cell>::drawn_split(Scratch& branch, const Page<Cell>& page, const Task& task,
                                std::span<const std::uint32_t> rows) const {
  Split best;
  Random random(task.seed);
  std::vector<std::uint32_t>& drawn = branch.drawn;
  drawn.resize(rows_.width());
  std::iota(drawn.begin(), drawn.end(), 0U);
  const std::size_t wanted = options_.columns_tried == 0 ? drawn.size() : options_.columns_tried;
  for (std::size_t i = 0; i < drawn.size() && (i < wanted || !best.found()); ++i) {
    std::swap(drawn[i], drawn[i + random.below(drawn.size() - i)]);
    const std::uint32_t column = drawn[i];
    const Binned::Place place = rows_.place(column);
    if (place.lane == Binned::no_lane) continue;
    const ColumnView<Cell> view = gather(branch, page, place.lane, rows);
    const int only = options_.random_cuts && place.member == 0 ? draw_cut(view, column, random)
                                                               : Splitter::every_cut;
    try_column(branch, column, view, only, best);
    wipe(branch, view);
  }
  return best;
}

/// A value drawn evenly between the ends of what the node holds, as the bin behind which it falls.
template <class Cell>
int Grower<Cell>::draw_cut(const ColumnView<Cell>& view, std::uint32_t column,
                           Random& random) const {
  int first = -1;
  int last = -1;
  const auto each_bin = [&](const auto& use) {
    for (std::size_t bin = 0; bin < rows_.bins(column); ++bin) {
      if ((view.touched[bin / 64] >> (bin % 64) & 1U) != 0) use(static_cast<int>(bin));
    }
  };
  each_bin([&](int bin) {
    first = first < 0 ? bin : first;
    last = bin;
  });
  const auto low = [&](int bin) {
    return static_cast<double>(rows_.low(column, static_cast<std::size_t>(bin)));
  };
  const double value = first < 0 ? 0 : random.uniform(low(first), low(last));
  int behind = first;
  each_bin([&](int bin) { behind = bin != last && low(bin) <= value ? bin : behind; });
  return behind;
}

/// Writes the split into the node and parts its rows, keeping their order.
template <class Cell>
std::pair<Task, Task> Grower<Cell>::apply(Scratch& branch, const Page<Cell>& page, const Task& task,
                                          const Split& split,
                                          std::span<std::uint32_t> order) const {
  const std::uint32_t left = add_nodes(branch.tree, 2);
  TreeNode& node = branch.tree.nodes[task.node];
  node.cut = split.missing_alone ? std::numeric_limits<float>::max()
                                 : rows_.cut(split.column, split.left_bin, split.right_bin);
  node.question = split.column | (split.missing_right ? TreeNode::missing_right_bit : 0U);
  node.left = left;
  const Binned::Place place = rows_.place(split.column);
  std::array<std::uint8_t, 256> goes_right{};  // by byte
  if (place.member != 0) {
    goes_right[place.member] = 1;
  } else {
    std::fill(goes_right.begin() + split.left_bin + 1, goes_right.end(), std::uint8_t{1});
    goes_right[rows_.bins(split.column)] = split.missing_right ? 1 : 0;
  }
  if (branch.spare.size() < task.rows()) branch.spare.resize(task.rows());
  std::size_t kept = task.from;
  std::size_t moved = 0;
  for (std::size_t i = task.from; i < task.to; ++i) {
    const std::uint32_t row = order[i];
    const std::size_t right = goes_right[page.row(row)[place.lane]];
    order[kept] = row;
    branch.spare[moved] = row;
    kept += 1 - right;
    moved += right;
  }
  std::copy_n(branch.spare.begin(), moved, order.begin() + static_cast<std::ptrdiff_t>(kept));
  Random random(task.seed);
  return {Task{left, task.depth + 1, task.from, kept, random.next()},
          Task{left + 1, task.depth + 1, kept, task.to, random.next()}};
}

/// Splits large nodes one after the other and leaves the small ones for later.
template <class Cell>
void Grower<Cell>::grow_top(Scratch& branch, const Task& task, Histogram cells,
                            std::vector<Task>& later) {
  if (task.rows() < top_rows_min) return later.push_back(task);
  const bool by_histogram = uses_histograms();
  const std::span<const std::uint32_t> rows{order_.data() + task.from, task.rows()};
  if (by_histogram) {  // any lane holds every row once
    std::fill(branch.sums.begin(), branch.sums.end(), Cell{0});
    for (std::size_t c = 0; c < rows_.lanes()[0].slots * stride_; ++c) {
      branch.sums[c % stride_] += cells[c];
    }
  } else {
    sum_rows(branch, page_, rows);
  }
  describe_node(branch, task);
  if (is_final(branch, task) || options_.stop.stop_requested()) return finished(task.rows());
  const Split split =
      by_histogram ? best_split(branch, cells) : best_split(branch, page_, task, rows);
  if (!split.found()) return finished(task.rows());
  const auto [left, right] = apply(branch, page_, task, split, order_);
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
void Grower<Cell>::grow_rest(Scratch& branch, const Page<Cell>& page, const Task& task) {
  const std::span<const std::uint32_t> rows{branch.order.data() + task.from, task.rows()};
  sum_rows(branch, page, rows);
  describe_node(branch, task);
  if (is_final(branch, task) || options_.stop.stop_requested()) return;
  const Split split = best_split(branch, page, task, rows);
  if (!split.found()) return;
  const auto [left, right] = apply(branch, page, task, split, branch.order);
  grow_rest(branch, page, left);
  grow_rest(branch, page, right);
}

/// A small node and all below it, on a copy of its rows.
template <class Cell>
void Grower<Cell>::grow_subtree(Scratch& branch, const Task& task) {
  branch.tree = {};
  branch.bytes.clear();
  branch.labels.resize(task.rows());
  branch.order.resize(task.rows());
  std::iota(branch.order.begin(), branch.order.end(), 0U);
  if (page_.weights != nullptr) branch.weights.resize(task.rows());
  for (std::size_t i = 0; i < task.rows(); ++i) {
    const std::uint32_t row = order_[task.from + i];
    branch.bytes.insert(branch.bytes.end(), page_.row(row), page_.row(row) + page_.lanes);
    branch.labels[i] = page_.labels[row];
    if (page_.weights != nullptr) branch.weights[i] = page_.weights[row];
  }
  const Page<Cell> page{branch.bytes.data(), page_.lanes, branch.labels.data(),
                        page_.weights == nullptr ? nullptr : branch.weights.data()};
  grow_rest(branch, page, Task{add_nodes(branch.tree, 1), task.depth, 0, task.rows(), task.seed});
  finished(task.rows());
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
    tree.rows[place(i)] = subtree.rows[i];
    std::copy_n(subtree.probabilities.begin() + static_cast<std::ptrdiff_t>(i * classes_), classes_,
                tree.probabilities.begin() + static_cast<std::ptrdiff_t>(place(i) * classes_));
  }
}

template <class Cell>
GrownTree Grower<Cell>::grow() {
  Scratch top(options_.criterion, classes_, stride_);
  std::vector<Task> later;
  const Task root{add_nodes(top.tree, 1), 0, 0, order_.size(), options_.seed};
  Histogram cells;
  if (uses_histograms() && root.rows() >= top_rows_min) cells = histogram(root);
  grow_top(top, root, std::move(cells), later);
  std::vector<GrownTree> subtrees(later.size());
  const std::size_t crew = std::min<std::size_t>(std::max(1U, options_.threads), 64);
  std::atomic<std::size_t> next = 0;
  run_parallel(options_.threads, crew, [&](std::size_t) {  // one scratch a thread
    Scratch branch(options_.criterion, classes_, stride_);
    for (std::size_t i = next++; i < later.size(); i = next++) {
      grow_subtree(branch, later[i]);
      subtrees[i] = std::move(branch.tree);
    }
  });
  for (std::size_t i = 0; i < later.size(); ++i) splice(top.tree, later[i], subtrees[i]);
  return std::move(top.tree);
}

}  // namespace

FixedWeights fix_weights(std::span<const float> weights) {
  double sum = 0;
  for (const float weight : weights) sum += static_cast<double>(weight);
  int exponent = 0;
  std::frexp(sum, &exponent);  // sum < 2^exponent; every row may be rounded up to one unit
  FixedWeights fixed;
  fixed.unit = std::ldexp(1.0, exponent - 52);
  fixed.weights.reserve(weights.size());
  for (const float weight : weights) {
    const double units = std::nearbyint(static_cast<double>(weight) / fixed.unit);
    fixed.weights.push_back(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(units)));
  }
  return fixed;
}

GrownTree grow_tree(const Binned& rows, std::span<const std::uint16_t> labels,
                    std::span<const float> weights, const GrowOptions& options) {
  RowShare share;
  share.rows.resize(rows.rows());
  std::iota(share.rows.begin(), share.rows.end(), 0U);
  if (weights.empty()) return grow_tree_on(rows, labels, std::move(share), options);
  const FixedWeights fixed = fix_weights(weights);
  share.weights = fixed.weights;
  share.unit = fixed.unit;
  return grow_tree_on(rows, labels, std::move(share), options);
}

GrownTree grow_tree_on(const Binned& rows, std::span<const std::uint16_t> labels, RowShare share,
                       const GrowOptions& options) {
  if (share.weights.empty()) {
    return Grower<std::uint32_t>(rows, labels, std::move(share), options).grow();
  }
  return Grower<std::uint64_t>(rows, labels, std::move(share), options).grow();
}

}  // namespace vedette
