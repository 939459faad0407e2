/// When episodes begin and end: by chance, by plan, by hand.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "fleet/fleet_test_support.hpp"
#include "fleet/state.hpp"

namespace vedette {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

FleetPlan quiet(std::uint64_t seed) {
  FleetPlan plan = options_with(seed);
  plan.episode_every = Duration{0};
  return plan;
}

TEST(Episodes, ADayHoldsEveryKindAndMostlyBenignRecords) {
  FleetPlan plan = options_with(1);
  plan.episode_every = seconds{60};
  FleetSimulator fleet(plan);
  std::map<std::string, std::size_t> labels;
  std::map<std::string, std::size_t> kinds;
  std::size_t all = 0;
  watch(fleet, hours{24}, [&](const Simulated& said) {
    ++all;
    if (!said.topic.empty()) {
      ASSERT_EQ(said.truth.label, "Attack");
      return;
    }
    ++labels[said.truth.label];
    ASSERT_EQ(said.episode != 0, said.truth.label != benign_label);
    if (said.episode == 0) return;
    const EpisodeKind& kind = episode_kinds()[said.kind];
    ++kinds[std::string{kind.name}];
    ASSERT_TRUE(kind.label == said.truth.label || kind.name == "mirai");
    ASSERT_TRUE(!kind.fault || said.record.kind == RecordKind::reading);
  });
  for (const EpisodeKind& kind : episode_kinds()) {
    EXPECT_GE(kinds[std::string{kind.name}], 10U) << kind.name;
  }
  EXPECT_GT(labels["Benign"], all / 2);
}

TEST(Episodes, BeginByChanceAsOftenAsAsked) {
  FleetPlan plan = options_with(9);
  plan.episode_every = seconds{60};
  plan.episode_length = seconds{10};
  plan.devices = 6;
  plan.kinds = {"C&C"};
  FleetSimulator fleet(plan);
  std::set<std::pair<std::string, Time>> seen;
  watch(fleet, hours{10}, [&](const Simulated& said) {
    for (const Episode& episode : fleet.episodes()) {
      EXPECT_EQ(episode.label, "C&C");
      seen.emplace(episode.device, episode.begins);
    }
    if (said.truth.label != benign_label) {
      ASSERT_EQ(said.truth.label, "C&C");
    }
  });
  // 600 expected; the gaps deviate by 0.9 of their mean, so 22 is one deviation of the count.
  EXPECT_NEAR(static_cast<double>(seen.size()), 600, 88);
}

TEST(Episodes, ALabelStandsForAllKindsThatWriteIt) {
  FleetPlan plan = options_with(3);
  plan.episode_every = seconds{20};
  plan.kinds = {"DDoS", "gap"};
  FleetSimulator fleet(plan);
  std::set<std::string> kinds;
  watch(fleet, hours{2}, [&](const Simulated&) {
    for (const Episode& episode : fleet.episodes()) kinds.insert(episode.kind);
  });
  EXPECT_THAT(kinds, testing::UnorderedElementsAre("syn_flood", "udp_flood", "http_flood",
                                                   "ack_flood", "gap"));
}

TEST(Episodes, BeginAndEndAsPlanned) {
  FleetPlan plan = quiet(5);
  plan.episodes.push_back({.kind = "syn_flood",
                           .device = "camera-02",
                           .at = minutes{10},
                           .length = seconds{30},
                           .intensity = 2,
                           .every = minutes{5}});
  plan.episodes.push_back(
      {.kind = "beacon", .device = "plug", .devices = 2, .at = minutes{12}, .length = minutes{1}});
  plan.episodes.push_back({.kind = "drift", .device = "", .at = minutes{13}, .length = minutes{2}});
  ASSERT_TRUE(check(plan).ok()) << check(plan).error().message;
  FleetSimulator fleet(plan);
  std::map<std::pair<std::string, Time>, Episode> begun;
  watch(fleet, minutes{21}, [&](const Simulated& said) {
    for (const Episode& episode : fleet.episodes()) {
      begun.emplace(std::pair{episode.device, episode.begins}, episode);
      EXPECT_LE(episode.begins, said.record.time);
      EXPECT_GT(episode.ends, said.record.time);
    }
  });
  std::multiset<std::string> said;
  for (const auto& [key, episode] : begun) {
    const auto at = (episode.begins - start) / seconds{1};
    const auto length = (episode.ends - episode.begins) / seconds{1};
    said.insert(fmt::format("{} {} {} {}", episode.kind,
                            episode.kind == "drift" ? "?" : episode.device, at, length));
    EXPECT_EQ(episode.intensity, episode.kind == "syn_flood" ? 2 : 1);
  }
  EXPECT_THAT(said, testing::UnorderedElementsAre(
                        "syn_flood camera-02 600 30", "syn_flood camera-02 900 30",
                        "syn_flood camera-02 1200 30", "beacon plug-01 720 60",
                        "beacon plug-02 720 60", "drift ? 780 120"));
}

TEST(Episodes, WhatIsPlannedTakesThePlaceOfWhatGoesOn) {
  FleetPlan plan = quiet(6);
  plan.episodes.push_back({.kind = "udp_flood", .device = "hub-01", .length = hours{1}});
  plan.episodes.push_back(
      {.kind = "beacon", .device = "hub-01", .at = minutes{1}, .length = minutes{1}});
  FleetSimulator fleet(plan);
  watch(fleet, minutes{3}, [&](const Simulated& said) {
    if (said.episode == 0) return;
    ASSERT_EQ(said.truth.label == "DDoS", said.record.time < start + minutes{1});
  });
}

TEST(Episodes, ADeviceCanBeInOneAttackAndOneFault) {
  FleetSimulator fleet(quiet(7));
  Simulated said;
  fleet.next(said);
  ASSERT_TRUE(fleet.start_episode("meter-01", "ssh_brute_force", minutes{10}).ok());
  ASSERT_TRUE(fleet.start_episode("meter-01", "stuck", minutes{10}).ok());
  EXPECT_EQ(fleet.start_episode("meter-01", "beacon", minutes{1}).error().code, Errc::busy);
  EXPECT_EQ(fleet.start_episode("meter-01", "gap", minutes{1}).error().code, Errc::busy);
  std::map<std::string, std::size_t> labels;
  const Time until = said.record.time + minutes{5};
  for (; said.record.time < until; fleet.next(said)) ++labels[said.truth.label];
  EXPECT_GT(labels["Attack"], 50U);
  EXPECT_GT(labels["stuck"], 100U);
  EXPECT_EQ(fleet.stop_episodes("meter-01"), 2U);
}

TEST(Episodes, ADeadDeviceDoesNotAttackButItsImpostorDoes) {
  for (const bool impostor : {false, true}) {
    FleetPlan plan = quiet(8);
    plan.episodes.push_back({.kind = "dead_device", .device = "meter-01", .length = minutes{20}});
    plan.episodes.push_back({.kind = impostor ? "spoofed_device" : "syn_flood",
                             .device = "meter-01",
                             .at = minutes{1},
                             .length = minutes{5}});
    FleetSimulator fleet(plan);
    std::size_t attacks = 0;
    watch(fleet, minutes{15},
          [&](const Simulated& said) { attacks += said.truth.label != benign_label ? 1 : 0; });
    EXPECT_EQ(attacks > 0, impostor);
  }
}

TEST(Episodes, StartAndStopByName) {
  FleetSimulator fleet(quiet(10));
  Simulated said;
  fleet.next(said);
  ASSERT_TRUE(fleet.start_episode("camera-02", "udp_flood", seconds{60}).ok());
  EXPECT_EQ(fleet.episodes().front().device, "camera-02");

  std::size_t attacks = 0;
  const Time stop = said.record.time + seconds{30};
  for (fleet.next(said); said.record.time < stop; fleet.next(said)) {
    if (said.truth.label == benign_label) continue;
    EXPECT_EQ(said.record.device, "camera-02");
    ++attacks;
  }
  EXPECT_GT(attacks, 200U);
  EXPECT_EQ(fleet.stop_episodes(), 1U);
  EXPECT_EQ(fleet.stop_episodes(), 0U);
  EXPECT_TRUE(fleet.episodes().empty());
  for (int i = 0; i < 10'000; ++i) {
    fleet.next(said);
    ASSERT_EQ(said.truth.label, benign_label);
  }
}

TEST(Episodes, WhatCannotStartSaysWhy) {
  FleetSimulator fleet(quiet(10));
  Simulated said;
  fleet.next(said);
  ASSERT_TRUE(fleet.start_episode("camera-02", "udp_flood", seconds{60}).ok());
  struct Case {
    std::string_view device, kind;
    Duration length;
    double intensity;
    Errc code;
    std::string_view says;
  };
  const Case cases[] = {
      {"camera-02", "beacon", seconds{1}, 1, Errc::busy, "camera-02 is already in an attack"},
      {"camera-99", "beacon", seconds{1}, 1, Errc::not_found, "camera-01 to camera-02"},
      {"camera", "beacon", seconds{1}, 1, Errc::not_found, "no device is called \"camera\""},
      {"camera-01", "ddos", seconds{1}, 1, Errc::not_found, "there are horizontal_scan, vertical"},
      {"camera-01", "", seconds{1}, 1, Errc::not_found, "no episode is called \"\""},
      {"camera-01", "beacon", seconds{0}, 1, Errc::out_of_range, "366 days"},
      {"camera-01", "beacon", hours{9000}, 1, Errc::out_of_range, "366 days"},
      {"camera-01", "beacon", seconds{1}, 0, Errc::out_of_range, "not 0"},
      {"camera-01", "beacon", seconds{1}, 101, Errc::out_of_range, "not 101"},
      {"camera-01", "beacon", seconds{1}, not_set, Errc::out_of_range, "not nan"},
  };
  for (const Case& one : cases) {
    const auto result = fleet.start_episode(one.device, one.kind, one.length, one.intensity);
    ASSERT_FALSE(result.ok()) << one.says;
    EXPECT_EQ(result.error().code, one.code) << one.says;
    EXPECT_THAT(result.error().message, HasSubstr(std::string{one.says}));
  }
  EXPECT_EQ(fleet.episodes().size(), 1U);
}

TEST(Episodes, AStartedEpisodeSpeaksSoonAndAStoppedOneNoMore) {
  for (const EpisodeKind& kind : episode_kinds()) {
    if (kind.fault) continue;
    FleetSimulator fleet(quiet(11));
    Simulated said;
    fleet.next(said);
    const Time begins = said.record.time;
    ASSERT_TRUE(fleet.start_episode("thermostat-02", kind.name, hours{100}).ok()) << kind.name;
    fleet.next(said);
    EXPECT_NE(said.episode, 0U) << kind.name;
    EXPECT_LE(said.record.time - begins, Duration{10}) << kind.name;
    for (int i = 0; i < 200; ++i) fleet.next(said);
    EXPECT_EQ(fleet.stop_episodes(), 1U);
    for (int i = 0; i < 2000; ++i) {
      fleet.next(said);
      ASSERT_EQ(said.episode, 0U) << kind.name;
    }
  }
}

TEST(Episodes, WithoutADeviceChanceChoosesAnIdleOne) {
  FleetPlan plan = quiet(12);
  plan.devices = 5;
  FleetSimulator fleet(plan);
  Simulated said;
  fleet.next(said);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(fleet.start_episode("", "beacon", hours{1}).ok());
  std::set<std::string> devices;
  for (const Episode& episode : fleet.episodes()) devices.insert(episode.device);
  EXPECT_EQ(devices.size(), 5U);
  const auto sixth = fleet.start_episode("", "beacon", hours{1});
  ASSERT_FALSE(sixth.ok());
  EXPECT_EQ(sixth.error().code, Errc::busy);
  EXPECT_EQ(sixth.error().message, "every device is already in an attack");
}

TEST(Episodes, StoppedOnesGiveTheirPlacesBack) {
  FleetPlan plan = quiet(12);
  plan.devices = 200;
  FleetSimulator fleet(plan);
  Simulated said;
  fleet.next(said);
  const std::vector<std::string> names = fleet.devices();
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < FleetSimulator::episodes_max; ++i) {
      const std::string_view kind = episode_kinds()[i % episode_kinds().size()].name;
      ASSERT_TRUE(fleet.start_episode(names[i], kind, hours{1000}).ok()) << round << ' ' << i;
    }
    EXPECT_EQ(fleet.start_episode(names[100], "beacon", hours{1}).error().code, Errc::busy);
    EXPECT_EQ(fleet.stop_episodes(names[3]), 1U);
    EXPECT_EQ(fleet.stop_episodes(), FleetSimulator::episodes_max - 1);
    const Time later = said.record.time + seconds{60};
    while (said.record.time < later) fleet.next(said);
  }
}

