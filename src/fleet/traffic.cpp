/// Everyday traffic. Sizes and durations follow the captures of a lamp bridge, a voice assistant
/// and the healthy hours of a router (IoT-23: honeypots 4-1 and 5-1, malware 34-1): DNS of 30–50
/// bytes answered within 50 ms, NTP of exactly 48 and often unanswered, lookups that give up after
/// 5 s and 2 packets, SYNs repeated after 1 and 2 more seconds, TLS that the server mostly resets.
///
/// Never two draws in the arguments of one call: their order is the compiler's choice.
#include <algorithm>

#include "fleet/parts.hpp"

namespace vedette::simulator {

namespace {

constexpr std::array<Named, habit_task_count> task_names{{
    {"dns", "a lookup at the router's resolver; repeated while the resolver is away"},
    {"ntp", "the time, asked over UDP 123"},
    {"cloud", "a TLS request to the vendor, 443"},
    {"mqtt", "a keep-alive session with the local broker, 1883"},
    {"mqtts", "a keep-alive session with the vendor's broker over TLS, 8883"},
    {"http", "a page of a neighbour or of the vendor, 80"},
    {"video", "a clip uploaded over TLS, up to 6 MB"},
    {"ssdp", "UPnP announcements to 239.255.255.250"},
    {"mdns", "service announcements to 224.0.0.251"},
    {"coap", "a CoAP request to the local border router, 5683"},
    {"modbus", "some Modbus polls of the local controller, 502"},
    {"ping", "echo requests to the router"},
    {"discovery", "asks about 12 neighbours for open ports: harmless, but looks like a scan"},
    {"inventory", "an administrator's sweep of about 60 addresses: looks like a scan"},
    {"viewer", "somebody far away watches: about 25 large flows in a few minutes"},
    {"backup", "about 6 uploads of 2 to 180 MB: looks like exfiltration"},
    {"speed_test", "about 8 flows of up to 150 MB, both ways: looks like a flood"},
    {"firmware", "downloads an image over HTTP and reboots"},
    {"reboot", "silence of about a minute, then a burst of 8 flows"},
}};

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

void dns_flow(Flow& flow, Random& random, Device& device, const Surroundings& around) {
  set_peer(flow, {router_of(device), 53, "dns"}, Proto::udp, take_port(device));
  const double asked = draw_whole(random, {29, 39, 62});
  const double fate = random.uniform();
  if (around.resolver_down || fate < 0.010) {
    return fill_udp(flow, 2, asked, 0, 0, draw(random, {5.0008, 5.004, 5.006}));
  }
  const double seconds = draw(random, {0.0005, 0.012, 0.2});
  // NXDOMAIN comes back about as short as the question.
  if (fate < 0.025) return fill_udp(flow, 1, asked, 1, asked, seconds);
  const double answered = asked + draw_whole(random, {12, 60, 400});
  // Now and then the first question is lost and the second answered.
  if (fate < 0.032) return fill_udp(flow, 2, asked, 1, answered, 5 + seconds);
  fill_udp(flow, 1, asked, 1, answered, seconds);
}

void ntp_flow(Flow& flow, Random& random) {
  const std::uint32_t server = ipv4(198, 18, 100, 1 + static_cast<unsigned>(random.below(4)));
  set_peer(flow, {server, 123, ""}, Proto::udp, 123);
  // The captures leave 1 %, 51 % and 73 % unanswered.
  if (random.chance(0.25)) return fill_udp(flow, 1, 48, 0, 0, 0);
  fill_udp(flow, 1, 48, 1, 48, draw(random, {0.0012, 0.04, 0.28}));
}

/// How talks end, as shares of 1 in this order; the rest are SF.
struct Endings {
  double by_server_reset;
  double half_closed;
  double by_own_reset;
  double unfinished;
};
constexpr Endings tls_endings{0.40, 0.25, 0.02, 0.04};
constexpr Endings plain_endings{0.03, 0.03, 0.01, 0.01};

/// The talk of a client with a vendor's server, or its SYNs when the server is away.
void vendor_flow(Flow& flow, Random& random, const Device& device, const Surroundings& around,
                 TcpTalk talk, const Endings& endings) {
  double fate = random.uniform();
  if (device.vendor == around.vendor_down || fate < 0.002) {
    flow.service.clear();
    if (random.chance(0.15)) return fill_reject(flow, draw(random, {0.02, 0.12, 0.8}), true);
    return fill_syn(flow, random, random.chance(0.7) ? 3 : 1, true);
  }
  if (fate < 0.012) return fill_late_fin(flow);
  if (fate < 0.022) return fill_midstream(flow, random);
  if (fate < 0.07) {
    // Is somebody there? A handshake without a word.
    flow.service.clear();
    return fill_tcp(flow, random, {.seconds = draw(random, {0.003, 0.011, 0.3})});
  }
  fate = random.uniform();
  const std::array<std::pair<double, ConnState>, 4> ways{{
      {endings.by_server_reset, ConnState::RSTR},
      {endings.half_closed, ConnState::S3},
      {endings.by_own_reset, ConnState::RSTO},
      {endings.unfinished, ConnState::S1},
  }};
  for (const auto& [share, ending] : ways) {
    fate -= share;
    if (fate >= 0) continue;
    talk.ending = ending;
    break;
  }
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
    TcpTalk talk;
    talk.orig_bytes = draw_whole(random, {90, 240, 1900});
    talk.resp_bytes = draw_whole(random, {120, 620, 9000});
    talk.seconds = draw(random, {0.01, 0.06, 1.5});
    return fill_tcp(flow, random, talk);
  }
  set_peer(flow, {cloud_address(device, random), 80, "http"}, Proto::tcp, take_port(device));
  TcpTalk talk;
  talk.orig_bytes = draw_whole(random, {130, 292, 4000});
  talk.resp_bytes = draw_whole(random, {170, 640, 40'000});
  // One in five is kept open for the next request until a timeout of 300 s.
  const bool kept = random.chance(0.2);
  talk.seconds = draw(random, kept ? Spread{299.9, 300.2, 305} : Spread{0.09, 0.24, 5});
  vendor_flow(flow, random, device, around, talk, plain_endings);
}

void secure_flow(Flow& flow, Random& random, Device& device, const Surroundings& around,
                 Task task) {
  const std::uint16_t port = task == Task::mqtts ? 8883 : 443;
  set_peer(flow, {cloud_address(device, random), port, "ssl"}, Proto::tcp, take_port(device));
  Spread orig{680, 2400, 28'000};
  Spread resp{3690, 5100, 72'000};
  Spread seconds{0.2, 9, 300};
  if (task == Task::mqtts) {
    // One connection lives for some keep-alives; Zeek reports it when it ends.
    orig = {480, 960, 4200};
    resp = {3600, 4100, 7200};
    seconds = {1, 60, 310};
  } else if (task == Task::video) {
    orig = {40'000, 420'000, 6'000'000};
    resp = {3800, 5600, 21'000};
    seconds = {1, 7, 60};
  } else if (task == Task::viewer) {
    orig = {300'000, 2'500'000, 40'000'000};
    resp = {5000, 40'000, 400'000};
    seconds = {4, 20, 240};
  } else if (task == Task::backup) {
    orig = {2'000'000, 18'000'000, 180'000'000};
    resp = {20'000, 90'000, 900'000};
    seconds = {5, 40, 600};
  }
  TcpTalk talk;
  talk.orig_bytes = draw_whole(random, orig);
  talk.resp_bytes = draw_whole(random, resp);
  talk.seconds = draw(random, seconds);
  vendor_flow(flow, random, device, around, talk, tls_endings);
}

void speed_test_flow(Flow& flow, Random& random, Device& device) {
  const std::uint32_t server = ipv4(198, 18, 101, 1 + static_cast<unsigned>(random.below(3)));
  set_peer(flow, {server, 8080, ""}, Proto::tcp, take_port(device));
  const bool upload = random.chance(0.5);
  const double much = draw_whole(random, {4'000'000, 30'000'000, 150'000'000});
  const double little = draw_whole(random, {400, 1200, 9000});
  TcpTalk talk;
  talk.orig_bytes = upload ? much : little;
  talk.resp_bytes = upload ? little : much;
  talk.seconds = draw(random, {6, 10, 15});
  fill_tcp(flow, random, talk);
}

void broker_flow(Flow& flow, Random& random, Device& device) {
  set_peer(flow, {router_of(device) - 3, 1883, "mqtt"}, Proto::tcp, take_port(device));
  const double publishes = draw_whole(random, {1, 9, 60});
  const double each = draw_whole(random, {60, 110, 240});
  TcpTalk talk;
  talk.orig_bytes = 40 + publishes * each;  // CONNECT, PUBLISHes
  talk.resp_bytes = 4 + 4 * publishes;      // CONNACK, PUBACKs
  talk.orig_messages = talk.resp_messages = 1 + publishes;
  talk.seconds = draw(random, {1, 55, 185});
  talk.ending = random.chance(0.06) ? ConnState::RSTO : ConnState::SF;
  fill_tcp(flow, random, talk);
}

void announcement_flow(Flow& flow, Random& random, Device& device, Task task) {
  if (task == Task::ssdp) {
    // Announced again and again from one port: Zeek sees one long flow.
    set_peer(flow, {ipv4(239, 255, 255, 250), 1900, ""}, Proto::udp, take_port(device));
    const double packets = draw_whole(random, {3, 18, 192});
    const double each = draw_whole(random, {94, 314, 320});
    return fill_udp(flow, packets, each, 0, 0, packets * draw(random, {0.5, 4, 9}));
  }
  set_peer(flow, {ipv4(224, 0, 0, 251), 5353, "dns"}, Proto::udp, 5353);
  const double packets = draw_whole(random, {1, 3, 24});
  const double each = draw_whole(random, {49, 210, 300});
  fill_udp(flow, packets, each, 0, 0, packets * draw(random, {0.1, 1.7, 2.4}));
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
  const double answer = draw_whole(random, {11, 29, 61});
  const double seconds = polls * draw(random, {0.02, 0.1, 0.6});
  fill_tcp(flow, random,
           {.orig_bytes = polls * 12,
            .resp_bytes = polls * answer,
            .orig_messages = polls,
            .resp_messages = polls,
            .seconds = seconds,
            .ending = random.chance(0.02) ? ConnState::RSTO : ConnState::SF});
}

void ping_flow(Flow& flow, Random& random, const Device& device) {
  // Zeek puts ICMP's type and code where ports are: echo request, echo reply.
  set_peer(flow, {router_of(device), 0, ""}, Proto::icmp, 8);
  const double sent = random.chance(0.5) ? 10 : draw_whole(random, {1, 4, 10});
  const bool answered = !random.chance(0.02);
  const double gap = random.chance(0.5) ? 0.0015 : 1;  // ten in a row, or one a second
  const double seconds = (sent - 1) * gap + draw(random, {0.0006, 0.004, 0.05});
  fill_ping(flow, sent, answered, seconds);
}

/// One question of a sweep. `reach`: how many addresses it covers.
void sweep_flow(Flow& flow, Random& random, Device& device, Task task) {
  constexpr std::uint16_t discovered[] = {80, 554, 8080, 8008, 1883, 22};
  constexpr std::uint16_t managed[] = {22, 23, 80, 161, 443, 502, 3389, 4840};
  const std::uint16_t port = task == Task::discovery
                                 ? discovered[random.below(std::size(discovered))]
                                 : managed[random.below(std::size(managed))];
  set_peer(flow, {neighbour_of(device, random), port, ""}, Proto::tcp, take_port(device));
  const double fate = random.uniform();
  if (fate < 0.6) return fill_syn(flow, random, random.chance(0.5) ? 1 : 3, true);
  if (fate < 0.9) return fill_reject(flow, draw(random, {0.0004, 0.004, 0.2}), true);
  const double seconds = draw(random, {0.003, 0.011, 0.3});
  fill_tcp(flow, random,
           {.seconds = seconds, .ending = random.chance(0.5) ? ConnState::SF : ConnState::RSTO});
}

void firmware_flow(Flow& flow, Random& random, Device& device, const Surroundings& around) {
  set_peer(flow, {cloud_address(device, random), 80, "http"}, Proto::tcp, take_port(device));
  TcpTalk talk;
  talk.orig_bytes = draw_whole(random, {110, 150, 240});
  talk.resp_bytes = draw_whole(random, {84'000, 900'000, 12'000'000});
  talk.seconds = draw(random, {0.9, 9, 120});
  vendor_flow(flow, random, device, around, talk, plain_endings);
}

void dhcp_flow(Flow& flow, Random& random, const Device& device) {
  set_peer(flow, {router_of(device), 67, "dhcp"}, Proto::udp, 68);
  const double asked = device.vendor % 2 == 0 ? 300 : 345;
  fill_udp(flow, 1, asked, 1, 300, draw(random, {0.0008, 0.001, 0.02}));
}

}  // namespace

std::optional<Task> task_from(std::string_view name) {
  for (std::size_t i = 0; i < habit_task_count; ++i) {
    if (task_names[i].name == name) return static_cast<Task>(i);
  }
  return {};
}

const Burst& burst_of(Task task) {
  static constexpr Burst single{};
  static constexpr Burst discovery{.mean = 12};
  static constexpr Burst inventory{.mean = 60, .gap_s = {0.01, 0.05, 0.4}};
  static constexpr Burst viewer{.mean = 25, .gap_s = {0.1, 6, 30}};
  static constexpr Burst backup{.mean = 6, .gap_s = {1, 30, 200}};
  static constexpr Burst speed_test{.mean = 8, .gap_s = {0.01, 0.05, 12}};
  // The silence is a step of its own.
  static constexpr Burst reboot{.mean = 1 + boot_steps, .exact = true};
  static constexpr Burst firmware{.mean = 2 + boot_steps, .exact = true};
  static constexpr Burst reconnect{.mean = reconnect_steps, .exact = true, .gap_s = {0.02, 0.3, 3}};
  switch (task) {
    case Task::discovery:
      return discovery;
    case Task::inventory:
      return inventory;
    case Task::viewer:
      return viewer;
    case Task::backup:
      return backup;
    case Task::speed_test:
      return speed_test;
    case Task::reboot:
      return reboot;
    case Task::firmware:
      return firmware;
    case Task::reconnect:
      return reconnect;
    default:
      return single;
  }
}

Task boot_task(std::uint16_t step) {
  constexpr std::array<Task, boot_steps> order{Task::dhcp,  Task::dns,   Task::ntp,  Task::dns,
                                               Task::cloud, Task::cloud, Task::mdns, Task::ssdp};
  return order[step % boot_steps];
}

Task reconnect_task(std::uint16_t step) {
  constexpr std::array<Task, reconnect_steps> order{Task::dns, Task::cloud, Task::mqtts,
                                                    Task::cloud};
  return order[step % reconnect_steps];
}

void everyday_flow(Flow& flow, Random& random, Device& device, Task task,
                   const Surroundings& around) {
  switch (task) {
    case Task::dns:
      return dns_flow(flow, random, device, around);
    case Task::ntp:
      return ntp_flow(flow, random);
    case Task::http:
      return http_flow(flow, random, device, around);
    case Task::cloud:
    case Task::mqtts:
    case Task::video:
    case Task::viewer:
    case Task::backup:
      return secure_flow(flow, random, device, around, task);
    case Task::mqtt:
      return broker_flow(flow, random, device);
    case Task::ssdp:
    case Task::mdns:
      return announcement_flow(flow, random, device, task);
    case Task::coap:
    case Task::modbus:
      return field_flow(flow, random, device, task);
    case Task::ping:
      return ping_flow(flow, random, device);
    case Task::discovery:
    case Task::inventory:
      return sweep_flow(flow, random, device, task);
    case Task::speed_test:
      return speed_test_flow(flow, random, device);
    case Task::firmware:
      return firmware_flow(flow, random, device, around);
    case Task::dhcp:
      return dhcp_flow(flow, random, device);
    default:
      expects(false, "this task makes no flow");
  }
}

}  // namespace vedette::simulator

namespace vedette {

std::span<const Named> flow_tasks() {
  return simulator::task_names;
}

}  // namespace vedette
