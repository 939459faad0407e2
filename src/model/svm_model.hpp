/// What a fitted svm consists of, and the Model made from it. See svm.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/model.hpp"
#include "model/scaler.hpp"
#include "model/svm_kernel.hpp"
#include "model/svm_platt.hpp"

namespace vedette {

enum class SvmKernel : std::uint8_t { rbf, linear, features };

struct SvmParts {
  SvmKernel kernel = SvmKernel::rbf;
  bool automatic = false;  ///< the kernel was chosen by the number of distinct rows
  std::size_t classes = 2;
  double c = 1, gamma = 1;
  std::uint64_t rows = 0;        ///< of the training set
  std::uint64_t distinct = 0;    ///< different (row, label) among them
  std::uint64_t learned = 0;     ///< of the distinct ones, those the kernel learned from
  std::uint32_t unfinished = 0;  ///< pairs whose solver met its bound on iterations
  Scaler scaler;
  /// Classes with training rows, rising. Pairs are (0, 1), (0, 2), … (1, 2) … of their positions.
  std::vector<std::uint16_t> present;
  struct Pair {
    Sigmoid sigmoid;  ///< of the first class
    double bias = 0;
  };
  std::vector<Pair> pairs;
  // rbf: every distinct support vector once, packed, and for each pair the terms of its decision.
  std::vector<std::uint8_t> is_flag;  ///< of each column; all 0 but for rbf
  ColumnPacking packing;              ///< made from is_flag
  LaneRows vectors;
  std::vector<SvmTerm> terms;
  std::vector<std::size_t> term_ends;  ///< one a pair
  // features: [column][frequency], in turns per unit.
  std::vector<float> frequencies;
  std::size_t frequency_count = 0;
  // linear and features: [pair][column or feature].
  std::vector<float> weights;

  std::size_t dimensions() const {
    return kernel == SvmKernel::features ? 2 * frequency_count : scaler.width();
  }
};

/// A column whose flag is set is a flag, the others are numbers.
ColumnPacking packing_of(std::span<const std::uint8_t> is_flag);

constexpr std::size_t svm_pairs(std::size_t classes) {
  return classes * (classes - 1) / 2;
}
/// Above this many distinct rows "auto" takes the features: SMO needs about their square.
constexpr std::uint64_t svm_auto_rows_max = 60'000;
constexpr std::size_t svm_features_max = 8192;

std::unique_ptr<Model> make_svm(SvmParts parts);
Result<std::unique_ptr<Model>> load_svm(ByteReader& in);

}  // namespace vedette
