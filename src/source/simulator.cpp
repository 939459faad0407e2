#include "source/simulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/expects.hpp"
#include "source/simulator_parts.hpp"

namespace vedette {

namespace {

using namespace simulator;

/// The device number of tasks that belong to the whole fleet.
constexpr std::uint32_t whole_fleet = 0xffffffff;

struct Event {
  Time time;
  std::uint32_t device = whole_fleet;
  std::uint8_t slot = 0;  ///< which of the profile's tasks
  Task task = Task::reading;
  std::uint16_t step = 0;  ///< of a burst, or the place of an episode

  /// Equal times are told apart, so that the order never depends on the heap's shape.
  bool before(const Event& other) const {
    if (time != other.time) return time < other.time;
    return rank() < other.rank();
  }
  std::uint64_t rank() const {
    return (std::uint64_t{device} << 32U) | (std::uint64_t{slot} << 24U) |
           (static_cast<std::uint64_t>(task) << 16U) | step;
  }
};

/// A heap with four children a node: half as deep as a binary one, and the children share a line
/// of cache (16 bytes each).
class Queue {
 public:
  const Event& top() const { return events_.front(); }
  void push(const Event& event) {
    events_.push_back(event);
    std::size_t at = events_.size() - 1;
    for (; at > 0 && event.before(events_[(at - 1) / 4]); at = (at - 1) / 4) {
      events_[at] = events_[(at - 1) / 4];
    }
    events_[at] = event;
  }
  void replace_top(const Event& event) {
    std::size_t at = 0;
    for (std::size_t child = 1; child < events_.size(); child = 4 * at + 1) {
      const std::size_t end = std::min(child + 4, events_.size());
      std::size_t least = child;
      for (std::size_t i = child + 1; i < end; ++i) {
        if (events_[i].before(events_[least])) least = i;
      }
      if (!events_[least].before(event)) break;
      events_[at] = events_[least];
      at = least;
    }
    events_[at] = event;
  }
  void pop() {
    const Event last = events_.back();
    events_.pop_back();
    if (!events_.empty()) replace_top(last);
  }

