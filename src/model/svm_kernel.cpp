#include "model/svm_kernel.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/simd.hpp"

namespace vedette {

namespace {

constexpr std::size_t lanes = LaneRows::lanes;
constexpr double infinity = std::numeric_limits<double>::infinity();
// Adding and subtracting 1.5 × 2^23 rounds a float to the nearest whole number, without the
// rounding instruction that SSE2 lacks.
constexpr float round_magic = 12582912.0F;

/// 2^t for t <= 0. Cephes' way: 2^(whole) by the exponent, 2^(rest) by a polynomial of degree 6 on
/// [-0.5, 0.5] (Taylor's; its last term left out is 1.2e-7 × 2^-8). Below -126 it stays at 2^-126:
/// subnormals would cost a hundred cycles each.
[[gnu::always_inline]] inline float exp2_of(float t) {
  t = t < -126.0F ? -126.0F : t;
  const float whole = (t + round_magic) - round_magic;
  const float rest = t - whole;
  float p = 1.5403530e-4F;
  p = p * rest + 1.3333558e-3F;
  p = p * rest + 9.6181291e-3F;
  p = p * rest + 5.5504109e-2F;
  p = p * rest + 2.4022651e-1F;
  p = p * rest + 6.9314718e-1F;
  p = p * rest + 1.0F;
  const std::int32_t exponent = (static_cast<std::int32_t>(whole) + 127) * (1 << 23);
  return p * std::bit_cast<float>(exponent);
}

[[gnu::always_inline]] inline void rbf_block(const float* block, std::size_t width, const float* x,
                                             float scale, float* out) {
  std::array<float, lanes> sum{};
  for (std::size_t c = 0; c < width; ++c) {
    const float value = x[c];
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const float off = block[c * lanes + lane] - value;
      sum[lane] += off * off;
    }
  }
  for (std::size_t lane = 0; lane < lanes; ++lane) out[lane] = exp2_of(sum[lane] * scale);
}

VEDETTE_WIDE void rbf_blocks(const float* blocks, std::size_t count, std::size_t width,
                             const float* x, float scale, float* out) {
  for (std::size_t b = 0; b < count; ++b) {
    rbf_block(blocks + b * lanes * width, width, x, scale, out + b * lanes);
  }
}

VEDETTE_WIDE void rbf_blocks4(const float* blocks, std::size_t count, std::size_t width,
                              const float* x, float scale, float* out) {
  constexpr std::size_t rows = 4;
  alignas(64) float tile[rows][lanes];
  for (std::size_t b = 0; b < count; ++b) {
    for (std::size_t r = 0; r < rows; ++r) {
      rbf_block(blocks + b * lanes * width, width, x + r * width, scale, tile[r]);
    }
    float* to = out + b * lanes * rows;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      for (std::size_t r = 0; r < rows; ++r) to[lane * rows + r] = tile[r][lane];
    }
  }
}

float exponent_scale(double gamma) {
  return static_cast<float>(-gamma * std::numbers::log2e);
}

}  // namespace

void rbf_row(const LaneRows& rows, std::size_t from, std::size_t to, const float* x, double gamma,
             float* out) {
  if (to <= from) return;
  const std::size_t first = from / lanes;
  rbf_blocks(rows.block(first), LaneRows::padded(to) / lanes - first, rows.width(), x,
             exponent_scale(gamma), out + from);
}

void rbf_rows4(const LaneRows& rows, const float* x, double gamma, float* out) {
  rbf_blocks4(rows.block(0), LaneRows::padded(rows.count()) / lanes, rows.width(), x,
              exponent_scale(gamma), out);
}

VEDETTE_WIDE void sum_terms4(std::span<const SvmTerm> terms, const float* kernel, double* sums) {
  // Two chains of additions: one would wait four cycles for each term.
  double even[4] = {}, odd[4] = {};
  std::size_t i = 0;
  for (; i + 2 <= terms.size(); i += 2) {
    const float* k0 = kernel + std::size_t{terms[i].vector} * 4;
    const float* k1 = kernel + std::size_t{terms[i + 1].vector} * 4;
    const auto c0 = static_cast<double>(terms[i].coefficient);
    const auto c1 = static_cast<double>(terms[i + 1].coefficient);
    for (std::size_t r = 0; r < 4; ++r) even[r] += c0 * static_cast<double>(k0[r]);
    for (std::size_t r = 0; r < 4; ++r) odd[r] += c1 * static_cast<double>(k1[r]);
  }
  for (; i < terms.size(); ++i) {
    const float* k = kernel + std::size_t{terms[i].vector} * 4;
    const auto c = static_cast<double>(terms[i].coefficient);
    for (std::size_t r = 0; r < 4; ++r) even[r] += c * static_cast<double>(k[r]);
  }
  for (std::size_t r = 0; r < 4; ++r) sums[r] = even[r] + odd[r];
}

