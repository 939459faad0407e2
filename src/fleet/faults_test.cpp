/// What faults do to readings, and that only readings they did it to are labelled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "fleet/fleet_test_support.hpp"

namespace vedette {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct Told {
  Time time;
  std::vector<double> values;
  std::string label;
};

/// The readings of one device, an hour before, ten minutes during and a while after a fault.
struct Faulted {
  std::vector<Told> before;
  std::vector<Told> during;
  std::vector<Told> after;
  std::vector<Told> flows_during;
  std::vector<std::string> services_after;  ///< of the first flows
};

Faulted with_fault(std::string_view device, std::string_view kind, double intensity = 1,
                   std::uint64_t seed = 13) {
  FleetPlan options = options_with(seed);
  options.episode_every = Duration{0};
  options.devices = 20;
  const Time begins = start + hours{1};
  const Time ends = begins + minutes{10};
  options.episodes.push_back({.kind = std::string{kind},
                              .device = std::string{device},
                              .at = hours{1},
                              .length = minutes{10},
                              .intensity = intensity});
  FleetSimulator fleet(options);
  Faulted seen;
  watch(fleet, hours{2}, [&](const Simulated& said) {
    if (said.record.device != device) {
      ASSERT_EQ(said.truth.label, benign_label);
      return;
    }
    Told told{said.record.time, {}, said.truth.label};
    if (said.record.kind == RecordKind::flow) {
      ASSERT_EQ(said.truth.label, benign_label);
      if (told.time >= begins && told.time < ends) seen.flows_during.push_back(told);
      if (told.time >= ends) seen.services_after.push_back(said.record.flow.service);
      return;
    }
    ASSERT_EQ(said.episode != 0, said.truth.label != benign_label);
    for (const Reading::Value& value : said.record.reading) told.values.push_back(value.value);
    auto& to = told.time < begins ? seen.before : told.time < ends ? seen.during : seen.after;
    to.push_back(std::move(told));
  });
  return seen;
}

std::size_t labelled(const std::vector<Told>& told, std::string_view label) {
  return static_cast<std::size_t>(
      std::count_if(told.begin(), told.end(), [&](const Told& one) { return one.label == label; }));
}

double mean_of(const std::vector<Told>& told, std::size_t at) {
  double sum = 0;
  for (const Told& one : told) sum += one.values[at];
  return sum / static_cast<double>(told.size());
}

void expect_healthy(const std::vector<Told>& told, std::string_view kind) {
  for (const Told& one : told) EXPECT_EQ(one.label, benign_label) << kind;
}

TEST(Faults, BeforeAndAfterNothingIsLabelled) {
  for (const EpisodeKind& kind : episode_kinds()) {
    if (!kind.fault) continue;
    Faulted seen = with_fault("meter-01", kind.name);
    expect_healthy(seen.before, kind.name);
    const bool silence = kind.name == "gap" || kind.name == "dead_device";
    if (silence) {
      ASSERT_FALSE(seen.after.empty());
      EXPECT_EQ(seen.after.front().label, kind.name) << "the first one reveals it";
      seen.after.erase(seen.after.begin());
    } else {
      EXPECT_GT(labelled(seen.during, kind.label), 50U) << kind.name;
    }
    expect_healthy(seen.after, kind.name);
  }
}

TEST(Faults, AStuckSensorRepeatsItself) {
  const Faulted seen = with_fault("meter-01", "stuck");
  ASSERT_GT(seen.during.size(), 200U);
  EXPECT_EQ(seen.during[0].label, benign_label) << "the first reading is still measured";
  for (std::size_t i = 1; i < seen.during.size(); ++i) {
    ASSERT_EQ(seen.during[i].values, seen.during[0].values);
    ASSERT_EQ(seen.during[i].label, "stuck");
  }
  std::set<double> before;
  for (const Told& told : seen.before) before.insert(told.values[0]);
  EXPECT_GT(before.size(), 50U);
}

TEST(Faults, ASpikeIsShort) {
  const Faulted seen = with_fault("meter-01", "spike");
  const auto all = static_cast<double>(seen.during.size());
  // 0.4 of 300 readings, 8.5 is one deviation.
  EXPECT_NEAR(static_cast<double>(labelled(seen.during, "spike")), 0.4 * all, 34);
}

TEST(Faults, ADriftGrowsAndALevelShiftDoesNot) {
  const Faulted drifting = with_fault("meter-01", "drift");
  EXPECT_GT(labelled(drifting.during, "drift"), 250U);
  const Faulted shifted = with_fault("meter-01", "level_shift");
  EXPECT_EQ(labelled(shifted.during, "level_shift"), shifted.during.size());
  EXPECT_NE(mean_of(shifted.during, 0), mean_of(shifted.before, 0));
}

/// Every reading of the plan with the fault against the same reading of the plan without.
TEST(Faults, AReadingIsLabelledExactlyWhenTheFaultChangedOrHeldIt) {
  for (const EpisodeKind& kind : episode_kinds()) {
    const bool silence = kind.name == "gap" || kind.name == "dead_device";
    if (!kind.fault || silence) continue;
    for (const std::string_view device : {"thermostat-01", "lock-02", "motion-01", "plug-01"}) {
      const auto readings = [&](bool faulty) {
        FleetPlan options = options_with(31);
        options.episode_every = Duration{0};
        options.devices = 20;
        options.devices = 20;
        if (faulty) {
          options.episodes.push_back({.kind = std::string{kind.name},
                                      .device = std::string{device},
                                      .at = minutes{5},
                                      .length = minutes{10}});
        }
        FleetSimulator fleet(options);
        std::vector<Told> told;
        watch(fleet, minutes{20}, [&](const Simulated& said) {
          if (said.record.kind != RecordKind::reading || said.record.device != device) return;
          told.push_back({said.record.time, {}, said.truth.label});
          for (const Reading::Value& value : said.record.reading) {
            told.back().values.push_back(value.value);
          }
        });
        return told;
      };
      const std::vector<Told> with = readings(true);
      const std::vector<Told> without = readings(false);
      ASSERT_EQ(with.size(), without.size()) << kind.name;
      const bool holds = kind.name == "stuck" || kind.name == "replayed";
      for (std::size_t i = 0; i < with.size(); ++i) {
        ASSERT_EQ(with[i].time, without[i].time);
        const bool changed = with[i].values != without[i].values;
        const bool is_labelled = with[i].label != benign_label;
        ASSERT_TRUE(is_labelled == changed || (holds && is_labelled))
            << kind.name << ' ' << device << " reading " << i;
      }
    }
  }
}

TEST(Faults, IntensityIsTheSizeOfAFault) {
  const auto level = [](double intensity) {
    return mean_of(with_fault("meter-02", "level_shift", intensity, 5).during, 0);
  };
  const double healthy = level(0.01);
  // A shift that finds no room turns round.
  const double one = std::abs(level(1) - healthy);
  EXPECT_GT(one, 100) << "in watts";
  EXPECT_NEAR(std::abs(level(2) - healthy), 2 * one, 0.05 * one);
  EXPECT_NEAR(std::abs(level(3) - healthy), 3 * one, 0.05 * one);
}

TEST(Faults, AUnitChangesWhereTheTemperatureIs) {
  struct Fact {
    std::string_view device;
    std::size_t sensor;
    bool fahrenheit;
  };
  const Fact facts[] = {{"thermostat-01", 0, true},
                        {"motion-01", 1, true},
                        {"pump-01", 2, true},
                        {"meter-01", 0, false}};
  for (const Fact& fact : facts) {
    std::set<double> factors;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      const Faulted seen = with_fault(fact.device, "unit_change", 1, seed);
      EXPECT_EQ(labelled(seen.during, "unit_change"), seen.during.size());
      // An hour's readings before say what it would have been, roughly.
      const double before = mean_of(seen.before, fact.sensor);
      const double during = mean_of(seen.during, fact.sensor);
      if (fact.fahrenheit) {
        EXPECT_NEAR(during, before * 1.8 + 32, 25) << fact.device;
        EXPECT_GT(during, before * 1.8 + 12) << fact.device;
      } else {
        const double factor = during / before;
        EXPECT_TRUE((factor > 300 && factor < 3000) || (factor > 3e-4 && factor < 3e-3)) << factor;
        factors.insert(factor > 1 ? 1000 : 0.001);
      }
    }
    EXPECT_EQ(factors.size(), fact.fahrenheit ? 0U : 2U);
  }
}