TEST(Episodes, ThePlanIsCheckedAndTheErrorNamesTheEpisode) {
  struct Case {
    EpisodePlan episode;
    Errc code;
    std::string_view says;
  };
  const auto year = hours{366 * 24};
  const Case cases[] = {
      {{.kind = "ddos", .device = ""},
       Errc::not_found,
       "no episode is called \"ddos\"; there are horizontal"},
      {{.kind = "beacon", .device = "camera-04"}, Errc::not_found, "called \"camera-04\""},
      {{.kind = "beacon", .device = "camera-1"}, Errc::not_found, "called \"camera-1\""},
      {{.kind = "beacon", .device = "fridge"}, Errc::not_found, "the groups are camera, thermo"},
      {{.kind = "beacon", .device = "", .devices = 0}, Errc::out_of_range, "1 to 64 devices"},
      {{.kind = "beacon", .device = "", .devices = 65}, Errc::out_of_range, "not 65"},
      {{.kind = "beacon", .device = "plug", .devices = 4}, Errc::mismatch, "plug has 2"},
      {{.kind = "beacon", .device = "plug-01", .devices = 2}, Errc::mismatch, "plug-01 has 1"},
      {{.kind = "beacon", .device = "", .devices = 25}, Errc::mismatch, "the fleet has 24"},
      {{.kind = "beacon", .device = "", .at = seconds{-1}}, Errc::out_of_range, "not at -1 s"},
      {{.kind = "beacon", .device = "", .at = year + seconds{1}}, Errc::out_of_range, "366 days"},
      {{.kind = "beacon", .device = "", .length = seconds{0}}, Errc::out_of_range, "not 0 s"},
      {{.kind = "beacon", .device = "", .intensity = 0}, Errc::out_of_range, "intensity"},
      {{.kind = "beacon", .device = "", .intensity = not_set}, Errc::out_of_range, "not nan"},
      {{.kind = "beacon", .device = "", .every = seconds{-1}}, Errc::out_of_range, "not -1 s"},
      {{.kind = "beacon", .device = "", .length = seconds{60}, .every = seconds{60}},
       Errc::mismatch,
       "it lasts 60 s and cannot begin again every 60 s"},
  };
  for (const Case& one : cases) {
    FleetPlan plan;
    plan.episodes = {{.kind = "beacon", .device = ""}, {.kind = "gap", .device = ""}, one.episode};
    const Status status = check(plan);
    ASSERT_FALSE(status.ok()) << one.says;
    EXPECT_EQ(status.error().code, one.code) << one.says;
    EXPECT_THAT(status.error().message, HasSubstr(std::string{one.says}));
    EXPECT_THAT(status.error().message, HasSubstr("episode 3 (" + one.episode.kind + "): "));
  }
  FleetPlan plan;
  plan.episodes.assign(FleetPlan::episodes_max + 1, {.kind = "beacon", .device = ""});
  EXPECT_EQ(check(plan).error().code, Errc::out_of_range);
  plan.episodes.clear();
  plan.kinds = {"DDoS", "Mirai"};
  EXPECT_THAT(check(plan).error().message, HasSubstr("no episode is called \"Mirai\""));
  plan.kinds = {""};
  EXPECT_EQ(check(plan).error().code, Errc::not_found) << "the chain's empty label is no name";
}

