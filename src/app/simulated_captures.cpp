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

/// What an attack looks like from its first record on, and what it looks like when nothing else is
/// left in the windows; the third is there to calibrate on.
std::vector<Capture> captures() {
  Capture brief{"short", plan_of(101, 0, hours{3}, 12, 0.5)};
  brief.plan.episode_every = minutes{6};
  brief.plan.episode_length = minutes{1};
  brief.plan.kinds = {"horizontal_scan", "vertical_scan", "telnet_brute_force", "ssh_brute_force",
                      "download",        "beacon",        "heartbeat",          "syn_flood",
                      "ack_flood",       "udp_flood"};
  Capture slow{"long", plan_of(102, 2, hours{16}, 8, 0.2)};
  slow.plan.episode_every = minutes{80};
  slow.plan.episode_length = minutes{40};
  slow.plan.kinds = {"beacon", "heartbeat", "telnet_brute_force", "ssh_brute_force", "slow_scan"};
  return {brief, slow, {"benign", plan_of(103, 4, hours{24}, 24, 0.05)}};
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
