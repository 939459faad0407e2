/// The svm beside scikit-learn's SVC and LIBSVM. See README.md.
/// Usage: bench_svm [rows] [threads] [scaling: ours|standard] [probability: no|yes] [name=value …]
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

#include "bench/svm/oracle.hpp"
#include "bench/svm/rows.hpp"
#include "model/scaler.hpp"

namespace {

using namespace vedette;
using namespace vedette::bench;

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// What a clock says the work took, and what all threads together spent on a processor: on a
/// machine that others use, the second is the one to compare.
struct Spent {
  double wall = 0, processor = 0;
};

Spent time_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  const double before = processor_seconds();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          processor_seconds() - before};
}

struct Outcome {
  Spent fit, row;  ///< seconds, and seconds a row
  double macro_f1 = 0, log_loss = -1;
  int vectors = 0;
};

/// As scikit-learn: over the classes that occur in truth or prediction.
double macro_f1(std::span<const std::uint16_t> truth, std::span<const std::uint16_t> predicted,
                std::size_t classes) {
  double sum = 0;
  int count = 0;
  for (std::uint16_t k = 0; k < classes; ++k) {
    double hit = 0, all = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      hit += truth[i] == k && predicted[i] == k ? 1 : 0;
      all += (truth[i] == k ? 1 : 0) + (predicted[i] == k ? 1 : 0);
    }
    if (all == 0) continue;
    sum += 2 * hit / all;
    ++count;
  }
  return sum / count;
}

void write_raw(const std::filesystem::path& path, const auto& values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(values[0])));
}

std::vector<float> scaled(const Scaler& scaler, const Flows& flows) {
  std::vector<float> out(flows.values.size());
  for (std::size_t i = 0; i < flows.labels.size(); ++i) {
    scaler.apply(flows.rows()[i].data(), out.data() + i * flows.width);
  }
  return out;
}

bool run_peer(const Workload& work, std::string_view scaling, std::string_view probability,
              Outcome& out) {
  const auto folder = std::filesystem::temp_directory_path() /
                      fmt::format("vedette-bench-svm-{}", static_cast<int>(getpid()));
  std::filesystem::create_directories(folder);
  const Scaler scaler = Scaler::fit(training_set(work, work.train));
  for (const auto& [name, flows] : {std::pair{"train", &work.train}, {"test", &work.test}}) {
    write_raw(folder / fmt::format("{}.f32", name), flows->values);
    write_raw(folder / fmt::format("scaled_{}.f32", name), scaled(scaler, *flows));
    for (const char* prefix : {"", "scaled_"}) {
      write_raw(folder / fmt::format("{}{}.u16", prefix, name), flows->labels);
    }
  }
  const std::string command =
      fmt::format("/usr/bin/python3 '{}/bench/svm/peer.py' '{}' {} {} {}", VEDETTE_SOURCE_DIR,
                  folder.string(), work.train.width, scaling, probability);
  FILE* pipe = popen(command.c_str(), "r");
  bool ok = pipe != nullptr && std::fscanf(pipe, "%lf %lf %lf %lf %lf %lf %d", &out.fit.wall,
                                           &out.fit.processor, &out.row.wall, &out.row.processor,
                                           &out.macro_f1, &out.log_loss, &out.vectors) == 7;
  ok = pipe != nullptr && pclose(pipe) == 0 && ok;
  std::filesystem::remove_all(folder);
  return ok;
}

