#include "fleet/fleet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "fleet/fleet_test_support.hpp"

namespace vedette {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(FleetSimulator, SameSeedGivesTheSameRecordsAndAnotherSeedOthers) {
  FleetSimulator one(options_with(7));
  FleetSimulator two(options_with(7));
  FleetSimulator other(options_with(8));
  Simulated a;
  Simulated b;
  Simulated c;
  std::size_t same_as_other = 0;
  for (int i = 0; i < 30'000; ++i) {
    one.next(a);
    two.next(b);
    other.next(c);
    ASSERT_EQ(text_of(a), text_of(b)) << "record " << i;
    same_as_other += a.record.key == c.record.key ? 1 : 0;
  }
  EXPECT_EQ(same_as_other, 0U);
}

TEST(FleetSimulator, TimeNeverGoesBackAndKeysAreUnique) {
  FleetSimulator fleet(options_with(3));
  Simulated labelled;
  Time before = start;
  std::set<RecordKey> keys;
  std::set<std::string> uids;
  std::size_t flows = 0;
  for (int i = 0; i < 60'000; ++i) {
    fleet.next(labelled);
    ASSERT_GE(labelled.record.time, before);
    before = labelled.record.time;
    ASSERT_TRUE(keys.insert(labelled.record.key).second) << text_of(labelled);
    if (labelled.record.kind != RecordKind::flow) continue;
    ++flows;
    const std::string& uid = labelled.record.flow.uid;
    ASSERT_EQ(uid.size(), 18U);
    ASSERT_EQ(uid.front(), 'C');
    uids.insert(uid);
  }
  EXPECT_EQ(uids.size(), flows);
}

TEST(FleetSimulator, EveryFlowAgreesWithItself) {
  FleetPlan options = options_with(11);
  options.devices = 50;
  options.episode_every = seconds{20};
  FleetSimulator fleet(options);
  Simulated labelled;
  std::set<std::string> states;
  for (int i = 0; i < 120'000; ++i) {
    fleet.next(labelled);
    if (labelled.record.kind != RecordKind::flow) continue;
    const Flow& flow = labelled.record.flow;
    SCOPED_TRACE(text_of(labelled));
    ASSERT_EQ(flow.orig_h.substr(0, 3), "10.");
    ASSERT_FALSE(flow.resp_h.empty());
    check_numbers(flow);
    check_state(flow);
    if (HasFatalFailure()) return;
    states.emplace(name_of(flow.conn_state));
  }
  EXPECT_THAT(states,
              testing::IsSupersetOf({"SF", "S0", "REJ", "RSTR", "RSTO", "S1", "S3", "OTH"}));
}

TEST(FleetSimulator, EveryReadingIsFiniteAndNamed) {
  FleetSimulator fleet(options_with(5));
  std::map<std::string, std::size_t> widths;
  watch(fleet, hours{2}, [&](const Simulated& labelled) {
    const Record& record = labelled.record;
    if (record.kind != RecordKind::reading || !labelled.topic.empty()) return;
    ASSERT_GT(record.reading.size(), 0U);
    for (const Reading::Value& value : record.reading) {
      ASSERT_TRUE(std::isfinite(value.value)) << value.name;
      ASSERT_FALSE(value.name.empty());
    }
    const auto [at, is_new] = widths.emplace(record.device, record.reading.size());
    ASSERT_EQ(at->second, record.reading.size()) << record.device;
  });
  EXPECT_EQ(widths.size(), 24U) << "every device measures something";
}

TEST(FleetSimulator, WithoutEpisodesEverythingIsBenign) {
  FleetPlan options = options_with(2);
  options.episode_every = Duration{0};
  FleetSimulator fleet(options);
  watch(fleet, hours{2}, [&](const Simulated& labelled) {
    ASSERT_EQ(labelled.truth.label, benign_label);
    ASSERT_TRUE(fleet.episodes().empty());
  });
}

TEST(FleetSimulator, BenignTrafficHasItsOddities) {
  FleetPlan options = options_with(4);
  options.episode_every = Duration{0};
  FleetSimulator fleet(options);
  std::size_t lost_names = 0;
  std::size_t unanswered = 0;
  std::size_t refused = 0;
  std::size_t images = 0;
  std::size_t boots = 0;
  watch(fleet, hours{24}, [&](const Simulated& labelled) {
    const Flow& flow = labelled.record.flow;
    lost_names += flow.resp_p == 53 && flow.conn_state == ConnState::S0 ? 1 : 0;
    unanswered += flow.proto == Proto::tcp && flow.conn_state == ConnState::S0 ? 1 : 0;
    refused += flow.conn_state == ConnState::REJ ? 1 : 0;
    images += flow.resp_p == 80 && flow.resp_bytes > 50'000 ? 1 : 0;
    boots += flow.service == "dhcp" ? 1 : 0;
  });
  EXPECT_GE(lost_names, 100U);
  EXPECT_GE(unanswered, 100U);
  EXPECT_GE(refused, 100U);
  EXPECT_GE(images, 5U);
  EXPECT_GE(boots, 10U);
}

TEST(FleetSimulator, ADeviceMakesAFlowAndAReadingEveryFiveSeconds) {
  struct Count {
    double flows = 0;
    double readings = 0;
  };
  const auto count = [](double pace) {
    FleetPlan options = options_with(6);
    options.devices = 30;
    options.pace = pace;
    options.episode_every = Duration{0};
    FleetSimulator fleet(options);
    Count counted;
    watch(fleet, hours{2}, [&](const Simulated& labelled) {
      (labelled.record.kind == RecordKind::flow ? counted.flows : counted.readings) += 1;
    });
    return counted;
  };
  const Count one = count(1);
  const Count four = count(4);
  const double device_seconds = 30 * 7200;
  EXPECT_NEAR(device_seconds / one.flows, 5, 1);
  EXPECT_NEAR(device_seconds / one.readings, 5, 1);
  EXPECT_NEAR(four.flows / one.flows, 4, 0.2);
  EXPECT_NEAR(four.readings / one.readings, 4, 0.04);
}

TEST(FleetSimulator, ReusesItsRecord) {
  FleetSimulator fleet(options_with(14));
  Simulated reused;
  Simulated fresh;
  FleetSimulator twin(options_with(14));
  for (int i = 0; i < 20'000; ++i) {
    fleet.next(reused);
    fresh = Simulated{};
    twin.next(fresh);
    ASSERT_EQ(text_of(reused), text_of(fresh)) << "nothing of the last record is left over";
  }
}

TEST(FleetSimulator, ALargeFleetHasUniqueNamesAndAddresses) {
  FleetPlan options = options_with(15);
  options.devices = FleetPlan::devices_max;
  FleetSimulator fleet(options);
  const std::vector<std::string> names = fleet.devices();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), options.devices);
  std::map<std::string, std::string> device_of;
  Simulated labelled;
  for (int i = 0; i < 60'000; ++i) {
    fleet.next(labelled);
    if (labelled.record.kind != RecordKind::flow) continue;
    const auto [at, is_new] =
        device_of.emplace(labelled.record.flow.orig_h, labelled.record.device);
    ASSERT_EQ(at->second, labelled.record.device);
  }
}

