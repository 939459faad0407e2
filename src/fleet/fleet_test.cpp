#include "fleet/fleet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/hash.hpp"

namespace vedette {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// 2026-03-02T00:00:00Z
const Time start = time_from_micros(1'772'409'600'000'000);

FleetPlan options_with(std::uint64_t seed) {
  FleetPlan options;
  options.seed = seed;
  options.start = start;
  return options;
}

std::string text_of(const Simulated& labelled) {
  std::string text = labelled.record.device + ' ' + labelled.truth.label + ' ' +
                     to_text(labelled.record.key) + ' ';
  append_record_json(text, labelled.record);
  return text;
}

/// Calls `see` for every record of the first `length` of event time.
template <class See>
void watch(FleetSimulator& fleet, Duration length, See see) {
  Simulated labelled;
  for (fleet.next(labelled); labelled.record.time < start + length; fleet.next(labelled)) {
    see(labelled);
  }
}

bool has(const std::string& text, char letter) {
  return text.find(letter) != std::string::npos;
}

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

void check_numbers(const Flow& flow) {
  ASSERT_GE(flow.orig_pkts, 0);
  ASSERT_GE(flow.resp_pkts, 0);
  ASSERT_GE(flow.orig_ip_bytes, 20 * flow.orig_pkts);
  ASSERT_GE(flow.resp_ip_bytes, 20 * flow.resp_pkts);
  ASSERT_EQ(flow.missed_bytes, 0);
  ASSERT_EQ(std::isnan(flow.duration), std::isnan(flow.orig_bytes));
  ASSERT_EQ(std::isnan(flow.duration), std::isnan(flow.resp_bytes));
  for (const double whole : {flow.orig_bytes, flow.resp_bytes, flow.orig_pkts, flow.resp_pkts,
                             flow.orig_ip_bytes, flow.resp_ip_bytes}) {
    if (!std::isnan(whole)) {
      ASSERT_EQ(whole, std::floor(whole));
    }
  }
  if (std::isnan(flow.duration)) {
    // Zeek measures nothing on a single packet.
    ASSERT_EQ(flow.orig_pkts + flow.resp_pkts, 1);
    return;
  }
  ASSERT_GT(flow.duration, 0);
  ASSERT_GE(flow.orig_ip_bytes, flow.orig_bytes + 20 * flow.orig_pkts);
  ASSERT_GE(flow.resp_ip_bytes, flow.resp_bytes + 20 * flow.resp_pkts);
}

void check_state(const Flow& flow) {
  ASSERT_NE(flow.proto, Proto::unset);
  ASSERT_NE(flow.conn_state, ConnState::unset);
  if (flow.proto == Proto::icmp) {
    ASSERT_TRUE(flow.history.empty());
    return;
  }
  ASSERT_FALSE(flow.history.empty());
  switch (flow.conn_state) {
    case ConnState::SF:
      ASSERT_GT(flow.orig_pkts, 0);
      ASSERT_GT(flow.resp_pkts, 0);
      break;
    case ConnState::S0:
      ASSERT_GT(flow.orig_pkts, 0);
      ASSERT_EQ(flow.resp_pkts, 0);
      ASSERT_EQ(flow.resp_ip_bytes, 0);
      ASSERT_FALSE(flow.resp_bytes > 0);
      ASSERT_TRUE(flow.service.empty() || flow.service == "dns") << flow.service;
      break;
    case ConnState::REJ:
      ASSERT_EQ(flow.history, "Sr");
      break;
    case ConnState::RSTO:
      ASSERT_TRUE(has(flow.history, 'R'));
      break;
    case ConnState::RSTR:
      ASSERT_TRUE(has(flow.history, 'r'));
      break;
    default:
      break;
  }
  // Small letters are the responder's, capitals the originator's; D and d carry payload.
  const bool answers = flow.history.find_first_of("hdafr") != std::string::npos;
  ASSERT_EQ(answers, flow.resp_pkts > 0) << flow.history;
  if (flow.resp_bytes > 0) {
    ASSERT_TRUE(has(flow.history, 'd')) << flow.history;
  }
  if (flow.proto == Proto::tcp && flow.orig_bytes > 0) {
    ASSERT_TRUE(has(flow.history, 'D')) << flow.history;
  }
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
    if (record.kind != RecordKind::reading) return;
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

TEST(FleetSimulator, ADayHoldsEveryKindAndMostlyBenignRecords) {
  FleetSimulator fleet(options_with(1));
  std::map<std::string, std::size_t> labels;
  std::size_t all = 0;
  watch(fleet, hours{24}, [&](const Simulated& labelled) {
    ++labels[labelled.truth.label];
    ++all;
    const bool fault = labelled.truth.label == "spike" || labelled.truth.label == "stuck" ||
                       labelled.truth.label == "level_shift" || labelled.truth.label == "drift";
    if (labelled.truth.label == benign_label) return;
    ASSERT_EQ(fault, labelled.record.kind == RecordKind::reading) << labelled.truth.label;
  });
  for (const EpisodeKind& kind : episode_kinds()) {
    EXPECT_GE(labels[std::string{kind.label}], 20U) << kind.name;
  }
  EXPECT_EQ(labels.size(), episode_kinds().size() + 1);
  EXPECT_GT(labels["Benign"], all / 2);
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

TEST(FleetSimulator, EpisodesBeginAsOftenAsAsked) {
  FleetPlan options = options_with(9);
  options.episode_every = seconds{60};
  options.episode_length = seconds{10};
  options.devices = 6;
  options.kinds = {"C&C"};
  FleetSimulator fleet(options);
  std::set<std::pair<std::string, Time>> seen;
  watch(fleet, hours{10}, [&](const Simulated& labelled) {
    for (const Episode& episode : fleet.episodes()) {
      EXPECT_EQ(episode.label, "C&C");
      seen.emplace(episode.device, episode.begins);
    }
    if (labelled.truth.label != benign_label) {
      ASSERT_EQ(labelled.truth.label, "C&C");
    }
  });
  // 600 expected; the gaps deviate by 0.9 of their mean, so 22 is one deviation of the count.
  EXPECT_NEAR(static_cast<double>(seen.size()), 600, 88);
}

TEST(FleetSimulator, AnEpisodeStartsAndStopsByName) {
  FleetPlan options = options_with(10);
  options.episode_every = Duration{0};
  FleetSimulator fleet(options);
  Simulated labelled;
  fleet.next(labelled);
  ASSERT_TRUE(fleet.start_episode("camera-02", "DDoS", seconds{60}).ok());
  EXPECT_EQ(fleet.episodes().front().device, "camera-02");
  EXPECT_EQ(fleet.start_episode("camera-02", "drift", seconds{1}).error().code, Errc::busy);
  EXPECT_EQ(fleet.start_episode("camera-99", "DDoS", seconds{1}).error().code, Errc::not_found);
  EXPECT_EQ(fleet.start_episode("camera-01", "ddos", seconds{1}).error().code, Errc::not_found);
  EXPECT_EQ(fleet.start_episode("camera-01", "DDoS", seconds{0}).error().code, Errc::out_of_range);

  std::size_t attacks = 0;
  const Time stop = labelled.record.time + seconds{30};
  for (fleet.next(labelled); labelled.record.time < stop; fleet.next(labelled)) {
    if (labelled.truth.label == benign_label) continue;
    EXPECT_EQ(labelled.record.device, "camera-02");
    ++attacks;
  }
  EXPECT_GT(attacks, 200U);
  EXPECT_EQ(fleet.stop_episodes(), 1U);
  EXPECT_EQ(fleet.stop_episodes(), 0U);
  EXPECT_TRUE(fleet.episodes().empty());
  for (int i = 0; i < 10'000; ++i) {
    fleet.next(labelled);
    ASSERT_EQ(labelled.truth.label, benign_label);
  }
}

TEST(FleetSimulator, StoppedEpisodesGiveTheirPlacesBack) {
  FleetPlan options = options_with(12);
  options.devices = 200;
  options.episode_every = Duration{0};
  FleetSimulator fleet(options);
  Simulated labelled;
  fleet.next(labelled);
  const std::vector<std::string> names = fleet.devices();
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < FleetSimulator::episodes_max; ++i) {
      const std::string_view kind = episode_kinds()[i % episode_kinds().size()].name;
      ASSERT_TRUE(fleet.start_episode(names[i], kind, hours{1000}).ok()) << round << ' ' << i;
    }
    EXPECT_EQ(fleet.start_episode(names[100], "C&C", hours{1}).error().code, Errc::busy);
    EXPECT_EQ(fleet.stop_episodes(names[3]), 1U);
    EXPECT_EQ(fleet.stop_episodes(), FleetSimulator::episodes_max - 1);
    const Time later = labelled.record.time + seconds{60};
    while (labelled.record.time < later) fleet.next(labelled);
  }
}

/// The first value of one device's readings, an hour before and during a fault.
struct Faulted {
  std::vector<double> before;
  std::vector<double> during;
  std::vector<std::string> labels;
};
Faulted with_fault(std::string_view device, std::string_view kind) {
  FleetPlan options = options_with(13);
  options.episode_every = Duration{0};
  FleetSimulator fleet(options);
  Simulated labelled;
  Faulted seen;
  bool started = false;
  for (fleet.next(labelled); labelled.record.time < start + hours{2}; fleet.next(labelled)) {
    if (!started && labelled.record.time >= start + hours{1}) {
      EXPECT_TRUE(fleet.start_episode(device, kind, seconds{600}).ok());
      started = true;
    }
    if (labelled.record.kind != RecordKind::reading || labelled.record.device != device) continue;
    const double value = labelled.record.reading[0].value;
    if (!started) {
      seen.before.push_back(value);
    } else if (labelled.record.time < start + hours{1} + seconds{600}) {
      seen.during.push_back(value);
      seen.labels.push_back(labelled.truth.label);
    } else {
      EXPECT_EQ(labelled.truth.label, benign_label) << "after the fault";
    }
  }
  return seen;
}

TEST(FleetSimulator, AStuckSensorRepeatsItself) {
  const Faulted seen = with_fault("meter-01", "stuck");
  ASSERT_GT(seen.during.size(), 200U);
  EXPECT_EQ(seen.labels[0], benign_label) << "the first reading is still measured";
  for (std::size_t i = 1; i < seen.during.size(); ++i) {
    ASSERT_EQ(seen.during[i], seen.during[0]);
    ASSERT_EQ(seen.labels[i], "stuck");
  }
  EXPECT_GT(std::set<double>(seen.before.begin(), seen.before.end()).size(), 50U);
}

TEST(FleetSimulator, ASpikeIsShortAndADriftGrows) {
  const Faulted spiky = with_fault("meter-01", "spike");
  const auto spikes = std::count(spiky.labels.begin(), spiky.labels.end(), "spike");
  // 0.4 of 300 readings, 8.5 is one deviation.
  EXPECT_NEAR(static_cast<double>(spikes), 0.4 * static_cast<double>(spiky.labels.size()), 34);

  const Faulted drifting = with_fault("meter-01", "drift");
  const auto labelled = std::count(drifting.labels.begin(), drifting.labels.end(), "drift");
  EXPECT_GT(labelled, 250);
  const Faulted shifted = with_fault("meter-01", "level_shift");
  EXPECT_EQ(std::count(shifted.labels.begin(), shifted.labels.end(), "level_shift"),
            std::ssize(shifted.labels));
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
