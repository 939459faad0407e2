/// Scaler: columns on one scale, for models that measure distances or sum products (svm, cnn, mlp).
/// Bytes and packets of flows span nine decades; left as they are, one large transfer is all a
/// kernel sees. A numeric column whose skewness exceeds 2 is first replaced by
/// sign(x) * log(1 + |x|); then its mean is subtracted and it is divided by its standard deviation.
/// Categorical columns stay 0 and 1: standardised, a category seen once in 10,000 rows would weigh
/// as much as a hundred others. Constant columns and missing values become 0, the mean; what lies
/// beyond `bound` deviations is held there, so that no value unheard of can outshout all others.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "model/model.hpp"

namespace vedette {

/// Immutable after fit or load.
class Scaler {
 public:
  static constexpr float bound = 10;

  Scaler() = default;
  /// REQUIRES: a checked training set. Weights are used; no chance, one thread: O(rows × width).
  static Scaler fit(const TrainingSet& set);

  std::size_t width() const { return columns_.size(); }
  /// REQUIRES: width() floats each; may be the same place.
  void apply(const float* row, float* out) const;
  void save(ByteWriter& out) const;
  /// @return corrupt: fewer bytes than said, numbers outside their range.
  static Result<Scaler> load(ByteReader& in);

 private:
  enum class Shape : std::uint8_t { plain, logarithmic, category };
  struct Column {
    Shape shape = Shape::plain;
    float mean = 0;
    float scale = 0;  ///< 1 / standard deviation; 0 for a constant column
  };
  std::vector<Column> columns_;
};

}  // namespace vedette