TEST(FleetPlanCheck, NamesWhatNoFleetCanHave) {
  struct Case {
    const char* what;
    FleetPlan options;
    Errc code;
  };
  const auto with = [](auto change) {
    FleetPlan options;
    change(options);
    return options;
  };
  const Case cases[] = {
      {"no device", with([](auto& o) { o.devices = 0; }), Errc::out_of_range},
      {"too many", with([](auto& o) { o.devices = 100'001; }), Errc::out_of_range},
      {"still", with([](auto& o) { o.pace = 0; }), Errc::out_of_range},
      {"no number", with([](auto& o) { o.pace = not_set; }), Errc::out_of_range},
      {"racing", with([](auto& o) { o.pace = 1e5; }), Errc::out_of_range},
      {"backwards", with([](auto& o) { o.episode_every = seconds{-1}; }), Errc::out_of_range},
      {"no length", with([](auto& o) { o.episode_length = seconds{0}; }), Errc::out_of_range},
      {"unknown kind", with([](auto& o) { o.kinds = {"Mirai"}; }), Errc::not_found},
  };
  EXPECT_TRUE(check(FleetPlan{}).ok());
  for (const Case& one : cases) {
    const Status status = check(one.options);
    ASSERT_FALSE(status.ok()) << one.what;
    EXPECT_EQ(status.error().code, one.code) << one.what;
  }
}

}  // namespace
}  // namespace vedette
