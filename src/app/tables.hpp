/// Names meet classes here and nowhere else. An unknown name is an error that lists the known ones.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "codec/codec.hpp"
#include "ingest/ingest.hpp"
#include "model/model.hpp"
#include "pipeline/pipeline.hpp"
#include "store/store.hpp"

namespace vedette {

std::span<const ModelKind> model_kinds();
/// @return not_found, listing the kinds for that kind of record.
Result<const ModelKind*> find_model_kind(std::string_view name, RecordKind record_kind);

/// "zeek", "json", "csv".
Result<std::unique_ptr<Decoder>> make_decoder(std::string_view format);
/// Where the truth of a file's records stands beside it: "flows.log" → "flows.labels.jsonl".
std::filesystem::path labels_beside(const std::filesystem::path& path);
/// A file with the decoder its first bytes ask for, or the one `format` names, and the labels that
/// lie beside it. @return not_found, io, malformed (empty, none of the known formats).
Result<std::unique_ptr<Ingest>> open_file(const std::filesystem::path& path,
                                          std::string_view format, const Clock& clock);

/// "sqlite:PATH", a plain path, "mongodb://…" or "mongodb+srv://…".
Result<std::unique_ptr<Store>> open_store(std::string_view uri, const Retention& retention);

/// A detector from a model file.
Result<std::shared_ptr<const Detector>> load_detector(const std::filesystem::path& path);
/// The detector for readings that needs no training.
Result<std::shared_ptr<const Detector>> series_detector();
/// The file's model judges its kind of record; readings have the built-in detector beside it.
Result<std::shared_ptr<const DetectorSet>> detectors_with(const std::filesystem::path& path);

}  // namespace vedette
