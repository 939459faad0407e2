/// At which hours things happen. Event time is UTC and taken for local time. For fleet/*.cpp only.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace vedette::simulator {

enum class RhythmKind : std::uint8_t {
  steady,     ///< gaps within 5 % of their mean, day and night
  irregular,  ///< gaps of 0 to 3 times their mean
  daytime,    ///< irregular, four times as often in the afternoon as at night
  evening,    ///< irregular, mostly between 17 and 23; on weekends from noon
  office,     ///< irregular, Monday to Friday between 7 and 19
  night,      ///< gaps within 25 % of their mean, between 1 and 5
};
constexpr std::size_t rhythm_count = 6;
std::optional<RhythmKind> rhythm_from(std::string_view name);

/// The time from `now` to the next of events that come every `mean_s` seconds over a whole week.
Duration rhythm_gap(RhythmKind kind, Random& random, Time now, double mean_s);

/// Hours since Monday 00:00, 0 to 167.
std::size_t hour_of_week(Time time);
constexpr bool is_weekend(std::size_t hour_of_the_week) {
  return hour_of_the_week >= std::size_t{5} * 24;
}

}  // namespace vedette::simulator
