/// The face of api/: what others can ask. openapi.json beside this file is the contract.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/model.hpp"
#include "net/net.hpp"
#include "pipeline/pipeline.hpp"
#include "store/store.hpp"

namespace vedette {

class Exclusions;
class Scoreboard;
class FleetControl;

/// What a user may ask of alarms.
constexpr double alerts_per_day_max = 1e6;
constexpr double false_positive_rate_max = 0.1;

/// A file of the dashboard, embedded in the program.
struct Asset {
  std::string_view path;  ///< "/index.html", "/assets/index-3f2a.js"
  std::string_view content_type;
  std::string_view bytes;
};

/// Everything the API reads from and acts on; all of it outlives the Api.
struct ApiParts {
  Store& store;
  Pipeline& pipeline;
  EventHub& hub;
  const Clock& clock;
  std::span<const ModelKind> kinds;
  std::filesystem::path model_folder;  ///< *.vdm here are listed, uploads land here
  std::span<const Asset> assets;
  /// Fills with cryptographically strong bytes.
  std::function<void(std::span<std::byte>)> entropy;
  std::string version;
  Scoreboard* scoreboard = nullptr;  ///< null: nobody tells the truth
  Exclusions* exclusions = nullptr;  ///< what the line marks by; null: the store alone keeps them
  FleetControl* fleet = nullptr;     ///< null: no fleet runs beside the service
  AlarmTarget alarm_target{};        ///< of the configuration; a user may set another
};

/// handle() runs on several threads at once; tick() on one, once a second.
class Api {
 public:
  explicit Api(ApiParts parts);
  ~Api();
  HttpResponse handle(const HttpRequest& request);
  /// For HttpServer: only an administrator's model upload may have a body above 64 KiB.
  std::size_t body_limit(const HttpRequest& request);
  /// Samples the counters for the timeline and sends the "tick" event.
  void tick();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Adds or replaces a user with a password (argon2id, interactive limits: about 0.15 s, 64 MiB).
/// Sessions of a user that was there before end.
/// @return out_of_range for a name (1..64 letters, digits, "._@-"), password (8..256 bytes) or role
/// ("admin", "viewer") outside the bounds; unavailable without 64 MiB; what the store returns.
Status put_user_with_password(Store& store, const Clock& clock, std::string_view name,
                              std::string_view password, std::string_view role);
/// Makes an API token and gives its secret, which is stored only as a hash.
/// @return not_found (user), out_of_range (name, lifetime of 1 h..10 years), busy (the name is
/// taken or the user has 32 tokens already); what the store returns.
Result<std::string> make_api_token(Store& store, const Clock& clock,
                                   const std::function<void(std::span<std::byte>)>& entropy,
                                   std::string_view user, std::string_view name,
                                   std::chrono::hours lifetime);

}  // namespace vedette
