/// Profiles made ready to be run: names resolved, rounding worked out.
#include <array>

#include "fleet/parts.hpp"

namespace vedette::simulator {

namespace {

/// step = numerator / denominator with whole numbers: 0.25 is 25 / 100. A step of more than nine
/// decimals is cut there.
void resolve_step(Channel& channel) {
  constexpr int decimals_max = 9;
  channel.denominator = 1;
  channel.numerator = channel.step;
  for (int i = 0; i < decimals_max && channel.numerator != rounded(channel.numerator); ++i) {
    channel.denominator *= 10;
    // From the step each time: 0.1 * 10 * 10 gathers errors that 0.1 * 100 has not.
    channel.numerator = channel.step * channel.denominator;
    const double whole = rounded(channel.numerator);
    const double off =
        channel.numerator > whole ? channel.numerator - whole : whole - channel.numerator;
    if (off < 1e-9 * whole) channel.numerator = whole;
  }
  channel.numerator = std::max(rounded(channel.numerator), 1.0);
}

/// The first and the last multiple of the step in [low, high]. Nearly one counts as one: 1.1 is
/// 11.000000000000002 tenths.
void resolve_bounds(Channel& channel) {
  constexpr double nearly = 1e-6;
  const double per_unit = channel.denominator / channel.numerator;
  channel.least = rounded_up(channel.low * per_unit - nearly);
  channel.most = std::max(rounded_down(channel.high * per_unit + nearly), channel.least);
}

Channel channel_of(const Sensor& sensor, const std::vector<Channel>& earlier) {
  Channel channel;
  static_cast<Sensor&>(channel) = sensor;
  resolve_step(channel);
  resolve_bounds(channel);
  for (std::size_t i = 0; i < earlier.size(); ++i) {
    if (earlier[i].name != sensor.follows) continue;
    channel.source = static_cast<std::ptrdiff_t>(i);
    channel.source_base = earlier[i].base;
  }
  return channel;
}

}  // namespace

Sort sort_of(const Profile& profile) {
  Sort sort;
  sort.name = profile.name;
  sort.missing = profile.missing;
  for (const Sensor& sensor : profile.sensors) {
    sort.channels.push_back(channel_of(sensor, sort.channels));
  }
  if (!profile.sensors.empty()) {
    sort.tasks.push_back({Task::reading, RhythmKind::steady, seconds_of(profile.reading_every)});
    const RhythmKind active = *rhythm_from(profile.active_rhythm);
    sort.tasks.push_back({Task::toggle, active, seconds_of(profile.active_for)});
  }
  if (profile.learned) {
    sort.learned = profile.learned;
    const double gap_s = std::max(seconds_of(profile.learned->summary().mean_gap), 1e-6);
    sort.tasks.push_back({Task::learned, RhythmKind::irregular, gap_s});
  }
  for (const Habit& habit : profile.habits) {
    sort.tasks.push_back(
        {*task_from(habit.task), *rhythm_from(habit.rhythm), seconds_of(habit.every)});
  }
  return sort;
}

}  // namespace vedette::simulator
