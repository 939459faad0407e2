/// Features of readings: four deviations, each the largest over the record's values. What they
/// mean and how they are measured is in series_state.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/expects.hpp"
#include "feature/device_windows.hpp"
#include "feature/feature_map.hpp"

namespace vedette {

namespace {

constexpr std::uint8_t series_map_version = 1;

Schema series_schema() {
  return {RecordKind::reading,
          {{"level", ColumnKind::numeric},
           {"step", ColumnKind::numeric},
           {"stuck", ColumnKind::numeric},
           {"gap", ColumnKind::numeric}}};
}

class SeriesFeatures final : public RangedFeatureMap {
 public:
  explicit SeriesFeatures(std::vector<UsualRange> usual)
      : RangedFeatureMap(std::move(usual)), schema_(series_schema()) {}

  const Schema& schema() const override { return schema_; }
  RowNotes apply(const Record& record, DeviceWindows& windows, std::span<float> row) const override;
  void save(ByteWriter& out) const override {
    out.put(FeatureMapKind::series);
    out.put(series_map_version);
    save_usual(out);
  }
  std::unique_ptr<FeatureMap> with(std::vector<UsualRange> usual) const override {
    return std::make_unique<SeriesFeatures>(std::move(usual));
  }

 private:
  Schema schema_;
};

RowNotes SeriesFeatures::apply(const Record& record, DeviceWindows& windows,
                               std::span<float> row) const {
  expects(record.kind == RecordKind::reading, "series features are applied to readings");
  expects(row.size() == schema_.width(), "a row has one place per column of its schema");
  std::fill(row.begin(), row.end(), 0.0F);
  RowNotes notes;
  notes.learning = true;
  notes.confidence = 0;
  float worst = -1;
  std::uint16_t place = 0;
  for (const Reading::Value& value : record.reading) {
    SeriesState& series = windows.state().series(record.device, value.name);
    const Deviations found = series.judge(value.value, record.time);
    notes.learning = notes.learning && found.learning;
    notes.confidence = std::max(notes.confidence, series.confidence());
    const std::array<float, 4> columns{found.level, found.step, found.stuck, found.gap};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (place > 0 && columns[i] <= row[i]) continue;
      row[i] = columns[i];
      notes.measured[i] = {found.seen[i].value, found.seen[i].low, found.seen[i].high, place};
    }
    ++place;
    const float largest = *std::max_element(columns.begin(), columns.end());
    if (largest > worst) {
      worst = largest;
      notes.series = value.name;
    }
  }
  if (notes.learning) notes.lessons = bit_of(Lesson::series_level);
  return notes;
}

}  // namespace

std::unique_ptr<FeatureMap> make_series_features() {
  return std::make_unique<SeriesFeatures>(std::vector<UsualRange>{});
}

Result<std::unique_ptr<FeatureMap>> load_series_features(ByteReader& in) {
  const auto version = in.get<std::uint8_t>();
  if (in.ok() && version != series_map_version) {
    return Error{Errc::unsupported, fmt::format("features of readings: version {}, this build "
                                                "reads {}",
                                                version, series_map_version)};
  }
  auto usual = load_usual(in, series_schema().width());
  if (!usual) return usual.error();
  return std::unique_ptr<FeatureMap>(std::make_unique<SeriesFeatures>(std::move(*usual)));
}

}  // namespace vedette
