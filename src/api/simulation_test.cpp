// The scoreboard and the fleet as the API tells them, through Api::handle().
#include <gtest/gtest.h>

#include "api/fleet_control.hpp"
#include "tests/support/api_fixture.hpp"

namespace vedette {
namespace {

using namespace std::chrono_literals;

class FakeFleet final : public FleetControl {
 public:
  Result<FleetSnapshot> snapshot() override {
    if (refuses) return *refuses;
    FleetSnapshot look;
    look.now = time_from_micros(1'700'000'000'000'000);
    look.devices = {"camera-01", "plug-01"};
    look.kinds = {{"udp_flood", "DDoS", false, "a flood"}, {"stuck", "stuck", true, "it sticks"}};
    look.episodes = {{3, "plug-01", "stuck", "stuck", look.now, look.now + 30s, 1.5}};
    return look;
  }
  Result<std::uint32_t> start(const FleetOrder& order) override {
    if (refuses) return *refuses;
    ordered = order;
    return 7U;
  }
  Result<std::size_t> stop(std::string_view device) override {
    if (refuses) return *refuses;
    stopped = device;
    return std::size_t{2};
  }
  std::optional<Error> refuses;
  FleetOrder ordered;
  std::string stopped = "nobody asked";
};

class SimulationApi : public test::ApiFixture {
 protected:
  SimulationApi() {
    ApiParts all = parts();
    all.scoreboard = &board;
    all.fleet = &fleet;
    api = std::make_unique<Api>(std::move(all));
  }
  void judge(const TruthNote& note, const char* model, const char* label, bool flagged) {
    board.note(note);
    Batch batch{1};
    Judged& judged = batch.add();
    judged.record.key = note.key;
    judged.verdict.model = model;
    judged.verdict.label = label;
    judged.verdict.anomalous = flagged;
    board.take(batch);
  }
  HttpResponse order(std::string body) {
    return as("admin", "POST", "/api/v1/simulation/episodes", std::move(body));
  }
  Scoreboard board{time_from_micros(1'700'000'000'000'000)};
  FakeFleet fleet;
};

TruthNote note_at(Duration after, const char* label) {
  TruthNote note;
  note.key = {1'700'000'000'000'000 + after.count(), 1};
  note.device = "plug-01";
  note.label = label;
  if (note.label == "Benign") return note;
  note.episode = 3;
  note.cause = note.label;
  note.begins = time_from_micros(1'700'000'000'000'000);
  return note;
}

TEST_F(SimulationApi, AnEmptyScoreboardHasNoRatios) {
  const auto answer = json(as("viewer", "GET", "/api/v1/scoreboard"));
  EXPECT_EQ(answer.dump(), nlohmann::json::parse(R"({"since":"2023-11-14T22:13:20.000000Z",
      "enabled":true,"records":{"joined":0,"waiting_truth":0,"waiting_verdict":0,"dropped":0,
      "bad_lines":0},"detectors":[],"causes":[],"episodes":[]})")
                               .dump());
}

TEST_F(SimulationApi, TellsDetectorsCausesAndEpisodes) {
  judge(note_at(4s, "stuck"), "series", "level", true);
  judge(note_at(5s, "stuck"), "series", "Benign", false);
  judge(note_at(6s, "Benign"), "tree-1", "Benign", false);
  board.note(note_at(7s, "Benign"));
  board.count_bad_line();
  const auto answer = json(as("viewer", "GET", "/api/v1/scoreboard"));
  EXPECT_EQ(answer["records"], nlohmann::json::parse(R"({"joined":3,"waiting_truth":0,
      "waiting_verdict":1,"dropped":0,"bad_lines":1})"));
  EXPECT_EQ(answer["detectors"], nlohmann::json::parse(R"([
      {"model":"series","records":2,"true_positives":1,"false_positives":0,"true_negatives":0,
       "false_negatives":1,"recall":0.5,"precision":1.0,"false_positive_rate":null},
      {"model":"tree-1","records":1,"true_positives":0,"false_positives":0,"true_negatives":1,
       "false_negatives":0,"recall":null,"precision":null,"false_positive_rate":0.0}])"));
  EXPECT_EQ(answer["causes"], nlohmann::json::parse(R"([
      {"cause":"stuck","label":"stuck","fault":true,"detector":"series","records":2,"flagged":1,
       "named":0,"recall":0.5,"precision":null,"episodes":1,"episodes_detected":1,
       "time_to_detect":{"median_seconds":4.0,"max_seconds":4.0}}])"));
  EXPECT_EQ(answer["episodes"], nlohmann::json::parse(R"([
      {"number":3,"device":"plug-01","cause":"stuck","label":"stuck",
       "begins":"2023-11-14T22:13:20.000000Z","first_record":"2023-11-14T22:13:24.000000Z",
       "last_record":"2023-11-14T22:13:25.000000Z","records":2,"flagged":1,
       "detectors":[{"model":"series","flagged":1}],"time_to_detect_seconds":4.0}])"));
}

TEST_F(SimulationApi, AtMostTwoHundredEpisodesAreListed) {
  for (std::uint32_t number = 1; number <= 250; ++number) {
    TruthNote note = note_at(std::chrono::seconds{number}, "stuck");
    note.episode = number;
    judge(note, "series", "level", true);
  }
  const auto answer = json(as("viewer", "GET", "/api/v1/scoreboard"));
  ASSERT_EQ(answer["episodes"].size(), 200U);
  EXPECT_EQ(answer["episodes"][0]["number"], 250);
  EXPECT_EQ(answer["causes"][0]["episodes"], 250);
}

TEST_F(SimulationApi, ResetIsForAdministratorsAndAudited) {
  judge(note_at(4s, "stuck"), "series", "level", true);
  EXPECT_EQ(as("viewer", "POST", "/api/v1/scoreboard/reset").status, 403);
  EXPECT_EQ(as("admin", "POST", "/api/v1/scoreboard/reset").status, 204);
  const auto answer = json(as("viewer", "GET", "/api/v1/scoreboard"));
  EXPECT_EQ(answer["records"]["joined"], 0);
  EXPECT_EQ(answer["since"], "2026-11-23T12:00:00.000000Z");
  EXPECT_EQ(json(as("admin", "GET", "/api/v1/audit"))["items"][0]["action"], "scoreboard.reset");
}

TEST_F(SimulationApi, WithoutTruthTheScoreboardIsOffAndWithoutFleetThereIsNone) {
  api = std::make_unique<Api>(parts());
  const auto answer = json(as("viewer", "GET", "/api/v1/scoreboard"));
  EXPECT_EQ(answer["enabled"], false);
  EXPECT_EQ(answer["since"], "2026-11-23T12:00:00.000000Z");
  EXPECT_EQ(as("admin", "POST", "/api/v1/scoreboard/reset").status, 404);
  EXPECT_EQ(detail(as("viewer", "GET", "/api/v1/simulation")), "this service runs no fleet");
  EXPECT_EQ(order(R"({"kind":"stuck","length_seconds":1})").status, 404);
  EXPECT_EQ(as("admin", "DELETE", "/api/v1/simulation/episodes").status, 404);
  EXPECT_EQ(as("viewer", "GET", "/metrics").body.find("scoreboard"), std::string::npos);
}

TEST_F(SimulationApi, MetricsCountByTruth) {
  judge(note_at(4s, "stuck"), "series", "level", true);
  judge(note_at(5s, "stuck"), "series", "level", true);
  judge(note_at(6s, "Benign"), "series", "level", true);
  judge(note_at(7s, "stuck"), "series", "Benign", false);
  const std::string text = as("viewer", "GET", "/metrics").body;
  for (const char* line : {"vedette_scoreboard_joined_total 4\n",
                           "vedette_scoreboard_flagged_total{truth=\"benign\"} 1\n",
                           "vedette_scoreboard_flagged_total{truth=\"anomalous\"} 2\n",
                           "vedette_scoreboard_missed_total 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST_F(SimulationApi, TellsWhatTheFleetDoes) {
  EXPECT_EQ(json(as("viewer", "GET", "/api/v1/simulation")), nlohmann::json::parse(R"(
      {"now":"2023-11-14T22:13:20.000000Z","devices":["camera-01","plug-01"],
       "kinds":[{"name":"udp_flood","label":"DDoS","fault":false,"meaning":"a flood"},
                {"name":"stuck","label":"stuck","fault":true,"meaning":"it sticks"}],
       "episodes":[{"number":3,"device":"plug-01","kind":"stuck","label":"stuck",
                    "begins":"2023-11-14T22:13:20.000000Z","ends":"2023-11-14T22:13:50.000000Z",
                    "intensity":1.5}]})"));
}

TEST_F(SimulationApi, StartsAndStopsEpisodes) {
  const HttpResponse answer =
      order(R"({"kind":"udp_flood","device":"camera-01","length_seconds":2.5,"intensity":3})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, R"({"number":7})");
  EXPECT_EQ(fleet.ordered.kind, "udp_flood");
  EXPECT_EQ(fleet.ordered.device, "camera-01");
  EXPECT_EQ(fleet.ordered.length, 2500ms);
  EXPECT_EQ(fleet.ordered.intensity, 3);
  EXPECT_EQ(order(R"({"kind":"stuck","length_seconds":60})").status, 201);
  EXPECT_EQ(fleet.ordered.device, "");
  EXPECT_EQ(fleet.ordered.intensity, 1);
  EXPECT_EQ(as("admin", "DELETE", "/api/v1/simulation/episodes?device=plug-01").body,
            R"({"stopped":2})");
  EXPECT_EQ(fleet.stopped, "plug-01");
  EXPECT_EQ(as("admin", "DELETE", "/api/v1/simulation/episodes").status, 200);
  EXPECT_EQ(fleet.stopped, "");
  const auto audit = json(as("admin", "GET", "/api/v1/audit"))["items"];
  EXPECT_EQ(audit.size(), 4U);
  EXPECT_EQ(as("viewer", "POST", "/api/v1/simulation/episodes", "{}").status, 403);
  EXPECT_EQ(as("viewer", "DELETE", "/api/v1/simulation/episodes").status, 403);
}

TEST_F(SimulationApi, OrdersAreChecked) {
  struct Fact {
    const char* body;
    const char* said;
  };
  for (const Fact& fact : {Fact{"[]", "the body is not a JSON object"},
                           Fact{R"({"length_seconds":1})", "member kind is missing"},
                           Fact{R"({"kind":"stuck"})", "member length_seconds is missing"},
                           Fact{R"({"kind":1,"length_seconds":1})", "member kind is not a string"},
                           Fact{R"({"kind":"stuck","length_seconds":0})",
                                "member length_seconds is not a number from 0.001 to 31622400"},
                           Fact{R"({"kind":"stuck","length_seconds":"1"})",
                                "member length_seconds is not a number from 0.001 to 31622400"},
                           Fact{R"({"kind":"stuck","length_seconds":1,"intensity":101})",
                                "member intensity is not a number from 0.001 to 100"},
                           Fact{R"({"kind":"stuck","length_seconds":1,"size":1})",
                                "member \"size\" is not known here"}}) {
    const HttpResponse answer = order(fact.body);
    EXPECT_EQ(answer.status, 400) << fact.body;
    EXPECT_EQ(detail(answer), fact.said) << fact.body;
  }
}

TEST_F(SimulationApi, WhatTheFleetRefusesIsAProblem) {
  struct Fact {
    Errc code;
    int status;
  };
  for (const Fact& fact :
       {Fact{Errc::not_found, 404}, Fact{Errc::busy, 409}, Fact{Errc::mismatch, 400},
        Fact{Errc::out_of_range, 400}, Fact{Errc::unavailable, 503}}) {
    fleet.refuses = Error{fact.code, "because"};
    for (const HttpResponse& answer : {order(R"({"kind":"stuck","length_seconds":1})"),
                                       as("admin", "DELETE", "/api/v1/simulation/episodes"),
                                       as("admin", "GET", "/api/v1/simulation")}) {
      EXPECT_EQ(answer.status, fact.status);
      EXPECT_EQ(detail(answer), "because");
    }
  }
}

}  // namespace
}  // namespace vedette
