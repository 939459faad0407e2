// The MongoDB store while its server dies, stalls, refuses and lies: nothing acknowledged is lost,
// nothing is there twice, and every count is a recount.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "base/random.hpp"
#include "store/mongo_client.hpp"
#include "store/mongo_rows.hpp"
#include "store/store.hpp"
#include "tests/support/mongo_proxy.hpp"
#include "tests/support/service.hpp"

namespace vedette::test {
namespace {

constexpr std::size_t messages = 20'000;
// FerretDB takes seconds to look through a collection of 20,000: the SIGKILL tests have as many.
constexpr std::size_t fewer = 6'000;
const Time start = time_from_micros(1'700'000'000'000'000);

/// Short timeouts, so that a fault is noticed while the test runs; but FerretDB reads all 20,000
/// documents for one question that is not for an _id, which takes it seconds.
constexpr const char* hasty = "?serverSelectionTimeoutMS=500&socketTimeoutMS=10000";
constexpr int longer_than_hasty_ms = 11'000;

void fill(Judged& judged, std::uint64_t n, Time now) {
  Record& record = judged.record;
  record.kind = RecordKind::reading;
  record.device = fmt::format("sensor-{}", n % 10);
  record.time = start + Duration{static_cast<std::int64_t>(n)};
  record.reading.add("value", static_cast<double>(n));
  record.seal();
  judged.received = now;
  judged.verdict = {};
  judged.verdict.anomalous = n % 50 == 0;
  judged.verdict.score = judged.verdict.anomalous ? 0.9F : 0.1F;
  judged.verdict.label = judged.verdict.anomalous ? "level" : "Benign";
  judged.verdict.model = "m1";
}

/// As the line does: the same batch again until it is accepted, and only then the next.
class Line {
 public:
  explicit Line(Store& store) : store_(store) {}

  /// `before` is called before each batch with its number.
  void run(std::size_t records, std::size_t per_batch,
           const std::function<void(std::size_t)>& before) {
    Batch batch{per_batch};
    for (std::size_t n = 0; n < records; n += per_batch) {
      batch.reset();
      const Time now = start + Duration{static_cast<std::int64_t>(n) * 1'000};
      while (!batch.full()) fill(batch.add(), n + batch.size() - 1, now);
      batch.quarantined.push_back({now, fmt::format("topic {}", n), "malformed", "no", "x", 1});
      before(n / per_batch);
      ASSERT_NO_FATAL_FAILURE(commit(batch, now));
      for (const Judged& judged : batch) EXPECT_TRUE(judged.is_new);
      for (const AlertChange& change : batch.alarms.alerts) {
        raised += change.event == AlertEvent::raised ? 1 : 0;
      }
      quarantined += batch.quarantined.size();
      AlarmChanges changes;
      if (const Status done = store_.maintain(now, changes); !done) ++failures;
    }
  }

  std::size_t failures = 0;
  std::size_t raised = 0;
  std::size_t quarantined = 0;

 private:
  void commit(Batch& batch, Time now) {
    Status done;
    const bool accepted = eventually(
        [&] {
          done = store_.commit(batch, now);
          failures += done.ok() ? 0 : 1;
          return done.ok();
        },
        std::chrono::minutes{2});
    ASSERT_TRUE(accepted) << done.error().message;
  }
  Store& store_;
};

/// What lies in the collection, and what the store says of it.
void expect_exactly(const std::string& uri, Store& store, const Line& line,
                    std::size_t messages_sent = messages) {
  const auto client = mongo::Client::make(uri);
  std::map<std::string, std::uint64_t> of_device;
  std::size_t found = 0;
  std::set<std::string> ids;
  const Status read =
      (*client)->find(mongo::collection::verdicts, {}, {}, [&](const mongo::View& v) {
        ++found;
        ids.emplace(v.text("_id"));
        ++of_device[std::string{v.text("device")}];
        return Status{};
      });
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(found, messages_sent);
  EXPECT_EQ(ids.size(), messages_sent);
  const auto counts = store.counts();
  ASSERT_TRUE(counts.ok()) << counts.error().message;
  EXPECT_EQ(counts->readings, messages_sent);
  EXPECT_EQ(counts->anomalies, messages_sent / 50);
  EXPECT_EQ(counts->quarantined, line.quarantined);
  EXPECT_EQ(counts->alerts, line.raised);
  const auto quarantined = store.quarantined("", 1'000);
  EXPECT_EQ(quarantined->items.size(), line.quarantined);
  const auto devices = store.devices();
  ASSERT_TRUE(devices.ok());
  EXPECT_EQ(devices->size(), of_device.size());
  for (const DeviceSummary& device : *devices) {
    EXPECT_EQ(device.readings, of_device[device.device]) << device.device;
  }
  std::uint64_t in_minutes = 0;
  const auto minutes =
      store.roll_ups("", start - std::chrono::hours{1}, start + std::chrono::hours{10});
  for (const RollUp& minute : *minutes) in_minutes += minute.readings;
  EXPECT_EQ(in_minutes, messages_sent);
}

class MongoFaults : public testing::Test {
 protected:
  void SetUp() override {
    if (MongoServer::program().empty()) {
      GTEST_SKIP() << "mongo_server is not built (./dev setup)";
    }
    server_.emplace(folder_.path());
  }
  std::unique_ptr<Store> open(const std::string& uri) {
    auto store = open_mongo_store(uri, {});
    EXPECT_TRUE(store.ok()) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  std::string hasty_uri() const { return server_->uri("faults") + hasty; }

  TemporaryDirectory folder_;
  std::optional<MongoServer> server_;
};

TEST_F(MongoFaults, TheServerIsKilledAndStartedAgain) {
  auto store = open(hasty_uri());
  ASSERT_NE(store, nullptr);
  Line line{*store};
  std::jthread killer;
  line.run(messages, 500, [&](std::size_t batch) {
    if (batch % 10 != 5) return;
    killer = std::jthread{[&] {
      server_->kill();
      server_->start();
    }};
  });
  killer = {};
  EXPECT_GT(line.failures, 0U);
  expect_exactly(hasty_uri(), *store, line);
  store.reset();
  store = open(server_->uri("faults"));
  ASSERT_NE(store, nullptr);
  expect_exactly(hasty_uri(), *store, line);
}

TEST_F(MongoFaults, ConnectionsAreCutInTheMiddleOfEverything) {
  const std::uint64_t seed = 11;
  Random random{seed};
  std::atomic<int> until_cut{1'000'000};
  MongoProxy* self = nullptr;
  // Cut before or after the server has seen the command: the client cannot tell.
  MongoProxy proxy{server_->port(), [&](const mongo::View&) -> std::optional<mongo::Doc> {
                     if (--until_cut == 0) self->cut();
                     return {};
                   }};
  self = &proxy;
  auto store = open(proxy.uri("faults") + hasty);
  ASSERT_NE(store, nullptr);
  Line line{*store};
  line.run(fewer, 500, [&](std::size_t batch) {
    if (batch % 4 == 1) until_cut = 1 + static_cast<int>(random.below(8));
  });
  EXPECT_GT(line.failures, 0U);
  until_cut = 1'000'000;
  expect_exactly(server_->uri("faults"), *store, line, fewer);
}

TEST_F(MongoFaults, ASlowServerIsWaitedFor) {
  auto store = open(hasty_uri());
  ASSERT_NE(store, nullptr);
  Line line{*store};
  std::jthread waker;
  line.run(fewer, 1'000, [&](std::size_t batch) {
    if (batch % 8 != 3) return;
    waker = {};
    server_->signal(SIGSTOP);
    waker = std::jthread{[this] {
      ::poll(nullptr, 0, longer_than_hasty_ms);
      server_->signal(SIGCONT);
    }};
  });
  waker = {};
  EXPECT_GT(line.failures, 0U);
  expect_exactly(hasty_uri(), *store, line, fewer);
}

TEST_F(MongoFaults, AFullDiskIsToldAndWaitedFor) {
  std::atomic<int> refusals{0};
  MongoProxy proxy{server_->port(), [&](const mongo::View& command) -> std::optional<mongo::Doc> {
                     if (!command.has("insert") && !command.has("update")) return {};
                     if (refusals.load() <= 0) return {};
                     --refusals;
                     return MongoProxy::failure(14031, "No space left on device");
                   }};
  auto store = open(proxy.uri("faults") + hasty);
  ASSERT_NE(store, nullptr);
  Batch batch{1};
  fill(batch.add(), 1'000'000, start);
  refusals = 1;
  const Status refused = store->commit(batch, start);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::io);
  EXPECT_NE(refused.error().message.find("No space left on device"), std::string::npos);
  Line line{*store};
  line.run(fewer, 1'000, [&](std::size_t number) { refusals = static_cast<int>(number % 4); });
  EXPECT_GT(line.failures, 0U);
  expect_exactly(server_->uri("faults"), *store, line, fewer);
}

TEST_F(MongoFaults, AProcessThatDiesInACommitLeavesNothingBehind) {
  // The stamp is never written: as if the process had died after the records were.
  std::atomic<bool> dead{false};
  MongoProxy proxy{server_->port(), [&](const mongo::View& command) -> std::optional<mongo::Doc> {
                     if (!dead || command.text("update") != "vedette") return {};
                     return MongoProxy::failure(14031, "No space left on device");
                   }};
  auto first = open(proxy.uri("faults") + hasty);
  ASSERT_NE(first, nullptr);
  Batch batch{10};
  while (!batch.full()) fill(batch.add(), batch.size() - 1, start);
  ASSERT_TRUE(first->commit(batch, start).ok());
  dead = true;
  batch.reset();
  while (!batch.full()) fill(batch.add(), 100 + batch.size() - 1, start);
  ASSERT_FALSE(first->commit(batch, start).ok());
  first.reset();  // cannot give the lease back
  auto second = open(server_->uri("faults"));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->counts()->readings, 10U);
  EXPECT_EQ(second->verdicts({})->items.size(), 10U);
  EXPECT_EQ(second->devices()->front().readings, 1U);
  // It comes again, as a part of another batch.
  Batch other{4};
  while (!other.full()) fill(other.add(), 100 + other.size() - 1, start);
  ASSERT_TRUE(second->commit(other, start).ok());
  for (const Judged& judged : other) EXPECT_TRUE(judged.is_new);
  EXPECT_EQ(second->counts()->readings, 14U);
  EXPECT_EQ(second->verdicts({})->items.size(), 14U);
}

TEST_F(MongoFaults, TheServiceLosesNothingWhileItsStoreIsKilled) {
  if (!Broker::available()) GTEST_SKIP() << "mosquitto is not installed";
  TemporaryDirectory folder;
  Broker broker{{.persistence = true}};
  Service service{folder.path(), broker.uri(), "",
                  fmt::format("[store]\nuri = \"{}\"", server_->uri("service"))};
  ASSERT_NO_FATAL_FAILURE(service.start_connected());
  Process publisher{{program(), "simulate", "--devices", "20", "--seed", "5", "--messages",
                     std::to_string(messages), "--rate", "4000", "--to", broker.uri()}};
  const auto verdicts = [&] { return service.counters()["verdicts"].get<std::uint64_t>(); };
  for (const std::uint64_t at : {2'000U, 6'000U, 12'000U}) {
    ASSERT_TRUE(eventually([&] { return verdicts() >= at; }, std::chrono::minutes{2}));
    server_->kill();
    server_->start();
  }
  ASSERT_EQ(publisher.wait(std::chrono::minutes{3}), 0) << publisher.errors();
  ASSERT_TRUE(eventually([&] { return verdicts() >= messages; }, std::chrono::minutes{3}));
  const auto store = service.get("/api/v1/status")["store"];
  EXPECT_EQ(store["flows"].get<std::uint64_t>() + store["readings"].get<std::uint64_t>(), messages);
  EXPECT_EQ(service.counters()["received"], service.counters()["verdicts"]);
  service.kill(SIGINT);
  const auto client = mongo::Client::make(server_->uri("service"));
  std::size_t found = 0;
  const Status read = (*client)->find(mongo::collection::verdicts, {}, {}, [&](const mongo::View&) {
    ++found;
    return Status{};
  });
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(found, messages);
}

}  // namespace
}  // namespace vedette::test
