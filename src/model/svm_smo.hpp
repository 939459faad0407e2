/// The quadratic problem of one pair of classes, solved by SMO. See svm_smo.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "model/svm_kernel.hpp"

namespace vedette {

struct SmoOptions {
  double gamma = 1;
  double tolerance = 1e-3;  ///< of the conditions of the optimum; libsvm's and scikit-learn's
  bool shrinking = true;
  std::size_t cache_bytes = std::size_t{64} << 20U;  ///< the two rows in use are always kept
  std::stop_token stop;
};

struct SmoSolution {
  std::vector<double> beta;      ///< label × alpha, one a row
  std::vector<double> decision;  ///< of every row: Σ beta K + bias
  double bias = 0;
  double objective = 0;  ///< ½ βᵀKβ - yᵀβ, as LIBSVM prints it
  std::uint64_t iterations = 0;
  /// The violation left. Above the tolerance when the bound on iterations was met.
  double violation = 0;
  bool cancelled = false;
};

/// Finds min ½ βᵀKβ - yᵀβ with Σβ = 0 and 0 <= y β <= bound. Row i has the label +1 if `positive`
/// and bounds[i] > 0. The solution does not depend on the size of the cache, not even in a bit.
/// One thread. Memory: the rows, 60 bytes a row and the cache.
/// REQUIRES: one bound a row, the first `positives` rows being the positive ones.
SmoSolution solve_smo(LaneRows rows, std::size_t positives, std::span<const double> bounds,
                      const SmoOptions& options);

/// An estimate of the decision of each row had one unit of its bound been missing (`units` holds
/// the bound of one copy of the row): see svm_smo.cpp. `rows` in the order given to solve_smo.
std::vector<double> left_out_decisions(const LaneRows& rows, std::size_t positives,
                                       std::span<const double> bounds,
                                       std::span<const double> units, const SmoSolution& solution,
                                       const SmoOptions& options);

}  // namespace vedette
