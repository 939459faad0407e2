#include "feature/source_state.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "base/random.hpp"
#include "feature/feature.hpp"

namespace vedette {
namespace {

constexpr double begin_s = 1'545'403'816;

Time at(double seconds) {
  return time_from_micros(static_cast<std::int64_t>((begin_s + seconds) * 1e6));
}

Flow flow_to(std::string host, std::uint16_t port, ConnState state = ConnState::SF) {
  Flow flow;
  flow.resp_h = std::move(host);
  flow.resp_p = port;
  flow.proto = Proto::tcp;
  flow.conn_state = state;
  flow.orig_pkts = 5;
  flow.orig_ip_bytes = 400;
  flow.resp_pkts = state == ConnState::SF ? 4 : 0;
  flow.resp_ip_bytes = state == ConnState::SF ? 800 : 0;
  return flow;
}

std::string host(int i) {
  return fmt::format("10.1.{}.{}", i / 250, 1 + i % 250);
}

struct Source {
  SourceState state;
  std::uint64_t too_late = 0;
  WindowFacts see(const Flow& flow, double seconds) {
    return state.observe(flow, at(seconds), too_late);
  }
};

TEST(Windows, TheFirstRecordSaysWhatItCan) {
  Source source;
  const WindowFacts facts = source.see(flow_to("1.2.3.4", 80), 0);
  for (std::size_t h = 0; h < horizons.size(); ++h) {
    EXPECT_EQ(facts.source.flows[h], 1);
    EXPECT_EQ(facts.source.failed[h], 0);
    EXPECT_EQ(facts.source.fresh[h], 1);
    EXPECT_NEAR(facts.source.destinations[h], 1, 0.01);
    EXPECT_EQ(facts.pair.flows[h], 1);
    EXPECT_EQ(facts.port.flows[h], 1);
  }
  EXPECT_TRUE(facts.new_destination);
  EXPECT_TRUE(facts.new_port);
  EXPECT_FALSE(facts.new_service) << "none was named";
  EXPECT_EQ(facts.pair.gap, WindowFacts::gap_max);
  EXPECT_EQ(facts.pair.gap_variation, WindowFacts::variation_max);
  EXPECT_EQ(facts.pair.gap_match, 0);
  EXPECT_EQ(facts.source.entropy, 0);
  EXPECT_FALSE(source.see(flow_to("1.2.3.4", 80), 1).new_destination);
  Flow named = flow_to("1.2.3.4", 81);
  named.service = "http";
  const WindowFacts next = source.see(named, 2);
  EXPECT_TRUE(next.new_port);
  EXPECT_TRUE(next.new_service);
  EXPECT_FALSE(source.see(named, 3).new_service);
}

// What the columns say after a stream, next to the streams that they tell apart.
TEST(Windows, ABeaconIsRegularWhateverItsJitter) {
  struct Row {
    double period, jitter;
    float variation_max;
  };
  for (const Row& row : {Row{10, 0, 0.01F}, Row{10, 0.05, 0.06F}, Row{10, 0.1, 0.1F},
                         Row{300, 0.05, 0.06F}, Row{0.5, 0.05, 0.06F}}) {
    const std::uint64_t seed = 3;
    Random random(seed);
    Source source;
    WindowFacts facts;
    double time = 0;
    for (int i = 0; i < 200; ++i) {
      facts = source.see(flow_to("6.6.6.6", 6667, ConnState::S3), time);
      time += row.period * (1 + row.jitter * random.uniform(-1, 1));
    }
    EXPECT_NEAR(facts.pair.gap_mean / row.period, 1, row.jitter + 0.01) << row.period;
    EXPECT_LE(facts.pair.gap_variation, row.variation_max) << row.period << " seed " << seed;
    EXPECT_GE(facts.pair.gap_match, 0.75F) << row.period << " seed " << seed;
    EXPECT_FLOAT_EQ(facts.pair.share, 1);
    EXPECT_GT(facts.pair.repeated, 0.99F) << "but for the first";
  }
  // Chance arrivals of the same rate are not.
  Random random(4);
  Source source;
  double time = 0, variation = 0, match = 0;
  for (int i = 0; i < 1000; ++i) {
    const WindowFacts facts = source.see(flow_to("6.6.6.6", 80), time);
    time += -10 * std::log(1 - random.uniform());
    if (i < 100) continue;
    variation += static_cast<double>(facts.pair.gap_variation) / 900;
    match += static_cast<double>(facts.pair.gap_match) / 900;
  }
  EXPECT_GT(variation, 0.7);
  EXPECT_LT(match, 0.35);
}

struct Stream {
  const char* name;
  std::function<Flow(int)> flow;
  double gap;
  int count;
};

WindowFacts after(const Stream& stream) {
  Source source;
  WindowFacts facts;
  for (int i = 0; i < stream.count; ++i) facts = source.see(stream.flow(i), i * stream.gap);
  return facts;
}

TEST(Windows, AHorizontalScanReachesManyByOnePort) {
  const WindowFacts facts =
      after({"scan", [](int i) { return flow_to(host(i), 23, ConnState::S0); }, 0.1, 1000});
  EXPECT_NEAR(facts.source.flows[second], 1 / (1 - std::exp2(-0.1)), 0.1);
  EXPECT_NEAR(facts.source.destinations[second], 10, 4);
  EXPECT_NEAR(facts.source.destinations[ten_seconds], 100, 35);
  EXPECT_GT(facts.source.destinations[minute], 190) << "the table is nearly full";
  EXPECT_NEAR(facts.source.ports[ten_minutes], 1, 0.01);
  EXPECT_NEAR(facts.port.destinations[second], 10, 6);
  EXPECT_GT(facts.port.destinations[ten_seconds], 25);
  EXPECT_FLOAT_EQ(facts.port.share, 1);
  EXPECT_FLOAT_EQ(facts.source.failed[minute], 1);
  EXPECT_FLOAT_EQ(facts.port.failed, 1);
  EXPECT_GT(facts.source.fresh[minute], 0.85F);
  EXPECT_GT(facts.source.repeated[minute], 0.99F);
  EXPECT_LT(facts.pair.share, 0.01F);
  EXPECT_NEAR(facts.source.entropy, std::log(1000), 0.4);
}

TEST(Windows, AVerticalScanTriesManyPortsOfOne) {
  const WindowFacts facts = after(
      {"scan",
       [](int i) { return flow_to("10.1.1.1", static_cast<std::uint16_t>(1 + i), ConnState::REJ); },
       0.1, 1000});
  EXPECT_NEAR(facts.source.destinations[ten_minutes], 1, 0.01);
  EXPECT_NEAR(facts.source.ports[second], 10, 4);
  EXPECT_NEAR(facts.source.ports[ten_seconds], 100, 35);
  EXPECT_GT(facts.pair.ports, 15) << "of a small table";
  EXPECT_FLOAT_EQ(facts.pair.share, 1);
  EXPECT_FLOAT_EQ(facts.pair.failed, 1);
  EXPECT_NEAR(facts.source.entropy, 0, 1e-3);
  EXPECT_NEAR(facts.port.flows[ten_minutes], 1, 0.01);
}

TEST(Windows, AFloodIsFastRepeatedAndOneSided) {
  const WindowFacts facts =
      after({"flood", [](int) { return flow_to("10.1.1.1", 80, ConnState::OTH); }, 0.001, 20'000});
  EXPECT_NEAR(facts.source.flows[second] / (1000 / std::log(2.0)), 1, 0.01);
  EXPECT_NEAR(facts.source.flows[ten_seconds] / (10'000 / std::log(2.0)), 0.75, 0.02)
      << "two half-lives are three quarters of it";
  EXPECT_FLOAT_EQ(facts.source.failed[second], 1) << "OTH without a packet back";
  EXPECT_GT(facts.source.repeated[ten_minutes], 0.999F);
  EXPECT_GT(facts.source.out[ten_minutes], 0);
  EXPECT_EQ(facts.source.in[ten_minutes], 0);
}

TEST(Windows, AnHourOfSilenceForgetsTheRateButNotThePeer) {
  Source source;
  WindowFacts facts;
  for (int i = 0; i < 600; ++i) facts = source.see(flow_to("1.1.1.1", 80), i);
  const WindowFacts next = source.see(flow_to("1.1.1.1", 80), 599 + 3600);
  EXPECT_NEAR(next.source.flows[minute], 1, 1e-6);
  EXPECT_NEAR(next.source.flows[ten_minutes],
              1 + static_cast<double>(facts.source.flows[ten_minutes]) / 64, 1e-3)
      << "six half-lives";
  EXPECT_FLOAT_EQ(next.pair.gap, 3600);
  EXPECT_FALSE(next.new_destination);
  EXPECT_NEAR(next.source.destinations[ten_minutes], 1, 0.01);
}

TEST(Windows, FailedIsWhatGotNoAnswer) {
  for (const auto& [state, packets_back, expected] : {std::tuple{ConnState::S0, 0, true},
                                                      {ConnState::REJ, 1, true},
                                                      {ConnState::RSTOS0, 0, true},
                                                      {ConnState::SH, 0, true},
                                                      {ConnState::OTH, 0, true},
                                                      {ConnState::OTH, 3, false},
                                                      {ConnState::SF, 3, false},
                                                      {ConnState::S3, 2, false},
                                                      {ConnState::RSTR, 2, false},
                                                      {ConnState::unset, 0, false}}) {
    Flow flow;
    flow.conn_state = state;
    flow.resp_pkts = packets_back;
    EXPECT_EQ(failed(flow), expected) << name_of(state);
  }
}

/// The plain twin: every record kept, every sum taken anew.
struct Twin {
  struct Seen {
    double time;
    std::string host;
    std::uint16_t port;
    bool failed;
  };
  std::vector<Seen> all;
  double now = 0;

  double weight(const Seen& seen, std::size_t h) const {
    return std::exp2(-(now - seen.time) / static_cast<double>(horizons[h]));
  }
  double count(std::size_t h, const std::function<bool(const Seen&)>& of) const {
    double sum = 0;
    for (const Seen& seen : all) sum += of(seen) ? weight(seen, h) : 0;
    return sum;
  }
  template <class Of>
  double distinct(std::size_t h, Of of) const {
    std::set<std::decay_t<decltype(of(all[0]))>> found;
    for (const Seen& seen : all) {
      if (seen.time > now - static_cast<double>(horizons[h])) found.insert(of(seen));
    }
    return static_cast<double>(found.size());
  }
  double entropy() const {
    std::map<std::string, double> counts;
    double sum = 0, out = 0;
    for (const Seen& seen : all) {
      counts[seen.host] += weight(seen, ten_minutes);
      sum += weight(seen, ten_minutes);
    }
    for (const auto& [name, c] : counts) out -= c / sum * std::log(c / sum);
    return out;
  }
};

// Late records among them: they count with the weight they would still have.
TEST(Windows, CountersAgreeWithTheirPlainTwin) {
  const std::uint64_t seed = 12;
  Random random(seed);
  Source source;
  Twin twin;
  double time = 0;
  for (int i = 0; i < 3000; ++i) {
    time += random.chance(0.5) ? random.uniform() * 0.3 : random.uniform() * 12;
    const double when = random.chance(0.2) ? std::max(0.0, time - random.uniform() * 500) : time;
    twin.now = std::max(twin.now, when);
    // Ten destinations: within what the table of pairs holds.
    twin.all.push_back({when, host(static_cast<int>(random.below(10))),
                        static_cast<std::uint16_t>(1 + random.below(5)), random.chance(0.3)});
    const Twin::Seen& seen = twin.all.back();
    const WindowFacts facts = source.see(
        flow_to(seen.host, seen.port, seen.failed ? ConnState::S0 : ConnState::SF), when);
    if (i % 10 != 0) continue;
    for (std::size_t h = 0; h < horizons.size(); ++h) {
      const double flows = twin.count(h, [](const auto&) { return true; });
      ASSERT_NEAR(facts.source.flows[h] / flows, 1, 2e-3) << i << " seed " << seed;
      ASSERT_NEAR(facts.source.failed[h],
                  twin.count(h, [](const auto& one) { return one.failed; }) / flows, 2e-3)
          << i << " seed " << seed;
      ASSERT_NEAR(facts.source.destinations[h],
                  twin.distinct(h, [](const auto& one) { return one.host; }), 4.5)
          << i << " seed " << seed;
    }
    const double to_pair =
        twin.count(ten_minutes, [&](const auto& one) { return one.host == seen.host; });
    const double flows = twin.count(ten_minutes, [](const auto&) { return true; });
    ASSERT_NEAR(facts.pair.share, to_pair / flows, 2e-3) << i << " seed " << seed;
    ASSERT_NEAR(facts.source.entropy, twin.entropy(), 5e-3) << i << " seed " << seed;
  }
  EXPECT_EQ(source.too_late, 0U);
}

TEST(Windows, DistinctCountsAreWithinTheirStatedError) {
  for (const int many : {1, 5, 10, 32, 64, 128, 192}) {
    double sum = 0, squares = 0;
    constexpr int rounds = 400;
    Random random(21);
    for (int round = 0; round < rounds; ++round) {
      RecentlyDistinct<64> table;
      for (int i = 0; i < many; ++i) table.hit(static_cast<std::uint32_t>(random.next()), 5);
      const double estimate = static_cast<double>(table.count(5)[second]);
      sum += estimate / many;
      squares += (estimate / many - 1) * (estimate / many - 1);
    }
    const double t = many / 64.0;
    const double stated = std::sqrt(64 * (std::exp(t) - t - 1)) / many;
    // The known bias of linear counting is half the variance over the count, and grows as the table
    // fills up.
    EXPECT_NEAR(sum / rounds, 1, 0.04 + (std::exp(t) - t - 1) / (2 * many)) << many;
    EXPECT_LE(std::sqrt(squares / rounds), 1.25 * stated + 0.01) << many;
  }
}

TEST(Windows, AKnownThingIsNotNewAndANewOneRarelyPassesForKnown) {
  const std::uint64_t seed = 8;
  Random random(seed);
  SeenBefore seen;
  std::vector<std::uint64_t> last;
  int passed = 0;
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t thing = random.next();
    passed += seen.is_new(thing) ? 0 : 1;
    last.push_back(thing);
    for (std::size_t k = last.size() < 32 ? 0 : last.size() - 32; k < last.size(); ++k) {
      ASSERT_TRUE(seen.knows(last[k])) << "one of the last 32";
    }
  }
  EXPECT_LE(passed, 500) << "10 % of 5,000, seed " << seed;
}

TEST(Windows, AScanCannotPushOutThePeerSpokenToOften) {
  Source source;
  double time = 0;
  for (int i = 0; i < 30; ++i) source.see(flow_to("6.6.6.6", 6667, ConnState::S3), time += 10);
  for (int i = 0; i < 5000; ++i) source.see(flow_to(host(i), 23, ConnState::S0), time += 0.01);
  const WindowFacts facts = source.see(flow_to("6.6.6.6", 6667, ConnState::S3), time += 1);
  EXPECT_NEAR(facts.pair.gap_mean, 15, 10);
  EXPECT_GT(facts.pair.flows[ten_minutes], 20);
}

TEST(Windows, LateRecordsCountUpToTenMinutesAndMoveNothingBack) {
  Source source;
  for (int i = 0; i < 100; ++i) source.see(flow_to("1.1.1.1", 80), 1000 + i);
  const WindowFacts late = source.see(flow_to("2.2.2.2", 81), 1099 - 599);
  EXPECT_EQ(source.too_late, 0U);
  const auto records = source.state.records();
  const WindowFacts beyond = source.see(flow_to("3.3.3.3", 82), 1099 - 601);
  EXPECT_EQ(source.too_late, 1U);
  EXPECT_EQ(source.state.records(), records) << "it only reads";
  EXPECT_TRUE(beyond.new_destination);
  EXPECT_TRUE(source.see(flow_to("3.3.3.3", 82), 1099).new_destination) << "it left no trace";
  EXPECT_NEAR(late.source.flows[second], 1 / (1 - std::exp2(-1.0)), 1e-3) << "as if it were not";
  EXPECT_NEAR(late.source.destinations[minute], 1, 0.01);
}

TEST(Windows, OneRecordFromTheFutureBlindsNobodyForGood) {
  Source source;
  for (int i = 0; i < 50; ++i) source.see(flow_to("1.1.1.1", 80), i);
  source.see(flow_to("1.1.1.1", 80), 1e9);
  for (std::uint32_t i = 0; i <= SourceState::late_run_max; ++i) {
    source.see(flow_to("1.1.1.1", 80), 51 + i);
  }
  EXPECT_EQ(source.too_late, SourceState::late_run_max + 1);
  const WindowFacts facts = source.see(flow_to("1.1.1.1", 80), 70);
  EXPECT_EQ(source.too_late, SourceState::late_run_max + 1) << "the state began anew";
  EXPECT_NEAR(facts.pair.gap, 3, 1e-3);
  EXPECT_EQ(source.state.records(), 2U);
}

// A service hears of a connection when it has ended, training when it began.
TEST(Windows, AMinuteOfDisorderChangesLittle) {
  const std::uint64_t seed = 31;
  Random random(seed);
  struct One {
    double start, end;
    Flow flow;
  };
  std::vector<One> all;
  double time = 0;
  for (int i = 0; i < 5000; ++i) {
    time += random.uniform() * 4;
    const double length = random.chance(0.1) ? 60.0 : random.uniform();
    all.push_back({time, time + length,
                   flow_to(host(static_cast<int>(random.below(8))),
                           static_cast<std::uint16_t>(80 + random.below(3)),
                           random.chance(0.2) ? ConnState::S0 : ConnState::SF)});
  }
  const auto replayed = [&](auto by) {
    std::sort(all.begin(), all.end(), [&](const One& a, const One& b) { return by(a) < by(b); });
    std::map<double, WindowFacts> out;
    Source source;
    for (const One& one : all) out[one.start] = source.see(one.flow, one.start);
    EXPECT_EQ(source.too_late, 0U);
    return out;
  };
  const auto by_start = replayed([](const One& one) { return one.start; });
  const auto by_end = replayed([](const One& one) { return one.end; });
  double flows = 0, failures = 0, share = 0, entropy = 0;
  for (const auto& [start, a] : by_start) {
    const WindowFacts& b = by_end.at(start);
    flows += std::abs(
        static_cast<double>(std::log(a.source.flows[ten_minutes] / b.source.flows[ten_minutes])));
    failures +=
        static_cast<double>(std::abs(a.source.failed[ten_minutes] - b.source.failed[ten_minutes]));
    share += static_cast<double>(std::abs(a.pair.share - b.pair.share));
    entropy += static_cast<double>(std::abs(a.source.entropy - b.source.entropy));
  }
  EXPECT_LT(flows / 5000, 0.02) << "2 % of the count, seed " << seed;
  EXPECT_LT(failures / 5000, 0.01) << "seed " << seed;
  EXPECT_LT(share / 5000, 0.01) << "seed " << seed;
  EXPECT_LT(entropy / 5000, 0.01) << "seed " << seed;
}

TEST(Windows, WildRecordsGiveFiniteRows) {
  const std::uint64_t seed = 17;
  Random random(seed);
  auto builder = make_flow_features("windows");
  ASSERT_TRUE(builder);
  const auto map = (*builder)->build();
  DeviceWindows windows;
  std::vector<float> row(map->schema().width());
  for (int i = 0; i < 20'000; ++i) {
    Record record;
    const double wild[] = {1e308, -1e308, not_set, 0, -1, 5, double{HUGE_VAL}, 1e15};
    const auto any = [&] { return wild[random.below(8)]; };
    record.device = host(static_cast<int>(random.below(3)));
    record.flow.resp_h = host(static_cast<int>(random.below(40)));
    record.flow.resp_p = static_cast<std::uint16_t>(random.below(65'536));
    record.flow.proto = static_cast<Proto>(random.below(5));
    record.flow.conn_state = static_cast<ConnState>(random.below(conn_state_count));
    record.flow.orig_bytes = any();
    record.flow.resp_bytes = any();
    record.flow.orig_pkts = any();
    record.flow.resp_pkts = any();
    record.flow.orig_ip_bytes = any();
    record.flow.resp_ip_bytes = any();
    record.flow.duration = any();
    record.time =
        random.chance(0.5) ? at(i) : time_from_micros(static_cast<std::int64_t>(random.next()));
    map->apply(record, windows, row);
    for (std::size_t c = 0; c < row.size(); ++c) {
      ASSERT_TRUE(std::isfinite(row[c])) << map->schema().columns[c].name << " seed " << seed;
    }
  }
}

}  // namespace
}  // namespace vedette
