/// What healthy sensors measure.
#include <algorithm>
#include <cmath>

#include "fleet/episode.hpp"

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

}  // namespace

void measure(std::span<double> values, Random& random, Device& device, Time time, double days) {
  const std::span<const Channel> channels = device.profile->channels;
  const double of_day = daily(time);
  for (std::size_t i = 0; i < channels.size(); ++i) {
    values[i] = quantised(channels[i], healthy(channels[i], i, random, device, of_day, days));
  }
}

std::size_t gauges_of(const Device& device, std::span<Gauge> gauges) {
  std::size_t used = 0;
  for (const Channel& channel : device.profile->channels) {
    // Noise, and a walk of 0.98 whose deviation is 5 steps.
    const double usual = std::max(channel.noise + 5 * channel.walk, 1 / channel.per_unit);
    gauges[used++] = {channel.name, usual, 1 / channel.per_unit, channel.low, channel.high};
  }
  return used;
}

}  // namespace vedette::simulator
