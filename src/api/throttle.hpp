/// Throttle: how often somebody may try a password.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace vedette {

/// Counts attempts per key (a peer's address, a user's name). An attempt is counted before the
/// password is looked at, so that many at once cannot slip past the bound. Thread-safe.
class Throttle {
 public:
  struct Options {
    unsigned attempts_max = 5;
    std::chrono::seconds window{300};
    std::size_t keys_max = 4096;  ///< beyond, the key with the oldest first attempt is forgotten
  };
  Throttle() : Throttle(Options{}) {}
  explicit Throttle(Options options) : options_(options) {}

  /// Counts one attempt, or says how long to wait.
  std::optional<std::chrono::seconds> attempt(const std::string& key, Time now);
  /// The attempt was none (no password was looked at) or it succeeded.
  void give_back(const std::string& key);
  /// The right password clears the name.
  void forget(const std::string& key);
  std::size_t keys() const;

 private:
  struct Entry {
    unsigned attempts = 0;
    Time since;
  };
  void make_room(Time now);

  Options options_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace vedette
