/// Calibration: what is known of a model's scores on benign records that nothing was fitted on, so
/// that a threshold can be chosen by what it promises, in `train` and while `serve` runs.
///
/// Split conformal prediction (Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World,
/// 2005; Angelopoulos, Bates: A Gentle Introduction to Conformal Prediction, 2021): with n benign
/// scores and k = floor((n + 1) × rate), an alarm above the k-th highest of them is a false one
/// with a probability of at most k / (n + 1) <= rate, whatever the model and whatever the
/// distribution, as long as a new benign record is exchangeable with those. Traffic of another
/// network or another season is not; the promise is about networks like the calibrated ones. With
/// fewer than 1 / rate - 1 scores k is 0 and no threshold can promise the rate: then it lies just
/// above all scores and 1 / (n + 1) is promised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/intervals.hpp"
#include "base/result.hpp"

namespace vedette {

/// The false-positive rate asked for unless another is said: 1 record in 10,000.
constexpr double false_positive_rate_default = 1e-4;

/// A threshold and what may be said of it. A score >= value alarms.
struct Certified {
  float value = 0.5F;
  double asked = 0;           ///< the rate
  double rate = 1;            ///< the rate that is promised; above `asked`: see note()
  std::uint64_t records = 0;  ///< benign records behind it; 0: the value is a default
  std::uint64_t alarms = 0;   ///< of those at or above the value
  Interval observed{0, 1};    ///< 99 % interval (Clopper, Pearson) of alarms / records
  std::string device_kind;    ///< whose records; "": those of all devices
  bool saturated = false;     ///< more than the rate have the highest score there is
  bool kept = true;           ///< rate <= asked
};
/// One sentence about the promise: how many records, what they certify, and what was asked when
/// that is less.
std::string note_on(const Certified& threshold);

/// The highest scores of some benign records. Merging is exact: a score not kept is below all kept.
class BenignScores {
 public:
  /// Enough for a rate of 1 % of 409,600 records, or 1 in 10,000 of 40 million.
  static constexpr std::size_t kept_max = 4096;

  /// REQUIRES: no NaN, scores in [0, 1].
  void add(std::span<const float> scores);
  std::uint64_t records() const { return records_; }
  std::span<const float> highest() const { return highest_; }  ///< falling
  /// REQUIRES: 0 < rate < 1.
  Certified threshold(double rate) const;
  /// How many of the records score at or above the value; the number kept where all kept ones do.
  std::uint64_t alarms_at(float value) const;

  void save(ByteWriter& out) const;
  static Result<BenignScores> load(ByteReader& in);

 private:
  std::uint64_t records_ = 0;
  std::vector<float> highest_;
};

/// What a threshold raised on the benign calibration records in the order of time: alerts as a
/// person would see them, folded by AlertFold.
struct BudgetPoint {
  float threshold = 0;
  std::uint64_t alerts = 0;
  float dispersion = 1;  ///< variance / mean of the alerts of a device and day, at least 1
};

/// What to expect of a threshold on a fleet.
struct Expected {
  double alerts_per_day = 0;
  Interval alerts_in_a_day;  ///< 99 % prediction interval of the alerts of one day
  double recall = 0;  ///< share of the held-out attack records at or above; NaN: there were none
  std::uint64_t attacks = 0;  ///< records behind it
};
struct Budgeted {
  float value = 1;
  Expected expected;
  bool kept = true;  ///< false: even the strictest threshold known raised more than asked
};
/// One sentence: what is expected, what of the attacks would be missed, or why nothing is known.
std::string note_on(const std::optional<Budgeted>& budget, double alerts_per_day, double devices);

/// Immutable but for add_benign(), which is what serve does with records that users confirmed.
class Calibration {
 public:
  /// A kind has a threshold of its own when its scores decide it by this many alarms at least: with
  /// ten, the rate that comes true lies within a factor of two of the one asked, nearly always.
  static constexpr std::uint64_t kind_alarms_min = 10;
  static constexpr std::size_t kinds_max = 256;  ///< further kinds count in all devices only
  static constexpr std::size_t points_max = 128;
  static constexpr std::size_t attack_quantiles = 257;

  /// REQUIRES: as BenignScores::add.
  void add_benign(std::string_view device_kind, std::span<const float> scores);
  /// The device-days those records span: of each device from its first record to its last.
  void add_device_days(double days) { device_days_ += days; }
  /// Scores of held-out attack records, of which 257 quantiles are kept; replaces what was there.
  void set_attacks(std::vector<float> scores);
  /// REQUIRES: rising thresholds, at most points_max.
  void set_budget(std::vector<BudgetPoint> points);

  bool empty() const { return all_.records() == 0; }
  std::uint64_t records() const { return all_.records(); }
  double device_days() const { return device_days_; }
  std::span<const BudgetPoint> budget() const { return budget_; }
  /// Kinds whose records are kept apart, in the order of their names.
  std::vector<std::string_view> kinds() const;
  std::uint64_t records_of(std::string_view device_kind) const;

  /// Of the kind when it has enough records for the rate, else of all devices.
  Certified threshold(double rate, std::string_view device_kind = {}) const;
  /// What may be said of a threshold that was chosen otherwise: its rate is (alarms + 1) / (n + 1).
  Certified at(float value) const;
  /// Share of held-out attack records that score at or above; NaN without any.
  double recall_at(float value) const;
  /// Alerts of a day of `devices` devices. Empty when alerts could not be counted: no benign
  /// records in the order of time.
  std::optional<Expected> expect(float value, double devices) const;
  /// The lowest threshold known that raises at most so many alerts a day on that many devices,
  /// and never one below the lowest counted. Empty as above. REQUIRES: both > 0.
  std::optional<Budgeted> threshold_for_budget(double alerts_per_day, double devices) const;

  /// The section `calibration` of a model file; docs/formats/vdm.md.
  std::vector<std::byte> save() const;
  /// No bytes are an empty calibration. @return corrupt, unsupported.
  static Result<Calibration> load(std::span<const std::byte> bytes);

 private:
  struct Kind {
    std::string name;
    BenignScores scores;
  };
  const BudgetPoint& point_at(float value) const;

  BenignScores all_;
  std::vector<Kind> kinds_;  // by name
  double device_days_ = 0;
  std::vector<BudgetPoint> budget_;
  std::uint64_t attacks_ = 0;
  std::vector<float> attack_scores_;  // quantiles, rising
};

}  // namespace vedette
