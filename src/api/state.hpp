/// ApiState: what the handlers work with, and the handlers, one for each route.
#pragma once

#include <mutex>
#include <string>

#include "api/api.hpp"
#include "api/assets.hpp"
#include "api/auth.hpp"
#include "api/json.hpp"
#include "api/model_desk.hpp"
#include "api/threshold_desk.hpp"
#include "api/timeline.hpp"
#include "sink/sink.hpp"

namespace vedette {

struct ApiState {
  explicit ApiState(ApiParts given)
      : parts(std::move(given)),
        auth(parts.store, parts.clock, parts.entropy),
        thresholds(parts),
        models(parts, thresholds),
        shelf(parts.assets),
        started(parts.clock.now()) {}

  ApiParts parts;
  Auth auth;
  ThresholdDesk thresholds;
  ModelDesk models;
  AssetShelf shelf;
  Timeline timeline;
  Time started;
  std::mutex exclusions_mutex;  ///< held while the store's list and the line's set are changed
  std::mutex preview_mutex;     ///< one preview at a time: each keeps a core busy
};

/// One call of a route. `caller` is nobody for open routes.
struct Call {
  const HttpRequest& request;
  const Caller& caller;
  std::string argument;  ///< what stood in the place of {…}
};

using RouteHandler = HttpResponse (*)(ApiState&, const Call&);

// status_handlers.cpp
HttpResponse get_health(ApiState& service, const Call& call);
HttpResponse get_status(ApiState& service, const Call& call);
HttpResponse get_timeline(ApiState& service, const Call& call);
HttpResponse get_roll_ups(ApiState& service, const Call& call);
HttpResponse get_stream(ApiState& service, const Call& call);
HttpResponse get_metrics(ApiState& service, const Call& call);
HttpResponse get_contract(ApiState& service, const Call& call);
/// The data of a "tick" event.
std::string tick_json(ApiState& service);

// record_handlers.cpp
HttpResponse get_devices(ApiState& service, const Call& call);
HttpResponse get_device(ApiState& service, const Call& call);
HttpResponse get_verdicts(ApiState& service, const Call& call);
HttpResponse get_verdict(ApiState& service, const Call& call);
HttpResponse get_records(ApiState& service, const Call& call);
HttpResponse get_record(ApiState& service, const Call& call);
HttpResponse get_alerts(ApiState& service, const Call& call);
HttpResponse get_alert(ApiState& service, const Call& call);
HttpResponse post_alert(ApiState& service, const Call& call);
HttpResponse get_quarantine(ApiState& service, const Call& call);

// alarm_handlers.cpp
HttpResponse get_incidents(ApiState& service, const Call& call);
HttpResponse get_incident(ApiState& service, const Call& call);
HttpResponse post_incident(ApiState& service, const Call& call);
HttpResponse get_exclusions(ApiState& service, const Call& call);
HttpResponse post_exclusion(ApiState& service, const Call& call);
HttpResponse delete_exclusion(ApiState& service, const Call& call);

// preview_handlers.cpp
HttpResponse post_preview(ApiState& service, const Call& call);

// simulation_handlers.cpp
HttpResponse get_scoreboard(ApiState& service, const Call& call);
HttpResponse reset_scoreboard(ApiState& service, const Call& call);
HttpResponse get_simulation(ApiState& service, const Call& call);
HttpResponse start_episode(ApiState& service, const Call& call);
HttpResponse stop_episodes(ApiState& service, const Call& call);

// account_handlers.cpp
HttpResponse post_login(ApiState& service, const Call& call);
HttpResponse post_logout(ApiState& service, const Call& call);
HttpResponse get_me(ApiState& service, const Call& call);
HttpResponse get_users(ApiState& service, const Call& call);
HttpResponse post_user(ApiState& service, const Call& call);
HttpResponse delete_user(ApiState& service, const Call& call);
HttpResponse get_tokens(ApiState& service, const Call& call);
HttpResponse post_token(ApiState& service, const Call& call);
HttpResponse delete_token(ApiState& service, const Call& call);
HttpResponse get_audit(ApiState& service, const Call& call);

// threshold_handlers.cpp
HttpResponse get_threshold(ApiState& service, const Call& call);
HttpResponse put_threshold(ApiState& service, const Call& call);
Json thresholds_json(const ThresholdDesk& desk);
/// Null when no model judges.
Json working_json(const ThresholdState& state);
Json memory_json(const MemoryLook& memory);
/// Null before the first record.
Json drift_json(const DriftLook& drift);
/// A user's word on an alert may raise or lower a threshold; both are audited.
void hear_feedback(ApiState& service, const Alert& before, const Alert& after,
                   const std::string& user);

// model_handlers.cpp
HttpResponse get_models(ApiState& service, const Call& call);
HttpResponse post_model(ApiState& service, const Call& call);
HttpResponse activate_model(ApiState& service, const Call& call);

}  // namespace vedette
