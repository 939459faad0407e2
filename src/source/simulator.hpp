/// A simulated fleet: an endless, seeded stream of labelled records in event-time order. The same
/// seed gives the same records, bit for bit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "record/record.hpp"

namespace vedette {

struct FleetOptions {
  std::size_t devices = 24;
  std::uint64_t seed = 1;
  Time start;
  /// Multiplies how often every device speaks; 1 is about one flow and one reading per device
  /// every few seconds.
  double pace = 1.0;
  /// Attack and fault episodes begin on average this often over the fleet; 0: none.
  Duration episode_every = std::chrono::seconds{90};
  Duration episode_length = std::chrono::seconds{30};
};

class FleetSimulator {
 public:
  explicit FleetSimulator(FleetOptions options);
  ~FleetSimulator();
  /// The next record in event time; `out` is cleared first. Never ends.
  void next(LabelledRecord& out);
  /// The names of the simulated devices and what they are ("camera-03").
  std::vector<std::string> devices() const;
  /// What goes on right now, for people ("camera-03: PartOfAHorizontalPortScan"); "" when calm.
  std::string episode() const;

 private:
  struct Fleet;
  std::unique_ptr<Fleet> fleet_;
};

}  // namespace vedette
