#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <new>
#include <set>

#include "base/hash.hpp"
#include "fleet/fleet.hpp"

namespace {
/// What the program has allocated and not yet given back.
std::atomic<std::size_t> allocated_bytes{0};

void* counted(void* at) {
  if (at == nullptr) throw std::bad_alloc{};
  allocated_bytes += malloc_usable_size(at);
  return at;
}
void uncounted(void* at) {
  if (at != nullptr) allocated_bytes -= malloc_usable_size(at);
  std::free(at);
}
}  // namespace

void* operator new(std::size_t size) {
  return counted(std::malloc(size));
}
// std::stable_sort asks this one for its buffer.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  void* const at = std::malloc(size);
  return at == nullptr ? nullptr : counted(at);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto line = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(line, (size + line - 1) / line * line));
}
void operator delete(void* at) noexcept {
  uncounted(at);
}
void operator delete(void* at, std::size_t) noexcept {
  uncounted(at);
}
void operator delete(void* at, std::align_val_t) noexcept {
  uncounted(at);
}
void operator delete(void* at, std::size_t, std::align_val_t) noexcept {
  uncounted(at);
}

namespace vedette {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// 2026-03-02T00:00:00Z, a Monday
const Time start = time_from_micros(1'772'409'600'000'000);

FleetPlan calm_plan() {
  FleetPlan plan;
  plan.start = start;
  plan.episode_every = Duration{0};
  return plan;
}

/// A device with one habit, and no reading when none is asked for.
FleetPlan plan_of_habit(const char* task, Duration every, const char* rhythm = "irregular") {
  FleetPlan plan = calm_plan();
  Profile profile;
  profile.name = "one";
  profile.missing = 0;
  profile.habits = {{task, every, rhythm}};
  plan.profiles = {profile};
  plan.groups = {{.profile = "one", .count = 1, .name = ""}};
  return plan;
}

template <class See>
void watch(const FleetPlan& plan, Duration length, See see) {
  FleetSimulator fleet{plan};
  Simulated said;
  for (fleet.next(said); said.record.time < plan.start + length; fleet.next(said)) see(said);
}

std::string whole_text(const Simulated& said) {
  std::string text = said.record.device + ' ' + said.truth.label + ' ' +
                     std::to_string(said.episode) + ' ' + to_text(said.record.key) + ' ';
  append_record_json(text, said.record);
  return text + said.topic + said.payload;
}

TEST(Groups, CountOnAndUseAsManyDigitsAsTheyNeed) {
  FleetPlan plan = calm_plan();
  plan.groups = {{.profile = "camera", .count = 2, .name = "yard"},
                 {.profile = "pump", .count = 120, .name = ""},
                 {.profile = "doorbell", .count = 1, .name = "yard"}};
  const std::vector<std::string> names = FleetSimulator{plan}.devices();
  ASSERT_EQ(names.size(), 123U);
  EXPECT_EQ(names[0], "yard-01");
  EXPECT_EQ(names[1], "yard-02");
  EXPECT_EQ(names[2], "pump-001");
  EXPECT_EQ(names[121], "pump-120");
  EXPECT_EQ(names[122], "yard-03");
}

TEST(Groups, WithoutAnyAllBuiltInProfilesTakeTurns) {
  FleetPlan plan = calm_plan();
  plan.devices = built_in_profiles().size() + 1;
  const std::vector<std::string> names = FleetSimulator{plan}.devices();
  EXPECT_EQ(names.size(), plan.devices);
  EXPECT_THAT(names, testing::Contains("camera-02"));
  EXPECT_THAT(names, testing::Contains("light-01"));
  EXPECT_THAT(names, testing::Not(testing::Contains("thermostat-02")));
}

TEST(Groups, PaceMultipliesHowOftenTheySpeak) {
  FleetPlan plan = calm_plan();
  plan.groups = {{.profile = "lock", .count = 10, .name = "slow"},
                 {.profile = "lock", .count = 10, .name = "fast", .pace = 5}};
  std::map<std::string, double> records;
  watch(plan, hours{2},
        [&](const Simulated& said) { records[said.record.device.substr(0, 4)] += 1; });
  EXPECT_NEAR(records["fast"] / records["slow"], 5, 0.25);
}

TEST(Profiles, APlansProfileReplacesTheBuiltInOfItsName) {
  FleetPlan plan = calm_plan();
  Profile camera;
  camera.name = "camera";
  camera.habits = {{"ping", seconds{10}, "steady"}};
  plan.profiles = {camera};
  plan.devices = 24;
  std::size_t pings = 0;
  watch(plan, hours{1}, [&](const Simulated& said) {
    if (said.record.device.substr(0, 6) != "camera") return;
    ++pings;
    ASSERT_EQ(said.record.kind, RecordKind::flow);
    ASSERT_EQ(said.record.flow.proto, Proto::icmp);
  });
  EXPECT_NEAR(static_cast<double>(pings), 720, 30);
}

TEST(Profiles, MissingIsTheShareOfMessagesNeverSent) {
  const auto count = [](double missing) {
    FleetPlan plan = plan_of_habit("dns", seconds{10}, "steady");
    Sensor sensor;
    sensor.name = "x";
    plan.profiles[0].sensors = {sensor};
    plan.profiles[0].missing = missing;
    plan.groups[0].count = 20;
    std::array<double, record_kind_count> records{};
    watch(plan, hours{1},
          [&](const Simulated& said) { records[static_cast<std::size_t>(said.record.kind)] += 1; });
    return records;
  };
  const auto all = count(0);
  const auto few = count(0.4);
  EXPECT_NEAR(few[0] / all[0], 0.6, 0.03);
  EXPECT_NEAR(few[1] / all[1], 0.6, 0.03);
}

TEST(Readings, LeftOutTheFlowsStayTheSame) {
  FleetPlan with = calm_plan();
  with.episode_every = seconds{40};
  with.kinds = {"DDoS", "PartOfAHorizontalPortScan", "C&C"};
  FleetPlan without = with;
  without.readings = false;
  FleetSimulator one{with};
  FleetSimulator two{without};
  Simulated a;
  Simulated b;
  for (int i = 0; i < 30'000; ++i) {
    do one.next(a);
    while (a.record.kind != RecordKind::flow);
    two.next(b);
    ASSERT_EQ(whole_text(a), whole_text(b)) << i;
  }
}

TEST(Reboot, IsAMinuteOfSilenceAndABurst) {
  FleetPlan plan = plan_of_habit("reboot", hours{1});
  plan.profiles[0].habits.push_back({"dns", seconds{1}, "steady"});
  Time before = start;
  std::size_t boots = 0;
  watch(plan, hours{48}, [&](const Simulated& said) {
    const double gap = static_cast<double>((said.record.time - before).count()) / 1e6;
    before = said.record.time;
    if (said.record.flow.service != "dhcp") {
      ASSERT_LT(gap, 30);
      return;
    }
    ++boots;
    ASSERT_GE(gap, 34);
    ASSERT_LT(gap, 112);
  });
  EXPECT_NEAR(static_cast<double>(boots), 48, 25);
}

/// Flows of a lone habit over some days: how many, and how many in the fullest ten minutes.
struct Seen {
  std::size_t flows = 0;
  std::size_t crowd = 0;
  double orig_bytes = 0;
  double resp_bytes = 0;
  std::set<std::string> peers;
};
Seen seen_of(const char* task, Duration every, Duration length) {
  Seen seen;
  std::map<std::int64_t, std::size_t> crowds;
  watch(plan_of_habit(task, every), length, [&](const Simulated& said) {
    EXPECT_EQ(said.truth.label, benign_label);
    ++seen.flows;
    seen.crowd = std::max(seen.crowd, ++crowds[micros(said.record.time) / 600'000'000]);
    const Flow& flow = said.record.flow;
    if (flow.orig_bytes > 0) seen.orig_bytes += flow.orig_bytes;
    if (flow.resp_bytes > 0) seen.resp_bytes += flow.resp_bytes;
    seen.peers.insert(flow.resp_h);
  });
  return seen;
}

TEST(EverydayLife, LooksLikeTroubleNowAndThen) {
  const struct {
    const char* task;
    double flows;       ///< each time, on average
    std::size_t crowd;  ///< at least so many within ten minutes
    double orig_bytes;  ///< a flow, at least
    double resp_bytes;
    std::size_t peers;
  } rows[] = {{"discovery", 12, 20, 0, 0, 150},   {"inventory", 60, 90, 0, 0, 200},
              {"viewer", 25, 30, 2e6, 0, 8},      {"backup", 6, 8, 1e7, 0, 8},
              {"speed_test", 8, 10, 5e6, 5e6, 3}, {"firmware", 9, 9, 0, 3e4, 10}};
  for (const auto& row : rows) {
    const Seen seen = seen_of(row.task, hours{2}, hours{24 * 20});
    const auto flows = static_cast<double>(seen.flows);
    EXPECT_NEAR(flows / 240, row.flows, row.flows * 0.35) << row.task;
    EXPECT_GE(seen.crowd, row.crowd) << row.task;
    EXPECT_GE(seen.orig_bytes / flows, row.orig_bytes) << row.task;
    EXPECT_GE(seen.resp_bytes / flows, row.resp_bytes) << row.task;
    EXPECT_GE(seen.peers.size(), row.peers) << row.task;
  }
}

TEST(EverydayLife, LookupsAreRepeatedWhileTheResolverIsAway) {
  FleetPlan plan = plan_of_habit("dns", seconds{120});
  plan.groups[0].count = 40;
  std::map<std::int64_t, std::pair<double, double>> minutes_seen;  // lookups, unanswered
  watch(plan, hours{72}, [&](const Simulated& said) {
    auto& [lookups, lost] = minutes_seen[micros(said.record.time) / 60'000'000];
    lookups += 1;
    lost += said.record.flow.conn_state == ConnState::S0 ? 1 : 0;
  });
  double usual = 0;
  double storm = 0;
  std::size_t storms = 0;
  for (const auto& [minute, seen] : minutes_seen) {
    usual += seen.first / static_cast<double>(minutes_seen.size());
    if (seen.second < 0.9 * seen.first || seen.first < 25) continue;
    ++storms;
    storm = std::max(storm, seen.first);
  }
  EXPECT_NEAR(usual, 20, 4);
  EXPECT_GE(storms, 3U);
  EXPECT_GT(storm, 4 * usual);
}

TEST(EverydayLife, DevicesOfAVendorComeBackTogether) {
  FleetPlan plan = plan_of_habit("cloud", hours{2});
  plan.groups[0].count = 300;
  std::map<std::int64_t, std::set<std::string>>
      broker_sessions;  // of devices that have no such habit
  watch(plan, hours{24}, [&](const Simulated& said) {
    if (said.record.flow.resp_p == 8883) {
      broker_sessions[micros(said.record.time) / 120'000'000].insert(said.record.device);
    }
  });
  ASSERT_GE(broker_sessions.size(), 4U);
  std::size_t most = 0;
  for (const auto& [when, devices] : broker_sessions) most = std::max(most, devices.size());
  EXPECT_GE(most, 25U) << "about 50 devices belong to one vendor";
  EXPECT_LE(broker_sessions.size(), 40U) << "and it is rare";
}

TEST(Scale, AnIdleDeviceTakesLessThanAKilobyte) {
  FleetPlan plan = calm_plan();
  plan.devices = 10'000;
  const std::size_t before = allocated_bytes;
  FleetSimulator fleet{plan};
  const std::size_t after = allocated_bytes;
  RecordProperty("bytes_per_device", static_cast<int>((after - before) / plan.devices));
  EXPECT_LE((after - before) / plan.devices, 1024U);
  Simulated said;
  for (int i = 0; i < 300'000; ++i) fleet.next(said);
  EXPECT_LE((allocated_bytes - before) / plan.devices, 1024U) << "and it does not grow";
}

TEST(Scale, AWarmEngineAllocatesNothing) {
  FleetSimulator fleet{calm_plan()};
  Simulated said;
  for (int i = 0; i < 50'000; ++i) fleet.next(said);
  const std::size_t before = allocated_bytes;
  for (int i = 0; i < 50'000; ++i) fleet.next(said);
  EXPECT_EQ(allocated_bytes, before);
}

TEST(Determinism, TheFirstHundredThousandRecordsAreAlwaysTheSame) {
  FleetPlan plan;
  plan.seed = 42;
  plan.start = start;
  plan.episode_every = seconds{20};
  Profile own = built_in_profiles()[1];
  own.name = "cold_store";
  own.sensors[0].base = 4;
  plan.profiles = {own};
  plan.groups = {{.profile = "camera", .count = 5, .name = "yard"},
                 {.profile = "gateway", .count = 2, .name = ""},
                 {.profile = "cold_store", .count = 4, .name = "", .pace = 3},
                 {.profile = "pump", .count = 3, .name = ""}};
  const auto hash_with = [&](std::uint64_t seed, int records) {
    plan.seed = seed;
    FleetSimulator fleet{plan};
    Simulated said;
    std::uint64_t hash = 0;
    for (int i = 0; i < records; ++i) {
      fleet.next(said);
      hash = hash64(whole_text(said), hash);
    }
    return hash;
  };
  // Changes whenever the simulation does: then it is written down anew, once and on purpose.
  constexpr std::uint64_t pinned = 6'305'698'179'482'613'554ULL;
  EXPECT_EQ(hash_with(42, 100'000), pinned);
  EXPECT_NE(hash_with(42, 1000), hash_with(43, 1000));
}

}  // namespace
}  // namespace vedette
