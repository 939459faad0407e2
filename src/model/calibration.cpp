#include "model/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/expects.hpp"

namespace vedette {

namespace {

constexpr std::uint8_t calibration_version = 1;
constexpr std::size_t name_bytes_max = 4096;
// 0.07 × 100 is 7.000000000000001: a little below the whole number is still that number.
constexpr double rounding = 1e-9;

Error corrupt(std::string_view what) {
  return {Errc::corrupt, fmt::format("calibration: {}", what)};
}

bool is_score(float score) {
  return score >= 0 && score <= 1;  // no NaN
}

float just_above(float score) {
  return std::nextafter(score, std::numeric_limits<float>::infinity());
}

}  // namespace

// ---- scores ----------------------------------------------------------------------------------

void BenignScores::add(std::span<const float> scores) {
  expects(std::all_of(scores.begin(), scores.end(), is_score), "a score lies between 0 and 1");
  records_ += scores.size();
  highest_.insert(highest_.end(), scores.begin(), scores.end());
  const std::size_t kept = std::min(highest_.size(), kept_max);
  std::partial_sort(highest_.begin(), highest_.begin() + static_cast<std::ptrdiff_t>(kept),
                    highest_.end(), std::greater<>{});
  highest_.resize(kept);
}

std::uint64_t BenignScores::alarms_at(float value) const {
  return static_cast<std::uint64_t>(
      std::partition_point(highest_.begin(), highest_.end(), [&](float s) { return s >= value; }) -
      highest_.begin());
}

Certified BenignScores::threshold(double rate) const {
  expects(rate > 0 && rate < 1, "a false-positive rate lies between 0 and 1");
  Certified out;
  out.asked = rate;
  out.records = records_;
  if (records_ == 0) {
    out.kept = false;
    return out;
  }
  const double all = static_cast<double>(records_) + 1;
  const double allowed = std::floor(all * rate + rounding);
  const double rank = std::clamp(allowed, 1.0, static_cast<double>(highest_.size()));
  const float highest_quiet = highest_[static_cast<std::size_t>(rank) - 1];
  // No score exceeds 1: a threshold above it would silence the model for good. Where too many
  // benign rows score 1, the strictest threshold that can still speak is 1.
  out.saturated = highest_quiet >= 1;
  out.value = std::min(1.0F, just_above(highest_quiet));
  out.alarms = alarms_at(out.value);
  out.rate = out.saturated ? (static_cast<double>(out.alarms) + 1) / all : rank / all;
  out.observed = proportion_interval(out.alarms, records_);
  out.kept = out.rate <= rate + rounding;
  return out;
}

std::string note_on(const Certified& t) {
  if (t.records == 0) {
    return fmt::format("no benign record was left to calibrate on: the threshold {} is a default",
                       t.value);
  }
  const std::string whose =
      t.device_kind.empty() ? std::string{} : fmt::format(" of {}", t.device_kind);
  if (t.saturated) {
    return fmt::format(
        "a false-positive rate of {:g} cannot be kept: {} of {} benign records{} have the highest "
        "score there is",
        t.asked, t.alarms, t.records, whose);
  }
  if (!t.kept) {
    return fmt::format(
        "{} benign records{} certify a false-positive rate of {:.2g}, not {:g}: that needs {:.0f}; "
        "the threshold lies above the highest of them",
        t.records, whose, t.rate, t.asked, std::ceil(1 / t.asked - rounding) - 1);
  }
  return fmt::format(
      "{} benign records{} certify a false-positive rate of {:.2g}; {} of them alarm "
      "(99 % interval {:.2g} to {:.2g})",
      t.records, whose, t.rate, t.alarms, t.observed.low, t.observed.high);
}

void BenignScores::save(ByteWriter& out) const {
  out.put(records_);
  out.put_array(std::span<const float>{highest_});
}

Result<BenignScores> BenignScores::load(ByteReader& in) {
  BenignScores out;
  out.records_ = in.get<std::uint64_t>();
  out.highest_ = in.get_array<float>();
  if (!in.ok() || out.highest_.size() != std::min<std::uint64_t>(out.records_, kept_max) ||
      !std::is_sorted(out.highest_.begin(), out.highest_.end(), std::greater<>{}) ||
      !std::all_of(out.highest_.begin(), out.highest_.end(), is_score)) {
    return corrupt("scores of benign records that are none");
  }
  return out;
}

// ---- calibration -----------------------------------------------------------------------------

void Calibration::add_benign(std::string_view device_kind, std::span<const float> scores) {
  all_.add(scores);
  if (device_kind.empty() || device_kind.size() > name_bytes_max) return;
  const auto at =
      std::lower_bound(kinds_.begin(), kinds_.end(), device_kind,
                       [](const Kind& k, std::string_view name) { return k.name < name; });
  if (at != kinds_.end() && at->name == device_kind) return at->scores.add(scores);
  if (kinds_.size() == kinds_max) return;
  kinds_.insert(at, Kind{std::string{device_kind}, {}})->scores.add(scores);
}

void Calibration::set_attacks(std::vector<float> scores) {
  expects(std::all_of(scores.begin(), scores.end(), is_score), "a score lies between 0 and 1");
  attacks_ = scores.size();
  attack_scores_.clear();
  if (scores.empty()) return;
  std::sort(scores.begin(), scores.end());
  const std::size_t count = std::min(scores.size(), attack_quantiles);
  for (std::size_t i = 0; i < count; ++i) {
    attack_scores_.push_back(scores[count == 1 ? 0 : i * (scores.size() - 1) / (count - 1)]);
  }
}

void Calibration::set_budget(std::vector<BudgetPoint> points) {
  expects(points.size() <= points_max, "a budget has a bounded number of points");
  budget_ = std::move(points);
}

std::vector<std::string_view> Calibration::kinds() const {
  std::vector<std::string_view> out;
  for (const Kind& kind : kinds_) out.push_back(kind.name);
  return out;
}

std::uint64_t Calibration::records_of(std::string_view device_kind) const {
  const auto at = std::find_if(kinds_.begin(), kinds_.end(),
                               [&](const Kind& kind) { return kind.name == device_kind; });
  return at == kinds_.end() ? 0 : at->scores.records();
}

Certified Calibration::threshold(double rate, std::string_view device_kind) const {
  const auto at = std::find_if(kinds_.begin(), kinds_.end(),
                               [&](const Kind& kind) { return kind.name == device_kind; });
  if (at != kinds_.end() && static_cast<double>(at->scores.records() + 1) * rate + rounding >=
                                static_cast<double>(kind_alarms_min)) {
    Certified own = at->scores.threshold(rate);
    own.device_kind = device_kind;
    return own;
  }
  return all_.threshold(rate);
}

Certified Calibration::at(float value) const {
  Certified out;
  out.value = value;
  out.records = all_.records();
  if (out.records == 0) return out;
  out.alarms = all_.alarms_at(value);
  out.rate = (static_cast<double>(out.alarms) + 1) / (static_cast<double>(out.records) + 1);
  out.asked = out.rate;
  out.observed = proportion_interval(out.alarms, out.records);
  return out;
}

double Calibration::recall_at(float value) const {
  if (attack_scores_.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto below = std::lower_bound(attack_scores_.begin(), attack_scores_.end(), value) -
                     attack_scores_.begin();
  return 1 - static_cast<double>(below) / static_cast<double>(attack_scores_.size());
}

/// The nearest point counted at or below the value: it raised at least as many.
const BudgetPoint& Calibration::point_at(float value) const {
  auto above = std::upper_bound(budget_.begin(), budget_.end(), value,
                                [](float v, const BudgetPoint& p) { return v < p.threshold; });
  return above == budget_.begin() ? *above : *std::prev(above);
}

std::optional<Expected> Calibration::expect(float value, double devices) const {
  expects(devices > 0, "a fleet has devices");
  if (budget_.empty() || device_days_ <= 0) return {};
  const BudgetPoint& point = point_at(value);
  Expected out;
  out.alerts_per_day = static_cast<double>(point.alerts) / device_days_ * devices;
  out.alerts_in_a_day =
      predicted_events(point.alerts, device_days_, devices, double{point.dispersion});
  out.recall = recall_at(value);
  out.attacks = attacks_;
  return out;
}

std::optional<Budgeted> Calibration::threshold_for_budget(double alerts_per_day,
                                                          double devices) const {
  expects(alerts_per_day > 0 && devices > 0, "a budget is a number of alerts on some devices");
  if (budget_.empty() || device_days_ <= 0) return {};
  const double allowed = alerts_per_day / devices * device_days_;
  // From the strictest down, as long as each keeps the budget: folding may raise fewer alerts at a
  // lower threshold (two become one), and that is no reason to jump over one that raises more.
  std::size_t at = budget_.size() - 1;
  Budgeted out;
  out.kept = static_cast<double>(budget_[at].alerts) <= allowed;
  while (out.kept && at > 0 && static_cast<double>(budget_[at - 1].alerts) <= allowed) --at;
  out.value = budget_[at].threshold;
  out.expected = *expect(out.value, devices);
  return out;
}

std::string note_on(const std::optional<Budgeted>& budget, double alerts_per_day, double devices) {
  if (!budget) {
    return "no alert could be counted, there was no benign traffic in the order of time: the "
           "threshold follows the false-positive rate";
  }
  const Expected& e = budget->expected;
  std::string out = fmt::format(
      "{} {:.3g} alerts a day on {:g} device{} (99 % of days: {:.0f} to {:.0f})",
      budget->kept ? "expect" : "even the strictest threshold known raises", e.alerts_per_day,
      devices, devices == 1 ? "" : "s", e.alerts_in_a_day.low, e.alerts_in_a_day.high);
  if (!budget->kept) out += fmt::format(", more than the {:g} asked", alerts_per_day);
  if (e.attacks > 0) {
    out += fmt::format("; {:.1f} % of {} held-out attack records would be missed",
                       100 * (1 - e.recall), e.attacks);
  }
  return out;
}

// ---- bytes -----------------------------------------------------------------------------------

std::vector<std::byte> Calibration::save() const {
  ByteWriter out;
  out.put(calibration_version);
  out.put(device_days_);
  all_.save(out);
  out.put(static_cast<std::uint32_t>(kinds_.size()));
  for (const Kind& kind : kinds_) {
    out.put_text(kind.name);
    kind.scores.save(out);
  }
  out.put(static_cast<std::uint32_t>(budget_.size()));
  for (const BudgetPoint& point : budget_) {
    out.put(point.threshold);
    out.put(point.alerts);
    out.put(point.dispersion);
  }
  out.put(attacks_);
  out.put_array(std::span<const float>{attack_scores_});
  return {out.bytes().begin(), out.bytes().end()};
}

Result<Calibration> Calibration::load(std::span<const std::byte> bytes) {
  Calibration out;
  if (bytes.empty()) return out;
  ByteReader in{bytes};
  if (const auto version = in.get<std::uint8_t>(); version != calibration_version) {
    return Error{Errc::unsupported, fmt::format("calibration: version {}, this build reads {}",
                                                version, calibration_version)};
  }
  out.device_days_ = in.get<double>();
  Result<BenignScores> all = BenignScores::load(in);
  if (!all) return all.error();
  out.all_ = std::move(*all);
  const auto kinds = in.get<std::uint32_t>();
  if (kinds > kinds_max) return corrupt("more kinds of devices than a calibration holds");
  for (std::uint32_t i = 0; i < kinds; ++i) {
    Kind kind;
    kind.name = in.get_text();
    Result<BenignScores> scores = BenignScores::load(in);
    if (!scores) return scores.error();
    kind.scores = std::move(*scores);
    const bool rising = out.kinds_.empty() || out.kinds_.back().name < kind.name;
    if (kind.name.empty() || kind.name.size() > name_bytes_max || !rising) {
      return corrupt("kinds of devices out of order");
    }
    out.kinds_.push_back(std::move(kind));
  }
  const auto points = in.get<std::uint32_t>();
  if (points > points_max) return corrupt("more points than a budget holds");
  for (std::uint32_t i = 0; i < points; ++i) {
    BudgetPoint point;
    point.threshold = in.get<float>();
    point.alerts = in.get<std::uint64_t>();
    point.dispersion = in.get<float>();
    const bool rising = out.budget_.empty() || out.budget_.back().threshold < point.threshold;
    if (!is_score(point.threshold) || !rising || !(point.dispersion >= 1) ||
        !std::isfinite(point.dispersion) || point.alerts > out.all_.records()) {
      return corrupt("a budget that is none");
    }
    out.budget_.push_back(point);
  }
  out.attacks_ = in.get<std::uint64_t>();
  out.attack_scores_ = in.get_array<float>();
  if (!in.ok() || in.left() != 0 || !std::isfinite(out.device_days_) || out.device_days_ < 0 ||
      out.attack_scores_.size() != std::min<std::uint64_t>(out.attacks_, attack_quantiles) ||
      !std::is_sorted(out.attack_scores_.begin(), out.attack_scores_.end()) ||
      !std::all_of(out.attack_scores_.begin(), out.attack_scores_.end(), is_score)) {
    return corrupt("cut short, or scores of attacks that are none");
  }
  return out;
}

}  // namespace vedette
