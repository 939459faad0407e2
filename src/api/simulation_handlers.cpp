/// The scoreboard, and the simulated fleet beside the service: what goes on, start, stop.
#include "api/fleet_control.hpp"
#include "api/json.hpp"
#include "api/parameters.hpp"
#include "api/state.hpp"

namespace vedette {

namespace {

constexpr std::size_t episodes_listed_max = 200;
constexpr std::size_t kind_bytes_max = 64;
constexpr double length_seconds_max = 366.0 * 86'400;
constexpr double intensity_max = 100;

/// null where the question does not arise.
Json ratio(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return nullptr;
  return static_cast<double>(part) / static_cast<double>(whole);
}

Json detector_json(const DetectorScore& one) {
  const std::uint64_t positives = one.true_positives + one.false_negatives;
  const std::uint64_t negatives = one.false_positives + one.true_negatives;
  return {{"model", one.model},
          {"records", positives + negatives},
          {"true_positives", one.true_positives},
          {"false_positives", one.false_positives},
          {"true_negatives", one.true_negatives},
          {"false_negatives", one.false_negatives},
          {"recall", ratio(one.true_positives, positives)},
          {"precision", ratio(one.true_positives, one.true_positives + one.false_positives)},
          {"false_positive_rate", ratio(one.false_positives, negatives)}};
}

Json cause_json(const CauseScore& one) {
  Json time{{"median_seconds", nullptr}, {"max_seconds", nullptr}};
  if (one.time_to_detect) {
    time = {{"median_seconds", one.time_to_detect->median_seconds},
            {"max_seconds", one.time_to_detect->max_seconds}};
  }
  return {{"cause", one.cause},
          {"label", one.label},
          {"fault", one.fault},
          {"detector", one.detector},
          {"records", one.records},
          {"flagged", one.flagged},
          {"named", one.named},
          {"recall", ratio(one.flagged, one.records)},
          {"precision", ratio(one.claimed_rightly, one.claimed)},
          {"episodes", one.episodes},
          {"episodes_detected", one.episodes_detected},
          {"time_to_detect", std::move(time)}};
}

Json episode_json(const EpisodeScore& one) {
  Json detectors = Json::array();
  for (const auto& [model, flagged] : one.detectors) {
    detectors.push_back({{"model", model}, {"flagged", flagged}});
  }
  Json seconds = nullptr;
  if (one.time_to_detect) seconds = static_cast<double>(one.time_to_detect->count()) / 1e6;
  return {{"number", one.number},
          {"device", one.device},
          {"cause", one.cause},
          {"label", one.label},
          {"begins", to_rfc3339(one.begins)},
          {"first_record", to_rfc3339(one.first_record)},
          {"last_record", to_rfc3339(one.last_record)},
          {"records", one.records},
          {"flagged", one.flagged},
          {"detectors", std::move(detectors)},
          {"time_to_detect_seconds", std::move(seconds)}};
}

template <class Items, class ToJson>
Json array_of(const Items& items, ToJson to_json) {
  Json array = Json::array();
  for (const auto& item : items) array.push_back(to_json(item));
  return array;
}

Json kind_json(const FleetKind& kind) {
  return {
      {"name", kind.name}, {"label", kind.label}, {"fault", kind.fault}, {"meaning", kind.meaning}};
}

Json running_json(const FleetEpisode& episode) {
  return {{"number", episode.number},
          {"device", episode.device},
          {"kind", episode.kind},
          {"label", episode.label},
          {"begins", to_rfc3339(episode.begins)},
          {"ends", to_rfc3339(episode.ends)},
          {"intensity", episode.intensity}};
}

HttpResponse no_fleet() {
  return http_problem(404, "this service runs no fleet");
}

HttpResponse fleet_problem(const Error& error) {
  // A device in an episode stays in it for a while: nothing that asking again at once would mend.
  if (error.code == Errc::busy) return http_problem(409, error.message);
  return problem_of(error);
}

}  // namespace

HttpResponse get_scoreboard(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  const Scoreboard* const scoreboard = service.parts.scoreboard;
  ScoreboardSnapshot look;
  look.since = service.started;
  if (scoreboard != nullptr) look = scoreboard->snapshot(episodes_listed_max);
  return json_answer({{"since", to_rfc3339(look.since)},
                      {"enabled", scoreboard != nullptr},
                      {"records",
                       {{"joined", look.joined},
                        {"waiting_truth", look.waiting_truth},
                        {"waiting_verdict", look.waiting_verdict},
                        {"dropped", look.dropped},
                        {"bad_lines", look.bad_lines}}},
                      {"detectors", array_of(look.detectors, detector_json)},
                      {"causes", array_of(look.causes, cause_json)},
                      {"episodes", array_of(look.episodes, episode_json)}});
}

HttpResponse reset_scoreboard(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  if (service.parts.scoreboard == nullptr) {
    return http_problem(404, "this service keeps no scoreboard: scoreboard.truth is not set");
  }
  service.parts.scoreboard->reset(service.parts.clock.now());
  service.auth.audit(call.caller.user, "scoreboard.reset", "");
  return nothing_to_say();
}

HttpResponse get_simulation(ApiState& service, const Call& call) {
  const Parameters none{call.request};
  if (auto problem = none.problem()) return std::move(*problem);
  if (service.parts.fleet == nullptr) return no_fleet();
  const auto fleet = service.parts.fleet->snapshot();
  if (!fleet) return fleet_problem(fleet.error());
  return json_answer({{"now", to_rfc3339(fleet->now)},
                      {"devices", fleet->devices},
                      {"kinds", array_of(fleet->kinds, kind_json)},
                      {"episodes", array_of(fleet->episodes, running_json)}});
}

HttpResponse start_episode(ApiState& service, const Call& call) {
  Fields fields{call.request};
  FleetOrder order;
  order.kind = fields.text("kind", kind_bytes_max);
  order.device = fields.text("device", Record::device_bytes_max, "");
  const double seconds = fields.number("length_seconds", 0.001, length_seconds_max);
  order.intensity = fields.number("intensity", 0.001, intensity_max, 1.0);
  if (auto problem = fields.problem()) return std::move(*problem);
  if (service.parts.fleet == nullptr) return no_fleet();
  order.length = Duration{static_cast<std::int64_t>(seconds * 1e6)};
  const auto number = service.parts.fleet->start(order);
  if (!number) return fleet_problem(number.error());
  service.auth.audit(call.caller.user, "episode.start",
                     order.device.empty() ? order.kind : order.kind + " " + order.device);
  return json_answer({{"number", *number}}, 201);
}

HttpResponse stop_episodes(ApiState& service, const Call& call) {
  Parameters parameters{call.request};
  const std::string device = parameters.text("device", Record::device_bytes_max);
  if (auto problem = parameters.problem()) return std::move(*problem);
  if (service.parts.fleet == nullptr) return no_fleet();
  const auto stopped = service.parts.fleet->stop(device);
  if (!stopped) return fleet_problem(stopped.error());
  service.auth.audit(call.caller.user, "episode.stop", device);
  return json_answer({{"stopped", *stopped}});
}

}  // namespace vedette
