/// Episodes: when an attack or a fault begins, goes on and ends. A device can be in one attack and
/// in one fault at a time.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "fleet/state.hpp"

namespace vedette::simulator {

namespace {

/// How long a step may sleep: a stopped episode gives its place back that soon.
constexpr Duration nap = std::chrono::seconds{10};
constexpr Duration dead_nap = std::chrono::seconds{1};  // and a device boots that soon

std::uint16_t& place_of(Device& device, Kind kind) {
  return is_fault(kind) ? device.fault : device.attack;
}

/// "camera-03" → "camera".
std::string_view group_of(std::string_view device) {
  return device.substr(0, device.rfind('-'));
}

}  // namespace

void Fleet::schedule_episodes() {
  for (const std::string& name : options.kinds) {
    for (const Kind kind : kinds_from(name)) kinds.push_back(kind);
  }
  for (std::size_t i = 0; options.kinds.empty() && i < kind_count; ++i) {
    kinds.push_back(static_cast<Kind>(i));
  }
  if (options.episode_every.count() > 0) {
    queue.push(
        {.time = now + micros_of(seconds_of(options.episode_every) * irregular(episode_random)),
         .task = Task::episode_begin});
  }
  for (std::size_t i = 0; i < options.episodes.size(); ++i) {
    queue.push({.time = now + std::max(options.episodes[i].at, Duration{1}),
                .task = Task::episode_planned,
                .step = static_cast<std::uint16_t>(i)});
  }
}

bool Fleet::run_episodes(const Event& event, Simulated& out) {
  if (event.task == Task::episode_step) return run_step(event, out);
  if (event.task == Task::episode_planned)
    begin_planned(event);
  else
    begin_by_chance(event);
  return false;
}

void Fleet::begin_by_chance(Event event) {
  event.time += micros_of(seconds_of(options.episode_every) * irregular(episode_random));
  queue.replace_top(event);
  const Kind kind = kinds[episode_random.below(kinds.size())];
  const double length = seconds_of(options.episode_length) * episode_random.uniform(0.5, 1.5);
  // Some devices have no sensors that could fail, some are busy.
  for (int tries = 0; tries < 8; ++tries) {
    const auto number = static_cast<std::uint32_t>(episode_random.below(devices.size()));
    if (!may_begin(number, kind)) continue;
    begin(number, kind, micros_of(length), 1);
    return;
  }
}

/// What the scenario calls for takes the place of what chance began.
void Fleet::begin_planned(Event event) {
  const EpisodePlan& plan = options.episodes[event.step];
  if (plan.every.count() > 0) {
    event.time += plan.every;
    queue.replace_top(event);
  } else {
    queue.pop();
  }
  const Kind kind = *kind_from(plan.kind);
  for (const std::uint32_t number : choose(plan.device, kind, plan.devices)) {
    const std::uint16_t now_at = place_of(devices[number], kind);
    if (now_at != no_episode && running(places[now_at])) places[now_at].ends = now;
    begin(number, kind, plan.length, plan.intensity);
  }
}

bool Fleet::may_begin(std::uint32_t number, Kind kind) const {
  const Device& device = devices[number];
  const std::uint16_t at = is_fault(kind) ? device.fault : device.attack;
  if (at != no_episode && running(places[at])) return false;
  return !is_fault(kind) || !device.profile->channels.empty();
}

bool Fleet::is_device_of(std::uint32_t number, std::string_view device_or_group) const {
  const std::string_view name = devices[number].name;
  return device_or_group.empty() || name == device_or_group || group_of(name) == device_or_group;
}

std::vector<std::uint32_t> Fleet::choose(std::string_view device_or_group, Kind kind,
                                         std::uint64_t count) {
  std::vector<std::uint32_t> idle;
  std::vector<std::uint32_t> busy;
  for (std::uint32_t i = 0; i < devices.size(); ++i) {
    if (!is_device_of(i, device_or_group)) continue;
    if (is_fault(kind) && devices[i].profile->channels.empty()) continue;
    (may_begin(i, kind) ? idle : busy).push_back(i);
  }
  const std::size_t some = std::min<std::size_t>(idle.size(), count);
  for (std::size_t i = 0; i < some; ++i)
    std::swap(idle[i], idle[i + episode_random.below(idle.size() - i)]);
  idle.resize(some);
  for (std::size_t i = 0; i < busy.size() && idle.size() < count; ++i) idle.push_back(busy[i]);
  return idle;
}

Place* Fleet::begin(std::uint32_t number, Kind kind, Duration length, double intensity) {
  auto found =
      std::find_if(places.begin(), places.end(), [](const Place& place) { return !place.taken; });
  // A silence that is over keeps its place until a reading shows it, unless somebody needs it.
  if (found == places.end()) {
    found = std::find_if(places.begin(), places.end(),
                         [](const Place& place) { return !place.scheduled; });
  }
  if (found == places.end()) return nullptr;
  Place& place = *found;
  const auto at = static_cast<std::uint16_t>(found - places.begin());
  if (place.taken && devices[place.device].fault == at) devices[place.device].fault = no_episode;
  const std::uint16_t before = place_of(devices[number], kind);
  if (before != no_episode && !places[before].scheduled) places[before].taken = false;
  place = Place{};
  place.taken = place.scheduled = true;
  place.number = ++episodes_begun;
  place.kind = kind;
  place.device = number;
  place.other = static_cast<std::uint32_t>(episode_random.below(devices.size()));
  place.begins = place.next = now;
  place.ends = now + length;
  place.intensity = intensity;
  place.random = episode_random.split();
  look_at_sensors(place);
  place_of(devices[number], kind) = at;
  if (is_fault(kind))
    plan_fault(place);
  else
    plan_attack(place, devices[number]);
  queue.push({.time = now + Duration{1}, .task = Task::episode_step, .step = at});
  return &place;
}

void Fleet::look_at_sensors(Place& place) {
  Device twin = devices[place.device];  // looking changes nothing
  place.gauges_used = static_cast<std::uint8_t>(gauges_of(twin, place.gauges));
  sense({place.held.data(), place.gauges_used}, place.random, twin);
}

bool Fleet::run_step(Event event, Simulated& out) {
  Place& place = places[event.step];
  if (!running(place)) return run_end(event, place, out);
  if (!is_fault(place.kind)) return run_attack(event, place, out);
  event.time = std::min(place.ends, now + (place.kind == Kind::dead_device ? dead_nap : nap));
  queue.replace_top(event);
  return false;
}

bool Fleet::run_attack(Event event, Place& place, Simulated& out) {
  const bool due = now >= place.next;
  Says what = Says::flow;
  if (due) {
    what = next_turn(place, devices[place.device], now);
    const Duration gap = micros_of(gap_of(place) / (devices[place.device].pace * place.intensity));
    // A stage begins with a record, however rare its records are.
    place.next = std::min(now + gap, std::max(stage_end(place), now + Duration{1}));
  }
  event.time = std::min({place.next, place.ends, now + nap});
  queue.replace_top(event);
  // A dead device does not attack; its impostor does.
  const bool impostor = place.kind == Kind::spoofed_device;
  if (!due || (!impostor && silent(place.device, false))) return false;
  say(out, place, what);
  if (what == Says::flow || options.readings) return true;
  clear(out);
  return false;
}

void Fleet::say(Simulated& out, Place& place, Says what) {
  Device& device = devices[place.device];
  const std::string_view label = label_of(place.act);
  mark(out, place);
  if (what == Says::flow) {
    start_record(out, device, RecordKind::flow, label);
    return attack_flow(out.record.flow, device, place);
  }
  start_record(out, device, RecordKind::reading, label);
  if (what == Says::reading) return attack_reading(out.record.reading, place);
  attack_message(out, place, device.name, devices[place.other].name, now);
}

/// The end of an episode. A device that was dead boots first; a silence keeps its place until a
/// reading shows it.
bool Fleet::run_end(Event event, Place& place, Simulated& out) {
  Device& device = devices[place.device];
  const bool mine = place_of(device, place.kind) == event.step;
  if (place.kind == Kind::dead_device && place.booted < boot_steps) {
    event.time += micros_of(draw(place.random, {0.02, 0.2, 2}));
    queue.replace_top(event);
    start_record(out, device, RecordKind::flow, benign_label);
    everyday_flow(out.record.flow, place.random, device, boot_task(place.booted++), around);
    return true;
  }
  queue.pop();
  place.scheduled = false;
  if (mine && is_silence(place.kind) && place.step > 0 && options.readings) return false;
  if (mine) place_of(device, place.kind) = no_episode;
  place.taken = false;
  return false;
}

bool Fleet::silent(std::uint32_t number, bool reading) {
  const std::uint16_t at = devices[number].fault;
  if (at == no_episode || !is_silence(places[at].kind)) return false;
  Place& place = places[at];
  const bool dead = place.kind == Kind::dead_device;
  if (!running(place) && (!dead || place.booted > 0)) return false;
  if (!dead && !reading) return false;
  place.step += reading ? 1 : 0;
  return true;
}

void Fleet::falsify_reading(Simulated& out, std::uint32_t number, std::span<double> values) {
  Device& device = devices[number];
  if (device.attack != no_episode) {
    std::copy(values.begin(), values.end(), places[device.attack].held.begin());
  }
  if (device.fault == no_episode) return;
  Place& place = places[device.fault];
  bool shows = false;
  if (running(place)) {
    shows = falsify(place, now, values);
  } else {
    shows = is_silence(place.kind) && place.step > 0;
    device.fault = no_episode;
    if (!place.scheduled) place.taken = false;
  }
  if (!shows) return;
  out.truth.label.assign(label_of(place.kind));
  mark(out, place);
}

void Fleet::mark(Simulated& out, const Place& place) const {
  out.episode = place.number;
  out.kind = static_cast<std::uint16_t>(place.kind);
  out.episode_begins = place.begins;
}

Episode Fleet::describe(const Place& place) const {
  const Kind labelled = is_fault(place.kind) ? place.kind : place.act;
  return {place.number,
          devices[place.device].name,
          std::string{name_of(place.kind)},
          std::string{label_of(labelled)},
          place.begins,
          place.ends,
          place.intensity};
}

Error Fleet::unknown_device(std::string_view device) const {
  constexpr std::size_t groups_listed_max = 16;
  std::vector<std::string> ranges;  // "camera-01 to camera-03"
  std::vector<std::string_view> groups;
  for (const Device& one : devices) {
    const std::string_view group = group_of(one.name);
    const auto at = std::find(groups.begin(), groups.end(), group);
    if (at != groups.end()) {
      std::string& range = ranges[static_cast<std::size_t>(at - groups.begin())];
      range = fmt::format("{} to {}", range.substr(0, range.find(' ')), one.name);
    } else if (groups.size() < groups_listed_max) {
      groups.push_back(group);
      ranges.push_back(one.name);
    }
  }
  return Error{Errc::not_found,
               fmt::format("no device is called \"{}\"; there are {}", device, listed(ranges))};
}

Result<std::uint32_t> Fleet::start(std::string_view device, std::string_view kind, Duration length,
                                   double intensity) {
  constexpr Duration year = std::chrono::hours{366 * 24};
  const std::optional<Kind> known = kind_from(kind);
  if (!known) return unknown_kind(kind);
  if (length.count() <= 0 || length > year) {
    return Error{Errc::out_of_range, "an episode lasts above 0 and at most 366 days"};
  }
  if (!(intensity > 0) || intensity > 100) {
    return Error{Errc::out_of_range,
                 fmt::format("an intensity is above 0 and at most 100, not {}", intensity)};
  }
  std::vector<std::uint32_t> chosen;
  if (device.empty()) {
    chosen = choose(device, *known, 1);
  } else {
    const auto found = std::find_if(devices.begin(), devices.end(),
                                    [&](const Device& one) { return one.name == device; });
    if (found == devices.end()) return unknown_device(device);
    chosen.push_back(static_cast<std::uint32_t>(found - devices.begin()));
  }
  const bool sensors = !chosen.empty() && !devices[chosen[0]].profile->channels.empty();
  if (is_fault(*known) && !sensors) {
    return Error{Errc::mismatch,
                 fmt::format("{} is a fault of sensors, and {} has none", name_of(*known),
                             device.empty() ? "the fleet" : device)};
  }
  if (!may_begin(chosen[0], *known)) {
    return Error{Errc::busy,
                 fmt::format("{} is already in {}", device.empty() ? "every device" : device,
                             is_fault(*known) ? "a fault" : "an attack")};
  }
  const Place* place = begin(chosen[0], *known, length, intensity);
  if (place == nullptr) {
    return Error{Errc::busy,
                 fmt::format("{} episodes are running already", FleetSimulator::episodes_max)};
  }
  return place->number;
}

std::size_t Fleet::stop(std::string_view device) {
  std::size_t stopped = 0;
  for (Place& place : places) {
    if (!running(place)) continue;
    if (!device.empty() && devices[place.device].name != device) continue;
    place.ends = now;  // its next step clears the place
    ++stopped;
  }
  return stopped;
}

}  // namespace vedette::simulator
