/// Binned: a training matrix with every value replaced by the number of its bin, one byte each.
/// A column of at most 255 distinct values gets one bin per value, so its splits are exact; any
/// other gets bins of about equal row counts, cut between values that occur.
///
/// Columns of two values of which no two hold the upper one in the same row (a category made into
/// columns of 0 and 1) share one byte, which says who holds it: the exclusive feature bundling of
/// Ke et al.: LightGBM, NIPS 2017, here only where not one row conflicts, so nothing is lost. The
/// 24 columns published for IoT-23 become 10 bytes. A column of one value needs none.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "model/model.hpp"

namespace vedette {

class Binned {
 public:
  static constexpr std::size_t bins_max = 255;
  static constexpr std::uint32_t no_lane = ~std::uint32_t{0};

  /// One byte of a row.
  struct Lane {
    std::uint32_t first_slot = 0;        ///< slots before this lane's, over all lanes
    std::uint32_t slots = 0;             ///< the byte is below this
    std::vector<std::uint32_t> columns;  ///< one; or several, whose byte is 1, 2, … for the upper
    bool shared() const { return columns.size() > 1; }
  };

  /// Where a column's values are.
  struct Place {
    std::uint32_t lane = no_lane;  ///< no_lane: the column has one value and cannot be cut
    std::uint8_t member = 0;       ///< 0: the byte is the bin; else byte == member means bin 1
  };

  /// Stops early, leaving rubbish, when `stop` is requested: the caller asks it again.
  /// Memory: a byte per row and lane. REQUIRES: finite values or NaN.
  Binned(Rows rows, unsigned threads, const std::stop_token& stop);

  std::size_t rows() const { return rows_; }
  std::size_t width() const { return columns_.size(); }
  const std::vector<Lane>& lanes() const { return lanes_; }
  std::size_t slots() const { return slots_; }
  const std::uint8_t* row(std::size_t i) const { return bytes_.data() + i * lanes_.size(); }
  Place place(std::size_t column) const { return places_[column]; }
  /// A missing value's byte in a lane that is not shared is bins(column).
  std::size_t bins(std::size_t column) const { return columns_[column].low.size(); }
  /// Where to cut between two bins: left holds all values of `left_bin` and below, right all of
  /// `right_bin` and above. REQUIRES: left_bin < right_bin < bins(column).
  float cut(std::size_t column, std::size_t left_bin, std::size_t right_bin) const;
  float low(std::size_t column, std::size_t bin) const { return columns_[column].low[bin]; }
  float high(std::size_t column, std::size_t bin) const { return columns_[column].high[bin]; }

 private:
  struct Bins {
    std::vector<float> edges;  ///< values <= edges[b] are in bin b or below; one less than bins
    std::vector<float> low;    ///< the smallest value of each bin that was seen while cutting
    std::vector<float> high;   ///< the largest
    bool lacking = false;      ///< some value is missing, or may be
  };
  class Distinct;
  void cut_columns(Rows rows, std::size_t from, std::size_t to, const std::stop_token& stop);
  void share_lanes(Rows rows, unsigned threads, const std::stop_token& stop);
  void add_lane(std::vector<std::uint32_t> columns);
  void fill(Rows rows, std::size_t from, std::size_t to);
  void fill_column(Rows rows, std::size_t from, std::size_t to, std::size_t column);

  std::size_t rows_;
  std::vector<Bins> columns_;
  std::vector<Place> places_;
  std::vector<Lane> lanes_;
  std::size_t slots_ = 0;
  std::vector<std::uint8_t> bytes_;  // row-major: a row is a part of one cache line
};

}  // namespace vedette
