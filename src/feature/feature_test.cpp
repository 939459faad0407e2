#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <new>
#include <set>
#include <sstream>

#include "base/random.hpp"
#include "feature/feature.hpp"
#include "feature/flow_columns.hpp"
#include "feature/series_state.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
std::atomic<std::size_t> bytes_allocated{0};  // whether freed since or not
}  // namespace

// Counts what the line allocates. Not inlined: GCC would take malloc and free for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  bytes_allocated += size;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace vedette {
namespace {

Record a_flow() {
  Record record;
  record.device = "192.168.1.5";
  record.flow.orig_h = "192.168.1.5";
  record.flow.resp_h = "8.8.8.8";
  record.flow.orig_p = 40'000;
  record.flow.resp_p = 53;
  record.flow.proto = Proto::udp;
  record.flow.conn_state = ConnState::SF;
  record.flow.service = "dns";
  record.flow.history = "Dd";
  record.flow.duration = 0.5;
  record.flow.orig_pkts = 2;
  record.flow.orig_ip_bytes = 120;
  record.flow.resp_pkts = 1;
  record.flow.resp_ip_bytes = 80;
  return record;
}

std::unique_ptr<FeatureMap> fitted(std::string_view columns) {
  auto builder = make_flow_features(columns);
  EXPECT_TRUE(builder);
  (*builder)->observe(a_flow());
  return (*builder)->build();
}

std::vector<float> row_of(const FeatureMap& map, const Record& record) {
  DeviceWindows windows;
  std::vector<float> row(map.schema().width(), std::nanf(""));
  map.apply(record, windows, row);
  return row;
}

float at(const FeatureMap& map, const std::vector<float>& row, std::string_view name) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (map.schema().columns[i].name == name) return row[i];
  }
  ADD_FAILURE() << "no column " << name;
  return 0;
}

TEST(FlowFeatures, PublishedColumnsAre24AndRaw) {
  const auto map = fitted("published24");
  ASSERT_EQ(map->schema().width(), 24U);
  const auto row = row_of(*map, a_flow());
  EXPECT_EQ(at(*map, row, "duration"), 0.5F);
  EXPECT_EQ(at(*map, row, "orig_bytes"), 0);  // unset
  EXPECT_EQ(at(*map, row, "orig_ip_bytes"), 120);
  EXPECT_EQ(at(*map, row, "proto=udp"), 1);
  EXPECT_EQ(at(*map, row, "proto=tcp"), 0);
  EXPECT_EQ(at(*map, row, "conn_state=SF"), 1);
}

TEST(FlowFeatures, BehaviourSpeaksOfWhatTheFlowDid) {
  const auto map = fitted("behaviour");
  const auto row = row_of(*map, a_flow());
  EXPECT_FLOAT_EQ(at(*map, row, "log_orig_pkts"), static_cast<float>(std::log(3.0)));
  EXPECT_FLOAT_EQ(at(*map, row, "log_orig_bytes_per_pkt"), static_cast<float>(std::log(61.0)));
  EXPECT_EQ(at(*map, row, "orig_bytes_unset"), 1);
  EXPECT_EQ(at(*map, row, "duration_unset"), 0);
  EXPECT_EQ(at(*map, row, "service=dns"), 1);
  EXPECT_EQ(at(*map, row, "history.D"), 1);
  EXPECT_EQ(at(*map, row, "history.d"), 1);
  EXPECT_EQ(at(*map, row, "history.S"), 0);
  EXPECT_EQ(at(*map, row, "resp_port=system"), 1);
  EXPECT_EQ(at(*map, row, "orig_port=ephemeral"), 1);
  EXPECT_EQ(at(*map, row, "resp_address=public"), 1);
  Record other = a_flow();
  other.flow.service = "gopher";
  EXPECT_EQ(at(*map, row_of(*map, other), "service_other"), 1);
  other.flow.service.clear();
  EXPECT_EQ(at(*map, row_of(*map, other), "service_unset"), 1);
}

TEST(FlowFeatures, IdentityNeverEnters) {
  for (const std::string_view columns : flow_column_sets()) {
    const auto map = fitted(columns);
    Record other = a_flow();
    other.device = "elsewhere";
    other.time = time_from_micros(77);
    other.flow.uid = "CxYz";
    other.flow.orig_h = "10.9.8.7";
    other.flow.resp_h = "9.9.9.9";
    EXPECT_EQ(row_of(*map, other), row_of(*map, a_flow())) << columns;
  }
}

