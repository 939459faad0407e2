/// series: judges readings by how far they are from what their own series did lately.
///
/// The columns of a reading's row are already deviations in robust standard units: feature/ divides
/// each distance from the running median by the median absolute deviation (Hampel: The influence
/// curve and its role in robust estimation, 1974; the rule of thumb is due to Leys et al.:
/// Detecting outliers, 2013). What is left to say is when a deviation is too large, and of which
/// kind it is. A deviation z becomes z / (z + deviation): 0.5 where z equals the option
/// `deviation`, towards 1 beyond. P(benign) is 1 minus that of the largest column; the rest is
/// shared among the columns by the fourth power of their deviations, so that the largest takes
/// nearly all of it.
///
/// There is one class per column, named like it ("level", "step", …), behind "Benign". Nothing is
/// learned here: the state is with the device (DeviceWindows), so a fit needs no rows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/expects.hpp"
#include "base/text.hpp"
#include "model/fit_input.hpp"
#include "model/model.hpp"

namespace vedette {

std::vector<std::string> series_classes(const Schema& schema) {
  std::vector<std::string> classes{std::string(benign_label)};
  for (const Column& column : schema.columns) classes.push_back(column.name);
  return classes;
}

namespace {

constexpr std::uint8_t series_version = 1;

/// Missing and negative deviations are none.
double deviation_of(float value) {
  return value > 0 ? static_cast<double>(value) : 0.0;
}

class Series final : public Model {
 public:
  Series(std::size_t width, double deviation) : width_(width), deviation_(deviation) {}

  std::string_view kind() const override { return "series"; }
  std::size_t width() const override { return width_; }
  std::size_t class_count() const override { return width_ + 1; }
  void score(Rows rows, std::span<float> out) const override {
    expects(rows.width == width_ && out.size() >= rows.count * class_count(),
            "Series::score gets rows of its width and room for every class");
    for (std::size_t i = 0; i < rows.count; ++i) {
      judge(rows[i], out.subspan(i * class_count(), class_count()));
    }
  }
  void explain(std::span<const float> row, std::uint16_t class_index,
               std::span<float> out) const override;
  Attribution attribute(std::span<const float> row, std::uint16_t class_index,
                        std::span<float> out) const override;
  std::string describe() const override {
    return fmt::format("alarm above {} robust deviations", deviation_);
  }
  void save(ByteWriter& out) const override {
    out.put(series_version);
    out.put(static_cast<std::uint32_t>(width_));
    out.put(deviation_);
  }

 private:
  void judge(std::span<const float> row, std::span<float> out) const;
  std::size_t width_;
  double deviation_;
};

void Series::judge(std::span<const float> row, std::span<float> out) const {
  double largest = 0;
  for (const float value : row) largest = std::max(largest, deviation_of(value));
  // An infinite deviation is certainty; the quotient would be NaN.
  const double strange = std::isinf(largest) ? 1.0 : largest / (largest + deviation_);
  const auto share = [&](float value) {
    const double z = deviation_of(value);
    const double part = std::isinf(largest) ? (std::isinf(z) ? 1.0 : 0.0) : z / largest;
    return part * part * part * part;
  };
  double shares = 0;
  if (largest > 0) {
    for (const float value : row) shares += share(value);
  }
  out[0] = static_cast<float>(1 - strange);
  for (std::size_t column = 0; column < row.size(); ++column) {
    out[column + 1] = largest > 0 ? static_cast<float>(strange * share(row[column]) / shares) : 0;
  }
}

/// A class speaks of one column. Benign is what all columns take away from, each by how strange it
/// would be alone.
void Series::explain(std::span<const float> row, std::uint16_t class_index,
                     std::span<float> out) const {
  expects(row.size() == width_ && out.size() == width_ && class_index <= width_,
          "Series::explain gets a row of its width and a class it knows");
  for (std::size_t column = 0; column < width_; ++column) {
    const double z = deviation_of(row[column]);
    const double strange = std::isinf(z) ? 1.0 : z / (z + deviation_);
    const double own = column + 1 == class_index ? strange : 0;
    out[column] = static_cast<float>(class_index == 0 ? -strange : own);
  }
}

/// The score is that of the largest deviation alone.
Attribution Series::attribute(std::span<const float> row, std::uint16_t class_index,
                              std::span<float> out) const {
  expects(class_index > 0, "Series::attribute is asked about an alarm");
  explain(row, class_index, out);
  return {PartsAdd::to_probability, 0};
}

Result<std::unique_ptr<Model>> load_series(ByteReader& in) {
  const auto version = in.get<std::uint8_t>();
  if (in.ok() && version != series_version) {
    return Error{Errc::unsupported,
                 fmt::format("series: version {}, this build reads {}", version, series_version)};
  }
  const auto width = in.get<std::uint32_t>();
  const auto deviation = in.get<double>();
  if (!in.ok() || width == 0 || width >= fit_classes_max || !(deviation > 0 && deviation < 1e9)) {
    return Error{Errc::corrupt, "series: a number outside its range"};
  }
  return std::unique_ptr<Model>(std::make_unique<Series>(width, deviation));
}

Result<std::unique_ptr<Model>> fit_series(const TrainingSet& set, const FitOptions& options) {
  OptionReader reader("series", options);
  const double deviation = reader.number("deviation", 6, 0.1, 1e6);
  if (const Status status = reader.status(); !status) return status.error();
  const std::size_t width = set.schema.width();
  if (set.schema.record_kind != RecordKind::reading || width == 0 || width >= fit_classes_max) {
    return Error{Errc::mismatch,
                 fmt::format("series: needs the columns of readings, got {} columns of a {}", width,
                             name_of(set.schema.record_kind))};
  }
  const std::vector<std::string> classes = series_classes(set.schema);
  if (!set.classes.empty() && set.classes != classes) {
    return Error{Errc::mismatch, fmt::format("series: the classes are {}, got {}", listed(classes),
                                             listed(set.classes))};
  }
  if (set.rows.count > 0) {
    TrainingSet checked = set;
    checked.classes = classes;
    if (const Status status = check_training_set(checked); !status) return status.error();
  }
  if (options.stop.stop_requested()) return Error{Errc::cancelled, "series: stopped"};
  return std::unique_ptr<Model>(std::make_unique<Series>(width, deviation));
}

}  // namespace

const ModelKind series_kind{
    .name = "series",
    .summary = "readings: deviation from the series' own recent level (option deviation)",
    .record_kind = RecordKind::reading,
    .fit = fit_series,
    .load = load_series,
};

}  // namespace vedette
