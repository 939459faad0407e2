#include "app/simulated_captures.hpp"

#include "fleet/fleet.hpp"

namespace vedette {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct Capture {
  std::string_view name;
  FleetPlan plan;
};

FleetPlan plan_of(std::uint64_t seed, int day, Duration duration, std::uint64_t devices,
                  double pace) {
  constexpr std::int64_t monday = 1'767'600'000;  // 2026-01-05 08:00 UTC
  FleetPlan plan;
  plan.seed = seed;
  plan.start = time_from_micros((monday + std::int64_t{day} * 86'400) * 1'000'000);
  plan.duration = duration;
  plan.devices = devices;
  plan.pace = pace;
  plan.readings = false;
  plan.episode_every = Duration{0};
  return plan;
}

/// Thirty times as fast as a device of this fleet floods by itself: 500 to 3,000 flows a second.
void add_bursts(FleetPlan& plan, std::initializer_list<std::string_view> kinds) {
  Duration at = minutes{2};
  for (const std::string_view kind : kinds) {
    plan.episodes.push_back({.kind = std::string{kind},
                             .device = {},
                             .at = at,
                             .length = seconds{8},
                             .intensity = 30,
                             .every = minutes{15}});
    at += minutes{3};
  }
}

/// What an attack looks like from its first record on; what it looks like when nothing else is left
/// in the windows; command servers called once or twice a minute by devices that hardly speak;
/// floods by thousands a second; devices nobody knows yet, some infected when they are first seen;
/// and a day without any, to calibrate on.
std::vector<Capture> captures() {
  Capture brief{"short", plan_of(101, 0, hours{2}, 12, 0.5)};
  brief.plan.episode_every = minutes{4};
  brief.plan.episode_length = minutes{1};
  brief.plan.kinds = {"horizontal_scan",
                      "vertical_scan",
                      "telnet_brute_force",
                      "ssh_brute_force",
                      "download",
                      "beacon",
                      "heartbeat",
                      "syn_flood",
                      "ack_flood",
                      "udp_flood",
                      "http_flood",
                      "exfiltration",
                      "mirai"};
  Capture lasting{"long", plan_of(102, 2, hours{12}, 12, 0.2)};
  lasting.plan.episode_every = minutes{25};
  lasting.plan.episode_length = minutes{40};
  lasting.plan.kinds = {"beacon", "heartbeat", "telnet_brute_force", "ssh_brute_force",
                        "slow_scan"};
  Capture slow{"slow", plan_of(104, 6, hours{24}, 12, 0.06)};
  slow.plan.episode_every = minutes{50};
  slow.plan.episode_length = minutes{120};
  slow.plan.kinds = {"beacon", "heartbeat", "slow_scan"};
  Capture bursts{"bursts", plan_of(105, 8, hours{1}, 12, 0.3)};
  add_bursts(bursts.plan, {"syn_flood", "ack_flood", "udp_flood", "horizontal_scan"});
  Capture arrivals{"arrivals", plan_of(106, 10, minutes{30}, 300, 0.2)};
  arrivals.plan.episode_every = seconds{15};
  arrivals.plan.episode_length = minutes{2};
  arrivals.plan.kinds = {"horizontal_scan", "beacon",    "heartbeat", "telnet_brute_force",
                         "ssh_brute_force", "slow_scan", "download"};
  return {brief, lasting, slow, bursts, arrivals, {"benign", plan_of(103, 4, hours{24}, 24, 0.05)}};
}

}  // namespace

Result<Dataset> with_simulated(const Dataset& dataset) {
  DatasetWriter writer;
  Record record;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    dataset.read(i, record);
    writer.add(dataset.captures()[dataset.capture(i)], record,
               Truth{dataset.labels()[dataset.label(i)]});
  }
  writer.set_columns(dataset.columns());
  for (Capture& capture : captures()) {
    const Time end = capture.plan.start + capture.plan.duration;
    FleetSimulator fleet{std::move(capture.plan)};
    Simulated out;
    for (fleet.next(out); out.record.time < end; fleet.next(out)) {
      if (out.record.kind != RecordKind::flow || !out.topic.empty()) continue;
      writer.add(std::string{simulated_prefix}.append(capture.name), out.record, out.truth);
    }
  }
  const auto bytes = writer.encode();
  if (!bytes) return bytes.error();
  return Dataset::decode(*bytes);
}

}  // namespace vedette
