#include "model/scaler.hpp"

#include <algorithm>
#include <cmath>

#include "model/fit_input.hpp"

namespace vedette {

namespace {

/// Weighted sums of one column, enough for mean, deviation and skewness.
struct Sums {
  double weight = 0, mean = 0, variance = 0, skewness = 0;
};

double signed_log(double x) {
  return std::copysign(std::log1p(std::abs(x)), x);
}

Sums sums_of(const TrainingSet& set, std::size_t column, double (*shape)(double)) {
  Sums out;
  const auto each = [&](const auto& take) {
    for (std::size_t i = 0; i < set.rows.count; ++i) {
      const float x = set.rows.data[i * set.rows.width + column];
      if (std::isnan(x)) continue;
      take(shape(static_cast<double>(x)),
           set.weights.empty() ? 1.0 : static_cast<double>(set.weights[i]));
    }
  };
  each([&](double x, double weight) {
    out.weight += weight;
    out.mean += weight * x;
  });
  if (out.weight == 0) return out;
  out.mean /= out.weight;
  double cubes = 0;
  each([&](double x, double weight) {
    const double off = x - out.mean;
    out.variance += weight * off * off;
    cubes += weight * off * off * off;
  });
  out.variance /= out.weight;
  const double deviation = std::sqrt(out.variance);
  if (deviation > 0) out.skewness = cubes / out.weight / (out.variance * deviation);
  return out;
}

}  // namespace

Scaler Scaler::fit(const TrainingSet& set) {
  constexpr double skewness_max = 2;
  Scaler scaler;
  for (std::size_t c = 0; c < set.rows.width; ++c) {
    Column column;
    if (set.schema.columns[c].kind == ColumnKind::categorical) {
      column = {Shape::category, 0, 1};
    } else {
      Sums sums = sums_of(set, c, [](double x) { return x; });
      if (std::abs(sums.skewness) > skewness_max) {
        column.shape = Shape::logarithmic;
        sums = sums_of(set, c, signed_log);
      }
      column.mean = static_cast<float>(sums.mean);
      // Rounding leaves a constant column of large numbers a tiny variance.
      const double noise = 1e-7 * (1 + std::abs(sums.mean));
      const double deviation = std::sqrt(sums.variance);
      column.scale = deviation > noise ? static_cast<float>(1 / deviation) : 0.0F;
    }
    scaler.columns_.push_back(column);
  }
  return scaler;
}

void Scaler::apply(const float* row, float* out) const {
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const Column& column = columns_[c];
    float x = row[c];
    if (column.shape == Shape::logarithmic) x = std::copysign(std::log1p(std::abs(x)), x);
    const float scaled = (x - column.mean) * column.scale;
    // A missing value fails the comparison as does infinity times a scale of 0.
    out[c] = scaled == scaled ? std::clamp(scaled, -bound, bound) : 0.0F;
  }
}

void Scaler::save(ByteWriter& out) const {
  out.put(static_cast<std::uint32_t>(columns_.size()));
  for (const Column& column : columns_) {
    out.put(column.shape);
    out.put(column.mean);
    out.put(column.scale);
  }
}

Result<Scaler> Scaler::load(ByteReader& in) {
  constexpr std::size_t column_bytes = 9;
  const auto width = in.get<std::uint32_t>();
  bool sound = in.ok() && width <= fit_columns_max && in.left() >= width * column_bytes;
  Scaler scaler;
  if (sound) scaler.columns_.reserve(width);
  for (std::uint32_t c = 0; sound && c < width; ++c) {
    const auto shape = in.get<std::uint8_t>();
    const auto mean = in.get<float>();
    const auto scale = in.get<float>();
    sound = shape <= static_cast<std::uint8_t>(Shape::category) && std::isfinite(mean) &&
            std::isfinite(scale) && scale >= 0;
    scaler.columns_.push_back({static_cast<Shape>(shape), mean, scale});
  }
  if (!sound) return Error{Errc::corrupt, "the scale of its columns does not hold"};
  return scaler;
}

}  // namespace vedette
