// The cost of an explanation. bench_explain FLOWS [MODEL…]
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "fleet/fleet.hpp"
#include "pipeline/explain.hpp"
#include "train/train.hpp"

namespace vedette::bench {
namespace {

/// Processor time of this thread: others on the machine do not lengthen it.
double micros_now() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

template <class Take>
void simulate(std::uint64_t seed, std::size_t flows, const Take& take) {
  FleetPlan plan;
  plan.seed = seed;
  plan.start = time_from_micros(1'767'571'200'000'000);
  plan.devices = 40;
  plan.readings = false;
  plan.kinds = {"horizontal_scan", "beacon", "udp_flood", "syn_flood"};
  plan.episode_every = std::chrono::seconds{60};
  plan.episode_length = std::chrono::seconds{30};
  FleetSimulator fleet(std::move(plan));
  Simulated said;
  for (std::size_t i = 0; i < flows;) {
    fleet.next(said);
    if (said.record.kind != RecordKind::flow || !said.topic.empty()) continue;
    take(said.record, said.truth);
    ++i;
  }
}

struct Times {
  std::vector<double> micros;
  template <class Act>
  void take(const Act& act) {
    const double from = micros_now();
    act();
    micros.push_back(micros_now() - from);
  }
  std::string text() {
    if (micros.empty()) return "none";
    std::sort(micros.begin(), micros.end());
    return fmt::format("{:.1f} / {:.1f} / {:.1f}", micros[micros.size() / 2],
                       micros[micros.size() * 99 / 100], micros.back());
  }
};

constexpr std::array kinds{&forest_kind,  &boost_kind, &guard_kind,      &tree_kind,
                           &bayes_kind,   &svm_kind,   &mlp_kind,        &cnn_kind,
                           &iforest_kind, &hst_kind,   &autoencoder_kind};

/// False: a change was claimed that does not hold.
bool measure(const Dataset& dataset, const ModelKind& kind, std::size_t flows) {
  TrainOptions options;
  options.columns = "windows";
  options.created = "2026-01-01T00:00:00Z";
  auto trained = train(dataset, kind, options);
  if (!trained) {
    fmt::print("{}: {}\n", kind.name, trained.error().message);
    return false;
  }
  const auto made = Detector::make(std::move(trained->file));
  if (!made) return false;
  const Detector& detector = **made;
  DeviceWindows windows;
  std::vector<float> row(detector.features().schema().width());
  std::vector<float> answer(detector.model().class_count());
  Explainer line;
  Times scored, brief, full;
  std::size_t anomalies = 0, changed = 0;
  std::vector<Record> normal;
  std::vector<float> normal_rows;
  bool sound = true;
  simulate(2, flows, [&](const Record& record, const Truth&) {
    const RowNotes notes = detector.features().apply(record, windows, row);
    const auto look = [&](Explainer& explainer, Verdict& verdict) {
      const Score score = to_score(answer);
      judge(detector, score, notes, verdict);
      explainer.look(detector, record, notes, score, row, verdict);
    };
    scored.take([&] { detector.model().score({row.data(), 1, row.size()}, answer); });
    Verdict verdict;
    look(line, verdict);
    if (!verdict.anomalous) {
      normal.push_back(record);
      normal_rows.insert(normal_rows.end(), row.begin(), row.end());
      return;
    }
    if (++anomalies > 2000) return;
    Explainer fresh;
    Verdict first, second;
    look(fresh, first);  // makes its tables
    Record other = record;
    other.time += std::chrono::minutes{2};
    const Score score = to_score(answer);
    judge(detector, score, notes, second);
    full.take([&] { fresh.look(detector, other, notes, score, row, second); });
    changed += second.why.changes.empty() ? 0 : 1;
    sound = sound && !second.why.sentence.empty() && !second.why.similar.empty() &&
            (second.why.changes.empty() || second.why.changed_score < second.threshold);
    brief.take([&] { fresh.look(detector, other, notes, score, row, second); });
  });
  Explainer calm;
  constexpr int passes = 5;
  const double from = micros_now();
  for (int pass = 0; pass < passes; ++pass) {
    for (std::size_t i = 0; i < normal.size(); ++i) {
      Verdict verdict;
      calm.look(detector, normal[i], {}, {},
                std::span{normal_rows}.subspan(i * row.size(), row.size()), verdict);
    }
  }
  const double learning = 1000 * (micros_now() - from) / passes /
                          static_cast<double>(std::max<std::size_t>(1, normal.size()));
  fmt::print(
      "{:<12} {:>6} anomalous, {:>4} explained in full, change found for {:>4}; microseconds "
      "median / 99 % / longest: score {}, brief {}, full {}; a normal record costs {:.0f} ns\n",
      kind.name, anomalies, full.micros.size(), changed, scored.text(), brief.text(), full.text(),
      learning);
  return sound;
}

int run(std::size_t flows, std::span<char*> names) {
  DatasetWriter writer;
  simulate(1, flows, [&](const Record& record, const Truth& truth) {
    writer.add("simulated", record, truth);
  });
  const auto bytes = writer.encode();
  if (!bytes) return 1;
  const auto dataset = Dataset::decode(*bytes);
  if (!dataset) return 1;
  bool sound = true;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const bool named = std::any_of(names.begin(), names.end(),
                                   [&](const char* name) { return kinds[k]->name == name; });
    if (names.empty() ? k < 3 : named) sound = measure(*dataset, *kinds[k], flows) && sound;
  }
  return sound ? 0 : 1;
}

}  // namespace
}  // namespace vedette::bench

int main(int argc, char** argv) {
  const std::size_t flows = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20'000;
  const auto given = static_cast<std::size_t>(argc);
  return vedette::bench::run(flows, std::span{argv, given}.subspan(std::min(given, {2})));
}