 private:
  std::vector<Event> events_;
};

Duration micros_of(double seconds) {
  // At least 1 µs, so that time moves on; at most a year, so that it cannot overflow.
  constexpr double longest = 366.0 * 86'400e6;
  return Duration{static_cast<std::int64_t>(std::clamp(seconds * 1e6, 1.0, longest))};
}

double seconds_of(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

std::uint64_t mixed(std::uint64_t z) {  // splitmix64's finaliser: one to one
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

std::optional<Kind> kind_from(std::string_view name) {
  for (std::size_t i = 0; i < kind_count; ++i) {
    if (name_of(static_cast<Kind>(i)) == name) return static_cast<Kind>(i);
  }
  return {};
}

Error unknown_kind(std::string_view name) {
  return Error{Errc::not_found, fmt::format("no episode is called \"{}\"; there are {}", name,
                                            fmt::join(episode_kinds(), ", "))};
}

}  // namespace

struct FleetSimulator::Fleet {
  explicit Fleet(FleetOptions given);

  Device make_device(std::size_t number);
  void schedule_device(std::uint32_t number);
  Duration gap(const TaskSpec& spec);
  /// Does what the top event says and schedules what follows. @return whether `out` was filled.
  bool run(LabelledRecord& out);
  bool run_device(const Event& event, LabelledRecord& out);
  /// The next flow of a burst, or the first of the next one.
  Event following(Event event, const TaskSpec& spec);
  bool run_fleet(const Event& event, LabelledRecord& out);
  bool run_episode(Event event, LabelledRecord& out);
  void run_outage(Event event);
  void begin_by_chance();
  bool begin(std::uint32_t number, Kind kind, Duration length);
  bool running(const Place& place) const { return place.taken && now < place.ends; }
  void start_record(LabelledRecord& out, const Device& device, RecordKind kind,
                    std::string_view label);
  void write_uid(std::string& out);

  FleetOptions options;
  Random random;
  std::vector<Device> devices;
  std::vector<Kind> kinds;
  std::array<Place, episodes_max> places{};
  Queue queue;
  Surroundings around;
  Time now;
  std::uint64_t flows = 0;
};

FleetSimulator::Fleet::Fleet(FleetOptions given)
    : options(std::move(given)), random(options.seed), now(options.start) {
  for (const std::string& name : options.kinds) kinds.push_back(*kind_from(name));
  for (std::size_t i = 0; kinds.size() < kind_count && options.kinds.empty(); ++i) {
    kinds.push_back(static_cast<Kind>(i));
  }
  around.devices = static_cast<std::uint32_t>(options.devices);
  devices.reserve(options.devices);
  for (std::size_t i = 0; i < options.devices; ++i) {
    devices.push_back(make_device(i));
    schedule_device(static_cast<std::uint32_t>(i));
  }
  queue.push({.time = now + micros_of(7200 * irregular(random)), .task = Task::outage});
  if (options.episode_every.count() > 0) {
    queue.push({.time = now + micros_of(seconds_of(options.episode_every) * irregular(random)),
                .task = Task::episode_begin});
  }
}

Device FleetSimulator::Fleet::make_device(std::size_t number) {
  const std::size_t sorts = profiles().size();
  Device device;
  device.profile = &profiles()[number % sorts];
  device.name = fmt::format("{}-{:02}", device.profile->name, number / sorts + 1);
  // 250 devices a network of 256: the addresses above are for the router and its neighbours.
  const auto host = static_cast<std::uint32_t>(number);
  device.address = ipv4(10, host / 62'500, host / 250 % 250, host % 250 + 1);
  device.next_port = static_cast<std::uint16_t>(32'768 + random.below(28'000));
  device.vendor = static_cast<std::uint8_t>(random.below(vendors));
  device.active = random.chance(0.4);
  const auto channels = device.profile->channels;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    device.individual[i] = static_cast<float>(channels[i].individual * noise(random));
  }
  return device;
}

void FleetSimulator::Fleet::schedule_device(std::uint32_t number) {
  const auto tasks = devices[number].profile->tasks;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const double first = random.uniform() * tasks[i].period_s / options.pace;
    queue.push({.time = now + micros_of(first),
                .device = number,
                .slot = static_cast<std::uint8_t>(i),
                .task = tasks[i].task});
  }
}

Duration FleetSimulator::Fleet::gap(const TaskSpec& spec) {
  double seconds = spec.period_s / options.pace;
  switch (spec.rhythm) {
    case Rhythm::steady:
      seconds *= random.uniform(0.95, 1.05);
      break;
    case Rhythm::irregular:
      seconds *= irregular(random);
      break;
    case Rhythm::daytime:
      seconds *= irregular(random) / (1 + 0.6 * daily(now));
      break;
  }
  return micros_of(seconds);
}

void FleetSimulator::Fleet::write_uid(std::string& out) {
  constexpr std::string_view digits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  // The first eleven digits hold all 64 bits of a one-to-one mix of the count: never twice the
  // same in one simulation.
  std::uint64_t bits = mixed(++flows + mixed(options.seed));
  std::uint64_t more = mixed(bits ^ options.seed);
  std::array<char, 18> text{};
  text[0] = 'C';
  for (std::size_t i = 1; i <= 11; ++i, bits /= 62) text[i] = digits[bits % 62];
  for (std::size_t i = 12; i < text.size(); ++i, more /= 62) text[i] = digits[more % 62];
  out.assign(text.data(), text.size());
}

void FleetSimulator::Fleet::start_record(LabelledRecord& out, const Device& device, RecordKind kind,
                                         std::string_view label) {
  out.record.kind = kind;
  out.record.device = device.name;
  out.record.time = now;
  out.truth.label.assign(label);
  if (kind != RecordKind::flow) return;
  write_uid(out.record.flow.uid);
  write_address(out.record.flow.orig_h, device.address);
}

bool FleetSimulator::Fleet::run(LabelledRecord& out) {
  const Event event = queue.top();
  now = event.time;
  return event.device == whole_fleet ? run_fleet(event, out) : run_device(event, out);
}

Event FleetSimulator::Fleet::following(Event event, const TaskSpec& spec) {
  // A firmware download is one flow longer than the reboot that follows it.
  const std::uint16_t steps = spec.task == Task::reboot     ? boot_steps
                              : spec.task == Task::firmware ? boot_steps + 1
                                                            : 1;
  // A sweep asks 12 neighbours on average.
  const bool sweeps = spec.task == Task::discovery && random.chance(11.0 / 12);
  if (sweeps || event.step + 1 < steps) {
    if (!sweeps) ++event.step;
    event.time += micros_of(draw(random, {0.02, 0.2, 2}));
    return event;
  }
  event.step = 0;
  event.time += gap(spec);
  return event;
}

bool FleetSimulator::Fleet::run_device(const Event& event, LabelledRecord& out) {
  Device& device = devices[event.device];
  const TaskSpec& spec = device.profile->tasks[event.slot];
  queue.replace_top(following(event, spec));
  if (spec.task == Task::toggle) {
    device.active = !device.active;
    return false;
  }
  if (spec.task == Task::reading) {
    Place* place = device.episode == no_episode ? nullptr : &places[device.episode];
    if (place != nullptr && (!running(*place) || !is_fault(place->kind))) place = nullptr;
    start_record(out, device, RecordKind::reading, benign_label);
    const double days = static_cast<double>((now - options.start).count()) / 86'400e6;
    if (fill_reading(out.record.reading, random, device, place, now, days)) {
      out.truth.label.assign(name_of(place->kind));
    }
    return true;
  }
  start_record(out, device, RecordKind::flow, benign_label);
  Task task = spec.task;
  if (task == Task::reboot) task = boot_task(event.step);
  if (task == Task::firmware && event.step > 0) {
    task = boot_task(static_cast<std::uint16_t>(event.step - 1));
  }
  everyday_flow(out.record.flow, random, device, task, around);
  return true;
}

bool FleetSimulator::Fleet::run_fleet(const Event& event, LabelledRecord& out) {
  if (event.task == Task::episode_step) return run_episode(event, out);
  if (event.task == Task::outage) {
    run_outage(event);
    return false;
  }
  Event next = event;
  next.time += micros_of(seconds_of(options.episode_every) * irregular(random));
  queue.replace_top(next);
  begin_by_chance();
  return false;
}

void FleetSimulator::Fleet::run_outage(Event event) {
  const bool up = around.vendor_down == vendors;
  around.vendor_down = up ? static_cast<std::uint8_t>(random.below(vendors)) : vendors;
  event.time += micros_of((up ? 180 : 7200) * irregular(random));
  queue.replace_top(event);
}

bool FleetSimulator::Fleet::run_episode(Event event, LabelledRecord& out) {
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
  start_record(out, device, RecordKind::flow, name_of(place.kind));
  attack_flow(out.record.flow, random, device, place);
  return true;
}

void FleetSimulator::Fleet::begin_by_chance() {
  const Kind kind = kinds[random.below(kinds.size())];
  const auto number = static_cast<std::uint32_t>(random.below(devices.size()));
  const double length = seconds_of(options.episode_length) * random.uniform(0.5, 1.5);
  if (devices[number].episode == no_episode) begin(number, kind, micros_of(length));
}

bool FleetSimulator::Fleet::begin(std::uint32_t number, Kind kind, Duration length) {
  const auto free =
      std::find_if(places.begin(), places.end(), [](const Place& place) { return !place.taken; });
  if (free == places.end()) return false;
  Place& place = *free;
  place = Place{};
  place.taken = true;
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

Status check(const FleetOptions& options) {
  const auto refused = [](std::string text) { return Error{Errc::out_of_range, std::move(text)}; };
  if (options.devices < 1 || options.devices > FleetOptions::devices_max) {
    return refused(fmt::format("a fleet has 1 to {} devices, not {}", FleetOptions::devices_max,
                               options.devices));
  }
  if (!(options.pace > 0) || options.pace > FleetOptions::pace_max) {
    return refused(fmt::format("the pace is above 0 and at most {}, not {}", FleetOptions::pace_max,
                               options.pace));
  }
  constexpr Duration year = std::chrono::hours{366 * 24};
  if (options.episode_every.count() < 0 || options.episode_every > year) {
    return refused("the time between episodes is 0 to 366 days");
  }
  if (options.episode_length.count() <= 0 || options.episode_length > year) {
    return refused("the length of an episode is above 0 and at most 366 days");
  }
  for (const std::string& name : options.kinds) {
    if (!kind_from(name)) return unknown_kind(name);
  }
  return {};
}

std::vector<std::string> episode_kinds() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kind_count; ++i) names.emplace_back(name_of(static_cast<Kind>(i)));
  return names;
}

