/// The engine: what happens next, over all devices.
#include "fleet/state.hpp"

#include <fmt/format.h>

#include <map>

#include "fleet/plan_check.hpp"

namespace vedette::simulator {

namespace {

constexpr double outage_every_s = 7200;
constexpr double outage_s = 180;
constexpr double lookups_lost_every_s = 6 * 3600;
constexpr double lookups_lost_s = 50;

/// Digits of uids, two at a time.
constexpr unsigned pairs = 62 * 62;
constexpr auto uid_pairs = [] {
  constexpr std::string_view digits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::array<std::array<char, 2>, pairs> all{};
  for (unsigned i = 0; i < pairs; ++i) all[i] = {digits[i / 62], digits[i % 62]};
  return all;
}();

/// Writes six digits. 62^6 > 2^32, so that different bits give different digits.
void write_digits(char* to, std::uint32_t bits) {
  for (int i = 0; i < 3; ++i, bits /= pairs) {
    const std::array<char, 2>& pair = uid_pairs[bits % pairs];
    to[2 * i] = pair[0];
    to[2 * i + 1] = pair[1];
  }
}
}  // namespace

Fleet::Fleet(FleetPlan given)
    : options(std::move(given)),
      random(options.seed),
      reading_random(mixed(options.seed ^ 0x5ea50f5ea50fULL)),
      world(mixed(options.seed), options.start),
      episode_random(mixed(options.seed ^ 0xe9150de5ULL)),
      now(options.start) {
  make_devices();
  schedule_fleet();
  schedule_episodes();
}

void Fleet::make_devices() {
  options.groups = groups_of(options);
  std::map<std::string_view, std::size_t> sort_at;
  std::map<std::string_view, std::uint64_t> counts;
  std::size_t all = 0;
  for (const Group& group : options.groups) {
    if (sort_at.emplace(group.profile, sorts.size()).second) {
      sorts.push_back(sort_of(*find_profile(options, group.profile)));
    }
    counts[name_of(group)] += group.count;
    all += group.count;
  }
  around.devices = static_cast<std::uint32_t>(all);
  devices.reserve(all);
  std::size_t events = 16 + FleetSimulator::episodes_max + options.episodes.size();
  for (const Group& group : options.groups) {
    events += group.count * sorts[sort_at[group.profile]].tasks.size();
  }
  queue.reserve(events);
  std::map<std::string_view, std::uint64_t> named;
  for (const Group& group : options.groups) {
    const std::size_t digits =
        std::max<std::size_t>(2, std::to_string(counts[name_of(group)]).size());
    for (std::uint64_t i = 0; i < group.count; ++i) {
      make_device(fmt::format("{}-{:0{}}", name_of(group), ++named[name_of(group)], digits),
                  sorts[sort_at[group.profile]], options.pace * group.pace);
      schedule_device(static_cast<std::uint32_t>(devices.size() - 1));
    }
  }
}

void Fleet::make_device(std::string name, const Sort& sort, double pace) {
  Device device;
  device.name = std::move(name);
  device.profile = &sort;
  device.pace = pace;
  // 250 devices a network of 256: the addresses above are for the router and its neighbours.
  const auto host = static_cast<std::uint32_t>(devices.size());
  device.address = ipv4(10, host / 62'500, host / 250 % 250, host % 250 + 1);
  device.next_port = static_cast<std::uint16_t>(32'768 + random.below(28'000));
  device.vendor = static_cast<std::uint8_t>(random.below(vendors));
  device.measured = now;
  device.active = reading_random.chance(0.4);
  for (std::size_t i = 0; i < sort.channels.size(); ++i) {
    device.individual[i] = static_cast<float>(sort.channels[i].individual * noise(reading_random));
    device.warmth[i] = device.active ? 1 : 0;
  }
  devices.push_back(std::move(device));
}

void Fleet::schedule_device(std::uint32_t number) {
  const std::vector<TaskSpec>& tasks = devices[number].profile->tasks;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const bool of_sensors = tasks[i].task == Task::reading || tasks[i].task == Task::toggle;
    if (of_sensors && !options.readings) continue;
    // Somewhere in the middle of a gap: a full one shortened by chance.
    Random& chance = of_sensors ? reading_random : random;
    const double mean_s = tasks[i].period_s / devices[number].pace * chance.uniform();
    queue.push({.time = now + rhythm_gap(tasks[i].rhythm, chance, now, mean_s),
                .device = number,
                .slot = static_cast<std::uint8_t>(i),
                .task = tasks[i].task});
  }
}

