/// Learns and scores the default network of cnn_kind beside the same network in libtorch, on the
/// same scaled rows, in the same run. The answers are compared before the times: held-out losses
/// apart by more than 5 % end the bench with status 1; without libtorch it ends with 3.
/// Usage: bench_cnn [rows] [epochs] [threads]
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>

#include "bench/fit/rows.hpp"
#include "model/scaler.hpp"

namespace {

using namespace vedette;
using namespace vedette::bench;

struct Outcome {
  double epoch_seconds = 0, loss = 0, accuracy = 0, single_us = 0, batch_ns = 0;
};

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void write_table(const std::filesystem::path& folder, const char* name, const Table& table,
                 const Scaler& scaler) {
  std::vector<float> scaled(table.values.size());
  for (std::size_t i = 0; i < table.labels.size(); ++i) {
    scaler.apply(table.values.data() + i * width, scaled.data() + i * width);
  }
  write_raw(folder / fmt::format("{}.f32", name), scaled);
  write_raw(folder / fmt::format("{}.u16", name), table.labels);
}

std::optional<Outcome> run_peer(const std::filesystem::path& folder, unsigned epochs) {
  const auto program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench_cnn_peer";
  if (!std::filesystem::exists(program)) return std::nullopt;
  const std::string command =
      fmt::format("OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 '{}' '{}' {} {} {}", program.string(),
                  folder.string(), width, class_count, epochs);
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  Outcome o;
  const bool whole = std::fscanf(pipe, "%lf %lf %lf %lf %lf", &o.epoch_seconds, &o.loss,
                                 &o.accuracy, &o.single_us, &o.batch_ns) == 5;
  return pclose(pipe) == 0 && whole ? std::optional{o} : std::nullopt;
}

double held_out_loss(const Model& model, const Table& test) {
  std::vector<float> out(test.labels.size() * model.class_count());
  model.score(test.rows(), out);
  double loss = 0;
  for (std::size_t i = 0; i < test.labels.size(); ++i) {
    const float p = out[i * model.class_count() + test.labels[i]];
    loss -= std::log(std::max(static_cast<double>(p), 1e-38));
  }
  return loss / static_cast<double>(test.labels.size());
}

/// Everything a fit does counts: scaling the rows and the loss at the end, too.
Outcome run_ours(const Table& train, const Table& test, unsigned epochs, unsigned threads) {
  FitOptions options;
  options.threads = threads;
  options.values = {{"epochs", std::to_string(epochs)}, {"validation_share", "0"}};
  Outcome outcome;
  std::unique_ptr<Model> model;
  outcome.epoch_seconds = seconds_of([&] {
                            auto fitted = cnn_kind.fit(training_set(train), options);
                            if (!fitted) {
                              fmt::print(stderr, "{}\n", fitted.error().message);
                              std::exit(1);
                            }
                            model = std::move(*fitted);
                          }) /
                          epochs;
  outcome.loss = held_out_loss(*model, test);
  outcome.accuracy = accuracy(*model, test);
  outcome.single_us = outcome.batch_ns = std::numeric_limits<double>::max();
  std::vector<float> out(10'240 * model->class_count());
  for (int round = 0; round < 5; ++round) {
    const double single = seconds_of([&] {
      for (std::size_t i = 0; i < 10'000; ++i) model->score({test.rows()[i].data(), 1, width}, out);
    });
    outcome.single_us = std::min(outcome.single_us, single * 1e6 / 10'000);
    const double batch = seconds_of([&] {
      for (std::size_t i = 0; i < 10; ++i) {
        model->score({test.rows()[i * 1024].data(), 1024, width}, out);
      }
    });
    outcome.batch_ns = std::min(outcome.batch_ns, batch * 1e9 / 10'240);
  }
  fmt::print("cnn, {} threads: {}\n", threads, model->describe());
  return outcome;
}

void print(const char* what, double ours, double theirs) {
  fmt::print("  {} {:.3f} / {:.3f} = {:.2f}x\n", what, ours, theirs, theirs / ours);
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, unsigned fallback) {
    return argc > i ? static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10)) : fallback;
  };
  const unsigned count = argument(1, 200'000);
  const unsigned epochs = argument(2, 3);
  const unsigned most = argument(3, 2);
  const Table train = make_rows(count, 1);
  const Table test = make_rows(50'000, 2);
  const auto folder = std::filesystem::temp_directory_path() /
                      fmt::format("vedette-bench-{}", static_cast<int>(getpid()));
  std::filesystem::create_directories(folder);
  const Scaler scaler = Scaler::fit(training_set(train));
  write_table(folder, "train", train, scaler);
  write_table(folder, "test", test, scaler);
  fmt::print("{} x {} rows, {} classes, batch 256, {} epochs; ours / libtorch\n", count, width,
             class_count, epochs);
  const auto peer = run_peer(folder, epochs);
  std::filesystem::remove_all(folder);
  bool equal = true;
  for (unsigned threads = 1; threads <= most; ++threads) {
    const Outcome ours = run_ours(train, test, epochs, threads);
    if (!peer) {
      fmt::print("  epoch {:.3f} s, loss {:.4f}, single row {:.2f} us, batch {:.0f} ns/row\n",
                 ours.epoch_seconds, ours.loss, ours.single_us, ours.batch_ns);
      continue;
    }
    equal = equal && std::abs(ours.loss / peer->loss - 1) <= 0.05;
    print("held-out loss   ", ours.loss, peer->loss);
    print("accuracy        ", ours.accuracy, peer->accuracy);
    print("epoch, s        ", ours.epoch_seconds, peer->epoch_seconds);
    print("single row, us  ", ours.single_us, peer->single_us);
    print("batch, ns a row ", ours.batch_ns, peer->batch_ns);
  }
  if (!peer) {
    fmt::print(stderr, "bench: no peer; libtorch-dev is not installed or did not answer\n");
    return 3;
  }
  if (!equal) fmt::print(stderr, "bench: the held-out losses differ by more than 5 %\n");
  return equal ? 0 : 1;
}
