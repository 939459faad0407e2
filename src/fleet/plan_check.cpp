/// Whether profiles and groups fit together. Errors name the item: profile "x", sensor "y": …
#include "fleet/plan_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.hpp"
#include "fleet/rhythm.hpp"
#include "record/record.hpp"

namespace vedette::simulator {

namespace {

/// Faster than a microsecond's step of time could hold them apart for all devices.
constexpr double flows_per_second_max = 100'000;

Error wrong(Errc code, std::string_view item, std::string_view what) {
  return Error{code, fmt::format("{}: {}", item, what)};
}

std::string short_number(double value) {
  return fmt::format("{:g}", value);
}

/// The numbers and durations of `all` against the bounds that fields<S>() states.
template <class S>
Status check_numbers(const S& all, std::string_view item) {
  for (const Field<S>& field : fields<S>()) {
    double value = field.low;
    if (const auto* number = std::get_if<double S::*>(&field.member)) {
      value = all.**number;
    } else if (const auto* whole = std::get_if<std::uint64_t S::*>(&field.member)) {
      value = static_cast<double>(all.**whole);
    } else if (const auto* duration = std::get_if<Duration S::*>(&field.member)) {
      value = static_cast<double>((all.**duration).count()) / 1e6;
    } else {
      continue;
    }
    if (value >= field.low && value <= field.high) continue;
    const bool time = std::holds_alternative<Duration S::*>(field.member);
    return wrong(Errc::out_of_range, item,
                 fmt::format("{} is {}{}, not {}", field.name,
                             fmt::format("{:g} to {:g}", field.low, field.high), time ? " s" : "",
                             short_number(value)));
  }
  return {};
}

template <class Names>
std::string names_of(const Names& all) {
  std::vector<std::string_view> names;
  for (const auto& one : all) names.push_back(one.name);
  return listed(names);
}

template <class Names>
bool has_name(const Names& all, std::string_view name) {
  return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
}

Status check_rhythm(std::string_view rhythm, std::string_view item) {
  if (has_name(rhythms(), rhythm)) return {};
  return wrong(Errc::not_found, item,
               fmt::format("no rhythm is called {}; there are {}", vedette::quoted(rhythm),
                           names_of(rhythms())));
}

Status check_habits(const Profile& profile, std::string_view item) {
  if (profile.habits.size() > Profile::habits_max) {
    return wrong(Errc::out_of_range, item,
                 fmt::format("{} habits are too many, at most {}", profile.habits.size(),
                             Profile::habits_max));
  }
  for (const Habit& habit : profile.habits) {
    const std::string of = fmt::format("{}, habit {}", item, vedette::quoted(habit.task));
    if (!has_name(flow_tasks(), habit.task)) {
      return wrong(Errc::not_found, of,
                   fmt::format("no such task; there are {}", names_of(flow_tasks())));
    }
    if (Status rhythm = check_rhythm(habit.rhythm, of); !rhythm) return rhythm;
    if (Status numbers = check_numbers(habit, of); !numbers) return numbers;
  }
  return {};
}

/// Names that mean something else in a message.
bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 5> reserved{"timestamp", "device", "label",
                                                     "detailed_label", "detailed-label"};
  return name.starts_with("id.") ||
         std::find(reserved.begin(), reserved.end(), name) != reserved.end();
}

Status check_sensor(const Sensor& sensor, std::span<const Sensor> earlier, std::string_view item) {
  if (!is_device_name(sensor.name) || sensor.name.size() > Reading::name_bytes_max) {
    return wrong(Errc::malformed, item,
                 fmt::format("a sensor's name is 1 to {} letters, digits, -, _ and .",
                             Reading::name_bytes_max));
  }
  if (is_reserved(sensor.name)) {
    return wrong(Errc::malformed, item, "this name means something else in a message");
  }
  if (has_name(earlier, sensor.name)) return wrong(Errc::malformed, item, "is there twice");
  if (Status numbers = check_numbers(sensor, item); !numbers) return numbers;
  if (sensor.low >= sensor.high) {
    return wrong(Errc::out_of_range, item,
                 fmt::format("low ({:g}) is not below high ({:g})", sensor.low, sensor.high));
  }
  if (sensor.step > sensor.high - sensor.low) {
    return wrong(Errc::out_of_range, item,
                 fmt::format("step ({:g}) is larger than high - low ({:g})", sensor.step,
                             sensor.high - sensor.low));
  }
  if (!sensor.follows.empty() && !has_name(earlier, sensor.follows)) {
    return wrong(Errc::not_found, item,
                 fmt::format("follows {}, which is no earlier sensor of the profile",
                             vedette::quoted(sensor.follows)));
  }
  return {};
}

Status check_profile(const Profile& profile, std::string_view item) {
  if (!is_device_name(profile.name)) {
    return wrong(Errc::malformed, item, "a profile's name is 1 to 100 letters, digits, -, _ and .");
  }
  if (Status numbers = check_numbers(profile, item); !numbers) return numbers;
  if (Status rhythm = check_rhythm(profile.active_rhythm, item); !rhythm) return rhythm;
  if (Status habits = check_habits(profile, item); !habits) return habits;
  if (profile.sensors.size() > Profile::sensors_max) {
    return wrong(Errc::out_of_range, item,
                 fmt::format("{} sensors are too many, at most {}", profile.sensors.size(),
                             Profile::sensors_max));
  }
  for (std::size_t i = 0; i < profile.sensors.size(); ++i) {
    const Sensor& sensor = profile.sensors[i];
    const std::string of = fmt::format("{}, sensor {}", item, vedette::quoted(sensor.name));
    if (Status fine = check_sensor(sensor, std::span{profile.sensors}.first(i), of); !fine) {
      return fine;
    }
  }
  if (!profile.learned_from.empty() && !profile.learned) {
    return wrong(Errc::not_found, item,
                 fmt::format("{} was not loaded", vedette::quoted(profile.learned_from)));
  }
  if (profile.habits.empty() && profile.sensors.empty() && !profile.learned) {
    return wrong(Errc::mismatch, item, "has neither habits nor sensors");
  }
  return {};
}

Status check_rate(const Profile& profile, double pace, std::string_view item) {
  double rate = 0;
  const auto add = [&](Duration every) { rate += pace * 1e6 / static_cast<double>(every.count()); };
  for (const Habit& habit : profile.habits) add(habit.every);
  if (!profile.sensors.empty()) add(profile.reading_every);
  if (rate <= flows_per_second_max) return {};
  return wrong(Errc::out_of_range, item,
               fmt::format("one device would send {:g} records a second at a pace of {:g}, at most "
                           "{:g} are possible",
                           rate, pace, flows_per_second_max));
}

Status check_group(const FleetPlan& plan, const Group& group, std::string_view item) {
  const Profile* const profile = find_profile(plan, group.profile);
  if (profile == nullptr) {
    std::string known = names_of(built_in_profiles());
    for (const Profile& own : plan.profiles) {
      if (!has_name(built_in_profiles(), own.name)) known += ", " + own.name;
    }
    return wrong(Errc::not_found, item,
                 fmt::format("no profile is called {}; there are {}",
                             vedette::quoted(group.profile), known));
  }
  if (!group.name.empty() && !is_device_name(group.name)) {
    return wrong(Errc::malformed, item, "a group's name is 1 to 100 letters, digits, -, _ and .");
  }
  if (Status numbers = check_numbers(group, item); !numbers) return numbers;
  return check_rate(*profile, plan.pace * group.pace, item);
}

}  // namespace

