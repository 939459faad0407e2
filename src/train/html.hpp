/// Small parts of a page that needs nothing but itself: escaping and drawings in SVG.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/train.hpp"

namespace vedette::html {

/// Text and attribute values: < > & " ' become entities, bytes that are not UTF-8 '?'.
std::string escaped(std::string_view text);

/// The colour of the i-th series, the same in every picture: a CSS value.
std::string colour(std::size_t i);

struct Series {
  std::string name;
  std::size_t colour = 0;
  std::vector<CurvePoint> points;  ///< x and y from 0 to 1
};
/// A square of lines from (0, 0) to (1, 1); the numbers at the axes are those of `ticks`.
using Ticks = std::array<std::string_view, 5>;
constexpr Ticks shares{"0", "0.25", "0.5", "0.75", "1"};
std::string line_plot(std::string_view title, std::string_view x_title, std::string_view y_title,
                      std::span<const Series> series, const Ticks& ticks = shares);

struct Bar {
  std::string name;
  double value = 0;
  std::string text;  ///< behind the bar
  std::size_t colour = 0;
};
/// Horizontal bars, the longest filling the width; negative values have none.
std::string bars(std::span<const Bar> bars);

/// A picture that stands alone in a file: classes box, edge, question, answer and rows are styled.
std::string drawing(double width, double height, std::string_view content);

/// Style, then `body` within a whole page.
std::string page(std::string_view title, std::string_view body);

}  // namespace vedette::html
