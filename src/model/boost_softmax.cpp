#include "model/boost_softmax.hpp"

#include <algorithm>
#include <array>

#include "base/simd.hpp"

namespace vedette {

namespace {

VEDETTE_WIDE void softmax_of_many(float* margins, std::size_t classes) {
  std::array<float, softmax_rows> top;
  std::array<float, softmax_rows> sum{};
  std::copy_n(margins, softmax_rows, top.begin());
  for (std::size_t k = 1; k < classes; ++k) {
    const float* own = margins + k * softmax_rows;
    for (std::size_t i = 0; i < softmax_rows; ++i) top[i] = own[i] > top[i] ? own[i] : top[i];
  }
  for (std::size_t k = 0; k < classes; ++k) {
    float* own = margins + k * softmax_rows;
    for (std::size_t i = 0; i < softmax_rows; ++i) {
      own[i] = exp_of_negative(own[i] - top[i]);
      sum[i] += own[i];
    }
  }
  for (std::size_t k = 0; k < classes; ++k) {
    float* own = margins + k * softmax_rows;
    for (std::size_t i = 0; i < softmax_rows; ++i) own[i] /= sum[i];
  }
}

}  // namespace

void softmax(float* margins, std::size_t margin_classes) {
  if (margin_classes > 1) return softmax_of_many(margins, margin_classes);
  std::copy_n(margins, softmax_rows, margins + softmax_rows);
  std::fill_n(margins, softmax_rows, 0.0F);
  softmax_of_many(margins, 2);
}

}  // namespace vedette
