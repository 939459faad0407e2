#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "app/commands.hpp"
#include "app/simulated_captures.hpp"
#include "app/tables.hpp"
#include "base/file.hpp"
#include "feature/feature.hpp"
#include "train/train.hpp"

namespace vedette {

namespace {

std::uint64_t total_bytes(const std::vector<std::filesystem::path>& paths) {
  std::uint64_t total = 0;
  for (const auto& path : paths) {
    std::error_code ignored;
    const auto size = std::filesystem::file_size(path, ignored);
    if (!ignored) total += size;
  }
  return total;
}

/// "depth_max=12" → {"depth_max", "12"}.
Status read_settings(const std::vector<std::string>& settings, FitOptions& fit) {
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Error{Errc::malformed, fmt::format("--set {}: must be name=value", setting)};
    }
    fit.values[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return {};
}

}  // namespace

Status run_prepare(const PrepareOptions& options, const Clock& clock, std::stop_token stop) {
  DatasetWriter writer;
  if (!options.columns.empty()) {
    if (const auto known = make_flow_features(options.columns); !known) return known.error();
    writer.set_columns(options.columns);
  }
  std::vector<CaptureReport> reports;
  Progress progress{"preparing", total_bytes(options.captures)};
  for (const auto& path : options.captures) {
    auto ingest = open_file(path, options.format, clock);
    if (!ingest) return ingest.error();
    auto report = writer.add_capture(path.filename().string(), **ingest, stop, &progress);
    if (!report) return report.error();
    reports.push_back(std::move(report).value());
  }
  progress.finish();
  if (writer.size() == 0) {
    return Error{Errc::malformed, "no capture held a single record; nothing was written"};
  }
  if (Status done = writer.save(options.out); !done) return done;
  const std::string report = options.json ? to_json(reports) + "\n" : to_text(reports);
  std::fwrite(report.data(), 1, report.size(), stdout);
  return {};
}

namespace {

std::string columns_for(std::string_view asked, const Dataset& dataset) {
  if (!asked.empty()) return std::string{asked};
  return dataset.columns().empty() ? "behaviour" : std::string{dataset.columns()};
}

unsigned threads_for(std::uint32_t asked) {
  return asked != 0 ? asked : std::max(1U, std::thread::hardware_concurrency());
}

/// The options that train and compare have in common.
template <class Command>
TrainOptions train_options(const Command& command, const Dataset& dataset, const Clock& clock,
                           std::stop_token stop, Progress& progress) {
  TrainOptions out;
  out.columns = columns_for(command.columns, dataset);
  out.binary = command.binary;
  out.split.by = command.split;
  out.split.train_share = command.train_share;
  out.split.seed = command.seed;
  out.false_positive_rate = command.false_positive_rate;
  out.created = to_rfc3339(clock.now());
  out.fit.seed = command.seed;
  out.fit.threads = threads_for(command.threads);
  out.fit.stop = std::move(stop);
  out.fit.progress = &progress;
  return out;
}

Status search_settings(const TrainCommand& command, const Dataset& dataset, const ModelKind& kind,
                       TrainOptions& options) {
  SearchOptions limits;
  limits.trials = command.trials;
  const auto searched = search(dataset, kind, options, limits);
  if (!searched) return searched.error();
  options.fit.values = searched->trials.front().values;
  // With --json standard output holds one JSON value and nothing else.
  fmt::print(command.json ? stderr : stdout, "{}\n", to_text(*searched));
  return {};
}

void print_trained(const TrainCommand& command, const Trained& trained) {
  const ModelFile& file = trained.file;
  if (command.json) {
    fmt::print(R"({{"model":"{}","id":"{}","fit_seconds":{:.6f},"evaluation":{}}})"
               "\n",
               command.model, file.id, trained.fit_seconds, to_json(trained.evaluation));
    return;
  }
  fmt::print("{}", to_text(trained.evaluation));
  fmt::print("\n{} → {} ({}), fitted in {:.2f} s\n", file.id, command.out.string(),
             file.model->describe(), trained.fit_seconds);
  fmt::print("threshold {:.6f}: {:.4f} % false positives on {} benign rows set aside for it\n",
             file.threshold.value, 100 * file.threshold.false_positive_rate,
             file.threshold.benign_rows);
  for (const std::string& note : trained.notes) fmt::print("note: {}\n", note);
}

/// "tree,svm" or "all".
Result<std::vector<Contender>> find_contenders(std::string_view models) {
  std::vector<Contender> out;
  if (models == "all") {
    for (const ModelKind& kind : model_kinds()) {
      if (kind.record_kind == RecordKind::flow) out.push_back({&kind, {}});
    }
    return out;
  }
  while (true) {
    const std::string_view name = models.substr(0, models.find(','));
    const auto kind = find_model_kind(name, RecordKind::flow);
    if (!kind) return kind.error();
    out.push_back({*kind, {}});
    if (name.size() == models.size()) return out;
    models.remove_prefix(name.size() + 1);
  }
}

/// "svm.c=10" is for svm.
Status read_settings(const std::vector<std::string>& settings, std::vector<Contender>& contenders) {
  for (const std::string& setting : settings) {
    const std::size_t dot = setting.find('.');
    const std::size_t equals = setting.find('=');
    if (dot == std::string::npos || equals == std::string::npos || equals < dot + 2) {
      return Error{Errc::malformed, fmt::format("--set {}: must be model.name=value", setting)};
    }
    const std::string_view model = std::string_view{setting}.substr(0, dot);
    const auto named = std::find_if(contenders.begin(), contenders.end(),
                                    [&](const Contender& c) { return c.kind->name == model; });
    if (named == contenders.end()) {
      return Error{Errc::not_found,
                   fmt::format("--set {}: {} is not among the models compared", setting, model)};
    }
    named->values[setting.substr(dot + 1, equals - dot - 1)] = setting.substr(equals + 1);
  }
  return {};
}

/// Only the columns that need whole captures need more of them.
template <class Command>
bool takes_simulated(const Command& command, const Dataset& dataset) {
  if (!command.simulated || command.split != leave_one_out) return false;
  const std::string_view columns = command.columns.empty() ? dataset.columns() : command.columns;
  const std::vector<bool> whole = in_time_order(dataset);
  return columns == "windows" ||
         (columns.empty() && std::count(whole.begin(), whole.end(), true) >= 2);
}

template <class Command>
Result<Dataset> load_with_simulated(const Command& command) {
  Result<Dataset> dataset = Dataset::load(command.dataset);
  if (!dataset || !takes_simulated(command, *dataset)) return dataset;
  return with_simulated(*dataset);
}

/// What a source did lately can be asked where records stand in the order of time: there it is
/// asked unless other columns were named, and samples are passed over.
template <class Command>
void set_leave_out(const Command& command, const Dataset& dataset, TrainOptions& options) {
  if (command.split != leave_one_out) return;
  const std::vector<bool> whole = in_time_order(dataset);
  const bool any = std::count(whole.begin(), whole.end(), true) >= 2;
  if (command.columns.empty() && dataset.columns().empty() && any) options.columns = "windows";
  options.split.whole_only = options.columns == "windows";
  options.split.train_only = command.train_only;
  options.split.train_only.emplace_back(simulated_prefix);
  options.leave_out.drop_doubted = command.drop_doubted;
}

/// Said before hours of training, not after.
Status check_folder_of(const std::filesystem::path& path) {
  const auto folder = path.parent_path();
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return {};
  return Error{Errc::not_found,
               fmt::format("{}: there is no folder {}", path.string(), folder.string())};
}

}  // namespace

Status run_train(const TrainCommand& command, const Clock& clock, std::stop_token stop) {
  const auto kind = find_model_kind(command.model, RecordKind::flow);
  if (!kind) return kind.error();
  if (Status there = check_folder_of(command.out); !there) return there;
  const Result<Dataset> dataset = load_with_simulated(command);
  if (!dataset) return dataset.error();
  Progress progress{fmt::format("training {}", command.model), 0};
  TrainOptions options = train_options(command, *dataset, clock, stop, progress);
  set_leave_out(command, *dataset, options);
  options.alerts_per_day = command.alerts_per_day;
  options.devices = command.devices;
  if (Status read = read_settings(command.settings, options.fit); !read) return read;
  if (command.as_published) options.fit.values["as_published"] = "true";
  if (command.search) {
    Status searched = search_settings(command, *dataset, **kind, options);
    if (!searched) return searched;
    progress.restart(fmt::format("training {}", command.model));
  }
  Result<Trained> trained = train(*dataset, **kind, options);
  if (!trained) return trained.error();
  progress.finish();
  if (Status saved = save_model(command.out, trained->file); !saved) return saved;
  print_trained(command, *trained);
  return {};
}

Status run_compare(const CompareCommand& command, const Clock& clock, std::stop_token stop) {
  auto contenders = find_contenders(command.models);
  if (!contenders) return contenders.error();
  if (Status read = read_settings(command.settings, *contenders); !read) return read;
  if (Status there = check_folder_of(command.report); !there) return there;
  for (Contender& contender : *contenders) {
    if (command.as_published && contender.kind->name == "bayes") {
      contender.values["as_published"] = "true";
    }
  }
  const Result<Dataset> dataset = load_with_simulated(command);
  if (!dataset) return dataset.error();
  Progress progress{"comparing", 0};
  TrainOptions options = train_options(command, *dataset, clock, stop, progress);
  options.split.folds = command.folds;
  options.controls = command.controls;
  options.without = command.without;
  set_leave_out(command, *dataset, options);
  options.leave_out.adapt = command.adapt;
  options.leave_out.doubtful = command.doubtful;
  const Result<Comparison> comparison = compare(*dataset, *contenders, options);
  if (!comparison) return comparison.error();
  progress.finish();
  fmt::print("{}", command.json ? to_json(*comparison) + "\n" : to_text(*comparison));
  if (command.report == "-") return {};
  const std::filesystem::path report =
      command.report.empty()
          ? std::filesystem::path{command.dataset.stem().string() + ".comparison.html"}
          : command.report;
  const std::string title = fmt::format("Detectors on {}", command.dataset.filename().string());
  const std::string html = to_html(*comparison, title);
  if (Status done = write_whole(report, std::as_bytes(std::span{html})); !done) return done;
  fmt::print(stderr, "report: {}\n", report.string());
  return {};
}

}  // namespace vedette
