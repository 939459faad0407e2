#include "app/simulate_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "codec/codec.hpp"
#include "ingest/ingest.hpp"
#include "source/source.hpp"

namespace vedette {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Time start = time_from_micros(1'772'409'600'000'000);

RawMessage line_message(const std::string& line) {
  RawMessage message;
  message.payload = line;
  return message;
}

/// What the scripted broker saw, and how it behaves.
struct Broker {
  std::vector<std::pair<std::string, std::string>> messages;
  std::size_t room = 1'000'000;  ///< unconfirmed messages it takes before it is busy
  std::size_t unconfirmed = 0;
  bool confirms = true;
  bool reachable = true;
  std::size_t stop_after = 0;
  std::stop_source stop;
};

class ScriptedPublisher final : public MqttPublisher {
 public:
  explicit ScriptedPublisher(Broker& broker) : broker_(broker) {}
  Status wait_connected(milliseconds) override {
    if (broker_.reachable) return {};
    return Error{Errc::unavailable, "nobody there"};
  }
  Status publish(std::string_view topic, std::string_view payload, int, bool) override {
    if (broker_.unconfirmed == broker_.room) return Error{Errc::busy, "full"};
    ++broker_.unconfirmed;
    broker_.messages.emplace_back(topic, payload);
    if (broker_.messages.size() == broker_.stop_after) broker_.stop.request_stop();
    return {};
  }
  Status wait_drained(std::size_t left, milliseconds) override {
    if (broker_.confirms) broker_.unconfirmed = std::min(broker_.unconfirmed, left);
    if (broker_.unconfirmed <= left) return {};
    return Error{Errc::unavailable, "still waiting"};
  }
  bool connected() const override { return broker_.reachable; }

 private:
  Broker& broker_;
};

Result<SimulateReport> run(const SimulateOptions& options, Broker& broker) {
  const ManualClock clock(start);
  return run_simulate(
      options, clock, broker.stop.get_token(),
      [&](const MqttOptions&) -> Result<std::unique_ptr<MqttPublisher>> {
        return std::unique_ptr<MqttPublisher>{std::make_unique<ScriptedPublisher>(broker)};
      });
}

SimulateOptions to_broker() {
  SimulateOptions options;
  options.to = "mqtt://127.0.0.1:1883";
  options.progress = false;
  options.rate = 1e6;
  options.messages_max = 5000;
  return options;
}

class SimulateFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("vedette_simulate_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    options_.progress = false;
    options_.length = seconds{600};
    options_.fleet.start = start;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  static std::string content(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  /// The twin of what the command should have written.
  template <class See>
  void watch_fleet(See see) const {
    FleetSimulator fleet(options_.fleet);
    LabelledRecord labelled;
    for (fleet.next(labelled); labelled.record.time < start + options_.length;
         fleet.next(labelled)) {
      see(labelled);
    }
  }

  std::filesystem::path folder_;
  SimulateOptions options_;
  Broker broker_;
};

TEST(Simulate, PublishesEveryRecordToItsTopicInOrder) {
  Broker broker;
  const Result<SimulateReport> report = run(to_broker(), broker);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->sent, 5000U);
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
  Broker broker;
  broker.room = 8000;  // wait_drained() lets it fall to 5000, half of the publisher's queue
  SimulateOptions options = to_broker();
  options.messages_max = 20'000;
  const Result<SimulateReport> report = run(options, broker);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->sent, 20'000U);
  EXPECT_EQ(broker.messages.size(), 20'000U);
}

TEST(Simulate, TheRateIsATokenBucketNeverAhead) {
  Broker broker;
  SimulateOptions options = to_broker();
  options.rate = 2000;
  options.messages_max = 0;
  options.length = milliseconds{500};
  const Result<SimulateReport> report = run(options, broker);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->sent, 1000U);
  EXPECT_GE(report->seconds, 0.49) << "2000/s for half a second";
}

TEST(Simulate, ABrokerThatConfirmsNothingIsAnError) {
  Broker broker;
  broker.confirms = false;
  SimulateOptions options = to_broker();
  options.confirm_wait = seconds{0};
  const Result<SimulateReport> report = run(options, broker);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Errc::unavailable);
  EXPECT_THAT(report.error().message, testing::HasSubstr("mqtt://127.0.0.1:1883"));
}

TEST(Simulate, NoBrokerIsAnError) {
  Broker broker;
  broker.reachable = false;
  const Result<SimulateReport> report = run(to_broker(), broker);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Errc::unavailable);
}

