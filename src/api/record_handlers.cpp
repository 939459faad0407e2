/// What came in and what was made of it: devices, records, verdicts, alerts, quarantine.
#include <algorithm>
#include <limits>

#include "api/json.hpp"
#include "api/parameters.hpp"
#include "api/state.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

constexpr std::size_t label_bytes_max = 64;
constexpr std::size_t cursor_bytes_max = 128;
constexpr std::size_t limit_max = 1000;
constexpr std::size_t comment_bytes_max = 2000;

/// {"id","device","kind","time","received","record":{…}}
void append_stored_record_json(std::string& out, const Judged& judged) {
  const Record& record = judged.record;
  out += R"({"id":)";
  append_json_string(out, to_text(record.key));
  out += R"(,"device":)";
  append_json_string(out, record.device);
  out += R"(,"kind":)";
  append_json_string(out, name_of(record.kind));
  out += R"(,"time":")";
  append_rfc3339(out, record.time);
  out += R"(","received":")";
  append_rfc3339(out, judged.received);
  out += R"(","record":)";
  append_record_json(out, record);
  out += '}';
}

VerdictQuery record_query(Parameters& parameters) {
  VerdictQuery query;
  query.device = parameters.text("device", Record::device_bytes_max);
  query.kind = parameters.kind("kind");
  query.from = parameters.time("from");
  query.to = parameters.time("to");
  query.before = parameters.text("before", cursor_bytes_max);
  query.limit = parameters.integer("limit", 1, limit_max, 100);
  return query;
}

using AppendJudged = void (*)(std::string&, const Judged&);

HttpResponse judged_page(ApiState& service, const VerdictQuery& query, AppendJudged append) {
  const auto page = service.parts.store.verdicts(query);
  if (!page) return problem_of(page.error());
  return list_answer(page->items, page->next, append);
}

HttpResponse one_judged(ApiState& service, const Call& call, AppendJudged append) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const auto key = key_from_text(call.argument);
  if (!key) return http_problem(400, "id " + vedette::quoted(call.argument) + " is no record id");
  const auto judged = service.parts.store.verdict(*key);
  if (!judged) return problem_of(judged.error());
  if (!*judged) return http_problem(404, "there is no record " + vedette::quoted(call.argument));
  HttpResponse response;
  append(response.body, **judged);
  return response;
}

void append_device_json(std::string& out, const DeviceSummary& device) {
  const Json json = {{"device", device.device},
                     {"first_seen", to_rfc3339(device.first_seen)},
                     {"last_seen", to_rfc3339(device.last_seen)},
                     {"flows", device.flows},
                     {"readings", device.readings},
                     {"anomalies", device.anomalies},
                     {"open_alerts", device.open_alerts}};
  out += json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The alert the path names, or the problem to answer with.
struct FoundAlert {
  std::optional<Alert> alert;
  HttpResponse problem;
};

FoundAlert find_alert(ApiState& service, const std::string& argument) {
  const auto id = parse_integer<std::uint64_t>(argument);
  if (!id) return {{}, http_problem(400, "id " + vedette::quoted(argument) + " is no alert id")};
  auto alert = service.parts.store.alert(*id);
  if (!alert) return {{}, problem_of(alert.error())};
  if (!*alert) return {{}, http_problem(404, "there is no alert " + argument)};
  return {std::move(*alert), {}};
}

HttpResponse alert_answer(const Alert& alert) {
  HttpResponse response;
  append_alert_json(response.body, alert);
  return response;
}

}  // namespace

HttpResponse get_devices(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const auto devices = service.parts.store.devices();
  if (!devices) return problem_of(devices.error());
  return list_answer(*devices, "", &append_device_json);
}

HttpResponse get_device(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const auto devices = service.parts.store.devices();
  if (!devices) return problem_of(devices.error());
  const auto found =
      std::find_if(devices->begin(), devices->end(),
                   [&](const DeviceSummary& device) { return device.device == call.argument; });
  if (found == devices->end()) {
    return http_problem(404, "there is no device " + vedette::quoted(call.argument));
  }
  HttpResponse response;
  append_device_json(response.body, *found);
  return response;
}

HttpResponse get_verdicts(ApiState& service, const Call& call) {
  Parameters parameters{call.request};
  VerdictQuery query = record_query(parameters);
  query.anomalous = parameters.flag("anomalous");
  query.label = parameters.text("label", label_bytes_max);
  if (auto problem = parameters.problem()) return std::move(*problem);
  return judged_page(service, query, &append_verdict_json);
}

HttpResponse get_verdict(ApiState& service, const Call& call) {
  return one_judged(service, call, &append_verdict_json);
}

HttpResponse get_records(ApiState& service, const Call& call) {
  Parameters parameters{call.request};
  const VerdictQuery query = record_query(parameters);
  if (auto problem = parameters.problem()) return std::move(*problem);
  return judged_page(service, query, &append_stored_record_json);
}

HttpResponse get_record(ApiState& service, const Call& call) {
  return one_judged(service, call, &append_stored_record_json);
}

HttpResponse get_alerts(ApiState& service, const Call& call) {
  Parameters parameters{call.request};
  AlertQuery query;
  query.device = parameters.text("device", Record::device_bytes_max);
  query.nature = parameters.nature("nature");
  query.incident = parameters.integer("incident", 0, std::numeric_limits<std::int64_t>::max(), 0);
  query.open = parameters.flag("open");
  query.acknowledged = parameters.flag("acknowledged");
  query.before = parameters.text("before", cursor_bytes_max);
  query.limit = parameters.integer("limit", 1, limit_max, 100);
  if (auto problem = parameters.problem()) return std::move(*problem);
  const auto page = service.parts.store.alerts(query);
  if (!page) return problem_of(page.error());
  return list_answer(page->items, page->next, &append_alert_json);
}

HttpResponse get_alert(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const FoundAlert found = find_alert(service, call.argument);
  return found.alert ? alert_answer(*found.alert) : found.problem;
}

HttpResponse post_alert(ApiState& service, const Call& call) {
  const FoundAlert found = find_alert(service, call.argument);
  if (!found.alert) return found.problem;
  const Alert& before = *found.alert;
  Fields fields{call.request};
  const bool acknowledged = fields.flag("acknowledged");
  const std::string feedback = fields.text("feedback", 32, before.feedback);
  const std::string comment = fields.text("comment", comment_bytes_max, before.comment);
  if (feedback != "" && feedback != "true_alarm" && feedback != "false_alarm") {
    fields.complain("member feedback: " + vedette::quoted(feedback) +
                    " is not \"\", true_alarm or false_alarm");
  }
  if (auto problem = fields.problem()) return std::move(*problem);
  const Status marked = service.parts.store.mark_alert(before.id, acknowledged, feedback, comment);
  if (!marked) return problem_of(marked.error());
  service.auth.audit(call.caller.user, "alert.acknowledge", call.argument);
  const FoundAlert after = find_alert(service, call.argument);
  if (after.alert) hear_feedback(service, before, *after.alert, call.caller.user);
  return after.alert ? alert_answer(*after.alert) : after.problem;
}

HttpResponse get_quarantine(ApiState& service, const Call& call) {
  Parameters parameters{call.request};
  const std::string before = parameters.text("before", cursor_bytes_max);
  const auto limit = parameters.integer("limit", 1, limit_max, 100);
  if (auto problem = parameters.problem()) return std::move(*problem);
  const auto page = service.parts.store.quarantined(before, limit);
  if (!page) return problem_of(page.error());
  return list_answer(page->items, page->next, &append_quarantined_json);
}

}  // namespace vedette
