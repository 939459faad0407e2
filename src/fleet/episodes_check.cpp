/// Whether a plan's episodes can be: their kinds, their devices, their times.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "fleet/plan_check.hpp"
#include "fleet/state.hpp"

namespace vedette::simulator {

namespace {

constexpr Duration year = std::chrono::hours{366 * 24};

/// The devices of one name, over all groups of that name.
struct Roll {
  std::string name{};
  std::uint64_t count = 0;
  bool sensors = false;  ///< at least one of them measures something
};

std::vector<Roll> roll_of(const FleetPlan& plan) {
  std::vector<Roll> rolls;
  for (const Group& group : groups_of(plan)) {
    auto at = std::find_if(rolls.begin(), rolls.end(),
                           [&](const Roll& roll) { return roll.name == name_of(group); });
    if (at == rolls.end()) at = rolls.insert(rolls.end(), Roll{std::string{name_of(group)}});
    at->count += group.count;
    at->sensors = at->sensors || !find_profile(plan, group.profile)->sensors.empty();
  }
  return rolls;
}

/// Whether it is one of the names <roll.name>-01 to <roll.name>-<count>, as the fleet writes them.
bool is_device_of(std::string_view device, const Roll& roll) {
  if (!device.starts_with(roll.name)) return false;
  device.remove_prefix(roll.name.size());
  if (!device.starts_with('-')) return false;
  device.remove_prefix(1);
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(device.data(), device.data() + device.size(), number);
  if (failed != std::errc{} || end != device.data() + device.size()) return false;
  const std::size_t digits = std::max<std::size_t>(2, std::to_string(roll.count).size());
  return device.size() == digits && number >= 1 && number <= roll.count;
}

Status check_devices(const EpisodePlan& episode, bool fault, const std::vector<Roll>& rolls) {
  std::uint64_t there = 0;
  bool sensors = false;
  for (const Roll& roll : rolls) {
    const bool one = is_device_of(episode.device, roll);
    if (!one && !episode.device.empty() && roll.name != episode.device) continue;
    there += one ? 1 : roll.count;
    sensors = sensors || roll.sensors;
  }
  if (there == 0) {
    std::vector<std::string_view> names;
    for (const Roll& roll : rolls) names.push_back(roll.name);
    return Error{Errc::not_found,
                 fmt::format("no device and no group is called \"{}\"; the groups are {}",
                             episode.device, listed(names))};
  }
  if (fault && !sensors) {
    return Error{Errc::mismatch,
                 fmt::format("a fault of sensors, and {} has none",
                             episode.device.empty() ? "the fleet" : episode.device)};
  }
  if (episode.devices > there) {
    return Error{Errc::mismatch,
                 fmt::format("{} devices take part, but {} has {}", episode.devices,
                             episode.device.empty() ? "the fleet" : episode.device, there)};
  }
  return {};
}

Status check_numbers(const EpisodePlan& episode) {
  const auto refused = [](std::string text) { return Error{Errc::out_of_range, std::move(text)}; };
  const auto seconds = [](Duration d) { return static_cast<double>(d.count()) / 1e6; };
  if (episode.devices < 1 || episode.devices > FleetSimulator::episodes_max) {
    return refused(fmt::format("1 to {} devices take part, not {}", FleetSimulator::episodes_max,
                               episode.devices));
  }
  if (episode.at.count() < 0 || episode.at > year) {
    return refused(
        fmt::format("it begins 0 s to 366 days after the start, not at {} s", seconds(episode.at)));
  }
  if (episode.length.count() <= 0 || episode.length > year) {
    return refused(
        fmt::format("it lasts above 0 s and at most 366 days, not {} s", seconds(episode.length)));
  }
  if (!(episode.intensity > 0) || episode.intensity > 100) {
    return refused(
        fmt::format("its intensity is above 0 and at most 100, not {}", episode.intensity));
  }
  if (episode.every.count() < 0 || episode.every > year) {
    return refused(fmt::format("it begins again after 0 s (once) to 366 days, not {} s",
                               seconds(episode.every)));
  }
  if (episode.every.count() > 0 && episode.every <= episode.length) {
    return Error{Errc::mismatch, fmt::format("it lasts {} s and cannot begin again every {} s",
                                             seconds(episode.length), seconds(episode.every))};
  }
  return {};
}

Status check_episode(const EpisodePlan& episode, const std::vector<Roll>& rolls) {
  const std::optional<Kind> kind = kind_from(episode.kind);
  if (!kind) return unknown_kind(episode.kind);
  if (Status numbers = check_numbers(episode); !numbers.ok()) return numbers;
  return check_devices(episode, is_fault(*kind), rolls);
}

}  // namespace

Status check_episodes(const FleetPlan& plan) {
  for (const std::string& name : plan.kinds) {
    if (kinds_from(name).empty()) return unknown_kind(name);
  }
  if (plan.episodes.size() > FleetPlan::episodes_max) {
    return Error{Errc::out_of_range, fmt::format("a plan has at most {} episodes, not {}",
                                                 FleetPlan::episodes_max, plan.episodes.size())};
  }
  const std::vector<Roll> rolls = roll_of(plan);
  for (std::size_t i = 0; i < plan.episodes.size(); ++i) {
    const Status status = check_episode(plan.episodes[i], rolls);
    if (status.ok()) continue;
    return Error{status.error().code, fmt::format("episode {} ({}): {}", i + 1,
                                                  plan.episodes[i].kind, status.error().message)};
  }
  return {};
}

}  // namespace vedette::simulator
