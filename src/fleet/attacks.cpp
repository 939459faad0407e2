/// Attacks, shaped like those of IoT-23's Mirai, Torii and Muhstik captures. Every episode picks
/// its own way (raw socket or kernel, ports, tempo), so that one rule does not catch them all.
#include <algorithm>
#include <cmath>

#include "fleet/parts.hpp"

namespace vedette::simulator {

namespace {

/// Victims live in 198.19.0.0/16 (benchmarks, RFC 2544), command servers in 203.0.113.0/24 and
/// 192.0.2.0/24 (documentation, RFC 5737): nobody's addresses.
std::uint32_t random_victim(Random& random) {
  return ipv4(198, 19, 0, 0) + static_cast<std::uint32_t>(random.below(65'536));
}

template <std::size_t N>
std::uint16_t pick(Random& random, const std::uint16_t (&ports)[N]) {
  return ports[random.below(N)];
}

void scan_flow(Flow& flow, Random& random, Device& device, const Place& place) {
  const bool kernel = place.variant == 1;
  // Mirai tries 2323 once in ten.
  const std::uint16_t port =
      place.port == 23 && random.chance(0.1) ? std::uint16_t{2323} : place.port;
  set_peer(flow, {random_victim(random), port, ""}, Proto::tcp, take_port(device));
  const double fate = random.uniform();
  if (fate < 0.04) return fill_reject(flow, draw(random, {0.03, 0.3, 1.3}), kernel);
  if (fate < 0.05) {
    return fill_tcp(flow, random,
                    {.seconds = draw(random, {0.05, 0.3, 2}), .ending = ConnState::RSTO});
  }
  fill_syn(flow, random, kernel && random.chance(0.6) ? 3 : 1, kernel);
}

void command_flow(Flow& flow, Random& random, Device& device, const Place& place) {
  set_peer(flow, {place.peer, place.port, ""}, Proto::tcp, take_port(device));
  // The server is away most of the time: three quarters of the real attempts go unanswered.
  if (random.chance(place.variant == 0 ? 0.7 : 0.15)) {
    return fill_syn(flow, random, random.chance(0.65) ? 3 : 1, true);
  }
  if (place.port == 6667) flow.service.assign("irc");
  if (place.variant == 2) flow.service.assign("ssl");
  const double fate = random.uniform();
  const ConnState ending = fate < 0.55   ? ConnState::S3
                           : fate < 0.85 ? ConnState::SF
                           : fate < 0.95 ? ConnState::RSTR
                                         : ConnState::S1;
  const bool tls = place.variant == 2;
  fill_tcp(flow, random,
           {.orig_bytes = draw_whole(random, tls ? Spread{375, 640, 2400} : Spread{10, 66, 160}),
            .resp_bytes = draw_whole(random, tls ? Spread{1900, 2300, 4900} : Spread{4, 233, 452}),
            .seconds = draw(random, {1.0, 4.1, 36}),
            .ending = ending});
}

void flood_flow(Flow& flow, Random& random, Device& device, const Place& place) {
  if (place.variant == 0) {  // UDP
    set_peer(flow, {place.peer, place.port, ""}, Proto::udp, take_port(device));
    const double packets = random.chance(0.6) ? 1 : draw_whole(random, {2, 40, 240});
    return fill_udp(flow, packets, place.size, 0, 0, packets * draw(random, {0.0001, 0.01, 1.2}));
  }
  const auto source = static_cast<std::uint16_t>(1024 + random.below(64'000));
  set_peer(flow, {place.peer, place.port, ""}, Proto::tcp, source);
  const double packets =
      random.chance(0.7) ? draw_whole(random, {1, 1, 5}) : draw_whole(random, {2, 60, 3685});
  if (place.variant == 1) return fill_syn(flow, random, packets, false);
  // ACK floods without a handshake: Zeek sees a midstream side without an answer.
  flow.conn_state = ConnState::OTH;
  flow.history = 'A';
  flow.orig_pkts = packets;
  flow.orig_ip_bytes = packets * 40;
  flow.resp_pkts = flow.resp_ip_bytes = flow.missed_bytes = 0;
  if (packets < 2) return;
  flow.duration = whole_micros(draw(random, {0.000002, 0.4, 4.9}));
  flow.orig_bytes = flow.resp_bytes = 0;
}

void download_flow(Flow& flow, Random& random, Device& device, const Place& place) {
  set_peer(flow, {place.peer, place.port, "http"}, Proto::tcp, take_port(device));
  if (random.chance(0.08)) {
    flow.service.clear();
    return fill_syn(flow, random, 3, true);
  }
  fill_tcp(flow, random,
           {.orig_bytes = draw_whole(random, {83, 148, 158}),
            .resp_bytes = std::floor(place.size * random.uniform(0.97, 1.03)),
            .seconds = draw(random, {0.57, 1.5, 5.1})});
}

void guess_flow(Flow& flow, Random& random, Device& device, const Place& place) {
  const std::uint32_t victim =
      place.peer + static_cast<std::uint32_t>(random.below(place.variant == 0 ? 1 : 64));
  set_peer(flow, {victim, place.port, place.port == 22 ? "ssh" : ""}, Proto::tcp,
           take_port(device));
  const double fate = random.uniform();
  if (fate < 0.12) {
    flow.service.clear();
    return fill_syn(flow, random, 1, true);
  }
  const bool ssh = place.port == 22;
  fill_tcp(flow, random,
           {.orig_bytes = draw_whole(random, ssh ? Spread{1310, 1790, 2860} : Spread{20, 62, 480}),
            .resp_bytes = draw_whole(random, ssh ? Spread{1100, 1784, 3270} : Spread{40, 190, 690}),
            .seconds = draw(random, {0.6, 3.4, 14}),
            .ending = fate < 0.75   ? ConnState::SF
                      : fate < 0.92 ? ConnState::RSTR
                                    : ConnState::RSTO});
}

}  // namespace

void plan_attack(Place& place, Random& random) {
  place.variant = 0;
  switch (place.kind) {
    case Kind::port_scan:
      place.variant = static_cast<std::uint8_t>(random.below(2));
      place.port = pick(random, {23, 23, 22, 80, 8080, 81, 37215, 52869, 5555});
      place.gap_s = random.uniform(0.03, 0.2);
      return;
    case Kind::command:
      place.variant = static_cast<std::uint8_t>(random.below(3));
      place.peer = ipv4(203, 0, 113, 1 + static_cast<unsigned>(random.below(250)));
      place.port =
          place.variant == 2 ? std::uint16_t{443} : pick(random, {6667, 6667, 2407, 4975, 50, 45});
      place.gap_s = random.uniform(1.5, 6);
      return;
    case Kind::ddos:
      place.variant = static_cast<std::uint8_t>(random.below(3));
      place.peer = random_victim(random);
      place.port = pick(random, {80, 80, 443, 22, 53, 27015, 52869});
      place.size = place.variant == 0 ? std::floor(random.uniform(0, 1) * 1400) : 0;
      place.gap_s = random.uniform(0.01, 0.06);
      return;
    case Kind::download:
      place.peer = ipv4(192, 0, 2, 1 + static_cast<unsigned>(random.below(250)));
      place.port = pick(random, {80, 80, 80, 8080, 5555});
      place.size = std::floor(draw(random, {52'000, 72'000, 166'000}));
      place.gap_s = random.uniform(4, 12);
      return;
    case Kind::attack:
      place.variant = static_cast<std::uint8_t>(random.below(2));
      place.peer = random_victim(random) & 0xffffffc0U;
      place.port = pick(random, {23, 23, 23, 22, 2323});
      place.gap_s = random.uniform(0.4, 1.5);
      return;
    default:
      expects(false, "a fault is not an attack");
  }
}

void attack_flow(Flow& flow, Random& random, Device& device, const Place& place) {
  switch (place.kind) {
    case Kind::port_scan:
      return scan_flow(flow, random, device, place);
    case Kind::command:
      return command_flow(flow, random, device, place);
    case Kind::ddos:
      return flood_flow(flow, random, device, place);
    case Kind::download:
      return download_flow(flow, random, device, place);
    case Kind::attack:
      return guess_flow(flow, random, device, place);
    default:
      expects(false, "a fault makes no flows");
  }
}

}  // namespace vedette::simulator
