/// Everyday traffic. Sizes and durations follow what captures of real cameras, lamps and speakers
/// show: DNS of 30–50 bytes answered within 50 ms, NTP of exactly 48, lookups that give up after
/// 5 s and 2 packets, SYNs repeated after 1 and 2 more seconds.
///
/// Never two draws in the arguments of one call: their order is the compiler's choice.
#include <algorithm>
#include <cmath>

#include "fleet/parts.hpp"

namespace vedette::simulator {

namespace {

constexpr double segment_bytes = 1448;  // Ethernet's 1500 less 20 IP, 20 TCP and 12 of timestamps
constexpr double ack_ip_bytes = 52;
constexpr double syn_ip_bytes = 60;
constexpr double bare_ip_bytes = 40;
constexpr double udp_header_bytes = 28;

/// Vendors' clouds live in 198.18.0.0/16, set aside for benchmarks (RFC 2544).
std::uint32_t cloud_address(const Device& device, Random& random) {
  return ipv4(198, 18, device.vendor, 1 + static_cast<unsigned>(random.below(8)));
}

std::uint32_t router_of(const Device& device) {
  return (device.address & 0xffffff00U) | 254U;
}

std::uint32_t neighbour_of(const Device& device, Random& random) {
  return (device.address & 0xffffff00U) | (1U + static_cast<std::uint32_t>(random.below(250)));
}

void dns_flow(Flow& flow, Random& random, Device& device) {
  set_peer(flow, {router_of(device), 53, "dns"}, Proto::udp, take_port(device));
  const double asked = draw_whole(random, {29, 39, 62});
  const double fate = random.uniform();
  if (fate < 0.010) return fill_udp(flow, 2, asked, 0, 0, draw(random, {5.0008, 5.004, 5.006}));
  const double seconds = draw(random, {0.0005, 0.012, 0.2});
  // NXDOMAIN comes back about as short as the question.
  if (fate < 0.025) return fill_udp(flow, 1, asked, 1, asked, seconds);
  fill_udp(flow, 1, asked, 1, asked + draw_whole(random, {16, 60, 400}), seconds);
}

void ntp_flow(Flow& flow, Random& random) {
  const std::uint32_t server = ipv4(198, 18, 100, 1 + static_cast<unsigned>(random.below(4)));
  set_peer(flow, {server, 123, ""}, Proto::udp, 123);
  if (random.chance(0.06)) return fill_udp(flow, 1, 48, 0, 0, 0);
  fill_udp(flow, 1, 48, 1, 48, draw(random, {0.0015, 0.03, 0.27}));
}

/// The talk of a client with a vendor's server, or its SYNs when the server is away.
void vendor_flow(Flow& flow, Random& random, const Device& device, const Surroundings& around,
                 TcpTalk talk) {
  if (device.vendor == around.vendor_down || random.chance(0.002)) {
    flow.service.clear();
    if (random.chance(0.15)) return fill_reject(flow, draw(random, {0.02, 0.12, 0.8}), true);
    return fill_syn(flow, random, random.chance(0.7) ? 3 : 1, true);
  }
  const double fate = random.uniform();
  if (fate < 0.05)
    talk.ending = ConnState::RSTR;
  else if (fate < 0.07)
    talk.ending = ConnState::RSTO;
  else if (fate < 0.11)
    talk.ending = ConnState::S3;
  else if (fate < 0.12)
    talk.ending = ConnState::S1;
  fill_tcp(flow, random, talk);
}

void http_flow(Flow& flow, Random& random, Device& device, const Surroundings& around) {
  if (random.chance(0.5)) {
    // A lamp bridge, a printer: on the local network, sometimes switched off.
    set_peer(flow, {neighbour_of(device, random), 80, "http"}, Proto::tcp, take_port(device));
    if (random.chance(0.03)) {
      flow.service.clear();
      return fill_syn(flow, random, 3, true);
    }
    return fill_tcp(flow, random,
                    {.orig_bytes = draw_whole(random, {90, 240, 1900}),
                     .resp_bytes = draw_whole(random, {120, 620, 9000}),
                     .seconds = draw(random, {0.01, 0.06, 1.5})});
  }
  set_peer(flow, {cloud_address(device, random), 80, "http"}, Proto::tcp, take_port(device));
  vendor_flow(flow, random, device, around,
              {.orig_bytes = draw_whole(random, {130, 157, 4000}),
               .resp_bytes = draw_whole(random, {170, 640, 40'000}),
               .seconds = draw(random, {0.09, 0.24, 5})});
}

void secure_flow(Flow& flow, Random& random, Device& device, const Surroundings& around,
                 Task task) {
  const std::uint16_t port = task == Task::mqtt ? 8883 : 443;
  set_peer(flow, {cloud_address(device, random), port, "ssl"}, Proto::tcp, take_port(device));
  TcpTalk talk;
  if (task == Task::mqtt) {
    // One connection lives for some keep-alives; Zeek reports it when it ends.
    talk = {.orig_bytes = draw_whole(random, {380, 760, 3000}),
            .resp_bytes = draw_whole(random, {200, 2400, 5200}),
            .seconds = draw(random, {1, 30, 125})};
  } else if (task == Task::video) {
    talk = {.orig_bytes = draw_whole(random, {40'000, 420'000, 6'000'000}),
            .resp_bytes = draw_whole(random, {3800, 5600, 21'000}),
            .seconds = draw(random, {1, 7, 60})};
  } else {
    talk = {.orig_bytes = draw_whole(random, {375, 1600, 28'000}),
            .resp_bytes = draw_whole(random, {2200, 4865, 62'000}),
            .seconds = draw(random, {0.1, 2, 62})};
  }
  vendor_flow(flow, random, device, around, talk);
}

void announcement_flow(Flow& flow, Random& random, Device& device, Task task) {
  if (task == Task::ssdp) {
    set_peer(flow, {ipv4(239, 255, 255, 250), 1900, ""}, Proto::udp, take_port(device));
    const double packets = draw_whole(random, {2, 4, 24});
    const double each = draw_whole(random, {94, 314, 320});
    return fill_udp(flow, packets, each, 0, 0, packets * draw(random, {0.2, 1, 4}));
  }
  set_peer(flow, {ipv4(224, 0, 0, 251), 5353, "dns"}, Proto::udp, 5353);
  const double packets = draw_whole(random, {1, 3, 14});
  const double each = draw_whole(random, {38, 120, 280});
  fill_udp(flow, packets, each, 0, 0, packets * draw(random, {0.1, 1, 2}));
}

void field_flow(Flow& flow, Random& random, Device& device, Task task) {
  if (task == Task::coap) {
    set_peer(flow, {router_of(device) - 1, 5683, ""}, Proto::udp, take_port(device));
    const double asked = draw_whole(random, {14, 38, 120});
    if (random.chance(0.02)) {
      // A confirmable message is sent up to five times (RFC 7252): 2 + 4 + 8 + 16 s.
      return fill_udp(flow, 5, asked, 0, 0, draw(random, {30, 36, 45}));
    }
    const double answered = draw_whole(random, {4, 12, 90});
    return fill_udp(flow, 1, asked, 1, answered, draw(random, {0.004, 0.04, 1.4}));
  }
  set_peer(flow, {router_of(device) - 2, 502, "modbus"}, Proto::tcp, take_port(device));
  const double polls = draw_whole(random, {1, 4, 12});
  fill_tcp(flow, random,
           {.orig_bytes = polls * 12,
            .resp_bytes = polls * draw_whole(random, {11, 29, 61}),
            .seconds = polls * draw(random, {0.02, 0.1, 0.6}),
            .ending = random.chance(0.02) ? ConnState::RSTO : ConnState::SF});
}

void ping_flow(Flow& flow, Random& random, const Device& device) {
  // Zeek puts ICMP's type and code where ports are: echo request, echo reply.
  set_peer(flow, {router_of(device), 0, ""}, Proto::icmp, 8);
  const double sent = draw_whole(random, {1, 4, 10});
  const bool answered = !random.chance(0.02);
  fill_udp(flow, sent, 56, answered ? sent : 0, 56,
           (sent - 1) * 1.0 + draw(random, {0.0006, 0.004, 0.05}));
  flow.conn_state = ConnState::OTH;
  flow.history.clear();
}

void discovery_flow(Flow& flow, Random& random, Device& device) {
  constexpr std::uint16_t ports[] = {80, 554, 8080, 8008, 1883, 22};
  set_peer(flow, {neighbour_of(device, random), ports[random.below(std::size(ports))], ""},
           Proto::tcp, take_port(device));
  const double fate = random.uniform();
  if (fate < 0.6) return fill_syn(flow, random, random.chance(0.5) ? 1 : 3, true);
  if (fate < 0.9) return fill_reject(flow, draw(random, {0.0004, 0.004, 0.2}), true);
  fill_tcp(flow, random,
           {.seconds = draw(random, {0.003, 0.011, 0.3}),
            .ending = random.chance(0.5) ? ConnState::SF : ConnState::RSTO});
}

void firmware_flow(Flow& flow, Random& random, Device& device, const Surroundings& around) {
  set_peer(flow, {cloud_address(device, random), 80, "http"}, Proto::tcp, take_port(device));
  vendor_flow(flow, random, device, around,
              {.orig_bytes = draw_whole(random, {110, 150, 240}),
               .resp_bytes = draw_whole(random, {60'000, 900'000, 12'000'000}),
               .seconds = draw(random, {0.9, 9, 120})});
}

}  // namespace

double draw(Random& random, const Spread& spread) {
  const double u = 2.0 * random.uniform() - 1.0;
  if (u < 0) return spread.usual - (spread.usual - spread.low) * u * u;
  return spread.usual + (spread.high - spread.usual) * u * u * u;
}

double draw_whole(Random& random, const Spread& spread) {
  return std::floor(draw(random, spread) + 0.5);
}

double noise(Random& random) {
  const std::uint64_t bits = random.next();
  const std::uint64_t sum =
      (bits & 0xffffU) + ((bits >> 16U) & 0xffffU) + ((bits >> 32U) & 0xffffU) + (bits >> 48U);
  // Four uniforms on [0, 65535] have mean 131070 and deviation 65536 / sqrt(3) = 37837.2.
  return (static_cast<double>(sum) - 131070.0) / 37837.2;
}

double irregular(Random& random) {
  const double u = random.uniform();
  return 3.0 * u * u;
}

double wave(double x) {
  x -= std::floor(x);
  return x < 0.5 ? 16.0 * x * (0.5 - x) : -16.0 * (x - 0.5) * (1.0 - x);
}

double daily(Time time) {
  constexpr std::int64_t day = 86'400'000'000;
  const std::int64_t of_day = ((micros(time) % day) + day) % day;
  return wave(static_cast<double>(of_day) / static_cast<double>(day) - 11.0 / 24.0);
}

double whole_micros(double seconds) {
  return std::floor(seconds * 1e6 + 0.5) / 1e6;
}

void write_address(std::string& out, std::uint32_t address) {
  out.clear();
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    const unsigned part = (address >> shift) & 0xffU;
    if (part >= 100) out += static_cast<char>('0' + part / 100);
    if (part >= 10) out += static_cast<char>('0' + part / 10 % 10);
    out += static_cast<char>('0' + part % 10);
    if (shift > 0) out += '.';
  }
}

std::uint16_t take_port(Device& device) {
  // Linux hands out 32768..60999.
  device.next_port = static_cast<std::uint16_t>(device.next_port + 2);
  if (device.next_port < 32768 || device.next_port > 60999) device.next_port = 32768;
  return device.next_port;
}

void set_peer(Flow& flow, const Peer& peer, Proto proto, std::uint16_t orig_port) {
  write_address(flow.resp_h, peer.address);
  flow.resp_p = peer.port;
  flow.orig_p = orig_port;
  flow.proto = proto;
  flow.service.assign(peer.service);
}

void fill_tcp(Flow& flow, Random& random, const TcpTalk& talk) {
  const double orig_segments = std::ceil(talk.orig_bytes / segment_bytes);
  const double resp_segments = std::ceil(talk.resp_bytes / segment_bytes);
  const ConnState ending = talk.ending;
  const bool orig_closes = ending == ConnState::SF || ending == ConnState::RSTO;
  const bool resp_closes =
      ending == ConnState::SF || ending == ConnState::S3 || ending == ConnState::RSTR;
  const bool again = talk.orig_bytes > 0 && random.chance(0.08);  // one segment sent twice

  flow.history.assign("ShA");
  if (orig_segments > 0) flow.history += 'D';
  if (resp_segments > 0) flow.history += "ad";
  if (again) flow.history += 't';
  switch (ending) {
    case ConnState::SF:
      flow.history += random.chance(0.5) ? "Ff" : "fF";
      break;
    case ConnState::S3:
      flow.history += 'f';
      break;
    case ConnState::RSTR:
      flow.history += 'r';
      break;
    case ConnState::RSTO:
      flow.history += 'R';
      break;
    default:
      expects(ending == ConnState::S1, "a talk ends with SF, S1, S3, RSTO or RSTR");
      break;
  }
  // SYN, ACK, the data, one ACK for two segments of the other side, FIN or RST.
  const double orig_data_packets = orig_segments + (again ? 1 : 0);
  flow.orig_pkts = 2 + orig_data_packets + std::ceil(resp_segments / 2) + (orig_closes ? 1 : 0);
  flow.resp_pkts = 1 + resp_segments + std::ceil(orig_segments / 2) + (resp_closes ? 1 : 0);
  const double again_bytes = again ? std::min(talk.orig_bytes, segment_bytes) : 0;
  flow.orig_ip_bytes =
      syn_ip_bytes + (flow.orig_pkts - 1) * ack_ip_bytes + talk.orig_bytes + again_bytes;
  flow.resp_ip_bytes = syn_ip_bytes + (flow.resp_pkts - 1) * ack_ip_bytes + talk.resp_bytes;
  flow.orig_bytes = talk.orig_bytes;
  flow.resp_bytes = talk.resp_bytes;
  flow.missed_bytes = 0;
  flow.conn_state = ending;
  flow.duration = whole_micros(std::max(talk.seconds, 0.0005));
}

void fill_syn(Flow& flow, Random& random, double syns, bool options) {
  flow.conn_state = ConnState::S0;
  flow.history = 'S';
  flow.orig_pkts = syns;
  flow.orig_ip_bytes = syns * (options ? syn_ip_bytes : bare_ip_bytes);
  flow.resp_pkts = flow.resp_ip_bytes = 0;
  flow.missed_bytes = 0;
  if (syns < 2) return;  // Zeek leaves duration and bytes of a single packet unset
  flow.duration = whole_micros(options ? (syns < 3 ? 1 : 3) + draw(random, {0.01, 0.11, 0.16})
                                       : draw(random, {0.000001, 0.4, 4.9}));
  flow.orig_bytes = flow.resp_bytes = 0;
}

void fill_reject(Flow& flow, double seconds, bool options) {
  flow.conn_state = ConnState::REJ;
  flow.history.assign("Sr");
  flow.orig_pkts = flow.resp_pkts = 1;
  flow.orig_ip_bytes = options ? syn_ip_bytes : bare_ip_bytes;
  flow.resp_ip_bytes = bare_ip_bytes;
  flow.orig_bytes = flow.resp_bytes = flow.missed_bytes = 0;
  flow.duration = whole_micros(seconds);
}

void fill_udp(Flow& flow, double orig_packets, double orig_each, double resp_packets,
              double resp_each, double seconds) {
  flow.conn_state = resp_packets > 0 ? ConnState::SF : ConnState::S0;
  flow.history = 'D';
  if (resp_packets > 0) flow.history += 'd';
  flow.orig_pkts = orig_packets;
  flow.resp_pkts = resp_packets;
  flow.orig_ip_bytes = orig_packets * (orig_each + udp_header_bytes);
  flow.resp_ip_bytes = resp_packets > 0 ? resp_packets * (resp_each + udp_header_bytes) : 0;
  flow.missed_bytes = 0;
  if (orig_packets + resp_packets < 2) return;
  flow.duration = whole_micros(seconds);
  flow.orig_bytes = orig_packets * orig_each;
  flow.resp_bytes = resp_packets > 0 ? resp_packets * resp_each : 0;
}

void fill_dhcp(Flow& flow, Random& random, const Device& device) {
  set_peer(flow, {router_of(device), 67, "dhcp"}, Proto::udp, 68);
  fill_udp(flow, 1, 300, 1, 300, draw(random, {0.0008, 0.001, 0.02}));
}

Task boot_task(std::uint16_t step) {
  constexpr std::array<Task, boot_steps> order{Task::reboot, Task::dns,   Task::ntp,  Task::dns,
                                               Task::cloud,  Task::cloud, Task::mdns, Task::ssdp};
  return order[step % boot_steps];
}

void everyday_flow(Flow& flow, Random& random, Device& device, Task task,
                   const Surroundings& around) {
  switch (task) {
    case Task::dns:
      return dns_flow(flow, random, device);
    case Task::ntp:
      return ntp_flow(flow, random);
    case Task::http:
      return http_flow(flow, random, device, around);
    case Task::cloud:
    case Task::mqtt:
    case Task::video:
      return secure_flow(flow, random, device, around, task);
    case Task::ssdp:
    case Task::mdns:
      return announcement_flow(flow, random, device, task);
    case Task::coap:
    case Task::modbus:
      return field_flow(flow, random, device, task);
    case Task::ping:
      return ping_flow(flow, random, device);
    case Task::discovery:
      return discovery_flow(flow, random, device);
    case Task::firmware:
      return firmware_flow(flow, random, device, around);
    case Task::reboot:
      return fill_dhcp(flow, random, device);
    default:
      expects(false, "this task makes no flow");
  }
}

}  // namespace vedette::simulator
