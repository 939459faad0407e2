#include "model/network_kernels.hpp"

#include <algorithm>

#include "base/simd.hpp"

#if defined(VEDETTE_HAS_AVX2_FMA)
#include <immintrin.h>
#endif

// At -O2 GCC keeps short loops as loops, and an array of accumulators with them in memory.
#if defined(__clang__)
#define VEDETTE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define VEDETTE_UNROLL _Pragma("GCC unroll 16")
#endif

namespace vedette {

void multiply_plain(const Product& p) {
  for (std::size_t panel = 0; panel < p.panels; ++panel) {
    const float* right = p.right.data + panel * p.right.panel_step;
    for (std::size_t m = 0; m < p.rows; ++m) {
      float* out = p.out.data + panel * p.out.panel_step + m * p.out.step;
      float sums[panel_lanes] = {};
      if (p.add) std::copy_n(out, panel_lanes, sums);
      if (p.bias != nullptr) std::copy_n(p.bias + panel * panel_lanes, panel_lanes, sums);
      for (std::size_t k = 0; k < p.depth; ++k) {
        const float x = p.left.data[m * p.left.row_step + k * p.left.depth_step];
        for (std::size_t n = 0; n < panel_lanes; ++n) sums[n] += x * right[k * p.right.step + n];
      }
      std::copy_n(sums, panel_lanes, out);
    }
  }
}

#if defined(VEDETTE_HAS_AVX2_FMA)

namespace {

constexpr std::size_t half = panel_lanes / 2;

/// One tile: `rows` × `panels` * 16 results held in registers while k runs through.
template <std::size_t rows, std::size_t panels>
VEDETTE_AVX2_FMA void multiply_tile(const Product& p, std::size_t row, std::size_t panel) {
  float* const out = p.out.data + panel * p.out.panel_step + row * p.out.step;
  __m256 sums[rows][2 * panels];
  VEDETTE_UNROLL
  for (std::size_t m = 0; m < rows; ++m) {
    VEDETTE_UNROLL
    for (std::size_t n = 0; n < 2 * panels; ++n) {
      const std::size_t at = n / 2 * p.out.panel_step + m * p.out.step + n % 2 * half;
      sums[m][n] = p.add               ? _mm256_loadu_ps(out + at)
                   : p.bias != nullptr ? _mm256_loadu_ps(p.bias + panel * panel_lanes + n * half)
                                       : _mm256_setzero_ps();
    }
  }
  const float* left = p.left.data + row * p.left.row_step;
  const float* right = p.right.data + panel * p.right.panel_step;
  const std::size_t row_step = p.left.row_step;
  const std::size_t depth_step = p.left.depth_step;
  const std::size_t right_step = p.right.step;
  const std::size_t panel_step = p.right.panel_step;
  for (std::size_t k = p.depth; k > 0; --k) {
    __m256 row_of_right[2 * panels];
    VEDETTE_UNROLL
    for (std::size_t n = 0; n < 2 * panels; ++n) {
      row_of_right[n] = _mm256_loadu_ps(right + n / 2 * panel_step + n % 2 * half);
    }
    VEDETTE_UNROLL
    for (std::size_t m = 0; m < rows; ++m) {
      const __m256 x = _mm256_broadcast_ss(left + m * row_step);
      VEDETTE_UNROLL
      for (std::size_t n = 0; n < 2 * panels; ++n) {
        sums[m][n] = _mm256_fmadd_ps(x, row_of_right[n], sums[m][n]);
      }
    }
    left += depth_step;
    right += right_step;
  }
  VEDETTE_UNROLL
  for (std::size_t m = 0; m < rows; ++m) {
    VEDETTE_UNROLL
    for (std::size_t n = 0; n < 2 * panels; ++n) {
      const std::size_t at = n / 2 * p.out.panel_step + m * p.out.step + n % 2 * half;
      _mm256_storeu_ps(out + at, sums[m][n]);
    }
  }
}

constexpr std::size_t tile_rows = 6;

void multiply_last_rows(const Product& p, std::size_t row, std::size_t panel) {
  switch (p.rows - row) {
    case 5:
      return multiply_tile<5, 1>(p, row, panel);
    case 4:
      return multiply_tile<4, 1>(p, row, panel);
    case 3:
      return multiply_tile<3, 1>(p, row, panel);
    case 2:
      return multiply_tile<2, 1>(p, row, panel);
    case 1:
      return multiply_tile<1, 1>(p, row, panel);
    default:
      return;
  }
}

void multiply_avx2(const Product& p) {
  std::size_t panel = 0;
  // A single row: four panels at once, or the latency of the multiply-adds is all there is.
  for (; p.rows == 1 && panel + 4 <= p.panels; panel += 4) multiply_tile<1, 4>(p, 0, panel);
  for (; panel < p.panels; ++panel) {
    std::size_t row = 0;
    for (; row + tile_rows <= p.rows; row += tile_rows) multiply_tile<tile_rows, 1>(p, row, panel);
    multiply_last_rows(p, row, panel);
  }
}

}  // namespace

void multiply(const Product& product) {
  static const auto chosen = has_avx2_fma() ? multiply_avx2 : multiply_plain;
  chosen(product);
}

#else

void multiply(const Product& product) {
  multiply_plain(product);
}

#endif

// Eight floats by name: left to themselves, GCC 12 and clang 14 vectorise only some of the loops
// below, and a rectifier that branches on every sign costs ten times as much.
namespace {

using Eight __attribute__((vector_size(32), aligned(4), may_alias)) = float;
constexpr std::size_t eight = 8;

inline Eight& eight_at(float* place) {
  return *reinterpret_cast<Eight*>(place);
}
inline const Eight& eight_at(const float* place) {
  return *reinterpret_cast<const Eight*>(place);
}

}  // namespace

VEDETTE_WIDE void add_rows(const float* matrix, std::size_t rows, std::size_t width, float* sums) {
  for (std::size_t n = 0; n < width; n += eight) {
    Eight total{};
    for (std::size_t m = 0; m < rows; ++m) total += eight_at(matrix + m * width + n);
    eight_at(sums + n) += total;
  }
}

VEDETTE_WIDE void rectify(float* values, std::size_t count) {
  const Eight zero{};
  const Eight most = zero + activation_max;
  for (std::size_t i = 0; i < count; i += eight) {
    const Eight value = eight_at(values + i);
    const Eight up = value > zero ? value : zero;
    eight_at(values + i) = up < most ? up : most;
  }
}

VEDETTE_WIDE void rectify_and_pool(const float* sums, std::size_t positions, std::size_t lanes,
                                   std::size_t pool, float* out) {
  const Eight most = Eight{} + activation_max;
  for (std::size_t from = 0; from < positions; from += pool, out += lanes) {
    const std::size_t to = std::min(from + pool, positions);
    for (std::size_t n = 0; n < lanes; n += eight) {
      Eight top{};
      for (std::size_t at = from; at < to; ++at) {
        const Eight sum = eight_at(sums + at * lanes + n);
        top = sum > top ? sum : top;
      }
      eight_at(out + n) = top < most ? top : most;
    }
  }
}

VEDETTE_WIDE void unpool(const float* sums, const float* gradient, std::size_t positions,
                         std::size_t lanes, std::size_t pool, float* out) {
  const Eight zero{};
  for (std::size_t from = 0; from < positions; from += pool, gradient += lanes) {
    const std::size_t to = std::min(from + pool, positions);
    for (std::size_t n = 0; n < lanes; n += eight) {
      Eight top{};
      for (std::size_t at = from; at < to; ++at) {
        const Eight sum = eight_at(sums + at * lanes + n);
        top = sum > top ? sum : top;
      }
      // What no position has taken yet; nothing where none was positive.
      Eight left = top > zero ? eight_at(gradient + n) : zero;
      for (std::size_t at = from; at < to; ++at) {
        const Eight sum = eight_at(sums + at * lanes + n);
        eight_at(out + at * lanes + n) = sum == top ? left : zero;
        left = sum == top ? zero : left;
      }
    }
  }
}

VEDETTE_WIDE void mask_gradient(const float* values, std::size_t count, float scale,
                                float* gradient) {
  const Eight zero{};
  for (std::size_t i = 0; i < count; i += eight) {
    eight_at(gradient + i) = eight_at(values + i) > zero ? eight_at(gradient + i) * scale : zero;
  }
}

}  // namespace vedette
