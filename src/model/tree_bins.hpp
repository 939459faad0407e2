/// Binned: a training matrix with every value replaced by the number of its bin, one byte each.
/// A column of at most 255 distinct values gets one bin per value, so its splits are exact; any
/// other gets bins of about equal row counts, cut between values that occur. Bin 255 means missing.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "model/model.hpp"

namespace vedette {

class Binned {
 public:
  static constexpr std::size_t bins_max = 255;
  static constexpr std::uint8_t missing = 255;

  /// Stops early, leaving rubbish, when `stop` is requested: the caller asks it again.
  Binned(Rows rows, unsigned threads, const std::stop_token& stop);

  std::size_t rows() const { return rows_; }
  std::size_t width() const { return columns_.size(); }
  const std::uint8_t* row(std::size_t i) const { return bytes_.data() + i * columns_.size(); }
  std::size_t bins(std::size_t column) const { return columns_[column].low.size(); }
  /// Where to cut between two bins: left holds all values of `left_bin` and below, right all of
  /// `right_bin` and above. REQUIRES: left_bin < right_bin < bins(column).
  float cut(std::size_t column, std::size_t left_bin, std::size_t right_bin) const;

 private:
  struct Bins {
    std::vector<float> edges;  ///< values <= edges[b] are in bin b or below; one less than bins
    std::vector<float> low;    ///< the smallest value of each bin that was seen while cutting
    std::vector<float> high;   ///< the largest
  };
  static Bins cut_column(Rows rows, std::size_t column);
  void fill(Rows rows, std::size_t from, std::size_t to);

  std::size_t rows_;
  std::vector<Bins> columns_;
  std::vector<std::uint8_t> bytes_;  // row-major: one row of 24 columns is half a cache line
};

}  // namespace vedette
