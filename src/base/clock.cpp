#include "base/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/quick_text.hpp"

#include "base/text.hpp"

namespace vedette {

Time time_from_seconds(double seconds) {
  return Time{Duration{std::llround(seconds * 1e6)}};
}

double to_seconds(Time time) {
  return static_cast<double>(micros(time)) / 1e6;
}

void append_rfc3339(std::string& out, Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const int year = static_cast<int>(date.year());
  const auto of_day = static_cast<std::uint64_t>((time - day).count());
  const auto second = static_cast<std::uint32_t>(of_day / 1'000'000);
  std::array<char, 40> text;
  char* at = text.data();
  if (year >= 0 && year <= 9999) {
    at = write_padded<4>(at, static_cast<std::uint32_t>(year));
  } else {
    at = std::ranges::copy(fmt::format("{:04}", year), at).out;
  }
  *at++ = '-';
  at = write_padded<2>(at, static_cast<unsigned>(date.month()));
  *at++ = '-';
  at = write_padded<2>(at, static_cast<unsigned>(date.day()));
  *at++ = 'T';
  at = write_padded<2>(at, second / 3600);
  *at++ = ':';
  at = write_padded<2>(at, second / 60 % 60);
  *at++ = ':';
  at = write_padded<2>(at, second % 60);
  *at++ = '.';
  at = write_padded<6>(at, static_cast<std::uint32_t>(of_day % 1'000'000));
  *at++ = 'Z';
  out.append(text.data(), at);
}

std::string to_rfc3339(Time time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

namespace {

/// Reads fixed-width decimal fields off the front of a text.
class Digits {
 public:
  explicit Digits(std::string_view text) : rest_(text) {}
  bool number(std::size_t width, int& value) {
    if (rest_.size() < width) return false;
    value = 0;
    for (const char c : rest_.substr(0, width)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(width);
    return true;
  }
  bool one_of(std::string_view chars) {
    if (rest_.empty() || chars.find(rest_[0]) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  /// ".123456789" → microseconds; digits beyond the sixth are dropped.
  bool fraction(std::int64_t& micros_out) {
    micros_out = 0;
    if (!one_of(".,")) return true;
    std::int64_t scale = 100'000;
    bool any = false;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      micros_out += scale * (rest_[0] - '0');
      scale /= 10;
      any = true;
      rest_.remove_prefix(1);
    }
    return any;
  }

  /// "", "Z" or "+hh:mm" / "+hhmm" → minutes east of UTC.
  bool offset(int& minutes) {
    minutes = 0;
    if (done() || one_of("Zz")) return true;
    const int sign = rest_[0] == '-' ? -1 : 1;
    int hours = 0;
    int rest_minutes = 0;
    if (!one_of("+-") || !number(2, hours)) return false;
    one_of(":");
    if (!number(2, rest_minutes) || hours > 23 || rest_minutes > 59) return false;
    minutes = sign * (hours * 60 + rest_minutes);
    return true;
  }

 private:
  std::string_view rest_;
};

}  // namespace

Result<Time> parse_time(std::string_view text) {
  Digits digits{text};
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offset = 0;
  std::int64_t fraction = 0;
  const bool shaped = digits.number(4, year) && digits.one_of("-") && digits.number(2, month) &&
                      digits.one_of("-") && digits.number(2, day) && digits.one_of("Tt ") &&
                      digits.number(2, hour) && digits.one_of(":") && digits.number(2, minute) &&
                      digits.one_of(":") && digits.number(2, second) && digits.fraction(fraction) &&
                      digits.offset(offset) && digits.done();
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!shaped) {
    return Error{Errc::malformed,
                 fmt::format("\"{}\" is not a time (RFC 3339)", text.substr(0, 40))};
  }
  // A leap second (60) is read as the first second of the next minute.
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) {
    return Error{Errc::out_of_range, fmt::format("\"{}\" is not a date", text.substr(0, 40))};
  }
  return Time{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
         std::chrono::minutes{minute - offset} + std::chrono::seconds{second} + Duration{fraction};
}

namespace {

struct Unit {
  std::string_view name;
  std::int64_t micros;
};
/// "ms" stands before "s", so that it is found first.
constexpr std::array units{Unit{"ms", 1'000},
                           Unit{"us", 1},
                           Unit{"s", 1'000'000},
                           Unit{"m", 60'000'000},
                           Unit{"h", 3'600'000'000},
                           Unit{"d", 86'400'000'000},
                           Unit{"w", 7 * 86'400'000'000}};

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  std::int64_t micros = 1'000'000;
  std::string_view digits = text;
  for (const Unit& unit : units) {
    if (!digits.ends_with(unit.name)) continue;
    micros = unit.micros;
    digits.remove_suffix(unit.name.size());
    break;
  }
  const auto number = parse_double(digits);
  if (!number) {
    return Error{Errc::malformed, fmt::format("{} is no duration like 250ms, 90s, 10m, 6h, 2d or "
                                              "1w",
                                              quoted(text))};
  }
  constexpr double longest = 100 * 366 * 86'400e6;
  const double whole = *number * static_cast<double>(micros);
  if (!(whole >= 0) || whole > longest) {
    return Error{Errc::out_of_range,
                 fmt::format("a duration is 0 to 100 years, not {}", quoted(text))};
  }
  return Duration{static_cast<std::int64_t>(std::llround(whole))};
}

std::string duration_text(Duration duration) {
  const std::int64_t micros = duration.count();
  if (micros == 0) return "0s";
  // The largest unit that leaves a whole number; weeks are for reading only.
  for (auto unit = units.rbegin() + 1; unit != units.rend(); ++unit) {
    if (unit->name != "ms" && unit->name != "us" && micros % unit->micros == 0) {
      return fmt::format("{}{}", micros / unit->micros, unit->name);
    }
  }
  return micros % 1000 == 0 ? fmt::format("{}ms", micros / 1000) : fmt::format("{}us", micros);
}

}  // namespace vedette