TEST(Faults, AGapKeepsReadingsBackAndNothingElse) {
  const Faulted seen = with_fault("meter-01", "gap");
  EXPECT_TRUE(seen.during.empty());
  EXPECT_GT(seen.flows_during.size(), 100U);
  EXPECT_EQ(labelled(seen.after, "gap"), 1U);
}

TEST(Faults, ADeadDeviceSaysNothingAndThenBoots) {
  const Faulted seen = with_fault("meter-01", "dead_device");
  EXPECT_TRUE(seen.during.empty());
  EXPECT_TRUE(seen.flows_during.empty());
  EXPECT_EQ(labelled(seen.after, "dead_device"), 1U);
  ASSERT_GT(seen.services_after.size(), 20U);
  EXPECT_EQ(seen.services_after.front(), "dhcp") << "the first thing a booting device does";
}

TEST(Faults, AShortGapThatKeptNothingBackIsNotLabelled) {
  FleetPlan options = options_with(17);
  options.episode_every = Duration{0};
  options.devices = 4;
  for (int i = 0; i < 500; ++i) {  // hub-01 measures every 10 s
    options.episodes.push_back({.kind = "gap",
                                .device = "hub-01",
                                .at = seconds{20 * i},
                                .length = std::chrono::milliseconds{2500}});
  }
  FleetSimulator fleet(options);
  Time before{};
  std::size_t revealed = 0;
  std::size_t lost = 0;
  watch(fleet, hours{3}, [&](const Simulated& said) {
    if (said.record.kind != RecordKind::reading || said.record.device != "hub-01") return;
    const bool missed = said.record.time - before > seconds{15};
    before = said.record.time;
    const bool reveals = said.truth.label == "gap";
    ASSERT_TRUE(missed || !reveals);
    // Everyday life loses messages too, and reboots.
    lost += missed && !reveals ? 1 : 0;
    revealed += reveals ? 1 : 0;
  });
  EXPECT_LT(lost, 12U);
  EXPECT_GT(revealed, 50U);
  EXPECT_LT(revealed, 250U);
}

TEST(Faults, ReplayedReadingsAreThoseOfMinutesAgo) {
  const Faulted seen = with_fault("meter-01", "replayed");
  const auto first = std::find_if(seen.during.begin(), seen.during.end(),
                                  [](const Told& told) { return told.label == "replayed"; });
  ASSERT_NE(first, seen.during.end());
  const auto listened = static_cast<std::size_t>(first - seen.during.begin());
  // It listens for three minutes at two seconds a reading.
  EXPECT_NEAR(static_cast<double>(listened), 90, 10);
  for (std::size_t i = listened; i < seen.during.size(); ++i) {
    ASSERT_EQ(seen.during[i].label, "replayed");
    ASSERT_EQ(seen.during[i].values, seen.during[i - listened].values);
    ASSERT_GT(seen.during[i].time, seen.during[i - 1].time);
  }
}

}  // namespace
}  // namespace vedette
