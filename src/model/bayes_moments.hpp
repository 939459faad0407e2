/// The weight, mean and spread of every column in every class, in one reading of the rows.
///
/// Sums of squares minus squares of sums lose every digit when the mean is large beside the
/// spread, so the squares are taken of what is left after the mean. Not of all rows, which would
/// mean to read them twice from memory, but of a block's rows of one class: 512 rows of 24 columns
/// are 49 KB, and the second look at them costs a quarter of the first. Blocks are merged with
/// Chan, Golub, LeVeque 1979, which loses no digits either.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "model/model.hpp"

namespace vedette {

/// Weight, mean and sum of squared deviations of one column in one class.
struct Moments {
  double weight = 0;
  double mean = 0;
  double squares = 0;

  /// Chan, Golub, LeVeque 1979: merging two parts loses no digits.
  void merge(const Moments& other);
};

struct ClassMoments {
  std::vector<Moments> moments;       ///< [class][column]; missing values count nowhere
  std::vector<double> class_weights;  ///< summed weights of each class's rows
  bool infinite = false;              ///< some value is infinite: the moments are rubbish
  bool odd_category = false;          ///< a checked column holds more than 0, 1 and nothing
};

/// The same bits for any number of threads. `check` is empty or one a column: 0 means that it
/// may hold anything, otherwise it must hold 0, 1 or NaN. Memory: 24 bytes × classes × columns × 65
/// or so. Stops early, leaving rubbish, when `stop` is requested. REQUIRES: a set of sound sizes,
/// labels and weights.
ClassMoments measure_classes(const TrainingSet& set, std::span<const std::uint32_t> check,
                             unsigned threads, const std::stop_token& stop);

}  // namespace vedette
