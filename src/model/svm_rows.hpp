/// The rows an svm learns from: scaled, equal ones merged, sorted by class.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/model.hpp"
#include "model/scaler.hpp"

namespace vedette {

/// Flows repeat themselves: of 88,430 flows of IoT-23 in 24 columns 17,859 are different. A point
/// is a different row with one of its labels; its weight is the sum over the rows that fell
/// together.
struct MergedRows {
  struct Point {
    std::uint32_t row = 0;     ///< index into the different rows
    std::uint32_t copies = 0;  ///< training rows
    double weight = 0;         ///< sum of theirs
  };
  std::size_t width = 0;
  std::vector<float> rows;                  ///< scaled, row-major, each once
  std::vector<std::vector<Point>> classes;  ///< points of each class, in order of appearance
  bool cancelled = false;

  std::size_t row_count() const { return rows.size() / width; }
  const float* row(std::size_t i) const { return rows.data() + i * width; }
  std::size_t points() const;
};

/// REQUIRES: a checked training set. Memory: the different rows and 30 bytes each.
MergedRows merge_rows(const TrainingSet& set, const Scaler& scaler, const std::stop_token& stop);

/// scikit-learn's gamma="scale": 1 / (columns × variance of all scaled values), 1 when nothing
/// varies.
double scale_gamma(const MergedRows& rows);

/// Leaves at most `points_max` points: every class keeps its share of them, but at least an equal
/// part (or all it has). The weight of those left grows by what was dropped. Drawn with `seed`.
void thin(MergedRows& rows, std::size_t points_max, std::uint64_t seed);

}  // namespace vedette
