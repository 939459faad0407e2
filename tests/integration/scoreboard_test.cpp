// Truth and verdicts meet on the scoreboard as an offline recount says; the truth reaches nobody
// else. A real broker, a service with a trained model, a fleet ordered about through the API.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "app/assets.hpp"
#include "app/live_fleet.hpp"
#include "app/service.hpp"
#include "app/system_clock.hpp"
#include "fleet/fleet.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/live_service.hpp"
#include "tests/support/recount.hpp"
#include "train/train.hpp"

namespace vedette {

/// A service without a page.
std::span<const Asset> dashboard_assets() {
  return {};
}

}  // namespace vedette

namespace vedette::test {
namespace {

using namespace std::chrono_literals;

FleetPlan plan_of(std::uint64_t seed, Time start) {
  FleetPlan plan;
  plan.seed = seed;
  plan.start = start;
  plan.pace = 10;
  plan.episode_every = Duration{0};
  return plan;
}

/// A tree fitted on simulated flows of another seed.
void make_model(const std::filesystem::path& path, const Clock& clock) {
  FleetPlan plan = plan_of(77, clock.now() - std::chrono::hours{48});
  plan.episode_every = 60s;
  FleetSimulator fleet{plan};
  DatasetWriter writer;
  Simulated said;
  while (writer.size() < 40'000) {
    fleet.next(said);
    if (said.record.kind == RecordKind::flow && said.topic.empty()) {
      writer.add("simulated", said.record, said.truth);
    }
  }
  const auto dataset_path = path.parent_path() / "simulated.vds";
  ASSERT_TRUE(writer.save(dataset_path).ok());
  const auto dataset = Dataset::load(dataset_path);
  ASSERT_TRUE(dataset.ok());
  TrainOptions options;
  options.split.by = "time";
  options.fit.threads = 1;
  auto trained = train(*dataset, tree_kind, options);
  ASSERT_TRUE(trained.ok()) << trained.error().message;
  ASSERT_TRUE(save_model(path, trained->file).ok());
}

template <class See>
void each_verdict(const Store& store, See see) {
  VerdictQuery query;
  query.limit = 1000;
  do {
    const auto page = store.verdicts(query);
    ASSERT_TRUE(page.ok());
    for (const Judged& judged : page->items) see(judged);
    query.before = page->next;
  } while (!query.before.empty());
}

/// The stored verdicts joined with the truth that was told; refused messages count as flagged.
Pairs pairs_of(const Store& store, const std::vector<TruthNote>& notes) {
  std::map<RecordKey, Verdict> verdicts;
  each_verdict(store, [&](const Judged& judged) { verdicts[judged.record.key] = judged.verdict; });
  Pairs pairs;
  for (const TruthNote& note : notes) {
    if (note.message != 0) {
      pairs.push_back({note, "quarantine", "", true});
      continue;
    }
    const auto found = verdicts.find(note.key);
    if (found == verdicts.end()) continue;
    const Verdict& verdict = found->second;
    pairs.push_back(
        {note, verdict.model.empty() ? "none" : verdict.model, verdict.label, verdict.anomalous});
  }
  return pairs;
}

Json ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? Json{} : Json(static_cast<double>(part) / static_cast<double>(whole));
}
Json seconds(std::optional<Duration> duration) {
  return duration ? Json(static_cast<double>(duration->count()) / 1e6) : Json{};
}

/// What the API should answer to the recounted numbers.
Json expected_detectors(const ScoreboardSnapshot& board) {
  Json all = Json::array();
  for (const DetectorScore& one : board.detectors) {
    const auto [model, tp, fp, tn, fn] = one;
    all.push_back({{"model", model},
                   {"records", tp + fp + tn + fn},
                   {"true_positives", tp},
                   {"false_positives", fp},
                   {"true_negatives", tn},
                   {"false_negatives", fn},
                   {"recall", ratio(tp, tp + fn)},
                   {"precision", ratio(tp, tp + fp)},
                   {"false_positive_rate", ratio(fp, fp + tn)}});
  }
  return all;
}
Json expected_causes(const ScoreboardSnapshot& board) {
  Json all = Json::array();
  for (const CauseScore& one : board.causes) {
    Json time{{"median_seconds", Json{}}, {"max_seconds", Json{}}};
    if (one.time_to_detect) {
      time["median_seconds"] = one.time_to_detect->median_seconds;
      time["max_seconds"] = one.time_to_detect->max_seconds;
    }
    all.push_back({{"cause", one.cause},
                   {"label", one.label},
                   {"fault", one.fault},
                   {"detector", one.detector},
                   {"records", one.records},
                   {"flagged", one.flagged},
                   {"named", one.named},
                   {"recall", ratio(one.flagged, one.records)},
                   {"precision", ratio(one.claimed_rightly, one.claimed)},
                   {"episodes", one.episodes},
                   {"episodes_detected", one.episodes_detected},
                   {"time_to_detect", time}});
  }
  return all;
}
Json expected_episodes(const ScoreboardSnapshot& board) {
  Json all = Json::array();
  for (const EpisodeScore& one : board.episodes) {
    Json detectors = Json::array();
    for (const auto& [model, flagged] : one.detectors) {
      detectors.push_back({{"model", model}, {"flagged", flagged}});
    }
    all.push_back({{"number", one.number},
                   {"device", one.device},
                   {"cause", one.cause},
                   {"label", one.label},
                   {"begins", to_rfc3339(one.begins)},
                   {"first_record", to_rfc3339(one.first_record)},
                   {"last_record", to_rfc3339(one.last_record)},
                   {"records", one.records},
                   {"flagged", one.flagged},
                   {"detectors", detectors},
                   {"time_to_detect_seconds", seconds(one.time_to_detect)}});
  }
  return all;
}

class Scoreboards : public testing::Test {
 protected:
  void SetUp() override {
    if (!Broker::available()) GTEST_SKIP() << "mosquitto is not installed";
    ASSERT_NO_FATAL_FAILURE(make_model(model(), clock_));
  }
  std::filesystem::path model() const { return folder_.path() / "tree.vdm"; }
  std::filesystem::path fresh(const char* name) const {
    std::filesystem::create_directories(folder_.path() / name);
    return folder_.path() / name;
  }

