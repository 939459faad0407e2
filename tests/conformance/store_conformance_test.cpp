/// What every store owes. A new store is one line in `stores()`.
///
/// MongoDB: the server VEDETTE_MONGO_URI names (without a database; the tests make and drop their
/// own), or tests/mongo_server, which `./dev setup` builds.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <thread>

#include "base/random.hpp"
#include "store/mongo_client.hpp"
#include "store/store.hpp"
#include "tests/support/mongo.hpp"

namespace vedette {
namespace {

using Opened = Result<std::unique_ptr<Store>>;

/// A kind of store, and how to open (or open again) the one that lives in a folder.
struct Member {
  const char* name;
  std::function<Opened(const std::filesystem::path& folder, Retention retention)> open;
  bool is_there = true;
  /// FerretDB reads a whole collection for nearly every question: fewer are asked.
  bool is_slow = false;
};

/// "" when there is no server to test on.
std::string mongo_uri(const std::string& database) {
  if (const char* named = std::getenv("VEDETTE_MONGO_URI")) {
    return fmt::format("{}/{}", named, database);
  }
  if (test::MongoServer::program().empty()) return "";
  static const test::TemporaryDirectory folder;
  static const test::MongoServer server{folder.path()};
  return server.uri(database);
}

/// MongoDB drops records of 2023 by itself, at any time: not in a test that counts them.
void keep_what_is_old(const mongo::Client& client) {
  mongo::Doc command;
  command.set("setParameter", 1).set("ttlMonitorEnabled", false);
  static_cast<void>(client.ask(command, "admin"));  // FerretDB knows no such thing
}

Opened open_mongo(const std::filesystem::path& folder, Retention retention) {
  // Names of databases have at most 63 bytes.
  const std::string uri = mongo_uri(folder.filename().string().substr(0, 50));
  const auto client = mongo::Client::make(uri);
  if (!client) return client.error();
  keep_what_is_old(**client);
  std::error_code ignored;
  if (std::filesystem::create_directory(folder / "begun", ignored)) {  // the first of this test
    mongo::Doc drop;
    drop.set("dropDatabase", 1);
    if (const auto dropped = (*client)->ask(drop); !dropped) return dropped.error();
  }
  return open_mongo_store(uri, retention);
}

std::vector<Member> stores() {
  return {{"sqlite",
           [](const std::filesystem::path& folder, Retention retention) {
             return open_sqlite_store(folder / "store.db", retention);
           }},
          {"mongo", open_mongo,
           std::getenv("VEDETTE_MONGO_URI") != nullptr || !test::MongoServer::program().empty(),
           std::getenv("VEDETTE_MONGO_URI") == nullptr}};
}

constexpr std::int64_t second = 1'000'000;
const Time start = time_from_micros(1'700'000'000 * second);
Time after(double seconds) {
  return start + Duration{static_cast<std::int64_t>(seconds * static_cast<double>(second))};
}

class StoreConformance : public testing::TestWithParam<Member> {
 protected:
  void SetUp() override {
    if (!GetParam().is_there) {
      GTEST_SKIP() << "no MongoDB: VEDETTE_MONGO_URI names none, and mongo_server is not built";
    }
    const auto name = fmt::format("vedette_store_{}_{}", ::getpid(),
                                  testing::UnitTest::GetInstance()->current_test_info()->name());
    folder_ =
        std::filesystem::temp_directory_path() / (name.substr(0, name.find('/')) + GetParam().name);
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    reopen();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  /// Every anomaly opens an alert, unless the test asks for evidence.
  static Retention told_at_once() {
    Retention retention;
    retention.alarms.evidence = 1;
    return retention;
  }
  void reopen(Retention retention = told_at_once()) {
    store_.reset();
    auto opened = GetParam().open(folder_, retention);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
  }
  Store& store() { return *store_; }
  int as_many_as(int quick, int slow) const { return GetParam().is_slow ? slow : quick; }

  void commit(Batch& batch, Time now) {
    batch.alarms.clear();
    const Status done = store().commit(batch, now);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  std::vector<AlertChange> maintain(Time now) {
    AlarmChanges changes;
    const Status done = store().maintain(now, changes);
    EXPECT_TRUE(done.ok()) << (done ? "" : done.error().message);
    return changes.alerts;
  }

  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance, testing::ValuesIn(stores()),
                         [](const auto& param) { return std::string{param.param.name}; });

Judged& add_reading(Batch& batch, const std::string& device, Time time, double value,
                    const char* label = "", Time received = start) {
  Judged& judged = batch.add();
  judged.record.kind = RecordKind::reading;
  judged.record.device = device;
  judged.record.time = time;
  judged.record.reading.add("temperature", value);
  judged.record.seal();
  judged.received = received;
  judged.verdict = {};
  judged.verdict.model = "m1";
  judged.verdict.label = label;
  if (*label != '\0') {
    judged.verdict.anomalous = true;
    judged.verdict.score = static_cast<float>(value);
    judged.verdict.why.reasons.push_back(
        {"temperature", static_cast<float>(value), 18, 24.5F, 0.75F, ""});
  }
  return judged;
}

/// A record with every field drawn, or left out, by chance.
void draw(Judged& judged, Random& random, Time received) {
  static const std::vector<std::string> devices{"cam", "küche/1", "it's", "\"q\"", "点滴", "a;--"};
  static const std::vector<std::string> labels{"", "Benign", "DDoS", "C&C"};
  const auto number = [&] { return random.chance(0.3) ? not_set : random.exponential(1e4); };
  Record& record = judged.record;
  record.kind = random.chance(0.5) ? RecordKind::flow : RecordKind::reading;
  record.device = devices[random.below(devices.size())];
  // Few different times, so that many records share one and only the hash orders them.
  record.time = start + Duration{static_cast<std::int64_t>(random.below(60)) * second};
  Flow& flow = record.flow;
  flow.uid = random.chance(0.5) ? "" : fmt::format("C{:x}", random.next());
  flow.orig_h = "10.0.0.1";
  flow.resp_h = random.chance(0.2) ? "" : "fe80::1";
  flow.orig_p = static_cast<std::uint16_t>(random.next());
  flow.resp_p = static_cast<std::uint16_t>(random.next());
  flow.proto = static_cast<Proto>(random.below(5));
  flow.conn_state = static_cast<ConnState>(random.below(conn_state_count));
  flow.service = random.chance(0.5) ? "" : "dns";
  flow.history = random.chance(0.5) ? "" : "ShADadfF";
  for (double* field :
       {&flow.duration, &flow.orig_bytes, &flow.resp_bytes, &flow.missed_bytes, &flow.orig_pkts,
        &flow.orig_ip_bytes, &flow.resp_pkts, &flow.resp_ip_bytes}) {
    *field = number();
  }
  if (record.kind == RecordKind::reading) {
    flow.clear();
    for (std::uint64_t i = random.below(4); i < 5; ++i) {
      record.reading.add(fmt::format("v\"{}\n\\", i), random.normal() * 1e-3);
    }
  }
  record.seal();
  judged.received = received;
  judged.truth.label = random.chance(0.5) ? "" : "Okiru";
  Verdict& verdict = judged.verdict;
  verdict = {};
  verdict.score = static_cast<float>(random.uniform());
  verdict.threshold = 0.7F;
  verdict.anomalous = verdict.score >= verdict.threshold;
  verdict.certainty = static_cast<Certainty>(random.below(3));
  verdict.label = labels[random.below(labels.size())];
  verdict.suspect = labels[1 + random.below(labels.size() - 1)];
  verdict.excluded = random.chance(0.1) ? random.below(3) : 0;
  verdict.model = random.chance(0.1) ? "" : "tree-1";
  if (verdict.anomalous)
    verdict.why.reasons.push_back({"a=\"b\"", 0.1F, -1e-9F, 3e8F, 1.0F / 3, ""});
}

std::string text_of(const Judged& judged) {
  std::string text;
  append_verdict_json(text, judged);
  return text + judged.truth.label;
}
/// The plain twin: everything in a map, every answer by a walk over all of it.
struct Twin {
  std::map<RecordKey, Judged> rows;

  bool matches(const Judged& judged, const VerdictQuery& query) const {
    const Record& record = judged.record;
    return (query.device.empty() || record.device == query.device) &&
           (!query.kind || record.kind == *query.kind) &&
           (!query.anomalous || judged.verdict.anomalous == *query.anomalous) &&
           (query.label.empty() || judged.verdict.label == query.label) &&
           (!query.from || record.time >= *query.from) && (!query.to || record.time < *query.to);
  }
  std::vector<std::string> answer(const VerdictQuery& query) const {
    std::vector<std::string> texts;
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      if (matches(row->second, query)) texts.push_back(text_of(row->second));
    }
    return texts;
  }
};

std::vector<std::string> all_pages(const Store& store, VerdictQuery query) {
  std::vector<std::string> texts;
  for (int page = 0; page < 10'000; ++page) {
    const auto answer = store.verdicts(query);
    if (!answer) return {answer.error().message};
    EXPECT_LE(answer->items.size(), query.limit);
    for (const Judged& judged : answer->items) texts.push_back(text_of(judged));
    if (answer->next.empty()) return texts;
    query.before = answer->next;
  }
  return {"pages without an end"};
}

VerdictQuery draw_query(Random& random) {
  VerdictQuery query;
  if (random.chance(0.5)) query.device = random.chance(0.1) ? "nobody" : "küche/1";
  if (random.chance(0.5)) query.kind = static_cast<RecordKind>(random.below(2));
  if (random.chance(0.5)) query.anomalous = random.chance(0.5);
  if (random.chance(0.5)) query.label = random.chance(0.5) ? "DDoS" : "Benign";
  if (random.chance(0.3)) query.from = after(static_cast<double>(random.below(60)));
  if (random.chance(0.3)) query.to = after(static_cast<double>(random.below(60)));
  query.limit = 1 + random.below(40);
  return query;
}

TEST_P(StoreConformance, AnswersAsAPlainMapDoes) {
  const std::uint64_t seed = 20'261'123;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random{seed};
  Twin twin;
  std::vector<Judged> sent;
  Batch batch{64};
  const int rounds = as_many_as(12, 6);
  for (int round = 0; round < rounds; ++round) {
    batch.reset();
    const Time now = after(round * 20);
    while (!batch.full()) {
      Judged& judged = batch.add();
      if (!sent.empty() && random.chance(0.2)) {
        judged = sent[random.below(sent.size())];  // a redelivery, judged and received anew
        judged.received = now;
        judged.verdict.score = 0.123F;
      } else {
        draw(judged, random, now);
        sent.push_back(judged);
      }
    }
    commit(batch, now);
    for (const Judged& judged : batch) {
      const bool inserted = twin.rows.try_emplace(judged.record.key, judged).second;
      ASSERT_EQ(judged.is_new, inserted);
    }
    if (round == rounds / 2) reopen();
  }
  for (int i = 0; i < as_many_as(60, 12); ++i) {
    VerdictQuery query = draw_query(random);
    const auto expected = twin.answer(query);
    // A page is a walk over all that is there: few pages, some of them the last.
    if (GetParam().is_slow) query.limit = std::max(query.limit, expected.size() / 4 + 1);
    SCOPED_TRACE(fmt::format("query {}", i));
    ASSERT_EQ(all_pages(store(), query), expected);
  }
  const auto every = static_cast<std::uint64_t>(as_many_as(1, 5));
  for (const auto& [key, judged] : twin.rows) {
    if (key.hash % every != 0) continue;
    const auto found = store().verdict(key);
    ASSERT_TRUE(found.ok() && found->has_value());
    ASSERT_EQ(text_of(**found), text_of(judged));
  }
  EXPECT_FALSE(store().verdict(RecordKey{1, 2})->has_value());
}

TEST_P(StoreConformance, RollUpsDevicesAndCountsAreRecounts) {
  Random random{7};
  std::map<std::pair<std::string, Time>, RollUp> minutes;
  std::map<std::string, DeviceSummary> devices;
  StoreCounts expected;
  Batch batch{100};
  std::vector<Judged> sent;
  for (int round = 0; round < 8; ++round) {
    batch.reset();
    while (!batch.full()) {
      Judged& judged = batch.add();
      if (!sent.empty() && random.chance(0.2)) {
        judged = sent[random.below(sent.size())];
      } else {
        draw(judged, random, after(round * 25 + random.uniform() * 25));
        sent.push_back(judged);
      }
    }
    commit(batch, after(round * 25 + 25));
    for (const Judged& judged : batch) {
      if (!judged.is_new) continue;
      const bool flow = judged.record.kind == RecordKind::flow;
      const std::uint64_t anomaly = judged.verdict.anomalous ? 1 : 0;
      for (const std::string& device : {std::string{}, judged.record.device}) {
        RollUp& minute =
            minutes[{device, std::chrono::floor<std::chrono::minutes>(judged.received)}];
        (flow ? minute.flows : minute.readings) += 1;
        minute.anomalies += anomaly;
        minute.score_max = std::max(minute.score_max, judged.verdict.score);
      }
      auto [summary, is_first] = devices.try_emplace(judged.record.device);
      DeviceSummary& device = summary->second;
      device.first_seen = is_first ? judged.received : std::min(device.first_seen, judged.received);
      device.last_seen = is_first ? judged.received : std::max(device.last_seen, judged.received);
      (flow ? device.flows : device.readings) += 1;
      device.anomalies += anomaly;
      (flow ? expected.flows : expected.readings) += 1;
      expected.anomalies += anomaly;
    }
  }
  reopen();
  const auto counts = store().counts();
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->flows, expected.flows);
  EXPECT_EQ(counts->readings, expected.readings);
  EXPECT_EQ(counts->anomalies, expected.anomalies);
  EXPECT_GT(counts->bytes, 0U);
  const auto summaries = store().devices();
  ASSERT_TRUE(summaries.ok());
  ASSERT_EQ(summaries->size(), devices.size());
  for (const DeviceSummary& device : *summaries) {
    const DeviceSummary& twin = devices.at(device.device);
    EXPECT_EQ(device.first_seen, twin.first_seen);
    EXPECT_EQ(device.last_seen, twin.last_seen);
    EXPECT_EQ(device.flows, twin.flows);
    EXPECT_EQ(device.readings, twin.readings);
    EXPECT_EQ(device.anomalies, twin.anomalies);
    const auto open = store().alerts({.device = device.device, .open = true, .limit = 1000});
    EXPECT_EQ(device.open_alerts, open->items.size());
  }
  std::size_t seen = 0;
  for (const auto& [key, twin] : minutes) {
    const auto& [device, minute] = key;
    const auto found = store().roll_ups(device, minute, minute + std::chrono::minutes{1});
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(found->size(), 1U);
    const RollUp& roll_up = found->front();
    EXPECT_EQ(roll_up.minute, minute);
    EXPECT_EQ(roll_up.flows, twin.flows);
    EXPECT_EQ(roll_up.readings, twin.readings);
    EXPECT_EQ(roll_up.anomalies, twin.anomalies);
    EXPECT_EQ(roll_up.score_max, twin.score_max);
    seen += device.empty() ? 1 : 0;
  }
  const auto fleet = store().roll_ups("", after(-3600), after(3600));
  EXPECT_EQ(fleet->size(), seen);
  EXPECT_TRUE(store().roll_ups("nobody", after(-3600), after(3600))->empty());
}

std::vector<std::string> events_of(const std::vector<AlertChange>& changes) {
  std::vector<std::string> events;
  for (const AlertChange& change : changes) {
    events.push_back(
        fmt::format("{} {} {}", name_of(change.event), change.alert.id, change.alert.count));
  }
  return events;
}
using Events = std::vector<std::string>;

TEST_P(StoreConformance, RunsOfAnomaliesAreOneAlertAcrossAReopen) {
  Batch batch{8};
  add_reading(batch, "boiler", after(0), 0.8, "level", after(10));
  add_reading(batch, "boiler", after(1), 0.9, "level", after(10));
  add_reading(batch, "boiler", after(2), 0.7, "level", after(10));
  add_reading(batch, "boiler", after(3), 21.0, "", after(10));
  commit(batch, after(10));
  EXPECT_EQ(events_of(batch.alarms.alerts), (Events{"raised 1 3"}));
  EXPECT_EQ(batch.alarms.alerts[0].alert.peak_record, batch[1].record.key);

  commit(batch, after(11));  // the same batch again: redeliveries grow nothing
  EXPECT_TRUE(batch.alarms.alerts.empty());

  ASSERT_TRUE(store().mark_alert(1, true, "false_alarm", "it's \"fine\"").ok());
  reopen();
  batch.reset();
  add_reading(batch, "boiler", after(60), 0.6, "level", after(70));
  add_reading(batch, "boiler", after(61), 0.6, "spike", after(70));
  add_reading(batch, "pump", after(62), 0.6, "level", after(70));
  commit(batch, after(70));
  EXPECT_EQ(events_of(batch.alarms.alerts), (Events{"updated 1 5", "raised 2 1"}));
  EXPECT_TRUE(batch.alarms.alerts[0].alert.acknowledged);

  EXPECT_TRUE(maintain(after(70 + 119)).empty());
  EXPECT_EQ(events_of(maintain(after(70 + 120))), (Events{"closed 1 5", "closed 2 1"}));
  const auto alert = store().alert(1);
  ASSERT_TRUE(alert.ok() && alert->has_value());
  EXPECT_FALSE((*alert)->open);
  EXPECT_EQ((*alert)->first, after(0));
  EXPECT_EQ((*alert)->last, after(61));
  EXPECT_EQ((*alert)->raised, after(10));
  EXPECT_EQ((*alert)->updated, after(70));
  EXPECT_EQ((*alert)->peak_score, 0.9F);
  EXPECT_EQ((*alert)->feedback, "false_alarm");
  EXPECT_EQ((*alert)->comment, "it's \"fine\"");
  ASSERT_EQ((*alert)->why.reasons.size(), 1U);
  EXPECT_EQ((*alert)->why.reasons[0].usual_high, 24.5F);
  EXPECT_EQ((*alert)->label, "level");
  EXPECT_EQ((*alert)->nature, Nature::device_health);
  ASSERT_EQ((*alert)->labels.size(), 2U);
  EXPECT_EQ((*alert)->labels[0].count, 4U);
  EXPECT_EQ((*alert)->labels[1].label, "spike");
  EXPECT_EQ((*alert)->samples.size(), 2U);
}

TEST_P(StoreConformance, AStaleRunIsNotContinuedAndIdsIncrease) {
  Batch batch{2};
  add_reading(batch, "a", after(0), 0.8, "level", after(0));
  commit(batch, after(0));
  reopen();
  batch.reset();
  add_reading(batch, "a", after(500), 0.8, "level", after(500));
  commit(batch, after(500));
  EXPECT_EQ(events_of(batch.alarms.alerts), (Events{"closed 1 1", "raised 2 1"}));
  EXPECT_EQ(store().alerts({.open = true})->items.size(), 1U);
  EXPECT_EQ(store().alerts({.acknowledged = true})->items.size(), 0U);
  const auto newest = store().alerts({.limit = 1});
  EXPECT_EQ(newest->items[0].id, 2U);
  const auto next = store().alerts({.before = newest->next, .limit = 1});
  EXPECT_EQ(next->items[0].id, 1U);
  EXPECT_EQ(next->next, "");
  EXPECT_EQ(store().mark_alert(99, true, "", "").error().code, Errc::not_found);
  EXPECT_FALSE(store().alert(99)->has_value());
}

Judged& add_flow(Batch& batch, const std::string& device, Time received, float score,
                 const std::string& destination, const std::string& label = "C&C") {
  Judged& judged = batch.add();
  judged.record.kind = RecordKind::flow;
  judged.record.device = device;
  judged.record.time = received;
  judged.record.flow.resp_h = destination;
  judged.record.flow.resp_p = 6667;
  judged.record.seal();
  judged.received = received;
  judged.verdict = {};
  judged.verdict.label = judged.verdict.suspect = label;
  judged.verdict.score = score;
  judged.verdict.threshold = 0.5F;
  judged.verdict.anomalous = score >= 0.5F;
  if (!judged.verdict.anomalous) judged.verdict.label = "Benign";
  return judged;
}

std::vector<std::string> events_of(const std::vector<IncidentChange>& changes) {
  std::vector<std::string> events;
  for (const IncidentChange& change : changes) {
    const Incident& one = change.incident;
    events.push_back(fmt::format("{} {} {}/{}{}", name_of(change.event), one.id, one.alert_count,
                                 one.count, one.joint ? " joint" : ""));
  }
  return events;
}

TEST_P(StoreConformance, IncidentsAreWrittenWithTheirAlertsAndGoOnAfterAReopen) {
  Batch batch{8};
  add_flow(batch, "boiler", after(0), 0.9F, "10.0.0.9");
  add_flow(batch, "pump", after(1), 0.8F, "10.0.0.8", "DDoS");
  commit(batch, after(1));
  EXPECT_EQ(events_of(batch.alarms.incidents), (Events{"raised 1 1/1", "raised 2 1/1"}));
  reopen();
  batch.reset();
  add_flow(batch, "lamp", after(30), 0.9F, "10.0.0.8", "DDoS");  // class and destination of pump
  Judged& frozen = add_reading(batch, "boiler", after(40), 0.9, "stuck", after(40));
  frozen.verdict.why.reasons[0].feature = "temperature stuck";
  commit(batch, after(40));
  EXPECT_EQ(events_of(batch.alarms.incidents), (Events{"updated 1 2/2 joint", "updated 2 2/2"}));
  const auto joint = store().incident(1);
  ASSERT_TRUE(joint.ok() && joint->has_value());
  EXPECT_EQ((*joint)->title, "boiler: temperature froze 40 s after C&C to 10.0.0.9:6667");
  EXPECT_EQ((*joint)->alerts, (std::vector<std::uint64_t>{1, 4}));
  std::string stored;
  std::string told;
  append_incident_json(stored, **joint);
  append_incident_json(told, batch.alarms.incidents[0].incident);
  EXPECT_EQ(stored, told);
  EXPECT_EQ((*store().alert(4))->incident, 1U);

  const auto ids = [&](const IncidentQuery& query) {
    std::vector<std::uint64_t> found;
    const auto page = store().incidents(query);
    for (const Incident& one : page->items) found.push_back(one.id);
    return found;
  };
  using Ids = std::vector<std::uint64_t>;
  EXPECT_EQ(ids({}), (Ids{2, 1}));
  EXPECT_EQ(ids({.by_rank = true}), (Ids{1, 2}));
  EXPECT_EQ(ids({.device = "lamp"}), (Ids{2}));
  EXPECT_EQ(ids({.nature = Nature::behaviour}), Ids{});
  EXPECT_EQ(ids({.before = "2"}), (Ids{1}));
  EXPECT_EQ(store().incidents({.limit = 1})->next, "2");
  EXPECT_EQ(store().incidents({.before = "x"}).error().code, Errc::malformed);
  EXPECT_EQ(store().alerts({.incident = 2})->items.size(), 2U);
  EXPECT_EQ(store().alerts({.nature = Nature::device_health})->items.size(), 1U);

  ASSERT_TRUE(store().mark_incident(1, true, "true_alarm", "a \"break-in\"").ok());
  EXPECT_EQ(store().mark_incident(99, true, "", "").error().code, Errc::not_found);
  EXPECT_EQ(ids({.acknowledged = true}), (Ids{1}));
  EXPECT_EQ((*store().alert(4))->feedback, "true_alarm");
  AlarmChanges closed;
  ASSERT_TRUE(store().maintain(after(400), closed).ok());
  EXPECT_EQ(events_of(closed.incidents), (Events{"closed 1 2/2 joint", "closed 2 2/2"}));
  EXPECT_EQ(ids({.open = true}), Ids{});
  EXPECT_EQ((*store().incident(1))->comment, "a \"break-in\"");
  EXPECT_FALSE(store().incident(3)->has_value());
}

TEST_P(StoreConformance, ExclusionsAreKeptAndWhatTheyHideIsCounted) {
  Exclusion full;
  full.device = "cam";
  full.kind = RecordKind::flow;
  full.label = "C&C";
  full.destination = "fe80::1";
  full.port = 0;
  full.day = DayWindow{std::chrono::minutes{1320}, std::chrono::minutes{360}};
  full.from = after(-5);
  full.to = after(5);
  full.reason = "it's \"fine\"";
  full.created_by = "bob";
  full.created = after(1);
  full.expires = after(2);
  EXPECT_EQ(store().put_exclusion({.device = "lamp"}).value(), 1U);
  EXPECT_EQ(store().put_exclusion(full).value(), 2U);
  Batch batch{2};
  add_flow(batch, "cam", after(0), 0.9F, "fe80::1").verdict.excluded = 2;
  add_flow(batch, "cam", after(1), 0.9F, "fe80::1").verdict.excluded = 2;
  commit(batch, after(1));
  EXPECT_TRUE(batch.alarms.alerts.empty());
  EXPECT_EQ(store().counts()->anomalies, 2U);
  reopen();
  const auto all = store().exclusions();
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 2U);
  const Exclusion& one = all->front();
  EXPECT_EQ(one.id, 2U);
  EXPECT_EQ(one.device, "cam");
  EXPECT_EQ(one.kind, RecordKind::flow);
  EXPECT_EQ(one.label, "C&C");
  EXPECT_EQ(one.destination, "fe80::1");
  EXPECT_EQ(one.port, 0);
  ASSERT_TRUE(one.day.has_value());
  EXPECT_EQ(one.day->from, std::chrono::minutes{1320});
  EXPECT_EQ(one.day->to, std::chrono::minutes{360});
  EXPECT_EQ(one.from, after(-5));
  EXPECT_EQ(one.to, after(5));
  EXPECT_EQ(one.reason, "it's \"fine\"");
  EXPECT_EQ(one.created_by, "bob");
  EXPECT_EQ(one.created, after(1));
  EXPECT_EQ(one.expires, after(2));
  EXPECT_EQ(one.hidden, 2U);
  const Exclusion& bare = all->back();
  EXPECT_FALSE(bare.kind || bare.port || bare.day || bare.from || bare.to || bare.expires);
  ASSERT_TRUE(store().drop_exclusion(2).ok());
  EXPECT_EQ(store().drop_exclusion(2).error().code, Errc::not_found);
  EXPECT_EQ(store().exclusions()->size(), 1U);
  EXPECT_EQ(store().put_exclusion({.device = "x"}).value(), 3U) << "a number is given once";
}

TEST_P(StoreConformance, ArrivalsComeInTheirOrderWithWhatAFoldAsks) {
  Batch batch{30};
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    const float score = static_cast<float>(i) / 30;
    Judged& judged =
        i % 3 == 0 ? add_reading(batch, "boiler", after(100 - i), score, "level", after(i / 4))
                   : add_flow(batch, "cam", after(i / 4), score, "10.0.0.9");
    judged.verdict.excluded = i == 20 ? 4 : 0;
    judged.record.flow.orig_p = static_cast<std::uint16_t>(i);  // no two are the same
    judged.record.seal();
    if (i / 4 < 2 || !(judged.verdict.anomalous || score >= 0.6F || score >= 0.4F)) continue;
    expected.push_back(fmt::format("{} {} {} {} {} {}", to_text(judged.record.key),
                                   judged.record.device, judged.verdict.score, judged.verdict.label,
                                   judged.verdict.excluded, judged.record.flow.resp_p));
  }
  commit(batch, after(30));
  for (const std::size_t looked_max : {7U, 50'000U}) {
    std::vector<std::string> arrived;
    ArrivalQuery query{.from = after(2), .score_min = 0.6F, .hold_share = 0.8F};
    query.looked_max = looked_max;
    for (int call = 0; call < 100; ++call) {
      const auto next = store().arrivals(query, [&](const Judged& judged) {
        arrived.push_back(fmt::format("{} {} {} {} {} {}", to_text(judged.record.key),
                                      judged.record.device, judged.verdict.score,
                                      judged.verdict.label, judged.verdict.excluded,
                                      judged.record.flow.resp_p));
      });
      ASSERT_TRUE(next.ok()) << next.error().message;
      if (next->empty()) break;
      query.after = *next;
    }
    EXPECT_EQ(arrived, expected);
  }
}

TEST_P(StoreConformance, QuarantineIsARingThatCountsAll) {
  reopen({.quarantine_max = 5});
  std::string binary{"\x00\xff\x01'\"", 5};
  binary.resize(Quarantined::payload_kept_bytes_max, '\0');
  Batch batch{1};
  for (int i = 0; i < 12; ++i) {
    batch.quarantined.push_back({after(i), fmt::format("topic \"{}\"", i), "malformed",
                                 "no \"ts\" — 点", binary, 1U << 20U});
  }
  commit(batch, after(20));
  EXPECT_EQ(store().counts()->quarantined, 12U);
  const auto first = store().quarantined("", 3);
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->items.size(), 3U);
  EXPECT_EQ(first->items[0].place, "topic \"11\"");
  EXPECT_EQ(first->items[0].payload, binary);
  EXPECT_EQ(first->items[0].payload_bytes, 1U << 20U);
  EXPECT_EQ(first->items[0].reason, "no \"ts\" — 点");
  const auto second_page = store().quarantined(first->next, 3);
  ASSERT_EQ(second_page->items.size(), 2U);
  EXPECT_EQ(second_page->items[1].place, "topic \"7\"");
  EXPECT_EQ(second_page->next, "");
  EXPECT_EQ(store().quarantined("x", 3).error().code, Errc::malformed);
}

TEST_P(StoreConformance, RetentionByAgeForgetsRowsMinutesAndDevices) {
  reopen({.age_max = std::chrono::hours{1}});
  Batch batch{4};
  add_reading(batch, "old", after(-9e6), 1.0, "level", after(0));
  add_reading(batch, "both", after(0), 2.0, "", after(0));
  commit(batch, after(0));
  batch.reset();
  add_reading(batch, "both", after(1), 3.0, "", after(7200));
  commit(batch, after(7200));
  maintain(after(7201));
  const auto left = store().verdicts({});
  ASSERT_EQ(left->items.size(), 1U);
  EXPECT_EQ(left->items[0].record.key, batch[0].record.key);
  EXPECT_EQ(store().counts()->readings, 1U);
  EXPECT_EQ(store().counts()->anomalies, 0U);
  EXPECT_EQ(store().roll_ups("", after(-100), after(9000))->size(), 1U);
  EXPECT_EQ(store().roll_ups("both", after(-100), after(9000))->size(), 1U);
  ASSERT_EQ(store().devices()->size(), 1U);
  EXPECT_EQ(store().devices()->front().device, "both");
  // A forgotten device may come back.
  batch.reset();
  add_reading(batch, "old", after(9), 3.0, "", after(7210));
  commit(batch, after(7210));
  EXPECT_EQ(store().verdicts({.device = "old"})->items.size(), 1U);
}

TEST_P(StoreConformance, RetentionBySizeDropsTheOldestFirst) {
  const std::uint64_t bytes_max = 2U << 20U;
  reopen({.bytes_max = bytes_max});
  Random random{3};
  Batch batch{1000};
  RecordKey newest;
  const int rounds = as_many_as(30, 6);
  for (int round = 0; round < rounds; ++round) {
    batch.reset();
    const Time now = after(round * 15);  // apart, so that a little is dropped each time
    while (!batch.full()) draw(batch.add(), random, now);
    commit(batch, now);
    newest = batch[999].record.key;
    maintain(now);
  }
  for (int i = 0; i < as_many_as(20, 8); ++i) maintain(after(rounds * 15 + 15));
  const auto counts = store().counts();
  const std::uint64_t rows = counts->flows + counts->readings;
  EXPECT_LT(rows, static_cast<std::uint64_t>(rounds) * 667);
  EXPECT_GT(rows, 1'000U);
  EXPECT_TRUE(store().verdict(newest)->has_value());
  reopen({.bytes_max = bytes_max});
  EXPECT_LT(store().counts()->bytes, 2 * bytes_max);
}

TEST_P(StoreConformance, UsersTokensAuditAndSettings) {
  const std::string odd = "Zoë \"'; DROP TABLE users;--";
  ASSERT_TRUE(store().put_user({odd, "$argon2id$1", "viewer", after(0)}).ok());
  ASSERT_TRUE(store().put_user({odd, "$argon2id$2", "admin", after(0)}).ok());
  ASSERT_TRUE(store().put_user({"bob", "x", "viewer", after(1)}).ok());
  ASSERT_TRUE(store().put_token({"h1", odd, "api", "my laptop", after(0), after(100)}).ok());
  ASSERT_TRUE(store().put_token({"h2", odd, "session", "", after(1), after(50)}).ok());
  EXPECT_FALSE(store().put_token({"h3", "nobody", "api", "", after(0), after(1)}).ok());
  ASSERT_TRUE(store().put_audit({after(0), odd, "login", ""}).ok());
  ASSERT_TRUE(store().put_audit({after(1), odd, "model.activate", "tree-1"}).ok());
  ASSERT_TRUE(store().put_setting("model.flow.active", "a.vdm").ok());
  ASSERT_TRUE(store().put_setting("model.flow.active", "b.vdm").ok());
  reopen();
  EXPECT_EQ(store().users()->size(), 2U);
  EXPECT_EQ((*store().user(odd))->password_hash, "$argon2id$2");
  EXPECT_EQ((*store().user(odd))->role, "admin");
  EXPECT_FALSE(store().user("nobody")->has_value());
  EXPECT_EQ(store().tokens(odd)->size(), 2U);
  EXPECT_EQ((*store().token("h1"))->name, "my laptop");
  EXPECT_EQ((*store().token("h1"))->expires, after(100));
  ASSERT_TRUE(store().drop_token("h1").ok());
  EXPECT_FALSE(store().token("h1")->has_value());
  EXPECT_EQ(store().audit(1)->size(), 1U);
  EXPECT_EQ(store().audit(10)->front().subject, "tree-1");
  EXPECT_EQ(*store().setting("model.flow.active"), "b.vdm");
  EXPECT_EQ(*store().setting("never"), "");
  ASSERT_TRUE(store().drop_user(odd).ok());
  EXPECT_EQ(store().drop_user(odd).error().code, Errc::not_found);
  EXPECT_FALSE(store().token("h2")->has_value());
}

TEST_P(StoreConformance, BadCursorsAreRefused) {
  EXPECT_EQ(store().verdicts({.before = "1-2"}).error().code, Errc::malformed);
  EXPECT_EQ(store().alerts({.before = "-"}).error().code, Errc::malformed);
}

TEST_P(StoreConformance, ReadersSeeWholeBatchesWhileTheLineCommits) {
  constexpr std::size_t batch_size = 50;
  const int rounds = as_many_as(40, 8);
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::atomic<int> failed{0};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 6; ++i) {  // more than a pool would hold
    readers.emplace_back([&, i] {
      while (!stop) {
        const auto counts = store().counts();
        const auto page = store().verdicts({.device = "cam", .limit = 1000});
        const auto devices = store().devices();
        const Status put = store().put_setting(fmt::format("s{}", i), "x");
        if (!counts || !page || !devices || !put) {
          ++failed;
        } else if (counts->readings % batch_size != 0 || page->items.size() % batch_size != 0) {
          ++torn;
        }
      }
    });
  }
  Batch batch{batch_size};
  for (int round = 0; round < rounds; ++round) {
    batch.reset();
    while (!batch.full()) {
      const auto n = static_cast<double>(round) * 100 + static_cast<double>(batch.size());
      add_reading(batch, "cam", after(n), n, round % 4 == 0 ? "level" : "");
    }
    if (round < 20) commit(batch, after(round));  // within one page of 1,000
    maintain(after(round));
  }
  stop = true;
  readers.clear();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(failed, 0);
}

}  // namespace
}  // namespace vedette
