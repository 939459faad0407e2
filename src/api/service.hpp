/// Service: what the handlers work with, and the handlers, one for each route.
#pragma once

#include <string>

#include "api/api.hpp"
#include "api/assets.hpp"
#include "api/auth.hpp"
#include "api/model_desk.hpp"
#include "api/timeline.hpp"
#include "sink/sink.hpp"

namespace vedette {

struct Service {
  explicit Service(ApiParts given)
      : parts(std::move(given)),
        auth(parts.store, parts.clock, parts.entropy),
        models(parts),
        shelf(parts.assets),
        started(parts.clock.now()) {}

  ApiParts parts;
  Auth auth;
  ModelDesk models;
  AssetShelf shelf;
  Timeline timeline;
  Time started;
};

/// One call of a route. `caller` is nobody for open routes.
struct Call {
  const HttpRequest& request;
  const Caller& caller;
  std::string argument;  ///< what stood in the place of {…}
};

using RouteHandler = HttpResponse (*)(Service&, const Call&);

// status_handlers.cpp
HttpResponse get_health(Service& service, const Call& call);
HttpResponse get_status(Service& service, const Call& call);
HttpResponse get_timeline(Service& service, const Call& call);
HttpResponse get_roll_ups(Service& service, const Call& call);
HttpResponse get_stream(Service& service, const Call& call);
HttpResponse get_metrics(Service& service, const Call& call);
HttpResponse get_contract(Service& service, const Call& call);
/// The data of a "tick" event.
std::string tick_json(Service& service);

// record_handlers.cpp
HttpResponse get_devices(Service& service, const Call& call);
HttpResponse get_device(Service& service, const Call& call);
HttpResponse get_verdicts(Service& service, const Call& call);
HttpResponse get_verdict(Service& service, const Call& call);
HttpResponse get_records(Service& service, const Call& call);
HttpResponse get_record(Service& service, const Call& call);
HttpResponse get_alerts(Service& service, const Call& call);
HttpResponse get_alert(Service& service, const Call& call);
HttpResponse post_alert(Service& service, const Call& call);
HttpResponse get_quarantine(Service& service, const Call& call);

// simulation_handlers.cpp
HttpResponse get_scoreboard(Service& service, const Call& call);
HttpResponse reset_scoreboard(Service& service, const Call& call);
HttpResponse get_simulation(Service& service, const Call& call);
HttpResponse start_episode(Service& service, const Call& call);
HttpResponse stop_episodes(Service& service, const Call& call);

// account_handlers.cpp
HttpResponse post_login(Service& service, const Call& call);
HttpResponse post_logout(Service& service, const Call& call);
HttpResponse get_me(Service& service, const Call& call);
HttpResponse get_users(Service& service, const Call& call);
HttpResponse post_user(Service& service, const Call& call);
HttpResponse delete_user(Service& service, const Call& call);
HttpResponse get_tokens(Service& service, const Call& call);
HttpResponse post_token(Service& service, const Call& call);
HttpResponse delete_token(Service& service, const Call& call);
HttpResponse get_audit(Service& service, const Call& call);

// model_handlers.cpp
HttpResponse get_models(Service& service, const Call& call);
HttpResponse post_model(Service& service, const Call& call);
HttpResponse activate_model(Service& service, const Call& call);

}  // namespace vedette
