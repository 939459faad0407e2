#include "model/fit_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>

#include "base/simd.hpp"
#include "base/text.hpp"
#include "model/parallel.hpp"

namespace vedette {

const std::string* OptionReader::find(std::string_view name) {
  known_.push_back(name);
  const auto found = options_.values.find(name);
  return found == options_.values.end() ? nullptr : &found->second;
}

void OptionReader::refuse(std::string_view name, std::string_view text,
                          const std::string& accepts) {
  if (!problem_.empty()) return;
  problem_ = fmt::format("{}: option {} is {}, it takes {}", model_, name, quoted(text), accepts);
}

std::uint32_t OptionReader::count(std::string_view name, std::uint32_t fallback, std::uint32_t low,
                                  std::uint32_t high) {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  const auto value = parse_integer<std::uint32_t>(*text);
  if (value && *value >= low && *value <= high) return *value;
  refuse(name, *text, fmt::format("a whole number from {} to {}", low, high));
  return fallback;
}

double OptionReader::number(std::string_view name, double fallback, double low, double high) {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  const auto value = parse_double(*text);
  if (value && *value >= low && *value <= high) return *value;
  refuse(name, *text, fmt::format("a number from {} to {}", low, high));
  return fallback;
}

bool OptionReader::flag(std::string_view name, bool fallback) {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  if (*text == "true" || *text == "false") return *text == "true";
  refuse(name, *text, "true or false");
  return fallback;
}

std::size_t OptionReader::choice(std::string_view name,
                                 std::initializer_list<std::string_view> choices) {
  const std::string* text = find(name);
  if (text == nullptr) return 0;
  const auto* found = std::find(choices.begin(), choices.end(), *text);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  refuse(name, *text, fmt::format("one of {}", listed(choices)));
  return 0;
}

Status OptionReader::status() const {
  for (const auto& [name, value] : options_.values) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    return Error{Errc::not_found, fmt::format("{}: no option {}; known are {}", model_,
                                              vedette::quoted(name), listed(known_))};
  }
  if (!problem_.empty()) return Error{Errc::out_of_range, problem_};
  return {};
}

namespace {

Status check_sizes(const TrainingSet& set, std::size_t classes_min) {
  if (set.classes.size() < classes_min || set.classes.front() != benign_label) {
    return Error{Errc::mismatch,
                 fmt::format("a training set needs {} or more, the first being {}; it has {}: {}",
                             classes_min == 1 ? "one class" : "two classes", benign_label,
                             set.classes.size(), listed(set.classes))};
  }
  if (set.classes.size() > fit_classes_max || set.rows.width > fit_columns_max) {
    return Error{Errc::too_large,
                 fmt::format("{} classes and {} columns; at most {} and {} can be fitted",
                             set.classes.size(), set.rows.width, fit_classes_max, fit_columns_max)};
  }
  if (set.schema.width() != set.rows.width || set.rows.width == 0) {
    return Error{Errc::mismatch, fmt::format("rows of {} columns with a schema of {} columns",
                                             set.rows.width, set.schema.width())};
  }
  if (set.rows.count == 0) return Error{Errc::out_of_range, "a training set without rows"};
  if (set.rows.count > UINT32_MAX) {
    return Error{Errc::too_large,
                 fmt::format("{} rows; at most 2^32 - 1 can be fitted", set.rows.count)};
  }
  if (set.labels.size() != set.rows.count) {
    return Error{Errc::mismatch,
                 fmt::format("{} rows with {} labels", set.rows.count, set.labels.size())};
  }
  if (!set.captures.empty() && set.captures.size() != set.rows.count) {
    return Error{Errc::mismatch,
                 fmt::format("{} rows of {} captures", set.rows.count, set.captures.size())};
  }
  if (!set.weights.empty() && set.weights.size() != set.rows.count) {
    return Error{Errc::mismatch,
                 fmt::format("{} rows with {} weights", set.rows.count, set.weights.size())};
  }
  return {};
}

/// Infinite or not by the exponent and an empty mantissa: integer compares vectorise everywhere.
VEDETTE_WIDE bool any_infinite(std::span<const float> values) {
  unsigned found = 0;
  for (const float value : values) {
    found |= static_cast<unsigned>((std::bit_cast<std::uint32_t>(value) << 1U) == 0xff000000U);
  }
  return found != 0;
}

VEDETTE_WIDE std::uint16_t largest(std::span<const std::uint16_t> labels) {
  std::uint16_t top = 0;
  for (const std::uint16_t label : labels) top = label > top ? label : top;
  return top;
}

}  // namespace

Status check_training_shape(const TrainingSet& set, std::size_t classes_min) {
  if (const Status status = check_sizes(set, classes_min); !status) return status;
  const bool known = largest(set.labels) < set.classes.size();
  for (std::size_t i = 0; !known && i < set.labels.size(); ++i) {
    if (set.labels[i] < set.classes.size()) continue;
    return Error{Errc::out_of_range, fmt::format("row {}: label {} of {} classes", i, set.labels[i],
                                                 set.classes.size())};
  }
  for (std::size_t i = 0; i < set.weights.size(); ++i) {
    if (set.weights[i] > 0 && std::isfinite(set.weights[i])) continue;
    return Error{Errc::out_of_range,
                 fmt::format("row {}: weight {} is not a positive number", i, set.weights[i])};
  }
  return {};
}

Status check_training_set(const TrainingSet& set, unsigned threads, std::size_t classes_min) {
  if (const Status status = check_training_shape(set, classes_min); !status) return status;
  constexpr std::size_t task_rows = 8192;
  std::atomic<bool> found = false;
  run_parallel(threads, (set.rows.count + task_rows - 1) / task_rows, [&](std::size_t task) {
    const std::size_t from = task * task_rows;
    const std::size_t count = std::min(task_rows, set.rows.count - from);
    if (any_infinite({set.rows.data + from * set.rows.width, count * set.rows.width})) found = true;
  });
  if (!found) return {};
  for (std::size_t i = 0; i < set.rows.count; ++i) {
    for (std::size_t column = 0; column < set.rows.width; ++column) {
      if (!std::isinf(set.rows[i][column])) continue;
      return Error{Errc::out_of_range, fmt::format("row {}, column {}: an infinite value", i,
                                                   set.schema.columns[column].name)};
    }
  }
  return {};
}

std::vector<double> class_weights(const TrainingSet& set, bool balanced) {
  std::vector<double> weights(set.classes.size(), 1.0);
  if (!balanced) return weights;
  std::vector<std::size_t> rows(set.classes.size());
  for (const std::uint16_t label : set.labels) ++rows[label];
  const auto present = static_cast<double>(
      std::count_if(rows.begin(), rows.end(), [](std::size_t n) { return n > 0; }));
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (rows[k] == 0) continue;
    weights[k] = static_cast<double>(set.labels.size()) / (present * static_cast<double>(rows[k]));
  }
  return weights;
}

void tell(const FitOptions& options, std::uint64_t done, std::uint64_t total) {
  if (options.progress != nullptr) options.progress->set(done, total);
}

}  // namespace vedette
