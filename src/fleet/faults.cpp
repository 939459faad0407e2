/// Faults of sensors. They touch the first channel of a profile, a stuck
/// sensor repeats all of them.
#include <algorithm>

#include "fleet/parts.hpp"

namespace vedette::simulator {

namespace {

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
  const double usual = std::max(channel.noise + 5 * channel.walk, channel.step);
  const double sign = random.chance(0.5) ? 1 : -1;
  const double low = place.kind == Kind::spike ? 8 : 4;
  const double high = place.kind == Kind::spike ? 30 : 12;
  place.size = sign * usual * random.uniform(low, high);
  place.holding = false;
}

bool fill_reading(Reading& reading, Random& random, Device& device, const Climate& climate,
                  Place* place, Time time) {
  const std::vector<Channel>& channels = device.profile->channels;
  std::array<double, channels_max> values{};
  measure(values, random, device, climate, time);
  const double measured = values[0];
  for (std::size_t i = 0; i < channels.size(); ++i) values[i] = quantised(channels[i], values[i]);
  bool faulty = false;
  if (place != nullptr) {
    const double wrong = quantised(channels[0], measured + fault_offset(*place, random, time));
    faulty = wrong != values[0];
    values[0] = wrong;
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
