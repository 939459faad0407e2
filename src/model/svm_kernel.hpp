/// The arithmetic of the svm that runs over whole columns of rows: distances, exponentials, cosines
/// and the scans of SMO. One source, compiled twice by VEDETTE_WIDE; products are rounded before
/// they are added in both versions, so that a model has the same bits with AVX2 and without: fused
/// multiply-add would score 15 % faster and fit no faster (the rows stream from the cache). What an
/// entry becomes never depends on its neighbours or on its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vedette {

/// Which columns a row keeps as numbers and which are flags, 0 or 1. Of flags 24 fit into one float
/// as a whole number, and the sum of their squared differences is the number of bits that differ:
/// the published columns become 9 floats instead of 24.
struct ColumnPacking {
  static constexpr std::size_t flags_per_word = 24;
  std::vector<std::uint32_t> numbers, flags;  ///< columns

  std::size_t words() const { return (flags.size() + flags_per_word - 1) / flags_per_word; }
  std::size_t width() const { return numbers.size() + words(); }
  /// A flag is set above 0.5. `out` gets width() floats; not the same place as row.
  void pack(const float* row, float* out) const;
};

/// Packed rows in blocks of sixteen, each block column by column: one instruction loads the same
/// column of eight rows, and a block is two independent chains of additions. Unused lanes hold
/// zeros. The last `words` columns are words of flags.
class LaneRows {
 public:
  static constexpr std::size_t lanes = 16;
  /// What a buffer for `count` results must hold: whole blocks.
  static constexpr std::size_t padded(std::size_t count) {
    return (count + lanes - 1) / lanes * lanes;
  }

  LaneRows() = default;
  LaneRows(std::size_t count, std::size_t width, std::size_t words = 0)
      : count_(count), width_(width), words_(words), data_(padded(count) * width) {}

  std::size_t count() const { return count_; }
  std::size_t width() const { return width_; }
  std::size_t words() const { return words_; }
  /// REQUIRES: i < count(), width() floats; words are whole numbers below 2^24.
  void set(std::size_t i, const float* row) {
    float* to = data_.data() + at(i);
    for (std::size_t c = 0; c < width_; ++c) to[c * lanes] = row[c];
  }
  void get(std::size_t i, float* row) const {
    const float* from = data_.data() + at(i);
    for (std::size_t c = 0; c < width_; ++c) row[c] = from[c * lanes];
  }
  const float* block(std::size_t b) const { return data_.data() + b * lanes * width_; }

 private:
  std::size_t at(std::size_t i) const { return i / lanes * lanes * width_ + i % lanes; }
  std::size_t count_ = 0, width_ = 0, words_ = 0;
  std::vector<float> data_;
};

/// out[i] = exp(-gamma |row i - x|²) for every i in [from, to) and the rest of the last block;
/// equal rows give exactly 1, far ones 2^-126. REQUIRES: from a multiple of LaneRows::lanes, room
/// for padded(to).
void rbf_row(const LaneRows& rows, std::size_t from, std::size_t to, const float* x, double gamma,
             float* out);

/// The same for four rows at once: out[i * 4 + r], r being the position of the row in x
/// (4 × width). Every value has the bits that rbf_row gives it.
void rbf_rows4(const LaneRows& rows, const float* x, double gamma, float* out);

/// One term of a decision: coefficient of a support vector.
struct SvmTerm {
  std::uint32_t vector = 0;
  float coefficient = 0;
};
/// sums[r] = Σ coefficient × kernel[vector * 4 + r], in one fixed order.
void sum_terms4(std::span<const SvmTerm> terms, const float* kernel, double* sums);

/// The places SMO looks at, 0 … count - 1; arrays are padded to whole blocks, and what lies behind
/// `count` has no room either way.
struct SmoView {
  std::size_t count = 0;
  const double* v = nullptr;    ///< how much the place asks for a larger beta
  const float* up = nullptr;    ///< 0 where beta can grow, -infinity where not
  const float* down = nullptr;  ///< 0 where beta can fall, +infinity where not
};
struct SmoExtremes {
  double up = 0;       ///< the largest v among those that can grow
  double down = 0;     ///< the smallest v among those that can fall
  std::size_t at = 0;  ///< of `up`: the first such place
};
SmoExtremes smo_extremes(const SmoView& view);
/// v -= step (a - b), then smo_extremes(): one pass.
SmoExtremes smo_update(const SmoView& view, double* v, const float* a, const float* b, double step);
/// The place that can fall, with v < top, whose exchange with the place of `kernel` gains most:
/// (top - v)² / (2 - 2 kernel). @return view.count when there is none.
std::size_t smo_partner(const SmoView& view, double top, const float* kernel);

/// Where 2 - 2K comes out smaller, it is taken as this (LIBSVM's TAU).
constexpr double smo_curvature_min = 1e-12;

/// out[f] = cos(2π turns), out[f + count] = sin(2π turns), turns = Σ frequencies[c][f] x[c];
/// `frequencies` is [column][count]. Finite and within ±1.001 whatever the frequencies.
/// REQUIRES: count a multiple of 8.
void fourier_features(const float* frequencies, std::size_t count, std::size_t width,
                      const float* x, float* out);

/// Σ a b, in sixteen chains; the same bits for the same n.
double dot(const float* a, const float* b, std::size_t n);
/// a += factor × b.
void add_scaled(float* a, const float* b, float factor, std::size_t n);

}  // namespace vedette
