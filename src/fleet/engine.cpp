/// The engine: what happens next, over all devices.
#include "fleet/state.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/expects.hpp"

namespace vedette::simulator {

namespace {

std::uint64_t mixed(std::uint64_t z) {  // splitmix64's finaliser: one to one
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

}  // namespace

Duration micros_of(double seconds) {
  // At least 1 µs, so that time moves on; at most a year, so that it cannot overflow.
  constexpr double longest = 366.0 * 86'400e6;
  return Duration{static_cast<std::int64_t>(std::clamp(seconds * 1e6, 1.0, longest))};
}

double seconds_of(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}
Fleet::Fleet(FleetPlan given)
    : options(std::move(given)),
      random(options.seed),
      chance(mixed(options.seed)),
      now(options.start) {
  around.devices = static_cast<std::uint32_t>(options.devices);
  devices.reserve(options.devices);
  for (std::size_t i = 0; i < options.devices; ++i) {
    devices.push_back(make_device(i));
    schedule_device(static_cast<std::uint32_t>(i));
  }
  queue.push({.time = now + micros_of(7200 * irregular(random)), .task = Task::outage});
  schedule_episodes();
}

Device Fleet::make_device(std::size_t number) {
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

void Fleet::schedule_device(std::uint32_t number) {
  const auto tasks = devices[number].profile->tasks;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const double first = random.uniform() * tasks[i].period_s / options.pace;
    queue.push({.time = now + micros_of(first),
                .device = number,
                .slot = static_cast<std::uint8_t>(i),
                .task = tasks[i].task});
  }
}

Duration Fleet::gap(const TaskSpec& spec) {
  double seconds = spec.period_s / options.pace;
  switch (spec.rhythm) {
    case RhythmKind::steady:
      seconds *= random.uniform(0.95, 1.05);
      break;
    case RhythmKind::irregular:
      seconds *= irregular(random);
      break;
    case RhythmKind::daytime:
      seconds *= irregular(random) / (1 + 0.6 * daily(now));
      break;
  }
  return micros_of(seconds);
}

void Fleet::write_uid(std::string& out) {
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

bool Fleet::run(Simulated& out) {
  const Event event = queue.top();
  now = event.time;
  return event.device == whole_fleet ? run_fleet(event, out) : run_device(event, out);
}

Event Fleet::following(Event event, const TaskSpec& spec) {
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

bool Fleet::run_device(const Event& event, Simulated& out) {
  Device& device = devices[event.device];
  const TaskSpec& spec = device.profile->tasks[event.slot];
  queue.replace_top(following(event, spec));
  if (spec.task == Task::toggle) {
    device.active = !device.active;
    return false;
  }
  const bool is_reading = spec.task == Task::reading;
  if (silent(event.device, is_reading)) return false;
  if (is_reading) {
    start_record(out, device, RecordKind::reading, benign_label);
    const double days = static_cast<double>((now - options.start).count()) / 86'400e6;
    std::array<double, channels_max> measured{};
    const std::span values{measured.data(), device.profile->channels.size()};
    measure(values, random, device, now, days);
    falsify_reading(out, event.device, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      out.record.reading.add(device.profile->channels[i].name, values[i]);
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

bool Fleet::run_fleet(const Event& event, Simulated& out) {
  if (event.task != Task::outage) return run_episodes(event, out);
  run_outage(event);
  return false;
}

void Fleet::run_outage(Event event) {
  const bool up = around.vendor_down == vendors;
  around.vendor_down = up ? static_cast<std::uint8_t>(random.below(vendors)) : vendors;
  event.time += micros_of((up ? 180 : 7200) * irregular(random));
  queue.replace_top(event);
}

}  // namespace vedette::simulator
