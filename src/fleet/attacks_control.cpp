/// What an infected device has to do with its masters: binaries fetched, command servers called,
/// data carried off.
///
/// IoT-23: binaries of 53 to 136 kB over HTTP within 0.6 to 5 s, asked for with 83 to 158 bytes
/// (42-1, 43-1); command servers on 6667 (IRC, 34-1 and 39-1), 2407 (1-1), 50 (8-1), 45 (43-1),
/// 4975 (42-1), away three times in four (34-1) so that SYNs are repeated for 3.1 s. Mirai keeps
/// in touch with two bytes a minute that come back the same (its attack_init and main, 2016).

#include "fleet/episode.hpp"

namespace vedette::simulator {

namespace {

void download_flow(Flow& flow, Random& random, Device& device, const Way& way) {
  set_peer(flow, {way.peer, way.port, "http"}, Proto::tcp, take_port(device));
  if (random.chance(0.08)) {
    flow.service.clear();
    return fill_syn(flow, random, 3, true);
  }
  const double asked = draw_whole(random, {83, 148, 158});
  const double answered = rounded_down(way.size * random.uniform(0.97, 1.03));
  fill_tcp(
      flow, random,
      {.orig_bytes = asked, .resp_bytes = answered, .seconds = draw(random, {0.57, 1.5, 5.1})});
}

void beacon_flow(Flow& flow, Random& random, Device& device, const Way& way) {
  set_peer(flow, {way.peer, way.port, ""}, Proto::tcp, take_port(device));
  if (random.chance(way.variant == 0 ? 0.7 : 0.15)) {  // the server is away most of the time
    return fill_syn(flow, random, random.chance(0.65) ? 3 : 1, true);
  }
  const bool tls = way.port == 443;
  if (way.port == 6667) flow.service.assign("irc");
  if (tls) flow.service.assign("ssl");
  const double fate = random.uniform();
  const double asked = draw_whole(random, tls ? Spread{375, 640, 2400} : Spread{10, 66, 160});
  const double answered = draw_whole(random, tls ? Spread{1900, 2300, 4900} : Spread{4, 233, 452});
  fill_tcp(flow, random,
           {.orig_bytes = asked,
            .resp_bytes = answered,
            .seconds = draw(random, {1.0, 4.1, 36}),
            .ending = fate < 0.55   ? ConnState::S3
                      : fate < 0.85 ? ConnState::SF
                      : fate < 0.95 ? ConnState::RSTR
                                    : ConnState::S1});
}

void heartbeat_flow(Flow& flow, Random& random, Device& device, const Way& way) {
  const bool answered = !random.chance(0.04);
  const double seconds = draw(random, {0.03, 0.12, 0.6});
  if (way.variant == 0) {
    set_peer(flow, {way.peer, way.port, ""}, Proto::udp, take_port(device));
    return fill_udp(flow, 1, way.size, answered ? 1 : 0, way.size, seconds);
  }
  set_peer(flow, {way.peer, way.port, ""}, Proto::tcp, take_port(device));
  if (!answered) return fill_syn(flow, random, 3, true);
  const double fate = random.uniform();
  fill_tcp(flow, random,
           {.orig_bytes = way.size,
            .resp_bytes = way.size,
            .seconds = seconds,
            .ending = way.variant == 1 ? (fate < 0.95 ? ConnState::S3 : ConnState::S1)
                                       : (fate < 0.95 ? ConnState::SF : ConnState::RSTR)});
}

void exfiltration_flow(Flow& flow, Random& random, Device& device, const Way& way) {
  const std::string_view service = way.port == 443  ? "ssl"
                                   : way.port == 22 ? "ssh"
                                   : way.port == 80 ? "http"
                                                    : "";
  set_peer(flow, {way.peer, way.port, service}, Proto::tcp, take_port(device));
  const double sent = rounded_down(way.size * random.uniform(0.8, 1.25));
  // A home's uplink: 0.2 to 2.5 MB/s.
  const double seconds = 0.2 + sent / random.uniform(200'000, 2'500'000);
  const double answered = draw_whole(random, {180, 900, 5200});
  fill_tcp(flow, random,
           {.orig_bytes = sent,
            .resp_bytes = answered,
            .seconds = seconds,
            .ending = random.chance(0.94) ? ConnState::SF : ConnState::RSTR});
}

Way plan_exfiltration(Random& random) {
  Way way;
  way.peer = ipv4(198, 51, 100, 1 + static_cast<unsigned>(random.below(250)));
  way.port = pick(random, {443, 443, 22, 80, 8443, 4433});
  way.variant = static_cast<std::uint8_t>(random.below(2));
  if (way.variant == 0) {  // slow and steady
    way.size = rounded_down(draw(random, {60'000, 240'000, 900'000}));
    way.gap_s = random.uniform(5, 12);
    way.jitter = 0.05;
    return way;
  }
  way.size = rounded_down(draw(random, {300'000, 1'500'000, 9'000'000}));
  way.burst = static_cast<std::uint32_t>(6 + random.below(15));
  way.quick_s = random.uniform(0.2, 0.8);
  way.gap_s = random.uniform(15, 40);
  return way;
}

Way plan_heartbeat(Random& random) {
  Way way;
  way.variant = static_cast<std::uint8_t>(random.below(3));
  way.peer = ipv4(203, 0, 113, 1 + static_cast<unsigned>(random.below(250)));
  way.port = pick(random, {23, 48101, 6667, 5555, 1312, 666});
  way.size = static_cast<double>(2 + 2 * random.below(way.variant == 0 ? 24 : 8));
  way.gap_s = random.uniform(3, 10);
  way.jitter = 0.02;
  return way;
}

}  // namespace

Way plan_control(Kind kind, Random& random) {
  if (kind == Kind::exfiltration) return plan_exfiltration(random);
  if (kind == Kind::heartbeat) return plan_heartbeat(random);
  Way way;
  if (kind == Kind::download) {
    way.peer = ipv4(192, 0, 2, 1 + static_cast<unsigned>(random.below(250)));
    way.port = pick(random, {80, 80, 80, 8080, 5555});
    way.size = rounded_down(draw(random, {52'000, 72'000, 166'000}));
    way.gap_s = random.uniform(4, 12);
    return way;
  }
  way.variant = static_cast<std::uint8_t>(random.below(3));
  way.peer = ipv4(203, 0, 113, 1 + static_cast<unsigned>(random.below(250)));
  way.port = way.variant == 2 ? std::uint16_t{443} : pick(random, {6667, 6667, 2407, 4975, 50, 45});
  way.gap_s = random.uniform(1.5, 6);
  way.jitter = random.uniform(0.1, 0.6);
  return way;
}

void control_flow(Flow& flow, Random& random, Device& device, const Way& way, Kind kind) {
  switch (kind) {
    case Kind::download:
      return download_flow(flow, random, device, way);
    case Kind::beacon:
      return beacon_flow(flow, random, device, way);
    case Kind::heartbeat:
      return heartbeat_flow(flow, random, device, way);
    default:
      return exfiltration_flow(flow, random, device, way);
  }
}

}  // namespace vedette::simulator
