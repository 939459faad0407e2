/// Fits and scores tree, bayes and forest beside scikit-learn on the same rows, in the same run.
/// The answers are compared before the times: accuracies apart by more than 0.002 (forest: 0.005,
/// chance is in it) end the bench.
/// Usage: bench_fit [rows] [depth_max] [leaf_rows_min] [threads] [trees of the forest, 0: none]
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <vector>

#include "bench/fit/rows.hpp"

namespace {

using namespace vedette;
using namespace vedette::bench;

struct Outcome {
  double fit_seconds = 0, accuracy = 0, score_ns = 0;
};

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::map<std::string, Outcome> run_peer(const std::filesystem::path& folder, unsigned depth,
                                        unsigned leaf, unsigned trees, unsigned threads) {
  const std::string command =
      fmt::format("/usr/bin/python3 '{}/bench/fit/peer.py' '{}' {} {} {} {} {}", VEDETTE_SOURCE_DIR,
                  folder.string(), width, depth, leaf, trees, threads);
  std::map<std::string, Outcome> outcomes;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return outcomes;
  char name[16];
  Outcome o;
  while (std::fscanf(pipe, "%15s %lf %lf %lf", name, &o.fit_seconds, &o.accuracy, &o.score_ns) ==
         4) {
    outcomes[name] = o;
  }
  if (pclose(pipe) != 0) outcomes.clear();
  return outcomes;
}

Outcome run_ours(const ModelKind& kind, const FitOptions& options, int fits, const Table& train,
                 const Table& test) {
  Outcome outcome;
  std::unique_ptr<Model> model;
  outcome.fit_seconds = std::numeric_limits<double>::max();
  for (int round = 0; round < fits; ++round) {
    outcome.fit_seconds = std::min(outcome.fit_seconds, seconds_of([&] {
                                     auto fitted = kind.fit(training_set(train), options);
                                     if (!fitted) {
                                       fmt::print(stderr, "{}\n", fitted.error().message);
                                       std::exit(1);
                                     }
                                     model = std::move(*fitted);
                                   }));
  }
  outcome.accuracy = accuracy(*model, test);
  std::vector<float> out(test.labels.size() * model->class_count());
  outcome.score_ns = std::numeric_limits<double>::max();
  for (int round = 0; round < 5; ++round) {
    const double seconds = seconds_of([&] { model->score(test.rows(), out); });
    outcome.score_ns =
        std::min(outcome.score_ns, seconds * 1e9 / static_cast<double>(test.labels.size()));
  }
  fmt::print("{}: {}\n", kind.name, model->describe());
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, unsigned fallback) {
    return argc > i ? static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10)) : fallback;
  };
  const unsigned count = argument(1, 200'000);
  const unsigned depth = argument(2, 16);
  const unsigned leaf = argument(3, 5);
  const unsigned threads = argument(4, 2);
  const unsigned trees = argument(5, 20);
  const Table train = make_rows(count, 1);
  const Table test = make_rows(200'000, 2);
  const auto folder = std::filesystem::temp_directory_path() /
                      fmt::format("vedette-bench-{}", static_cast<int>(getpid()));
  std::filesystem::create_directories(folder);
  write_raw(folder / "train.f32", train.values);
  write_raw(folder / "train.u16", train.labels);
  write_raw(folder / "test.f32", test.values);
  write_raw(folder / "test.u16", test.labels);
  const auto peers = run_peer(folder, depth, leaf, trees, threads);
  std::filesystem::remove_all(folder);
  if (peers.size() != (trees > 0 ? 3 : 2)) {
    fmt::print(stderr, "bench: /usr/bin/python3 with scikit-learn did not answer\n");
    return 3;
  }
  struct Line {
    const ModelKind* kind;
    std::map<std::string, std::string, std::less<>> values;
    int fits;
    double apart_max;
  };
  const std::string leaf_text = std::to_string(leaf);
  std::vector<Line> lines{
      {&tree_kind, {{"depth_max", std::to_string(depth)}, {"leaf_rows_min", leaf_text}}, 3, 0.002},
      {&bayes_kind, {{"as_published", "true"}}, 3, 0.002}};
  if (trees > 0) {
    lines.push_back(
        {&forest_kind,
         {{"trees", std::to_string(trees)}, {"leaf_rows_min", leaf_text}, {"depth_max", "64"}},
         1,
         0.005});
  }
  bool equal = true;
  fmt::print("{} x {} rows, depth {}, leaf {}, {} threads\n", count, width, depth, leaf, threads);
  for (const Line& line : lines) {
    FitOptions options;
    options.values = line.values;
    options.threads = threads;
    const Outcome ours = run_ours(*line.kind, options, line.fits, train, test);
    const Outcome& peer = peers.at(std::string(line.kind->name));
    equal = equal && std::abs(ours.accuracy - peer.accuracy) <= line.apart_max;
    fmt::print("  accuracy {:.4f} / scikit-learn {:.4f}\n", ours.accuracy, peer.accuracy);
    fmt::print("  fit      {:.3f} s / {:.3f} s = {:.1f}x\n", ours.fit_seconds, peer.fit_seconds,
               peer.fit_seconds / ours.fit_seconds);
    fmt::print("  score    {:.1f} ns/row / {:.1f} ns/row = {:.1f}x\n", ours.score_ns, peer.score_ns,
               peer.score_ns / ours.score_ns);
  }
  if (!equal) fmt::print(stderr, "bench: the accuracies differ by more than they may\n");
  return equal ? 0 : 1;
}
