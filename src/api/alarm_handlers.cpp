/// Incidents, and exclusions: what people are told, and what they do not want to be.
#include <fmt/format.h>

#include <limits>
#include <utility>

#include "api/exclusion_fields.hpp"
#include "api/json.hpp"
#include "api/parameters.hpp"
#include "api/state.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

constexpr std::size_t label_bytes_max = 64;
constexpr std::size_t cursor_bytes_max = 128;
constexpr std::size_t comment_bytes_max = 2000;
constexpr std::size_t reason_bytes_max = 500;

/// The incident the path names, or the problem to answer with.
struct FoundIncident {
  std::optional<Incident> incident;
  HttpResponse problem;
};

FoundIncident find_incident(ApiState& service, const std::string& argument) {
  const auto id = parse_integer<std::uint64_t>(argument);
  if (!id || *id > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return {{}, http_problem(400, "id " + vedette::quoted(argument) + " is no incident id")};
  }
  auto incident = service.parts.store.incident(*id);
  if (!incident) return {{}, problem_of(incident.error())};
  if (!*incident) return {{}, http_problem(404, "there is no incident " + argument)};
  return {std::move(*incident), {}};
}

HttpResponse incident_answer(const Incident& incident) {
  HttpResponse response;
  append_incident_json(response.body, incident);
  return response;
}

Json time_json(const std::optional<Time>& time) {
  if (!time) return nullptr;
  return to_rfc3339(*time);
}

std::string minute_text(std::chrono::minutes minute) {
  return fmt::format("{:02}:{:02}", minute.count() / 60, minute.count() % 60);
}

Json exclusion_json(const Exclusion& one, Time now) {
  Json port = nullptr;
  if (one.port) port = *one.port;
  Json day = nullptr;
  if (one.day) day = {{"from", minute_text(one.day->from)}, {"to", minute_text(one.day->to)}};
  return {{"id", one.id},
          {"device", one.device},
          {"kind", one.kind ? name_of(*one.kind) : std::string_view{}},
          {"label", one.label},
          {"destination", one.destination},
          {"port", std::move(port)},
          {"day", std::move(day)},
          {"from", time_json(one.from)},
          {"to", time_json(one.to)},
          {"reason", one.reason},
          {"created_by", one.created_by},
          {"created", to_rfc3339(one.created)},
          {"expires", time_json(one.expires)},
          {"active", one.in_force(now)},
          {"hidden", one.hidden}};
}

/// "22:00" of a day. Nothing for anything else.
std::optional<std::chrono::minutes> minute_from(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return {};
  const auto hours = parse_integer<unsigned>(text.substr(0, 2));
  const auto minutes = parse_integer<unsigned>(text.substr(3));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return {};
  return std::chrono::minutes{*hours * 60 + *minutes};
}

std::optional<DayWindow> take_day(Fields& fields) {
  const nlohmann::json* day = fields.member_if("day");
  if (day == nullptr) return {};
  Fields inner{*day, "member day"};
  const auto from = minute_from(inner.text("from", 16));
  const auto to = minute_from(inner.text("to", 16));
  if (!from || !to || *from == *to) {
    inner.complain("from and to are two different times like 22:00");
  }
  fields.adopt(inner);
  if (!from || !to) return {};
  return DayWindow{*from, *to};
}

/// The line's set follows the store's list. REQUIRES: exclusions_mutex.
Status follow(ApiState& service) {
  if (service.parts.exclusions == nullptr) return {};
  auto all = service.parts.store.exclusions();
  if (!all) return all.error();
  service.parts.exclusions->swap(std::move(*all));
  return {};
}

}  // namespace

Exclusion take_exclusion(Fields& fields) {
  Exclusion one;
  one.device = fields.text("device", Record::device_bytes_max, "");
  one.kind = fields.kind_if("kind");
  one.label = fields.text("label", label_bytes_max, "");
  one.destination = fields.text("destination", Flow::address_bytes_max, "");
  if (const auto port = fields.integer_if("port", 0, 65535)) {
    one.port = static_cast<std::uint16_t>(*port);
  }
  one.day = take_day(fields);
  one.from = fields.time_if("from");
  one.to = fields.time_if("to");
  one.expires = fields.time_if("expires");
  if (one.from && one.to && *one.from >= *one.to) {
    fields.complain("member from: it is not before to");
  }
  if (!one.names_something()) {
    fields.complain("an exclusion names a device, kind, label, destination, port, day, from or to");
  }
  return one;
}

