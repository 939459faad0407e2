/// What a fleet is told to be: the structs a scenario file fills. `fields<S>()` lists what each can
/// be told, with bounds and a sentence of help: the parser, `--explain` and docs/simulator.md all
/// read that one list.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "fleet/learned.hpp"

namespace vedette {

/// Something a device does again and again that makes flows.
struct Habit {
  std::string task = "dns";  ///< a name of flow_tasks()
  Duration every = std::chrono::seconds{60};
  std::string rhythm = "irregular";  ///< a name of rhythms()
};

/// One measured value of a reading:
///   base + individual + daily * day + weekly * weekend + outdoor * outside + occupancy * people
///   + follow * (value of `follows` - its base) + load * warm-up + walk + noise,
/// clamped to [low, high] and rounded to a multiple of `step`.
struct Sensor {
  std::string name;
  double base = 0;
  double individual = 0;  ///< deviation between devices
  double daily = 0;       ///< added at five in the afternoon, subtracted at five in the morning
  double weekly = 0;      ///< added on Saturday and Sunday
  double outdoor = 0;     ///< per degree the outdoor temperature is away from 10 degrees
  double occupancy = 0;   ///< added while the place is full of people
  std::string follows{};  ///< an earlier sensor of the same profile
  double follow = 0;
  double load = 0;          ///< added while the device is active
  Duration warm_up{0};      ///< time constant with which the load is reached and left
  double walk = 0;          ///< deviation of one step of a random walk that returns to 0
  double noise = 0;         ///< deviation
  double fall_per_day = 0;  ///< a battery: falls from `high`, renewed at `low`
  double step = 0.1;        ///< resolution
  double low = 0;
  double high = 100;
};

/// A sort of device, composed of habits and sensors.
struct Profile {
  std::string name;
  std::string like{};   ///< starts as a copy of that profile
  std::string purpose;  ///< one line for people
  Duration reading_every = std::chrono::seconds{5};
  double missing = 0.002;                          ///< share of messages that are never sent
  Duration active_for = std::chrono::minutes{10};  ///< mean time between switching on and off
  std::string active_rhythm = "irregular";
  std::vector<Habit> habits;
  std::vector<Sensor> sensors;  ///< the first is the one a fault touches
  std::string learned_from{};   ///< path of a learned profile (.vdp): makes flows as it has learned
  std::optional<LearnedProfile> learned{};  ///< the same, loaded

  static constexpr std::size_t habits_max = 24;
  static constexpr std::size_t sensors_max = 8;
};

/// Devices of one sort.
struct Group {
  std::string profile;  ///< a profile's name, or the path of a learned profile (*.vdp)
  std::uint64_t count = 1;
  std::string name;  ///< devices are called <name>-01 …; empty: the profile's name
  double pace = 1;   ///< multiplies how often these devices speak
};

/// An attack or a fault that the scenario calls for.
struct EpisodePlan {
  std::string kind;           ///< a name of episode_kinds()
  std::string device;         ///< a device, a group ("camera") or empty: chosen by chance
  std::uint64_t devices = 1;  ///< how many of the group take part
  Duration at{0};             ///< after the start
  Duration length = std::chrono::seconds{60};
  double intensity = 1;  ///< multiplies the rate of an attack, the size of a fault
  Duration every{0};     ///< begins again after this; 0: once
};

struct FleetPlan {
  std::uint64_t seed = 1;
  Time start{};                ///< event time of the first moment; the epoch itself: not said
  Duration duration{0};        ///< how long; 0: without an end
  std::uint64_t devices = 24;  ///< without groups: of all built-in profiles in turn
  /// Multiplies how often every device speaks, attacking or not; at 1 a benign device makes about
  /// one flow and one reading every five seconds.
  double pace = 1.0;
  /// false: the flows of the same plan and nothing else, for files that hold no readings.
  bool readings = true;
  /// Attack and fault episodes begin by chance on average this often over the fleet; 0: none.
  Duration episode_every = std::chrono::seconds{90};
  /// The mean; one episode lasts 0.5 to 1.5 of it.
  Duration episode_length = std::chrono::seconds{30};
  /// Which kinds (or labels) begin by chance, see episode_kinds(); empty: all.
  std::vector<std::string> kinds;

  std::vector<Profile> profiles;      ///< beside the built-in ones; may replace one of them
  std::vector<Group> groups;          ///< empty: `devices` of all built-in profiles
  std::vector<EpisodePlan> episodes;  ///< beside those that begin by chance

  static constexpr std::size_t devices_max = 100'000;
  static constexpr double pace_max = 10'000;
  static constexpr std::size_t profiles_max = 256;
  static constexpr std::size_t groups_max = 1024;
  static constexpr std::size_t episodes_max = 1024;
};

/// @return out_of_range, not_found (naming the known ones) or mismatch for a plan no fleet can be
/// made of; the message names the profile, group or episode.
Status check(const FleetPlan& plan);

/// How a member is written and what it may be. Durations are bounded in seconds.
template <class S>
struct Field {
  using Member = std::variant<std::string S::*, double S::*, std::uint64_t S::*, Duration S::*,
                              Time S::*, std::vector<std::string> S::*>;
  std::string_view name;
  Member member;
  double low = 0;
  double high = 0;
  std::string_view help;
};
template <class S>
std::span<const Field<S>> fields();
template <>
std::span<const Field<Habit>> fields<Habit>();
template <>
std::span<const Field<Sensor>> fields<Sensor>();
template <>
std::span<const Field<Profile>> fields<Profile>();
template <>
std::span<const Field<Group>> fields<Group>();
template <>
std::span<const Field<EpisodePlan>> fields<EpisodePlan>();
template <>
std::span<const Field<FleetPlan>> fields<FleetPlan>();

/// A name and what it stands for, for lists and errors.
struct Named {
  std::string_view name;
  std::string_view meaning;
};
std::span<const Named> flow_tasks();  ///< "dns", "cloud" … what a habit may be
std::span<const Named> rhythms();     ///< "steady", "irregular", "daytime" …
/// The built-in profiles, in the order in which `devices` takes them.
std::span<const Profile> built_in_profiles();

/// The plan's own profile of that name, or the built-in one; null when there is none.
const Profile* find_profile(const FleetPlan& plan, std::string_view name);

/// Records a second that the whole fleet makes on average at a pace of 1, without episodes.
double usual_rate(const FleetPlan& plan);

/// An attack or a fault a device can be made to do.
struct EpisodeKind {
  std::string_view name;  ///< "udp_flood"
  /// What its records are labelled: IoT-23's name, or the fault's own; empty for a chain (mirai),
  /// whose records carry the labels of its stages.
  std::string_view label;
  bool fault = false;  ///< of sensors; else an attack
  std::string_view meaning;
};
std::span<const EpisodeKind> episode_kinds();

}  // namespace vedette
