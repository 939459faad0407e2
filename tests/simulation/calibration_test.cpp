// Stated rates and budgets against benign traffic of a simulated fleet that came later.
#include <gtest/gtest.h>

#include "fleet/fleet.hpp"
#include "train/alert_count.hpp"
#include "train/calibrate.hpp"
#include "train/prepared.hpp"

namespace vedette {
namespace {

using std::chrono::hours;

constexpr std::uint64_t fleet_seed = 31;

Dataset benign_traffic(std::uint64_t devices, Duration duration) {
  FleetPlan plan;
  plan.seed = fleet_seed;
  plan.start = time_from_micros(1'767'600'000'000'000);
  plan.devices = devices;
  plan.pace = 0.05;
  plan.readings = false;
  plan.episode_every = Duration{0};
  DatasetWriter writer;
  FleetSimulator fleet{plan};
  Simulated out;
  const Time end = plan.start + duration;
  for (fleet.next(out); out.record.time < end; fleet.next(out)) {
    if (out.record.kind == RecordKind::flow) writer.add("fleet", out.record, out.truth);
  }
  return std::move(Dataset::decode(*writer.encode())).value();
}

/// One third learned from, one calibrated on, one watched, in the order of time.
struct Watched {
  Calibration calibration;
  std::vector<Scored> later;
  std::vector<std::string> names;
};

Watched watch(const Dataset& dataset, std::string by) {
  TrainOptions options;
  options.columns = "windows";
  options.split.by = std::move(by);
  options.split.train_share = 1.0 / 3;
  options.fit.values["trees"] = "40";
  auto prepared = prepare_rows(dataset, *make_split(dataset, options.split), options, true);
  EXPECT_TRUE(prepared) << prepared.error().message;
  const auto model = iforest_kind.fit(prepared->training_set(), options.fit);
  EXPECT_TRUE(model) << model.error().message;
  const Answers answers = answer(**model, iforest_kind, prepared->classes, prepared->test_rows());
  const Halves halves = halve(dataset, *prepared, options.split);
  Watched out{calibrate_on(dataset, *prepared, answers, halves.calibration, options.split), {}, {}};
  for (const std::uint32_t i : halves.evaluation) {
    out.later.push_back({prepared->split.test[i], answers.scores[i], answers.attacks[i]});
  }
  out.names = answers.names;
  return out;
}

TEST(CalibrationOnTraffic, ABudgetHoldsOnWhatComesLater) {
  const Dataset dataset = benign_traffic(24, hours{24});
  const Watched watched = watch(dataset, "time");
  const AlertCounter later{dataset, watched.later, watched.names};
  std::uint64_t counted = 0;
  for (const double budget : {1.0, 3.0, 10.0, 30.0}) {
    const auto budgeted = watched.calibration.threshold_for_budget(budget, 24);
    ASSERT_TRUE(budgeted);
    EXPECT_LE(budgeted->expected.alerts_per_day, budget);
    // The same prediction as for a day, for as long as was watched.
    const auto expected = watched.calibration.expect(budgeted->value, later.device_days());
    const auto observed = static_cast<double>(later.count(budgeted->value).alerts);
    EXPECT_GE(observed, expected->alerts_in_a_day.low) << budget << " a day, seed " << fleet_seed;
    EXPECT_LE(observed, expected->alerts_in_a_day.high) << budget << " a day, seed " << fleet_seed;
    counted += later.count(budgeted->value).alerts;
  }
  EXPECT_GT(counted, 0U) << "a detector that is never wrong cannot tell";
}

// Records drawn from the same hours are exchangeable: what conformal calibration asks for.
TEST(CalibrationOnTraffic, StatedRatesComeTrueWithinTheBinomialBand) {
  const Dataset dataset = benign_traffic(24, hours{24});
  const Watched watched = watch(dataset, "random");
  for (const double rate : {1e-2, 1e-3}) {
    const Certified threshold = watched.calibration.threshold(rate);
    EXPECT_TRUE(threshold.kept);
    std::uint64_t alarms = 0;
    for (const Scored& one : watched.later) alarms += one.score >= threshold.value ? 1 : 0;
    const Interval band = binomial_band(rate, watched.later.size());
    const double observed = static_cast<double>(alarms) / static_cast<double>(watched.later.size());
    EXPECT_GE(observed, band.low) << rate << " seed " << fleet_seed;
    EXPECT_LE(observed, band.high) << rate << " seed " << fleet_seed;
  }
}

TEST(CalibrationOnTraffic, KindsOfDevicesWithEnoughRecordsHaveTheirOwn) {
  const Watched watched = watch(benign_traffic(24, hours{24}), "random");
  ASSERT_GE(watched.calibration.kinds().size(), 10U) << "twelve built-in profiles";
  std::size_t own = 0;
  for (const std::string_view kind : watched.calibration.kinds()) {
    const Certified threshold = watched.calibration.threshold(1e-2, kind);
    const bool enough =
        watched.calibration.records_of(kind) + 1 >= Calibration::kind_alarms_min * 100;
    EXPECT_EQ(threshold.device_kind, enough ? kind : "") << kind;
    own += enough ? 1 : 0;
  }
  EXPECT_GT(own, 0U);
}

}  // namespace
}  // namespace vedette
