/// The parts of the simulated fleet. For simulator*.cpp only.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "record/record.hpp"

namespace vedette::simulator {

// ---- chance without libm ------------------------------------------------------------------------

/// A skewed distribution: half of the draws lie in [low, usual], half in [usual, high], thinning
/// out cubically towards `high`: the long right tails of sizes and durations.
struct Spread {
  double low = 0;
  double usual = 0;
  double high = 0;
};
double draw(Random& random, const Spread& spread);
double draw_whole(Random& random, const Spread& spread);
/// Mean 0, deviation 1, never beyond 3.47: four uniforms added (Irwin–Hall).
double noise(Random& random);
/// Mean 1, in [0, 3): irregular gaps.
double irregular(Random& random);
/// A wave of period 1 between -1 and 1 like sin(2 pi x), made of two parabolas.
double wave(double x);
/// -1 at five in the morning, 1 at five in the afternoon (UTC).
double daily(Time time);
/// Rounded to the microsecond.
double whole_micros(double seconds);

// ---- what a device is ---------------------------------------------------------------------------

/// Everything a device or the fleet does at a point in time.
enum class Task : std::uint8_t {
  reading,  ///< all channels, one record
  toggle,   ///< the load of the device goes on or off; no record
  dns,
  ntp,
  cloud,  ///< TLS request to the vendor
  mqtt,   ///< a keep-alive session with the vendor's broker
  http,   ///< polls a local or vendor page
  video,  ///< TLS upload of a clip
  ssdp,
  mdns,
  coap,
  modbus,
  ping,
  discovery,        ///< looks for neighbours on the local network: harmless, but looks like a scan
  firmware,         ///< downloads an image over HTTP, then reboots
  reboot,           ///< the first of `boot_steps` quick flows
  episode_begin,    ///< fleet: an episode begins by chance
  episode_planned,  ///< fleet: an episode of the plan begins
  episode_step,     ///< fleet: an attack's next record, or the end of an episode
  outage,           ///< fleet: one vendor's cloud goes down or comes back
};
constexpr std::uint16_t boot_steps = 8;

enum class RhythmKind : std::uint8_t {
  steady,     ///< period +- 5 %
  irregular,  ///< mean period
  daytime,    ///< irregular, 1.6 times as often in the afternoon, 0.4 times at night
};

struct TaskSpec {
  Task task = Task::dns;
  double period_s = 60;
  RhythmKind rhythm = RhythmKind::steady;
};

/// One measured value. The reading is base + individual + daily * daily() + walk + load + noise,
/// clamped and rounded to 1 / per_unit.
struct Channel {
  std::string_view name;
  double base = 0;
  double individual = 0;  ///< devices differ by this deviation
  double daily = 0;
  double walk = 0;  ///< deviation of one step of a random walk that returns to 0
  double load = 0;  ///< added while the device is active
  double noise = 0;
  double fall_per_day = 0;  ///< a battery: falls and is renewed at `low`
  double per_unit = 10;
  double low = 0;
  double high = 100;
};
constexpr std::size_t channels_max = 4;

struct ProfileRow {
  std::string_view name;
  std::span<const TaskSpec> tasks;
  std::span<const Channel> channels;  ///< the first is the one that drifts, spikes and shifts
};
std::span<const ProfileRow> profiles();

constexpr std::uint16_t no_episode = 0xffff;
constexpr std::uint8_t vendors = 6;

struct Device {
  std::string name;
  const ProfileRow* profile = nullptr;
  std::uint32_t address = 0;
  std::uint16_t next_port = 0;
  std::uint16_t attack = no_episode;  ///< which of the fleet's places
  std::uint16_t fault = no_episode;
  std::uint8_t vendor = 0;
  bool active = false;
  std::array<float, channels_max> individual{};
  std::array<float, channels_max> walk{};
};

// ---- records ------------------------------------------------------------------------------------

/// Where a flow goes.
struct Peer {
  std::uint32_t address = 0;
  std::uint16_t port = 0;
  std::string_view service;
};
constexpr std::uint32_t ipv4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return a << 24U | b << 16U | c << 8U | d;
}
void write_address(std::string& out, std::uint32_t address);

/// Fills a flow's numbers so that they agree: packets follow from payload and history, IP bytes
/// from packets (20 bytes IP, 32 TCP with timestamps, 40 for a SYN with options, 8 UDP).
struct TcpTalk {
  double orig_bytes = 0;
  double resp_bytes = 0;
  double seconds = 0;
  ConnState ending = ConnState::SF;  ///< SF, S1, S3, RSTO, RSTR
};
void fill_tcp(Flow& flow, Random& random, const TcpTalk& talk);
/// SYNs nobody answers. `options`: 60-byte SYNs of a kernel, else the bare 40 of a raw socket.
void fill_syn(Flow& flow, Random& random, double syns, bool options);
/// A SYN answered by RST.
void fill_reject(Flow& flow, double seconds, bool options);
/// `resp_packets` 0: nobody answers. Bytes are per packet.
void fill_udp(Flow& flow, double orig_packets, double orig_each, double resp_packets,
              double resp_each, double seconds);

/// What the everyday tasks need to know of the fleet.
struct Surroundings {
  std::uint8_t vendor_down = vendors;  ///< `vendors`: none
  std::uint32_t devices = 1;
};
/// Fills the flow of an everyday task, ports and addresses included (not uid and orig_h).
void everyday_flow(Flow& flow, Random& random, Device& device, Task task,
                   const Surroundings& around);
/// The flow number `step` of a reboot: DHCP, names, time, cloud, broker, announcements.
Task boot_task(std::uint16_t step);
void fill_dhcp(Flow& flow, Random& random, const Device& device);

/// The next ephemeral port of the device.
std::uint16_t take_port(Device& device);
void set_peer(Flow& flow, const Peer& peer, Proto proto, std::uint16_t orig_port);

}  // namespace vedette::simulator
