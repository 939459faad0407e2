/// Readings, and the faults that falsify them. Faults touch the first channel of a profile, a stuck
/// sensor repeats all of them.
#include <algorithm>
#include <cmath>

#include "fleet/parts.hpp"

namespace vedette::simulator {

namespace {

double quantised(const Channel& channel, double value) {
  const double kept = std::clamp(value, channel.low, channel.high);
  const double rounded = std::floor(kept * channel.per_unit + 0.5) / channel.per_unit;
  return rounded + 0.0;  // never -0, which is written differently
}

double healthy(const Channel& channel, std::size_t at, Random& random, Device& device,
               double of_day, double days) {
  float& walk = device.walk[at];
  walk = static_cast<float>(0.98 * static_cast<double>(walk) + channel.walk * noise(random));
  double value = channel.base + static_cast<double>(device.individual[at]) +
                 channel.daily * of_day + static_cast<double>(walk) +
                 (device.active ? channel.load : 0) + channel.noise * noise(random);
  if (channel.fall_per_day > 0) {
    // Starts somewhere below full, is renewed when empty.
    const double span = channel.high - channel.low;
    const double gone =
        channel.fall_per_day * days + std::abs(static_cast<double>(device.individual[at]));
    value = channel.high - std::fmod(gone, span) + channel.noise * noise(random);
  }
  return value;
}

/// What a fault adds to a healthy value.
double fault_offset(const Place& place, Random& random, Time time) {
  switch (place.kind) {
    case Kind::spike:
      return random.chance(0.4) ? place.size * random.uniform(0.7, 1.3) : 0;
    case Kind::level_shift:
      return place.size;
    case Kind::drift: {
      const double whole = static_cast<double>(micros(place.ends) - micros(place.begins));
      const double gone = static_cast<double>(micros(time) - micros(place.begins));
      return place.size * gone / std::max(whole, 1.0);
    }
    default:
      return 0;
  }
}

}  // namespace

void plan_fault(Place& place, Random& random, const Device& device) {
  const Channel& channel = device.profile->channels.front();
  // What the channel wanders by itself: noise, and a walk of 0.98 whose deviation is 5 steps.
  const double usual = std::max(channel.noise + 5 * channel.walk, 1 / channel.per_unit);
  const double sign = random.chance(0.5) ? 1 : -1;
  const double low = place.kind == Kind::spike ? 8 : 4;
  const double high = place.kind == Kind::spike ? 30 : 12;
  place.size = sign * usual * random.uniform(low, high);
  place.holding = false;
}

bool fill_reading(Reading& reading, Random& random, Device& device, Place* place, Time time,
                  double days) {
  const std::span<const Channel> channels = device.profile->channels;
  const double of_day = daily(time);
  std::array<double, channels_max> values{};
  bool faulty = false;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const double value = healthy(channels[i], i, random, device, of_day, days);
    values[i] = quantised(channels[i], value);
    if (i > 0 || place == nullptr) continue;
    const double wrong = quantised(channels[i], value + fault_offset(*place, random, time));
    faulty = wrong != values[i];
    values[i] = wrong;
  }
  if (place != nullptr && place->kind == Kind::stuck) {
    faulty = place->holding;
    if (faulty) values = place->held;
    place->held = values;
    place->holding = true;
  }
  for (std::size_t i = 0; i < channels.size(); ++i) reading.add(channels[i].name, values[i]);
  return faulty;
}

}  // namespace vedette::simulator
