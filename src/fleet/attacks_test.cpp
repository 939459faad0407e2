/// What each attack does: tables of facts, over some episodes each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "fleet/fleet_test_support.hpp"

namespace vedette {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int ways = 6;  // episodes, each with a seed and so a way of its own

struct Tally {
  std::size_t flows = 0;
  std::size_t readings = 0;
  std::size_t messages = 0;
  std::set<std::string> labels;
  std::set<std::string> states;
  std::set<int> ports;
  std::set<std::string> victims;
  std::set<int> source_ports;
  std::vector<double> seconds;  ///< when, from the first record on
  double orig_bytes = 0;
  double longest = 0;
};

Tally tally_of(std::string_view kind, double intensity, std::uint64_t seed,
               Duration length = minutes{10}, std::string_view device = "thermostat-01") {
  Tally tally;
  Time first{};
  watch_episode(kind, device, length, intensity, seed, [&](const Simulated& said) {
    if (said.episode == 0) {
      ASSERT_EQ(said.truth.label, benign_label);
      return;
    }
    ASSERT_NE(said.truth.label, benign_label);
    if (tally.seconds.empty()) first = said.record.time;
    tally.seconds.push_back(static_cast<double>((said.record.time - first).count()) / 1e6);
    tally.labels.insert(said.truth.label);
    if (!said.topic.empty()) {
      ++tally.messages;
      return;
    }
    if (said.record.kind == RecordKind::reading) {
      ++tally.readings;
      return;
    }
    ++tally.flows;
    const Flow& flow = said.record.flow;
    check_numbers(flow);
    check_state(flow);
    tally.states.emplace(name_of(flow.conn_state));
    tally.ports.insert(flow.resp_p);
    tally.victims.insert(flow.resp_h);
    tally.source_ports.insert(flow.orig_p);
    if (flow.orig_bytes > 0) tally.orig_bytes += flow.orig_bytes;
    if (flow.duration > 0) tally.longest = std::max(tally.longest, flow.duration);
  });
  return tally;
}

constexpr std::size_t all_others = 1'000'000;

struct AttackFact {
  std::string_view kind;
  std::set<std::string> labels;
  double slowest;  ///< records a second at intensity 1, of the slowest way
  double fastest;
  std::set<std::string> states;  ///< all that may be
  std::set<int> ports;           ///< all that may be; empty: any
  std::size_t victims_max;       ///< `all_others`: every flow has its own, but for a few
  double longest_s;              ///< no flow lasts longer
};

const std::set<int> scanned{23, 2323, 22, 80, 8080, 81, 37215, 52869, 5555};
const std::set<int> flooded{80, 443, 22, 53, 992, 52869};
const std::set<std::string> probed{"S0", "REJ", "SF", "RSTO"};
const std::set<std::string> talked{"SF", "S0", "RSTR", "RSTO", "S1", "S3"};

const AttackFact attack_facts[] = {
    {"horizontal_scan", {"PartOfAHorizontalPortScan"}, 5, 33.4, probed, scanned, all_others, 5},
    {"vertical_scan", {"Attack"}, 6.6, 50, probed, {}, 1, 5},
    {"slow_scan", {"PartOfAHorizontalPortScan"}, 1 / 60., 1 / 60., probed, scanned, all_others, 5},
    {"telnet_brute_force", {"Attack"}, 0.66, 2.5, talked, {23, 2323}, 64, 15},
    {"ssh_brute_force", {"Attack"}, 0.33, 1.25, talked, {22, 2222}, 64, 15},
    {"download", {"FileDownload"}, 0.083, 0.25, talked, {80, 8080, 5555}, 1, 6},
    {"syn_flood", {"DDoS"}, 16.6, 100, {"S0"}, flooded, 1, 5},
    {"udp_flood", {"DDoS"}, 16.6, 100, {"S0"}, {}, 1, 420},
    {"http_flood", {"DDoS"}, 6.6, 33.4, talked, {80, 8080, 443}, 1, 21},
    {"ack_flood", {"DDoS"}, 16.6, 100, {"OTH"}, flooded, 1, 5},
    {"exfiltration", {"Attack"}, 0.083, 1.4, talked, {443, 22, 80, 8443, 4433}, 1, 60},
    {"beacon", {"C&C"}, 0.166, 0.67, talked, {6667, 2407, 4975, 50, 45, 443}, 1, 37},
    {"heartbeat", {"C&C-HeartBeat"}, 0.099, 0.34, talked, {23, 48101, 6667, 5555, 1312, 666}, 1, 5},
    {"mqtt_flood", {"Attack"}, 10, 50, talked, {1883}, 1, 161},
    {"mqtt_oversized", {"Attack"}, 0.166, 0.5, talked, {1883}, 1, 4},
    {"mqtt_malformed", {"Attack"}, 0.83, 3.34, talked, {1883}, 1, 7},
    {"mqtt_topic_guessing", {"Attack"}, 1.25, 5, talked, {1883}, 1, 33},
    {"spoofed_device", {"Attack"}, 0.25, 1, talked, {1883}, 1, 151},
};

/// Long enough for a thousand records or so.
Duration enough_of(const AttackFact& fact) {
  const double s = std::clamp(1000 / std::sqrt(fact.slowest * fact.fastest), 40.0, 7200.0);
  return seconds{static_cast<int>(s)};
}

TEST(Attacks, EveryKindKeepsToItsFacts) {
  for (const AttackFact& fact : attack_facts) {
    for (std::uint64_t seed = 1; seed <= ways; ++seed) {
      SCOPED_TRACE(std::string{fact.kind} + ", seed " + std::to_string(seed));
      const Duration length = enough_of(fact);
      const Tally tally = tally_of(fact.kind, 1, seed, length);
      if (testing::Test::HasFatalFailure()) return;
      EXPECT_EQ(tally.labels, fact.labels);
      // Irregular gaps deviate by 0.9 of their mean: four deviations of the count.
      const auto records = static_cast<double>(tally.seconds.size());
      const auto whole = static_cast<double>(length / seconds{1});
      const double slack = 4 * 0.9 / std::sqrt(records) + 0.02;
      EXPECT_GE(records, whole * fact.slowest * (1 - slack));
      EXPECT_LE(records, whole * fact.fastest * (1 + slack));
      EXPECT_TRUE(std::includes(fact.states.begin(), fact.states.end(), tally.states.begin(),
                                tally.states.end()))
          << testing::PrintToString(tally.states);
      EXPECT_TRUE(fact.ports.empty() || std::includes(fact.ports.begin(), fact.ports.end(),
                                                      tally.ports.begin(), tally.ports.end()))
          << testing::PrintToString(tally.ports);
      EXPECT_LE(tally.victims.size(), fact.victims_max);
      if (fact.victims_max == all_others) {
        EXPECT_GE(tally.victims.size(), tally.flows - tally.flows / 20 - 1);
      }
      EXPECT_LE(tally.longest, fact.longest_s);
    }
  }
}

TEST(Attacks, TwiceTheIntensityIsTwiceTheRate) {
  for (const AttackFact& fact : attack_facts) {
    const Tally one = tally_of(fact.kind, 1, 5, 2 * enough_of(fact));
    const Tally two = tally_of(fact.kind, 2, 5, 2 * enough_of(fact));
    const auto records = static_cast<double>(one.seconds.size());
    EXPECT_NEAR(static_cast<double>(two.seconds.size()) / records, 2,
                0.05 + 2 * 4 * 0.9 / std::sqrt(records))
        << fact.kind;
  }
}

TEST(Attacks, TheTableKnowsEveryAttackButTheChain) {
  std::set<std::string_view> known{"mirai"};
  for (const AttackFact& fact : attack_facts) known.insert(fact.kind);
  for (const EpisodeKind& kind : episode_kinds()) {
    EXPECT_EQ(known.count(kind.name), kind.fault ? 0U : 1U) << kind.name;
    EXPECT_LE(kind.meaning.size(), 90U) << kind.name;
    EXPECT_EQ(kind.label.empty(), kind.name == "mirai");
  }
}

TEST(Attacks, EpisodesOfOneKindGoAboutItDifferently) {
  for (const std::string_view kind : {"horizontal_scan", "syn_flood", "udp_flood", "beacon"}) {
    std::set<std::set<int>> ports;
    std::set<std::size_t> counts;
    for (std::uint64_t seed = 1; seed <= ways; ++seed) {
      const Tally tally = tally_of(kind, 1, seed, minutes{2});
      ports.insert(tally.ports);
      counts.insert(tally.seconds.size());
    }
    EXPECT_GE(ports.size(), 3U) << kind;
    EXPECT_EQ(counts.size(), static_cast<std::size_t>(ways)) << kind;
  }
}

TEST(Attacks, ARawScannerKeepsItsSourcePortAndAKernelDoesNot) {
  std::set<bool> kept;
  for (std::uint64_t seed = 1; seed <= ways; ++seed) {
    const std::size_t ports = tally_of("horizontal_scan", 1, seed, minutes{1}).source_ports.size();
    EXPECT_TRUE(ports == 1 || ports > 100) << ports;
    kept.insert(ports == 1);
  }
  EXPECT_EQ(kept.size(), 2U);
}

TEST(Attacks, AVerticalScanTriesManyPortsAndNoneTwice) {
  for (std::uint64_t seed = 1; seed <= ways; ++seed) {
    const Tally tally = tally_of("vertical_scan", 1, seed, seconds{20});  // 1024 are not done yet
    EXPECT_EQ(tally.victims.size(), 1U);
    EXPECT_EQ(tally.ports.size(), tally.flows);
    EXPECT_GE(tally.ports.size(), 100U);
  }
}

std::vector<double> gaps_of(const Tally& tally) {
  std::vector<double> gaps;
  for (std::size_t i = 1; i < tally.seconds.size(); ++i) {
    gaps.push_back(tally.seconds[i] - tally.seconds[i - 1]);
  }
  return gaps;
}

TEST(Attacks, ASlowScanTakesOneTargetAMinute) {
  for (std::uint64_t seed = 1; seed <= ways; ++seed) {
    const Tally tally = tally_of("slow_scan", 1, seed, hours{2});
    EXPECT_NEAR(static_cast<double>(tally.flows), 120, 5);
    EXPECT_GE(tally.victims.size(), tally.flows - 2) << "hardly one twice";
    for (const double gap : gaps_of(tally)) {
      EXPECT_GE(gap, 48);
      EXPECT_LE(gap, 72);
    }
  }
}

TEST(Attacks, ABeaconJittersAndAHeartbeatDoesNot) {
  for (std::uint64_t seed = 1; seed <= ways; ++seed) {
    for (const bool steady : {false, true}) {
      const std::vector<double> gaps =
          gaps_of(tally_of(steady ? "heartbeat" : "beacon", 1, seed, hours{1}));
      double sum = 0;
      for (const double gap : gaps) sum += gap;
      const double mean = sum / static_cast<double>(gaps.size());
      const auto [low, high] = std::minmax_element(gaps.begin(), gaps.end());
      const double spread = std::max(*high / mean - 1, 1 - *low / mean);
      if (steady)
        EXPECT_LE(spread, 0.03);
      else
        EXPECT_TRUE(spread > 0.08 && spread < 0.65) << spread;
    }
  }
}

TEST(Attacks, ExfiltrationIsSlowAndSteadyOrInBursts) {
  std::set<bool> bursts;
  for (std::uint64_t seed = 1; seed <= ways; ++seed) {
    const Tally tally = tally_of("exfiltration", 1, seed, minutes{30});
    EXPECT_GT(tally.orig_bytes, 10e6) << "half an hour carries off more than 10 MB";
    std::vector<double> gaps = gaps_of(tally);
    std::sort(gaps.begin(), gaps.end());
    const double middle = gaps[gaps.size() / 2];
    bursts.insert(gaps.back() > 5 * middle);
    EXPECT_TRUE(gaps.back() > 5 * middle || gaps.back() < 1.2 * middle);
  }
  EXPECT_EQ(bursts.size(), 2U);
}

TEST(Attacks, MiraiGoesThroughItsStagesInOrder) {
  const std::vector<std::string> order{"PartOfAHorizontalPortScan", "Attack", "FileDownload",
                                       "C&C-HeartBeat", "DDoS"};
  for (const Duration length : {Duration{seconds{15}}, Duration{minutes{4}}}) {
    for (std::uint64_t seed = 1; seed <= ways; ++seed) {
      std::vector<std::string> first;
      std::map<std::string, std::string> last_label;
      bool reports_while_flooding = false;
      watch_episode("mirai", "camera-01", length, 1, seed, [&](const Simulated& said) {
        if (said.episode == 0) return;
        const std::string& label = said.truth.label;
        check_numbers(said.record.flow);
        check_state(said.record.flow);
        const bool is_new = std::find(first.begin(), first.end(), label) == first.end();
        if (is_new) first.push_back(label);
        const bool heartbeat = label == "C&C-HeartBeat";
        reports_while_flooding = reports_while_flooding || (heartbeat && first.size() == 5);
        ASSERT_TRUE(heartbeat || label == first.back()) << "a stage never comes back";
      });
      EXPECT_EQ(first, order) << "seed " << seed;
      EXPECT_TRUE(reports_while_flooding || length < minutes{1}) << "seed " << seed;
    }
  }
}

TEST(Attacks, AFloodOfPublishesIsOfReadingsTheDeviceCouldHaveMade) {
  std::map<std::string, std::pair<double, double>> usual;  // of the hour without attack
  std::size_t outside = 0;
  std::size_t values = 0;
  const auto each = [](const Simulated& said, auto see) {
    if (said.record.kind != RecordKind::reading || said.record.device != "thermostat-01") return;
    for (const Reading::Value& value : said.record.reading) see(value);
  };
  watch_episode("mqtt_flood", "thermostat-01", minutes{5}, 1, 3, [&](const Simulated& said) {
    if (said.episode != 0) return;
    each(said, [&](const Reading::Value& value) {
      const auto [at, is_new] = usual.emplace(value.name, std::pair{value.value, value.value});
      at->second.first = std::min(at->second.first, value.value);
      at->second.second = std::max(at->second.second, value.value);
    });
  });
  ASSERT_EQ(usual.size(), 3U);
  watch_episode("mqtt_flood", "thermostat-01", minutes{5}, 1, 3, [&](const Simulated& said) {
    if (said.episode == 0) return;
    each(said, [&](const Reading::Value& value) {
      const auto [low, high] = usual.at(value.name);
      const double room = 1 + 0.2 * (high - low);
      outside += value.value < low - room || value.value > high + room ? 1 : 0;
      ++values;
    });
  });
  EXPECT_GT(values, 3U * 2500);
  EXPECT_EQ(outside, 0U);
}

TEST(Attacks, AnImpostorSpeaksBesideTheDeviceFromElsewhere) {
  for (std::uint64_t seed = 1; seed <= ways; ++seed) {
    std::set<std::string> own;
    std::set<std::string> foreign;
    std::vector<double> told_true;
    std::vector<double> told_false;
    watch_episode("spoofed_device", "thermostat-01", minutes{10}, 1, seed,
                  [&](const Simulated& said) {
                    if (said.record.device != "thermostat-01") return;
                    const bool is_false = said.episode != 0;
                    if (said.record.kind == RecordKind::flow) {
                      (is_false ? foreign : own).insert(said.record.flow.orig_h);
                    } else {
                      (is_false ? told_false : told_true).push_back(said.record.reading[0].value);
                    }
                  });
    EXPECT_EQ(own.size(), 1U);
    EXPECT_EQ(foreign.size(), 1U);
    EXPECT_NE(own, foreign);
    ASSERT_GT(told_false.size(), 50U);
    ASSERT_GT(told_true.size(), 100U) << "the device goes on";
    std::sort(told_true.begin(), told_true.end());
    std::sort(told_false.begin(), told_false.end());
    const double off = told_false[told_false.size() / 2] - told_true[told_true.size() / 2];
    // At least ten times what the temperature wanders by itself (0.21).
    EXPECT_GT(std::abs(off), 1.5) << "seed " << seed;
  }
}

TEST(Attacks, MessagesThatAreNoRecordsAreAllDifferent) {
  for (const std::string_view kind : {"mqtt_oversized", "mqtt_malformed", "mqtt_topic_guessing"}) {
    std::set<std::string> seen;
    std::set<std::string> topics;
    std::size_t count = 0;
    watch_episode(kind, "lock-01", minutes{10}, 1, 4, [&](const Simulated& said) {
      if (said.topic.empty()) return;
      ++count;
      EXPECT_EQ(said.record.device, "lock-01");
      EXPECT_EQ(said.topic.substr(0, 4), "iot/");
      EXPECT_EQ(said.topic.find_first_of("+#"), std::string::npos);
      EXPECT_EQ(said.payload.size() > (std::size_t{256} << 10U), kind == "mqtt_oversized");
      seen.insert(said.topic + said.payload.substr(0, 300));
      topics.insert(said.topic);
    });
    EXPECT_GT(count, 40U) << kind;
    EXPECT_EQ(seen.size(), count) << kind;
    EXPECT_GE(topics.size(), kind == "mqtt_topic_guessing" ? 10U : 1U);
  }
}

TEST(Attacks, AnAttackingDeviceGoesOnWithItsOwnLife) {
  // The same plan with and without attacks: the same benign flows, but for uids and source ports.
  const auto life = [](bool attacked) {
    FleetPlan options = options_with(21);
    options.episode_every = Duration{0};
    if (attacked) {
      options.episodes.push_back({.kind = "syn_flood", .device = "hub-01", .at = minutes{1}});
      options.episodes.push_back({.kind = "stuck", .device = "pump-01", .at = minutes{1}});
    }
    FleetSimulator fleet(options);
    std::vector<std::string> said;
    watch(fleet, minutes{5}, [&](const Simulated& labelled) {
      const Flow& flow = labelled.record.flow;
      if (labelled.record.kind != RecordKind::flow || labelled.episode != 0) return;
      said.push_back(std::to_string(micros(labelled.record.time)) + labelled.record.device +
                     flow.resp_h + flow.history + std::to_string(flow.orig_ip_bytes));
    });
    return said;
  };
  EXPECT_EQ(life(true), life(false));
}

}  // namespace
}  // namespace vedette
