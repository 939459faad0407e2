/// Linear support vector machines, and the random features that make one of a curved one.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "base/random.hpp"

namespace vedette {

/// Rows picked from a matrix: row i is data[rows[i] * width …]. Borrows.
struct PickedRows {
  const float* data = nullptr;
  std::size_t width = 0;
  std::span<const std::uint32_t> rows;
  const float* operator[](std::size_t i) const { return data + std::size_t{rows[i]} * width; }
};

struct LinearOptions {
  double tolerance = 1e-3;  ///< of the projected gradient; LIBLINEAR's own default is 0.1
  unsigned epochs_max = 300;
  std::stop_token stop;
};

struct LinearSolution {
  std::vector<float> weights;
  double bias = 0;
  std::vector<double> decision;  ///< of every row
  unsigned epochs = 0;
  bool finished = false;  ///< the tolerance was met
  bool cancelled = false;
};

/// min ½ (|w|² + b²) + Σ bound × hinge(label × (w x + b)), by dual coordinate descent (Hsieh et
/// al.: A Dual Coordinate Descent Method for Large-scale Linear SVM, ICML 2008) with its shrinking.
/// The first `positives` rows are the positive ones. One thread; 30 bytes a row.
LinearSolution solve_linear(const PickedRows& rows, std::size_t positives,
                            std::span<const double> bounds, Random random,
                            const LinearOptions& options);

/// Frequencies w, in turns, for which the mean of cos(2π w (x - y)) is exp(-gamma |x - y|²): drawn
/// from the Gaussian that is the kernel's Fourier transform (Rahimi, Recht: Random Features for
/// Large-Scale Kernel Machines, NIPS 2007), orthogonal within blocks of `width`, which lowers the
/// error (Yu et al.: Orthogonal Random Features, NIPS 2016). @return [column][frequency].
std::vector<float> draw_frequencies(std::size_t width, std::size_t count, double gamma,
                                    Random& random);

}  // namespace vedette
