/// Attacks: how each is planned, what it says next, and when. The families have files of their
/// own: attacks_scan.cpp, attacks_flood.cpp, attacks_control.cpp, attacks_mqtt.cpp.
///
/// The shapes come from Antonakakis et al., "Understanding the Mirai Botnet" (USENIX Security 2017)
/// and from the conn.logs of IoT-23 (Garcia, Parmisano, Erquiaga 2020), cited by their numbers.
/// Every episode picks its own way (raw socket or kernel, ports, sizes, tempo), so that one rule
/// does not catch them all.
///
/// Never two draws in the arguments of one call: their order is the compiler's choice.
#include <algorithm>

#include "fleet/episode.hpp"

namespace vedette::simulator {

namespace {

/// Mirai's life in per cent of the episode's length: it scans, guesses a password, fetches its
/// binary, reports to its server, and floods when told to, still reporting. The last one's `act`
/// is Place::flood.
struct Stage {
  Kind act;
  int until;
};
constexpr std::array<Stage, 5> mirai_stages{{{Kind::horizontal_scan, 35},
                                             {Kind::telnet_brute_force, 50},
                                             {Kind::download, 60},
                                             {Kind::heartbeat, 70},
                                             {Kind::syn_flood, 100}}};
constexpr int flood_stage = 4;

int stage_of(const Place& place, Time now) {
  const std::int64_t whole = std::max<std::int64_t>((place.ends - place.begins).count(), 1);
  const std::int64_t share = (now - place.begins).count() * 100 / whole;  // 366 days: 3e15
  int stage = 0;
  while (stage < flood_stage && share >= mirai_stages[static_cast<std::size_t>(stage)].until) {
    ++stage;
  }
  return stage;
}

Way plan_way(Kind act, Random& random, const Device& device) {
  switch (act) {
    case Kind::horizontal_scan:
    case Kind::vertical_scan:
    case Kind::slow_scan:
      return plan_scan(act, random, device);
    case Kind::telnet_brute_force:
    case Kind::ssh_brute_force:
      return plan_guessing(act, random);
    case Kind::syn_flood:
    case Kind::udp_flood:
    case Kind::http_flood:
    case Kind::ack_flood:
      return plan_flood(act, random);
    case Kind::download:
    case Kind::exfiltration:
    case Kind::beacon:
    case Kind::heartbeat:
      return plan_control(act, random);
    default:
      return plan_abuse(act, random, device);
  }
}

void enter_stage(Place& place, const Device& device, Time now) {
  const int stage = stage_of(place, now);
  place.act =
      stage == flood_stage ? place.flood : mirai_stages[static_cast<std::size_t>(stage)].act;
  if (stage != place.stage) {
    place.stage = stage;
    place.way =
        place.act == Kind::heartbeat ? place.control : plan_way(place.act, place.random, device);
    return;
  }
  // The bot goes on reporting while it floods.
  const double share = place.way.gap_s / place.control.gap_s;
  if (stage == flood_stage && place.random.chance(share)) place.act = Kind::heartbeat;
}

}  // namespace

std::uint32_t random_victim(Random& random) {
  return ipv4(198, 19, 0, 0) + static_cast<std::uint32_t>(random.below(65'536));
}

void plan_attack(Place& place, const Device& device) {
  place.act = place.kind;
  if (place.kind == Kind::mirai) {
    constexpr std::array floods{Kind::syn_flood, Kind::udp_flood, Kind::ack_flood,
                                Kind::http_flood};
    place.flood = floods[place.random.below(floods.size())];
    place.control = plan_way(Kind::heartbeat, place.random, device);
    return;  // each stage is planned when it is reached
  }
  place.way = plan_way(place.kind, place.random, device);
  if (place.kind != Kind::spoofed_device) return;
  // No device has an address there: 100,000 of them reach 10.1.
  const auto host = static_cast<std::uint32_t>(place.random.below(50U << 16U));
  place.source = ipv4(10, 200, 0, 0) + host;
}

Says next_turn(Place& place, const Device& device, Time now) {
  ++place.step;
  if (place.kind == Kind::mirai) enter_stage(place, device, now);
  switch (place.act) {
    // A connection to the broker shows once for many publishes.
    case Kind::mqtt_flood:
      return place.gauges_used == 0 || place.step % 24 == 0 ? Says::flow : Says::reading;
    case Kind::spoofed_device:
      return place.gauges_used == 0 || place.step % 3 == 0 ? Says::flow : Says::reading;
    case Kind::mqtt_oversized:
      return place.step % 2 == 0 ? Says::flow : Says::message;
    case Kind::mqtt_malformed:
    case Kind::mqtt_topic_guessing:
      return place.step % 5 == 0 ? Says::flow : Says::message;
    default:
      return Says::flow;
  }
}

double gap_of(Place& place) {
  const Way& way = place.way;
  const bool quick = place.step % way.burst != 0;
  const double mean = quick ? way.quick_s : way.gap_s;
  if (way.jitter < 0 || quick) return mean * irregular(place.random);
  return mean * (1 + way.jitter * (2 * place.random.uniform() - 1));
}

Time stage_end(const Place& place) {
  if (place.kind != Kind::mirai || place.stage < 0) return place.ends;
  const std::int64_t until = mirai_stages[static_cast<std::size_t>(place.stage)].until;
  // Rounded up, so that stage_of() agrees at this very moment.
  const std::int64_t whole = (place.ends - place.begins).count();
  return place.begins + Duration{(whole * until + 99) / 100};
}

void attack_flow(Flow& flow, Device& device, Place& place) {
  Random& random = place.random;
  switch (place.act) {
    case Kind::horizontal_scan:
    case Kind::vertical_scan:
    case Kind::slow_scan:
      return scan_flow(flow, random, device, place.way, place.act, place.step);
    case Kind::telnet_brute_force:
    case Kind::ssh_brute_force:
      return guessing_flow(flow, random, device, place.way);
    case Kind::syn_flood:
    case Kind::udp_flood:
    case Kind::http_flood:
    case Kind::ack_flood:
      return flood_flow(flow, random, device, place.way, place.act);
    case Kind::download:
    case Kind::exfiltration:
    case Kind::beacon:
      return control_flow(flow, random, device, place.way, place.act);
    case Kind::heartbeat:
      return control_flow(flow, random, device,
                          place.kind == Kind::mirai ? place.control : place.way, place.act);
    default:
      if (place.kind == Kind::spoofed_device) write_address(flow.orig_h, place.source);
      return abuse_flow(flow, random, device, place.way, place.act);
  }
}

}  // namespace vedette::simulator
