#include "train/text_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/expects.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

/// Code points: the bytes that do not continue one.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6U) != 2; }));
}

}  // namespace

TextLayout::TextLayout(std::vector<std::pair<std::string, Align>> columns) : rows_(1) {
  for (auto& [title, align] : columns) {
    rows_[0].push_back(std::move(title));
    aligns_.push_back(align);
  }
}

void TextLayout::add(std::vector<std::string> cells) {
  expects(cells.size() == aligns_.size(), "a row has one cell a column");
  rows_.push_back(std::move(cells));
}

std::string TextLayout::text() const {
  std::vector<std::size_t> widths(aligns_.size(), 0);
  std::size_t rule = 0;
  for (std::size_t c = 0; c < aligns_.size(); ++c) {
    for (const auto& row : rows_) widths[c] = std::max(widths[c], width_of(row[c]));
    rule += widths[c] + (c == 0 ? 0 : 2);
  }
  std::string out;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t c = 0; c < aligns_.size(); ++c) {
      const std::string& cell = rows_[r][c];
      const std::string pad(widths[c] - width_of(cell), ' ');
      if (c > 0) out += "  ";
      out += aligns_[c] == Align::right ? pad + cell : cell + pad;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
    if (r == 0) out += std::string(rule, '-') + '\n';
  }
  return out;
}

std::string grouped(std::uint64_t number) {
  return fmt::format("{}", fmt::group_digits(number));
}

std::string fixed(double value) {
  return std::isnan(value) ? std::string{"-"} : fmt::format("{:.4f}", value);
}

std::string printable_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + printable(name);
  return out;
}

std::string printable(std::string_view text) {
  std::string out{text};
  const bool utf8 = is_utf8(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) c = '?';
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t width_max) {
  if (width_of(text) <= width_max) return std::string{text};
  std::size_t end = 0;
  for (std::size_t seen = 0; seen < width_max; ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) >> 6U) != 2;
    if (begins && ++seen == width_max) break;
  }
  return std::string{text.substr(0, end)} + "…";
}

}  // namespace vedette
