/// Rhythms: shares of the hours of a week, and gaps stretched by them.
#include "fleet/rhythm.hpp"

#include <array>

#include "fleet/chance.hpp"
#include "fleet/plan.hpp"

namespace vedette::simulator {

namespace {

constexpr std::size_t hours = 168;
using Day = std::array<double, 24>;
using Week = std::array<double, hours>;

/// Scaled to a mean of 1, so that `every` stays the mean whatever the rhythm.
constexpr Week week_of(const Day& workday, const Day& weekend) {
  Week week{};
  double sum = 0;
  for (std::size_t i = 0; i < hours; ++i) {
    week[i] = is_weekend(i) ? weekend[i % 24] : workday[i % 24];
    sum += week[i];
  }
  for (double& share : week) share *= static_cast<double>(hours) / sum;
  return week;
}

constexpr Day flat{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
constexpr Day nobody{.05, .05, .05, .05, .05, .05, .05, .05, .05, .05, .05, .05,
                     .05, .05, .05, .05, .05, .05, .05, .05, .05, .05, .05, .05};

constexpr std::array<Week, rhythm_count> weeks{
    week_of(flat, flat),
    week_of(flat, flat),
    // Breakfast and after work on workdays, late mornings on weekends.
    week_of({.4,  .4,  .4,  .4,  .4,  .5,  .9,  1.3, 1.2, 1, 1,  1.1,
             1.2, 1.2, 1.2, 1.3, 1.5, 1.6, 1.6, 1.5, 1.3, 1, .7, .5},
            {.6,  .5,  .4,  .4,  .4,  .4,  .5,  .7,  1,   1.4, 1.5, 1.6,
             1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6, 1.5, 1.4, 1.2, 1,   .8}),
    week_of({.3, .1, .1, .1, .1, .1,  .3,  .5, .3, .2,  .2, .3,
             .4, .3, .3, .5, 1,  2.5, 3.5, 4,  4,  3.5, 2,  .8},
            {.8,  .4,  .1,  .1,  .1,  .1,  .1,  .2, .5, .8, 1, 1.2,
             1.5, 1.5, 1.5, 1.5, 1.8, 2.5, 3.5, 4,  4,  4,  3, 1.6}),
    week_of({.05, .05, .05, .05, .05, .1,  .3, 1.2, 2,  2,   2,   1.8,
             1.2, 1.8, 2,   2,   1.8, 1.2, .6, .2,  .1, .05, .05, .05},
            nobody),
    week_of({.1,  6,   6,   6,   6,   .1,  .01, .01, .01, .01, .01, .01,
             .01, .01, .01, .01, .01, .01, .01, .01, .01, .01, .01, .05},
            {.1,  6,   6,   6,   6,   .1,  .01, .01, .01, .01, .01, .01,
             .01, .01, .01, .01, .01, .01, .01, .01, .01, .01, .01, .05}),
};

constexpr std::array<Named, rhythm_count> names{{
    {"steady", "gaps within 5 % of their mean, day and night"},
    {"irregular", "gaps of 0 to 3 times their mean, day and night"},
    {"daytime", "irregular; four times as often by day as by night, later on weekends"},
    {"evening", "irregular; mostly between 17 and 23, on weekends from noon"},
    {"office", "irregular; Monday to Friday between 7 and 19, hardly ever else"},
    {"night", "gaps within 25 % of their mean; between 1 and 5"},
}};

constexpr std::int64_t hour_micros = 3'600'000'000;

/// Micros since a Monday 00:00, within the week. 1970-01-01 was a Thursday.
std::int64_t of_week(Time time) {
  constexpr std::int64_t week = hour_micros * static_cast<std::int64_t>(hours);
  const std::int64_t since_monday = (micros(time) + 72 * hour_micros) % week;
  return since_monday < 0 ? since_monday + week : since_monday;
}

/// Lets `seconds` pass that run as fast as the hour's share says.
Duration stretched(const Week& shares, Time now, double seconds) {
  constexpr double week_s = 604'800;
  const double whole_weeks = rounded_down(seconds / week_s);
  double gone = whole_weeks * week_s;
  seconds -= gone;
  const std::int64_t at = of_week(now);
  auto hour = static_cast<std::size_t>(at / hour_micros);
  double left = static_cast<double>(hour_micros - at % hour_micros) / 1e6;
  // The shares of a week add up to a week: this ends within one more turn.
  while (seconds > left * shares[hour]) {
    seconds -= left * shares[hour];
    gone += left;
    left = 3600;
    hour = hour + 1 < hours ? hour + 1 : 0;
  }
  return micros_of(gone + seconds / shares[hour]);
}

}  // namespace

std::optional<RhythmKind> rhythm_from(std::string_view name) {
  for (std::size_t i = 0; i < rhythm_count; ++i) {
    if (names[i].name == name) return static_cast<RhythmKind>(i);
  }
  return {};
}

std::size_t hour_of_week(Time time) {
  return static_cast<std::size_t>(of_week(time) / hour_micros);
}

Duration rhythm_gap(RhythmKind kind, Random& random, Time now, double mean_s) {
  switch (kind) {
    case RhythmKind::steady:
      return micros_of(mean_s * random.uniform(0.95, 1.05));
    case RhythmKind::irregular:
      return micros_of(mean_s * irregular(random));
    case RhythmKind::night:
      mean_s *= random.uniform(0.75, 1.25);
      break;
    default:
      mean_s *= irregular(random);
      break;
  }
  // Beyond a year nothing is scheduled anyway, and the weeks must fit their integer.
  if (mean_s > 366 * 86'400.0) return micros_of(mean_s);
  return stretched(weeks[static_cast<std::size_t>(kind)], now, mean_s);
}

}  // namespace vedette::simulator

namespace vedette {

std::span<const Named> rhythms() {
  return simulator::names;
}

}  // namespace vedette
