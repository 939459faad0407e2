#include "model/tree_split.hpp"

#include <algorithm>
#include <bit>

namespace vedette {

namespace {

/// x log2 x, from a table where x is a small whole number: below the first levels nearly all are,
/// and a logarithm costs twenty times a look-up.
class XLogX {
 public:
  XLogX() {
    for (std::size_t i = 1; i < table_.size(); ++i) {
      table_[i] = static_cast<double>(i) * std::log2(static_cast<double>(i));
    }
  }
  double operator()(double x) const {
    if (x < static_cast<double>(table_.size())) {
      const auto whole = static_cast<std::size_t>(x);
      if (static_cast<double>(whole) == x) return table_[whole];
    }
    return x > 0 ? x * std::log2(x) : 0;
  }

 private:
  std::array<double, 4096> table_{};
};

const XLogX& xlogx() {
  static const XLogX table;
  return table;
}

/// Σ of f over the classes of one side, kept up to date while weight moves, where f is w² (Gini) or
/// w log w (entropy). worth() rises as the side gets purer: for Gini Σw²/W, for entropy
/// Σ w log w - W log W, both W times (a constant minus the impurity).
template <Criterion criterion>
struct Side {
  double sum = 0;
  double of_classes = 0;

  static double f(double weight) {
    if constexpr (criterion == Criterion::gini) return weight * weight;
    return xlogx()(weight);
  }
  void change(double before, double after) {
    if constexpr (criterion == Criterion::gini) {
      of_classes += (after - before) * (after + before);
    } else {
      of_classes += f(after) - f(before);
    }
    sum += after - before;
  }
  double worth() const {
    // Exactly Σw²/W <= W, and no more than 0; where next to nothing is left, rounding must not win.
    if constexpr (criterion == Criterion::gini) return std::min(sum, of_classes / sum);
    return std::min(0.0, of_classes - f(sum));
  }
};

}  // namespace

double impurity(Criterion criterion, std::span<const double> weights) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  if (!(sum > 0)) return 0;
  double total = criterion == Criterion::gini ? 1 : 0;
  for (const double weight : weights) {
    const double p = weight / sum;
    total -= criterion == Criterion::gini ? p * p : xlogx()(p);
  }
  return std::max(total, 0.0);
}

/// Walks the bins upwards, moving them from right to left, and keeps the best cut.
template <Criterion criterion, class Cell>
void Splitter::try_way(const NodeView& node, const ColumnView<Cell>& view, bool missing_right,
                       int only_behind, Split& best) {
  Side<criterion> left;
  Side<criterion> right;
  std::fill(left_.begin(), left_.end(), 0.0);
  std::copy(node.totals.begin(), node.totals.end(), right_.begin());
  for (const double total : node.totals) right.change(0, total);
  std::size_t left_rows = 0;
  const auto move_left = [&](std::size_t bin, std::size_t rows) {
    const Cell* cells = view.cells + bin * view.stride();
    for (std::size_t k = 0; k < view.classes; ++k) {
      if (cells[k] == 0) continue;
      const double weight = static_cast<double>(cells[k]) * node.factors[k];
      left.change(left_[k], left_[k] + weight);
      right.change(right_[k], right_[k] - weight);
      left_[k] += weight;
      right_[k] -= weight;
    }
    left_rows += rows;
  };
  const std::size_t missing_rows = view.rows_in(view.bins);
  if (!missing_right) move_left(view.bins, missing_rows);
  int previous = -1;
  const auto consider = [&](std::size_t right_bin, bool missing_alone) {
    const std::size_t right_rows = node.rows - left_rows;
    if (previous < 0 || std::min(left_rows, right_rows) < node.leaf_rows_min) return;
    if (only_behind != every_cut && previous != only_behind && !missing_alone) return;
    const double purity = left.worth() + right.worth();
    if (purity < best.purity || (purity == best.purity && view.column >= best.column)) return;
    // Missing values that nobody saw here will follow the larger side.
    best = {purity,
            view.column,
            static_cast<std::uint8_t>(previous),
            static_cast<std::uint8_t>(right_bin),
            missing_rows > 0 ? missing_right : left_rows < right_rows,
            missing_alone};
  };
  for (std::size_t word = 0; word < view.touched.size(); ++word) {
    for (std::uint64_t bits = view.touched[word]; bits != 0; bits &= bits - 1) {
      const auto bin = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      if (bin == view.bins) continue;
      const std::size_t rows = view.rows_in(bin);
      if (rows == 0) continue;
      consider(bin, false);
      move_left(bin, rows);
      previous = static_cast<int>(bin);
    }
  }
  if (missing_right && missing_rows > 0) consider(view.bins, true);
}

template <class Cell>
void Splitter::try_cuts(const NodeView& node, const ColumnView<Cell>& view, int only_behind,
                        Split& best) {
  std::uint64_t rest = 0;
  int words = 0;
  for (const std::uint64_t word : view.touched) {
    rest |= word & (word - 1);
    words += word != 0 ? 1 : 0;
  }
  if (rest == 0 && words < 2) return;  // one bin cannot be cut
  const auto way = [&](bool missing_right) {
    if (criterion_ == Criterion::gini) {
      try_way<Criterion::gini>(node, view, missing_right, only_behind, best);
    } else {
      try_way<Criterion::entropy>(node, view, missing_right, only_behind, best);
    }
  };
  way(true);
  if (view.rows_in(view.bins) > 0) way(false);
}

template void Splitter::try_cuts(const NodeView&, const ColumnView<std::uint32_t>&, int, Split&);
template void Splitter::try_cuts(const NodeView&, const ColumnView<std::uint64_t>&, int, Split&);

}  // namespace vedette
