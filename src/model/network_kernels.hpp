/// The one product of matrices that networks are made of, learning and scoring alike.
///
/// An output element is one chain of fused multiply-adds over k = 0, 1, 2, … that starts at the
/// bias: neither the number of rows nor the tile it falls into changes its bits, so a row alone
/// scores the same as in a batch.
///
/// Matrices on the right and results are kept in panels of 16 columns (Goto, van de Geijn: Anatomy
/// of High-Performance Matrix Multiplication, 2008): a tile of 6 × 16 results then lives in 12 of
/// the 16 AVX2 registers, and each step of k reads 64 consecutive bytes of the right matrix.
/// docs/adr/0007-network-arithmetic.md holds the measurements that chose this over Eigen.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace vedette {

/// Columns of a panel: every width of a network is padded to a multiple of it.
constexpr std::size_t panel_lanes = 16;

constexpr std::size_t padded(std::size_t width) {
  return (width + panel_lanes - 1) / panel_lanes * panel_lanes;
}

/// Storage that starts on a cache line: 32-byte loads never straddle two.
template <class T>
struct LineAllocator {
  using value_type = T;
  LineAllocator() = default;
  template <class U>
  LineAllocator(const LineAllocator<U>& /*other*/) {}
  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{64}));
  }
  void deallocate(T* place, std::size_t /*count*/) {
    ::operator delete (place, std::align_val_t{64});
  }
  bool operator==(const LineAllocator& /*other*/) const { return true; }
};
using Floats = std::vector<float, LineAllocator<float>>;

/// Element (m, k) is data[m * row_step + k * depth_step]. Steps may overlap: with a row_step of one
/// position, the windows of a convolution are the rows of a matrix nobody had to build.
struct LeftMatrix {
  const float* data = nullptr;
  std::size_t row_step = 0;
  std::size_t depth_step = 1;
};

/// Element (k, n) is data[n / 16 * panel_step + k * step + n % 16]. A row-major matrix has a
/// panel_step of 16 and a step of its width.
template <class T>
struct PanelMatrix {
  T* data = nullptr;
  std::size_t step = 0;
  std::size_t panel_step = panel_lanes;
};

/// out(m, n) = start(n) + Σ_k left(m, k) * right(k, n) for m < rows, k < depth, n < 16 * panels.
struct Product {
  LeftMatrix left;
  PanelMatrix<const float> right;
  PanelMatrix<float> out;
  std::size_t rows = 0;
  std::size_t depth = 0;
  std::size_t panels = 0;
  const float* bias = nullptr;  ///< 16 * panels floats; null: start at 0
  bool add = false;             ///< start at what `out` holds instead
};

/// REQUIRES: `out` overlaps neither input. Allocates nothing.
void multiply(const Product& product);

/// The twin of multiply() in plain C++, for processors without AVX2 and to test against: equal up
/// to rounding.
void multiply_plain(const Product& product);

/// sums[n] += Σ_m matrix[m * width + n]. REQUIRES: width is a multiple of 16.
void add_rows(const float* matrix, std::size_t rows, std::size_t width, float* sums);

/// Activations are held at this, so that no sum over weights within their bounds leaves the range
/// of a float. Columns reach 10 deviations; trained units stay below a few hundred.
constexpr float activation_max = 1e6F;

/// values = min(max(values, 0), activation_max): the rectifier. REQUIRES: count is a multiple
/// of 16.
void rectify(float* values, std::size_t count);

/// Rectifier and max pooling of one row: the `positions` × `lanes` sums of a convolution become
/// ceil(positions / pool) × `lanes`. The last window may be shorter than `pool`.
void rectify_and_pool(const float* sums, std::size_t positions, std::size_t lanes, std::size_t pool,
                      float* out);

/// The way back: `gradient` of the pooled values goes to the first position of each window that
/// held the largest sum, where that was positive; every other place of `out` becomes 0.
void unpool(const float* sums, const float* gradient, std::size_t positions, std::size_t lanes,
            std::size_t pool, float* out);

/// gradient = values > 0 ? gradient * scale : 0. REQUIRES: count is a multiple of 16.
void mask_gradient(const float* values, std::size_t count, float scale, float* gradient);

}  // namespace vedette
