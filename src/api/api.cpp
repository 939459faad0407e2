/// One request walks: dashboard file or route → who calls → may they → handler.
#include "api/api.hpp"

#include "api/routes.hpp"
#include "api/state.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

constexpr std::size_t small_body_bytes_max = std::size_t{64} << 10U;

bool is_api_path(std::string_view path) {
  return path == "/metrics" || path == "/api" || path.starts_with("/api/");
}

HttpResponse unauthorized() {
  HttpResponse response =
      http_problem(401, "log in at /api/v1/login, or send an API token as a bearer token");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

HttpResponse no_such_route(const HttpRequest& request, const RouteMatch& match) {
  if (match.allowed.empty()) {
    return http_problem(404, "there is no " + vedette::quoted(request.path));
  }
  HttpResponse response =
      http_problem(405, vedette::quoted(request.path) + " takes " + match.allowed + ", not " +
                            vedette::quoted(request.method));
  response.headers.emplace_back("Allow", match.allowed);
  return response;
}

HttpResponse serve_asset(const AssetShelf& shelf, const HttpRequest& request) {
  if (request.method == "GET") return shelf.serve(request);
  HttpResponse response = http_problem(405, "files of the dashboard can only be read");
  response.headers.emplace_back("Allow", "GET");
  return response;
}

/// Answers about live state must not be answered from a cache.
HttpResponse uncached(HttpResponse response) {
  for (const auto& header : response.headers) {
    if (header.first == "Cache-Control") return response;
  }
  if (!response.events) response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

struct Api::Impl {
  explicit Impl(ApiParts parts) : service(std::move(parts)) {}

  HttpResponse call_route(const HttpRequest& request) {
    const RouteMatch match = match_route(request.method, request.path);
    if (match.route == nullptr) return no_such_route(request, match);
    if (match.route->access == Access::open) {
      if (auto foreign = foreign_origin(request)) return std::move(*foreign);
      return match.route->handler(service, {request, Caller{}, match.argument});
    }
    const auto caller = service.auth.identify(request);
    if (!caller) return problem_of(caller.error());
    if (!*caller) return unauthorized();
    if (match.route->access == Access::admin && !(*caller)->admin()) {
      return http_problem(403, "user " + vedette::quoted((*caller)->user) +
                                   " is a viewer; this needs an administrator");
    }
    if ((*caller)->by_cookie) {
      if (auto foreign = foreign_origin(request)) return std::move(*foreign);
    }
    return match.route->handler(service, {request, **caller, match.argument});
  }

  /// A notice for each new one.
  void tell_drift() {
    const auto drift = service.parts.pipeline.drift();
    for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
      const DriftLook& now = drift[static_cast<std::size_t>(kind)];
      std::uint64_t& told = drift_told[static_cast<std::size_t>(kind)];
      const bool news = now.notices > told;
      told = now.notices;
      if (!news || !service.parts.hub.has_subscribers()) continue;
      Json event = drift_json(now);
      event["record_kind"] = name_of(kind);
      service.parts.hub.publish("drift",
                                event.dump(-1, ' ', false, Json::error_handler_t::replace));
    }
  }

  ApiState service;
  std::array<std::uint64_t, record_kind_count> drift_told{};
};

Api::Api(ApiParts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Api::~Api() = default;

HttpResponse Api::handle(const HttpRequest& request) {
  if (!is_api_path(request.path)) return serve_asset(impl_->service.shelf, request);
  return uncached(impl_->call_route(request));
}

std::size_t Api::body_limit(const HttpRequest& request) {
  if (request.method == "POST" && request.path == "/api/v1/models") {
    const auto caller = impl_->service.auth.identify(request);
    if (caller && *caller && (*caller)->admin()) return model_file_bytes_max;
  }
  return small_body_bytes_max;
}

void Api::tick() {
  ApiState& service = impl_->service;
  service.thresholds.tick();
  impl_->tell_drift();
  service.timeline.sample(service.parts.clock.now(), look_at(service.parts.pipeline.counters()));
  if (service.parts.hub.has_subscribers()) {
    service.parts.hub.publish("tick", tick_json(service));
  }
}

}  // namespace vedette