TEST(Episodes, ThePlansOwnGroupsAreKnown) {
  FleetPlan plan;
  Profile mute;
  mute.name = "relay";
  plan.profiles = {mute};
  plan.groups = {{.profile = "relay", .count = 120, .name = "yard"},
                 {.profile = "relay", .count = 30, .name = "yard"},
                 {.profile = "camera", .count = 2, .name = ""}};
  const auto errc = [&](const EpisodePlan& episode) {
    plan.episodes = {episode};
    const Status status = simulator::check_episodes(plan);
    return status.ok() ? "" : name_of(status.error().code);
  };
  EXPECT_STREQ(errc({.kind = "beacon", .device = "yard", .devices = 64}), "");
  EXPECT_STREQ(errc({.kind = "beacon", .device = "yard-150"}), "");
  EXPECT_STREQ(errc({.kind = "beacon", .device = "yard-001"}), "");
  EXPECT_STREQ(errc({.kind = "beacon", .device = "yard-151"}), "not_found");
  EXPECT_STREQ(errc({.kind = "beacon", .device = "yard-01"}), "not_found");
  EXPECT_STREQ(errc({.kind = "beacon", .device = "relay"}), "not_found");
  EXPECT_STREQ(errc({.kind = "stuck", .device = "yard"}), "mismatch");
  EXPECT_STREQ(errc({.kind = "stuck", .device = "yard-003"}), "mismatch");
  EXPECT_STREQ(errc({.kind = "stuck", .device = "camera-02"}), "");
  EXPECT_STREQ(errc({.kind = "stuck", .device = ""}), "");
}

TEST(Episodes, TheSamePlanGivesTheSameRecords) {
  FleetPlan plan = options_with(15);
  plan.episode_every = seconds{5};
  plan.episodes.push_back({.kind = "mirai", .device = "camera", .devices = 2, .at = minutes{1}});
  FleetSimulator one(plan);
  FleetSimulator two(plan);
  Simulated a;
  Simulated b;
  for (int i = 0; i < 60'000; ++i) {
    one.next(a);
    two.next(b);
    ASSERT_EQ(a.episode, b.episode);
    ASSERT_EQ(text_of(a), text_of(b)) << "record " << i;
  }
}

}  // namespace
}  // namespace vedette
