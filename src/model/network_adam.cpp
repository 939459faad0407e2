/// Adam (Kingma, Ba: Adam: A Method for Stochastic Optimization, ICLR 2015): every weight has its
/// own step, the running mean of its gradient over the root of the running mean of its square, so
/// that rare columns learn as fast as frequent ones. Both means start at 0 and are scaled up for
/// it.
#include <algorithm>
#include <cmath>

#include "base/simd.hpp"
#include "model/network_fit.hpp"

#if defined(VEDETTE_HAS_AVX2_FMA)
#include <immintrin.h>
#endif

namespace vedette {

namespace {

constexpr float beta1 = 0.9F;
constexpr float beta2 = 0.999F;
constexpr float epsilon = 1e-8F;
/// Its square is a float still; what overflowed on the way back becomes this and not a NaN.
constexpr float gradient_max = 1e15F;

}  // namespace

void adam_plain(const AdamStep& step, std::size_t from, std::size_t count) {
  for (std::size_t i = from; i < from + count; ++i) {
    float sum = step.gradients[0][i];
    for (std::size_t g = 1; g < step.gradient_count; ++g) sum += step.gradients[g][i];
    sum = sum < gradient_max ? sum : gradient_max;
    sum = sum > -gradient_max ? sum : -gradient_max;
    const float mean = step.mean[i] * beta1 + sum * (1 - beta1);
    const float square = step.square[i] * beta2 + sum * sum * (1 - beta2);
    step.mean[i] = mean;
    step.square[i] = square;
    const float moved =
        step.parameters[i] - step.rate * mean / (std::sqrt(square) * step.square_scale + epsilon);
    step.parameters[i] = std::clamp(moved, -network_weight_max, network_weight_max);
  }
}

#if defined(VEDETTE_HAS_AVX2_FMA)

namespace {

VEDETTE_AVX2_FMA void adam_avx2(const AdamStep& step, std::size_t from, std::size_t count) {
  const __m256 bound = _mm256_set1_ps(gradient_max);
  const __m256 lowest = _mm256_set1_ps(-gradient_max);
  const __m256 weight_max = _mm256_set1_ps(network_weight_max);
  const __m256 weight_min = _mm256_set1_ps(-network_weight_max);
  for (std::size_t i = from; i < from + count; i += 8) {
    __m256 sum = _mm256_loadu_ps(step.gradients[0] + i);
    for (std::size_t g = 1; g < step.gradient_count; ++g) {
      sum = _mm256_add_ps(sum, _mm256_loadu_ps(step.gradients[g] + i));
    }
    // min and max give their second argument for a NaN
    sum = _mm256_max_ps(_mm256_min_ps(sum, bound), lowest);
    const __m256 mean =
        _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(step.mean + i), _mm256_set1_ps(beta1)),
                      _mm256_mul_ps(sum, _mm256_set1_ps(1 - beta1)));
    const __m256 square =
        _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(step.square + i), _mm256_set1_ps(beta2)),
                      _mm256_mul_ps(_mm256_mul_ps(sum, sum), _mm256_set1_ps(1 - beta2)));
    _mm256_storeu_ps(step.mean + i, mean);
    _mm256_storeu_ps(step.square + i, square);
    const __m256 root = _mm256_mul_ps(_mm256_sqrt_ps(square), _mm256_set1_ps(step.square_scale));
    const __m256 by = _mm256_div_ps(_mm256_mul_ps(_mm256_set1_ps(step.rate), mean),
                                    _mm256_add_ps(root, _mm256_set1_ps(epsilon)));
    const __m256 moved = _mm256_sub_ps(_mm256_loadu_ps(step.parameters + i), by);
    _mm256_storeu_ps(step.parameters + i,
                     _mm256_min_ps(_mm256_max_ps(moved, weight_min), weight_max));
  }
}

}  // namespace

void adam(const AdamStep& step, std::size_t from, std::size_t count) {
  static const auto chosen = has_avx2_fma() ? adam_avx2 : adam_plain;
  chosen(step, from, count);
}

#else

void adam(const AdamStep& step, std::size_t from, std::size_t count) {
  adam_plain(step, from, count);
}

#endif

}  // namespace vedette
