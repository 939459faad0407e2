#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/tables.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "train/train.hpp"

namespace vedette {

namespace {

/// The evaluation that train left in the file, in one glance.
void print_metrics(const ModelFile& file) {
  const auto metrics = nlohmann::json::parse(file.metrics_json, nullptr, false);
  if (!metrics.is_object()) return;
  const auto figure = [&](const char* name) {
    const auto found = metrics.find(name);
    return found != metrics.end() && found->is_number()
               ? fmt::format("{:.4f}", found->get<double>())
               : std::string{"-"};
  };
  fmt::print("  tested       accuracy {}, macro-F1 {}, weighted F1 {}, ROC AUC {}, PR AUC {}\n",
             figure("accuracy"), figure("macro_f1"), figure("weighted_f1"), figure("roc_auc"),
             figure("pr_auc"));
  fmt::print("  at threshold {} of attacks found, {} of benign rows flagged\n",
             figure("detection_rate"), figure("false_positive_rate"));
}

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
  print_metrics(file);
}

Status show_tree(const ModelShowOptions& options, const ModelFile& file) {
  if (options.tree) {
    const auto text = tree_text(file, options.depth);
    if (!text) return text.error();
    fmt::print("{}", *text);
  }
  if (options.drawing.empty()) return {};
  const auto svg = tree_svg(file, options.depth);
  if (!svg) return svg.error();
  return write_whole(options.drawing, std::as_bytes(std::span{*svg}));
}

void print_json(const std::filesystem::path& path, const ModelFile& file) {
  std::error_code ignored;
  std::string out = "{";
  append_json_field(out, "id", file.id);
  append_json_field(out, "file", path.string());
  append_json_field(out, "bytes", std::uint64_t{std::filesystem::file_size(path, ignored)});
  append_json_field(out, "kind", file.model->kind());
  append_json_field(out, "description", file.model->describe());
  append_json_field(out, "record_kind", name_of(file.schema.record_kind));
  append_json_field(out, "created", file.created);
  append_json_field(out, "data_fingerprint", fmt::format("{:016x}", file.data_fingerprint));
  append_json_field(out, "split", file.split);
  append_json_key(out, "classes");
  out += '[';
  for (const std::string& name : file.classes) {
    if (&name != file.classes.data()) out += ',';
    append_json_string(out, name);
  }
  out += "],\"columns\":[";
  for (const Column& column : file.schema.columns) {
    if (&column != file.schema.columns.data()) out += ',';
    append_json_string(out, column.name);
  }
  out += ']';
  append_json_field(out, "threshold", file.threshold.value);
  out += ",\"metrics\":" + (file.metrics_json.empty() ? "null" : file.metrics_json) + "}";
  fmt::print("{}\n", out);
}

}  // namespace

Status run_model_show(const ModelShowOptions& options) {
  for (const auto& path : options.files) {
    const Result<ModelFile> file = load_model(path, model_kinds());
    if (!file) return file.error();
    options.json ? print_json(path, *file) : print_text(path, *file);
    if (Status shown = show_tree(options, *file); !shown) return shown;
  }
  return {};
}

}  // namespace vedette
