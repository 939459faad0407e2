/// Tables of text for people: columns padded to their widest cell, numbers to the right.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vedette {

class TextLayout {
 public:
  enum class Align : std::uint8_t { left, right };
  /// The columns and their titles.
  explicit TextLayout(std::vector<std::pair<std::string, Align>> columns);
  /// REQUIRES: one cell a column.
  void add(std::vector<std::string> cells);
  /// Header, a rule, the rows; every line ends in '\n' and has no blanks before it.
  std::string text() const;

 private:
  std::vector<Align> aligns_;
  std::vector<std::vector<std::string>> rows_;  // the first is the header
};

/// 1234567 → "1,234,567".
std::string grouped(std::uint64_t number);
/// Foreign text that may go to a terminal: control bytes and what is not UTF-8 become '?'.
std::string printable(std::string_view text);

/// Four digits behind the point, "-" for what is not known.
std::string fixed(double value);
/// "C&C, Okiru": foreign names that may go to a terminal.
std::string printable_list(const std::vector<std::string>& names);
/// At most `width_max` code points of a text, the last an ellipsis where something was cut.
std::string shortened(std::string_view text, std::size_t width_max);

}  // namespace vedette
