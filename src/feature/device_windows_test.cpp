#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>

#include "base/random.hpp"
#include "feature/feature.hpp"
#include "feature/source_state.hpp"

namespace vedette {
namespace {

constexpr std::uint64_t features = 0x1234;

/// A few devices that send flows and readings; the same seed gives the same stream.
class Stream {
 public:
  explicit Stream(std::uint64_t seed) : random_(seed) {}
  const Record& next() {
    record_.clear();
    micros_ += static_cast<std::int64_t>(random_.below(3'000'000));
    record_.time = time_from_micros(micros_);
    record_.device = fmt::format("device-{}", random_.below(5));
    if (random_.chance(0.4)) {
      record_.kind = RecordKind::reading;
      record_.reading.add("temperature", 20 + random_.normal(0, 0.2));
      return record_;
    }
    record_.kind = RecordKind::flow;
    record_.flow.resp_h = fmt::format("10.0.0.{}", random_.below(20));
    record_.flow.resp_p = static_cast<std::uint16_t>(random_.below(30));
    record_.flow.proto = Proto::tcp;
    record_.flow.conn_state = random_.chance(0.3) ? ConnState::S0 : ConnState::SF;
    record_.flow.orig_ip_bytes = static_cast<double>(random_.below(1000));
    return record_;
  }

 private:
  Random random_;
  std::int64_t micros_ = 1'545'403'816'000'000;
  Record record_;
};

struct Line {
  std::unique_ptr<FeatureMap> flows = (*make_flow_features("windows"))->build();
  std::unique_ptr<FeatureMap> readings = make_series_features();
  DeviceWindows windows;

  explicit Line(DeviceWindows::Options options = {}) : windows(options) {}
  std::vector<float> row(const Record& record) {
    const FeatureMap& map = record.kind == RecordKind::flow ? *flows : *readings;
    std::vector<float> out(map.schema().width());
    map.apply(record, windows, out);
    return out;
  }
};

std::vector<std::byte> saved(const Line& line, std::uint64_t under = features) {
  ByteWriter out;
  line.windows.save(out, under);
  return {out.bytes().begin(), out.bytes().end()};
}

TEST(DeviceWindows, ARestartGoesOnAsIfNothingHadBeen) {
  Line line;
  Stream stream(5);
  for (int i = 0; i < 3000; ++i) line.row(stream.next());
  const auto bytes = saved(line);
  Line restarted;
  ByteReader in(bytes);
  const Status loaded = restarted.windows.load(in, features);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(in.left(), 0U);
  EXPECT_EQ(saved(restarted), bytes);
  EXPECT_EQ(restarted.windows.sources(), 5U);
  EXPECT_EQ(restarted.windows.series(), 5U);
  for (int i = 0; i < 3000; ++i) {
    const Record& record = stream.next();
    ASSERT_EQ(line.row(record), restarted.row(record)) << i;
  }
}

TEST(DeviceWindows, WhatDoesNotFitIsRefusedAndLeavesAllAsItWas) {
  Line line;
  Stream stream(6);
  for (int i = 0; i < 300; ++i) line.row(stream.next());
  const auto bytes = saved(line);
  const auto refusal = [&](std::vector<std::byte> given, std::uint64_t under) {
    Line other;
    other.row(Stream(7).next());
    const auto before = saved(other);
    ByteReader in(given);
    const Status done = other.windows.load(in, under);
    EXPECT_FALSE(done);
    EXPECT_EQ(saved(other), before);
    return done ? Errc::busy : done.error().code;
  };
  EXPECT_EQ(refusal(bytes, features + 1), Errc::mismatch);
  auto newer = bytes;
  newer[0] = std::byte{99};
  EXPECT_EQ(refusal(newer, features), Errc::unsupported);
  for (std::size_t cut = 0; cut < bytes.size(); cut += 97) {
    const std::vector<std::byte> part(bytes.begin(),
                                      bytes.begin() + static_cast<std::ptrdiff_t>(cut));
    EXPECT_EQ(refusal(part, features), Errc::corrupt) << cut;
  }
}

// Bytes are either refused or make windows that can be worked with.
TEST(DeviceWindows, MutatedBytesNeitherCrashNorMakeRowsThatAreNoNumbers) {
  const std::uint64_t seed = 9;
  Random random(seed);
  Line line;
  Stream stream(8);
  for (int i = 0; i < 200; ++i) line.row(stream.next());
  const auto bytes = saved(line);
  int accepted = 0;
  for (int round = 0; round < 400; ++round) {
    auto mutated = bytes;
    for (std::uint64_t k = 0; k <= random.below(4); ++k) {
      mutated[12 + random.below(mutated.size() - 12)] = static_cast<std::byte>(random.below(256));
    }
    Line other;
    ByteReader in(mutated);
    if (!other.windows.load(in, features)) continue;
    ++accepted;
    for (int i = 0; i < 50; ++i) {
      for (const float value : other.row(stream.next())) {
        ASSERT_TRUE(std::isfinite(value)) << "round " << round << " seed " << seed;
      }
    }
  }
  EXPECT_GT(accepted, 10) << "most bytes are counters";
  EXPECT_LT(accepted, 400);
}

TEST(DeviceWindows, TheLeastRecentlySeenSourceLeavesAndIsCounted) {
  Line line({.series_max = 2, .sources_max = 2});
  const auto flow_of = [](const char* device) {
    Record record;
    record.device = device;
    record.time = time_from_micros(1'000'000);
    record.flow.resp_h = "1.1.1.1";
    return record;
  };
  for (const char* device : {"a", "b", "a", "c", "a"}) line.row(flow_of(device));
  EXPECT_EQ(line.windows.sources(), 2U);
  EXPECT_EQ(line.windows.sources_evicted(), 1U);
  line.row(flow_of("b"));
  EXPECT_EQ(line.windows.sources_evicted(), 2U) << "b had left, a had not";
  // Saved with more than another holds: the latest stay.
  Line wide;
  for (const char* device : {"a", "b", "c"}) wide.row(flow_of(device));
  const auto bytes = saved(wide);
  Line narrow({.series_max = 2, .sources_max = 2});
  ByteReader in(bytes);
  ASSERT_TRUE(narrow.windows.load(in, features));
  EXPECT_EQ(narrow.windows.sources(), 2U);
  EXPECT_EQ(narrow.windows.sources_evicted(), 1U);
  narrow.row(flow_of("b"));
  EXPECT_EQ(narrow.windows.sources_evicted(), 1U) << "a had left";
}

Record flow_of(const std::string& device, std::int64_t seconds, const char* peer = "1.1.1.1",
               std::uint16_t port = 443) {
  Record record;
  record.device = device;
  record.time = time_from_micros(1'600'000'000'000'000 + seconds * 1'000'000);
  record.flow.resp_h = peer;
  record.flow.resp_p = port;
  record.flow.proto = Proto::tcp;
  record.flow.conn_state = ConnState::SF;
  return record;
}

TEST(DeviceWindows, ASourceIsLearnedUntilItsHabitsAndRatesAreKnown) {
  Line line;
  std::vector<float> row(line.flows->schema().width());
  float before = -1;
  for (std::int64_t i = 1; i <= 800; ++i) {
    const RowNotes notes = line.flows->apply(flow_of("new", i), line.windows, row);
    const std::uint8_t expected = static_cast<std::uint8_t>(
        (i <= SourceState::warm_up_records ? bit_of(Lesson::habits) : 0) |
        (i <= 60 ? bit_of(Lesson::rate_minute) : 0) | (i <= 600 ? bit_of(Lesson::rate_ten) : 0));
    ASSERT_EQ(notes.lessons, expected) << i;
    ASSERT_EQ(notes.learning, expected != 0) << i;
    ASSERT_GE(notes.confidence, before) << i;
    before = notes.confidence;
  }
  EXPECT_EQ(before, 1);
}

/// Cameras that speak to two peers every two seconds; one floods.
void let_cameras_live(Line& line, std::int64_t seconds) {
  for (std::int64_t second = 0; second < seconds; ++second) {
    for (const char* device : {"camera-01", "camera-02", "camera-03"}) {
      if (second % 2 == 0)
        line.row(flow_of(device, second, second % 4 == 0 ? "1.1.1.1" : "2.2.2.2"));
    }
    for (int i = 0; i < 40; ++i) line.row(flow_of("camera-04", second, "6.6.6.6", 23));
  }
}
float column(const Line& line, const std::vector<float>& row, std::string_view name) {
  const auto& columns = line.flows->schema().columns;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].name == name) return row[c];
  }
  ADD_FAILURE() << name;
  return 0;
}

