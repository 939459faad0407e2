/// Episodes: the kinds of attacks and faults, and how each goes about it. For fleet/*.cpp only.
///
/// An episode draws from a Random of its own, so that it disturbs nobody's everyday life: the same
/// plan with other episodes makes the same benign flows, but for their source ports and uids.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "fleet/fleet.hpp"
#include "fleet/parts.hpp"

namespace vedette::simulator {

/// In the order of episode_kinds(): attacks first.
enum class Kind : std::uint8_t {
  horizontal_scan,
  vertical_scan,
  slow_scan,
  telnet_brute_force,
  ssh_brute_force,
  mirai,
  download,
  syn_flood,
  udp_flood,
  http_flood,
  ack_flood,
  exfiltration,
  beacon,
  heartbeat,
  mqtt_flood,
  mqtt_oversized,
  mqtt_malformed,
  mqtt_topic_guessing,
  spoofed_device,
  spike,
  drift,
  stuck,
  gap,
  level_shift,
  unit_change,
  replayed,
  dead_device,
};
constexpr std::size_t kind_count = 27;
constexpr bool is_fault(Kind kind) {
  return kind >= Kind::spike;
}
/// A fault that is a silence.
constexpr bool is_silence(Kind kind) {
  return kind == Kind::gap || kind == Kind::dead_device;
}

/// By name only.
std::optional<Kind> kind_from(std::string_view name);
/// By name, or all that label their records so; none when nothing is called that.
std::vector<Kind> kinds_from(std::string_view name_or_label);
std::string_view label_of(Kind kind);
std::string_view name_of(Kind kind);
Error unknown_kind(std::string_view name);

/// What a fault and an impostor need to know of one of the device's sensors.
struct Gauge {
  std::string_view name;
  double usual = 0;  ///< how far it wanders by itself
  double step = 0.1;
  double low = 0;
  double high = 100;
};
/// Fills what the device's sensors are like. @return how many.
std::size_t gauges_of(const Device& device, std::span<Gauge> gauges);
/// To the nearest multiple of the step, without tails such as 0.30000000000000004.
double to_step(double value, double step);

/// How an attack goes about it, decided when it begins: one rule shall not catch them all.
struct Way {
  std::uint32_t peer = 0;         ///< the victim, the server, the base of the scanned network
  std::uint16_t port = 0;         ///< there
  std::uint16_t source_port = 0;  ///< 0: an ephemeral one for each flow
  std::uint8_t variant = 0;
  double size = 0;
  double hosts = 65'536;    ///< how many addresses from `peer` on
  double gap_s = 1;         ///< mean time between its records at pace 1 and intensity 1
  double jitter = -1;       ///< gaps are gap_s * (1 +- jitter); negative: irregular
  std::uint32_t burst = 1;  ///< so many records in quick succession, then a pause
  double quick_s = 0;       ///< the mean gap within a burst
};

/// A running episode.
struct Place {
  bool taken = false;
  bool scheduled = false;  ///< the queue holds an event of it
  Kind kind = Kind::horizontal_scan;
  Kind act = Kind::horizontal_scan;  ///< an attack: what it does now; a chain's stages differ
  std::uint32_t number = 0;
  std::uint32_t device = 0;
  std::uint32_t other = 0;  ///< a device that it speaks of
  Time begins;
  Time ends;
  Time next;  ///< an attack's next record
  double intensity = 1;
  std::uint32_t step = 0;  ///< records made so far; of a silence: records kept back
  Random random{0};

  Way way;
  Way control;     ///< a chain's command server
  Kind flood{};    ///< how a chain ends
  int stage = -1;  ///< of a chain

  std::uint32_t source = 0;  ///< spoofed_device: where the impostor sits
  std::uint8_t gauge = 0;    ///< the sensor a fault touches first
  double size = 0;           ///< of a fault
  std::uint8_t gauges_used = 0;
  bool holding = false;  ///< `held` is filled
  std::array<Gauge, Profile::sensors_max> gauges{};
  std::array<double, Profile::sensors_max> held{};  ///< what the sensors truly measured last
  std::vector<double> recorded;                     ///< replayed: readings one after another
  std::size_t replayed_at = 0;
  std::uint16_t booted = 0;  ///< dead_device: flows of its boot so far

  std::span<const Gauge> sensors() const { return {gauges.data(), gauges_used}; }
};

// ---- attacks ------------------------------------------------------------------------------------

/// What an attack says next.
enum class Says : std::uint8_t { flow, reading, message };

/// REQUIRES: the place's kind, device, times, random and gauges are set.
void plan_attack(Place& place, const Device& device);
/// Goes to the stage of `now` and counts a record. @return what the record is; its label is
/// label_of(place.act).
Says next_turn(Place& place, const Device& device, Time now);
/// Seconds from one record to the next at pace 1 and intensity 1.
double gap_of(Place& place);
/// When the present stage of a chain is over; else when the episode is.
Time stage_end(const Place& place);
/// Everything but uid and orig_h (spoofed_device: orig_h too).
void attack_flow(Flow& flow, Device& device, Place& place);
void attack_reading(Reading& reading, Place& place);
/// A message that no decoder takes for a record; no two are the same.
void attack_message(Simulated& out, Place& place, std::string_view device, std::string_view other,
                    Time now);

// The families, by file: how they are planned, and the flow of one turn.
Way plan_scan(Kind kind, Random& random, const Device& device);
void scan_flow(Flow& flow, Random& random, Device& device, const Way& way, Kind kind,
               std::uint32_t step);
Way plan_guessing(Kind kind, Random& random);
void guessing_flow(Flow& flow, Random& random, Device& device, const Way& way);
Way plan_flood(Kind kind, Random& random);
void flood_flow(Flow& flow, Random& random, Device& device, const Way& way, Kind kind);
Way plan_control(Kind kind, Random& random);
void control_flow(Flow& flow, Random& random, Device& device, const Way& way, Kind kind);
Way plan_abuse(Kind kind, Random& random, const Device& device);
void abuse_flow(Flow& flow, Random& random, Device& device, const Way& way, Kind kind);

/// Victims live in 198.19.0.0/16 (benchmarks, RFC 2544), command servers in 203.0.113.0/24,
/// 192.0.2.0/24 and 198.51.100.0/24 (documentation, RFC 5737): nobody's addresses.
std::uint32_t random_victim(Random& random);
template <std::size_t N>
std::uint16_t pick(Random& random, const std::uint16_t (&ports)[N]) {
  return ports[random.below(N)];
}

// ---- faults -------------------------------------------------------------------------------------

/// Longest stretch that `replayed` repeats.
constexpr std::size_t recorded_readings_max = 256;

/// REQUIRES: as plan_attack().
void plan_fault(Place& place);
/// What the faulty device sends in the place of `values`. @return whether the fault shows: it
/// changed a value, or holds them.
bool falsify(Place& place, Time now, std::span<double> values);

}  // namespace vedette::simulator
