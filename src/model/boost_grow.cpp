#include "model/boost_grow.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

#include "base/simd.hpp"
#include "model/parallel.hpp"

namespace vedette {

double boost_step(double gradient, double curvature, double lambda) {
  return -gradient / (curvature + lambda);
}

double boost_gain(double gradient, double curvature, double lambda) {
  return gradient * gradient / (curvature + lambda);
}

namespace {

/// So many rows fit a packed cell: 65,536 × 32,767 < 2^31 and 65,536 × 65,535 < 2^32.
constexpr std::size_t packed_rows_max = 65'536;
constexpr std::size_t bins_max = 256;

/// Both sides of every cut of a column, and what each cut gains.
struct CutSums {
  std::array<double, bins_max> gradient, curvature, gain;
};

/// gain[i] = that of left and right together, or -1 where a side is too light.
VEDETTE_WIDE void gains(CutSums& sums, std::size_t count, double gradient, double curvature,
                        double lambda, double least) {
  for (std::size_t i = 0; i < count; ++i) {
    const double left = sums.gradient[i];
    const double right = gradient - left;
    const double left_weight = sums.curvature[i];
    const double right_weight = curvature - left_weight;
    const double gain =
        left * left / (left_weight + lambda) + right * right / (right_weight + lambda);
    const double lighter = left_weight < right_weight ? left_weight : right_weight;
    sums.gain[i] = lighter >= least ? gain : -1.0;
  }
}

}  // namespace

BoostGrower::BoostGrower(const Binned& rows, const BoostOptions& options)
    : rows_(rows),
      options_(options),
      order_(rows.rows()),
      spare_(rows.rows()),
      levels_(options.depth_max + 1) {}

/// Adds rows order[from, to) to packed cells. REQUIRES: at most packed_rows_max of them.
void BoostGrower::count(std::size_t from, std::size_t to,
                        std::vector<std::uint64_t>& packed_cells) const {
  constexpr std::size_t ahead = 24;
  std::array<std::uint64_t*, 64> first;
  const std::size_t lanes = rows_.lanes().size();
  const std::size_t near = std::min(lanes, first.size());
  for (std::size_t lane = 0; lane < near; ++lane) {
    first[lane] = packed_cells.data() + rows_.lanes()[lane].first_slot;
  }
  for (std::size_t i = from; i < to; ++i) {
    if (i + ahead < to) {
      __builtin_prefetch(rows_.row(order_[i + ahead]));
      __builtin_prefetch(packed_.data() + order_[i + ahead]);
    }
    const std::uint32_t row = order_[i];
    const std::uint8_t* bytes = rows_.row(row);
    const PackedGradient packed = packed_[row];
    // Sign-extended above, so that borrows of the gradient stay in its half.
    const auto gradient = static_cast<std::int64_t>(static_cast<std::int32_t>(packed) >> 16U);
    const std::uint64_t both = (static_cast<std::uint64_t>(gradient) << 32U) + (packed & 0xffffU);
    for (std::size_t lane = 0; lane < near; ++lane) first[lane][bytes[lane]] += both;
    for (std::size_t lane = near; lane < lanes; ++lane) {
      packed_cells[rows_.lanes()[lane].first_slot + bytes[lane]] += both;
    }
  }
}

void BoostGrower::histogram(const Task& task, Histogram& out) {
  out.assign(rows_.slots(), {});
  constexpr std::size_t rows_worth_a_thread = 16'384;
  const std::size_t crew =
      std::clamp<std::size_t>(task.rows() / rows_worth_a_thread, 1, std::max(1U, threads_));
  for (std::size_t done = 0; done < task.rows();) {
    const std::size_t rows = std::min(task.rows() - done, crew * packed_rows_max);
    if (parts_.size() < crew) parts_.resize(crew);
    run_parallel(threads_, crew, [&](std::size_t p) {
      parts_[p].assign(rows_.slots(), 0);
      const std::size_t from = task.from + done;
      count(from + rows * p / crew, from + rows * (p + 1) / crew, parts_[p]);
    });
    for (std::size_t p = 0; p < crew; ++p) {
      for (std::size_t c = 0; c < out.size(); ++c) {
        out[c].gradient += static_cast<std::int64_t>(parts_[p][c]) >> 32U;
        out[c].curvature += static_cast<std::int64_t>(parts_[p][c] & 0xffffffffU);
      }
    }
    done += rows;
  }
}

/// `cut` says where missing values go; `bins` are all others, and every place between them, and
/// behind the last if missing values go right by themselves, is tried.
void BoostGrower::try_way(const Task& task, std::span<const Cell> bins, Cell missing, Cut cut,
                          Cut& best) const {
  thread_local CutSums sums;
  Cell left = cut.missing_right ? Cell{} : missing;
  for (std::size_t bin = 0; bin < bins.size(); ++bin) {
    left.gradient += bins[bin].gradient;
    left.curvature += bins[bin].curvature;
    sums.gradient[bin] = static_cast<double>(left.gradient) * units_.gradient;
    sums.curvature[bin] = static_cast<double>(left.curvature) * units_.curvature;
  }
  const bool alone = cut.missing_right && missing.curvature > 0;
  const std::size_t cuts = bins.size() - (alone ? 0 : 1);
  gains(sums, cuts, static_cast<double>(task.sum.gradient) * units_.gradient,
        static_cast<double>(task.sum.curvature) * units_.curvature, options_.lambda,
        std::max(options_.child_weight_min, units_.curvature));
  std::size_t top = 0;
  for (std::size_t i = 1; i < cuts; ++i) top = sums.gain[i] > sums.gain[top] ? i : top;
  if (cuts == 0 || sums.gain[top] < best.gain) return;
  if (sums.gain[top] == best.gain && cut.column >= best.column) return;
  cut.gain = sums.gain[top];
  cut.bin = static_cast<std::uint32_t>(top);
  cut.missing_alone = alone && top + 1 == bins.size();
  cut.left = cut.missing_right ? Cell{} : missing;
  for (std::size_t bin = 0; bin <= top; ++bin) {
    cut.left.gradient += bins[bin].gradient;
    cut.left.curvature += bins[bin].curvature;
  }
  // Missing values that nobody saw here will follow the heavier side.
  if (missing.curvature == 0) cut.missing_right = 2 * cut.left.curvature < task.sum.curvature;
  best = cut;
}

void BoostGrower::try_bins(const Task& task, std::uint32_t column, std::span<const Cell> cells,
                           Cut& best) const {
  const Binned::Place place = rows_.place(column);
  const std::size_t bins = rows_.bins(column);
  if (place.member == 0) {
    const Cell missing = cells[bins];
    try_way(task, cells.first(bins), missing, {.column = column, .missing_right = true}, best);
    if (missing.curvature > 0) {
      try_way(task, cells.first(bins), missing, {.column = column, .missing_right = false}, best);
    }
    return;
  }
  const Cell own = cells[place.member];
  if (own.curvature == 0) return;
  const Cell two[2] = {{task.sum.gradient - own.gradient, task.sum.curvature - own.curvature}, own};
  try_way(task, two, {}, {.column = column, .missing_right = true}, best);
}

BoostGrower::Cut BoostGrower::best_cut(const Task& task, const Histogram& cells) const {
  Cut best;
  // What the node gains as a leaf must be exceeded.
  best.gain =
      boost_gain(static_cast<double>(task.sum.gradient) * units_.gradient,
                 static_cast<double>(task.sum.curvature) * units_.curvature, options_.lambda) +
      2 * options_.gain_min;
  best.gain += 1e-9 * best.gain;  // by more than rounding
  const double least = best.gain;
  for (const Binned::Lane& lane : rows_.lanes()) {
    const std::span<const Cell> own{cells.data() + lane.first_slot, lane.slots};
    for (const std::uint32_t column : lane.columns) try_bins(task, column, own, best);
  }
  best.gain -= least;
  return best;
}

bool BoostGrower::may_split(const Task& task) const {
  return task.depth < options_.depth_max && task.rows() >= 2 &&
         static_cast<double>(task.sum.curvature) * units_.curvature >=
             2 * options_.child_weight_min;
}

void BoostGrower::set_leaf(const Task& task) {
  TreeNode& node = tree_.nodes[task.node];
  node = {};
  node.cut = std::numeric_limits<float>::infinity();
  node.left = task.node;
  const double gradient = static_cast<double>(task.sum.gradient) * units_.gradient;
  const double curvature = static_cast<double>(task.sum.curvature) * units_.curvature;
  curvatures_[task.node] = curvature;
  const auto step =
      static_cast<float>(options_.learning_rate * boost_step(gradient, curvature, options_.lambda));
  const float value = std::clamp(step, -boost_value_max, boost_value_max);
  tree_.values[task.node] = value;
  for (std::size_t i = task.from; i < task.to; ++i) margins_[order_[i]] += value;
}

/// Writes the cut into the node and parts its rows, keeping their order.
std::pair<BoostGrower::Task, BoostGrower::Task> BoostGrower::part(const Task& task,
                                                                  const Cut& cut) {
  const auto left = static_cast<std::uint32_t>(tree_.nodes.size());
  tree_.nodes.resize(left + 2U);
  tree_.values.resize(left + 2U);
  curvatures_.resize(left + 2U);
  curvatures_[task.node] = static_cast<double>(task.sum.curvature) * units_.curvature;
  TreeNode& node = tree_.nodes[task.node];
  node.cut = cut.missing_alone ? std::numeric_limits<float>::max()
                               : rows_.cut(cut.column, cut.bin, cut.bin + 1);
  node.question = cut.column | (cut.missing_right ? TreeNode::missing_right_bit : 0U);
  node.left = left;
  const Binned::Place place = rows_.place(cut.column);
  std::array<std::uint8_t, bins_max> goes_right{};  // by byte
  if (place.member != 0) {
    goes_right[place.member] = 1;
  } else {
    std::fill(goes_right.begin() + cut.bin + 1, goes_right.end(), std::uint8_t{1});
    goes_right[rows_.bins(cut.column)] = cut.missing_right ? 1 : 0;
  }
  std::size_t kept = task.from;
  std::size_t moved = 0;
  for (std::size_t i = task.from; i < task.to; ++i) {
    const std::uint32_t row = order_[i];
    const std::size_t right = goes_right[rows_.row(row)[place.lane]];
    order_[kept] = row;
    spare_[moved] = row;
    kept += 1 - right;
    moved += right;
  }
  std::copy_n(spare_.begin(), moved, order_.begin() + static_cast<std::ptrdiff_t>(kept));
  const Cell right{task.sum.gradient - cut.left.gradient, task.sum.curvature - cut.left.curvature};
  return {Task{left, task.depth + 1, task.from, kept, cut.left},
          Task{left + 1, task.depth + 1, kept, task.to, right}};
}

/// levels_[level] holds the node's histogram and is the larger child's afterwards.
void BoostGrower::grow_node(const Task& task, std::size_t level) {
  if (!may_split(task) || options_.stop.stop_requested()) return set_leaf(task);
  const Cut cut = best_cut(task, levels_[level]);
  if (!(cut.gain > 0)) return set_leaf(task);
  const auto [left, right] = part(task, cut);
  const bool left_is_small = left.rows() <= right.rows();
  const Task& small = left_is_small ? left : right;
  const Task& large = left_is_small ? right : left;
  if (may_split(small) || may_split(large)) {
    Histogram& cells = levels_[level];
    Histogram& small_cells = levels_[level + 1];
    histogram(small, small_cells);
    for (std::size_t c = 0; c < cells.size(); ++c) {
      cells[c].gradient -= small_cells[c].gradient;
      cells[c].curvature -= small_cells[c].curvature;
    }
  }
  grow_node(small, level + 1);
  grow_node(large, level);
}

/// From the leaves up: children lie behind their parents.
void BoostGrower::set_means(std::span<const double> curvatures) {
  for (std::size_t i = tree_.nodes.size(); i-- > 0;) {
    const std::uint32_t left = tree_.nodes[i].left;
    if (left == i) continue;
    const double share = curvatures[left] / (curvatures[left] + curvatures[left + 1]);
    tree_.values[i] = static_cast<float>(share * static_cast<double>(tree_.values[left]) +
                                         (1 - share) * static_cast<double>(tree_.values[left + 1]));
  }
}

BoostTree BoostGrower::grow(std::span<const PackedGradient> packed, GradientUnits units,
                            unsigned threads, std::span<float> margins) {
  packed_ = packed;
  units_ = units;
  threads_ = threads;
  margins_ = margins;
  std::iota(order_.begin(), order_.end(), 0U);
  tree_ = {std::vector<TreeNode>(1), std::vector<float>(1)};
  curvatures_.assign(1, 0);
  Task root{0, 0, 0, order_.size(), {}};
  if (rows_.lanes().empty()) {
    for (const PackedGradient one : packed) {
      root.sum.gradient += static_cast<std::int32_t>(one) >> 16U;
      root.sum.curvature += static_cast<std::int64_t>(one & 0xffffU);
    }
    set_leaf(root);
    return std::move(tree_);
  }
  histogram(root, levels_[0]);
  for (std::size_t c = 0; c < rows_.lanes()[0].slots; ++c) {  // any lane holds every row once
    root.sum.gradient += levels_[0][c].gradient;
    root.sum.curvature += levels_[0][c].curvature;
  }
  grow_node(root, 0);
  set_means(curvatures_);
  return std::move(tree_);
}

}  // namespace vedette
