#include "fleet/fleet.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/expects.hpp"
#include "fleet/state.hpp"

namespace vedette {

using namespace simulator;

struct FleetHidden : Fleet {
  using Fleet::Fleet;
};

FleetSimulator::FleetSimulator(FleetPlan plan) {
  expects(check(plan).ok(), "a fleet is made of a plan that check() accepts");
  fleet_ = std::make_unique<FleetHidden>(std::move(plan));
}

FleetSimulator::~FleetSimulator() = default;
FleetSimulator::FleetSimulator(FleetSimulator&&) noexcept = default;
FleetSimulator& FleetSimulator::operator=(FleetSimulator&&) noexcept = default;

void FleetSimulator::next(Simulated& out) {
  clear(out);
  while (!fleet_->run(out)) {
  }
  out.record.seal();
}

std::vector<std::string> FleetSimulator::devices() const {
  std::vector<std::string> names;
  names.reserve(fleet_->devices.size());
  for (const Device& device : fleet_->devices) names.push_back(device.name);
  return names;
}

Time FleetSimulator::now() const {
  return std::max(fleet_->now, fleet_->options.start);
}

std::vector<Episode> FleetSimulator::episodes() const {
  std::vector<Episode> found;
  for (const Place& place : fleet_->places) {
    if (fleet_->running(place)) found.push_back(fleet_->describe(place));
  }
  return found;
}

Result<std::uint32_t> FleetSimulator::start_episode(std::string_view device, std::string_view kind,
                                                    Duration length, double intensity) {
  return fleet_->start(device, kind, length, intensity);
}

std::size_t FleetSimulator::stop_episodes(std::string_view device) {
  return fleet_->stop(device);
}

}  // namespace vedette
