/// Scans and password guessing.
///
/// IoT-23: raw sockets send one SYN of 40 bytes each, all from one source port (7-1, 17-1, 33-1,
/// 36-1, 43-1) or each from its own (39-1, 250 a second); kernels send SYNs of 60 bytes and repeat
/// them twice within 3.1 s (35-1). Guessing over SSH takes 0.7 to 7.5 s, 1.5 to 2.1 kB either way
/// and ends in SF (39-1). Mirai tries port 2323 once in ten (Antonakakis 2017, 3.1).
#include <algorithm>

#include "fleet/episode.hpp"

namespace vedette::simulator {

namespace {

enum Variant : std::uint8_t { raw_one_port, raw, kernel };

std::uint16_t source_port(Device& device, const Way& way) {
  return way.source_port != 0 ? way.source_port : take_port(device);
}

/// One probe. `alive`: of hosts that are there, most ports are closed.
void probe(Flow& flow, Random& random, const Way& way, double closed, double open) {
  const bool options = way.variant == kernel;
  const double fate = random.uniform();
  if (fate < closed) return fill_reject(flow, draw(random, {0.0005, 0.05, 0.9}), options);
  if (fate < closed + open) {
    const double seconds = draw(random, {0.002, 0.09, 0.8});
    if (!options) return fill_raw_open(flow, seconds);
    const bool ends = random.chance(0.5);
    return fill_tcp(flow, random,
                    {.seconds = seconds, .ending = ends ? ConnState::SF : ConnState::RSTO});
  }
  const double syns = options && random.chance(0.6) ? 3 : 1;
  fill_syn(flow, random, syns, options);
}

/// The ports of one victim, none twice until all are done: 7919 is prime and divides no span.
std::uint16_t port_of(const Way& way, std::uint32_t step) {
  const auto span = static_cast<std::uint64_t>(way.size);
  const std::uint64_t stride = way.port == 0 ? 1 : 7919;
  return static_cast<std::uint16_t>(1 + (way.port + step * stride) % span);
}

Way plan_vertical(Random& random, const Device& device) {
  constexpr double spans[] = {1024, 10'000, 65'535};
  Way way;
  way.variant = static_cast<std::uint8_t>(random.below(3));
  way.size = spans[random.below(std::size(spans))];
  way.port =
      random.chance(0.3) ? std::uint16_t{0} : static_cast<std::uint16_t>(1 + random.below(60'000));
  way.hosts = 1;
  const bool local = random.chance(0.5);
  way.peer = local
                 ? (device.address & 0xffffff00U) | (1U + static_cast<unsigned>(random.below(250)))
                 : random_victim(random);
  way.gap_s = random.uniform(0.02, 0.15);
  return way;
}

}  // namespace

Way plan_scan(Kind kind, Random& random, const Device& device) {
  Way way;
  if (kind == Kind::vertical_scan) {
    way = plan_vertical(random, device);
  } else {
    way.variant = static_cast<std::uint8_t>(random.below(3));
    way.port = pick(random, {23, 23, 22, 80, 8080, 81, 37215, 52869, 5555});
    way.peer = ipv4(198, 19, 0, 0);
    way.gap_s = random.uniform(0.03, 0.2);
  }
  if (kind == Kind::slow_scan) {
    way.gap_s = 60;
    way.jitter = 0.2;
    // Every other one looks around at home.
    if (random.chance(0.5)) {
      way.peer = (device.address & 0xffffff00U) + 1;
      way.hosts = 250;
    }
  }
  if (way.variant == raw_one_port) {
    way.source_port = static_cast<std::uint16_t>(1024 + random.below(64'000));
  }
  return way;
}

void scan_flow(Flow& flow, Random& random, Device& device, const Way& way, Kind kind,
               std::uint32_t step) {
  if (kind == Kind::vertical_scan) {
    set_peer(flow, {way.peer, port_of(way, step), ""}, Proto::tcp, source_port(device, way));
    // Some victims sit behind a firewall that drops what it does not know.
    const bool firewall = way.peer % 4 == 0;
    return probe(flow, random, way, firewall ? 0.01 : 0.9, 0.015);
  }
  const auto hosts = static_cast<std::uint64_t>(way.hosts);
  const bool local = hosts < 1000;
  // At home one after the other, in an order of its own: 73 is coprime to 250.
  const std::uint64_t offset = local ? step * 73ULL % hosts : random.below(hosts);
  std::uint32_t victim = way.peer + static_cast<std::uint32_t>(offset);
  if (victim == device.address) victim = (victim & 0xffffff00U) | 254U;  // the router instead
  const std::uint16_t port = way.port == 23 && random.chance(0.1) ? std::uint16_t{2323} : way.port;
  set_peer(flow, {victim, port, ""}, Proto::tcp, source_port(device, way));
  probe(flow, random, way, local ? 0.25 : 0.04, local ? 0.05 : 0.01);
}

Way plan_guessing(Kind kind, Random& random) {
  const bool ssh = kind == Kind::ssh_brute_force;
  Way way;
  way.variant = static_cast<std::uint8_t>(random.below(2));
  way.hosts = way.variant == 0 ? 1 : 64;
  way.peer = random_victim(random) & 0xffffffc0U;
  way.port = ssh ? pick(random, {22, 22, 22, 2222}) : pick(random, {23, 23, 23, 2323});
  way.gap_s = ssh ? random.uniform(0.8, 3) : random.uniform(0.4, 1.5);
  return way;
}

void guessing_flow(Flow& flow, Random& random, Device& device, const Way& way) {
  const std::uint32_t victim =
      way.peer + static_cast<std::uint32_t>(random.below(static_cast<std::uint64_t>(way.hosts)));
  const bool ssh = way.port == 22 || way.port == 2222;
  set_peer(flow, {victim, way.port, ssh ? "ssh" : ""}, Proto::tcp, take_port(device));
  const double fate = random.uniform();
  if (fate < 0.12) {
    flow.service.clear();
    return fill_syn(flow, random, 1, true);
  }
  const double asked = draw_whole(random, ssh ? Spread{1310, 1790, 2860} : Spread{20, 62, 480});
  const double answered = draw_whole(random, ssh ? Spread{590, 1720, 3270} : Spread{40, 190, 690});
  fill_tcp(flow, random,
           {.orig_bytes = asked,
            .resp_bytes = answered,
            .seconds = draw(random, {0.6, 3.3, 14}),
            .ending = fate < (ssh ? 0.93 : 0.75) ? ConnState::SF
                      : fate < 0.97              ? ConnState::RSTR
                                                 : ConnState::RSTO});
}

}  // namespace vedette::simulator
