#include <fmt/format.h>

#include "base/expects.hpp"
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
  return std::shared_ptr<const Detector>{
      new Detector{std::move(file), std::move(features).value()}};
}

Detector::Detector(ModelFile file, std::unique_ptr<FeatureMap> features)
    : file_(std::move(file)), features_(std::move(features)) {}

}  // namespace vedette
