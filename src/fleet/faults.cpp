/// Faults of sensors. They touch the first sensor of a profile; stuck and replayed repeat all of
/// them, and a unit changes where it is a temperature's. How they look follows the taxonomy of
/// Ni et al., "Sensor network data fault types" (ACM TOSN 2009): outlier, stuck-at, calibration
/// (drift, level, unit), and missing data.
#include <algorithm>

#include "base/expects.hpp"
#include "fleet/episode.hpp"

namespace vedette::simulator {

namespace {

double within(const Gauge& gauge, double value) {
  return to_step(std::clamp(value, gauge.low, gauge.high), gauge.step);
}

/// A sensor at the end of its range can only be wrong the other way.
double turned(const Gauge& gauge, double value, double off) {
  const bool fits = value + off >= gauge.low && value + off <= gauge.high;
  const bool fits_turned = value - off >= gauge.low && value - off <= gauge.high;
  return !fits && fits_turned ? -off : off;
}

bool add_offset(Place& place, Time now, std::span<double> values) {
  double off = place.size;
  if (place.kind == Kind::spike) {
    if (!place.random.chance(0.4)) return false;
    off *= place.random.uniform(0.7, 1.3);
  }
  if (place.kind == Kind::drift) {
    const auto whole = static_cast<double>((place.ends - place.begins).count());
    off *= static_cast<double>((now - place.begins).count()) / std::max(whole, 1.0);
  }
  const double healthy = values[0];
  values[0] = within(place.gauges[0], healthy + off);
  return values[0] != healthy;
}

bool stick(Place& place, std::span<double> values) {
  const bool holds = place.step++ > 0;
  if (holds) {
    std::copy(place.recorded.begin(), place.recorded.end(), values.begin());
  } else {
    place.recorded.assign(values.begin(), values.end());
  }
  return holds;
}

/// Listens for a third of its time, at most three minutes, and then says it all again.
bool replay(Place& place, Time now, std::span<double> values) {
  const Duration third = (place.ends - place.begins) / 3;
  const Time turn = place.begins + std::min<Duration>(third, std::chrono::minutes{3});
  const bool full = place.recorded.size() >= recorded_readings_max * values.size();
  const bool listens = place.replayed_at == 0 && now < turn && !full;
  if (listens || place.recorded.empty()) {
    place.recorded.insert(place.recorded.end(), values.begin(), values.end());
    return false;
  }
  const std::size_t readings = place.recorded.size() / values.size();
  const std::size_t from = place.replayed_at++ % readings * values.size();
  std::copy_n(place.recorded.begin() + static_cast<std::ptrdiff_t>(from), values.size(),
              values.begin());
  return true;
}

bool change_unit(Place& place, std::span<double> values) {
  const Gauge& gauge = place.gauges[place.gauge];
  double& value = values[place.gauge];
  const double healthy = value;
  if (place.size == 0) {
    value = to_step(healthy * 1.8 + 32, gauge.step);
  } else {
    // The same digits, elsewhere: 20.5 becomes 20500 or 0.0205.
    value = to_step(healthy * place.size, gauge.step * std::min(place.size, 1.0));
  }
  return value != healthy;
}

void plan_unit(Place& place) {
  for (std::size_t i = 0; i < place.gauges_used; ++i) {
    if (place.gauges[i].name.find("temperature") == std::string_view::npos) continue;
    place.gauge = static_cast<std::uint8_t>(i);
    return;  // a size of 0 stands for Fahrenheit
  }
  place.size = place.random.chance(0.5) ? 1000 : 0.001;
}

}  // namespace

double to_step(double value, double step) {
  const double per_unit = rounded_down(1 / step + 0.5);
  const double parts = per_unit * step;
  const bool divides = parts > 1 - 1e-9 && parts < 1 + 1e-9;
  const double rounded = divides ? rounded_down(value * per_unit + 0.5) / per_unit
                                 : rounded_down(value / step + 0.5) * step;
  return rounded + 0.0;  // never -0, which is written differently
}

void plan_fault(Place& place) {
  expects(place.gauges_used > 0, "a fault is one of sensors");
  if (place.kind == Kind::unit_change) return plan_unit(place);
  const bool spike = place.kind == Kind::spike;
  const Gauge& gauge = place.gauges[0];
  const double sign = place.random.chance(0.5) ? 1 : -1;
  const double times = spike ? place.random.uniform(8, 30) : place.random.uniform(4, 12);
  place.size = turned(gauge, place.held[0], sign * times * gauge.usual * place.intensity);
}

bool falsify(Place& place, Time now, std::span<double> values) {
  switch (place.kind) {
    case Kind::spike:
    case Kind::drift:
    case Kind::level_shift:
      return add_offset(place, now, values);
    case Kind::stuck:
      return stick(place, values);
    case Kind::replayed:
      return replay(place, now, values);
    case Kind::unit_change:
      return change_unit(place, values);
    default:
      return false;  // a silence has nothing to falsify
  }
}

}  // namespace vedette::simulator
