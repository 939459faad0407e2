/// LiveFleet: a fleet under way that other threads ask for things. The simulator belongs to the
/// thread that simulates; requests wait in a mailbox until that thread looks into it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "api/fleet_control.hpp"
#include "fleet/fleet.hpp"

namespace vedette {

class LiveFleet final : public FleetControl {
 public:
  /// A request that nobody took up within `patience` is withdrawn: it will not happen later.
  explicit LiveFleet(std::chrono::milliseconds patience = std::chrono::seconds{2})
      : patience_(patience) {}

  /// For the simulating thread, before each record: does what was asked. One relaxed look at an
  /// atomic when nothing was.
  void serve(FleetSimulator& fleet) {
    if (asked_.load(std::memory_order_relaxed)) answer(fleet);
  }

  // From any thread. At most `requests_max` wait; beyond that, and out of patience: unavailable.
  Result<FleetSnapshot> snapshot() override;
  Result<std::uint32_t> start(const FleetOrder& order) override;
  Result<std::size_t> stop(std::string_view device) override;

  static constexpr std::size_t requests_max = 16;
  /// A snapshot younger than this is given again, so that many viewers cost as much as one; an
  /// older one too when the fleet speaks so rarely that it does not answer in time.
  static constexpr std::chrono::milliseconds snapshot_life{200};

 private:
  using Steady = std::chrono::steady_clock;
  using Deed = std::function<void(FleetSimulator&)>;
  struct Request {
    Deed deed;
    bool done = false;
  };

  Status ask(Deed deed);
  void answer(FleetSimulator& fleet);

  const std::chrono::milliseconds patience_;
  std::atomic<bool> asked_{false};
  std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<Request*> waiting_;  ///< each on the stack of the thread that asks
  std::optional<FleetSnapshot> seen_;
  Steady::time_point seen_at_{};  ///< the clock's epoch: things changed since
};

}  // namespace vedette
