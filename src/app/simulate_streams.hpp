/// Where `vedette simulate` takes records from: a fleet, or captures interleaved by time.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "app/simulate_command.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace vedette {

/// Not thread-safe.
class SimulateStream {
 public:
  virtual ~SimulateStream() = default;
  /// The next record, or null at the end or when `stop` is asked for. It is the caller's to change
  /// and valid until the next call.
  virtual Result<Simulated*> next(SimulateReport& report, const std::stop_token& stop) = 0;
  /// Called now and then while the next record is waited for.
  virtual void idle() {}
  /// The devices it will speak of; empty when nobody knows beforehand.
  virtual std::vector<std::string> devices() const { return {}; }
  /// The event time at which it begins.
  virtual Time start() const = 0;
};

/// REQUIRES: options.fleet.start is said. @return what opening the captures returns: all are opened
/// and looked into before anything is sent.
Result<std::unique_ptr<SimulateStream>> open_stream(const SimulateOptions& options,
                                                    const Clock& clock,
                                                    const std::stop_token& stop);

}  // namespace vedette