TEST(Simulate, StopsWhenAskedAndConfirmsWhatLeft) {
  Broker broker;
  broker.stop_after = 123;
  const Result<SimulateReport> report = run(to_broker(), broker);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_TRUE(report->stopped);
  EXPECT_EQ(report->sent, 123U);
  EXPECT_EQ(broker.unconfirmed, 0U);
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

TEST_F(SimulateFiles, AZeekLogHoldsEveryFlowWithItsLabel) {
  options_.to = folder_ / "flows.log";
  const Result<SimulateReport> report = run(options_, broker_);
  ASSERT_TRUE(report.ok()) << report.error().message;
  const std::unique_ptr<Decoder> decoder = make_zeek_log_decoder();
  std::istringstream lines(content(options_.to));
  const auto next_line = [&](LabelledRecord& out) {
    for (std::string line; std::getline(lines, line);) {
      out.record.clear();
      out.truth.label.clear();
      const Result<Decoded> decoded = decoder->decode(line_message(line), out.record, out.truth);
      EXPECT_TRUE(decoded.ok()) << decoded.error().message;
      if (decoded.ok() && *decoded == Decoded::record) return true;
    }
    return false;
  };
  std::uint64_t flows = 0;
  std::uint64_t readings = 0;
  watch_fleet([&](const LabelledRecord& expected) {
    if (expected.record.kind == RecordKind::reading) {
      ++readings;
      return;
    }
    ++flows;
    LabelledRecord found;
    ASSERT_TRUE(next_line(found));
    EXPECT_EQ(found.truth.label, expected.truth.label);
    EXPECT_EQ(found.record.time, expected.record.time);
    EXPECT_EQ(found.record.flow.uid, expected.record.flow.uid);
    EXPECT_EQ(found.record.flow.history, expected.record.flow.history);
  });
  EXPECT_EQ(report->sent, flows);
  EXPECT_EQ(report->skipped, readings);
  EXPECT_GT(flows, 100U);
}

TEST_F(SimulateFiles, JsonLinesReadBackWithTheSameKeysAndLabelsStandBeside) {
  options_.to = folder_ / "records.jsonl";
  const Result<SimulateReport> written = run(options_, broker_);
  ASSERT_TRUE(written.ok()) << written.error().message;
  std::istringstream lines(content(options_.to));
  std::istringstream labels(content(folder_ / "records.labels.jsonl"));
  const std::unique_ptr<Decoder> decoder = make_json_decoder();
  std::uint64_t records = 0;
  watch_fleet([&](const LabelledRecord& expected) {
    ++records;
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    LabelledRecord found;
    const Result<Decoded> decoded = decoder->decode(line_message(line), found.record, found.truth);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message << '\n' << line;
    EXPECT_EQ(found.record.key, expected.record.key) << line;
    ASSERT_TRUE(std::getline(labels, line));
    EXPECT_EQ(line, "{\"key\":\"" + to_text(expected.record.key) + "\",\"label\":\"" +
                        expected.truth.label + "\"}");
  });
  EXPECT_EQ(written->sent, records);
}

TEST_F(SimulateFiles, AWrittenLogCanBeReplayed) {
  options_.to = folder_ / "flows.log";
  const Result<SimulateReport> written = run(options_, broker_);
  ASSERT_TRUE(written.ok()) << written.error().message;
  SimulateOptions replay = to_broker();
  replay.messages_max = 0;
  replay.rate = 0;
  replay.replay = {options_.to, options_.to};
  const Result<SimulateReport> sent = run(replay, broker_);
  ASSERT_TRUE(sent.ok()) << sent.error().message;
  EXPECT_EQ(sent->sent, 2 * written->sent);
  EXPECT_EQ(sent->refused, 0U) << sent->first_refusal;
  EXPECT_EQ(broker_.messages.size(), sent->sent);
}

TEST_F(SimulateFiles, AStoppedFileIsNotWritten) {
  options_.to = folder_ / "flows.log";
  broker_.stop.request_stop();
  const Result<SimulateReport> report = run(options_, broker_);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Errc::cancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(SimulateFiles, OptionsThatCannotBeAreNamed) {
  struct Case {
    const char* what;
    std::function<void(SimulateOptions&)> change;
    Errc code;
  };
  const Case cases[] = {
      {"endless file", [](auto& o) { o.length = Duration{0}; }, Errc::missing_field},
      {"format", [&](auto& o) { o.to = folder_ / "flows.parquet"; }, Errc::unsupported},
      {"rate", [](auto& o) { o.rate = -1; }, Errc::out_of_range},
      {"qos", [](auto& o) { o.qos = 3; }, Errc::out_of_range},
      {"devices", [](auto& o) { o.fleet.devices = 0; }, Errc::out_of_range},
      {"recording", [&](auto& o) { o.replay = {folder_ / "absent.log"}; }, Errc::not_found},
  };
  for (const Case& one : cases) {
    SimulateOptions options = options_;
    options.to = folder_ / "flows.log";
    one.change(options);
    const Result<SimulateReport> report = run(options, broker_);
    ASSERT_FALSE(report.ok()) << one.what;
    EXPECT_EQ(report.error().code, one.code) << one.what << ": " << report.error().message;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace vedette
