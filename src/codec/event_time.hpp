/// Event times as devices write them (docs/formats/inputs.md, "Times").
#pragma once

#include <string_view>

#include "base/clock.hpp"
#include "codec/number.hpp"

namespace vedette {

/// Event times lie in [1970-01-01, 2200-01-01).
constexpr std::int64_t event_micros_end = 7'258'118'400'000'000;
/// From here on an epoch number counts milliseconds: as seconds it would be the year 5138, as
/// milliseconds it is 1973-03-03.
constexpr double epoch_millis_from = 1e11;

/// An epoch number, seconds or milliseconds, read digit by digit: "1545403816.962094" is exactly
/// that microsecond. Digits beyond the microsecond round half up.
/// @return wrong_type, out_of_range.
Fault time_from_epoch(std::string_view text, Time& time);
/// RFC 3339, "YYYY-MM-DD HH:MM:SS", and the shorter "YYYY-MM-DD HH:MM" and "YYYY-MM-DD".
/// @return malformed, out_of_range.
Fault time_from_date(std::string_view text, Time& time);
/// Either of them. @return wrong_type, malformed, out_of_range.
Fault time_from_text(std::string_view text, Time& time);

}  // namespace vedette
