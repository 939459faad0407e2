/// Floods: one victim, many flows, hardly an answer.
///
/// IoT-23: SYNs of 40 bytes, one or thousands to a flow within 5 s (34-1) or two within
/// microseconds (17-1); UDP of 25 bytes to port 27015, 185 to 241 packets within 296 s (43-1), or
/// single packets of 512 bytes (7-1), which is Mirai's default; ACKs that belong to no connection
/// (34-1). Mirai's HTTP flood repeats one request over many connections (Antonakakis 2017, 5).

#include "fleet/episode.hpp"

namespace vedette::simulator {

namespace {

std::uint16_t any_port(Random& random) {
  return static_cast<std::uint16_t>(1024 + random.below(64'000));
}

void syn_flow(Flow& flow, Random& random, const Way& way) {
  set_peer(flow, {way.peer, way.port, ""}, Proto::tcp, any_port(random));
  if (way.variant == 1) {  // two within microseconds
    fill_syn(flow, random, 2, false);
    flow.duration = whole_micros(draw(random, {0.000001, 0.000002, 0.00024}));
    return;
  }
  const double packets =
      random.chance(0.7) ? draw_whole(random, {1, 1, 5}) : draw_whole(random, {2, 60, 3685});
  fill_syn(flow, random, packets, way.variant == 2);
}

void udp_flow(Flow& flow, Random& random, Device& device, const Way& way) {
  const std::uint16_t port = way.variant == 1 ? any_port(random) : way.port;
  set_peer(flow, {way.peer, port, ""}, Proto::udp, take_port(device));
  if (way.variant == 2) {  // the same connection for minutes
    const double packets = draw_whole(random, {40, 200, 260});
    return fill_udp(flow, packets, way.size, 0, 0, packets * random.uniform(1.2, 1.6));
  }
  const double packets = random.chance(0.6) ? 1 : draw_whole(random, {2, 40, 240});
  fill_udp(flow, packets, way.size, 0, 0, packets * draw(random, {0.0001, 0.01, 0.05}));
}

/// Zeek sees a midstream side without an answer.
void ack_flow(Flow& flow, Random& random, const Way& way) {
  set_peer(flow, {way.peer, way.port, ""}, Proto::tcp, any_port(random));
  const double packets =
      random.chance(0.7) ? draw_whole(random, {1, 1, 5}) : draw_whole(random, {2, 60, 3685});
  flow.conn_state = ConnState::OTH;
  flow.history = way.size > 0 ? 'D' : 'A';
  flow.orig_pkts = packets;
  flow.orig_ip_bytes = packets * (40 + way.size);
  flow.resp_pkts = flow.resp_ip_bytes = flow.missed_bytes = 0;
  if (packets < 2) return;
  flow.duration = whole_micros(draw(random, {0.000002, 0.4, 4.9}));
  flow.orig_bytes = packets * way.size;
  flow.resp_bytes = 0;
}

void http_flow(Flow& flow, Random& random, Device& device, const Way& way) {
  const bool tls = way.port == 443;
  set_peer(flow, {way.peer, way.port, tls ? "ssl" : "http"}, Proto::tcp, take_port(device));
  const double fate = random.uniform();
  // A victim that gives way answers nobody; variant 2 is one that has.
  if (fate < (way.variant == 2 ? 0.6 : 0.08)) {
    flow.service.clear();
    return fill_syn(flow, random, random.chance(0.5) ? 3 : 1, true);
  }
  const double requests = way.variant == 1 ? draw_whole(random, {2, 12, 60}) : 1;
  const double asked = rounded_down(way.size * random.uniform(0.98, 1.02)) * requests;
  const double answered = fate < 0.75 ? requests * draw_whole(random, {180, 480, 5200}) : 0;
  fill_tcp(flow, random,
           {.orig_bytes = asked + (tls ? 517 : 0),
            .resp_bytes = answered + (tls ? 2900 : 0),
            .seconds = draw(random, {0.02, 0.6, 20}),
            .ending = fate < 0.5    ? ConnState::SF
                      : fate < 0.7  ? ConnState::RSTO
                      : fate < 0.93 ? ConnState::RSTR
                                    : ConnState::S1});
}

}  // namespace

Way plan_flood(Kind kind, Random& random) {
  Way way;
  way.variant = static_cast<std::uint8_t>(random.below(3));
  way.peer = random_victim(random);
  way.hosts = 1;
  way.gap_s = random.uniform(0.01, 0.06);
  switch (kind) {
    case Kind::udp_flood: {
      constexpr double sizes[] = {0, 25, 512, 512, 1024, 1400};
      way.port = pick(random, {80, 53, 123, 27015, 27015, 5376, 9307});
      way.size = sizes[random.below(std::size(sizes))];
      return way;
    }
    case Kind::http_flood:
      way.port = pick(random, {80, 80, 80, 8080, 443});
      way.size = rounded_down(random.uniform(90, 460));
      way.gap_s = random.uniform(0.03, 0.15);
      return way;
    case Kind::ack_flood:
      way.size = random.chance(0.5) ? 0 : 512;
      break;
    default:
      break;
  }
  way.port = pick(random, {80, 80, 443, 22, 53, 992, 52869});
  return way;
}

void flood_flow(Flow& flow, Random& random, Device& device, const Way& way, Kind kind) {
  switch (kind) {
    case Kind::syn_flood:
      return syn_flow(flow, random, way);
    case Kind::udp_flood:
      return udp_flow(flow, random, device, way);
    case Kind::ack_flood:
      return ack_flow(flow, random, way);
    default:
      return http_flow(flow, random, device, way);
  }
}

}  // namespace vedette::simulator
