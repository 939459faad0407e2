#include "app/tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "source/source.hpp"

namespace vedette {

namespace {

struct Format {
  std::string_view name;
  std::unique_ptr<Decoder> (*make)();
};
const std::array formats{
    Format{"zeek", [] { return make_zeek_log_decoder(); }},
    Format{"json", [] { return make_json_decoder(); }},
    Format{"csv", [] { return make_csv_decoder(); }},
};

/// At this many robust deviations a normal distribution has 2 readings in 10^9; real sensors have
/// heavier tails, and are let off this far.
constexpr float series_deviation_max = 6;

/// The format the file's first bytes ask for. Standard input cannot be looked at twice: there the
/// user names the format.
Result<std::string> sniff(const std::filesystem::path& path) {
  if (path == "-") return Error{Errc::missing_field, "standard input: say --format zeek|json|csv"};
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  if (file->text().empty())
    return Error{Errc::malformed, fmt::format("{}: is empty", path.string())};
  const std::string_view head = file->text().substr(0, 4096);
  if (const auto format = sniff_format(head)) return std::string{*format};
  return Error{Errc::malformed,
               fmt::format("{}: is no Zeek log, JSON lines or CSV; it starts with {}",
                           path.string(), quoted(head, 24))};
}

}  // namespace

std::span<const ModelKind> model_kinds() {
  // Made at the first call: kinds of other files may not be there yet when this one starts.
  static const std::array kinds{tree_kind,  forest_kind,      boost_kind, svm_kind,
                                bayes_kind, cnn_kind,         mlp_kind,   iforest_kind,
                                hst_kind,   autoencoder_kind, guard_kind, series_kind};
  return kinds;
}

Result<const ModelKind*> find_model_kind(std::string_view name, RecordKind record_kind) {
  std::vector<std::string_view> known;
  for (const ModelKind& kind : model_kinds()) {
    if (kind.record_kind != record_kind) continue;
    if (kind.name == name) return &kind;
    known.push_back(kind.name);
  }
  return Error{Errc::not_found, fmt::format("no model \"{}\" for {}s; there are: {}", name,
                                            name_of(record_kind), fmt::join(known, ", "))};
}

Result<std::unique_ptr<Decoder>> make_decoder(std::string_view format) {
  for (const Format& known : formats) {
    if (known.name == format) return known.make();
  }
  return Error{Errc::not_found,
               fmt::format("no format \"{}\"; there are: zeek, json, csv", format)};
}

std::filesystem::path labels_beside(const std::filesystem::path& path) {
  return std::filesystem::path{path}.replace_extension(".labels.jsonl");
}

Result<std::unique_ptr<Ingest>> open_file(const std::filesystem::path& path,
                                          std::string_view format, const Clock& clock) {
  std::string chosen{format};
  if (chosen.empty()) {
    Result<std::string> sniffed = sniff(path);
    if (!sniffed) return sniffed.error();
    chosen = std::move(sniffed).value();
  }
  Result<std::unique_ptr<Decoder>> decoder = make_decoder(chosen);
  if (!decoder) return decoder.error();
  Result<std::unique_ptr<Source>> source = open_file_source(path, clock);
  if (!source) return source.error();
  auto ingest = std::make_unique<Ingest>(std::move(source).value(), std::move(decoder).value());
  const std::filesystem::path labels = labels_beside(path);
  std::error_code ignored;
  if (path != "-" && std::filesystem::is_regular_file(labels, ignored)) {
    if (Status read = ingest->read_labels(labels.string()); !read) return read.error();
  }
  return ingest;
}

Result<std::unique_ptr<Store>> open_store(std::string_view uri, const Retention& retention) {
  constexpr std::string_view scheme = "sqlite:";
  if (uri.starts_with(scheme)) {
    uri.remove_prefix(scheme.size());
  } else if (uri.starts_with("mongodb://") || uri.starts_with("mongodb+srv://")) {
    return open_mongo_store(uri, retention);
  } else if (const auto end = uri.find("://"); end != std::string_view::npos) {
    // The rest may hold a password.
    return Error{Errc::refused,
                 fmt::format("store {}://…: there are sqlite:PATH, mongodb://… and mongodb+srv://…",
                             uri.substr(0, end))};
  }
  return open_sqlite_store(std::filesystem::path{uri}, retention);
}

Result<std::shared_ptr<const Detector>> load_detector(const std::filesystem::path& path) {
  Result<ModelFile> file = load_model(path, model_kinds());
  if (!file) return file.error();
  return Detector::make(std::move(file).value());
}

Result<std::shared_ptr<const Detector>> series_detector() {
  const std::unique_ptr<FeatureMap> plain = make_series_features();
  // The columns are deviations in robust standard units: what the model lets pass is what is usual.
  const std::unique_ptr<FeatureMap> features = with_usual(
      *plain, std::vector<UsualRange>(plain->schema().width(), {0, series_deviation_max}));
  TrainingSet nothing;
  nothing.schema = features->schema();
  FitOptions options;
  options.values["deviation"] = fmt::format("{}", series_deviation_max);
  Result<std::unique_ptr<Model>> model = series_kind.fit(nothing, options);
  if (!model) return model.error();
  ByteWriter bytes;
  features->save(bytes);
  ModelFile file;
  file.classes = series_classes(features->schema());
  file.schema = features->schema();
  file.split = "none: it learns each series as it runs";
  file.features.assign(bytes.bytes().begin(), bytes.bytes().end());
  file.model = std::move(model).value();
  encode_model(file);
  return Detector::make(std::move(file));
}

Result<std::shared_ptr<const DetectorSet>> detectors_with(const std::filesystem::path& path) {
  auto series = series_detector();
  if (!series) return series.error();
  auto loaded = load_detector(path);
  if (!loaded) return loaded.error();
  auto set = std::make_shared<DetectorSet>();
  set->active[static_cast<std::size_t>(RecordKind::reading)] = *series;
  const auto kind = (*loaded)->features().schema().record_kind;
  set->active[static_cast<std::size_t>(kind)] = *loaded;
  return std::shared_ptr<const DetectorSet>{set};
}

}  // namespace vedette
