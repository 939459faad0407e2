#include "fleet/learned.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/hash.hpp"
#include "fleet/learned_parts.hpp"
#include "fleet/parts.hpp"

namespace vedette {
namespace {

const Time noon = time_from_micros(1'600'000'000'000'000);

LabelledRecord dns(Time time, std::string orig = "192.168.1.7") {
  LabelledRecord said;
  said.record.time = time;
  Flow& flow = said.record.flow;
  flow.orig_h = std::move(orig);
  flow.resp_h = "192.168.1.1";
  flow.orig_p = static_cast<std::uint16_t>(40'000 + micros(time) / 1000 % 9973);
  flow.resp_p = 53;
  flow.service = "dns";
  simulator::fill_udp(flow, 1, 39, 1, 103,
                      0.01 + static_cast<double>(micros(time) % 1'000'003 * 7919 % 20'011) / 1e6);
  flow.proto = Proto::udp;
  said.truth.label = benign_label;
  return said;
}

LabelledRecord dhcp(Time time) {
  LabelledRecord said = dns(time);
  Flow& flow = said.record.flow;
  flow.resp_h = "255.255.255.255";
  flow.orig_p = 68;
  flow.resp_p = 67;
  flow.service = "dhcp";
  simulator::fill_udp(flow, 1, 300, 1, 300, 0.001 + static_cast<double>(micros(time) % 89) / 1e6);
  return said;
}

/// Ten names, then an address, 90 s apart and a little.
std::vector<LabelledRecord> capture(std::size_t flows) {
  std::vector<LabelledRecord> stream;
  Random random{5};
  Time time = noon;
  for (std::size_t i = 0; i < flows; ++i) {
    stream.push_back(i % 11 == 10 ? dhcp(time) : dns(time));
    time += Duration{90'000'000 + static_cast<std::int64_t>(random.below(700'000))};
  }
  return stream;
}

Result<LearnedProfile> learn(const std::vector<LabelledRecord>& stream,
                             ProfileLearner::Options options = {}) {
  ProfileLearner learner(std::move(options));
  for (const LabelledRecord& said : stream) learner.add(said.record, said.truth);
  return learner.finish();
}

struct Said {
  Flow flow;
  LearnedProfile::Step step;
};
std::vector<Said> walk(const LearnedProfile& profile, std::size_t flows, std::uint64_t seed = 3) {
  std::vector<Said> out(flows);
  Random random{seed};
  LearnedProfile::Walk place;
  Time now = noon;
  for (Said& said : out) {
    said.step = profile.next(said.flow, random, place, now);
    now += said.step.until_next;
  }
  return out;
}

std::string text_of(const std::vector<Said>& said) {
  std::string out;
  for (const Said& s : said) {
    Record record;
    record.flow = s.flow;
    append_record_json(out, record);
    out += fmt::format("{} {}\n", s.step.until_next.count(), s.step.label);
  }
  return out;
}

TEST(LearnedProfile, KeepsProtocolConstantsAndDrawsTimesAnew) {
  const auto stream = capture(1100);
  std::set<double> known;
  for (const auto& said : stream) known.insert(said.record.flow.duration);
  const auto profile = learn(stream);
  ASSERT_TRUE(profile) << profile.error().message;
  std::size_t addresses = 0;
  std::size_t fresh = 0;
  double passed = 0;
  for (const auto& [flow, step] : walk(*profile, 11'000)) {
    passed += static_cast<double>(step.until_next.count()) / 1e6;
    EXPECT_EQ(step.label, benign_label);
    EXPECT_GE(step.until_next, Duration{89'000'000});
    EXPECT_LE(step.until_next, Duration{91'000'000});
    fresh += known.contains(flow.duration) ? 0 : 1;
    const bool address = flow.service == "dhcp";
    addresses += address ? 1 : 0;
    ASSERT_EQ(flow.resp_p, address ? 67 : 53);
    ASSERT_EQ(flow.orig_bytes, address ? 300 : 39);
    ASSERT_EQ(flow.resp_bytes, address ? 300 : 103);
    ASSERT_EQ(flow.orig_ip_bytes, flow.orig_bytes + 28);
    ASSERT_EQ(flow.resp_h, address ? "255.255.255.255" : "10.255.0.2");
    ASSERT_EQ(flow.history, "Dd");
    if (address) {
      ASSERT_EQ(flow.orig_p, 68);
    } else {
      ASSERT_GE(flow.orig_p, 40'000);
    }
  }
  EXPECT_NEAR(static_cast<double>(addresses), 1000, 150);
  EXPECT_NEAR(passed / 11'000, 90.35, 0.2);
  EXPECT_GT(fresh, 5000U);
}

TEST(LearnedProfile, SameSeedSameFlowsAndAnotherSeedOthers) {
  const auto profile = learn(capture(200));
  ASSERT_TRUE(profile);
  EXPECT_EQ(text_of(walk(*profile, 500)), text_of(walk(*profile, 500)));
  EXPECT_NE(text_of(walk(*profile, 500)), text_of(walk(*profile, 500, 4)));
}

TEST(LearnedProfile, ComesBackFromItsFileTheSame) {
  auto stream = capture(300);
  // Sizes that never repeat are mixed between neighbours.
  for (std::size_t i = 0; i < stream.size(); i += 3) {
    Flow& flow = stream[i].record.flow;
    flow.proto = Proto::tcp;
    flow.resp_p = 443;
    Random random{i + 1};
    simulator::fill_tcp(flow, random,
                        {.orig_bytes = 400.0 + 13.0 * static_cast<double>(i),
                         .resp_bytes = 3000.0 + 101.0 * static_cast<double>(i),
                         .seconds = 2});
    flow.resp_h = fmt::format("23.1.2.{}", i % 250);
  }
  const auto profile = learn(stream, {.source = "conn.log"});
  ASSERT_TRUE(profile);
  const auto bytes = profile->encode();
  const auto again = LearnedProfile::decode(bytes);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->encode(), bytes);
  EXPECT_EQ(again->describe(), profile->describe());
  EXPECT_EQ(text_of(walk(*again, 500)), text_of(walk(*profile, 500)));
  EXPECT_NE(profile->describe().find("conn.log"), std::string::npos) << profile->describe();
  std::set<double> sizes;
  for (const auto& [flow, step] : walk(*profile, 2000)) {
    if (flow.proto != Proto::tcp) continue;
    sizes.insert(flow.resp_bytes);
    if (flow.history.find('t') != std::string::npos) continue;  // payload that was sent twice
    // Headers follow the packets: 60 bytes for the SYN, 52 for every other.
    ASSERT_NEAR(flow.resp_ip_bytes - flow.resp_bytes, 60 + 52 * (flow.resp_pkts - 1), 1)
        << flow.resp_pkts;
    ASSERT_TRUE(flow.resp_h.starts_with("198.1")) << flow.resp_h;
  }
  EXPECT_GT(sizes.size(), 200U);
}

TEST(LearnedProfile, WalksEachStateAsOftenAsTheCaptureDid) {
  // Three states at random, one of them rare.
  std::vector<LabelledRecord> stream;
  Random random{11};
  std::map<std::string, double> expected;
  for (int i = 0; i < 4000; ++i) {
    LabelledRecord said = dns(noon + Duration{i * 1'000'000LL});
    const std::uint64_t which = random.below(100);
    said.record.flow.service = which < 3 ? "ntp" : which < 30 ? "http" : "dns";
    expected[said.record.flow.service] += 1.0 / 4000;
    stream.push_back(said);
  }
  const auto profile = learn(stream);
  ASSERT_TRUE(profile);
  std::map<std::string, double> found;
  for (const auto& [flow, step] : walk(*profile, 40'000)) found[flow.service] += 1.0 / 40'000;
  for (const auto& [service, share] : expected) EXPECT_NEAR(found[service], share, 0.01) << service;
}

TEST(LearnedProfile, LearnsTheDayFromTwoDaysOn) {
  // Every minute by day, every twenty by night (UTC 0 to 12).
  std::vector<LabelledRecord> stream;
  const std::int64_t day = 86'400'000'000;
  for (Time t = time_from_micros(day * 18'000); micros(t) < day * 18'004;) {
    stream.push_back(dns(t));
    t += Duration{60'000'000 * (micros(t) % day < day / 2 ? 20 : 1)};
  }
  const auto profile = learn(stream);
  ASSERT_TRUE(profile);
  Random random{2};
  LearnedProfile::Walk place;
  double flows[2] = {0, 0};
  Flow flow;
  for (Time t = time_from_micros(day * 19'000); micros(t) < day * 19'020;) {
    ++flows[micros(t) % day < day / 2 ? 0 : 1];
    flow.clear();
    t += profile->next(flow, random, place, t).until_next;
  }
  EXPECT_NEAR(flows[0] / 20, 36, 8);
  EXPECT_NEAR(flows[1] / 20, 720, 60);
}

TEST(LearnedTime, OwnTimeAndClockTimeAreEachOthersReverse) {
  std::vector<std::uint32_t> pace(24, 9'000);
  pace[3] = 0;
  pace[12] = 42'000;
  ASSERT_TRUE(simulator::sound_hours(pace));
  Random random{7};
  for (int i = 0; i < 2000; ++i) {
    const Time now = noon + Duration{static_cast<std::int64_t>(random.below(86'400'000'000))};
    const auto own = static_cast<std::int64_t>(random.below(std::uint64_t{1} << (10 + i % 32)));
    const std::int64_t gap = simulator::clock_time(pace, now, own);
    EXPECT_NEAR(static_cast<double>(simulator::own_time(pace, now, gap)), static_cast<double>(own),
                30)
        << micros(now);
  }
}

TEST(ProfileLearner, SaysWhyThereIsNothingToLearn) {
  ProfileLearner empty;
  EXPECT_EQ(empty.finish().error().message, "there are no flows to learn a profile from");
  const auto other = learn(capture(100), {.label = "DDoS"});
  EXPECT_EQ(other.error().code, Errc::not_found);
  EXPECT_EQ(other.error().message,
            "there are no flows labelled \"DDoS\" to learn a profile from; there are: Benign 100");
  const auto few = learn(capture(49));
  EXPECT_EQ(few.error().code, Errc::out_of_range);
  EXPECT_EQ(few.error().message,
            "49 flows labelled \"Benign\" are too few to learn a profile from; 50 are needed");
}

TEST(ProfileLearner, TakesOneLabelOrAllAndUnlabelledAsBenign) {
  auto stream = capture(300);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    stream[i].truth.label = i % 3 == 0 ? "DDoS" : i % 3 == 1 ? "" : "Benign";
  }
  const auto benign = learn(stream);
  ASSERT_TRUE(benign);
  EXPECT_EQ(benign->summary().flows, 200U);
  EXPECT_EQ(benign->summary().unlabelled, 100U);
  EXPECT_EQ(benign->summary().other, 100U);
  const auto all = learn(stream, {.label = ""});
  ASSERT_TRUE(all);
  std::map<std::string, int> labels;
  for (const auto& said : walk(*all, 3000)) ++labels[std::string(said.step.label)];
  EXPECT_EQ(labels.size(), 2U);
  EXPECT_NEAR(labels["DDoS"], 1000, 150);
}

TEST(ProfileLearner, TheOrderOfTheFileDoesNotMatter) {
  auto stream = capture(400);
  const auto straight = learn(stream);
  Random random{9};
  for (std::size_t i = stream.size(); i > 1; --i) {
    std::swap(stream[i - 1], stream[random.below(i)]);
  }
  const auto shuffled = learn(stream);
  ASSERT_TRUE(straight && shuffled);
  EXPECT_EQ(straight->summary().mean_gap, shuffled->summary().mean_gap);
  EXPECT_EQ(straight->encode(), shuffled->encode());
}

TEST(ProfileLearner, HoldsNoMoreThanItIsAllowed) {
  ProfileLearner learner({.flows_max = 4096});
  for (const auto& said : capture(50'000)) learner.add(said.record, said.truth);
  const auto profile = learner.finish();
  ASSERT_TRUE(profile);
  EXPECT_LT(profile->summary().flows, 4096U);
  EXPECT_GT(profile->summary().flows, 2000U);
  EXPECT_EQ(profile->summary().thinned, 16U);
  // Stretches from the whole capture, but no gap spans two of them.
  EXPECT_GT((profile->summary().last - profile->summary().first), Duration{40'000LL * 90'000'000});
  for (const auto& said : walk(*profile, 1000)) {
    ASSERT_LE(said.step.until_next, Duration{120'000'000});
  }
}

TEST(ProfileLearner, SurvivesEveryFlowThereCanBe) {
  constexpr std::uint64_t seed = 77;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random{seed};
  const char* const hosts[] = {"",
                               "224.0.0.251",
                               "ff02::fb",
                               "fe80::1:2:3:4",
                               "::",
                               "8.8.8.8",
                               "a\0b",
                               "2001:db9::1",
                               "fd12::9",
                               "169.254.1.9",
                               "255.255.255.255",
                               "ff02::1:ff12:3456",
                               "10.0.0.255",
                               "300.1.1.1"};
  const double numbers[] = {0, 1, 0.4, -1, 1e300, not_set, HUGE_VAL, 40, 1.09e12, 1e15};
  ProfileLearner learner({.label = ""});
  for (int i = 0; i < 20'000; ++i) {
    Record record;
    record.time = time_from_micros(static_cast<std::int64_t>(random.next()) >> random.below(60));
    Flow& flow = record.flow;
    flow.orig_h = hosts[random.below(std::size(hosts))];
    flow.resp_h = random.chance(0.2) ? fmt::format("239.1.{}.{}", i / 256, i % 256)
                                     : hosts[random.below(std::size(hosts))];
    flow.orig_p = static_cast<std::uint16_t>(random.next());
    flow.resp_p = static_cast<std::uint16_t>(random.below(3) == 0 ? random.next() : 80);
    flow.proto = static_cast<Proto>(random.below(5));
    flow.conn_state = static_cast<ConnState>(random.below(conn_state_count));
    flow.history = std::string(random.below(4) * (random.chance(0.01) ? 100 : 1), 'D');
    flow.service = random.chance(0.01) ? "\xff" : "";
    for (double Flow::*member :
         {&Flow::duration, &Flow::orig_bytes, &Flow::resp_bytes, &Flow::orig_pkts, &Flow::resp_pkts,
          &Flow::orig_ip_bytes, &Flow::resp_ip_bytes, &Flow::missed_bytes}) {
      flow.*member = random.chance(0.95) ? static_cast<double>(random.below(900))
                                         : numbers[random.below(std::size(numbers))];
    }
    learner.add(record, Truth{});
  }
  const auto profile = learner.finish();
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_GT(profile->summary().left_out, 0U);
  const auto again = LearnedProfile::decode(profile->encode());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(text_of(walk(*again, 5000)), text_of(walk(*profile, 5000)));
}

TEST(ProfileFile, DamagedBytesAreRefusedOrWalk) {
  constexpr std::uint64_t seed = 31;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random{seed};
  const auto profile = learn(capture(120), {.source = "conn.log"});
  ASSERT_TRUE(profile);
  const auto sound = profile->encode();
  std::size_t refused = 0;
  for (int i = 0; i < 5000; ++i) {
    auto bytes = sound;
    for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
      bytes[24 + random.below(bytes.size() - 24)] =
          static_cast<std::byte>(random.chance(0.3) ? 0xff : random.below(256));
    }
    if (random.chance(0.2)) bytes.resize(24 + random.below(bytes.size() - 24));
    // The checksum is mended, or nothing would get behind it.
    const std::uint64_t size = bytes.size();
    const std::uint64_t checksum = hash64(std::span<const std::byte>{bytes}.subspan(24));
    std::memcpy(bytes.data() + 8, &size, sizeof size);
    std::memcpy(bytes.data() + 16, &checksum, sizeof checksum);
    const auto read = LearnedProfile::decode(bytes);
    if (!read) {
      ASSERT_EQ(read.error().code, Errc::corrupt) << read.error().message;
      ++refused;
      continue;
    }
    ASSERT_FALSE(read->describe().empty());
    for (const auto& said : walk(*read, 50)) ASSERT_GE(said.step.until_next.count(), 1);
  }
  EXPECT_GT(refused, 500U);
  EXPECT_LT(refused, 5000U);
}

TEST(ProfileFile, SaysWhatIsWrongWithIt) {
  const auto profile = learn(capture(120));
  ASSERT_TRUE(profile);
  auto bytes = profile->encode();
  EXPECT_EQ(LearnedProfile::decode({}).error().code, Errc::malformed);
  bytes[30] ^= std::byte{1};
  EXPECT_EQ(LearnedProfile::decode(bytes).error().code, Errc::corrupt);
  bytes[4] = std::byte{9};
  EXPECT_EQ(LearnedProfile::decode(bytes).error().message,
            "a profile of version 9, this build reads 1");
  EXPECT_EQ(LearnedProfile::load("/nowhere/camera.vdp").error().code, Errc::not_found);
}

TEST(LearnedHosts, KeepTheirSortAndLoseTheirNetwork) {
  using simulator::HostKind;
  const struct {
    const char* address;
    HostKind kind;
    const char* kept;
  } rows[] = {{"8.8.8.8", HostKind::open, ""},
              {"192.168.1.1", HostKind::home, ""},
              {"192.168.1.255", HostKind::home_broadcast, ""},
              {"239.255.255.250", HostKind::kept, "239.255.255.250"},
              {"255.255.255.255", HostKind::kept, "255.255.255.255"},
              {"127.0.0.1", HostKind::kept, "127.0.0.1"},
              {"169.254.15.115", HostKind::link, ""},
              {"fe80::80e6:50ff:fe12:1464", HostKind::link6, ""},
              {"FF02::FB", HostKind::kept, "ff02::fb"},
              {"ff02::1:ff12:1464", HostKind::solicited_node6, ""},
              {"2001:db8::7", HostKind::open6, ""},
              {"fd00::7", HostKind::home6, ""},
              {"::1", HostKind::kept, "::1"},
              {"not an address", HostKind::open, ""}};
  for (const auto& row : rows) {
    const auto sort = simulator::host_sort_of(row.address);
    EXPECT_EQ(sort.kind, row.kind) << row.address;
    EXPECT_EQ(sort.text, row.kept) << row.address;
    for (const std::uint32_t number : {0U, 1U, 253U, 254U, 255U, 511U, 65'536U, 131'071U}) {
      if (row.kind == HostKind::kept) continue;
      const std::string made = simulator::address_of(row.kind, number);
      EXPECT_EQ(simulator::host_sort_of(made).kind, row.kind) << made;
    }
  }
}

}  // namespace
}  // namespace vedette
