/// Episodes: when an attack or a fault begins, goes on and ends.
#include <fmt/format.h>

#include <algorithm>

#include "base/expects.hpp"
#include "base/text.hpp"
#include "fleet/state.hpp"

namespace vedette::simulator {

namespace {

constexpr std::array<EpisodeKind, kind_count> kind_table{{
    {"horizontal_scan", "PartOfAHorizontalPortScan", false, "SYNs to one port of many addresses"},
    {"beacon", "C&C", false, "talks to a command server every few seconds"},
    {"flood", "DDoS", false, "a UDP, SYN or ACK flood"},
    {"download", "FileDownload", false, "fetches a binary over HTTP"},
    {"brute_force", "Attack", false, "guesses passwords over telnet or SSH"},
    {"spike", "spike", true, "single values far off"},
    {"stuck", "stuck", true, "the last values are repeated"},
    {"level_shift", "level_shift", true, "all values are off by the same amount"},
    {"drift", "drift", true, "values move away slowly"},
}};

}  // namespace

std::optional<Kind> kind_from(std::string_view name) {
  for (std::size_t i = 0; i < kind_count; ++i) {
    if (kind_table[i].name == name || kind_table[i].label == name) return static_cast<Kind>(i);
  }
  return {};
}

Error unknown_kind(std::string_view name) {
  std::vector<std::string_view> names;
  for (const EpisodeKind& kind : kind_table) names.push_back(kind.name);
  return Error{Errc::not_found,
               fmt::format("no episode is called \"{}\"; there are {}", name, listed(names))};
}

std::string_view label_of(Kind kind) {
  return kind_table[static_cast<std::size_t>(kind)].label;
}

void Fleet::mark(Simulated& out, const Place& place) const {
  out.episode = place.number;
  out.kind = static_cast<std::uint16_t>(place.kind);
  out.episode_begins = place.begins;
}

bool Fleet::run_episode(Event event, Simulated& out) {
  Place& place = places[event.step];
  Device& device = devices[place.device];
  if (!running(place)) {
    if (device.episode == event.step) device.episode = no_episode;
    place.taken = false;
    queue.pop();
    return false;
  }
  // A fault makes no flows: its steps only look whether it is over (somebody may have stopped it).
  event.time = is_fault(place.kind)
                   ? std::min(place.ends, now + std::chrono::seconds{10})
                   : now + micros_of(place.gap_s * irregular(random) / options.pace);
  queue.replace_top(event);
  if (is_fault(place.kind)) return false;
  start_record(out, device, RecordKind::flow, label_of(place.kind));
  mark(out, place);
  attack_flow(out.record.flow, random, device, place);
  return true;
}

void Fleet::begin_by_chance() {
  const Kind kind = kinds[random.below(kinds.size())];
  const auto number = static_cast<std::uint32_t>(random.below(devices.size()));
  const double length = seconds_of(options.episode_length) * random.uniform(0.5, 1.5);
  if (devices[number].episode == no_episode) begin(number, kind, micros_of(length));
}

bool Fleet::begin(std::uint32_t number, Kind kind, Duration length) {
  const auto free =
      std::find_if(places.begin(), places.end(), [](const Place& place) { return !place.taken; });
  if (free == places.end()) return false;
  Place& place = *free;
  place = Place{};
  place.taken = true;
  place.number = ++episodes_begun;
  place.kind = kind;
  place.device = number;
  place.begins = now;
  place.ends = now + length;
  const auto at = static_cast<std::uint16_t>(free - places.begin());
  devices[number].episode = at;
  if (is_fault(kind))
    plan_fault(place, random, devices[number]);
  else
    plan_attack(place, random);
  queue.push({.time = now + Duration{1}, .task = Task::episode_step, .step = at});
  return true;
}

Episode Fleet::describe(const Place& place) const {
  const EpisodeKind& kind = kind_table[static_cast<std::size_t>(place.kind)];
  return {place.number,
          devices[place.device].name,
          std::string{kind.name},
          std::string{kind.label},
          place.begins,
          place.ends,
          1};
}

Result<std::uint32_t> Fleet::start(std::string_view device, std::string_view kind, Duration length,
                                   double intensity) {
  constexpr Duration year = std::chrono::hours{366 * 24};
  const std::optional<Kind> known = kind_from(kind);
  if (!known) return unknown_kind(kind);
  if (length.count() <= 0 || length > year || !(intensity > 0) || intensity > 100) {
    return Error{Errc::out_of_range, "an episode lasts above 0 and at most 366 days"};
  }
  const auto found = std::find_if(devices.begin(), devices.end(),
                                  [&](const Device& one) { return one.name == device; });
  if (found == devices.end()) {
    return Error{Errc::not_found, fmt::format("no device is called \"{}\"", device)};
  }
  if (found->episode != no_episode && running(places[found->episode])) {
    return Error{Errc::busy, fmt::format("{} is already in an episode", device)};
  }
  if (!begin(static_cast<std::uint32_t>(found - devices.begin()), *known, length)) {
    return Error{Errc::busy,
                 fmt::format("{} episodes are running already", FleetSimulator::episodes_max)};
  }
  return episodes_begun;
}

std::size_t Fleet::stop(std::string_view device) {
  std::size_t stopped = 0;
  for (Place& place : places) {
    if (!running(place)) continue;
    if (!device.empty() && devices[place.device].name != device) continue;
    place.ends = now;  // its next event clears the place
    ++stopped;
  }
  return stopped;
}

}  // namespace vedette::simulator

namespace vedette {

std::span<const EpisodeKind> episode_kinds() {
  return simulator::kind_table;
}

}  // namespace vedette