  SystemClock clock_;
  TemporaryDirectory folder_;
};

/// Ten kinds of which each makes records while it lasts: five attacks, five faults if there are.
std::vector<std::string> ten_kinds(const Json& simulation) {
  // Silence makes no records, and of guessed topics some are valid records under another name.
  const std::set<std::string> odd{"gap", "dead_device", "mqtt_topic_guessing"};
  std::vector<std::string> attacks;
  std::vector<std::string> faults;
  for (const Json& kind : simulation["kinds"]) {
    if (odd.contains(kind["name"])) continue;
    (kind["fault"] == true ? faults : attacks).push_back(kind["name"]);
  }
  std::vector<std::string> ten;
  for (std::size_t i = 0; i < 5; ++i) {
    ten.push_back(attacks[i % attacks.size()]);
    ten.push_back(faults[i % faults.size()]);
  }
  return ten;
}

/// Starts it on the first device that can do it. @return its number, 0 when none can.
std::uint32_t start_somewhere(LiveService& service, const Json& devices, std::size_t first,
                              const std::string& kind, double length_seconds) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const Json order{{"kind", kind},
                     {"device", devices[(first + i) % devices.size()]},
                     {"length_seconds", length_seconds}};
    const HttpReply reply = service.ask("POST", "/api/v1/simulation/episodes", order.dump());
    if (reply.status == 201) return Json::parse(reply.body)["number"];
    EXPECT_TRUE(reply.status == 409 || reply.status == 400) << reply.body;
  }
  return 0;
}

