/// The model file, byte by byte in docs/formats/vdm.md: a header with size and checksum, then
/// sections in a fixed order. Everything is checked before it is believed; what lives at once while
/// loading stays below three times the file's size and 1 MiB.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/expects.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "model/fit_input.hpp"
#include "model/model.hpp"

namespace vedette {

namespace {

constexpr std::array<char, 4> magic{'V', 'D', 'M', '\n'};
constexpr std::uint16_t format_version = 2;
constexpr std::size_t header_bytes = 24;
enum class Section : std::uint32_t {
  about = 1,
  schema,
  classes,
  features,
  model,
  calibration,
  exemplars
};
constexpr std::size_t text_bytes_max = 4096;  // of every text but the metrics

Error damaged(std::string_view what) {
  return {Errc::corrupt, fmt::format("damaged model file: {}", what)};
}

std::string id_of(std::string_view kind, std::uint64_t checksum) {
  return fmt::format("{}-{:08x}", kind, checksum >> 32U);
}

void put_section(ByteWriter& out, Section section, const ByteWriter& content) {
  out.put(section);
  out.put(static_cast<std::uint64_t>(content.size()));
  out.put_bytes(content.bytes());
}

void put_blob(ByteWriter& out, Section section, std::span<const std::byte> bytes) {
  ByteWriter content;
  content.put_bytes(bytes);
  put_section(out, section, content);
}

ByteWriter about_of(const ModelFile& file) {
  ByteWriter out;
  out.put_text(file.model->kind());
  out.put_text(file.created);
  out.put(file.data_fingerprint);
  out.put_text(file.split);
  out.put(file.threshold.value);
  out.put(file.threshold.false_positive_rate);
  out.put(file.threshold.benign_rows);
  out.put_text(file.metrics_json);
  return out;
}

ByteWriter schema_of(const Schema& schema) {
  ByteWriter out;
  out.put(schema.record_kind);
  out.put(static_cast<std::uint32_t>(schema.width()));
  for (const Column& column : schema.columns) {
    out.put(column.kind);
    out.put_text(column.name);
  }
  return out;
}

ByteWriter classes_of(const ModelFile& file) {
  ByteWriter out;
  out.put(static_cast<std::uint32_t>(file.classes.size()));
  for (const std::string& name : file.classes) out.put_text(name);
  return out;
}

void put_sections(ByteWriter& out, const ModelFile& file) {
  put_section(out, Section::about, about_of(file));
  put_section(out, Section::schema, schema_of(file.schema));
  put_section(out, Section::classes, classes_of(file));
  put_blob(out, Section::features, file.features);
  put_blob(out, Section::calibration, file.calibration);
  put_blob(out, Section::exemplars, file.exemplars);
  ByteWriter model;
  file.model->save(model);
  put_section(out, Section::model, model);
}

/// The bytes of the next section, which must be this one. An error when it is not or is cut off.
Result<ByteReader> next_section(ByteReader& in, Section section) {
  const auto tag = in.get<std::uint32_t>();
  const auto size = in.get<std::uint64_t>();
  if (!in.ok() || tag != static_cast<std::uint32_t>(section) || size > in.left()) {
    return damaged(fmt::format("section {} is missing or cut off", static_cast<int>(section)));
  }
  return ByteReader(in.get_bytes(size));
}

/// A short text that may be shown to people.
std::string get_line(ByteReader& in, bool& sound) {
  const std::string_view text = in.get_text();
  sound = sound && text.size() <= text_bytes_max && is_utf8(text);
  return sound ? std::string(text) : std::string();
}

Result<std::string> read_about(ByteReader& all, ModelFile& file) {
  auto section = next_section(all, Section::about);
  if (!section) return section.error();
  ByteReader& in = *section;
  bool sound = true;
  std::string kind = get_line(in, sound);
  file.created = get_line(in, sound);
  file.data_fingerprint = in.get<std::uint64_t>();
  file.split = get_line(in, sound);
  file.threshold.value = in.get<float>();
  file.threshold.false_positive_rate = in.get<double>();
  file.threshold.benign_rows = in.get<std::uint64_t>();
  file.metrics_json = in.get_text();
  sound = sound && in.ok() && in.left() == 0 && std::isfinite(file.threshold.value) &&
          std::isfinite(file.threshold.false_positive_rate) && is_utf8(file.metrics_json);
  if (!sound) return damaged("the section about it does not hold");
  return kind;
}

Status read_schema(ByteReader& all, Schema& schema) {
  auto section = next_section(all, Section::schema);
  if (!section) return section.error();
  ByteReader& in = *section;
  const auto record_kind = in.get<std::uint8_t>();
  const auto width = in.get<std::uint32_t>();
  bool sound = in.ok() && record_kind < record_kind_count && width <= fit_columns_max;
  for (std::uint32_t i = 0; sound && i < width; ++i) {
    const auto kind = in.get<std::uint8_t>();
    sound = kind <= static_cast<std::uint8_t>(ColumnKind::categorical);
    std::string name = get_line(in, sound);
    sound = sound && in.ok();
    if (sound) schema.columns.push_back({std::move(name), static_cast<ColumnKind>(kind)});
  }
  if (!sound || in.left() != 0) return damaged("its schema does not hold");
  schema.record_kind = static_cast<RecordKind>(record_kind);
  return {};
}

Status read_classes(ByteReader& all, std::vector<std::string>& classes) {
  auto section = next_section(all, Section::classes);
  if (!section) return section.error();
  ByteReader& in = *section;
  const auto count = in.get<std::uint32_t>();
  bool sound = in.ok() && count >= 2 && count <= fit_classes_max;
  for (std::uint32_t i = 0; sound && i < count; ++i) {
    classes.push_back(get_line(in, sound));
    sound = sound && in.ok() && !classes.back().empty();
  }
  if (!sound || in.left() != 0 || classes.front() != benign_label) {
    return damaged("its classes do not hold");
  }
  return {};
}

Status read_blob(ByteReader& all, Section section, std::vector<std::byte>& blob) {
  auto content = next_section(all, section);
  if (!content) return content.error();
  const auto bytes = content->get_bytes(content->left());
  blob.assign(bytes.begin(), bytes.end());
  return {};
}

Status read_model(ByteReader& all, std::string_view name, std::span<const ModelKind> kinds,
                  ModelFile& file) {
  const auto kind =
      std::find_if(kinds.begin(), kinds.end(), [&](const ModelKind& k) { return k.name == name; });
  if (kind == kinds.end()) {
    std::vector<std::string_view> known;
    for (const ModelKind& k : kinds) known.push_back(k.name);
    return Error{Errc::unsupported, fmt::format("a model of kind {}; this build knows {}",
                                                vedette::quoted(name), listed(known))};
  }
  auto section = next_section(all, Section::model);
  if (!section) return section.error();
  auto model = kind->load(*section);
  if (!model) return Error{model.error().code, "damaged model file: " + model.error().message};
  if (section->left() != 0 || all.left() != 0) return damaged("bytes behind the model");
  if (file.schema.record_kind != kind->record_kind || (*model)->width() != file.schema.width() ||
      (*model)->class_count() != file.classes.size()) {
    return Error{Errc::mismatch,
                 fmt::format("a {} of {} columns and {} classes with a schema of {} {} columns and "
                             "{} class names",
                             name, (*model)->width(), (*model)->class_count(), file.schema.width(),
                             name_of(file.schema.record_kind), file.classes.size())};
  }
  file.model = std::move(*model);
  return {};
}

/// The checksum, when the header fits the bytes behind it.
Result<std::uint64_t> check_header(std::span<const std::byte> bytes) {
  if (bytes.size() < header_bytes || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0) {
    return Error{Errc::malformed, "not a Vedette model file"};
  }
  ByteReader in(bytes.subspan(magic.size()));
  const auto version = in.get<std::uint16_t>();
  const auto reserved = in.get<std::uint16_t>();
  const auto size = in.get<std::uint64_t>();
  const auto checksum = in.get<std::uint64_t>();
  if (version != format_version) {
    return Error{Errc::unsupported, fmt::format("a model file of version {}, this build reads {}",
                                                version, format_version)};
  }
  if (size != bytes.size()) {
    return damaged(fmt::format("it says it has {} bytes, it has {}", size, bytes.size()));
  }
  if (bytes.size() > model_file_bytes_max) {
    return Error{Errc::too_large, fmt::format("a model file of {} bytes; at most {} are read",
                                              bytes.size(), model_file_bytes_max)};
  }
  if (reserved != 0 || checksum != hash64(bytes.subspan(header_bytes))) {
    return damaged("the checksum does not fit");
  }
  return checksum;
}

}  // namespace

std::vector<std::byte> encode_model(ModelFile& file) {
  expects(file.model != nullptr, "a model file holds a model");
  expects(file.model->width() == file.schema.width() &&
              file.model->class_count() == file.classes.size(),
          "schema, classes and model of a model file fit each other");
  ByteWriter out;
  out.put_bytes(std::as_bytes(std::span{magic}));
  out.put(format_version);
  out.put(std::uint16_t{0});
  out.put(std::uint64_t{0});
  out.put(std::uint64_t{0});
  put_sections(out, file);
  const std::uint64_t checksum = hash64(out.bytes().subspan(header_bytes));
  out.patch(8, static_cast<std::uint64_t>(out.size()));
  out.patch(16, checksum);
  file.id = id_of(file.model->kind(), checksum);
  return {out.bytes().begin(), out.bytes().end()};
}

Result<ModelFile> decode_model(std::span<const std::byte> bytes, std::span<const ModelKind> kinds) {
  const auto checksum = check_header(bytes);
  if (!checksum) return checksum.error();
  ByteReader in(bytes.subspan(header_bytes));
  ModelFile file;
  const auto kind = read_about(in, file);
  if (!kind) return kind.error();
  if (const Status status = read_schema(in, file.schema); !status) return status.error();
  if (const Status status = read_classes(in, file.classes); !status) return status.error();
  for (const auto& [section, blob] : {std::pair{Section::features, &file.features},
                                      std::pair{Section::calibration, &file.calibration},
                                      std::pair{Section::exemplars, &file.exemplars}}) {
    if (const Status status = read_blob(in, section, *blob); !status) return status.error();
  }
  if (const Status status = read_model(in, *kind, kinds, file); !status) return status.error();
  file.id = id_of(*kind, *checksum);
  return file;
}

Status save_model(const std::filesystem::path& path, ModelFile& file) {
  return write_whole(path, encode_model(file));
}

Result<ModelFile> load_model(const std::filesystem::path& path, std::span<const ModelKind> kinds) {
  const auto mapped = MappedFile::open(path);
  if (!mapped) return mapped.error();
  auto file = decode_model(mapped->bytes(), kinds);
  if (!file) {
    return Error{file.error().code, fmt::format("{}: {}", path.string(), file.error().message)};
  }
  return file;
}

std::vector<std::string> answers_of(const ModelKind& kind, std::span<const std::string> trained) {
  std::vector<std::string> out{std::string{benign_label}};
  if (kind.learns != Learns::benign) out.assign(trained.begin(), trained.end());
  if (kind.learns != Learns::classes) out.emplace_back(unknown_label);
  return out;
}

Score to_score(std::span<const float> probabilities) {
  expects(probabilities.size() >= 2, "a model has two classes or more");
  const auto first = probabilities.begin() + 1;
  const auto top = std::max_element(first, probabilities.end());
  return {.value = std::clamp(1 - probabilities[0], 0.0F, 1.0F),
          .class_index = static_cast<std::uint16_t>(1 + (top - first))};
}

}  // namespace vedette
