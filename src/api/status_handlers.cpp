/// What the service itself is doing: health, status, timeline, roll-ups, live stream, metrics.
#include <algorithm>

#include "api/contract.hpp"
#include "api/json.hpp"
#include "api/metrics.hpp"
#include "api/parameters.hpp"
#include "api/state.hpp"

namespace vedette {

namespace {

constexpr std::chrono::minutes roll_up_range_max{10'080};

std::string_view health_of(const ApiState& service) {
  return service.parts.pipeline.counters().degraded ? "degraded" : "ok";
}

Json counters_json(const CountersSnapshot& counters) {
  return {{"received", counters.received},       {"verdicts", counters.verdicts},
          {"quarantined", counters.quarantined}, {"waiting", counters.waiting},
          {"duplicates", counters.duplicates},   {"anomalies", counters.anomalies},
          {"excluded", counters.excluded},       {"flows", counters.flows},
          {"readings", counters.readings},       {"sink_failures", counters.sink_failures}};
}

Json rates_json(const Rates& rates) {
  return {
      {"received", rates.received}, {"verdicts", rates.verdicts}, {"anomalies", rates.anomalies}};
}

Json store_json(const StoreCounts& counts) {
  return {{"flows", counts.flows},
          {"readings", counts.readings},
          {"anomalies", counts.anomalies},
          {"alerts", counts.alerts},
          {"incidents", counts.incidents},
          {"open_incidents", counts.open_incidents},
          {"quarantined", counts.quarantined},
          {"bytes", counts.bytes}};
}

Json active_models_json(const DetectorSet& set) {
  Json models = Json::object();
  for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
    const auto& detector = set.active[static_cast<std::size_t>(kind)];
    Json& model = models[std::string{name_of(kind)}];
    if (detector == nullptr) continue;
    model = {{"id", detector->file().id}, {"kind", detector->model().kind()}};
  }
  return models;
}

Json drifts_json(const std::array<DriftLook, record_kind_count>& drift) {
  return {{"flow", drift_json(drift[static_cast<std::size_t>(RecordKind::flow)])},
          {"reading", drift_json(drift[static_cast<std::size_t>(RecordKind::reading)])}};
}

}  // namespace

HttpResponse get_health(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  return json_answer({{"status", health_of(service)}, {"version", service.parts.version}});
}

HttpResponse get_status(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const ApiParts& parts = service.parts;
  const auto counts = parts.store.counts();
  if (!counts) return problem_of(counts.error());
  const Counters& counters = parts.pipeline.counters();
  return json_answer({
      {"version", parts.version},
      {"started", to_rfc3339(service.started)},
      {"now", to_rfc3339(parts.clock.now())},
      {"degraded", counters.degraded.load()},
      {"source",
       {{"description", parts.pipeline.describe_source()},
        {"connected", parts.pipeline.source_connected()}}},
      {"counters", counters_json(look_at(counters))},
      {"rates", rates_json(service.timeline.rates())},
      {"lag",
       {{"batch_micros", counters.last_batch_micros.load()},
        {"batch_size", counters.last_batch_size.load()}}},
      {"store", store_json(*counts)},
      {"models", active_models_json(*parts.pipeline.detectors())},
      {"thresholds", thresholds_json(service.thresholds)},
      {"memory", memory_json(parts.pipeline.memory())},
      {"drift", drifts_json(parts.pipeline.drift())},
      {"live", {{"subscribers", parts.hub.subscribers()}, {"dropped", parts.hub.dropped()}}},
  });
}

std::string tick_json(ApiState& service) {
  const ApiParts& parts = service.parts;
  const Counters& counters = parts.pipeline.counters();
  const Json tick = {{"time", to_rfc3339(parts.clock.now())},
                     {"counters", counters_json(look_at(counters))},
                     {"rates", rates_json(service.timeline.rates())},
                     {"connected", parts.pipeline.source_connected()},
                     {"degraded", counters.degraded.load()}};
  return tick.dump();
}

HttpResponse get_timeline(ApiState& service, const Call& call) {
  Parameters parameters{call.request};
  const auto seconds = parameters.integer("seconds", 1, Timeline::seconds_max, 600);
  if (auto problem = parameters.problem()) return std::move(*problem);
  Json points = Json::array();
  for (const TimelinePoint& point : service.timeline.points(seconds)) {
    points.push_back({{"time", to_rfc3339(point.time)},
                      {"received", point.received},
                      {"verdicts", point.verdicts},
                      {"anomalies", point.anomalies},
                      {"quarantined", point.quarantined}});
  }
  return json_answer({{"step_seconds", 1}, {"points", std::move(points)}});
}

HttpResponse get_roll_ups(ApiState& service, const Call& call) {
  Parameters parameters{call.request};
  const std::string device = parameters.text("device", Record::device_bytes_max);
  const Time to = parameters.time("to").value_or(service.parts.clock.now());
  const Time from = parameters.time("from").value_or(to - std::chrono::hours{1});
  if (from >= to) parameters.complain("parameter from: it is not before to");
  if (to - from > roll_up_range_max) {
    parameters.complain("parameter from: from and to are more than 10080 minutes apart");
  }
  if (auto problem = parameters.problem()) return std::move(*problem);
  const auto roll_ups = service.parts.store.roll_ups(device, from, to);
  if (!roll_ups) return problem_of(roll_ups.error());
  Json items = Json::array();
  for (const RollUp& minute : *roll_ups) {
    items.push_back({{"minute", to_rfc3339(minute.minute)},
                     {"flows", minute.flows},
                     {"readings", minute.readings},
                     {"anomalies", minute.anomalies},
                     {"score_max", json_number(minute.score_max)}});
  }
  return json_answer({{"items", std::move(items)}});
}

HttpResponse get_stream(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  HttpResponse response;
  response.events = service.parts.hub.subscribe();
  if (response.events == nullptr) {
    response = http_problem(503, "all places of the live stream are taken, try again later");
    response.headers.emplace_back("Retry-After", "10");
    return response;
  }
  // A page shows numbers at once instead of after the next second.
  response.body = "retry: 2000\n\nevent: tick\ndata: " + tick_json(service) + "\n\n";
  return response;
}

HttpResponse get_metrics(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const auto counts = service.parts.store.counts();
  if (!counts) return problem_of(counts.error());
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics_text(service.parts, *counts);
  return response;
}

HttpResponse get_contract(ApiState&, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  HttpResponse response;
  response.body = contract_json();
  return response;
}

}  // namespace vedette
