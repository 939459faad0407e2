/// AssetShelf: the dashboard's files with their caching headers.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "api/api.hpp"

namespace vedette {

/// Immutable, thread-safe.
class AssetShelf {
 public:
  explicit AssetShelf(std::span<const Asset> assets);
  /// Unknown paths are pages of the dashboard, which finds its way in the browser: index.html. Only
  /// below /assets/ a missing file is 404 (an old page asking for a bundle that is gone).
  HttpResponse serve(const HttpRequest& request) const;

 private:
  struct Shelved {
    Asset asset;
    std::string etag;
  };
  std::map<std::string_view, Shelved> assets_;
};

}  // namespace vedette