Outcome run_ours(const Workload& work, const FitOptions& options) {
  Outcome out;
  std::unique_ptr<Model> model;
  out.fit = time_of([&] {
    auto fitted = svm_kind.fit(training_set(work, work.train), options);
    if (!fitted) {
      fmt::print(stderr, "{}\n", fitted.error().message);
      std::exit(1);
    }
    model = std::move(*fitted);
  });
  fmt::print("svm: {}\n", model->describe());
  const Rows rows = work.test.rows();
  const std::size_t classes = model->class_count();
  std::vector<float> p(rows.count * classes);
  out.row = {std::numeric_limits<double>::max(), std::numeric_limits<double>::max()};
  for (int round = 0; round < 3; ++round) {
    const Spent spent = time_of([&] { model->score(rows, p); });
    out.row.wall = std::min(out.row.wall, spent.wall / static_cast<double>(rows.count));
    out.row.processor =
        std::min(out.row.processor, spent.processor / static_cast<double>(rows.count));
  }
  std::vector<std::uint16_t> predicted;
  double loss = 0;
  for (std::size_t i = 0; i < rows.count; ++i) {
    const auto row = std::span{p}.subspan(i * classes, classes);
    predicted.push_back(
        static_cast<std::uint16_t>(std::max_element(row.begin(), row.end()) - row.begin()));
    loss -= std::log(std::max(1e-15, static_cast<double>(row[work.test.labels[i]])));
  }
  out.log_loss = loss / static_cast<double>(rows.count);
  out.macro_f1 = macro_f1(work.test.labels, predicted, classes);
  return out;
}

void print_spent(const char* what, const Spent& spent, double scale, const char* unit) {
  fmt::print("  {:8} {:.3f} {} by the clock, {:.3f} of processor time\n", what, spent.wall * scale,
             unit, spent.processor * scale);
}

void print_ratio(const char* what, const Spent& ours, const Spent& peer, double scale,
                 const char* unit) {
  fmt::print(
      "  {:8} {:.3f} / {:.3f} {} = {:.1f}x by the clock, {:.3f} / {:.3f} = {:.1f}x of "
      "processor time\n",
      what, ours.wall * scale, peer.wall * scale, unit, peer.wall / ours.wall,
      ours.processor * scale, peer.processor * scale, peer.processor / ours.processor);
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, unsigned fallback) {
    return argc > i ? static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10)) : fallback;
  };
  const auto text = [&](int i, const char* fallback) { return argc > i ? argv[i] : fallback; };
  const Workload work = make_workload(number(1, 75'000), 1);
  FitOptions options;
  options.threads = number(2, 2);
  for (int i = 5; i < argc; ++i) {
    const std::string pair = argv[i];
    options.values[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
  }
  fmt::print("{}; {} x {} to train, {} to test, {} classes, {} threads\n", work.origin,
             work.train.labels.size(), work.train.width, work.test.labels.size(),
             work.classes.size(), options.threads);
  if (!ask_libsvm(work, 6000).equal) {
    fmt::print(stderr, "bench: LIBSVM finds another solution\n");
    return 1;
  }
  const Outcome ours = run_ours(work, options);
  fmt::print("  macro-F1 {:.4f}, log loss {:.4f}\n", ours.macro_f1, ours.log_loss);
  print_spent("fit", ours.fit, 1, "s");
  print_spent("score", ours.row, 1e6, "us/row");
  const std::string scaling = text(3, "ours");
  if (scaling == "none") return 0;
  Outcome peer;
  if (!run_peer(work, scaling, text(4, "no"), peer)) {
    fmt::print(stderr, "bench: /usr/bin/python3 with scikit-learn did not answer\n");
    return 3;
  }
  fmt::print("scikit-learn SVC, {} scaling: {} support vectors, log loss {:.4f}\n", scaling,
             peer.vectors, peer.log_loss);
  fmt::print("  macro-F1 {:.4f} / {:.4f}\n", ours.macro_f1, peer.macro_f1);
  print_ratio("fit", ours.fit, peer.fit, 1, "s");
  print_ratio("predict", ours.row, peer.row, 1e6, "us/row");
  // One row in 13,429 with tied votes moved macro-F1 by 0.0017.
  const bool equal = ours.macro_f1 >= peer.macro_f1 - 0.005;
  if (!equal) fmt::print(stderr, "bench: macro-F1 is below the peer's by more than 0.005\n");
  return equal ? 0 : 1;
}