/// A message that no decoder takes, as an attack of its own.
void say_nonsense(Speaker& speaker, std::uint32_t number, Time now) {
  Simulated said;
  said.topic = "iot/camera-01/flow";
  said.payload = "{\"ts\":";
  TruthNote note;
  note.device = "camera-01";
  note.label = "Attack";
  note.cause = "nonsense";
  note.message = message_hash(said.topic, said.payload);
  note.time = now;
  note.begins = now - 2s;
  note.episode = number;
  speaker.say(said, note);
}

TEST_F(Scoreboards, TenEpisodesStartedByHandAreScoredAsAnOfflineRecountSays) {
  Broker broker;
  LiveFleet live{30s};
  LiveService service{fresh("live"), model(), broker.uri(), clock_, &live};
  const auto publisher = publisher_to(broker.uri(), "fleet");
  TruthReader reader{broker.uri()};
  ASSERT_TRUE(eventually([&] { return reader.connected(); }));
  ASSERT_NO_FATAL_FAILURE(service.wait_until_it_listens(*publisher));

  Speaker speaker{*publisher};
  std::jthread simulating{[&](const std::stop_token& stop) {
    FleetSimulator fleet{plan_of(5, clock_.now())};
    Simulated said;
    while (!stop.stop_requested()) {
      live.serve(fleet);
      fleet.next(said);
      speaker.say(said, note_of(said));
      // Not further ahead of the service than the scoreboard can wait.
      if (speaker.said() % 5'000 == 0) service.wait_until_dealt_with(speaker.said() - 4'000);
    }
    for (std::uint32_t number = 901; number <= 903; ++number) {
      say_nonsense(speaker, number, fleet.now());
    }
    speaker.finish();
  }};
  const Json simulation = service.get("/api/v1/simulation");
  ASSERT_EQ(simulation["devices"].size(), 24U);
  EXPECT_TRUE(simulation["episodes"].empty());
  const std::vector<std::string> kinds = ten_kinds(simulation);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const bool last = i + 1 == kinds.size();
    const std::uint32_t number =
        start_somewhere(service, simulation["devices"], 2 * i, kinds[i], last ? 86'400 : 60);
    ASSERT_NE(number, 0U) << kinds[i];
    ASSERT_TRUE(eventually([&] { return reader.of_episode(number) >= 1; }, 1min)) << kinds[i];
  }
  EXPECT_FALSE(service.get("/api/v1/simulation")["episodes"].empty());
  const Json stopped = Json::parse(service.ask("DELETE", "/api/v1/simulation/episodes").body);
  EXPECT_GE(stopped["stopped"], 1);
  simulating.request_stop();
  simulating.join();

  service.wait_for_joined(speaker.said());
  ASSERT_TRUE(eventually([&] { return reader.notes().size() > speaker.said(); }));
  const Json board = service.get("/api/v1/scoreboard");
  service.stop();
  const Pairs pairs = pairs_of(service.store(), reader.notes());
  const ScoreboardSnapshot counted = recount(pairs);
  EXPECT_EQ(board["enabled"], true);
  EXPECT_EQ(board["records"], (Json{{"joined", speaker.said()},
                                    {"waiting_truth", 0},
                                    {"waiting_verdict", 1},  // nobody's
                                    {"dropped", 0},
                                    {"bad_lines", 0}}));
  EXPECT_EQ(pairs.size(), speaker.said());
  EXPECT_EQ(board["detectors"], expected_detectors(counted));
  EXPECT_EQ(board["causes"], expected_causes(counted));
  EXPECT_EQ(board["episodes"], expected_episodes(counted));
  // And it says something: two models and the quarantine judged, all episodes are listed, and the
  // ten were not all missed (how many are found is luck: begins and devices differ in each run).
  EXPECT_EQ(board["detectors"].size(), 3U);
  EXPECT_EQ(board["episodes"].size(), 13U);
  fmt::print("{} records; {}\n", pairs.size(), board["detectors"].dump());
  for (const Json& episode : board["episodes"]) {
    fmt::print("  {:>3} {:<16} {:>5} records {:>5} flagged, found after {} s\n",
               episode["number"].get<int>(), episode["cause"].get<std::string>(),
               episode["records"].get<int>(), episode["flagged"].get<int>(),
               episode["time_to_detect_seconds"].dump());
  }
  const auto found = [](const Json& one) {
    return one["cause"] != "nonsense" && one["flagged"] > 0;
  };
  EXPECT_GE(std::count_if(board["episodes"].begin(), board["episodes"].end(), found), 1);
}

