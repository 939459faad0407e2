/// The table of routes: which path, who may, which handler. openapi.json says the same in full; a
/// test holds the two together.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/state.hpp"

namespace vedette {

enum class Access {
  open,    ///< anybody
  viewer,  ///< every user
  admin,
};

struct Route {
  std::string_view method;
  std::string_view path;  ///< "/api/v1/alerts/{id}"; at most one {…}
  Access access;
  RouteHandler handler;
};

std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;  ///< nullptr: nothing has this path with this method
  std::string argument;
  std::string allowed;  ///< the methods this path has ("GET, POST"), "" for an unknown path
};
RouteMatch match_route(std::string_view method, std::string_view path);

}  // namespace vedette
