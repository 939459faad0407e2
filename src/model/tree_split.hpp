/// Where to cut one column of a node. tree.cpp tells why; this file walks the bins.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace vedette {

enum class Criterion : std::uint8_t {
  gini,     ///< 1 - Σ p²: the chance that two rows drawn from a node differ in class
  entropy,  ///< -Σ p log2 p: the bits it takes to say the class of a row (Shannon 1948)
};

/// 0 for a pure node, and for one without weight.
double impurity(Criterion criterion, std::span<const double> weights);

struct Split {
  double purity = -std::numeric_limits<double>::infinity();  ///< this: none found
  std::uint32_t column = 0;
  std::uint8_t left_bin = 0;
  std::uint8_t right_bin = 0;
  bool missing_right = false;
  bool missing_alone = false;  ///< right gets the missing values, left all others
  bool found() const { return purity > -std::numeric_limits<double>::infinity(); }
};

/// What fell where in one column of one node. `cells` are [bin][class], `stride` apart; a Cell of
/// 64 bits is a weight in fixed point and has the number of rows behind the classes, one of 32
/// bits is itself a number of rows.
template <class Cell>
struct ColumnView {
  std::uint32_t column = 0;
  std::size_t bins = 0;  ///< the bin of this number is that of missing values
  const Cell* cells = nullptr;
  std::size_t classes = 0;
  std::array<std::uint64_t, 4> touched{};  ///< bins outside are empty

  static constexpr bool counts = sizeof(Cell) == sizeof(std::uint32_t);
  std::size_t stride() const { return classes + (counts ? 0 : 1); }
  void touch(std::size_t bin) { touched[bin / 64] |= std::uint64_t{1} << (bin % 64); }
  std::size_t rows_in(std::size_t bin) const {
    const Cell* cell = cells + bin * stride();
    if constexpr (!counts) return cell[classes];
    std::size_t sum = 0;
    for (std::size_t k = 0; k < classes; ++k) sum += cell[k];
    return sum;
  }
};

/// One node, as its columns are tried.
struct NodeView {
  std::span<const double> totals;   ///< weight of each class
  std::span<const double> factors;  ///< what one of a cell's class weighs
  std::size_t rows = 0;
  std::size_t leaf_rows_min = 1;
};

/// Scratch for one thread.
class Splitter {
 public:
  static constexpr int every_cut = -1;

  Splitter(Criterion criterion, std::size_t classes)
      : criterion_(criterion), left_(classes), right_(classes) {}

  /// Betters `best` by the cuts of a column. Where values are missing both ways to send them are
  /// tried, and to cut between what is there and what is missing. `only_behind`: the one bin behind
  /// which to cut, or every_cut. Equal cuts: the first column, the lowest cut.
  template <class Cell>
  void try_cuts(const NodeView& node, const ColumnView<Cell>& view, int only_behind, Split& best);

 private:
  template <Criterion criterion, class Cell>
  void try_way(const NodeView& node, const ColumnView<Cell>& view, bool missing_right,
               int only_behind, Split& best);

  Criterion criterion_;
  std::vector<double> left_;
  std::vector<double> right_;
};

}  // namespace vedette
