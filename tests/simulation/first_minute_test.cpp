// A device never seen: fewer false alarms while it is learned, and a scan in its first minute is
// found nevertheless.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "fleet/fleet.hpp"
#include "pipeline/judging.hpp"
#include "train/train.hpp"

namespace vedette::test {
namespace {

using namespace std::chrono_literals;

FleetPlan plan_of(std::uint64_t seed) {
  FleetPlan plan;
  plan.seed = seed;
  plan.start = time_from_micros(1'767'571'200'000'000) + std::chrono::hours{7 * seed};
  plan.pace = 4;
  plan.readings = false;
  plan.episode_every = Duration{0};
  return plan;
}

/// A forest on a few minutes of ten fleets, at a threshold that lets one in a hundred pass.
std::shared_ptr<const Detector> trained_detector() {
  DatasetWriter writer;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    FleetPlan plan = plan_of(seed);
    plan.episode_every = 60s;
    plan.kinds = {"horizontal_scan", "udp_flood", "beacon"};
    FleetSimulator fleet{plan};
    Simulated said;
    for (int flows = 0; flows < 4'000;) {
      fleet.next(said);
      if (!said.topic.empty() || said.record.kind != RecordKind::flow) continue;
      writer.add(fmt::format("fleet-{}", seed), said.record, said.truth);
      ++flows;
    }
  }
  const auto bytes = writer.encode();
  const auto dataset = Dataset::decode(*bytes);
  TrainOptions options;
  options.columns = "windows";
  options.split.by = "capture";
  options.false_positive_rate = 1e-2;
  options.fit.values["trees"] = "20";
  auto done = train(*dataset, forest_kind, options);
  EXPECT_TRUE(done) << done.error().message;
  auto made = Detector::make(std::move(done->file));
  return made ? *made : nullptr;
}

struct Tally {
  std::uint64_t records = 0, narrow = 0, wide = 0;
};

TEST(FirstMinute, TheWiderBandSparesNewDevicesAndNoScanner) {
  const auto detector = trained_detector();
  ASSERT_NE(detector, nullptr);
  DetectorSet detectors;
  detectors.active[0] = detector;
  const float threshold = detector->file().threshold.value;
  Tally benign, scans;
  for (std::uint64_t seed = 101; seed <= 112; ++seed) {
    FleetPlan plan = plan_of(seed);
    plan.episodes.push_back(
        {.kind = "horizontal_scan", .device = "camera-01", .at = 10s, .length = 50s});
    FleetSimulator fleet{plan};
    Judging judging;
    Batch batch(1);
    Simulated said;
    for (fleet.next(said); said.record.time < plan.start + 60s; fleet.next(said)) {
      if (!said.topic.empty() || said.record.kind != RecordKind::flow) continue;
      const bool scan = said.truth.label != benign_label;
      if (!scan && said.record.device == "camera-01") continue;
      batch.reset();
      Judged& judged = batch.add();
      judged.record = said.record;
      judging.judge(batch, detectors);
      const Verdict& verdict = judged.verdict;
      EXPECT_EQ(verdict.certainty, Certainty::learning);
      EXPECT_LT(verdict.confidence, 1);
      EXPECT_GE(verdict.threshold, threshold);
      Tally& tally = scan ? scans : benign;
      ++tally.records;
      tally.narrow += verdict.score >= threshold ? 1 : 0;
      tally.wide += verdict.anomalous ? 1 : 0;
    }
  }
  RecordProperty("benign", fmt::format("{} {} {}", benign.records, benign.narrow, benign.wide));
  RecordProperty("scans", fmt::format("{} {} {}", scans.records, scans.narrow, scans.wide));
  ASSERT_GT(benign.records, 2'000U);
  ASSERT_GT(scans.records, 2'000U);
  EXPECT_GT(benign.narrow, 10U) << "or there is nothing to spare";
  EXPECT_LE(2 * benign.wide, benign.narrow) << benign.wide << " of " << benign.narrow;
  EXPECT_GE(static_cast<double>(scans.wide), 0.99 * static_cast<double>(scans.narrow));
  EXPECT_GE(static_cast<double>(scans.wide), 0.95 * static_cast<double>(scans.records));
}

}  // namespace
}  // namespace vedette::test