HttpResponse get_incidents(ApiState& service, const Call& call) {
  Parameters parameters{call.request};
  IncidentQuery query;
  query.device = parameters.text("device", Record::device_bytes_max);
  query.nature = parameters.nature("nature");
  query.open = parameters.flag("open");
  query.acknowledged = parameters.flag("acknowledged");
  const std::string order = parameters.text("order", 16);
  query.by_rank = order == "rank";
  if (!order.empty() && order != "rank" && order != "newest") {
    parameters.complain("parameter order: " + vedette::quoted(order) + " is not rank or newest");
  }
  query.before = parameters.text("before", cursor_bytes_max);
  query.limit = parameters.integer("limit", 1, 1000, 100);
  if (auto problem = parameters.problem()) return std::move(*problem);
  const auto page = service.parts.store.incidents(query);
  if (!page) return problem_of(page.error());
  return list_answer(page->items, page->next, &append_incident_json);
}

HttpResponse get_incident(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const FoundIncident found = find_incident(service, call.argument);
  return found.incident ? incident_answer(*found.incident) : found.problem;
}

HttpResponse post_incident(ApiState& service, const Call& call) {
  const FoundIncident found = find_incident(service, call.argument);
  if (!found.incident) return found.problem;
  const Incident& before = *found.incident;
  Fields fields{call.request};
  const bool acknowledged = fields.flag("acknowledged");
  const std::string feedback = fields.text("feedback", 32, before.feedback);
  const std::string comment = fields.text("comment", comment_bytes_max, before.comment);
  if (feedback != "" && feedback != "true_alarm" && feedback != "false_alarm") {
    fields.complain("member feedback: " + vedette::quoted(feedback) +
                    " is not \"\", true_alarm or false_alarm");
  }
  if (auto problem = fields.problem()) return std::move(*problem);
  AlertQuery members;
  members.incident = before.id;
  const auto alerts = service.parts.store.alerts(members);
  if (!alerts) return problem_of(alerts.error());
  const Status marked =
      service.parts.store.mark_incident(before.id, acknowledged, feedback, comment);
  if (!marked) return problem_of(marked.error());
  service.auth.audit(call.caller.user, "incident.acknowledge", call.argument);
  for (const Alert& alert : alerts->items) {
    const auto now = service.parts.store.alert(alert.id);
    if (now && *now) hear_feedback(service, alert, **now, call.caller.user);
  }
  const FoundIncident after = find_incident(service, call.argument);
  return after.incident ? incident_answer(*after.incident) : after.problem;
}

HttpResponse get_exclusions(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const auto all = service.parts.store.exclusions();
  if (!all) return problem_of(all.error());
  const Time now = service.parts.clock.now();
  return list_answer(*all, "", [now](std::string& out, const Exclusion& one) {
    out += exclusion_json(one, now).dump(-1, ' ', false, Json::error_handler_t::replace);
  });
}

HttpResponse post_exclusion(ApiState& service, const Call& call) {
  Fields fields{call.request};
  Exclusion one = take_exclusion(fields);
  one.reason = fields.text("reason", reason_bytes_max);
  one.created = service.parts.clock.now();
  one.created_by = call.caller.user;
  if (one.reason.empty()) fields.complain("member reason: an exclusion says why");
  if (one.expires && *one.expires <= one.created) {
    fields.complain("member expires: it is not in the future");
  }
  if (auto problem = fields.problem()) return std::move(*problem);
  const std::scoped_lock lock{service.exclusions_mutex};
  const auto id = service.parts.store.put_exclusion(one);
  if (!id) {
    return id.error().code == Errc::too_large ? http_problem(409, id.error().message)
                                              : problem_of(id.error());
  }
  one.id = *id;
  if (Status done = follow(service); !done) return problem_of(done.error());
  service.auth.audit(call.caller.user, "exclusion.create", std::to_string(*id));
  return json_answer(exclusion_json(one, one.created), 201);
}

HttpResponse delete_exclusion(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const auto id = parse_integer<std::uint64_t>(call.argument);
  if (!id || *id > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return http_problem(400, "id " + vedette::quoted(call.argument) + " is no exclusion id");
  }
  const std::scoped_lock lock{service.exclusions_mutex};
  if (Status done = service.parts.store.drop_exclusion(*id); !done) return problem_of(done.error());
  if (Status done = follow(service); !done) return problem_of(done.error());
  service.auth.audit(call.caller.user, "exclusion.delete", call.argument);
  return nothing_to_say();
}

}  // namespace vedette