TEST(FlowFeatures, EveryValueIsFiniteAndColumnNamesDiffer) {
  for (const std::string_view columns : flow_column_sets()) {
    const auto map = fitted(columns);
    std::set<std::string> names;
    for (const Column& column : map->schema().columns) names.insert(column.name);
    EXPECT_EQ(names.size(), map->schema().width()) << columns;
    for (const double wild : {1e308, -1e308, not_set, 0.0, -1.0, double{HUGE_VAL}}) {
      Record record = a_flow();
      Flow& f = record.flow;
      f.duration = f.orig_bytes = f.resp_bytes = f.orig_pkts = f.resp_pkts = wild;
      f.missed_bytes = f.orig_ip_bytes = f.resp_ip_bytes = wild;
      for (const float value : row_of(*map, record)) EXPECT_TRUE(std::isfinite(value)) << wild;
    }
    for (const float value : row_of(*map, Record{})) EXPECT_TRUE(std::isfinite(value));
  }
}

TEST(FlowFeatures, KeepsTheSixteenMostFrequentServices) {
  auto builder = make_flow_features("behaviour");
  ASSERT_TRUE(builder);
  Record record = a_flow();
  for (int service = 0; service < 40; ++service) {
    record.flow.service = "s" + std::to_string(100 + service);
    for (int i = 0; i <= service; ++i) (*builder)->observe(record);
  }
  std::vector<std::string> kept;
  const auto map = (*builder)->build();
  for (const Column& column : map->schema().columns) {
    if (column.name.starts_with("service=")) kept.push_back(column.name);
  }
  ASSERT_EQ(kept.size(), 16U);
  EXPECT_EQ(kept.front(), "service=s124");
  EXPECT_EQ(kept.back(), "service=s139");
}

TEST(FlowFeatures, AMillionDistinctServicesLeaveTheFrequentOnes) {
  auto builder = make_flow_features("behaviour");
  ASSERT_TRUE(builder);
  Record record = a_flow();
  for (int i = 0; i < 1'000'000; ++i) {
    record.flow.service = i % 3 == 0 ? "dns" : "x" + std::to_string(i);
    (*builder)->observe(record);
  }
  const auto map = (*builder)->build();
  std::size_t services = 0;
  bool dns = false;
  for (const Column& column : map->schema().columns) {
    services += column.name.starts_with("service=") ? 1 : 0;
    dns = dns || column.name == "service=dns";
  }
  EXPECT_EQ(services, 16U);
  EXPECT_TRUE(dns);
}

TEST(FlowFeatures, APortThatTrainingKnewWellStandsApartFromOneItNeverSaw) {
  auto builder = make_flow_features("ports");
  ASSERT_TRUE(builder);
  Record record = a_flow();
  record.flow.proto = Proto::tcp;
  for (int i = 0; i < 999; ++i) {
    record.flow.resp_p = static_cast<std::uint16_t>(i < 900 ? 8883 : i < 990 ? 443 : 2323);
    (*builder)->observe(record);
  }
  const auto map = (*builder)->build();
  const auto& columns = map->schema().columns;
  const auto share_of = [&](std::uint16_t port, Proto proto) {
    record.flow.resp_p = port;
    record.flow.proto = proto;
    const auto row = row_of(*map, record);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (columns[c].name == "resp_port_log_share") return row[c];
    }
    ADD_FAILURE() << "no such column";
    return 0.0F;
  };
  // Three ports kept and one cell for all others: (flows + 1) / (999 + 4).
  EXPECT_FLOAT_EQ(share_of(8883, Proto::tcp), std::log(901.0F / 1003));
  EXPECT_FLOAT_EQ(share_of(443, Proto::tcp), std::log(91.0F / 1003));
  EXPECT_FLOAT_EQ(share_of(2323, Proto::tcp), std::log(10.0F / 1003));
  EXPECT_FLOAT_EQ(share_of(23, Proto::tcp), std::log(1.0F / 1003));
  EXPECT_FLOAT_EQ(share_of(8883, Proto::udp), std::log(1.0F / 1003)) << "another protocol";
}