using Bits = std::map<std::string, std::tuple<std::uint32_t, bool, std::string, std::string>>;

/// The verdicts on one stream, while the truth that is told of it comes out of `tell`.
template <class Tell>
Bits judged_beside(const std::filesystem::path& folder, const std::filesystem::path& model,
                   const Clock& clock, Tell tell, Json& board) {
  constexpr std::uint64_t records = 4'000;
  Broker broker;
  LiveService service{folder, model, broker.uri(), clock, nullptr};
  const auto publisher = publisher_to(broker.uri(), "fleet");
  service.wait_until_it_listens(*publisher);
  Speaker speaker{*publisher};
  FleetPlan plan = plan_of(6, time_from_micros(1'750'000'000'000'000));
  plan.episode_every = 20s;
  FleetSimulator fleet{plan};
  Simulated said;
  while (speaker.said() < records) {
    fleet.next(said);
    if (!said.topic.empty()) continue;
    TruthNote note = note_of(said);
    tell(note);
    speaker.say(said, note);
  }
  speaker.finish();
  service.wait_for_joined(records);
  board = service.get("/api/v1/scoreboard");
  EXPECT_EQ(service.ask("GET", "/api/v1/simulation").status, 404);
  service.stop();
  Bits bits;
  each_verdict(service.store(), [&](const Judged& judged) {
    const Verdict& verdict = judged.verdict;
    bits[vedette::to_text(judged.record.key)] = {std::bit_cast<std::uint32_t>(verdict.score),
                                                 verdict.anomalous, verdict.label, verdict.model};
  });
  return bits;
}

TEST_F(Scoreboards, ALieAboutTheTruthChangesTheScoreAndNoVerdict) {
  Json honest_board;
  Json lying_board;
  const Bits honest = judged_beside(
      fresh("honest"), model(), clock_, [](TruthNote&) {}, honest_board);
  const Bits lying = judged_beside(
      fresh("lying"), model(), clock_,
      [](TruthNote& note) { note.label = note.label == "Benign" ? "DDoS" : "Benign"; },
      lying_board);
  EXPECT_EQ(honest.size(), 4'000U);
  EXPECT_EQ(honest, lying);
  ASSERT_EQ(honest_board["detectors"].size(), lying_board["detectors"].size());
  for (std::size_t i = 0; i < honest_board["detectors"].size(); ++i) {
    const Json& told = honest_board["detectors"][i];
    const Json& lied = lying_board["detectors"][i];
    EXPECT_EQ(told["true_positives"], lied["false_positives"]);
    EXPECT_EQ(told["false_negatives"], lied["true_negatives"]);
    EXPECT_NE(told["false_negatives"], lied["false_negatives"]);
  }
}

TEST_F(Scoreboards, AServiceThatCouldReadTheTruthIsRefused) {
  Config config;
  config.store.uri = "sqlite:" + (folder_.path() / "refused.db").string();
  config.models.folder = folder_.path();
  config.mqtt.filters = {"iot/#", "+/truth/fleet"};
  config.scoreboard.truth = "vedette/truth/#";
  const auto service = Service::start(config, clock_);
  ASSERT_FALSE(service.ok());
  EXPECT_EQ(service.error().code, Errc::refused);
  EXPECT_EQ(service.error().message,
            "scoreboard.truth \"vedette/truth/#\" overlaps mqtt.filters \"+/truth/fleet\": a "
            "detector could read the truth");
}

}  // namespace
}  // namespace vedette::test
