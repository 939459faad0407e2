/// Exemplars: labelled training rows that travel in the model file, to show beside an anomalous
/// record what it resembles.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "record/verdict.hpp"

namespace vedette {

/// At most `rows_max` rows and `bytes_max` bytes of them. Immutable after fit or load: nearest() is
/// thread-safe.
class Exemplars {
 public:
  static constexpr std::size_t rows_max = 1000;
  static constexpr std::size_t bytes_max = std::size_t{1} << 20U;
  /// How many rows of so many columns there may be.
  static std::size_t room(std::size_t width);

  Exemplars() = default;
  /// `rows`: row-major, one per entry of `about`, whose distances do not matter.
  /// REQUIRES: width > 0 when there is a row, at most room(width) rows, no infinite value.
  Exemplars(std::size_t width, std::vector<Similar> about, std::vector<float> rows);

  std::size_t size() const { return about_.size(); }
  std::size_t width() const { return width_; }
  const Similar& operator[](std::size_t i) const { return about_[i]; }
  std::span<const float> row(std::size_t i) const {
    return std::span{rows_}.subspan(i * width_, width_);
  }

  /// The `count` nearest to `row`, or all there are. The distance lies in [0, 1]: of each column
  /// the difference over the spread of that column's values here (10 % to 90 %), at most 1, and of
  /// these the mean weighted by |weights|; all weights 0: every column counts alike. Missing equals
  /// missing, and is at 1 from all else. Equal distances: in the order they stand here.
  /// REQUIRES: row.size() == weights.size() == width().
  void nearest(std::span<const float> row, std::span<const float> weights, std::size_t count,
               std::vector<Similar>& out) const;

  void save(ByteWriter& out) const;
  /// No bytes are no exemplars. @return corrupt, unsupported (another version), mismatch (rows of
  /// another width).
  static Result<Exemplars> load(std::span<const std::byte> bytes, std::size_t width);

 private:
  void measure_spreads();
  std::size_t width_ = 0;
  std::vector<Similar> about_;
  std::vector<float> rows_;
  std::vector<float> spreads_;  // of each column, never 0
};

}  // namespace vedette
