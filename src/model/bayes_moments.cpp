#include "model/bayes_moments.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/simd.hpp"
#include "model/parallel.hpp"

namespace vedette {

void Moments::merge(const Moments& other) {
  if (other.weight == 0) return;
  const double sum = weight + other.weight;
  const double apart = other.mean - mean;
  mean += apart * (other.weight / sum);
  squares += other.squares + apart * apart * (weight * (other.weight / sum));
  weight = sum;
}

namespace {

constexpr std::size_t block_rows = 512;
constexpr std::size_t columns_at_once = 8;

/// Of the values of a block: bit 0 some are not finite, bit 1 some are infinite.
VEDETTE_WIDE unsigned unusual(const float* values, std::size_t count) {
  std::uint32_t beyond = 0;
  std::uint32_t infinite = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(values[i]) & 0x7fffffffU;
    beyond |= bits >= 0x7f800000U ? 1U : 0U;
    infinite |= bits == 0x7f800000U ? 2U : 0U;
  }
  return beyond | infinite;
}

/// Rows of one class within a block.
struct Run {
  const float* rows = nullptr;  ///< the block's first row
  std::size_t width = 0;
  std::span<const std::uint16_t> index;  ///< of the run's rows in the block
  const float* weights = nullptr;        ///< of the block's rows; null: all 1
  std::span<const std::uint32_t> check;  ///< as measure_classes() has it
  double weight(std::size_t i) const {
    return weights == nullptr ? 1.0 : static_cast<double>(weights[index[i]]);
  }
};

/// Whether a column that must hold 0 and 1 alone holds more: x (x - 1) is 0 for no other number.
VEDETTE_WIDE bool odd_columns(const Run& run, std::size_t column) {
  std::array<float, columns_at_once> product{};
  const float* const first = run.rows + column;
  for (std::size_t i = 0; i < run.index.size(); ++i) {
    const float* x = first + run.index[i] * run.width;
    for (std::size_t c = 0; c < columns_at_once; ++c) product[c] += std::abs(x[c] * (x[c] - 1));
  }
  bool odd = false;
  for (std::size_t c = 0; c < columns_at_once; ++c) {
    odd = odd || (run.check[column + c] != 0 && !(product[c] == 0));
  }
  return odd;
}

/// Eight columns from `column` on, without missing values: sums, then squares about the mean.
VEDETTE_WIDE void eight_columns(const Run& run, std::size_t column, double weight, Moments* out) {
  std::array<double, columns_at_once> mean{};
  std::array<double, columns_at_once> squares{};
  const float* const first = run.rows + column;
  for (std::size_t i = 0; i < run.index.size(); ++i) {
    const float* x = first + run.index[i] * run.width;
    const double w = run.weights == nullptr ? 1.0 : static_cast<double>(run.weights[run.index[i]]);
    for (std::size_t c = 0; c < columns_at_once; ++c) mean[c] += w * static_cast<double>(x[c]);
  }
  for (double& value : mean) value /= weight;
  for (std::size_t i = 0; i < run.index.size(); ++i) {
    const float* x = first + run.index[i] * run.width;
    const double w = run.weights == nullptr ? 1.0 : static_cast<double>(run.weights[run.index[i]]);
    for (std::size_t c = 0; c < columns_at_once; ++c) {
      const double off = static_cast<double>(x[c]) - mean[c];
      squares[c] += w * (off * off);
    }
  }
  for (std::size_t c = 0; c < columns_at_once; ++c) out[c] = {weight, mean[c], squares[c]};
}

/// One column, whatever is missing.
Moments one_column(const Run& run, std::size_t column, bool& odd) {
  const auto value = [&](std::size_t i) {
    return static_cast<double>(run.rows[run.index[i] * run.width + column]);
  };
  Moments m;
  for (std::size_t i = 0; i < run.index.size(); ++i) {
    const double x = value(i);
    if (x != x) continue;
    odd = odd || (!run.check.empty() && run.check[column] != 0 && x != 0 && x != 1);
    m.weight += run.weight(i);
    m.mean += run.weight(i) * x;
  }
  if (m.weight == 0) return {};
  m.mean /= m.weight;
  for (std::size_t i = 0; i < run.index.size(); ++i) {
    const double off = value(i) - m.mean;
    if (off == off) m.squares += run.weight(i) * (off * off);
  }
  return m;
}

void measure_run(const Run& run, bool lacking, ClassMoments& out, std::size_t k) {
  double weight = 0;
  for (std::size_t i = 0; i < run.index.size(); ++i) weight += run.weight(i);
  out.class_weights[k] += weight;
  Moments* into = out.moments.data() + k * run.width;
  std::size_t column = 0;
  for (; !lacking && column + columns_at_once <= run.width; column += columns_at_once) {
    if (!run.check.empty() && odd_columns(run, column)) out.odd_category = true;
    std::array<Moments, columns_at_once> found;
    eight_columns(run, column, weight, found.data());
    for (std::size_t c = 0; c < columns_at_once; ++c) into[column + c].merge(found[c]);
  }
  for (; column < run.width; ++column) {
    into[column].merge(one_column(run, column, out.odd_category));
  }
}

/// Sorts a block's rows by class and measures each class by itself: its sums stay in registers.
void measure_block(const TrainingSet& set, std::size_t from, std::size_t to,
                   std::span<const std::uint32_t> check, ClassMoments& out) {
  Run run{set.rows.data + from * set.rows.width, set.rows.width, {}, nullptr, check};
  if (!set.weights.empty()) run.weights = set.weights.data() + from;
  const unsigned found = unusual(run.rows, (to - from) * run.width);
  out.infinite = out.infinite || (found & 2U) != 0;
  std::vector<std::size_t> end(set.classes.size() + 1);
  for (std::size_t i = from; i < to; ++i) ++end[set.labels[i] + 1U];
  for (std::size_t k = 1; k < end.size(); ++k) end[k] += end[k - 1];
  std::vector<std::size_t> next = end;
  std::array<std::uint16_t, block_rows> index;
  for (std::size_t i = from; i < to; ++i) {
    index[next[set.labels[i]]++] = static_cast<std::uint16_t>(i - from);
  }
  for (std::size_t k = 0; k < set.classes.size(); ++k) {
    if (end[k] == end[k + 1]) continue;
    run.index = std::span{index}.subspan(end[k], end[k + 1] - end[k]);
    measure_run(run, (found & 1U) != 0, out, k);
  }
}

}  // namespace

