/// The parts of the simulated fleet. For fleet/*.cpp only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/chance.hpp"
#include "fleet/plan.hpp"
#include "fleet/rhythm.hpp"
#include "record/record.hpp"

namespace vedette::simulator {

// ---- what a device is ---------------------------------------------------------------------------

/// Everything a device or the fleet does at a point in time.
enum class Task : std::uint8_t {
  // what a habit may be: flow_tasks() has their names and meanings in this order
  dns,
  ntp,
  cloud,
  mqtt,
  mqtts,
  http,
  video,
  ssdp,
  mdns,
  coap,
  modbus,
  ping,
  discovery,
  inventory,
  viewer,
  backup,
  speed_test,
  firmware,
  reboot,
  // what is no habit
  learned,          ///< what a learned profile does next
  dhcp,             ///< the first flow of a boot
  reading,          ///< all channels, one record
  toggle,           ///< the load of the device goes on or off; no record
  reconnect,        ///< a short burst when the vendor is back
  episode_begin,    ///< fleet: an episode begins by chance
  episode_planned,  ///< fleet: an episode of the plan begins
  episode_step,     ///< fleet: an attack's next record, or the end of an episode
  outage,           ///< fleet: one vendor's cloud goes down or comes back
  lookups_lost,     ///< fleet: the resolver goes away or comes back
};
constexpr std::size_t habit_task_count = 19;
std::optional<Task> task_from(std::string_view name);

/// Flows that follow one another quickly as one habit.
struct Burst {
  double mean = 1;  ///< flows; their number is geometric, unless it is `exact`
  bool exact = false;
  Spread gap_s{0.02, 0.2, 2};
};
const Burst& burst_of(Task task);
constexpr std::uint16_t boot_steps = 8;

struct TaskSpec {
  Task task = Task::dns;
  RhythmKind rhythm = RhythmKind::steady;
  double period_s = 60;
};

/// A Sensor, ready to be computed.
struct Channel : Sensor {
  std::ptrdiff_t source = -1;  ///< the channel it follows
  double source_base = 0;
  /// A value is units * numerator / denominator: one rounding, so that 0.3 stays 0.3.
  double numerator = 1;
  double denominator = 10;
  double least = 0;  ///< of the units
  double most = 0;
};
constexpr std::size_t channels_max = Profile::sensors_max;

/// A Profile, ready to be run.
struct Sort {
  std::string name;
  std::vector<TaskSpec> tasks;    ///< reading and toggle first, unless there are no sensors
  std::vector<Channel> channels;  ///< the first is the one that drifts, spikes and shifts
  double missing = 0;
  std::optional<LearnedProfile> learned;
};
/// REQUIRES: a profile that check() accepts.
Sort sort_of(const Profile& profile);

constexpr std::uint16_t no_episode = 0xffff;
constexpr std::uint8_t vendors = 6;

struct Device {
  std::string name;
  const Sort* profile = nullptr;
  double pace = 1;      ///< the plan's times the group's
  Time silent_until{};  ///< while it reboots
  Time measured{};      ///< its last reading
  std::uint32_t address = 0;
  std::uint16_t next_port = 0;
  std::uint16_t attack = no_episode;  ///< which of the fleet's places
  std::uint16_t fault = no_episode;
  std::uint8_t vendor = 0;
  bool active = false;
  LearnedProfile::Walk learned;  ///< where it is in a learned profile
  std::array<float, channels_max> individual{};
  std::array<float, channels_max> walk{};
  std::array<float, channels_max> warmth{};  ///< how much of the load is reached
};

// ---- the world around the devices ---------------------------------------------------------------

/// What all devices share at one time.
struct Climate {
  double outside = 0;  ///< degrees above 10
  double people = 0;   ///< 0 to 1
  double of_day = 0;
  bool weekend = false;
  double days = 0;  ///< since the fleet's start
};

/// The weather of the fleet's place and when its people are there: functions of seed and time.
class World {
 public:
  World(std::uint64_t seed, Time start) : seed_(seed), start_(start) {}
  Climate at(Time time) const;

 private:
  std::uint64_t seed_;
  Time start_;
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
/// "2001:db8::a00:1" (RFC 3849): the same device over IPv6.
void write_address_v6(std::string& out, std::uint32_t address);

/// Fills a flow's numbers so that they agree: packets follow from payload and history, IP bytes
/// from packets (20 bytes IP, 32 TCP with timestamps, 40 for a SYN with options, 8 UDP).
struct TcpTalk {
  double orig_bytes = 0;
  double resp_bytes = 0;
  double orig_messages = 0;  ///< that are sent one after another: as many packets at least
  double resp_messages = 0;
  double seconds = 0;
  ConnState ending = ConnState::SF;  ///< SF, S1, S3, RSTO, RSTR
};
void fill_tcp(Flow& flow, Random& random, const TcpTalk& talk);
/// SYNs nobody answers. `options`: 60-byte SYNs of a kernel, else the bare 40 of a raw socket.
void fill_syn(Flow& flow, Random& random, double syns, bool options);
/// A raw socket's SYN, the answer, and the RST of a kernel that never asked for it.
void fill_raw_open(Flow& flow, double seconds);
/// A SYN answered by RST.
void fill_reject(Flow& flow, double seconds, bool options);
/// `resp_packets` 0: nobody answers. Bytes are per packet.
void fill_udp(Flow& flow, double orig_packets, double orig_each, double resp_packets,
              double resp_each, double seconds);
/// Echo requests, all answered or none.
void fill_ping(Flow& flow, double sent, bool answered, double seconds);
/// The end of a connection whose beginning Zeek no longer knows: a FIN (SH) or, after a keep-alive
/// and its answer, an ACK (OTH).
void fill_late_fin(Flow& flow);
void fill_midstream(Flow& flow, Random& random);

/// What the everyday tasks need to know of the fleet.
struct Surroundings {
  std::uint8_t vendor_down = vendors;  ///< `vendors`: none
  bool resolver_down = false;
  std::uint32_t devices = 1;
};
/// Fills the flow of an everyday task, ports and addresses included (not uid and orig_h).
void everyday_flow(Flow& flow, Random& random, Device& device, Task task,
                   const Surroundings& around);
/// The flow number `step` of a boot: DHCP, names, time, cloud, announcements.
Task boot_task(std::uint16_t step);
/// The flow number `step` of a reconnection.
constexpr std::uint16_t reconnect_steps = 4;
Task reconnect_task(std::uint16_t step);

/// What healthy sensors would show, before rounding. Remembers walk, warmth and time in `device`.
void measure(std::array<double, channels_max>& values, Random& random, Device& device,
             const Climate& climate, Time time);
/// Clamped to [low, high] and rounded to a multiple of `step` that is written shortly.
double quantised(const Channel& channel, double value);

/// The next ephemeral port of the device.
std::uint16_t take_port(Device& device);
void set_peer(Flow& flow, const Peer& peer, Proto proto, std::uint16_t orig_port);

}  // namespace vedette::simulator
