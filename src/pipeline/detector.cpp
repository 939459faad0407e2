#include <fmt/format.h>

#include "base/expects.hpp"
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
  Result<Exemplars> exemplars = Exemplars::load(file.exemplars, schema.width());
  if (!exemplars) {
    return Error{exemplars.error().code,
                 fmt::format("model {}: {}", file.id, exemplars.error().message)};
  }
  return std::shared_ptr<const Detector>{
      new Detector{std::move(file), std::move(features).value(), std::move(exemplars).value()}};
}

Detector::Detector(ModelFile file, std::unique_ptr<FeatureMap> features, Exemplars exemplars)
    : file_(std::move(file)),
      features_(std::move(features)),
      exemplars_(std::move(exemplars)),
      families_(std::make_unique<ColumnFamilies>(features_->schema())),
      schema_fingerprint_(features_->schema().fingerprint()) {}
Detector::~Detector() = default;

}  // namespace vedette
