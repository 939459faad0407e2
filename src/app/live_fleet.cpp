#include "app/live_fleet.hpp"

#include <fmt/format.h>

namespace vedette {

namespace {

FleetSnapshot look_at(const FleetSimulator& fleet) {
  FleetSnapshot look;
  look.now = fleet.now();
  look.devices = fleet.devices();
  for (const EpisodeKind& kind : episode_kinds()) {
    look.kinds.push_back(
        {std::string{kind.name}, std::string{kind.label}, kind.fault, std::string{kind.meaning}});
  }
  for (Episode& one : fleet.episodes()) {
    look.episodes.push_back({one.number, std::move(one.device), std::move(one.kind),
                             std::move(one.label), one.begins, one.ends, one.intensity});
  }
  return look;
}

}  // namespace

Status LiveFleet::ask(Deed deed) {
  Request request{std::move(deed)};
  std::unique_lock lock{mutex_};
  if (waiting_.size() >= requests_max) {
    return Error{Errc::unavailable,
                 fmt::format("{} requests wait for the simulated fleet already", requests_max)};
  }
  waiting_.push_back(&request);
  asked_.store(true, std::memory_order_relaxed);
  if (answered_.wait_for(lock, patience_, [&] { return request.done; })) return {};
  std::erase(waiting_, &request);
  return Error{Errc::unavailable,
               fmt::format("the simulated fleet did not answer within {} ms", patience_.count())};
}

void LiveFleet::answer(FleetSimulator& fleet) {
  {
    const std::lock_guard lock{mutex_};
    asked_.store(false, std::memory_order_relaxed);
    for (Request* const request : waiting_) {
      request->deed(fleet);
      request->done = true;
    }
    waiting_.clear();
  }
  answered_.notify_all();
}

Result<FleetSnapshot> LiveFleet::snapshot() {
  {
    const std::lock_guard lock{mutex_};
    if (seen_ && Steady::now() - seen_at_ < snapshot_life) return *seen_;
  }
  const Status asked = ask([this](const FleetSimulator& fleet) {
    seen_ = look_at(fleet);
    seen_at_ = Steady::now();
  });
  const std::lock_guard lock{mutex_};
  if (seen_) return *seen_;
  return asked.error();
}

Result<std::uint32_t> LiveFleet::start(const FleetOrder& order) {
  Result<std::uint32_t> number{0U};
  const Status asked = ask([&](FleetSimulator& fleet) {
    number = fleet.start_episode(order.device, order.kind, order.length, order.intensity);
    seen_at_ = {};
  });
  if (!asked) return asked.error();
  return number;
}

Result<std::size_t> LiveFleet::stop(std::string_view device) {
  std::size_t stopped = 0;
  const Status asked = ask([&](FleetSimulator& fleet) {
    stopped = fleet.stop_episodes(device);
    seen_at_ = {};
  });
  if (!asked) return asked.error();
  return stopped;
}

}  // namespace vedette
