/// Time is an input: below app/ nobody reads the wall clock, they are handed a Clock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace vedette {

/// A point in time with the resolution of Zeek's logs: microseconds since 1970-01-01 UTC.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

constexpr std::int64_t micros(Time time) {
  return time.time_since_epoch().count();
}
constexpr Time time_from_micros(std::int64_t value) {
  return Time{Duration{value}};
}
/// Seconds since the epoch as Zeek writes them, rounded to the microsecond: below 2^33 s a double
/// is exact to 1 µs. REQUIRES: |seconds| < 9e12 (checked by the decoders).
Time time_from_seconds(double seconds);
double to_seconds(Time time);

/// "2026-11-23T12:00:00.123456Z" (RFC 3339, always UTC, always microseconds).
std::string to_rfc3339(Time time);
/// Appends the same to `out` without allocating beyond its capacity.
void append_rfc3339(std::string& out, Time time);
/// Accepts RFC 3339 with "T" or a blank, any number of fraction digits, "Z", an offset or nothing
/// (taken as UTC). @return malformed or out_of_range, naming the text.
Result<Time> parse_time(std::string_view text);

/// "250ms", "90s", "1.5m", "6h", "2d", "1w", or plain seconds. @return malformed, quoting the text,
/// or out_of_range for negative ones and those above 100 years.
Result<Duration> parse_duration(std::string_view text);
/// The shortest way to write it: "10m", "1500ms", "90s".
std::string duration_text(Duration duration);

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

/// A clock that stands still until it is told otherwise. For tests and simulation.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time{}) : now_(micros(start)) {}
  Time now() const override { return time_from_micros(now_.load()); }
  void set(Time time) { now_.store(micros(time)); }
  void advance(Duration by) { now_.fetch_add(by.count()); }

 private:
  std::atomic<std::int64_t> now_;
};

}  // namespace vedette