FleetSimulator::FleetSimulator(FleetOptions options) {
  expects(check(options).ok(), "a fleet is made of options that check() accepts");
  fleet_ = std::make_unique<Fleet>(std::move(options));
}

FleetSimulator::~FleetSimulator() = default;
FleetSimulator::FleetSimulator(FleetSimulator&&) noexcept = default;
FleetSimulator& FleetSimulator::operator=(FleetSimulator&&) noexcept = default;

void FleetSimulator::next(LabelledRecord& out) {
  out.record.clear();
  out.truth.label.clear();
  while (!fleet_->run(out)) {
  }
  out.record.seal();
}

std::vector<std::string> FleetSimulator::devices() const {
  std::vector<std::string> names;
  names.reserve(fleet_->devices.size());
  for (const Device& device : fleet_->devices) names.push_back(device.name);
  return names;
}

std::string FleetSimulator::episode() const {
  std::string text;
  for (const Episode& episode : episodes()) {
    if (!text.empty()) text += ", ";
    text += episode.device + ": " + episode.kind;
  }
  return text;
}

std::vector<Episode> FleetSimulator::episodes() const {
  std::vector<Episode> found;
  for (const Place& place : fleet_->places) {
    if (!fleet_->running(place)) continue;
    found.push_back({fleet_->devices[place.device].name, std::string{name_of(place.kind)},
                     place.begins, place.ends});
  }
  return found;
}

