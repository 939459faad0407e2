/// Service: what `vedette serve` is made of, put together.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "alarm/exclusions.hpp"
#include "api/api.hpp"
#include "app/config.hpp"
#include "app/truth_channel.hpp"
#include "base/clock.hpp"
#include "net/net.hpp"
#include "pipeline/pipeline.hpp"
#include "store/store.hpp"

namespace vedette {

/// Made by start(), then run() on one thread until it is told to stop.
class Service {
 public:
  /// Opens the store, loads the models and listens for HTTP; does not need the broker yet.
  /// @return what any of those refused, naming the file, line or port.
  /// `fleet` runs beside the service and outlives it; null: none.
  static Result<std::unique_ptr<Service>> start(const Config& config, const Clock& clock,
                                                FleetControl* fleet = nullptr);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Walks the line until `stop`. @return an error when the broker refuses for good.
  Status run(std::stop_token stop);
  /// "http://127.0.0.1:8080"
  std::string url() const;
  Store& store() { return *store_; }
  const Counters& counters() const { return pipeline_->counters(); }

 private:
  Service(const Config& config, const Clock& clock, FleetControl* fleet);
  Status open_parts();
  Status open_scoreboard();
  Status open_line();
  Status open_http();

  Config config_;
  const Clock& clock_;
  FleetControl* fleet_;
  // In the order they depend on each other; the destructor goes the other way round.
  std::unique_ptr<Store> store_;
  EventHub hub_;
  std::unique_ptr<MqttPublisher> publisher_;  ///< alerts and status; null when switched off
  std::unique_ptr<Scoreboard> scoreboard_;    ///< null when nobody tells the truth
  std::unique_ptr<TruthChannel> truth_;
  Exclusions exclusions_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<HttpServer> http_;
};

/// Adds user "admin" with a random password and returns it, when the store has no user yet; else
/// "".
Result<std::string> ensure_admin(Store& store, const Clock& clock);
/// Twenty letters and digits from the system's entropy: 116 bits.
std::string random_password();
/// Fills with bytes from getrandom(2).
void system_entropy(std::span<std::byte> bytes);

}  // namespace vedette
