#include "api/threshold_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "base/text.hpp"
#include "record/device_kind.hpp"

namespace vedette {

namespace {

constexpr std::string_view target_setting = "threshold.target";
constexpr std::string_view raises_setting = "threshold.raises";

/// "alerts_per_day 3", "false_positive_rate 0.0001", "model"; "" when nobody set one.
std::string to_text(const AlarmTarget& target) {
  if (target.alerts_per_day > 0) return fmt::format("alerts_per_day {}", target.alerts_per_day);
  if (target.false_positive_rate > 0) {
    return fmt::format("false_positive_rate {}", target.false_positive_rate);
  }
  return "model";
}

std::optional<AlarmTarget> target_from(std::string_view text) {
  AlarmTarget target;
  if (text == "model") return target;
  const auto blank = text.find(' ');
  if (blank == std::string_view::npos) return {};
  const auto value = parse_double(text.substr(blank + 1));
  if (!value || !(*value > 0)) return {};
  const std::string_view name = text.substr(0, blank);
  if (name == "alerts_per_day") target.alerts_per_day = *value;
  if (name == "false_positive_rate" && *value < 1) target.false_positive_rate = *value;
  return target == AlarmTarget{} ? std::nullopt : std::optional{target};
}

}  // namespace

ThresholdDesk::ThresholdDesk(const ApiParts& parts) : parts_(parts) {
  if (const auto text = parts.store.setting(target_setting)) set_ = target_from(*text);
  if (const auto text = parts.store.setting(raises_setting)) recalibration_.restore(*text);
  recalibration_.expire(parts.clock.now());
  choose(*parts.pipeline.detectors());
}

/// REQUIRES: the caller holds the mutex, or nobody else knows this object yet.
void ThresholdDesk::choose(DetectorSet set) {
  const AlarmTarget wanted = set_.value_or(parts_.alarm_target);
  const auto devices = parts_.store.devices();
  devices_ = devices ? std::max(1.0, static_cast<double>(devices->size())) : 1;
  const Time now = parts_.clock.now();
  for (std::size_t kind = 0; kind < record_kind_count; ++kind) {
    ThresholdState& state = states_[kind];
    state = {};
    set.thresholds[kind] = nullptr;
    if (set.active[kind] == nullptr) continue;
    state.model = set.active[kind]->file().id;
    state.choice = choose_thresholds(*set.active[kind], wanted, devices_);
    state.raises = recalibration_.of(state.model, now);
    Thresholds& thresholds = state.choice.thresholds;
    for (const auto& [device_kind, amount] : state.raises) {
      const auto own = thresholds.by_kind.find(device_kind);
      const float from = own == thresholds.by_kind.end() ? thresholds.overall : own->second;
      // Against a damaged setting, and against a threshold that has moved since: never beyond.
      const double room = Recalibration::share_max * (1 - static_cast<double>(from));
      thresholds.by_kind[device_kind] = from + static_cast<float>(std::min(amount, room));
    }
    set.thresholds[kind] = std::make_shared<const Thresholds>(thresholds);
  }
  parts_.pipeline.swap(std::make_shared<const DetectorSet>(std::move(set)));
}

void ThresholdDesk::activate(std::shared_ptr<const Detector> detector) {
  const std::lock_guard lock{mutex_};
  DetectorSet next = *parts_.pipeline.detectors();
  const auto kind = static_cast<std::size_t>(detector->features().schema().record_kind);
  next.active[kind] = std::move(detector);
  choose(std::move(next));
}

Status ThresholdDesk::set_target(std::optional<AlarmTarget> target) {
  const std::lock_guard lock{mutex_};
  const Status put =
      parts_.store.put_setting(target_setting, target ? to_text(*target) : std::string{});
  if (!put) return put;
  set_ = target;
  choose(*parts_.pipeline.detectors());
  return {};
}

Result<Recalibration::Raise> ThresholdDesk::confirm_benign(const Alert& alert,
                                                           std::string_view user) {
  const std::lock_guard lock{mutex_};
  const DetectorSet set = *parts_.pipeline.detectors();
  const auto kind = static_cast<std::size_t>(alert.kind);
  if (set.active[kind] == nullptr) return Error{Errc::refused, "no model judges such records now"};
  VerdictQuery query;
  query.device = alert.device;
  query.kind = alert.kind;
  query.anomalous = true;
  query.from = alert.first;
  query.to = alert.last + Duration{1};
  query.limit = 1000;
  const auto page = parts_.store.verdicts(query);
  if (!page) return page.error();
  Recalibration::Confirmed confirmed;
  confirmed.model = set.active[kind]->file().id;
  confirmed.device_kind = device_kind(alert.device);
  confirmed.alert = alert.id;
  confirmed.user = user;
  std::set<RecordKey> distinct;
  for (const Judged& judged : page->items) {
    if (judged.verdict.model != confirmed.model) continue;  // another model's scores say nothing
    distinct.insert(judged.record.key);
    confirmed.highest = std::max(confirmed.highest, static_cast<double>(judged.verdict.score));
  }
  confirmed.records = distinct.size();
  const ThresholdState& state = states_[kind];
  const auto raise = state.raises.find(confirmed.device_kind);
  const double raised = raise == state.raises.end() ? 0 : raise->second;
  confirmed.threshold = static_cast<double>(state.choice.thresholds.of(alert.device)) - raised;
  auto done = recalibration_.confirm(confirmed, parts_.clock.now());
  if (!done) return done;
  keep_raises();
  choose(set);
  return done;
}

bool ThresholdDesk::take_back(const Alert& alert) {
  const std::lock_guard lock{mutex_};
  if (!recalibration_.take_back(alert.id)) return false;
  keep_raises();
  choose(*parts_.pipeline.detectors());
  return true;
}

void ThresholdDesk::tick() {
  const std::lock_guard lock{mutex_};
  if (!recalibration_.expire(parts_.clock.now())) return;
  keep_raises();
  choose(*parts_.pipeline.detectors());
}

void ThresholdDesk::keep_raises() {
  const Status put = parts_.store.put_setting(raises_setting, recalibration_.save());
  if (!put) log::warn("raises of thresholds: {}", put.error().message);
}

AlarmTarget ThresholdDesk::target() const {
  const std::lock_guard lock{mutex_};
  return set_.value_or(parts_.alarm_target);
}
bool ThresholdDesk::target_is_set() const {
  const std::lock_guard lock{mutex_};
  return set_.has_value();
}
double ThresholdDesk::devices() const {
  const std::lock_guard lock{mutex_};
  return devices_;
}
std::vector<ThresholdState> ThresholdDesk::states() const {
  const std::lock_guard lock{mutex_};
  return {states_.begin(), states_.end()};
}
std::vector<Recalibration::Raise> ThresholdDesk::raises() const {
  const std::lock_guard lock{mutex_};
  return recalibration_.raises();
}

}  // namespace vedette
