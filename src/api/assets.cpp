#include "api/assets.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace vedette {

AssetShelf::AssetShelf(std::span<const Asset> assets) {
  for (const Asset& asset : assets) {
    assets_[asset.path] = {asset, fmt::format("\"{:016x}\"", hash64(asset.bytes))};
  }
}

HttpResponse AssetShelf::serve(const HttpRequest& request) const {
  const bool bundled = request.path.starts_with("/assets/");
  auto found = assets_.find(std::string_view{request.path});
  if (found == assets_.end() && !bundled) found = assets_.find("/index.html");
  if (found == assets_.end()) {
    return http_problem(404, bundled ? "there is no file " + vedette::quoted(request.path)
                                     : "this build carries no dashboard; the API is at /api/v1");
  }
  const auto& [asset, etag] = found->second;
  HttpResponse response;
  response.headers.emplace_back("ETag", etag);
  // Bundles carry a hash in their name, so the same name is the same file for ever.
  response.headers.emplace_back("Cache-Control",
                                bundled ? "public, max-age=31536000, immutable" : "no-cache");
  if (request.header("if-none-match").value_or("").find(etag) != std::string_view::npos) {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  response.content_type = asset.content_type;
  response.body = asset.bytes;
  return response;
}

}  // namespace vedette
