/// Fits and scores boost beside XGBoost's hist on the same rows, in the same run. The answers are
/// compared before the times: log losses apart by more than 1 % end the bench.
/// Usage: bench_boost [rows] [rounds] [depth_max] [learning_rate] [threads]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <thread>

#include "bench/fit/rows.hpp"

namespace {

using namespace vedette;
using namespace vedette::bench;

struct Outcome {
  double fit_seconds = 0, loss = 0, accuracy = 0, score_ns = 0;
};

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool run_peer(const std::filesystem::path& folder, const std::string& options, Outcome& o) {
  const std::string command =
      fmt::format("/usr/bin/python3 '{}/bench/boost/peer.py' '{}' {} {} {}", VEDETTE_SOURCE_DIR,
                  folder.string(), width, class_count, options);
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return false;
  const int read =
      std::fscanf(pipe, "%lf %lf %lf %lf", &o.fit_seconds, &o.loss, &o.accuracy, &o.score_ns);
  return pclose(pipe) == 0 && read == 4;
}

double log_loss(const std::vector<float>& out, const Table& test) {
  double sum = 0;
  for (std::size_t i = 0; i < test.labels.size(); ++i) {
    const auto p = static_cast<double>(out[i * class_count + test.labels[i]]);
    sum -= std::log(std::max(p, 1e-15));
  }
  return sum / static_cast<double>(test.labels.size());
}

/// As a service scores: the rows in as many shares as there are threads.
void score_shared(const Model& model, const Table& test, unsigned threads,
                  std::vector<float>& out) {
  std::vector<std::jthread> crew;
  const std::size_t rows = test.labels.size();
  for (unsigned t = 0; t < threads; ++t) {
    crew.emplace_back([&, from = rows * t / threads, to = rows * (t + 1) / threads] {
      model.score({test.values.data() + from * width, to - from, width},
                  std::span{out}.subspan(from * class_count, (to - from) * class_count));
    });
  }
}

Outcome run_ours(const FitOptions& options, const Table& train, const Table& test) {
  Outcome outcome;
  std::unique_ptr<Model> model;
  outcome.score_ns = std::numeric_limits<double>::max();
  outcome.fit_seconds = seconds_of([&] {
    auto fitted = boost_kind.fit(training_set(train), options);
    if (!fitted) {
      fmt::print(stderr, "{}\n", fitted.error().message);
      std::exit(1);
    }
    model = std::move(*fitted);
  });
  std::vector<float> out(test.labels.size() * class_count);
  for (int round = 0; round < 2; ++round) {
    const double seconds = seconds_of([&] { score_shared(*model, test, options.threads, out); });
    outcome.score_ns =
        std::min(outcome.score_ns, seconds * 1e9 / static_cast<double>(test.labels.size()));
  }
  outcome.accuracy = accuracy(*model, test);
  outcome.loss = log_loss(out, test);
  fmt::print("boost: {}\n", model->describe());
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, const char* fallback) {
    return std::string(argc > i ? argv[i] : fallback);
  };
  const std::string rounds = argument(2, "100");
  const std::string depth = argument(3, "6");
  const std::string rate = argument(4, "0.1");
  const std::string threads = argument(5, "2");
  const Table train = make_rows(std::strtoul(argument(1, "200000").c_str(), nullptr, 10), 1);
  const Table test = make_rows(200'000, 2);
  const auto folder = std::filesystem::temp_directory_path() /
                      fmt::format("vedette-bench-{}", static_cast<int>(getpid()));
  std::filesystem::create_directories(folder);
  write_raw(folder / "train.f32", train.values);
  write_raw(folder / "train.u16", train.labels);
  write_raw(folder / "test.f32", test.values);
  write_raw(folder / "test.u16", test.labels);
  Outcome peer;
  const bool answered =
      run_peer(folder, fmt::format("{} {} {} {}", rounds, depth, threads, rate), peer);
  std::filesystem::remove_all(folder);
  if (!answered) {
    fmt::print(stderr, "bench: /usr/bin/python3 with xgboost did not answer\n");
    return 3;
  }
  FitOptions options;
  options.values = {
      {"rounds", rounds}, {"depth_max", depth}, {"learning_rate", rate}, {"patience", "0"}};
  options.threads = static_cast<unsigned>(std::strtoul(threads.c_str(), nullptr, 10));
  fmt::print("{} x {} rows, {} rounds, depth {}, learning rate {}, {} threads\n",
             train.labels.size(), width, rounds, depth, rate, threads);
  const Outcome ours = run_ours(options, train, test);
  fmt::print("  log loss {:.5f} / XGBoost {:.5f}, accuracy {:.4f} / {:.4f}\n", ours.loss, peer.loss,
             ours.accuracy, peer.accuracy);
  fmt::print("  fit      {:.3f} s / {:.3f} s = {:.1f}x\n", ours.fit_seconds, peer.fit_seconds,
             peer.fit_seconds / ours.fit_seconds);
  fmt::print("  score    {:.1f} ns/row / {:.1f} ns/row = {:.1f}x\n", ours.score_ns, peer.score_ns,
             peer.score_ns / ours.score_ns);
  if (std::abs(ours.loss - peer.loss) <= 0.01 * peer.loss) return 0;
  fmt::print(stderr, "bench: the log losses differ by more than 1 %\n");
  return 1;
}
