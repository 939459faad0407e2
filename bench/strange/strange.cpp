/// Fits and scores iforest beside scikit-learn's IsolationForest on the same rows, in the same run,
/// then the other models of benign rows and guard. The answers are compared before the times: ROC
/// areas apart by more than 0.01 end the bench.
/// Usage: bench_strange [rows] [trees] [sample]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <numeric>

#include "bench/fit/rows.hpp"

namespace {

using namespace vedette;
using namespace vedette::bench;

struct Outcome {
  double fit_seconds = 0, area = 0, score_ns = 0;
};

/// Of the processor: all of it is one thread's work, and a busy machine does not lengthen it.
double seconds_of(const auto& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

bool run_peer(const std::filesystem::path& folder, const std::string& options, Outcome& o) {
  const std::string command = fmt::format("/usr/bin/python3 '{}/bench/strange/peer.py' '{}' {} {}",
                                          VEDETTE_SOURCE_DIR, folder.string(), width, options);
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return false;
  const int read = std::fscanf(pipe, "%lf %lf %lf", &o.fit_seconds, &o.area, &o.score_ns);
  return pclose(pipe) == 0 && read == 3;
}

/// The share of (other, first class) pairs in the right order by P(benign), a tie counting half.
double roc_area(const std::vector<float>& benign, const std::vector<std::uint16_t>& labels) {
  std::vector<std::uint32_t> order(labels.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return benign[a] < benign[b]; });
  double others = 0, first = 0, pairs = 0;
  for (std::size_t i = 0; i < order.size();) {
    double step_others = 0, step_first = 0;
    for (const float here = benign[order[i]]; i < order.size() && benign[order[i]] == here; ++i) {
      (labels[order[i]] != 0 ? step_others : step_first) += 1;
    }
    pairs += step_first * (others + step_others / 2);
    others += step_others;
    first += step_first;
  }
  return pairs / (others * first);
}

Outcome run_ours(const ModelKind& kind, const FitOptions& options, const Table& train,
                 const Table& test) {
  Outcome outcome;
  std::unique_ptr<Model> model;
  outcome.fit_seconds = seconds_of([&] {
    auto fitted = kind.fit(training_set(train), options);
    if (!fitted) {
      fmt::print(stderr, "{}\n", fitted.error().message);
      std::exit(1);
    }
    model = std::move(*fitted);
  });
  const std::size_t rows = test.labels.size();
  std::vector<float> out(rows * model->class_count()), benign(rows);
  outcome.score_ns = std::numeric_limits<double>::max();
  for (int round = 0; round < 3; ++round) {
    const double seconds = seconds_of([&] { model->score(test.rows(), out); });
    outcome.score_ns = std::min(outcome.score_ns, seconds * 1e9 / static_cast<double>(rows));
  }
  for (std::size_t i = 0; i < rows; ++i) benign[i] = out[i * model->class_count()];
  outcome.area = roc_area(benign, test.labels);
  fmt::print("{:12} fit {:7.3f} s   score {:7.0f} ns/row   ROC area {:.4f}   {}\n", kind.name,
             outcome.fit_seconds, outcome.score_ns, outcome.area, model->describe());
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, const char* fallback) {
    return std::string(argc > i ? argv[i] : fallback);
  };
  const std::string trees = argument(2, "100");
  const std::string sample = argument(3, "256");
  const Table train = make_rows(std::strtoul(argument(1, "100000").c_str(), nullptr, 10), 1);
  const Table test = make_rows(20'000, 2);
  const auto folder = std::filesystem::temp_directory_path() /
                      fmt::format("vedette-bench-{}", static_cast<int>(getpid()));
  std::filesystem::create_directories(folder);
  write_raw(folder / "train.f32", train.values);
  write_raw(folder / "train.u16", train.labels);
  write_raw(folder / "test.f32", test.values);
  write_raw(folder / "test.u16", test.labels);
  Outcome peer;
  const bool answered = run_peer(folder, fmt::format("{} {}", trees, sample), peer);
  std::filesystem::remove_all(folder);
  if (!answered) {
    fmt::print(stderr, "bench: /usr/bin/python3 with sklearn did not answer\n");
    return 3;
  }
  FitOptions options;
  options.values = {{"trees", trees}, {"sample", sample}};
  const Outcome ours = run_ours(iforest_kind, options, train, test);
  run_ours(hst_kind, {}, train, test);
  run_ours(autoencoder_kind, {}, train, test);
  const Outcome boost = run_ours(boost_kind, {}, train, test);
  const Outcome guard = run_ours(guard_kind, {}, train, test);
  fmt::print("iforest: ROC area {:.4f} / scikit-learn {:.4f}\n", ours.area, peer.area);
  fmt::print("  fit      {:.3f} s / {:.3f} s = {:.1f}x\n", ours.fit_seconds, peer.fit_seconds,
             peer.fit_seconds / ours.fit_seconds);
  fmt::print("  score    {:.0f} ns/row / {:.0f} ns/row = {:.1f}x\n", ours.score_ns, peer.score_ns,
             peer.score_ns / ours.score_ns);
  fmt::print("guard: {:.2f} of the sum of boost and iforest\n",
             guard.score_ns / (boost.score_ns + ours.score_ns));
  if (std::abs(ours.area - peer.area) <= 0.01) return 0;
  fmt::print(stderr, "bench: the ROC areas differ by more than 0.01\n");
  return 1;
}
