/// From margins to probabilities, many rows side by side. boost.cpp tells what a margin is.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace vedette {

/// e^x for x <= 0, by 2^n times the series of 2^f with |f| <= 1/2: within 3e-7 of it while
/// x > -20, 0.0 or next to nothing below -87. Plain arithmetic: the compiler makes vectors of it,
/// and it gives the same bits on every machine, which the library's does not.
inline float exp_of_negative(float x) {
  const float held = x < -87.0F ? -87.0F : x;
  const float t = held * 1.44269504F;
  const auto n = static_cast<std::int32_t>(t - 0.5F);  // towards zero: to the nearest
  const float f =
      (held - static_cast<float>(n) * 0.693359375F) + static_cast<float>(n) * 2.12194440e-4F;
  // e^f by its series; 0.35^7 / 7! is 1.3e-7.
  const float series =
      1 + f * (1 + f * (0.5F + f * (1.0F / 6 + f * (1.0F / 24 + f * (1.0F / 120 + f / 720)))));
  const float scale = std::bit_cast<float>(static_cast<std::uint32_t>(n + 127) << 23U);
  return series * scale;
}

constexpr std::size_t softmax_rows = 256;

/// `margins` are [class][softmax_rows] and become probabilities. With one class they are the log
/// odds of class 1 of two, and there must be room for two. Each row alone decides its own bits.
void softmax(float* margins, std::size_t margin_classes);

}  // namespace vedette
