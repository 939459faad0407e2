#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "app/commands.hpp"
#include "app/tables.hpp"
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

Status run_train(const TrainCommand& options, const Clock& clock, std::stop_token stop) {
  const auto kind = find_model_kind(options.model, RecordKind::flow);
  if (!kind) return kind.error();
  const Result<Dataset> dataset = Dataset::load(options.dataset);
  if (!dataset) return dataset.error();
  Progress progress{fmt::format("training {}", options.model), 0};
  TrainOptions train_options;
  train_options.columns = options.columns;
  train_options.binary = options.binary;
  train_options.split = {options.split, options.train_share, options.seed};
  train_options.false_positive_rate = options.false_positive_rate;
  train_options.created = to_rfc3339(clock.now());
  train_options.fit.seed = options.seed;
  train_options.fit.threads = std::max(1U, std::thread::hardware_concurrency());
  train_options.fit.stop = stop;
  train_options.fit.progress = &progress;
  if (Status read = read_settings(options.settings, train_options.fit); !read) return read;
  Result<Trained> trained = train(*dataset, **kind, train_options);
  if (!trained) return trained.error();
  progress.finish();
  if (Status saved = save_model(options.out, trained->file); !saved) return saved;

  const ModelFile& file = trained->file;
  if (options.json) {
    fmt::print(R"({{"model":"{}","id":"{}","fit_seconds":{:.6f},"evaluation":{}}})"
               "\n",
               options.model, file.id, trained->fit_seconds, to_json(trained->evaluation));
    return {};
  }
  fmt::print("{}", to_text(trained->evaluation));
  fmt::print("\n{} → {} ({}), fitted in {:.2f} s\n", file.id, options.out.string(),
             file.model->describe(), trained->fit_seconds);
  fmt::print("threshold {:.6f}: {:.4f} % false positives on {} benign rows set aside for it\n",
             file.threshold.value, 100 * file.threshold.false_positive_rate,
             file.threshold.benign_rows);
  for (const std::string& note : trained->notes) fmt::print("note: {}\n", note);
  return {};
}

}  // namespace vedette
