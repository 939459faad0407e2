/// When the line alarms: the target, the thresholds it leads to, and what raised them; drift and
/// memory of the line beside it.
#include <fmt/format.h>

#include <cmath>

#include "api/json.hpp"
#include "api/parameters.hpp"
#include "api/state.hpp"

namespace vedette {

namespace {

Json target_json(const AlarmTarget& target) {
  Json out = Json::object();
  out["alerts_per_day"] = target.alerts_per_day > 0 ? Json(target.alerts_per_day) : Json{};
  out["false_positive_rate"] =
      target.false_positive_rate > 0 ? Json(target.false_positive_rate) : Json{};
  return out;
}

Json share(double value) {
  return std::isfinite(value) ? Json(value) : Json{};
}

Json raise_json(const Recalibration::Raise& raise) {
  return {{"time", to_rfc3339(raise.time)}, {"expires", to_rfc3339(raise.expires())},
          {"model", raise.model},           {"device_kind", raise.device_kind},
          {"alert", raise.alert},           {"records", raise.records},
          {"amount", raise.amount},         {"user", raise.user}};
}

}  // namespace

Json working_json(const ThresholdState& state) {
  if (state.model.empty()) return {};
  const ThresholdChoice& choice = state.choice;
  Json kinds = Json::array();
  for (const auto& [kind, value] : choice.thresholds.by_kind) {
    const auto raise = state.raises.find(kind);
    kinds.push_back({{"device_kind", kind},
                     {"value", json_number(value)},
                     {"raised_by", raise == state.raises.end() ? 0.0 : raise->second}});
  }
  Json alerts;
  if (choice.alerts) {
    alerts = {{"per_day", choice.alerts->alerts_per_day},
              {"day_low", choice.alerts->alerts_in_a_day.low},
              {"day_high", choice.alerts->alerts_in_a_day.high}};
  }
  return {{"model", state.model},
          {"value", json_number(choice.thresholds.overall)},
          {"device_kinds", std::move(kinds)},
          {"kept", choice.kept},
          {"guarantee", choice.guarantee},
          {"benign_records", choice.benign_records},
          {"expected_recall", share(choice.recall)},
          {"expected_misses", share(1 - choice.recall)},
          {"expected_alerts", std::move(alerts)}};
}

Json thresholds_json(const ThresholdDesk& desk) {
  const auto states = desk.states();
  Json raises = Json::array();
  for (const Recalibration::Raise& raise : desk.raises()) raises.push_back(raise_json(raise));
  return {{"target", target_json(desk.target())},
          {"set_by", desk.target_is_set() ? "user" : "configuration"},
          {"devices", desk.devices()},
          {"flow", working_json(states[static_cast<std::size_t>(RecordKind::flow)])},
          {"reading", working_json(states[static_cast<std::size_t>(RecordKind::reading)])},
          {"raises", std::move(raises)}};
}

Json memory_json(const MemoryLook& memory) {
  return {{"series", memory.series},
          {"sources", memory.sources},
          {"series_evicted", memory.series_evicted},
          {"sources_evicted", memory.sources_evicted},
          {"too_late", memory.too_late},
          {"restored", memory.restored},
          {"saved", memory.saved ? Json(to_rfc3339(*memory.saved)) : Json{}}};
}

Json drift_json(const DriftLook& drift) {
  if (drift.model.empty()) return {};
  Json columns = Json::array();
  for (const ColumnDrift& column : drift.columns) {
    columns.push_back({{"column", column.column},
                       {"index", column.index},
                       {"below", column.below},
                       {"above", column.above}});
  }
  const auto time = [](const std::optional<Time>& at) {
    return at ? Json(to_rfc3339(*at)) : Json{};
  };
  return {{"model", drift.model},
          {"records", drift.records},
          {"score_mean", drift.score_mean},
          {"score_before", drift.score_before ? Json(*drift.score_before) : Json{}},
          {"columns", std::move(columns)},
          {"drifted_columns", drift.drifted_columns},
          {"sampled_until", time(drift.sampled_until)},
          {"notices", drift.notices},
          {"sentence", drift.sentence},
          {"last_notice", time(drift.last_notice)}};
}

HttpResponse get_threshold(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  return json_answer(thresholds_json(service.thresholds));
}

HttpResponse put_threshold(ApiState& service, const Call& call) {
  Fields fields{call.request};
  AlarmTarget target;
  // 0: not this one. The bounds are those of the configuration.
  target.alerts_per_day = fields.number("alerts_per_day", 0, alerts_per_day_max, 0.0);
  target.false_positive_rate =
      fields.number("false_positive_rate", 0, false_positive_rate_max, 0.0);
  if (target.alerts_per_day > 0 && target.false_positive_rate > 0) {
    fields.complain("alerts_per_day and false_positive_rate exclude each other");
  }
  if (auto problem = fields.problem()) return std::move(*problem);
  const bool wanted = target.alerts_per_day > 0 || target.false_positive_rate > 0;
  const Status done = service.thresholds.set_target(wanted ? std::optional{target} : std::nullopt);
  if (!done) return problem_of(done.error());
  service.auth.audit(call.caller.user, "threshold.set",
                     wanted ? target_json(target).dump() : std::string{"as configured"});
  return json_answer(thresholds_json(service.thresholds));
}

void hear_feedback(ApiState& service, const Alert& before, const Alert& after,
                   const std::string& user) {
  const bool was = before.feedback == "false_alarm";
  const bool is = after.feedback == "false_alarm";
  if (was == is) return;
  const std::string alert = std::to_string(after.id);
  if (was) {
    if (service.thresholds.take_back(after)) service.auth.audit(user, "threshold.lower", alert);
    return;
  }
  const auto raise = service.thresholds.confirm_benign(after, user);
  // A refusal is worth a line in the audit log too: it says why nothing changed.
  service.auth.audit(user, raise ? "threshold.raise" : "threshold.keep",
                     raise ? fmt::format("alert {}: {} by {:.6f}", alert,
                                         raise->device_kind.empty() ? "devices without a kind"
                                                                    : raise->device_kind,
                                         raise->amount)
                           : fmt::format("alert {}: {}", alert, raise.error().message));
}

}  // namespace vedette
