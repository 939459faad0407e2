/// What every fit function owes before it learns: options that are known and in range, and a
/// training set that keeps the promises of model.hpp.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/model.hpp"

namespace vedette {

/// Reads FitOptions::values by name. The first problem is kept; status() tells it at the end, and
/// refuses names that nobody asked for, listing those that were.
class OptionReader {
 public:
  OptionReader(std::string_view model, const FitOptions& options)
      : model_(model), options_(options) {}

  std::uint32_t count(std::string_view name, std::uint32_t fallback, std::uint32_t low,
                      std::uint32_t high);
  double number(std::string_view name, double fallback, double low, double high);
  bool flag(std::string_view name, bool fallback);  ///< "true" or "false"
  /// The index of the choice taken; the first is the fallback.
  std::size_t choice(std::string_view name, std::initializer_list<std::string_view> choices);
  /// @return out_of_range naming the option and what it accepts, not_found for an unknown name.
  Status status() const;

 private:
  const std::string* find(std::string_view name);
  void refuse(std::string_view name, std::string_view text, const std::string& accepts);
  std::string_view model_;
  const FitOptions& options_;
  std::vector<std::string_view> known_;
  std::string problem_;
};

/// How many rows and columns a fit takes at most.
constexpr std::size_t fit_columns_max = 4096;
constexpr std::size_t fit_classes_max = 256;

/// @return mismatch (sizes, schema, class names), out_of_range (no rows, a label without a class,
/// an infinite value, a weight that is not positive), too_large, each naming row or column.
/// `classes_min`: 1 for a fit that learns from benign rows alone.
Status check_training_set(const TrainingSet& set, unsigned threads = 1,
                          std::size_t classes_min = 2);
/// The same but for infinite values, which it leaves to a fit that meets every value anyway.
Status check_training_shape(const TrainingSet& set, std::size_t classes_min = 2);

/// One per class: all 1, or scikit-learn's "balanced", by which every class weighs the same in sum.
/// REQUIRES: a checked training set.
std::vector<double> class_weights(const TrainingSet& set, bool balanced);

/// Moves the bar of whoever called fit, if there is one. Thread-safe, cheap.
void tell(const FitOptions& options, std::uint64_t done, std::uint64_t total);

}  // namespace vedette
