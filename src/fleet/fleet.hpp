/// A simulated fleet: an endless, seeded stream of labelled records in event-time order. The same
/// plan gives the same records, bit for bit (tried on x86-64): chance is integers and + - * / only,
/// no libm, and every number is rounded to what its sensor or Zeek resolves.
///
/// Each device follows a profile: habits that make flows, and sensors that make readings. All of it
/// waits in one heap of next events. Attack and fault episodes come and go on top; a device goes on
/// with its own traffic while it attacks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/plan.hpp"
#include "record/record.hpp"

namespace vedette {

/// What a device does beyond its everyday life, from `begins` until `ends`.
struct Episode {
  std::uint32_t number = 0;  ///< 1, 2 … in the order in which they began
  std::string device;
  std::string kind;   ///< of episode_kinds()
  std::string label;  ///< what its records are labelled; of a chain: at its present stage
  Time begins;
  Time ends;
  double intensity = 1;
};

/// One thing the fleet says: a record, or a message that is none (`topic` not empty then: an
/// oversized or malformed publish, for brokers only). Reused: keeps its capacity.
struct Simulated {
  Record record;
  Truth truth;                ///< "Benign", or the label of what made or falsified it
  std::uint32_t episode = 0;  ///< its number; 0: everyday life
  std::uint16_t kind = 0;     ///< index into episode_kinds(); meaningful when episode > 0
  Time episode_begins;        ///< meaningful when episode > 0
  std::string topic;
  std::string payload;
};

/// Not thread-safe.
class FleetSimulator {
 public:
  /// At most this many episodes at a time; more are not begun.
  static constexpr std::size_t episodes_max = 64;

  /// REQUIRES: check(plan).ok().
  explicit FleetSimulator(FleetPlan plan);
  ~FleetSimulator();
  FleetSimulator(FleetSimulator&&) noexcept;
  FleetSimulator& operator=(FleetSimulator&&) noexcept;

  /// The next record in event time, sealed; `out` is cleared first. Never ends. Its label is
  /// "Benign", or that of the episode that made it: an attack's own flows, and those readings
  /// that a fault has really changed or holds.
  void next(Simulated& out);
  /// The names of the simulated devices ("camera-03").
  std::vector<std::string> devices() const;
  /// The time of the last record; the plan's start before the first.
  Time now() const;
  /// What goes on at the time of the last record.
  std::vector<Episode> episodes() const;

  /// Begins an episode now (the time of the last record), whatever the plan says. An empty `device`
  /// leaves the choice to chance. @return its number; not_found for an unknown device or kind, busy
  /// when the device or all places are taken, mismatch for a fault of a device without sensors,
  /// out_of_range for a length or an intensity that is not in (0, 100].
  Result<std::uint32_t> start_episode(std::string_view device, std::string_view kind,
                                      Duration length, double intensity = 1);
  /// Ends what `device` does, or every episode when it is empty. @return how many.
  std::size_t stop_episodes(std::string_view device = {});

 private:
  std::unique_ptr<struct FleetHidden> fleet_;
};

}  // namespace vedette
