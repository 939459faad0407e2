#include "sink/sink.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/file.hpp"
#include "net/event_hub.hpp"
#include "net/mqtt.hpp"
#include "sink/alert_event.hpp"
#include "store/store.hpp"

namespace vedette {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Time at(Duration since) {
  return time_from_micros(1'700'000'000'000'000) + since;
}

class FakePublisher final : public MqttPublisher {
 public:
  Status wait_connected(std::chrono::milliseconds) override { return {}; }
  Status publish(std::string_view topic, std::string_view payload, int qos, bool retain) override {
    ++asked;
    if (refuse) return Error{Errc::busy, "the queue is full"};
    sent.push_back(fmt::format("{} {} {} {}", topic, qos, retain, payload));
    return {};
  }
  Status wait_drained(std::size_t, std::chrono::milliseconds) override { return {}; }
  bool connected() const override { return true; }

  std::vector<std::string> sent;
  int asked = 0;
  bool refuse = false;
};

AlertChange change(AlertEvent event, std::uint64_t id, const std::string& device = "cam") {
  AlertChange made;
  made.event = event;
  made.alert.id = id;
  made.alert.device = device;
  return made;
}

void add(Batch& batch, const std::string& device, bool anomalous, bool is_new = true) {
  Judged& judged = batch.add();
  judged.record.device = device;
  judged.record.kind = RecordKind::reading;
  judged.record.reading.add("n", static_cast<double>(batch.size()));
  judged.record.seal();
  judged.verdict.anomalous = anomalous;
  judged.verdict.score = anomalous ? 1 : 0;  // evidence enough by itself
  judged.is_new = is_new;
}

TEST(TopicLevel, NoNameLeavesItsLevel) {
  struct Fact {
    const char* device;
    const char* level;
  };
  for (const Fact& fact :
       {Fact{"cam-1", "cam-1"}, Fact{"a/b", "a%2Fb"}, Fact{"+", "%2B"}, Fact{"#", "%23"},
        Fact{"50%", "50%25"}, Fact{"a\nb", "a%0Ab"}, Fact{"\x7f", "%7F"},
        Fact{"k\xC3\xBC", "k\xC3\xBC"}, Fact{"\xC2\x85", "%C2%85"}, Fact{"\xC2\xA9", "\xC2\xA9"}}) {
    EXPECT_EQ(topic_level(fact.device), fact.level);
  }
}

TEST(MqttAlertSink, GrowthIsToldEveryTenSecondsAndTheRestAtOnce) {
  FakePublisher publisher;
  const auto sink = make_mqtt_alert_sink(publisher, "vedette");
  EXPECT_FALSE(sink->durable());
  Batch batch{1};
  const auto offer = [&](AlertEvent event, std::uint64_t id, Duration when) {
    publisher.sent.clear();
    batch.alarms.alerts = {change(event, id)};
    EXPECT_TRUE(sink->accept(batch, at(when)).ok());
    return publisher.sent.size();
  };
  EXPECT_EQ(offer(AlertEvent::raised, 1, 0s), 1U);
  EXPECT_THAT(publisher.sent[0],
              StartsWith(R"(vedette/alerts/cam 1 false {"event":"raised","alert":{"id":1,)"));
  EXPECT_EQ(offer(AlertEvent::updated, 1, 9s), 0U);
  EXPECT_EQ(offer(AlertEvent::raised, 2, 9s), 1U);
  EXPECT_EQ(offer(AlertEvent::updated, 1, 10s), 1U);
  EXPECT_EQ(offer(AlertEvent::updated, 1, 19s), 0U);
  EXPECT_EQ(offer(AlertEvent::closed, 1, 19s), 1U);
  publisher.sent.clear();
  AlarmChanges ticked{{change(AlertEvent::closed, 2, "a/#")}, {}};
  EXPECT_TRUE(sink->tick(ticked, at(20s)).ok());
  EXPECT_THAT(publisher.sent, ElementsAre(StartsWith("vedette/alerts/a%2F%23 1 false {")));
}

TEST(MqttAlertSink, AFailureIsReportedAfterEveryChangeWasTried) {
  FakePublisher publisher;
  publisher.refuse = true;
  const auto sink = make_mqtt_alert_sink(publisher, "v");
  Batch batch{1};
  batch.alarms.alerts = {change(AlertEvent::raised, 1), change(AlertEvent::raised, 2)};
  const Status done = sink->accept(batch, at(0s));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Errc::busy);
  EXPECT_EQ(publisher.asked, 2);
}

std::vector<std::string> drain(EventQueue& queue) {
  std::vector<std::string> events;
  while (const auto event = queue.pop()) events.push_back(*event);
  return events;
}
std::size_t count(const std::vector<std::string>& events, const std::string& part) {
  return static_cast<std::size_t>(std::count_if(
      events.begin(), events.end(),
      [&](const std::string& event) { return event.find(part) != std::string::npos; }));
}

TEST(LiveSink, AnomaliesComeFirstAndASecondHasABound) {
  EventHub hub;
  const auto queue = hub.subscribe();
  const auto sink = make_live_sink(hub, 8);
  Batch batch{40};
  for (int i = 0; i < 30; ++i) add(batch, "calm", false);
  for (int i = 0; i < 5; ++i) add(batch, "wild", true);
  add(batch, "again", true, false);
  ASSERT_TRUE(sink->accept(batch, at(0s)).ok());
  auto events = drain(*queue);
  EXPECT_EQ(count(events, "\"wild\""), 5U);
  EXPECT_EQ(count(events, "\"calm\""), 0U);  // a quarter of 8 is earned, 5 are used
  EXPECT_EQ(count(events, "\"again\""), 0U);
  ASSERT_TRUE(sink->accept(batch, at(900ms)).ok());
  events = drain(*queue);
  EXPECT_EQ(count(events, "event: verdict"), 3U);
  EXPECT_EQ(count(events, "\"wild\""), 3U);
  batch.reset();
  for (int i = 0; i < 30; ++i) add(batch, "calm", false);
  ASSERT_TRUE(sink->accept(batch, at(1s)).ok());
  EXPECT_EQ(count(drain(*queue), "\"calm\""), 2U);
  ASSERT_TRUE(sink->accept(batch, at(1999ms)).ok());
  EXPECT_EQ(count(drain(*queue), "\"calm\""), 6U);
}

TEST(LiveSink, TellsAlertsAndQuarantine) {
  EventHub hub;
  const auto queue = hub.subscribe();
  const auto sink = make_live_sink(hub, 40);
  Batch batch{1};
  batch.alarms.alerts = {change(AlertEvent::raised, 7)};
  batch.quarantined.push_back({at(0s), "topic \"t\"", "malformed", "why", "{", 1});
  ASSERT_TRUE(sink->accept(batch, at(0s)).ok());
  AlarmChanges ticked{{change(AlertEvent::closed, 7)}, {}};
  ASSERT_TRUE(sink->tick(ticked, at(1s)).ok());
  const auto events = drain(*queue);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_THAT(events[0], HasSubstr(R"({"event":"raised","alert":{"id":7)"));
  EXPECT_THAT(events[1], HasSubstr("event: quarantine"));
  EXPECT_THAT(events[2], HasSubstr(R"({"event":"closed","alert":{"id":7)"));
}

TEST(LiveSink, NobodyListeningIsFine) {
  EventHub hub;
  const auto sink = make_live_sink(hub, 40);
  Batch batch{1};
  add(batch, "d", true);
  ASSERT_TRUE(sink->accept(batch, at(0s)).ok());
  const auto late = hub.subscribe();
  EXPECT_TRUE(drain(*late).empty());
}

class SinkFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("vedette_sink_{}", ::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(SinkFiles, JsonlKeepsTheOrderOfTheInput) {
  const auto path = folder_ / "verdicts.jsonl";
  std::string expected;
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file.ok());
    const auto sink = make_jsonl_sink(*file);
    Batch batch{3};
    for (int round = 0; round < 2; ++round) {
      batch.reset();
      for (int i = 0; i < 3; ++i) {
        add(batch, fmt::format("d{}", round * 3 + i), i == 1, i != 2);
        append_verdict_json(expected, batch[static_cast<std::size_t>(i)]);
        expected += '\n';
      }
      ASSERT_TRUE(sink->accept(batch, at(0s)).ok());
    }
    ASSERT_TRUE(file->commit().ok());
  }
  std::stringstream text;
  text << std::ifstream{path}.rdbuf();
  EXPECT_EQ(text.str(), expected);
}

TEST_F(SinkFiles, TheStoreSinkIsDurableAndItsTickClosesRuns) {
  auto store = open_sqlite_store(folder_ / "store.db", {});
  ASSERT_TRUE(store.ok());
  const auto sink = make_store_sink(**store);
  EXPECT_TRUE(sink->durable());
  Batch batch{2};
  add(batch, "d", true);
  add(batch, "d", false);
  ASSERT_TRUE(sink->accept(batch, at(0s)).ok());
  ASSERT_EQ(batch.alarms.alerts.size(), 1U);
  EXPECT_EQ((*store)->counts()->readings, 2U);
  AlarmChanges changes;
  ASSERT_TRUE(sink->tick(changes, at(120s)).ok());
  ASSERT_EQ(changes.alerts.size(), 1U);
  EXPECT_EQ(changes.alerts[0].event, AlertEvent::closed);
}

}  // namespace
}  // namespace vedette
