#include "api/routes.hpp"

#include <array>
#include <optional>

namespace vedette {

namespace {

// clang-format off
constexpr std::array table{
    Route{"GET",    "/api/v1/health",               Access::open,   &get_health},
    Route{"POST",   "/api/v1/login",                Access::open,   &post_login},
    Route{"POST",   "/api/v1/logout",               Access::viewer, &post_logout},
    Route{"GET",    "/api/v1/me",                   Access::viewer, &get_me},

    Route{"GET",    "/api/v1/status",               Access::viewer, &get_status},
    Route{"GET",    "/api/v1/timeline",             Access::viewer, &get_timeline},
    Route{"GET",    "/api/v1/rollups",              Access::viewer, &get_roll_ups},
    Route{"GET",    "/api/v1/stream",               Access::viewer, &get_stream},
    Route{"GET",    "/metrics",                     Access::viewer, &get_metrics},
    Route{"GET",    "/api/v1/openapi.json",         Access::viewer, &get_contract},

    Route{"GET",    "/api/v1/devices",              Access::viewer, &get_devices},
    Route{"GET",    "/api/v1/devices/{device}",     Access::viewer, &get_device},
    Route{"GET",    "/api/v1/verdicts",             Access::viewer, &get_verdicts},
    Route{"GET",    "/api/v1/verdicts/{id}",        Access::viewer, &get_verdict},
    Route{"GET",    "/api/v1/records",              Access::viewer, &get_records},
    Route{"GET",    "/api/v1/records/{id}",         Access::viewer, &get_record},
    Route{"GET",    "/api/v1/alerts",               Access::viewer, &get_alerts},
    Route{"GET",    "/api/v1/alerts/{id}",          Access::viewer, &get_alert},
    Route{"POST",   "/api/v1/alerts/{id}",          Access::admin,  &post_alert},
    Route{"GET",    "/api/v1/incidents",            Access::viewer, &get_incidents},
    Route{"GET",    "/api/v1/incidents/{id}",       Access::viewer, &get_incident},
    Route{"POST",   "/api/v1/incidents/{id}",       Access::admin,  &post_incident},
    Route{"GET",    "/api/v1/exclusions",           Access::viewer, &get_exclusions},
    Route{"POST",   "/api/v1/exclusions",           Access::admin,  &post_exclusion},
    Route{"DELETE", "/api/v1/exclusions/{id}",      Access::admin,  &delete_exclusion},
    Route{"POST",   "/api/v1/preview",              Access::viewer, &post_preview},
    Route{"GET",    "/api/v1/quarantine",           Access::viewer, &get_quarantine},

    Route{"GET",    "/api/v1/models",               Access::viewer, &get_models},
    Route{"POST",   "/api/v1/models",               Access::admin,  &post_model},
    Route{"POST",   "/api/v1/models/{id}/activate", Access::admin,  &activate_model},

    Route{"GET",    "/api/v1/threshold",            Access::viewer, &get_threshold},
    Route{"PUT",    "/api/v1/threshold",            Access::admin,  &put_threshold},

    Route{"GET",    "/api/v1/scoreboard",           Access::viewer, &get_scoreboard},
    Route{"POST",   "/api/v1/scoreboard/reset",     Access::admin,  &reset_scoreboard},
    Route{"GET",    "/api/v1/simulation",           Access::viewer, &get_simulation},
    Route{"POST",   "/api/v1/simulation/episodes",  Access::admin,  &start_episode},
    Route{"DELETE", "/api/v1/simulation/episodes",  Access::admin,  &stop_episodes},

    Route{"GET",    "/api/v1/users",                Access::admin,  &get_users},
    Route{"POST",   "/api/v1/users",                Access::admin,  &post_user},
    Route{"DELETE", "/api/v1/users/{name}",         Access::admin,  &delete_user},
    Route{"GET",    "/api/v1/tokens",               Access::viewer, &get_tokens},
    Route{"POST",   "/api/v1/tokens",               Access::viewer, &post_token},
    Route{"DELETE", "/api/v1/tokens/{name}",        Access::viewer, &delete_token},
    Route{"GET",    "/api/v1/audit",                Access::admin,  &get_audit},
};
// clang-format on

/// The argument ("" when the pattern has none), or nothing when the path does not match. An
/// argument at the end may hold slashes: a device's name is what its owner says it is.
std::optional<std::string_view> argument_of(std::string_view pattern, std::string_view path) {
  const std::size_t open = pattern.find('{');
  if (open == std::string_view::npos) {
    if (path == pattern) return "";
    return {};
  }
  const std::string_view head = pattern.substr(0, open);
  const std::string_view tail = pattern.substr(pattern.find('}') + 1);
  if (path.size() <= head.size() + tail.size() || !path.starts_with(head) ||
      !path.ends_with(tail)) {
    return {};
  }
  return path.substr(head.size(), path.size() - head.size() - tail.size());
}

}  // namespace

std::span<const Route> routes() {
  return table;
}

RouteMatch match_route(std::string_view method, std::string_view path) {
  RouteMatch match;
  for (const Route& route : table) {
    const auto argument = argument_of(route.path, path);
    if (!argument) continue;
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += route.method;
    if (route.method != method || match.route != nullptr) continue;
    match.route = &route;
    match.argument = *argument;
  }
  return match;
}

}  // namespace vedette