ClassMoments measure_classes(const TrainingSet& set, std::span<const std::uint32_t> check,
                             unsigned threads, const std::stop_token& stop) {
  constexpr std::size_t task_rows = 16 * block_rows;
  constexpr std::size_t tasks_per_wave = 64;
  const std::size_t cells = set.classes.size() * set.rows.width;
  const auto empty = [&] {
    return ClassMoments{std::vector<Moments>(cells), std::vector<double>(set.classes.size())};
  };
  ClassMoments all = empty();
  for (std::size_t from = 0; from < set.rows.count; from += task_rows * tasks_per_wave) {
    if (stop.stop_requested()) break;
    const std::size_t left = set.rows.count - from;
    std::vector<ClassMoments> wave(std::min(tasks_per_wave, (left + task_rows - 1) / task_rows));
    run_parallel(threads, wave.size(), [&](std::size_t task) {
      wave[task] = empty();
      const std::size_t start = from + task * task_rows;
      const std::size_t stop_at = std::min(set.rows.count, start + task_rows);
      for (std::size_t at = start; at < stop_at; at += block_rows) {
        measure_block(set, at, std::min(stop_at, at + block_rows), check, wave[task]);
      }
    });
    for (const ClassMoments& part : wave) {
      for (std::size_t i = 0; i < cells; ++i) all.moments[i].merge(part.moments[i]);
      for (std::size_t k = 0; k < set.classes.size(); ++k) {
        all.class_weights[k] += part.class_weights[k];
      }
      all.infinite = all.infinite || part.infinite;
      all.odd_category = all.odd_category || part.odd_category;
    }
  }
  return all;
}

}  // namespace vedette
