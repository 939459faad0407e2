// A store goes from SQLite to MongoDB and back, in pieces, and is the same.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <sstream>

#include "base/random.hpp"
#include "store/mongo_client.hpp"
#include "store/mongo_rows.hpp"
#include "store/store.hpp"
#include "store/transfer.hpp"
#include "tests/support/mongo.hpp"
#include "tests/support/service.hpp"

namespace vedette::test {
namespace {

constexpr std::size_t records = 2'500;  // more than one page of a copy
const Time start = time_from_micros(1'700'000'000'000'000);

void fill(Judged& judged, Random& random, std::uint64_t n) {
  Record& record = judged.record;
  record.kind = random.chance(0.5) ? RecordKind::flow : RecordKind::reading;
  record.device = fmt::format("küche/{}", n % 7);
  record.time = start + Duration{static_cast<std::int64_t>(random.below(100'000'000))};
  if (record.kind == RecordKind::flow) {
    record.flow.uid = fmt::format("C{:x}", random.next());
    record.flow.orig_h = "10.0.0.1";
    record.flow.proto = Proto::udp;
    record.flow.orig_bytes = random.exponential(1e4);
  } else {
    record.reading.add("a.b$c", random.normal() * 1e-3);
    record.reading.add("", static_cast<double>(n));
  }
  record.seal();
  judged.received = start + std::chrono::milliseconds{n};
  judged.truth.label = n % 3 == 0 ? "Benign" : "";
  judged.verdict = {};
  judged.verdict.score = static_cast<float>(random.uniform());
  judged.verdict.anomalous = judged.verdict.score > 0.9F;
  const char* attack = n % 7 < 3 ? "DDoS" : "C&C";  // two classes, so more than one incident
  judged.verdict.label = judged.verdict.anomalous ? attack : "Benign";
  judged.verdict.suspect = "DDoS";
  judged.verdict.confidence = static_cast<float>(random.uniform());
  judged.verdict.learning = static_cast<std::uint8_t>(random.below(16));
  judged.verdict.certainty = judged.verdict.learning == 0 ? Certainty::sure : Certainty::learning;
  judged.verdict.excluded = n % 50 == 0 && judged.verdict.anomalous ? 2 : 0;
  judged.verdict.model = "tree-1";
  if (judged.verdict.anomalous) {
    judged.verdict.why.sentence = "because";
    judged.verdict.why.reasons.push_back({"a=\"b\"", 0.1F, -1e-9F, 3e8F, 1.0F / 3, ""});
    judged.verdict.why.similar.push_back({record.key, "x", "34-1", "DDoS", 0.25F});
  }
}

void fill_store(const std::filesystem::path& path, std::size_t count = records) {
  auto opened = open_sqlite_store(path, {});
  ASSERT_TRUE(opened.ok());
  Store& store = **opened;
  Random random{5};
  Batch batch{500};
  for (std::size_t n = 0; n < count; n += 500) {
    batch.reset();
    while (!batch.full()) fill(batch.add(), random, n + batch.size() - 1);
    batch.quarantined.push_back({start, fmt::format("topic {}", n), "malformed", "no", "x\xff", 9});
    ASSERT_TRUE(store.commit(batch, start + std::chrono::seconds{n}).ok());
  }
  ASSERT_TRUE(store.mark_alert(2, true, "false_alarm", "a cat").ok());
  ASSERT_TRUE(store.mark_incident(1, true, "true_alarm", "a fox").ok());
  ASSERT_TRUE(store.put_exclusion({.device = "nobody"}).ok());
  ASSERT_TRUE(store.drop_exclusion(1).ok());
  ASSERT_TRUE(store.put_exclusion({.device = "küche/1", .port = 23}).ok());
  ASSERT_TRUE(store.put_user({"ada", "$argon2id$1", "admin", start}).ok());
  ASSERT_TRUE(store.put_user({"bob", "$argon2id$2", "viewer", start}).ok());
  for (const char* hash : {"h1", "h2", "h3"}) {
    ASSERT_TRUE(
        store.put_token({hash, "ada", "api", hash, start, start + std::chrono::hours{1}}).ok());
    ASSERT_TRUE(store.put_audit({start, "ada", "login", hash}).ok());
  }
  ASSERT_TRUE(store.put_setting("model.flow.active", "a.vdm").ok());
}

class Migrate : public testing::Test {
 protected:
  void SetUp() override {
    if (MongoServer::program().empty()) {
      GTEST_SKIP() << "mongo_server is not built (./dev setup)";
    }
    server_.emplace(folder_.path() / "mongo");
    ASSERT_NO_FATAL_FAILURE(fill_store(folder_.path() / "first.db"));
  }
  std::string sqlite(const char* name) const {
    return "sqlite:" + (folder_.path() / name).string();
  }
  TemporaryDirectory folder_;
  std::optional<MongoServer> server_;
};

/// The table that the command prints: counts and checksums of both sides.
void expect_all_same(const Outcome& outcome, std::size_t records_there = records) {
  EXPECT_EQ(outcome.code, 0) << outcome.errors << outcome.output;
  EXPECT_EQ(outcome.output.find("different"), std::string::npos) << outcome.output;
  std::map<std::string, std::array<std::string, 4>> table;
  std::istringstream lines{outcome.output};
  for (std::string part; lines >> part;) {
    for (std::string& column : table[part]) lines >> column;
  }
  for (const auto& [part, count] :
       {std::pair{"verdicts", records_there}, std::pair{"exclusions", std::size_t{1}},
        std::pair{"quarantine", records_there / 500}, std::pair{"users", std::size_t{2}},
        std::pair{"tokens", std::size_t{3}}, std::pair{"audit", std::size_t{3}},
        std::pair{"settings", std::size_t{1}}}) {
    EXPECT_EQ(table[part][0], std::to_string(count)) << part << "\n" << outcome.output;
    EXPECT_EQ(table[part][1], std::to_string(count)) << part;
    EXPECT_EQ(table[part][2], table[part][3]) << part;
  }
  EXPECT_GT(std::stoi(table["alerts"][0]), 1);
  EXPECT_GT(std::stoi(table["incidents"][0]), 1);
}

TEST_F(Migrate, ThereAndBackAgain) {
  expect_all_same(run_vedette({"migrate-store", sqlite("first.db"), server_->uri("there")}));
  // A second run finds nothing to do, and checks again.
  expect_all_same(run_vedette({"migrate-store", sqlite("first.db"), server_->uri("there")}));
  expect_all_same(run_vedette({"migrate-store", server_->uri("there"), sqlite("back.db")}));

  const auto first = open_sqlite_store(folder_.path() / "first.db", {});
  const auto back = open_sqlite_store(folder_.path() / "back.db", {});
  ASSERT_TRUE(first.ok() && back.ok());
  const auto devices = (*first)->devices();
  const auto others = (*back)->devices();
  ASSERT_EQ(devices->size(), others->size());
  for (std::size_t i = 0; i < devices->size(); ++i) {
    EXPECT_EQ((*devices)[i].device, (*others)[i].device);
    EXPECT_EQ((*devices)[i].readings, (*others)[i].readings);
    EXPECT_EQ((*devices)[i].first_seen, (*others)[i].first_seen);
    EXPECT_EQ((*devices)[i].last_seen, (*others)[i].last_seen);
  }
  const auto minutes = (*first)->roll_ups("", start, start + std::chrono::hours{1});
  const auto again = (*back)->roll_ups("", start, start + std::chrono::hours{1});
  ASSERT_EQ(minutes->size(), again->size());
  for (std::size_t i = 0; i < minutes->size(); ++i) {
    EXPECT_EQ((*minutes)[i].flows, (*again)[i].flows);
    EXPECT_EQ((*minutes)[i].score_max, (*again)[i].score_max);
  }
  EXPECT_EQ((*back)->alert(2).value()->comment, "a cat");
  EXPECT_EQ((*back)->incident(1).value()->comment, "a fox");
  EXPECT_EQ((*back)->exclusions().value().front().id, 2U);
  EXPECT_EQ((*back)->put_exclusion({.device = "x"}).value(), 3U);
}

/// A page and all that follow.
nlohmann::json all_pages(Service& service, const std::string& question) {
  nlohmann::json items = nlohmann::json::array();
  std::string next;
  do {
    const auto page = service.get(question + (next.empty() ? "" : "&before=" + next));
    if (!page.contains("items")) return page;
    items.insert(items.end(), page["items"].begin(), page["items"].end());
    next = page["next"];
  } while (!next.empty());
  return items;
}

/// Asks both and expects the same. @return how many items.
std::size_t expect_same(Service& one, Service& other, const std::string& question) {
  const auto answer = all_pages(one, question);
  EXPECT_EQ(answer, all_pages(other, question)) << question;
  return answer.size();
}

TEST_F(Migrate, TheApiAnswersTheSameFromBothStores) {
  // FerretDB walks through all records for each of the thirty questions.
  constexpr std::size_t few = 1'000;
  ASSERT_NO_FATAL_FAILURE(fill_store(folder_.path() / "few.db", few));
  expect_all_same(run_vedette({"migrate-store", sqlite("few.db"), server_->uri("api")}), few);
  const auto served = [&](const char* name, const std::string& uri) {
    std::filesystem::create_directories(folder_.path() / name);
    return std::make_unique<Service>(
        folder_.path() / name, "mqtt://127.0.0.1:1", "",
        fmt::format("[store]\nuri = \"{}\"\nretention_days = 36500\n", uri));
  };
  const auto one = served("a", sqlite("few.db"));
  const auto other = served("b", server_->uri("api"));
  for (Service* service : {one.get(), other.get()}) {
    ASSERT_NO_FATAL_FAILURE(service->start());
    ASSERT_TRUE(
        eventually([&] { return service->get("/api/v1/alerts?open=true")["items"].empty(); }));
    ASSERT_TRUE(
        eventually([&] { return service->get("/api/v1/incidents?open=true")["items"].empty(); }));
  }
  constexpr const char* cam = "k%C3%BCche%2F1";
  const std::string times = "from=2023-11-14T22:13:30Z&to=2023-11-14T22:14:20Z";
  const std::string questions[] = {
      "/api/v1/verdicts?limit=400",
      fmt::format("/api/v1/verdicts?limit=60&device={}&anomalous=false", cam),
      "/api/v1/verdicts?limit=20&kind=flow&anomalous=true",
      "/api/v1/verdicts?limit=15&label=DDoS&" + times,
      fmt::format("/api/v1/records?limit=30&device={}&kind=reading&{}", cam, times),
      "/api/v1/alerts?limit=2",
      fmt::format("/api/v1/alerts?nature=attack&device={}", cam),
      "/api/v1/alerts?acknowledged=true",
      "/api/v1/alerts?incident=1",
      "/api/v1/incidents?limit=2",
      "/api/v1/incidents?order=rank",
      fmt::format("/api/v1/incidents?nature=attack&device={}", cam),
      "/api/v1/quarantine?limit=1",
  };
  for (const std::string& question : questions) {
    EXPECT_GT(expect_same(*one, *other, question), 0U) << question;
  }
  const auto some = one->get("/api/v1/verdicts?limit=1&anomalous=true")["items"][0];
  const std::string id = some["id"];
  for (const std::string& question :
       {"/api/v1/verdicts/" + id, "/api/v1/records/" + id, std::string{"/api/v1/devices"},
        fmt::format("/api/v1/devices/{}", cam), std::string{"/api/v1/alerts/2"},
        std::string{"/api/v1/incidents/1"}, std::string{"/api/v1/exclusions"},
        "/api/v1/rollups?" + times, fmt::format("/api/v1/rollups?device={}&{}", cam, times)}) {
    EXPECT_EQ(one->get(question), other->get(question)) << question;
  }
  const auto preview = [](Service& service) {
    const HttpReply reply = HttpClient{service.port()}.ask(
        "POST", "/api/v1/preview",
        {{"Authorization", "Bearer " + service.token()}, {"Content-Type", "application/json"}},
        R"({"threshold": 0.95, "without": [2], "to": "2024-01-01T00:00:00Z"})");
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.body;
  };
  const std::string seen = preview(*one);
  EXPECT_EQ(seen, preview(*other));
  EXPECT_NE(seen.find("\"hidden\""), std::string::npos);
  auto counted = one->get("/api/v1/status")["store"];
  auto also = other->get("/api/v1/status")["store"];
  counted.erase("bytes");
  also.erase("bytes");
  EXPECT_EQ(counted, also);
  other->kill(SIGTERM);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "b" / "models" / "vedette.state"));
}

TEST_F(Migrate, GoesOnAfterItWasKilled) {
  Process process{{program(), "migrate-store", sqlite("first.db"), server_->uri("killed")}};
  const auto client = mongo::Client::make(server_->uri("killed")).value();
  const auto copied = [&] {
    mongo::Doc one;
    one.set("limit", 1);
    bool some = false;
    static_cast<void>(client->find(mongo::collection::verdicts, {}, one, [&](const mongo::View&) {
      some = true;
      return Status{};
    }));
    return some;
  };
  ASSERT_TRUE(eventually(copied, std::chrono::minutes{1}));
  process.kill(SIGKILL);
  process.wait();
  expect_all_same(run_vedette({"migrate-store", sqlite("first.db"), server_->uri("killed")}));
}

TEST_F(Migrate, WritesRollUpsWhileItCopies) {
  // What waits in memory does not grow with the store that is copied.
  auto store = open_mongo_store(server_->uri("bounded"), {});
  ASSERT_TRUE(store.ok()) << store.error().message;
  auto& transfer = dynamic_cast<Transfer&>(**store);
  Batch batch{2'000};
  for (std::size_t n = 0; n < 20'000; n += batch.records_max()) {
    batch.reset();
    while (!batch.full()) {
      Judged& judged = batch.add();
      judged.record.kind = RecordKind::reading;
      judged.record.device = "lamp";
      judged.record.time = start + std::chrono::milliseconds{n + batch.size()};
      judged.record.seal();
      judged.received = judged.record.time;
      judged.verdict = {};
    }
    ASSERT_TRUE(transfer.adopt(batch, {}, start).ok());
  }
  const auto client = mongo::Client::make(server_->uri("bounded")).value();
  std::uint64_t readings = 0;
  const Status read = client->find(mongo::collection::devices, {}, {}, [&](const mongo::View& one) {
    readings += one.count("readings");
    return Status{};
  });
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(readings, 20'000U);
}

TEST_F(Migrate, RefusesATargetThatIsNotEmpty) {
  ASSERT_NO_FATAL_FAILURE(fill_store(folder_.path() / "other.db"));
  const Outcome outcome = run_vedette({"migrate-store", sqlite("first.db"), sqlite("other.db")});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.errors.find("the target is not empty: 2500 records"), std::string::npos)
      << outcome.errors;
}

}  // namespace
}  // namespace vedette::test