TEST(FlowFeatures, AScanOfAllPortsLeavesTheFrequentOnes) {
  auto builder = make_flow_features("ports");
  ASSERT_TRUE(builder);
  Record record = a_flow();
  for (int i = 0; i < 200'000; ++i) {
    record.flow.resp_p = static_cast<std::uint16_t>(i % 2 == 0 ? 8883 : i % 65'536);
    (*builder)->observe(record);
  }
  const auto map = (*builder)->build();
  ByteWriter out;
  map->save(out);
  EXPECT_LT(out.size(), 5000U) << "256 ports of 12 bytes, and little else";
  record.flow.resp_p = 8883;
  EXPECT_NEAR(row_of(*map, record)[map->schema().width() - 1], std::log(0.5), 0.01);
}

TEST(Features, UnknownColumnSetsAreRefusedWithTheKnown) {
  const auto builder = make_flow_features("everything");
  ASSERT_FALSE(builder);
  EXPECT_NE(builder.error().message.find("published24"), std::string::npos);
}

TEST(Features, SaveAndLoadKeepSchemaRangesAndRows) {
  std::vector<std::unique_ptr<FeatureMap>> maps;
  for (const std::string_view columns : flow_column_sets()) maps.push_back(fitted(columns));
  maps.push_back(make_series_features());
  for (const auto& plain : maps) {
    const auto map =
        with_usual(*plain, std::vector<UsualRange>(plain->schema().width(), UsualRange{-1, 2.5F}));
    ByteWriter out;
    map->save(out);
    ByteReader in(out.bytes());
    const auto loaded = load_features(in);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ((*loaded)->schema().fingerprint(), plain->schema().fingerprint());
    ASSERT_EQ((*loaded)->usual().size(), plain->schema().width());
    EXPECT_EQ((*loaded)->usual()[0].high, 2.5F);
    if (plain->schema().record_kind == RecordKind::flow) {
      EXPECT_EQ(row_of(**loaded, a_flow()), row_of(*plain, a_flow()));
    }
    for (std::size_t cut = 0; cut < out.size(); ++cut) {
      ByteReader short_in(out.bytes().first(cut));
      EXPECT_FALSE(load_features(short_in)) << cut;
    }
  }
}

TEST(Features, ApplyAllocatesNothingWhenWarm) {
  const auto flows = fitted("windows");
  const auto series = make_series_features();
  DeviceWindows windows({.series_max = 4, .sources_max = 3});
  std::vector<Record> sources(5, a_flow());
  for (std::size_t i = 0; i < sources.size(); ++i) sources[i].device = "source" + std::to_string(i);
  std::vector<Record> readings(6);  // more series than places: evictions must not allocate either
  for (std::size_t i = 0; i < readings.size(); ++i) {
    readings[i].kind = RecordKind::reading;
    readings[i].device = "sensor" + std::to_string(i);
    readings[i].reading.add("temperature", 20.0 + static_cast<double>(i));
  }
  std::vector<float> flow_row(flows->schema().width()), row(4);
  const auto round = [&] {
    for (const Record& flow : sources) flows->apply(flow, windows, flow_row);
    for (const Record& reading : readings) series->apply(reading, windows, row);
  };
  round();
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) round();
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(windows.series(), 4U);
  EXPECT_EQ(windows.series_evicted(), 101U * 6 - 4);
}