namespace {

using Doubles = std::array<double, lanes>;

/// Keeps the best of each lane and, by block, where the best of all was seen first.
[[gnu::always_inline]] inline double largest(const Doubles& values) {
  double a[4];
  for (std::size_t l = 0; l < 4; ++l) a[l] = values[l];
  for (std::size_t part = 4; part < lanes; part += 4) {
    for (std::size_t l = 0; l < 4; ++l) a[l] = values[part + l] > a[l] ? values[part + l] : a[l];
  }
  const double left = a[0] > a[1] ? a[0] : a[1];
  const double right = a[2] > a[3] ? a[2] : a[3];
  return left > right ? left : right;
}

/// One pass; with `step` of 0 nothing is updated and a and b are not read.
template <bool update>
[[gnu::always_inline]] inline SmoExtremes scan(const SmoView& view, double* v, const float* a,
                                               const float* b, double step) {
  Doubles lowest;
  lowest.fill(infinity);
  SmoExtremes out{-infinity, infinity, 0};
  std::size_t best_block = 0;
  const std::size_t end = LaneRows::padded(view.count);
  for (std::size_t from = 0; from < end; from += lanes) {
    Doubles up;
    for (std::size_t l = 0; l < lanes; ++l) {
      double value = view.v[from + l];
      if constexpr (update) {
        value -= step * (static_cast<double>(a[from + l]) - static_cast<double>(b[from + l]));
        v[from + l] = value;
      }
      up[l] = value + static_cast<double>(view.up[from + l]);
      const double down = value + static_cast<double>(view.down[from + l]);
      lowest[l] = down < lowest[l] ? down : lowest[l];
    }
    const double top = largest(up);
    if (top > out.up) {
      out.up = top;
      best_block = from;
    }
  }
  for (const double low : lowest) out.down = low < out.down ? low : out.down;
  out.at = best_block;
  while (out.at + 1 < view.count &&
         view.v[out.at] + static_cast<double>(view.up[out.at]) != out.up) {
    ++out.at;
  }
  return out;
}

}  // namespace

VEDETTE_WIDE SmoExtremes smo_extremes(const SmoView& view) {
  return scan<false>(view, nullptr, nullptr, nullptr, 0);
}

VEDETTE_WIDE SmoExtremes smo_update(const SmoView& view, double* v, const float* a, const float* b,
                                    double step) {
  return scan<true>(view, v, a, b, step);
}

namespace {

/// A place that cannot fall has v = infinity here; its clipped difference gains nothing.
[[gnu::always_inline]] inline double gain_of(const SmoView& view, double top, const float* kernel,
                                             std::size_t i) {
  const double v = view.v[i] + static_cast<double>(view.down[i]);
  const double off = top - v > 0 ? top - v : 0;
  const double bend = 2 - 2 * static_cast<double>(kernel[i]);
  return off * off / (bend > smo_curvature_min ? bend : smo_curvature_min);
}

}  // namespace

VEDETTE_WIDE std::size_t smo_partner(const SmoView& view, double top, const float* kernel) {
  double best = 0;
  std::size_t best_block = view.count;
  const std::size_t end = LaneRows::padded(view.count);
  for (std::size_t from = 0; from < end; from += lanes) {
    Doubles gain;
    for (std::size_t l = 0; l < lanes; ++l) gain[l] = gain_of(view, top, kernel, from + l);
    const double block_best = largest(gain);
    if (block_best > best) {
      best = block_best;
      best_block = from;
    }
  }
  std::size_t at = best_block;
  while (at + 1 < view.count && gain_of(view, top, kernel, at) != best) ++at;
  return at;
}

namespace {

/// sin(2π r) for |r| <= 0.25, by Taylor's polynomial of degree 11 (the next term is 6e-8).
[[gnu::always_inline]] inline float sine_of_turns(float r) {
  const float x = r * 6.2831853F;
  const float s = x * x;
  float p = -2.5052108e-8F;
  p = p * s + 2.7557319e-6F;
  p = p * s - 1.9841270e-4F;
  p = p * s + 8.3333333e-3F;
  p = p * s - 1.6666667e-1F;
  p = p * s + 1.0F;
  return p * x;
}

}  // namespace

VEDETTE_WIDE void fourier_features(const float* frequencies, std::size_t count, std::size_t width,
                                   const float* x, float* out) {
  for (std::size_t f = 0; f < count; ++f) out[f] = 0;
  for (std::size_t c = 0; c < width; ++c) {
    const float value = x[c];
    const float* row = frequencies + c * count;
    if (value == 0) continue;
    for (std::size_t f = 0; f < count; ++f) out[f] += row[f] * value;
  }
  constexpr float turns_max = 4194304.0F;
  for (std::size_t f = 0; f < count; ++f) {
    float turns = out[f];
    turns = turns < -turns_max ? -turns_max : turns;
    turns = turns > turns_max ? turns_max : turns;
    const float r = turns - ((turns + round_magic) - round_magic);  // [-0.5, 0.5]
    const float size = r < 0 ? -r : r;
    out[f] = sine_of_turns(0.25F - size);
    const float folded = size > 0.25F ? 0.5F - size : size;
    const float sine = sine_of_turns(folded);
    out[f + count] = r < 0 ? -sine : sine;
  }
}

VEDETTE_WIDE double dot(const float* a, const float* b, std::size_t n) {
  std::array<float, lanes> sum{};
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (std::size_t l = 0; l < lanes; ++l) sum[l] += a[i + l] * b[i + l];
  }
  double total = 0;
  for (; i < n; ++i) total += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  for (const float part : sum) total += static_cast<double>(part);
  return total;
}

VEDETTE_WIDE void add_scaled(float* a, const float* b, float factor, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) a[i] += factor * b[i];
}

}  // namespace vedette
