/// A simulated fleet: an endless, seeded stream of labelled records in event-time order. The same
/// seed gives the same records, bit for bit, on any machine: chance is integers and + - * / only,
/// no libm, and every number is rounded to what its sensor or Zeek resolves.
///
/// Each device follows a profile (simulator_profiles.cpp): tasks that make flows, and channels that
/// make readings. All tasks of all devices wait in one heap of next events. Attack and fault
/// episodes come and go on top; a device goes on with its own traffic while it attacks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "record/record.hpp"

namespace vedette {

struct FleetOptions {
  std::size_t devices = 24;
  std::uint64_t seed = 1;
  Time start;
  /// Multiplies how often every device speaks, attacking or not; at 1 a benign device makes about
  /// one flow and one reading every five seconds.
  double pace = 1.0;
  /// Attack and fault episodes begin on average this often over the fleet; 0: none.
  Duration episode_every = std::chrono::seconds{90};
  /// The mean; one episode lasts 0.5 to 1.5 of it.
  Duration episode_length = std::chrono::seconds{30};
  /// Which kinds begin by themselves, see episode_kinds(); empty: all.
  std::vector<std::string> kinds;

  static constexpr std::size_t devices_max = 100'000;
  static constexpr double pace_max = 10'000;
};

/// @return out_of_range or not_found naming the option no fleet can have.
Status check(const FleetOptions& options);

/// What a device does beyond its everyday life, from `begins` until `ends`.
struct Episode {
  std::string device;
  std::string kind;  ///< the label its records carry
  Time begins;
  Time ends;
};

/// Attacks as IoT-23 names them ("PartOfAHorizontalPortScan", "C&C", "DDoS", "FileDownload",
/// "Attack") and sensor faults ("spike", "stuck", "level_shift", "drift").
std::vector<std::string> episode_kinds();

/// Not thread-safe.
class FleetSimulator {
 public:
  /// At most this many episodes at a time; more are not begun.
  static constexpr std::size_t episodes_max = 64;

  /// REQUIRES: check(options).ok().
  explicit FleetSimulator(FleetOptions options);
  ~FleetSimulator();
  FleetSimulator(FleetSimulator&&) noexcept;
  FleetSimulator& operator=(FleetSimulator&&) noexcept;

  /// The next record in event time, sealed; `out` is cleared first. Never ends. Its label is
  /// "Benign", or the kind of the episode that made it: an attack's own flows, and those readings
  /// that a fault has really changed (spike, level_shift, drift) or holds (stuck).
  void next(LabelledRecord& out);
  /// The names of the simulated devices and what they are ("camera-03").
  std::vector<std::string> devices() const;
  /// What goes on right now, for people ("camera-03: PartOfAHorizontalPortScan"); "" when calm.
  std::string episode() const;
  /// What goes on at the time of the last record.
  std::vector<Episode> episodes() const;

  /// Begins an episode now (the time of the last record), whatever `kinds` says. @return not_found
  /// for an unknown device or kind, busy when the device or all places are taken, out_of_range for
  /// a length that is not positive.
  Status start_episode(std::string_view device, std::string_view kind, Duration length);
  /// Ends what `device` does, or every episode when it is empty. @return how many.
  std::size_t stop_episodes(std::string_view device = {});

 private:
  struct Fleet;
  std::unique_ptr<Fleet> fleet_;
};

}  // namespace vedette