bool is_device_name(std::string_view name) {
  constexpr std::size_t bytes_max = 100;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= bytes_max && std::all_of(name.begin(), name.end(), fits);
}

Status check_profiles(const FleetPlan& plan) {
  if (plan.profiles.size() > FleetPlan::profiles_max) {
    return Error{Errc::out_of_range, fmt::format("{} profiles are too many, at most {}",
                                                 plan.profiles.size(), FleetPlan::profiles_max)};
  }
  for (std::size_t i = 0; i < plan.profiles.size(); ++i) {
    const Profile& profile = plan.profiles[i];
    const std::string item = fmt::format("profile {}", vedette::quoted(profile.name));
    if (has_name(std::span{plan.profiles}.first(i), profile.name)) {
      return wrong(Errc::malformed, item, "is there twice");
    }
    if (Status fine = check_profile(profile, item); !fine) return fine;
  }
  return {};
}

Status check_groups(const FleetPlan& plan) {
  if (plan.groups.size() > FleetPlan::groups_max) {
    return Error{Errc::out_of_range, fmt::format("{} groups are too many, at most {}",
                                                 plan.groups.size(), FleetPlan::groups_max)};
  }
  std::uint64_t devices = 0;
  for (std::size_t i = 0; i < plan.groups.size(); ++i) {
    const Group& group = plan.groups[i];
    const std::string& called = group.name.empty() ? group.profile : group.name;
    const std::string item = fmt::format("group {} ({})", i + 1, vedette::quoted(called));
    if (Status fine = check_group(plan, group, item); !fine) return fine;
    devices += group.count;  // at most groups_max times devices_max: fits
  }
  if (devices > FleetPlan::devices_max) {
    return Error{Errc::out_of_range, fmt::format("the groups have {} devices together, at most {}",
                                                 devices, FleetPlan::devices_max)};
  }
  if (!plan.groups.empty()) return {};
  for (const Profile& built_in : built_in_profiles()) {
    const Profile& used = *find_profile(plan, built_in.name);
    const std::string item = fmt::format("profile {}", vedette::quoted(used.name));
    if (Status rate = check_rate(used, plan.pace, item); !rate) return rate;
  }
  return {};
}

std::vector<Group> groups_of(const FleetPlan& plan) {
  if (!plan.groups.empty()) return plan.groups;
  std::vector<Group> groups;
  const std::size_t sorts = built_in_profiles().size();
  for (std::size_t i = 0; i < std::min<std::size_t>(plan.devices, sorts); ++i) {
    Group group;
    group.profile = built_in_profiles()[i].name;
    group.count = (plan.devices - i + sorts - 1) / sorts;
    groups.push_back(std::move(group));
  }
  return groups;
}

std::string_view name_of(const Group& group) {
  return group.name.empty() ? group.profile : group.name;
}

}  // namespace vedette::simulator
