/// Healthy sensors: the world they are in, and what they show of it (the formula is at Sensor in
/// plan.hpp).
#include <algorithm>
#include <array>
#include <cmath>

#include "fleet/episode.hpp"

namespace vedette::simulator {

namespace {

constexpr double hour_us = 3600e6;
constexpr double day_us = 24 * hour_us;

/// Value noise: chance at the multiples of `cell`, joined smoothly. A function of time alone, so
/// that it does not matter who asks when.
double drifting(std::uint64_t seed, Time time, Duration cell) {
  const std::int64_t at = micros(time);
  std::int64_t number = at / cell.count();
  if (at % cell.count() < 0) --number;
  const double x =
      static_cast<double>(at - number * cell.count()) / static_cast<double>(cell.count());
  const auto knot = [&](std::int64_t k) {
    Random random{mixed(seed + static_cast<std::uint64_t>(k))};
    return noise(random);
  };
  const double left = knot(number);
  return left + (knot(number + 1) - left) * x * x * (3 - 2 * x);
}

/// Degrees above 10: coldest in mid-January and before sunrise, warmest in mid-July and in the
/// afternoon, and a weather that changes within half a day and within some days.
double outside_at(std::uint64_t seed, Time time, double of_day) {
  constexpr double year_us = 365.2425 * day_us;
  constexpr double mid_july = 196.0 / 365.2425;
  const double of_year = static_cast<double>(micros(time)) / year_us;
  return 9 * wave(of_year - mid_july + 0.25) + 4.5 * of_day +
         1.2 * drifting(seed + 1, time, std::chrono::hours{12}) +
         3 * drifting(seed + 2, time, std::chrono::hours{72});
}

/// How full a home is: at the full hours, straight between them.
double people_at(Time time) {
  constexpr std::array<double, 24> workday{1,  1,  1,   1,  1,  1,  1,  .8, .45, .3, .25, .25,
                                           .3, .3, .25, .3, .4, .6, .8, .9, 1,   1,  1,   1};
  constexpr std::array<double, 24> weekend{1,   1,  1,  1,  1,   1,  1,  1,   1,  .95, .8, .7,
                                           .75, .7, .6, .6, .65, .7, .8, .85, .9, .95, 1,  1};
  const std::size_t hour = hour_of_week(time);
  const std::size_t next = hour + 1 < 168 ? hour + 1 : 0;
  const auto full = [&](std::size_t at) {
    return is_weekend(at) ? weekend[at % 24] : workday[at % 24];
  };
  const auto hour_count = static_cast<std::int64_t>(hour_us);
  const std::int64_t into = ((micros(time) % hour_count) + hour_count) % hour_count;
  const double part = static_cast<double>(into) / hour_us;
  return full(hour) + (full(next) - full(hour)) * part;
}

/// Starts somewhere below full, is renewed when empty.
double battery(const Channel& channel, double individual, double days) {
  const double span = channel.high - channel.low;
  const double gone = channel.fall_per_day * days + std::abs(individual);
  return channel.high - (gone - rounded_down(gone / span) * span);
}

}  // namespace

double daily(Time time) {
  constexpr std::int64_t day = 86'400'000'000;
  const std::int64_t of_day = ((micros(time) % day) + day) % day;
  return wave(static_cast<double>(of_day) / static_cast<double>(day) - 11.0 / 24.0);
}

Climate World::at(Time time) const {
  Climate climate;
  climate.of_day = daily(time);
  climate.outside = outside_at(seed_, time, climate.of_day);
  climate.people = people_at(time);
  climate.weekend = is_weekend(hour_of_week(time));
  climate.days = static_cast<double>((time - start_).count()) / day_us;
  return climate;
}

double quantised(const Channel& channel, double value) {
  // Clamped first: what follows needs a number that fits 64 bits.
  const double kept = std::clamp(value, channel.low, channel.high);
  const double units = rounded(kept * channel.denominator / channel.numerator);
  return std::clamp(units, channel.least, channel.most) * channel.numerator / channel.denominator +
         0.0;  // never -0, which is written differently
}

void measure(std::array<double, channels_max>& values, Random& random, Device& device,
             const Climate& climate, Time time) {
  const double passed = seconds_of(time - device.measured);
  device.measured = time;
  const std::vector<Channel>& channels = device.profile->channels;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const Channel& channel = channels[i];
    const auto individual = static_cast<double>(device.individual[i]);
    if (channel.fall_per_day > 0) {
      values[i] = battery(channel, individual, climate.days) + channel.noise * noise(random);
      continue;
    }
    float& walk = device.walk[i];
    walk = static_cast<float>(0.98 * static_cast<double>(walk) + channel.walk * noise(random));
    // First order: after one time constant about half of the way, after many all of it.
    float& warmth = device.warmth[i];
    const double target = device.active ? 1 : 0;
    const double tau = seconds_of(channel.warm_up);
    const double reached = tau > 0 ? passed / (tau + passed) : 1;
    warmth += static_cast<float>((target - static_cast<double>(warmth)) * reached);
    double value = channel.base + individual + channel.daily * climate.of_day +
                   channel.outdoor * climate.outside + channel.occupancy * climate.people +
                   channel.load * static_cast<double>(warmth) + static_cast<double>(walk) +
                   channel.noise * noise(random);
    if (climate.weekend) value += channel.weekly;
    if (channel.source >= 0) {
      value +=
          channel.follow * (values[static_cast<std::size_t>(channel.source)] - channel.source_base);
    }
    values[i] = std::clamp(value, channel.low, channel.high);
  }
}

std::size_t gauges_of(const Device& device, std::span<Gauge> gauges) {
  std::size_t used = 0;
  for (const Channel& channel : device.profile->channels) {
    // Noise, and a walk of 0.98 whose deviation is 5 steps.
    const double usual = std::max(channel.noise + 5 * channel.walk, channel.step);
    gauges[used++] = {channel.name, usual, channel.step, channel.low, channel.high};
  }
  return used;
}

}  // namespace vedette::simulator