// 100,000 devices stay below 512 MB (vectors that grew, and were freed, included): a tenth of them
// is counted here, the memory grows by the device. Bench windows measures all.
TEST(Features, ADeviceTakesLessThanFiveKilobytes) {
  const auto flows = fitted("windows");
  DeviceWindows windows;
  Record flow = a_flow();
  std::vector<float> row(flows->schema().width());
  const std::size_t before = bytes_allocated;
  for (int i = 0; i < 10'000; ++i) {
    flow.device = std::to_string(i);
    flows->apply(flow, windows, row);
  }
  EXPECT_EQ(windows.sources(), 10'000U);
  EXPECT_LT(bytes_allocated - before, std::size_t{10'000} * 5'120);
}

TEST(Address, ClassIsBehaviourNotIdentity) {
  struct Row {
    const char* address;
    AddressClass kind;
  };
  for (const Row& row :
       {Row{"8.8.8.8", AddressClass::open}, Row{"192.168.1.4", AddressClass::home},
        Row{"172.31.0.1", AddressClass::home}, Row{"172.32.0.1", AddressClass::open},
        Row{"192.168.1.255", AddressClass::broadcast},
        Row{"255.255.255.255", AddressClass::broadcast},
        Row{"239.255.255.250", AddressClass::multicast}, Row{"127.0.0.1", AddressClass::local},
        Row{"169.254.3.4", AddressClass::local}, Row{"ff02::fb", AddressClass::multicast},
        Row{"fe80::1", AddressClass::local}, Row{"fd00::7", AddressClass::home},
        Row{"2001:db8::1", AddressClass::open}, Row{"", AddressClass::open},
        Row{"1.2.3", AddressClass::open}, Row{"300.1.1.1", AddressClass::open}}) {
    EXPECT_EQ(address_class_of(row.address), row.kind) << row.address;
  }
}

Time second(int i) {
  return time_from_micros(std::int64_t{i} * 1'000'000 + 1'000'000);
}

TEST(Series, LearnsForTwentyReadings) {
  SeriesState series;
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(series.judge(20 + 0.1 * (i % 3), second(i)).learning);
  EXPECT_FALSE(series.judge(20, second(20)).learning);
}

/// A slow rhythm with noise: 1,000 readings a period.
double rhythm(Random& random, int i) {
  return 20 + 3 * std::sin(i * 2 * 3.14159265 / 1000) + random.normal(0, 0.1);
}

TEST(Series, FindsSpikesAndStaysQuietOtherwise) {
  const std::uint64_t seed = 4;
  Random random(seed);
  SeriesState series;
  int alarms = 0;
  int found = 0;
  for (int i = 0; i < 20'000; ++i) {
    const bool spike = i % 1000 == 700;
    const double value = rhythm(random, i) + (spike ? 15 : 0);
    const Deviations d = series.judge(value, second(i));
    const bool alarm = std::max({d.level, d.step, d.stuck, d.gap}) >= 6;
    found += spike && alarm ? 1 : 0;
    alarms += !spike && alarm ? 1 : 0;
  }
  EXPECT_EQ(found, 20) << "seed " << seed;
  EXPECT_LE(alarms, 20) << "seed " << seed;  // 1 in 1,000
}

TEST(Series, ALevelShiftAlarmsAndIsLearned) {
  const std::uint64_t seed = 5;
  Random random(seed);
  SeriesState series;
  for (int i = 0; i < 500; ++i) series.judge(20 + random.normal(0, 0.1), second(i));
  EXPECT_GE(series.judge(40 + random.normal(0, 0.1), second(500)).level, 6);
  int last_alarm = 0;
  for (int i = 1; i < 300; ++i) {
    if (series.judge(40 + random.normal(0, 0.1), second(500 + i)).level >= 6) last_alarm = i;
  }
  EXPECT_LE(last_alarm, 128) << "seed " << seed;
  EXPECT_GE(last_alarm, 1) << "seed " << seed;
}

TEST(Series, AStuckSensorAndASilentOneAreFound) {
  Random random(6);
  SeriesState series;
  int i = 0;
  for (; i < 500; ++i) series.judge(20 + random.normal(0, 0.1), second(i));
  float stuck = 0;
  for (int run = 0; run < 60; ++run) stuck = series.judge(20.5, second(i++)).stuck;
  EXPECT_GE(stuck, 6);
  EXPECT_GE(series.judge(20.1, second(i + 100)).gap, 6);
}

TEST(Series, AConstantSeriesHasAScale) {
  SeriesState series;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(series.judge(20, second(i)).level, 0);
  EXPECT_LT(series.judge(20.02, second(100)).level, 6);  // 0.1 % is within the floor
  EXPECT_GE(series.judge(25, second(101)).level, 6);
}

TEST(Series, ASwitchMayBeSwitched) {
  struct Fact {
    int still;  // readings before the first change
    double value;
    bool quiet;
  };
  // One that never moved for long, and what no switch says, are strange.
  for (const Fact& fact :
       {Fact{30, 1, true}, Fact{30, 0, true}, Fact{600, 0, false}, Fact{30, 7, false}}) {
    SeriesState series;
    int i = 0;
    for (; i < fact.still; ++i) series.judge(fact.value == 0 ? 1 : 0, second(i));
    const Deviations d = series.judge(fact.value, second(i++));
    EXPECT_EQ(std::max(d.level, d.step) < 6, fact.quiet) << fact.still << " " << fact.value;
    if (!fact.quiet) continue;
    for (; i < 2000; ++i) {
      const Deviations later = series.judge(i % 97 < 5 ? 1 : 0, second(i));
      EXPECT_EQ(std::max(later.level, later.step), 0) << i;
    }
  }
}

TEST(Series, WhatIsUsualIsToldInItsOwnTerms) {
  Random random(7);
  const auto map = make_series_features();
  DeviceWindows windows;
  std::vector<float> row(map->schema().width());
  Record record;
  record.kind = RecordKind::reading;
  record.device = "pump-01";
  const auto apply = [&](int at, double pressure, double heat) {
    record.reading.clear();
    record.reading.add("pressure", pressure);
    record.reading.add("heat", heat);
    record.time = second(at);
    return map->apply(record, windows, row);
  };
  for (int i = 0; i < 300; ++i) {
    apply(i, 1013 + random.normal(0, 0.5), 40 + random.normal(0, 0.2));
  }
  const RowNotes notes = apply(360, 1013, 55);
  const auto& [level, step, stuck, gap] = notes.measured;
  EXPECT_EQ(notes.series, "heat");
  EXPECT_EQ(level.place, 1U);
  EXPECT_EQ(level.value, 55);
  EXPECT_GT(level.low, 37);
  EXPECT_LT(level.low, 40);
  EXPECT_GT(level.high, 40);
  EXPECT_LT(level.high, 43);
  EXPECT_NEAR(step.value, 15, 1);
  EXPECT_LT(step.high, 3);
  EXPECT_EQ(gap.value, 61);
  EXPECT_EQ(gap.high, 5);  // half of ten usual intervals
  EXPECT_EQ(stuck.value, 1);
  // A deviation of three is where usual ends.
  EXPECT_NEAR(row[0], 3 * (55 - (level.low + level.high) / 2) / ((level.high - level.low) / 2),
              0.01 * row[0]);
}

TEST(Series, WildValuesStayFinite) {
  SeriesState series;
  Random random(8);
  for (int i = 0; i < 500; ++i) {
    const double wild[] = {1e308, -1e308, 0, 1e-308, 20, random.normal()};
    const Deviations d = series.judge(wild[random.below(6)],
                                      time_from_micros(static_cast<std::int64_t>(random.next())));
    for (const float value : {d.level, d.step, d.stuck, d.gap}) EXPECT_TRUE(std::isfinite(value));
    for (const Seen& seen : d.seen) {
      for (const float value : {seen.value, seen.low, seen.high}) EXPECT_TRUE(std::isfinite(value));
    }
  }
}

TEST(Series, ThirteenThousandRealReadingsRaiseFewFalseAlarms) {
  const char* given = std::getenv("VEDETTE_DATA");
  const std::string root = given != nullptr ? given : VEDETTE_SOURCE_DIR "/../shared/data";
  struct Mote {
    const char* file;
    int false_alarms_max;
    bool event;
  };
  for (const Mote& mote : {Mote{"indoor-moteid1", 4, true}, Mote{"outdoor-moteid3", 5, false},
                           Mote{"indoor-moteid2", 12, false}}) {
    std::ifstream in(root + "/telemetry/lwsndr/singlehop-" + mote.file + "-data.txt");
    if (!in) GTEST_SKIP() << "no sensor series under " << root;
    SeriesState humidity, temperature;
    std::string line;
    std::getline(in, line);
    int found = 0, wrong = 0;
    for (int i = 0; std::getline(in, line); ++i) {
      std::istringstream fields(line);
      double number = 0, id = 0, h = 0, t = 0;
      int label = 0;
      if (!(fields >> number >> id >> h >> t >> label)) continue;
      const Deviations a = humidity.judge(h, second(i));
      const Deviations b = temperature.judge(t, second(i));
      const bool alarm = std::max({a.level, a.step, a.stuck, b.level, b.step, b.stuck}) >= 6;
      (label != 0 ? found : wrong) += alarm ? 1 : 0;
    }
    EXPECT_LE(wrong, mote.false_alarms_max) << mote.file;
    EXPECT_EQ(found > 0, mote.event) << mote.file;
  }
}

}  // namespace
}  // namespace vedette
