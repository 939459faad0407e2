// The run: options, brokers that behave and brokers that do not, the truth beside the stream.
#include "app/simulate_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "app/simulate_targets.hpp"
#include "app/simulate_test_support.hpp"
#include "codec/codec.hpp"

namespace vedette {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

TEST(Simulate, PublishesEveryRecordToItsTopicInOrder) {
  ScriptedBroker broker;
  const Result<SimulateReport> report = run(to_broker(), broker);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->sent, 5000U);
  EXPECT_EQ(report->connections, 1U);
  ASSERT_EQ(broker.messages.size(), 5000U);
  EXPECT_EQ(broker.unconfirmed, 0U) << "all is confirmed before the end";
  for (const auto& [topic, payload] : broker.messages) {
    const bool flow = topic.ends_with("/flow");
    ASSERT_TRUE(topic.starts_with("iot/") && (flow || topic.ends_with("/sensor"))) << topic;
    ASSERT_EQ(payload.find("\"id.orig_h\"") != std::string::npos, flow) << payload;
    ASSERT_EQ(payload.find("Benign"), std::string::npos) << "labels never travel";
  }
}

TEST(Simulate, ABusyQueueLosesNothing) {
  ScriptedBroker broker;
  broker.room = 8000;  // wait_drained() lets it fall to 5000, half of the publisher's queue
  SimulateOptions options = to_broker();
  options.messages_max = 20'000;
  const Result<SimulateReport> report = run(options, broker);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->sent, 20'000U);
  EXPECT_EQ(broker.messages.size(), 20'000U);
}

TEST(Simulate, TheRateIsKeptWithinTwoPercentAndNeverAhead) {
  for (const double rate : {1'000.0, 10'000.0}) {
    ScriptedBroker broker;
    SimulateOptions options = to_broker();
    options.rate = rate;
    options.messages_max = 0;
    options.length = seconds{2};
    const Result<SimulateReport> report = run(options, broker);
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(static_cast<double>(report->sent), rate * 2);
    EXPECT_EQ(report->rate_asked, rate);
    EXPECT_NEAR(report->rate_kept / rate, 1, 0.02) << rate_text(*report);
    EXPECT_GE(report->seconds, 1.999) << rate << "/s for two seconds";
  }
}

TEST(Simulate, RatesAreSaidInWords) {
  SimulateReport report;
  EXPECT_EQ(rate_text(report), "");
  report.rate_asked = 50'000;
  report.rate_kept = 49'000;
  EXPECT_EQ(rate_text(report), "50000 messages/s asked for, 49000 kept (-2.0 %)");
}

TEST(Simulate, SpeedIsEventTimeASecond) {
  ScriptedBroker broker;
  SimulateOptions options = to_broker();
  options.rate = 0;
  options.messages_max = 0;
  options.fleet.devices = 5;
  options.length = seconds{120};
  options.speed = 400;
  const Result<SimulateReport> report = run(options, broker);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_GT(report->sent, 50U);
  EXPECT_GE(report->seconds, 0.25) << "two minutes at 400 times the speed: 0.3 s";
  EXPECT_LE(report->seconds, 3) << "two minutes take no two minutes";
  options.speed = 0;
  ScriptedBroker other;
  const Result<SimulateReport> fast = run(options, other);
  ASSERT_TRUE(fast.ok()) << fast.error().message;
  EXPECT_EQ(fast->sent, report->sent);
  EXPECT_EQ(other.messages, broker.messages) << "the tempo changes nothing of what is said";
}

TEST(Simulate, ABrokerThatConfirmsNothingIsAnError) {
  ScriptedBroker broker;
  broker.confirms = false;
  SimulateOptions options = to_broker();
  options.confirm_wait = seconds{0};
  const Result<SimulateReport> report = run(options, broker);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Errc::unavailable);
  EXPECT_THAT(report.error().message, HasSubstr("mqtt://127.0.0.1:1883"));
}

