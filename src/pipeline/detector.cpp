#include <fmt/format.h>

#include "base/expects.hpp"
#include "base/hash.hpp"
#include "pipeline/column_families.hpp"
#include "pipeline/pipeline.hpp"

namespace vedette {

Result<std::shared_ptr<const Detector>> Detector::make(ModelFile file) {
  expects(file.model != nullptr, "a model file carries a model");
  ByteReader reader{file.features};
  Result<std::unique_ptr<FeatureMap>> features = load_features(reader);
  if (!features) return features.error();
  const Schema& schema = (*features)->schema();
  if (schema.fingerprint() != file.schema.fingerprint()) {
    return Error{Errc::mismatch,
                 fmt::format("model {}: its features are not those of its schema", file.id)};
  }
  if (file.model->width() != schema.width() || file.model->class_count() != file.classes.size()) {
    return Error{Errc::mismatch,
                 fmt::format("model {}: {} columns and {} classes, but its schema has {} and {}",
                             file.id, file.model->width(), file.model->class_count(),
                             schema.width(), file.classes.size())};
  }
  Result<Calibration> calibration = Calibration::load(file.calibration);
  if (!calibration) {
    return Error{calibration.error().code,
                 fmt::format("model {}: {}", file.id, calibration.error().message)};
  }
  Result<Exemplars> exemplars = Exemplars::load(file.exemplars, schema.width());
  if (!exemplars) {
    return Error{exemplars.error().code,
                 fmt::format("model {}: {}", file.id, exemplars.error().message)};
  }
  return std::shared_ptr<const Detector>{new Detector{std::move(file), std::move(features).value(),
                                                      std::move(calibration).value(),
                                                      std::move(exemplars).value()}};
}

Detector::Detector(ModelFile file, std::unique_ptr<FeatureMap> features, Calibration calibration,
                   Exemplars exemplars)
    : file_(std::move(file)),
      calibration_(std::move(calibration)),
      features_(std::move(features)),
      exemplars_(std::move(exemplars)),
      families_(std::make_unique<ColumnFamilies>(features_->schema())),
      schema_fingerprint_(features_->schema().fingerprint()) {}
Detector::~Detector() = default;

float DetectorSet::threshold_of(RecordKind kind, std::string_view device) const {
  const auto at = static_cast<std::size_t>(kind);
  if (thresholds[at] != nullptr) return thresholds[at]->of(device);
  return active[at]->file().threshold.value;
}

std::uint64_t features_fingerprint(const DetectorSet& set) {
  std::array<std::uint64_t, record_kind_count> schemas{};
  for (std::size_t kind = 0; kind < record_kind_count; ++kind) {
    if (set.active[kind] == nullptr) continue;
    schemas[kind] = set.active[kind]->features().schema().fingerprint();
  }
  return hash64(std::as_bytes(std::span{schemas}));
}

}  // namespace vedette