void Fleet::schedule_fleet() {
  queue.push({.time = now + micros_of(outage_every_s * irregular(random)), .task = Task::outage});
  queue.push({.time = now + micros_of(lookups_lost_every_s * irregular(random)),
              .task = Task::lookups_lost});
}

void Fleet::write_uid(std::string& out) {
  // The first twelve digits hold all 64 bits of a one-to-one mix of the count: never twice the
  // same in one simulation.
  const std::uint64_t bits = mixed(++flows + mixed(options.seed));
  const std::uint64_t more = mixed(bits ^ options.seed);
  std::array<char, 19> text;
  text[0] = 'C';
  write_digits(&text[1], static_cast<std::uint32_t>(bits));
  write_digits(&text[7], static_cast<std::uint32_t>(bits >> 32U));
  write_digits(&text[13], static_cast<std::uint32_t>(more));
  out.assign(text.data(), 18);
}

void Fleet::start_record(Simulated& out, const Device& device, RecordKind kind,
                         std::string_view label) {
  out.record.kind = kind;
  out.record.device = device.name;
  out.record.time = now;
  out.truth.label.assign(label);
  if (kind != RecordKind::flow) return;
  write_uid(out.record.flow.uid);
  write_address(out.record.flow.orig_h, device.address);
}

void clear(Simulated& out) {
  out.record.clear();
  out.truth.label.clear();
  out.episode = 0;
  out.topic.clear();
  out.payload.clear();
}

bool Fleet::run(Simulated& out) {
  const Event event = queue.top();
  now = event.time;
  return event.device == whole_fleet ? run_fleet(event, out) : run_device(event, out);
}

void Fleet::schedule_next(Event event, const Device& device) {
  const Burst& burst = burst_of(event.task);
  const bool goes_on = burst.exact ? event.step + 1 < burst.mean
                                   : burst.mean > 1 && random.chance(1 - 1 / burst.mean);
  if (goes_on) {
    if (burst.exact) ++event.step;
    event.time += micros_of(draw(random, burst.gap_s));
    return queue.replace_top(event);
  }
  if (event.slot == once) return queue.pop();
  const TaskSpec& spec = device.profile->tasks[event.slot];
  const bool of_sensors = spec.task == Task::reading || spec.task == Task::toggle;
  Duration gap = rhythm_gap(spec.rhythm, of_sensors ? reading_random : random, now,
                            spec.period_s / device.pace);
  // A lookup that got no answer is tried again after the 5 s it took.
  if (around.resolver_down && spec.task == Task::dns) {
    gap = std::min(gap, micros_of(draw(random, {5.01, 5.3, 10})));
  }
  event.step = 0;
  event.time += gap;
  queue.replace_top(event);
}

/// The step before a boot: says nothing, and lets nothing be said for about a minute.
bool Fleet::boots(const Event& event, Device& device) {
  const int silent_step = event.task == Task::reboot ? 0 : event.task == Task::firmware ? 1 : -1;
  if (event.step != silent_step) return false;
  const Duration silence = micros_of(draw(random, {35, 60, 110}) / std::max(device.pace, 1.0));
  device.silent_until = now + silence;
  Event next = event;
  ++next.step;
  next.time = device.silent_until;
  queue.replace_top(next);
  return true;
}

