#include "codec/event_time.hpp"

#include <array>
#include <cstring>

namespace vedette {

namespace {

Fault bounded(std::int64_t value, Time& time) {
  if (value < 0 || value >= event_micros_end) return Fault::out_of_range;
  time = time_from_micros(value);
  return Fault::none;
}

/// Exponents, signs and very long numbers.
Fault time_from_odd_epoch(std::string_view text, Time& time) {
  double value = 0;
  if (const Fault fault = parse_number(text, value); fault != Fault::none) return fault;
  if (value >= epoch_millis_from) value /= 1000;
  if (value < 0 || value >= static_cast<double>(event_micros_end) / 1e6) return Fault::out_of_range;
  return bounded(micros(time_from_seconds(value)), time);
}

}  // namespace

Fault time_from_epoch(std::string_view text, Time& time) {
  constexpr std::size_t whole_digits_max = 15;
  const char* at = text.data();
  const char* const end = at + text.size();
  std::int64_t whole = 0;
  for (; at != end && is_digit(*at); ++at) {
    if (at - text.data() == whole_digits_max) return time_from_odd_epoch(text, time);
    whole = whole * 10 + (*at - '0');
  }
  if (at == text.data()) return time_from_odd_epoch(text, time);
  const bool millis = static_cast<double>(whole) >= epoch_millis_from;
  std::int64_t scale = millis ? 1'000 : 1'000'000;
  if (whole > event_micros_end / scale) return Fault::out_of_range;
  std::int64_t value = whole * scale;
  if (at != end && *at == '.') {
    for (++at; at != end && is_digit(*at); ++at) {
      if (scale == 1 && *at >= '5') ++value;
      scale /= 10;
      value += scale * (*at - '0');
    }
  }
  if (at != end) return time_from_odd_epoch(text, time);
  return bounded(value, time);
}

Fault time_from_date(std::string_view text, Time& time) {
  constexpr std::string_view shape = "0000-00-00 00:00:00";
  std::array<char, shape.size()> full;
  if (text.size() == 10 || text.size() == 16) {
    std::memcpy(full.data(), shape.data(), shape.size());
    std::memcpy(full.data(), text.data(), text.size());
    text = {full.data(), full.size()};
  }
  const Result<Time> parsed = parse_time(text);
  if (!parsed) {
    return parsed.error().code == Errc::out_of_range ? Fault::out_of_range : Fault::malformed;
  }
  return bounded(micros(*parsed), time);
}

Fault time_from_text(std::string_view text, Time& time) {
  const bool date = text.size() >= 10 && text[4] == '-';
  return date ? time_from_date(text, time) : time_from_epoch(text, time);
}

}  // namespace vedette
