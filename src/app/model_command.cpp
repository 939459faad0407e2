#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/commands.hpp"
#include "app/tables.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

void print_text(const std::filesystem::path& path, const ModelFile& file) {
  std::error_code ignored;
  fmt::print("{}\n", file.id);
  fmt::print("  file         {} ({} bytes)\n", path.string(),
             std::filesystem::file_size(path, ignored));
  fmt::print("  kind         {}: {}\n", file.model->kind(), file.model->describe());
  fmt::print("  judges       {}s by {} columns\n", name_of(file.schema.record_kind),
             file.schema.width());
  fmt::print("  classes      {}\n", fmt::join(file.classes, ", "));
  fmt::print("  created      {}\n", file.created.empty() ? "unknown" : file.created);
  fmt::print("  data set     {:016x}\n", file.data_fingerprint);
  fmt::print("  split        {}\n", file.split);
  fmt::print(
      "  threshold    {:.6f} ({})\n", file.threshold.value,
      file.threshold.benign_rows == 0
          ? "a default, not calibrated"
          : fmt::format("{:.4f} % false positives on {} benign rows",
                        100 * file.threshold.false_positive_rate, file.threshold.benign_rows));
}

void print_json(const std::filesystem::path& path, const ModelFile& file) {
  std::string out = "{\"id\":";
  append_json_string(out, file.id);
  out += ",\"file\":";
  append_json_string(out, path.string());
  out += ",\"kind\":";
  append_json_string(out, file.model->kind());
  out += ",\"record_kind\":";
  append_json_string(out, name_of(file.schema.record_kind));
  out += ",\"created\":";
  append_json_string(out, file.created);
  out += fmt::format(",\"data_fingerprint\":\"{:016x}\",\"split\":", file.data_fingerprint);
  append_json_string(out, file.split);
  out += ",\"classes\":[";
  for (const std::string& name : file.classes) {
    if (&name != file.classes.data()) out += ',';
    append_json_string(out, name);
  }
  out += "],\"columns\":[";
  for (const Column& column : file.schema.columns) {
    if (&column != file.schema.columns.data()) out += ',';
    append_json_string(out, column.name);
  }
  out += "],\"threshold\":";
  append_json_number(out, file.threshold.value);
  out += ",\"metrics\":" + (file.metrics_json.empty() ? "null" : file.metrics_json) + "}";
  fmt::print("{}\n", out);
}

}  // namespace

Status run_model_show(const ModelShowOptions& options) {
  for (const auto& path : options.files) {
    const Result<ModelFile> file = load_model(path, model_kinds());
    if (!file) return file.error();
    options.json ? print_json(path, *file) : print_text(path, *file);
  }
  return {};
}

}  // namespace vedette
