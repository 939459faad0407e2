#include "feature/series_state.hpp"

#include <algorithm>
#include <cmath>

namespace vedette {

namespace {

constexpr double alarm = 6;         // the default threshold of the series model
constexpr double far_outside = 12;  // strange enough to keep out of the window
constexpr double normal_of_mad = 1.4826;
constexpr double normal_of_q90 = 1 / 1.645;
constexpr double relative_floor = 1e-3;
constexpr double peak_share = 3.5;  // the largest usual deviation counts as this many units
constexpr double peak_decay = 1 - 1.0 / 3000;
constexpr double youth = 60;  // readings after which little history stops widening scales
constexpr double level_growth = 1.2;
constexpr double step_growth = 1.6;
constexpr double calm = 2;  // steps below this many units are
constexpr float changes_min = 100;
constexpr float run_floor = 30;
constexpr float run_factor = 5;
constexpr float run_decay = 0.998F;  // per change of value
constexpr float gap_factor = 10;
constexpr float usual_share = usual_deviations / static_cast<float>(alarm);
constexpr std::uint64_t switch_youth =
    500;  // readings without a change that make the first strange

/// Anomalies beyond this are all the same; keeps every column finite.
float bounded(double deviation) {
  return static_cast<float>(std::min(deviation, 1e6));
}

/// Wild series reach beyond what a float holds.
float told(double value) {
  constexpr double most = 1e38;
  return static_cast<float>(std::clamp(value, -most, most));
}

/// A decaying maximum. What enters is clipped so that one wild value widens the unit by the factor
/// `growth` at most, and only a habit makes it usual.
double remember_peak(double peak, double seen, double unit, double growth) {
  const double clipped = std::min(seen, growth * peak_share * unit);
  return std::max(peak * peak_decay, clipped);
}

}  // namespace

/// No deviation is measured finer than the data's own steps and 0.1 % of the level.
double SeriesState::floor_of(double median) const {
  const double least = std::max(std::abs(median), 1e-6) * relative_floor;
  return std::max(least, static_cast<double>(resolution_));
}

SeriesState::Scales SeriesState::scales(double median) const {
  const double step =
      std::max(static_cast<double>(steps_.quantile(0.9)) * normal_of_q90, floor_of(median));
  // A random walk of such steps strays by √32 of them from the median, half a window ago.
  const double stray = step * 0.5 * std::sqrt(static_cast<double>(levels_.size()) / 2);
  const double young = 1 + youth / static_cast<double>(readings_);
  const double spread = normal_of_mad * levels_.median_distance(median);
  return {std::max({spread, stray, level_peak_ / peak_share}) * young,
          std::max(step, step_peak_ / peak_share) * young};
}

float SeriesState::judge_stuck(double value, Seen& seen) {
  if (readings_ > 0 && value == last_) {
    ++run_;
  } else {
    if (run_ > 0) run_peak_ = std::max(run_peak_ * run_decay, static_cast<float>(run_));
    run_ = 1;
    changes_ = std::min(changes_ + 1, 1'000'000U);
  }
  const float usual = std::max(run_floor, run_factor * run_peak_);
  seen = {static_cast<float>(run_), 1, usual * usual_share};
  // Nothing (no light, no rain, no current) is a state of rest, not a stuck sensor.
  if (value == 0 || static_cast<float>(changes_) < changes_min) return 0;
  return static_cast<float>(alarm) * static_cast<float>(run_) / usual;
}

float SeriesState::judge_gap(Time time, Seen& seen) {
  const auto interval = static_cast<float>(to_seconds(time) - to_seconds(last_time_));
  if (readings_ == 0 && intervals_.size() == 0 && last_time_ == Time{}) {
    last_time_ = time;
    return 0;
  }
  if (interval <= 0) {  // out of order or the same instant: says nothing about silence
    behind_ = interval < 0 ? behind_ + 1 : behind_;
    if (behind_ < behind_max) return 0;
    // The clock was set back, or was ahead once: the silence until then would never end.
    last_time_ = time;
    intervals_.clear();
    gap_peak_ = 0;
    behind_ = 0;
    return 0;
  }
  behind_ = 0;
  last_time_ = time;
  float deviation = 0;
  if (intervals_.size() == 16) {
    const float usual = std::max(gap_factor * intervals_.median(), 2 * gap_peak_);
    deviation = static_cast<float>(alarm) * interval / usual;
    seen = {interval, 0, usual * usual_share};
  }
  gap_peak_ = std::max(gap_peak_ * static_cast<float>(peak_decay),
                       deviation > static_cast<float>(alarm) ? gap_peak_ * 1.5F : interval);
  intervals_.push(interval);
  return deviation;
}

/// A door opens, a lamp is switched on: for such a series a change is no jump.
bool SeriesState::is_switch(double value) const {
  const auto on_or_off = [](double x) { return x == 0 || x == 1; };
  return on_or_off(value) && on_or_off(last_) && on_or_off(levels_[0]) &&
         on_or_off(levels_[levels_.size() - 1]) && on_or_off(levels_.median()) &&
         (changes_ > 2 || readings_ < switch_youth);
}

void SeriesState::learn_switch(double value) {
  levels_.push(value);
  steps_.push(static_cast<float>(std::abs(value - last_)));
  if (value != last_) resolution_ = 1;
  outside_ = calm_ = 0;
  last_ = accepted_ = value;
  ++readings_;
}

void SeriesState::start_anew(double value) {
  levels_.clear();
  steps_.clear();
  levels_.push(value);
  readings_ = 1;
  outside_ = calm_ = 0;
  last_ = accepted_ = value;
}

void SeriesState::learn(double value, double median, const Scales& scales,
                        const Deviations& deviations) {
  const double step = std::abs(value - last_);
  const bool far = deviations.level >= static_cast<float>(far_outside);
  outside_ = far ? outside_ + 1 : 0;
  calm_ = far && step < calm * scales.step ? calm_ + 1 : 0;
  if (outside_ >= shift_readings || calm_ >= calm_readings) {
    // A shift lived through is known from now on: going back will not alarm.
    level_peak_ = std::max(level_peak_, std::abs(value - median));
    return start_anew(value);
  }
  if (step > 0) {
    resolution_ = resolution_ == 0 ? static_cast<float>(step)
                                   : std::min(resolution_ * 1.01F, static_cast<float>(step));
  }
  if (!far) {
    const double room = alarm * scales.level;
    levels_.push(std::clamp(value, median - room, median + room));
    level_peak_ = remember_peak(level_peak_, std::abs(value - median), scales.level, level_growth);
  }
  const double usual_step = std::min({step, std::abs(value - accepted_), alarm * scales.step});
  steps_.push(static_cast<float>(usual_step));
  step_peak_ = remember_peak(step_peak_, std::min(step, std::abs(value - accepted_)), scales.step,
                             step_growth);
  if (!far && deviations.step < static_cast<float>(alarm)) accepted_ = value;
  last_ = value;
  ++readings_;
}

Deviations SeriesState::judge(double value, Time time) {
  // Within this bound every difference fits a float; no sensor measures beyond it.
  constexpr double value_max = 1e37;
  value = std::clamp(value, -value_max, value_max);
  Deviations deviations;
  auto& [level_seen, step_seen, stuck_seen, gap_seen] = deviations.seen;
  deviations.stuck = judge_stuck(value, stuck_seen);
  deviations.gap = judge_gap(time, gap_seen);
  if (readings_ == 0) {
    start_anew(value);
    return {};
  }
  const double median = levels_.median();
  Scales now;
  if (readings_ >= 2) now = scales(median);
  if (readings_ < warm_up_readings) {
    const double step = std::abs(value - last_);
    levels_.push(value);
    steps_.push(static_cast<float>(step));
    if (step > 0 && (resolution_ == 0 || step < static_cast<double>(resolution_))) {
      resolution_ = static_cast<float>(step);
    }
    last_ = accepted_ = value;
    ++readings_;
    return {};
  }
  deviations.learning = false;
  if (is_switch(value)) {
    learn_switch(value);
    level_seen = {static_cast<float>(value), 0, 1};
    step_seen = {0, 0, 1};
    return deviations;
  }
  const double step = std::min(std::abs(value - last_), std::abs(value - accepted_));
  deviations.level = bounded(std::abs(value - median) / now.level);
  deviations.step = bounded(step / now.step);
  const double room = static_cast<double>(usual_deviations);
  level_seen = {told(value), told(median - room * now.level), told(median + room * now.level)};
  step_seen = {told(step), 0, told(room * now.step)};
  learn(value, median, now, deviations);
  return deviations;
}

/// Every plain field, for save() and load() alike.
template <class State, class Field>
void SeriesState::walk(State& state, Field field) {
  field(state.readings_);
  for (auto* number : {&state.last_, &state.accepted_, &state.level_peak_, &state.step_peak_}) {
    field(*number);
  }
  for (auto* number : {&state.gap_peak_, &state.run_peak_, &state.resolution_}) field(*number);
  for (auto* count : {&state.run_, &state.changes_, &state.outside_, &state.calm_, &state.behind_})
    field(*count);
}

void SeriesState::save(ByteWriter& out) const {
  levels_.save(out);
  steps_.save(out);
  intervals_.save(out);
  out.put(micros(last_time_));
  walk(*this, [&](const auto& value) { out.put(value); });
}

bool SeriesState::load(ByteReader& in) {
  if (!levels_.load(in) || !steps_.load(in) || !intervals_.load(in)) return false;
  last_time_ = time_from_micros(in.get<std::int64_t>());
  bool sound = true;
  walk(*this, [&](auto& value) {
    value = in.get<std::decay_t<decltype(value)>>();
    if constexpr (std::is_floating_point_v<std::decay_t<decltype(value)>>) {
      sound = sound && std::abs(value) <= 1e38F;
    }
  });
  // Judging asks for quantiles as soon as there were readings.
  const bool filled =
      readings_ == 0 || (levels_.size() > 0 && (readings_ < 2 || steps_.size() > 0));
  return in.ok() && sound && filled;
}

}  // namespace vedette
