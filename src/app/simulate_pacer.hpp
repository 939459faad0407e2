/// When `vedette simulate` lets the next record go: by a token bucket, by the record's own time, or
/// at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/clock.hpp"

namespace vedette {

/// Belongs to one thread.
class Pacer {
 public:
  using Steady = std::chrono::steady_clock;
  /// Does what is due while a record is waited for; at most `idle_every` passes between two calls.
  using Idle = std::function<void()>;
  static constexpr std::chrono::milliseconds idle_every{50};

  static Pacer free() { return Pacer{}; }
  /// `rate` messages a second, never ahead; up to a second can be caught up after a hiccup of the
  /// machine or the broker. Kept within 2 % over two seconds (simulate_command_test).
  static Pacer by_rate(double rate);
  /// `speed` seconds of event time a second, from `start` on. REQUIRES: speed > 0.
  static Pacer by_time(Time start, double speed);

  /// Returns when the record may go, or when `stop` is asked for.
  void wait(Time due, const std::stop_token& stop, const Idle& idle);

 private:
  Pacer() = default;
  struct Sleeper {
    std::mutex mutex;
    std::condition_variable_any changed;
  };
  void refill();
  void sleep_until(Steady::time_point due, const std::stop_token& stop, const Idle& idle);

  double rate_ = 0;
  std::optional<Time> start_;
  double speed_ = 1;
  Steady::time_point begun_ = Steady::now();
  double tokens_ = 0;
  Steady::time_point refilled_ = begun_;
  Steady::time_point idled_ = begun_;
  std::unique_ptr<Sleeper> sleeper_ = std::make_unique<Sleeper>();
};

}  // namespace vedette
