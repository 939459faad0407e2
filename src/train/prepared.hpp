/// Rows of a data set, made once for any number of fits: which rows, which classes, which columns.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "train/train.hpp"

namespace vedette {

/// Rows in the order of their indices, the class of each, and where it was recorded.
struct Matrix {
  std::vector<float> values;
  std::vector<std::uint16_t> classes;
  std::vector<std::uint32_t> captures;  ///< of each training row

  Rows rows(std::size_t width) const { return {values.data(), classes.size(), width}; }
};

/// Class of every label. Classes that training rows have come first: they are the model's. The
/// others stand behind them, so that a test row of an unseen class counts as a miss and not as
/// something else.
struct Classes {
  std::vector<std::uint16_t> of_label;  ///< 65,535 where no labelled flow has the label
  std::vector<std::string> names;
  std::size_t trained = 0;
  std::vector<std::string> unseen;  ///< labels of test rows that no training row has
};

struct Prepared {
  Split split;
  Classes classes;
  std::unique_ptr<FeatureMap> features;
  Matrix train, test;

  std::size_t width() const { return features->schema().width(); }
  Rows train_rows() const { return train.rows(width()); }
  Rows test_rows() const { return test.rows(width()); }
  /// Borrows.
  TrainingSet training_set() const;
};

/// Fits classes and features on the training rows of `split`, then makes all rows: flows are
/// replayed in time order per capture through fresh windows. Of the options it takes columns,
/// binary, and what fit says of stopping and progress. @return out_of_range (no benign training
/// rows, or, unless every kind to be fitted learns from benign rows, nothing else), not_found
/// (columns), cancelled.
Result<Prepared> prepare_rows(const Dataset& dataset, Split split, const TrainOptions& options,
                              bool benign_suffices);
inline bool benign_suffices(const ModelKind& kind) {
  return kind.learns == Learns::benign;
}

/// Score::value and the most probable class of each row. The classes index into `names`: those of
/// the rows, and unknown behind them when the kind may answer it.
struct Answers {
  std::vector<std::string> names;
  std::vector<float> scores;
  std::vector<std::uint16_t> classes;
  std::vector<std::uint16_t> attacks;  ///< the most probable class that is not benign
};
Answers answer(const Model& model, const ModelKind& kind, const Classes& classes, Rows rows);
/// As evaluate(), and as_attack_or_not() for a kind that learns from benign rows alone.
Evaluation evaluate(const ModelKind& kind, std::span<const std::uint16_t> truth,
                    const Answers& answers);

/// @return mismatch for a kind that judges readings, out_of_range for a false-positive rate that is
/// none.
Status check_options(const ModelKind& kind, const TrainOptions& options);

/// How far equal rows decide what can be learned and what is merely remembered.
struct Repetition {
  double seen_share = 0;        ///< test rows that also occur in training, bit for bit
  double accuracy_ceiling = 1;  ///< of any model, as equal test rows have different classes
};
Repetition repetition_of(const Prepared& prepared);

}  // namespace vedette
