#include "fleet/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "fleet/fleet.hpp"
#include "fleet/rhythm.hpp"

namespace vedette {
namespace {

using std::chrono::seconds;

Profile store() {
  Profile profile;
  profile.name = "cold_store";
  profile.habits = {{"dns", seconds{10}, "irregular"}};
  Sensor sensor;
  sensor.name = "temperature";
  profile.sensors = {sensor};
  return profile;
}

FleetPlan plan_with(Profile profile) {
  FleetPlan plan;
  plan.profiles = {std::move(profile)};
  plan.groups = {{.profile = "cold_store", .count = 3, .name = ""}};
  return plan;
}

template <class Change>
FleetPlan changed(Change change) {
  FleetPlan plan = plan_with(store());
  change(plan);
  return plan;
}

TEST(PlanCheck, NamesTheItemAndWhatIsWrong) {
  constexpr const char* of_sensor = "profile \"cold_store\", sensor \"temperature\": ";
  const auto sensor = [](auto change) {
    return changed([&](FleetPlan& plan) { change(plan.profiles[0].sensors[0]); });
  };
  const auto habit = [](auto change) {
    return changed([&](FleetPlan& plan) { change(plan.profiles[0].habits[0]); });
  };
  const auto group = [](auto change) {
    return changed([&](FleetPlan& plan) { change(plan.groups[0]); });
  };
  const auto profile = [](auto change) {
    return changed([&](FleetPlan& plan) { change(plan.profiles[0]); });
  };
  const struct {
    FleetPlan plan;
    Errc code;
    std::vector<std::string> says;
  } rows[] = {
      {sensor([](Sensor& s) { s.low = 100; }), Errc::out_of_range, {of_sensor, "low (100)"}},
      {sensor([](Sensor& s) { s.step = 200; }), Errc::out_of_range, {of_sensor, "step (200)"}},
      {sensor([](Sensor& s) { s.step = 0; }), Errc::out_of_range, {of_sensor, "step is 1e-06"}},
      {sensor([](Sensor& s) { s.base = std::numeric_limits<double>::quiet_NaN(); }),
       Errc::out_of_range,
       {of_sensor, "base", "nan"}},
      {sensor([](Sensor& s) { s.follows = "humidity"; }),
       Errc::not_found,
       {of_sensor, "follows \"humidity\""}},
      {sensor([](Sensor& s) { s.follows = "temperature"; }), Errc::not_found, {of_sensor}},
      {sensor([](Sensor& s) { s.name = "timestamp"; }), Errc::malformed, {"\"timestamp\""}},
      {sensor([](Sensor& s) { s.name = "a b"; }), Errc::malformed, {"\"a b\""}},
      {sensor([](Sensor& s) { s.name = std::string(65, 'a'); }), Errc::malformed, {"1 to 64"}},
      {sensor([](Sensor& s) { s.warm_up = seconds{-1}; }),
       Errc::out_of_range,
       {of_sensor, "warm_up is 0 to"}},
      {habit([](Habit& h) { h.task = "telepathy"; }),
       Errc::not_found,
       {"profile \"cold_store\", habit \"telepathy\"", "dns, ntp, cloud", "reboot"}},
      {habit([](Habit& h) { h.rhythm = "lunch"; }),
       Errc::not_found,
       {"habit \"dns\"", "\"lunch\"", "steady, irregular, daytime, evening, office, night"}},
      {habit([](Habit& h) { h.every = seconds{0}; }), Errc::out_of_range, {"habit \"dns\": every"}},
      {profile([](Profile& p) { p.missing = 1; }),
       Errc::out_of_range,
       {"profile \"cold_store\": missing is 0 to 0.9, not 1"}},
      {profile([](Profile& p) { p.active_rhythm = ""; }), Errc::not_found, {"rhythm"}},
      {profile([](Profile& p) { p.sensors.push_back(p.sensors[0]); }),
       Errc::malformed,
       {of_sensor, "twice"}},
      {profile([](Profile& p) { p.sensors.resize(9, p.sensors[0]); }),
       Errc::out_of_range,
       {"9 sensors"}},
      {profile([](Profile& p) { p.habits.resize(25, p.habits[0]); }),
       Errc::out_of_range,
       {"25 habits"}},
      {profile([](Profile& p) {
         p.habits.clear();
         p.sensors.clear();
       }),
       Errc::mismatch,
       {"neither habits nor sensors"}},
      {profile([](Profile& p) { p.name = "cold store"; }), Errc::malformed, {"\"cold store\""}},
      {changed([](FleetPlan& plan) { plan.profiles.push_back(plan.profiles[0]); }),
       Errc::malformed,
       {"profile \"cold_store\": is there twice"}},
      {changed([](FleetPlan& plan) { plan.profiles.resize(257); }), Errc::out_of_range, {"257"}},
      {changed([](FleetPlan& plan) { plan.groups.resize(1025, plan.groups[0]); }),
       Errc::out_of_range,
       {"1025 groups"}},
      {group([](Group& g) { g.profile = "fridge"; }),
       Errc::not_found,
       {"group 1", "\"fridge\"", "camera, thermostat", "cold_store"}},
      {group([](Group& g) { g.name = "a/b"; }), Errc::malformed, {"group 1 (\"a/b\")"}},
      {group([](Group& g) { g.name = std::string(101, 'a'); }), Errc::malformed, {"1 to 100"}},
      {group([](Group& g) { g.count = 0; }), Errc::out_of_range, {"count is 1 to"}},
      {group([](Group& g) { g.pace = 0; }), Errc::out_of_range, {"pace"}},
      {changed([](FleetPlan& plan) {
         plan.groups[0].count = FleetPlan::devices_max;
         plan.groups.push_back(plan.groups[0]);
       }),
       Errc::out_of_range,
       {"200000 devices together, at most 100000"}},
      {changed([](FleetPlan& plan) {
         plan.pace = 10'000;
         plan.groups[0].pace = 10'000;
       }),
       Errc::out_of_range,
       {"group 1 (\"cold_store\")", "records a second"}},
      {changed([](FleetPlan& plan) {
         plan.groups.clear();
         plan.profiles[0].name = "camera";
         plan.profiles[0].habits[0].every = std::chrono::milliseconds{1};
         plan.pace = 10'000;
       }),
       Errc::out_of_range,
       {"profile \"camera\"", "records a second"}},
  };
  const Status fine = check(plan_with(store()));
  EXPECT_TRUE(fine.ok()) << fine.error().message;
  for (const auto& row : rows) {
    const Status status = check(row.plan);
    ASSERT_FALSE(status.ok()) << row.says.front();
    EXPECT_EQ(status.error().code, row.code) << status.error().message;
    for (const std::string& part : row.says) {
      EXPECT_THAT(status.error().message, testing::HasSubstr(part));
    }
  }
}

TEST(BuiltInProfiles, AreTwelveThatPassTheCheck) {
  FleetPlan plan;
  std::set<std::string> names;
  for (const Profile& profile : built_in_profiles()) {
    plan.profiles.push_back(profile);
    names.insert(profile.name);
    EXPECT_FALSE(profile.purpose.empty());
    EXPECT_FALSE(profile.sensors.empty());
    EXPECT_FALSE(profile.habits.empty());
  }
  const Status status = check(plan);
  EXPECT_TRUE(status.ok()) << status.error().message;
  EXPECT_THAT(names, testing::IsSupersetOf({"camera", "thermostat", "plug", "hub",
                                            "voice_assistant", "lock", "meter", "pump", "gateway",
                                            "motion", "doorbell", "light"}));
}

TEST(FlowTasks, AllAreUsedByABuiltInProfile) {
  std::set<std::string> used;
  for (const Profile& profile : built_in_profiles()) {
    for (const Habit& habit : profile.habits) used.insert(habit.task);
  }
  for (const Named& task : flow_tasks()) {
    EXPECT_TRUE(used.contains(std::string{task.name})) << task.name;
    EXPECT_FALSE(task.meaning.empty());
  }
}

/// How many of 30 weeks' events fall into which hour of the week.
std::vector<double> hours_of(simulator::RhythmKind kind, double every_s, double& mean_s) {
  Random random{5};
  // 2026-03-02T00:00:00Z, a Monday
  const Time begin = time_from_micros(1'772'409'600'000'000);
  constexpr auto length = std::chrono::hours{30 * 168};
  std::vector<double> counts(168);
  double all = 0;
  for (Time now = begin; now < begin + length; ++all) {
    now += simulator::rhythm_gap(kind, random, now, every_s);
    counts[simulator::hour_of_week(now)] += 1;
  }
  mean_s = 30 * 604'800.0 / all;
  return counts;
}

TEST(Rhythms, KeepTheirMeanAndTheirHours) {
  using simulator::RhythmKind;
  for (std::size_t i = 0; i < simulator::rhythm_count; ++i) {
    for (const double every : {120.0, 7200.0}) {
      double mean = 0;
      const auto counts = hours_of(static_cast<RhythmKind>(i), every, mean);
      // The gaps deviate by at most 0.9 of their mean: 2520 of them by 2 % of it.
      EXPECT_NEAR(mean, every, every * 0.08) << rhythms()[i].name;
      const auto between = [&](int day, int from, int to) {
        double sum = 0;
        for (int hour = from; hour < to; ++hour) {
          sum += counts[static_cast<std::size_t>(day * 24 + hour)];
        }
        return sum;
      };
      const double tuesday = between(1, 0, 24);
      const double sunday = between(6, 0, 24);
      switch (static_cast<RhythmKind>(i)) {
        case RhythmKind::daytime:
          EXPECT_GT(between(1, 14, 20), 2 * between(1, 0, 6));
          EXPECT_GT(between(6, 9, 12), between(6, 6, 9));
          break;
        case RhythmKind::evening:
          EXPECT_GT(between(1, 17, 23), 0.6 * tuesday);
          EXPECT_GT(sunday, 1.1 * tuesday);
          break;
        case RhythmKind::office:
          EXPECT_GT(between(1, 7, 19), 0.9 * tuesday);
          EXPECT_LT(sunday, 0.1 * tuesday);
          break;
        case RhythmKind::night:
          EXPECT_GT(between(1, 1, 5), 0.95 * tuesday);
          break;
        default:
          EXPECT_NEAR(sunday / tuesday, 1, 0.35);
          break;
      }
    }
  }
}

TEST(Rhythms, ANightlyHabitComesOnceANight) {
  Random random{3};
  const Time begin = time_from_micros(1'772'409'600'000'000);
  std::size_t nights = 0;
  Time now = begin;
  while (now < begin + std::chrono::hours{100 * 24}) {
    now += simulator::rhythm_gap(simulator::RhythmKind::night, random, now, 86'400);
    ++nights;
  }
  EXPECT_NEAR(static_cast<double>(nights), 100, 5);
}

}  // namespace
}  // namespace vedette