bool Fleet::run_device(const Event& event, Simulated& out) {
  Device& device = devices[event.device];
  if (boots(event, device)) return false;
  if (event.task == Task::learned) return run_learned(event, device, out);
  schedule_next(event, device);
  Task task = event.task;
  if (task == Task::toggle) {
    device.active = !device.active;
    return false;
  }
  const bool is_reading = task == Task::reading;
  if (now < device.silent_until || silent(event.device, is_reading)) return false;
  if (is_reading) return run_reading(event.device, out);
  if (random.chance(device.profile->missing)) return false;
  if (task == Task::reconnect) {
    task = reconnect_task(event.step);
  } else if (task == Task::reboot) {
    task = boot_task(static_cast<std::uint16_t>(event.step - 1));
  } else if (task == Task::firmware && event.step > 1) {
    task = boot_task(static_cast<std::uint16_t>(event.step - 2));
  }
  start_record(out, device, RecordKind::flow, benign_label);
  everyday_flow(out.record.flow, random, device, task, around);
  return true;
}

bool Fleet::run_learned(Event event, Device& device, Simulated& out) {
  start_record(out, device, RecordKind::flow, benign_label);
  const LearnedProfile::Step step =
      device.profile->learned->next(out.record.flow, random, device.learned, now);
  event.time += micros_of(seconds_of(step.until_next) / device.pace);
  queue.replace_top(event);
  out.truth.label.assign(step.label);
  // A flow over IPv6 comes from an address of the same sort, in the range for documentation.
  if (step.ipv6) write_address_v6(out.record.flow.orig_h, device.address);
  if (now >= device.silent_until && !silent(event.device, false)) return true;
  clear(out);
  return false;
}

bool Fleet::run_reading(std::uint32_t number, Simulated& out) {
  Device& device = devices[number];
  if (reading_random.chance(device.profile->missing)) return false;
  start_record(out, device, RecordKind::reading, benign_label);
  std::array<double, channels_max> values{};
  const std::vector<Channel>& channels = device.profile->channels;
  const std::span shown{values.data(), channels.size()};
  sense(shown, reading_random, device);
  falsify_reading(out, number, shown);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    out.record.reading.add(channels[i].name, shown[i]);
  }
  return true;
}

void Fleet::sense(std::span<double> values, Random& chance_of_noise, Device& device) const {
  std::array<double, channels_max> measured{};
  measure(measured, chance_of_noise, device, world.at(now), now);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = quantised(device.profile->channels[i], measured[i]);
  }
}

bool Fleet::run_fleet(const Event& event, Simulated& out) {
  switch (event.task) {
    case Task::outage:
      run_outage(event);
      return false;
    case Task::lookups_lost:
      run_lookups_lost(event);
      return false;
    default:
      return run_episodes(event, out);
  }
}

void Fleet::run_outage(Event event) {
  const std::uint8_t down = around.vendor_down;
  const bool up = down == vendors;
  around.vendor_down = up ? static_cast<std::uint8_t>(random.below(vendors)) : vendors;
  event.time += micros_of((up ? outage_s : outage_every_s) * irregular(random));
  queue.replace_top(event);
  if (!up) reconnect(down);
}

void Fleet::reconnect(std::uint8_t vendor) {
  for (std::uint32_t i = 0; i < devices.size(); ++i) {
    if (devices[i].vendor != vendor) continue;
    queue.push({.time = now + micros_of(draw(random, {0.05, 4, 40})),
                .device = i,
                .slot = once,
                .task = Task::reconnect});
  }
}

void Fleet::run_lookups_lost(Event event) {
  around.resolver_down = !around.resolver_down;
  event.time +=
      micros_of((around.resolver_down ? lookups_lost_s : lookups_lost_every_s) * irregular(random));
  queue.replace_top(event);
}

}  // namespace vedette::simulator
