#include "app/scenario.hpp"

#include <gtest/gtest.h>

#include "app/demo_story.hpp"
#include "base/file.hpp"

namespace vedette {
namespace {

constexpr std::string_view cold_store = R"(
seed = 7
start = "2026-01-05T08:00:00Z"
duration = "10m"
episode_every = "0s"

[[profile]]
name = "cold_store"
like = "thermostat"
purpose = "a cold room's sensor"
reading_every = "30s"
[[profile.habit]]
task = "modbus"
every = "10s"
rhythm = "steady"
[[profile.sensor]]
name = "temperature"
base = -18
low = -40

[[group]]
profile = "cold_store"
count = 3
[[group]]
profile = "camera"
count = 2
name = "door"
pace = 0.5

[[episode]]
kind = "stuck"
device = "cold_store-02"
at = "2m"
length = "90s"
)";

TEST(Scenario, SaysWhatTheFleetIs) {
  const auto plan = parse_scenario(cold_store, "fleet.toml");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->seed, 7U);
  EXPECT_EQ(to_rfc3339(plan->start), "2026-01-05T08:00:00.000000Z");
  EXPECT_EQ(plan->duration, std::chrono::minutes{10});
  EXPECT_EQ(plan->episode_every.count(), 0);
  ASSERT_EQ(plan->groups.size(), 2U);
  EXPECT_EQ(plan->groups[0].count, 3U);
  EXPECT_EQ(plan->groups[1].name, "door");
  EXPECT_EQ(plan->groups[1].pace, 0.5);
  ASSERT_EQ(plan->episodes.size(), 1U);
  EXPECT_EQ(plan->episodes[0].kind, "stuck");
  EXPECT_EQ(plan->episodes[0].at, std::chrono::minutes{2});
  EXPECT_EQ(plan->episodes[0].length, std::chrono::seconds{90});
}

TEST(Scenario, AProfileLikeAnotherKeepsWhatItDoesNotSay) {
  const auto plan = parse_scenario(cold_store, "fleet.toml");
  ASSERT_TRUE(plan) << plan.error().message;
  const auto all = built_in_profiles();
  const auto thermostat = std::find_if(all.begin(), all.end(),
                                       [](const auto& one) { return one.name == "thermostat"; });
  ASSERT_NE(thermostat, all.end());
  ASSERT_EQ(plan->profiles.size(), 1U);
  const Profile& own = plan->profiles[0];
  EXPECT_EQ(own.name, "cold_store");
  EXPECT_EQ(own.reading_every, std::chrono::seconds{30});
  ASSERT_EQ(own.sensors.size(), thermostat->sensors.size());
  const auto temperature = std::find_if(own.sensors.begin(), own.sensors.end(),
                                        [](const auto& one) { return one.name == "temperature"; });
  const auto as_built_in = std::find_if(thermostat->sensors.begin(), thermostat->sensors.end(),
                                        [](const auto& one) { return one.name == "temperature"; });
  ASSERT_NE(temperature, own.sensors.end());
  EXPECT_EQ(temperature->base, -18);
  EXPECT_EQ(temperature->low, -40);
  EXPECT_EQ(temperature->noise, as_built_in->noise);
  const auto modbus = std::find_if(own.habits.begin(), own.habits.end(),
                                   [](const auto& one) { return one.task == "modbus"; });
  ASSERT_NE(modbus, own.habits.end());
  EXPECT_EQ(modbus->every, std::chrono::seconds{10});
  EXPECT_GT(own.habits.size(), 1U);
}

TEST(Scenario, TheDemosStoryCanBeTold) {
  const auto plan = parse_scenario(demo_story, "the demo's story");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->episodes.size(), 4U);
  // Each act is over before the next begins, and all of them before the story begins again.
  for (std::size_t i = 0; i < plan->episodes.size(); ++i) {
    const EpisodePlan& act = plan->episodes[i];
    const bool last = i + 1 == plan->episodes.size();
    const Duration next = last ? act.every : plan->episodes[i + 1].at;
    EXPECT_LT(act.at + act.length, next) << act.kind;
    EXPECT_EQ(act.every, std::chrono::minutes{5}) << act.kind;
  }
}

struct Wrong {
  std::string_view text;
  Errc code;
  std::string_view says;  ///< a piece of the sentence
};