TEST(Simulate, NoBrokerIsAnError) {
  ScriptedBroker broker;
  broker.reachable = false;
  const Result<SimulateReport> report = run(to_broker(), broker);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Errc::unavailable);
}

TEST(Simulate, StopsWhenAskedAndConfirmsWhatLeft) {
  ScriptedBroker broker;
  broker.stop_after = 123;
  const Result<SimulateReport> report = run(to_broker(), broker);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_TRUE(report->stopped);
  EXPECT_EQ(report->sent, 123U);
  EXPECT_EQ(broker.unconfirmed, 0U);
}

TEST(Simulate, BetweenIsCalledBeforeEachRecordAndMayStartThings) {
  ScriptedBroker broker;
  SimulateOptions options = to_broker();
  options.fleet.episode_every = Duration{0};
  std::uint64_t calls = 0;
  options.between = [&](FleetSimulator& fleet) {
    if (++calls != 2'000) return;
    const auto names = fleet.devices();
    const std::string_view attack = [] {
      for (const EpisodeKind& kind : episode_kinds()) {
        if (!kind.fault && kind.label == "DDoS") return kind.name;
      }
      return std::string_view{};
    }();
    const auto number = fleet.start_episode(names.front(), attack, seconds{60});
    EXPECT_TRUE(number.ok()) << number.error().message;
  };
  const Result<SimulateReport> report = run(options, broker);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_GE(calls, 5'000U);
  EXPECT_GT(report->labels.at("DDoS"), 0U);
}

TEST(Simulate, TopicsNeverHoldWildcards) {
  Record record;
  record.device = "hall/cam+1#a";
  std::string topic;
  append_topic(topic, record);
  EXPECT_EQ(topic, "iot/hall_cam_1_a/flow");
  record.kind = RecordKind::reading;
  topic.clear();
  append_topic(topic, record);
  EXPECT_EQ(topic, "iot/hall_cam_1_a/sensor");
}

// ---- the truth beside the stream ----------------------------------------------------------------

/// What a service would know of a message.
RecordKey key_of(const std::string& topic, const std::string& payload) {
  RawMessage message;
  message.topic = topic;
  message.payload = payload;
  Record record;
  Truth truth;
  const auto decoded = make_json_decoder()->decode(message, record, truth);
  EXPECT_TRUE(decoded.ok()) << decoded.error().message;
  return record.key;
}

TEST(Simulate, TheTruthOfEachRecordIsPublishedInBoundedMessages) {
  ScriptedBroker broker;
  SimulateOptions options = to_broker();
  options.truth_topic = "vedette/truth";
  options.connection.client_id = "fleet-1";
  const Result<SimulateReport> report = run(options, broker);
  ASSERT_TRUE(report.ok()) << report.error().message;
  std::vector<RecordKey> sent;
  std::vector<RecordKey> noted;
  std::uint64_t truths = 0;
  std::map<std::string, std::uint64_t> labels;
  for (const auto& [topic, payload] : broker.messages) {
    if (topic.starts_with("iot/")) {
      sent.push_back(key_of(topic, payload));
      continue;
    }
    EXPECT_EQ(topic, "vedette/truth/fleet-1");
    EXPECT_LE(payload.size(), 48U << 10U);
    ++truths;
    const auto lines = lines_of(payload);
    EXPECT_LE(lines.size(), 500U);
    for (const std::string& line : lines) {
      TruthNote note;
      const Status read = read_truth_line(line, note);
      ASSERT_TRUE(read) << read.error().message;
      noted.push_back(note.key);
      ++labels[note.label];
    }
  }
  EXPECT_EQ(sent.size(), 5000U);
  EXPECT_EQ(noted, sent);
  EXPECT_EQ(labels, report->labels);
  EXPECT_EQ(truths, report->truth_messages);
  EXPECT_GE(truths, 10U) << "500 lines a message at most";
}

TEST(Simulate, WhatIsNoRecordIsPublishedRawAndNotedByItsHash) {
  SimulateOptions options = to_broker();
  options.truth_topic = "vedette/truth";
  ScriptedBroker broker;
  const auto target =
      open_target(options, {}, [&](MqttOptions) -> Result<std::unique_ptr<MqttPublisher>> {
        return std::unique_ptr<MqttPublisher>{std::make_unique<ScriptedPublisher>(broker)};
      });
  ASSERT_TRUE(target) << target.error().message;
  Simulated said;
  said.record.device = "cam-01";
  said.truth.label = "Attack";
  said.episode = 3;
  said.kind = 0;
  said.episode_begins = test_start;
  said.topic = "iot/admin/config";
  said.payload = std::string{"\x00\xff{", 3};
  const auto put = (*target)->put(said, {});
  ASSERT_TRUE(put) << put.error().message;
  EXPECT_EQ(*put, SimulateTarget::Put::done);
  SimulateReport report;
  ASSERT_TRUE((*target)->finish({}, report));
  ASSERT_EQ(broker.messages.size(), 2U);
  EXPECT_EQ(broker.messages[0], (std::pair{said.topic, said.payload}));
  TruthNote note;
  ASSERT_TRUE(read_truth_line(lines_of(broker.messages[1].second).at(0), note));
  EXPECT_EQ(note.message, message_hash(said.topic, said.payload));
  EXPECT_EQ(note.key, RecordKey{});
  EXPECT_EQ(note.device, "cam-01");
  EXPECT_EQ(note.cause, episode_kinds()[0].name);
  EXPECT_EQ(note.begins, test_start);
}

TEST(Simulate, ForeignDeviceNamesHaveTheKeyOfTheirTopic) {
  test::TemporaryDirectory folder;
  const auto capture = folder.path() / "c.jsonl";
  std::ofstream{capture} << R"({"device":"hall/cam+1","timestamp":5,"celsius":21,"label":"stuck"})"
                         << "\n";
  SimulateOptions options = to_broker();
  options.replay = {capture};
  options.truth_topic = "t";
  ScriptedBroker broker;
  ASSERT_TRUE(run(options, broker));
  ASSERT_EQ(broker.messages.size(), 2U);
  TruthNote note;
  ASSERT_TRUE(read_truth_line(lines_of(broker.messages[1].second).at(0), note));
  EXPECT_EQ(note.key, key_of(broker.messages[0].first, broker.messages[0].second));
  EXPECT_EQ(note.device, "hall_cam_1");
}

TEST(Simulate, TruthDoesNotWaitForTheNextRecord) {
  ScriptedBroker broker;
  SimulateOptions options = to_broker();
  options.rate = 2;  // half a second between two records
  options.messages_max = 3;
  options.truth_topic = "t";
  ASSERT_TRUE(run(options, broker));
  std::vector<bool> truths;
  for (const auto& [topic, payload] : broker.messages) truths.push_back(topic.starts_with("t/"));
  EXPECT_EQ(truths, (std::vector<bool>{false, true, false, true, false, true}));
}

TEST_F(SimulateFiles, LabelsOfWhatABrokerGot) {
  SimulateOptions options = to_broker();
  options.labels = file("sent.labels.jsonl");
  ASSERT_TRUE(run(options, broker_));
  const auto labels = lines_of(content(options.labels));
  ASSERT_EQ(labels.size(), broker_.messages.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    TruthNote note;
    ASSERT_TRUE(read_truth_line(labels[i], note));
    ASSERT_EQ(note.key, key_of(broker_.messages[i].first, broker_.messages[i].second));
  }
}

// ---- options that cannot be ---------------------------------------------------------------------

TEST_F(SimulateFiles, OptionsThatCannotBeAreNamed) {
  struct Case {
    const char* what;
    std::function<void(SimulateOptions&)> change;
    Errc code;
    const char* says;
  };
  const std::string broker = "mqtt://127.0.0.1:1";
  const Case cases[] = {
      {"endless file", [](auto& o) { o.length = Duration{0}; }, Errc::missing_field, "duration"},
      {"format", [&](auto& o) { o.to = file("flows.parquet"); }, Errc::unsupported,
       "flows.parquet\" is neither mqtt://"},
      {"no format", [&](auto& o) { o.to = file("flows"); }, Errc::unsupported, ".csv"},
      {"negative rate", [](auto& o) { o.rate = -1; }, Errc::out_of_range, "-1"},
      {"no number", [](auto& o) { o.rate = std::nan(""); }, Errc::out_of_range, "nan"},
      {"rate and speed",
       [&](auto& o) {
         o.to = broker;
         o.rate = 10;
         o.speed = 60;
       },
       Errc::mismatch, "10 messages/s and a speed of 60 contradict"},
      {"speed of a file", [](auto& o) { o.speed = 60; }, Errc::mismatch, "for brokers"},
      {"negative speed",
       [&](auto& o) {
         o.to = broker;
         o.speed = -1;
       },
       Errc::out_of_range, "-1"},
      {"qos", [](auto& o) { o.qos = 3; }, Errc::out_of_range, "3"},
      {"negative duration", [](auto& o) { o.length = Duration{-1}; }, Errc::out_of_range,
       "negative"},
      {"a thousand years", [](auto& o) { o.length = std::chrono::days{365'000}; },
       Errc::out_of_range, "hundred years"},
      {"before 1970", [](auto& o) { o.fleet.start = Time{} - seconds{1}; }, Errc::out_of_range,
       "1970"},
      {"devices", [](auto& o) { o.fleet.devices = 0; }, Errc::out_of_range, ""},
      {"absent folder", [&](auto& o) { o.to = file("no/where/flows.log"); }, Errc::not_found,
       "no/where/flows.log: No such file"},
      {"a file is no folder", [&](auto& o) { o.to = "/dev/null/flows.log"; }, Errc::io,
       "/dev/null/flows.log: Not a directory"},
      {"labels in no folder", [&](auto& o) { o.labels = file("no/where/x.jsonl"); },
       Errc::not_found, "no/where/x.jsonl"},
      {"one file for both", [&](auto& o) { o.labels = o.to; }, Errc::mismatch, "one file"},
      {"truth of a file", [](auto& o) { o.truth_topic = "t"; }, Errc::mismatch, "brokers"},
      {"truth where detectors read",
       [&](auto& o) {
         o.to = broker;
         o.truth_topic = "iot/truth";
       },
       Errc::mismatch, "below iot/"},
      {"truth with a wildcard",
       [&](auto& o) {
         o.to = broker;
         o.truth_topic = "a/+";
       },
       Errc::malformed, "a/+"},
      {"connections of a file", [](auto& o) { o.per_device = true; }, Errc::mismatch, "brokers"},
      {"connections of a capture",
       [&](auto& o) {
         o.to = broker;
         o.per_device = true;
         o.replay = {"x.log"};
       },
       Errc::mismatch, "fleets"},
      {"too many connections",
       [&](auto& o) {
         o.to = broker;
         o.per_device = true;
         o.fleet.devices = 60'000;
       },
       Errc::out_of_range, "60000 connections"},
      {"remap of a fleet", [](auto& o) { o.remap = "10.0.0.0/8"; }, Errc::mismatch, "captures"},
      {"times of a fleet", [](auto& o) { o.replay_times = ReplayTimes::now; }, Errc::mismatch,
       "captures"},
      {"absent capture", [&](auto& o) { o.replay = {file("absent.log")}; }, Errc::not_found,
       "absent.log"},
      {"no broker's name", [](auto& o) { o.to = "mqtt://"; }, Errc::malformed, "mqtt://"},
  };
  for (const Case& one : cases) {
    SimulateOptions options = options_;
    options.to = file("flows.log");
    one.change(options);
    const Result<SimulateReport> report = run(options, broker_);
    ASSERT_FALSE(report.ok()) << one.what;
    EXPECT_EQ(report.error().code, one.code) << one.what << ": " << report.error().message;
    EXPECT_THAT(report.error().message, HasSubstr(one.says)) << one.what;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace vedette
