// Replayed captures: interleaved by time, in their own tempo, shifted and re-mapped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/simulate_remap.hpp"
#include "app/simulate_test_support.hpp"
#include "codec/codec.hpp"

namespace vedette {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

Record flow_at(std::int64_t ms, std::string_view from, std::string_view to) {
  Record record;
  record.time = test_start + milliseconds{ms};
  record.device = from;
  record.flow.orig_h = from;
  record.flow.resp_h = to;
  record.flow.proto = Proto::udp;
  record.flow.uid = std::to_string(ms);
  return record;
}

class Replay : public SimulateFiles {
 protected:
  std::filesystem::path capture(const char* name, const std::vector<Record>& records) const {
    std::string text;
    append_zeek_header(text);
    for (const Record& record : records) append_zeek_line(text, record, {"Benign"});
    std::ofstream{file(name)} << text;
    return file(name);
  }
  /// What the broker got, decoded.
  std::vector<Record> got() const {
    std::vector<Record> out;
    const auto decoder = make_json_decoder();
    for (const auto& [topic, payload] : broker_.messages) {
      RawMessage message;
      message.topic = topic;
      message.payload = payload;
      Truth truth;
      EXPECT_TRUE(decoder->decode(message, out.emplace_back(), truth).ok()) << payload;
    }
    return out;
  }
  std::vector<std::string> uids() const {
    std::vector<std::string> out;
    for (const Record& record : got()) out.push_back(record.flow.uid);
    return out;
  }
  SimulateOptions replay(std::vector<std::filesystem::path> captures) const {
    SimulateOptions options;
    options.to = "mqtt://127.0.0.1:1883";
    options.progress = false;
    options.speed = 0;
    options.replay = std::move(captures);
    return options;
  }
};

TEST_F(Replay, CapturesAreInterleavedByTimeAndDisorderIsPassedOn) {
  const auto a =
      capture("a.log", {flow_at(0, "10.0.0.1", "1.1.1.1"), flow_at(50, "10.0.0.1", "1.1.1.1"),
                        flow_at(90, "10.0.0.1", "1.1.1.1")});
  const auto b =
      capture("b.log", {flow_at(10, "10.0.0.2", "1.1.1.1"), flow_at(60, "10.0.0.2", "1.1.1.1"),
                        flow_at(30, "10.0.0.2", "1.1.1.1"), flow_at(95, "10.0.0.2", "1.1.1.1")});
  const auto report = run(replay({a, b}), broker_);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_THAT(uids(), ElementsAre("0", "10", "50", "60", "30", "90", "95"));
  EXPECT_EQ(report->labels.at("Benign"), 7U);
}

TEST_F(Replay, AWrittenLogCanBeReplayedTwiceAtOnce) {
  options_.to = file("flows.log");
  const Result<SimulateReport> written = run(options_, broker_);
  ASSERT_TRUE(written.ok()) << written.error().message;
  const Result<SimulateReport> sent = run(replay({options_.to, options_.to}), broker_);
  ASSERT_TRUE(sent.ok()) << sent.error().message;
  EXPECT_EQ(sent->sent, 2 * written->sent);
  EXPECT_EQ(sent->refused, 0U) << sent->first_refusal;
  EXPECT_EQ(broker_.messages.size(), sent->sent);
  for (const auto& [label, count] : written->labels) EXPECT_EQ(sent->labels.at(label), 2 * count);
  const std::vector<Record> records = got();
  for (std::size_t i = 1; i < records.size(); ++i) {
    ASSERT_LE(records[i - 1].time, records[i].time);
  }
}

TEST_F(Replay, BrokersGetTheOriginalTempoFasterOrSlower) {
  const auto a =
      capture("a.log", {flow_at(0, "10.0.0.1", "1.1.1.1"), flow_at(400, "10.0.0.1", "1.1.1.1")});
  SimulateOptions options = replay({a});
  struct Row {
    std::optional<double> speed;
    double low;
    double high;
  };
  for (const Row& row : {Row{{}, 0.4, 3}, Row{4, 0.1, 0.39}, Row{0.5, 0.8, 4}, Row{0, 0, 0.09}}) {
    options.speed = row.speed;
    const auto report = run(options, broker_);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_GE(report->seconds, row.low) << row.speed.value_or(-1);
    EXPECT_LE(report->seconds, row.high) << row.speed.value_or(-1);
  }
}

TEST_F(Replay, TimesAreKeptOrShiftedToNow) {
  const auto a =
      capture("a.log", {flow_at(20, "10.0.0.1", "1.1.1.1"), flow_at(470, "10.0.0.1", "1.1.1.1")});
  SimulateOptions options = replay({a});
  const Time later = test_start + std::chrono::days{100};
  ASSERT_TRUE(run(options, broker_, later));
  options.replay_times = ReplayTimes::now;
  ASSERT_TRUE(run(options, broker_, later));
  std::vector<Time> times;
  for (const Record& record : got()) times.push_back(record.time);
  EXPECT_THAT(times, ElementsAre(test_start + milliseconds{20}, test_start + milliseconds{470},
                                 later, later + milliseconds{450}));
}

TEST_F(Replay, CapturesOfDifferentYearsBeginTogether) {
  constexpr int far_ms = 20 * 86'400'000;
  const auto a =
      capture("a.log", {flow_at(0, "10.0.0.1", "1.1.1.1"), flow_at(40, "10.0.0.1", "1.1.1.2")});
  const auto b = capture("b.log", {flow_at(far_ms, "10.0.0.2", "1.1.1.3"),
                                   flow_at(far_ms + 20, "10.0.0.2", "1.1.1.4")});
  SimulateOptions options = replay({b, a});
  options.replay_times = ReplayTimes::together;
  const Time later = test_start + std::chrono::days{100};
  ASSERT_TRUE(run(options, broker_, later));
  std::vector<std::pair<Time, std::string>> seen;
  for (const Record& record : got()) seen.emplace_back(record.time, record.flow.resp_h);
  EXPECT_THAT(seen, ElementsAre(std::pair{later, "1.1.1.3"}, std::pair{later, "1.1.1.1"},
                                std::pair{later + milliseconds{20}, "1.1.1.4"},
                                std::pair{later + milliseconds{40}, "1.1.1.2"}));
}

TEST_F(Replay, EqualAddressesOfTwoCapturesBecomeTwoDevices) {
  const auto a =
      capture("a.log", {flow_at(0, "192.168.1.5", "1.1.1.1"), flow_at(20, "8.8.8.8", "192.168.1.5"),
                        flow_at(40, "192.168.1.6", "192.168.1.5"),
                        flow_at(50, "192.168.1.6", "192.168.1.77")});
  const auto b = capture("b.log", {flow_at(10, "192.168.1.5", "192.168.1.6"),
                                   flow_at(30, "172.32.0.1", "192.168.1.5")});
  SimulateOptions options = replay({a, b});
  options.remap = "10.20.0.0/16";
  ASSERT_TRUE(run(options, broker_));
  std::vector<std::string> seen;
  for (const Record& record : got()) {
    EXPECT_EQ(record.device, record.flow.orig_h);
    seen.push_back(record.flow.orig_h + ">" + record.flow.resp_h);
  }
  EXPECT_THAT(seen,
              ElementsAre("10.20.0.1>1.1.1.1", "10.20.0.2>192.168.1.6", "8.8.8.8>10.20.0.1",
                          "172.32.0.1>10.20.0.2", "10.20.0.3>10.20.0.1", "10.20.0.3>192.168.1.77"));
}

TEST_F(Replay, MoreDevicesThanAddressesIsAnError) {
  const auto a =
      capture("a.log", {flow_at(0, "10.0.0.1", "1.1.1.1"), flow_at(1, "10.0.0.2", "1.1.1.1"),
                        flow_at(2, "10.0.0.3", "1.1.1.1")});
  SimulateOptions options = replay({a});
  options.remap = "10.20.0.0/30";
  const auto report = run(options, broker_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::too_large);
  EXPECT_EQ(report.error().message,
            "remap 10.20.0.0/30: the captures hold more than 2 local devices");
}

TEST(AddressRemap, NetworksThatAreNone) {
  for (const char* network : {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/31", "10.0.0.0/7", "::/64",
                              "10.0.0/16", "10.0.0.0/16x", "10.0.0.0/-8", "300.0.0.0/16"}) {
    const auto remap = AddressRemap::parse(network, 1);
    ASSERT_FALSE(remap) << network;
    EXPECT_EQ(remap.error().code, Errc::malformed);
  }
}

TEST(AddressRemap, LargeNetworksAreBoundedToo) {
  auto remap = AddressRemap::parse("10.0.0.0/8", 1);
  ASSERT_TRUE(remap);
  Record record;
  for (unsigned i = 0; i <= AddressRemap::addresses_max; ++i) {
    record.flow.orig_h = "172.16." + std::to_string(i / 256 % 256) + "." + std::to_string(i % 256);
    if (i >= 65'536) record.flow.orig_h = "192.168.0.1";
    const auto applied = remap->apply(0, record);
    ASSERT_EQ(applied.ok(), i < AddressRemap::addresses_max) << i;
  }
}

TEST_F(Replay, WhatIsNoCaptureIsSaidBeforeAnythingIsSent) {
  const auto good = capture("good.log", {flow_at(0, "10.0.0.1", "1.1.1.1")});
  struct Case {
    const char* name;
    const char* text;
    Errc code;
    const char* says;
  };
  const Case cases[] = {
      {"picture.png", "\x89PNG\r\n\x1a\n\x01\x02\x03", Errc::malformed,
       "is no Zeek log, JSON lines or CSV"},
      {"empty.log", "", Errc::malformed, "is empty"},
      {"other.log", "#separator \\x09\n#fields\tts\tuid\n1\tx\n", Errc::missing_field,
       "no column id.orig_h"},
  };
  for (const Case& one : cases) {
    std::ofstream{file(one.name)} << one.text;
    const auto report = run(replay({good, file(one.name), good}), broker_);
    ASSERT_FALSE(report) << one.name;
    EXPECT_EQ(report.error().code, one.code) << one.name;
    EXPECT_THAT(report.error().message, HasSubstr(file(one.name).string()));
    EXPECT_THAT(report.error().message, HasSubstr(one.says));
    EXPECT_TRUE(broker_.messages.empty()) << one.name;
  }
}

TEST_F(Replay, RefusedLinesAreCountedAndTheFirstIsNamed) {
  const auto a = capture("a.log", {flow_at(0, "10.0.0.1", "1.1.1.1")});
  std::ofstream{a, std::ios::app} << "half a line\n";
  const auto report = run(replay({a}), broker_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sent, 1U);
  EXPECT_EQ(report->refused, 1U);
  EXPECT_THAT(report->first_refusal, HasSubstr("a.log line 9"));
}

}  // namespace
}  // namespace vedette
