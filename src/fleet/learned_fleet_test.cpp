// Devices of a learned profile within a fleet.
#include <gtest/gtest.h>

#include <set>

#include "fleet/fleet.hpp"

namespace vedette {
namespace {

using std::chrono::seconds;

LearnedProfile learned_from_cameras(std::uint64_t seed) {
  FleetPlan plan;
  plan.seed = seed;
  plan.start = Time{seconds{1'767'600'000}};
  plan.episode_every = Duration{0};
  plan.readings = false;
  plan.groups = {{.profile = "camera", .count = 2, .name = ""}};
  FleetSimulator fleet(plan);
  ProfileLearner learner;
  Simulated said;
  for (int i = 0; i < 4000; ++i) {
    fleet.next(said);
    learner.add(said.record, said.truth);
  }
  return learner.finish().value();
}

FleetPlan plan_with(const LearnedProfile& learned) {
  FleetPlan plan;
  plan.start = Time{seconds{1'767'600'000}};
  plan.episode_every = Duration{0};
  Profile profile;
  profile.name = "hue";
  profile.learned_from = "hue.vdp";
  profile.learned = learned;
  profile.sensors = {{.name = "brightness", .base = 50, .noise = 2, .step = 1}};
  plan.profiles = {profile};
  plan.groups = {{.profile = "hue", .count = 3, .name = ""}};
  return plan;
}

TEST(LearnedFleet, ItsDevicesSpeakAsOftenAsTheyLearnedAndMeasureBeside) {
  const LearnedProfile learned = learned_from_cameras(5);
  for (const double pace : {1.0, 4.0}) {
    FleetPlan plan = plan_with(learned);
    plan.groups[0].pace = pace;
    ASSERT_TRUE(check(plan).ok()) << check(plan).error().message;
    FleetSimulator fleet(plan);
    Simulated said;
    std::set<std::string> devices;
    double flows = 0;
    double readings = 0;
    const Duration length = std::chrono::hours{3};
    for (fleet.next(said); said.record.time < plan.start + length; fleet.next(said)) {
      ASSERT_EQ(said.truth.label, "Benign");
      devices.insert(said.record.device);
      (said.record.kind == RecordKind::flow ? flows : readings) += 1;
    }
    EXPECT_EQ(devices, (std::set<std::string>{"hue-01", "hue-02", "hue-03"}));
    EXPECT_GT(readings, 1000);
    const double expected = 3 * pace * static_cast<double>(length.count()) /
                            static_cast<double>(learned.summary().mean_gap.count());
    EXPECT_NEAR(flows / expected, 1, 0.2) << pace;
  }
}

TEST(LearnedFleet, TheSamePlanGivesTheSameFlows) {
  const FleetPlan plan = plan_with(learned_from_cameras(5));
  FleetSimulator one(plan);
  FleetSimulator two(plan);
  Simulated first;
  Simulated second;
  for (int i = 0; i < 5000; ++i) {
    one.next(first);
    two.next(second);
    ASSERT_EQ(first.record.key, second.record.key) << i;
  }
}

TEST(LearnedFleet, AProfileThatWasNotLoadedIsRefused) {
  FleetPlan plan = plan_with(learned_from_cameras(5));
  plan.profiles[0].learned.reset();
  const Status status = check(plan);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("hue.vdp"), std::string::npos) << status.error().message;
}

}  // namespace
}  // namespace vedette