TEST(DeviceWindows, ADeviceNeverSeenStartsAsItsPeersAre) {
  Line line;
  let_cameras_live(line, 1200);
  const auto known = line.row(flow_of("camera-01", 1200));
  std::vector<float> row(known.size());
  const RowNotes notes = line.flows->apply(flow_of("camera-77", 1200), line.windows, row);
  EXPECT_EQ(notes.lessons,
            bit_of(Lesson::habits) | bit_of(Lesson::rate_minute) | bit_of(Lesson::rate_ten))
      << "what it does itself is still to be seen";
  EXPECT_NEAR(notes.confidence, 0.5, 0.02);
  for (const char* name : {"source_flows_10m", "source_flows_1m", "pair_share_10m",
                           "source_failed_10m", "source_entropy_10m"}) {
    EXPECT_NEAR(column(line, row, name), column(line, known, name), 0.05) << name;
  }
  EXPECT_EQ(column(line, row, "new_destination"), 0) << "cameras speak to it";
  EXPECT_EQ(column(line, line.row(flow_of("camera-77", 1201, "9.9.9.9")), "new_destination"), 1);
  // The peers' states are their own still.
  EXPECT_EQ(column(line, line.row(flow_of("camera-01", 1201, "9.9.9.9")), "new_destination"), 1);
}

TEST(DeviceWindows, WithoutPeersItStartsFromNothing) {
  Line line;
  let_cameras_live(line, 1200);
  std::vector<float> row(line.flows->schema().width());
  for (const char* device : {"plug-01", "10.0.0.7", "camera"}) {
    const bool kind = std::string_view{device} == "camera";
    const RowNotes notes = line.flows->apply(flow_of(device, 1200), line.windows, row);
    EXPECT_EQ(notes.confidence > 0.4F, kind) << device;
    EXPECT_EQ(column(line, row, "new_destination"), kind ? 0 : 1) << device;
  }
  // Peers that have been silent for an hour are nobody's example.
  EXPECT_LT(line.flows->apply(flow_of("camera-88", 4800), line.windows, row).confidence, 0.1F);
}

TEST(DeviceWindows, PeersSurviveARestart) {
  Line line;
  let_cameras_live(line, 600);
  const auto bytes = saved(line);
  Line restarted;
  ByteReader in(bytes);
  ASSERT_TRUE(restarted.windows.load(in, features));
  for (int i = 0; i < 100; ++i) {
    const Record record = flow_of("camera-50", 600 + i, i % 3 == 0 ? "1.1.1.1" : "7.7.7.7");
    ASSERT_EQ(line.row(record), restarted.row(record)) << i;
  }
}

}  // namespace
}  // namespace vedette
