/// Two takers of the same walk over columns: one writes names into a schema, the other values into
/// a row, so that the two cannot disagree.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "record/schema.hpp"

namespace vedette {

/// Takes the columns as names.
class NameSink {
 public:
  explicit NameSink(Schema& schema) : schema_(schema) {}
  void number(std::string_view name, double) {
    schema_.columns.push_back({std::string(name), ColumnKind::numeric});
  }
  void flag(std::string_view name, bool) {
    schema_.columns.push_back({std::string(name), ColumnKind::categorical});
  }
  template <class Names>
  void choice(std::string_view name, const Names& names, std::size_t) {
    for (const auto& value : names) {
      flag(std::string(name) + "=" + std::string(value), false);
    }
  }
  void letters(std::string_view name, std::string_view letters, std::string_view) {
    for (const char letter : letters) flag(std::string(name) + "." + letter, false);
  }

 private:
  Schema& schema_;
};

/// Takes the columns as values. REQUIRES: a row as long as the walk.
class ValueSink {
 public:
  explicit ValueSink(std::span<float> row) : row_(row) {}
  void number(std::string_view, double value) { row_[at_++] = to_float(value); }
  void flag(std::string_view, bool set) { row_[at_++] = set ? 1.0F : 0.0F; }
  template <class Names>
  void choice(std::string_view, const Names& names, std::size_t index) {
    std::fill_n(row_.begin() + static_cast<std::ptrdiff_t>(at_), names.size(), 0.0F);
    if (index < names.size()) row_[at_ + index] = 1.0F;
    at_ += names.size();
  }
  void letters(std::string_view, std::string_view letters, std::string_view text) {
    std::fill_n(row_.begin() + static_cast<std::ptrdiff_t>(at_), letters.size(), 0.0F);
    for (const char letter : text) {
      const std::size_t index = letters.find(letter);
      if (index != std::string_view::npos) row_[at_ + index] = 1.0F;
    }
    at_ += letters.size();
  }
  std::size_t used() const { return at_; }

 private:
  /// Large counters stay finite as floats.
  static float to_float(double value) {
    constexpr double bound = std::numeric_limits<float>::max();
    return std::isnan(value) ? 0.0F : static_cast<float>(std::clamp(value, -bound, bound));
  }

  std::span<float> row_;
  std::size_t at_ = 0;
};

}  // namespace vedette