TEST(Scenario, RefusesInOneSentence) {
  const Wrong rows[] = {
      {"seed = ", Errc::malformed, "fleet.toml line 1: "},
      {"sed = 1", Errc::unsupported, "fleet.toml line 1: no key \"sed\"; there are seed, start"},
      {"seed = \"x\"", Errc::wrong_type, "seed must be a whole number"},
      {"seed = -1", Errc::out_of_range, "seed must be a whole number from 0"},
      {"pace = 0", Errc::out_of_range, "pace must be a number from"},
      {"pace = nan", Errc::out_of_range, "pace must be a number from"},
      {"start = \"soon\"", Errc::malformed, "start must be a time"},
      {"duration = 600", Errc::wrong_type, "duration must be a duration like"},
      {"duration = \"9000d\"", Errc::out_of_range, "from 0s to 366d"},
      {"kinds = [1]", Errc::wrong_type, "kinds must be a list of texts"},
      {"kinds = [\"earthquake\"]", Errc::not_found, "udp_flood"},
      {"devices = 0", Errc::out_of_range, "devices must be a whole number from 1"},
      {"group = 3", Errc::wrong_type, "write [[group]] for each"},
      {"[[group]]\nprofile = \"toaster\"", Errc::not_found, "thermostat"},
      {"[[group]]\nprofile = \"camera\"\ncolour = 1", Errc::unsupported,
       "line 3: [[group]] 1: no key \"colour\"; there are profile, count"},
      {"devices = 4\n[[group]]\nprofile = \"camera\"", Errc::mismatch, "line 1: devices says"},
      {"[[group]]\nprofile = \"camera\"\ncount = 100001", Errc::out_of_range, "count must be"},
      {"[[profile]]\nname = \"a\"\nlike = \"toaster\"", Errc::not_found, "no profile \"toaster\""},
      {"[[profile]]\nname = \"a\"\n[[profile.habit]]\ntask = \"dance\"", Errc::not_found, "coap"},
      {"[[profile]]\nname = \"a\"\n[[profile.habit]]\ntask = \"dns\"\nrhythm = \"waltz\"",
       Errc::not_found, "steady"},
      {"[[profile]]\nname = \"a\"\n[[profile.sensor]]\nname = \"t\"\nlow = 5\nhigh = 5",
       Errc::out_of_range, "\"a\""},
      {"[[profile]]\nname = \"a\"\nlike = \"camera\"\n[[profile]]\nname = \"a\"\nlike = \"hub\"",
       Errc::mismatch, "two profiles"},
      {"[[episode]]\nkind = \"earthquake\"", Errc::not_found, "udp_flood"},
      {"[[episode]]\nkind = \"stuck\"\ndevice = \"nobody-01\"", Errc::not_found, "nobody-01"},
      {"[[episode]]\nkind = \"stuck\"\nintensity = 0", Errc::out_of_range, "intensity must be"},
  };
  for (const Wrong& row : rows) {
    const auto plan = parse_scenario(row.text, "fleet.toml");
    ASSERT_FALSE(plan) << row.text;
    EXPECT_EQ(plan.error().code, row.code) << row.text << "\n" << plan.error().message;
    EXPECT_NE(plan.error().message.find(row.says), std::string::npos) << row.text << "\n"
                                                                      << plan.error().message;
    EXPECT_TRUE(plan.error().message.starts_with("fleet.toml")) << plan.error().message;
    EXPECT_EQ(plan.error().message.find('\n'), std::string::npos) << plan.error().message;
  }
}

TEST(Scenario, WhatThereIsIsListedAndExplained) {
  const std::string list = list_of_the_fleet();
  EXPECT_GE(built_in_profiles().size(), 10U);
  for (const Profile& one : built_in_profiles()) {
    EXPECT_NE(list.find("  " + one.name + " "), std::string::npos) << one.name;
    const auto told = explain(one.name);
    ASSERT_TRUE(told) << one.name;
    for (const Sensor& sensor : one.sensors) {
      EXPECT_NE(told->find(sensor.name), std::string::npos) << one.name << ' ' << sensor.name;
    }
  }
  for (const EpisodeKind& kind : episode_kinds()) {
    EXPECT_NE(list.find("  " + std::string{kind.name} + " "), std::string::npos) << kind.name;
    const auto told = explain(kind.name);
    ASSERT_TRUE(told) << kind.name;
    EXPECT_NE(told->find(kind.label), std::string::npos) << kind.name;
  }
  const auto nothing = explain("toaster");
  ASSERT_FALSE(nothing);
  EXPECT_NE(nothing.error().message.find("camera"), std::string::npos);
}

TEST(Scenario, TheReferenceInTheDocumentationIsTheProgramsOwn) {
  const auto page =
      MappedFile::open(std::filesystem::path{VEDETTE_SOURCE_DIR} / "docs" / "simulator.md");
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_NE(page->text().find(scenario_reference()), std::string::npos)
      << "put what `vedette simulate --explain scenario` prints at the end of docs/simulator.md";
}

}  // namespace
}  // namespace vedette
