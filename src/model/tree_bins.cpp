#include "model/tree_bins.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "model/parallel.hpp"

namespace vedette {

namespace {

/// Between a and b, never b itself: `x <= between(a, b)` keeps a left and b right.
float between(float a, float b) {
  const float middle = a / 2 + b / 2;
  return middle >= a && middle < b ? middle : a;
}

/// The distinct values of a column, rising, or nothing when there are more than `bins_max`.
std::optional<std::vector<float>> distinct_values(Rows rows, std::size_t column) {
  constexpr std::size_t slots = 1024;  // at most a quarter full: probes stay short
  std::vector<float> table(slots, std::numeric_limits<float>::quiet_NaN());
  std::vector<float> values;
  float last = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 0; i < rows.count; ++i) {
    const float value = rows.data[i * rows.width + column] + 0.0F;  // -0 and 0 are one value
    if (value == last || std::isnan(value)) continue;
    last = value;
    std::size_t slot = (std::bit_cast<std::uint32_t>(value) * 0x9e3779b1U) >> 22U;
    while (!std::isnan(table[slot]) && table[slot] != value) slot = (slot + 1) % slots;
    if (table[slot] == value) continue;
    if (values.size() == Binned::bins_max) return {};
    table[slot] = value;
    values.push_back(value);
  }
  std::sort(values.begin(), values.end());
  return values;
}

/// Sorted values of the column, evenly spaced rows when there are many: 65,536 of them place each
/// of 254 cuts within 0.4 % of a bin's rank or so, and no chance is involved.
std::vector<float> sorted_sample(Rows rows, std::size_t column) {
  constexpr std::size_t sample_max = 65'536;
  const std::size_t count = std::min(rows.count, sample_max);
  std::vector<float> sample;
  sample.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const float value = rows.data[i * rows.count / count * rows.width + column];
    if (!std::isnan(value)) sample.push_back(value + 0.0F);
  }
  std::sort(sample.begin(), sample.end());
  return sample;
}

}  // namespace

Binned::Bins Binned::cut_column(Rows rows, std::size_t column) {
  Bins bins;
  if (auto distinct = distinct_values(rows, column)) {
    bins.low = *distinct;
    bins.high = std::move(*distinct);
  } else {
    const std::vector<float> sample = sorted_sample(rows, column);
    std::size_t from = 0;
    while (from < sample.size()) {
      // Share what is left among the bins that are left; never cut inside equal values.
      const std::size_t bins_left = bins_max - bins.low.size();
      std::size_t to = from + std::max<std::size_t>(1, (sample.size() - from) / bins_left);
      if (bins_left == 1) to = sample.size();
      while (to < sample.size() && sample[to] == sample[to - 1]) ++to;
      bins.low.push_back(sample[from]);
      bins.high.push_back(sample[to - 1]);
      from = to;
    }
  }
  for (std::size_t b = 0; b + 1 < bins.low.size(); ++b) {
    bins.edges.push_back(between(bins.high[b], bins.low[b + 1]));
  }
  return bins;
}

float Binned::cut(std::size_t column, std::size_t left_bin, std::size_t right_bin) const {
  const Bins& bins = columns_[column];
  // Rows that the sample did not hold may lie between high and edge: stay within the edges.
  const float middle = between(bins.high[left_bin], bins.low[right_bin]);
  return std::clamp(middle, bins.edges[left_bin], bins.edges[right_bin - 1]);
}

void Binned::fill(Rows rows, std::size_t from, std::size_t to) {
  const std::size_t width = columns_.size();
  for (std::size_t column = 0; column < width; ++column) {
    const std::vector<float>& edges = columns_[column].edges;
    const float* value = rows.data + from * width + column;
    std::uint8_t* out = bytes_.data() + from * width + column;
    if (edges.size() <= 1) {
      const float edge = edges.empty() ? std::numeric_limits<float>::max() : edges[0];
      for (std::size_t i = from; i < to; ++i, value += width, out += width) {
        const bool above = *value > edge;
        *out = std::isnan(*value) ? missing : static_cast<std::uint8_t>(above);
      }
      continue;
    }
    // The number of edges below the value, by halving without branches: eight steps for 254.
    const std::size_t size = std::bit_ceil(edges.size() + 1);
    std::array<float, 256> padded;
    padded.fill(std::numeric_limits<float>::infinity());
    std::copy(edges.begin(), edges.end(), padded.begin());
    for (std::size_t i = from; i < to; ++i, value += width, out += width) {
      std::size_t at = 0;
      for (std::size_t half = size / 2; half > 0; half /= 2) {
        at += padded[at + half - 1] < *value ? half : 0;
      }
      *out = std::isnan(*value) ? missing : static_cast<std::uint8_t>(at);
    }
  }
}

Binned::Binned(Rows rows, unsigned threads, const std::stop_token& stop)
    : rows_(rows.count), columns_(rows.width), bytes_(rows.count * rows.width) {
  run_parallel(threads, rows.width, [&](std::size_t column) {
    if (!stop.stop_requested()) columns_[column] = cut_column(rows, column);
  });
  if (stop.stop_requested()) return;
  // 4,096 rows of 24 floats are 393 KB: they stay in the second-level cache for all columns.
  constexpr std::size_t block = 4096;
  run_parallel(threads, (rows.count + block - 1) / block, [&](std::size_t task) {
    if (!stop.stop_requested()) {
      fill(rows, task * block, std::min(rows.count, (task + 1) * block));
    }
  });
}

}  // namespace vedette
