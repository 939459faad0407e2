/// What one series (one value name of one device) did lately, and how strange its next value is.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/clock.hpp"
#include "feature/feature.hpp"
#include "feature/sorted_window.hpp"

namespace vedette {

/// A value beside what of it is usual (Measured in feature.hpp says in which terms).
struct Seen {
  float value = 0;
  float low = 0;
  float high = 0;
};

/// How far a reading is from usual in four ways, each in robust standard units: 6 is an alarm by
/// default. All are 0 while the series is learning.
struct Deviations {
  float level = 0;  ///< distance from the running median
  float step = 0;   ///< distance from the value before
  float stuck = 0;  ///< how long the value has not moved
  float gap = 0;    ///< how long the series was silent before this reading
  bool learning = true;
  /// The same in the terms of the series, in the order above; nothing while it is learning.
  std::array<Seen, 4> seen{};
};

/// A ring of 64 readings and slow memories of the largest usual deviations; about 1 KiB.
class SeriesState {
 public:
  static constexpr std::uint64_t warm_up_readings = 20;
  /// A new level is taken over after this many readings in a row far outside the old one, or
  /// sooner: after `calm_readings` in a row that keep still there.
  static constexpr std::uint32_t shift_readings = 128;
  static constexpr std::uint32_t calm_readings = 8;
  /// So many readings in a row from before the newest, and time goes on from there.
  static constexpr std::uint32_t behind_max = 16;

  /// Judges the reading, then learns from it. REQUIRES: a finite value.
  Deviations judge(double value, Time time);

  /// How much of the warm-up is done, in [0, 1].
  float confidence() const {
    return static_cast<float>(std::min(readings_, warm_up_readings)) /
           static_cast<float>(warm_up_readings);
  }

  void save(ByteWriter& out) const;
  /// False when the bytes do not hold; the state is then of no use.
  bool load(ByteReader& in);

 private:
  struct Scales {
    double level = 0;
    double step = 0;
  };
  Scales scales(double median) const;
  /// 0 and 1 are all it knows, and it is known to change or too young to be known not to.
  bool is_switch(double value) const;
  double floor_of(double median) const;
  float judge_stuck(double value, Seen& seen);
  float judge_gap(Time time, Seen& seen);
  void learn(double value, double median, const Scales& scales, const Deviations& deviations);
  void learn_switch(double value);
  void start_anew(double value);
  template <class State, class Field>
  static void walk(State& state, Field field);

  SortedWindow<double, 64> levels_;  // what was accepted, clipped
  SortedWindow<float, 64> steps_;
  SortedWindow<float, 16> intervals_;  // seconds
  std::uint64_t readings_ = 0;         // since the start or the last new level
  double last_ = 0;                    // the value before
  double accepted_ = 0;                // the last value that was not strange
  Time last_time_{};
  double level_peak_ = 0;  // decaying maxima of what is usual
  double step_peak_ = 0;
  float gap_peak_ = 0;
  float run_peak_ = 0;
  float resolution_ = 0;       // the smallest step seen lately
  std::uint32_t run_ = 0;      // readings of the same value in a row
  std::uint32_t changes_ = 0;  // how often the value changed, up to a bound
  std::uint32_t outside_ = 0;  // readings in a row far outside
  std::uint32_t calm_ = 0;     // of these, the last in a row that kept still
  std::uint32_t behind_ = 0;   // readings in a row from before the newest
};

}  // namespace vedette