Status FleetSimulator::start_episode(std::string_view device, std::string_view kind,
                                     Duration length) {
  constexpr Duration year = std::chrono::hours{366 * 24};
  const std::optional<Kind> known = kind_from(kind);
  if (!known) return unknown_kind(kind);
  if (length.count() <= 0 || length > year) {
    return Error{Errc::out_of_range, "an episode lasts above 0 and at most 366 days"};
  }
  auto& devices = fleet_->devices;
  const auto found = std::find_if(devices.begin(), devices.end(),
                                  [&](const Device& one) { return one.name == device; });
  if (found == devices.end()) {
    return Error{Errc::not_found, fmt::format("no device is called \"{}\"", device)};
  }
  if (found->episode != no_episode && fleet_->running(fleet_->places[found->episode])) {
    return Error{Errc::busy, fmt::format("{} is already in an episode", device)};
  }
  if (!fleet_->begin(static_cast<std::uint32_t>(found - devices.begin()), *known, length)) {
    return Error{Errc::busy, fmt::format("{} episodes are running already", episodes_max)};
  }
  return {};
}

std::size_t FleetSimulator::stop_episodes(std::string_view device) {
  std::size_t stopped = 0;
  for (Place& place : fleet_->places) {
    if (!fleet_->running(place)) continue;
    if (!device.empty() && fleet_->devices[place.device].name != device) continue;
    place.ends = fleet_->now;  // its next event clears the place
    ++stopped;
  }
  return stopped;
}

}  // namespace vedette
