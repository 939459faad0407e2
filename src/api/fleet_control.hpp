/// FleetControl: what the API may ask of a simulated fleet that runs beside the service.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace vedette {

struct FleetKind {
  std::string name;
  std::string label;
  bool fault = false;
  std::string meaning;
};

struct FleetEpisode {
  std::uint32_t number = 0;
  std::string device;
  std::string kind;
  std::string label;
  Time begins;  ///< event times
  Time ends;
  double intensity = 1;
};

struct FleetSnapshot {
  Time now;  ///< event time
  std::vector<std::string> devices;
  std::vector<FleetKind> kinds;
  std::vector<FleetEpisode> episodes;  ///< that go on now
};

struct FleetOrder {
  std::string kind;
  std::string device;  ///< empty: chosen by chance
  Duration length{0};
  double intensity = 1;
};

/// Thread-safe. Each call may wait for the fleet for some seconds: unavailable after that.
class FleetControl {
 public:
  virtual ~FleetControl() = default;
  /// At most a fraction of a second old.
  virtual Result<FleetSnapshot> snapshot() = 0;
  /// @return the episode's number; not_found, busy, mismatch or out_of_range for an order the fleet
  /// cannot follow.
  virtual Result<std::uint32_t> start(const FleetOrder& order) = 0;
  /// Ends what `device` does, or everything when it is empty. @return how many episodes.
  virtual Result<std::size_t> stop(std::string_view device) = 0;
};

}  // namespace vedette
