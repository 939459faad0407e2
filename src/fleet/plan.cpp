/// What a plan may say, member by member, and whether all of it fits together.
#include "fleet/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "fleet/plan_check.hpp"
#include "fleet/state.hpp"

namespace vedette {

namespace {

constexpr double day_s = 86'400;
constexpr double year_s = 366 * day_s;
constexpr double large = 1e9;

const std::array habit_fields{
    Field<Habit>{"task", &Habit::task, 0, 0, "what the flow is"},
    Field<Habit>{"every", &Habit::every, 0.001, year_s, "mean time from one to the next"},
    Field<Habit>{"rhythm", &Habit::rhythm, 0, 0, "how regular, and at which hours"},
};

const std::array sensor_fields{
    Field<Sensor>{"name", &Sensor::name, 0, 0, "as it stands in the message"},
    Field<Sensor>{"base", &Sensor::base, -large, large, "the value it starts from"},
    Field<Sensor>{"individual", &Sensor::individual, 0, large, "deviation between devices"},
    Field<Sensor>{"daily", &Sensor::daily, -large, large,
                  "added at five in the afternoon, subtracted at five in the morning"},
    Field<Sensor>{"weekly", &Sensor::weekly, -large, large, "added on Saturday and Sunday"},
    Field<Sensor>{"outdoor", &Sensor::outdoor, -large, large,
                  "per degree the outdoor temperature is away from 10 degrees"},
    Field<Sensor>{"occupancy", &Sensor::occupancy, -large, large,
                  "added while the place is full of people"},
    Field<Sensor>{"follows", &Sensor::follows, 0, 0, "an earlier sensor of the same profile"},
    Field<Sensor>{"follow", &Sensor::follow, -large, large,
                  "times the distance of that sensor from its base"},
    Field<Sensor>{"load", &Sensor::load, -large, large, "added while the device is active"},
    Field<Sensor>{"warm_up", &Sensor::warm_up, 0, 30 * day_s,
                  "time constant with which the load is reached and left"},
    Field<Sensor>{"walk", &Sensor::walk, 0, large,
                  "deviation of one step of a random walk that returns to 0"},
    Field<Sensor>{"noise", &Sensor::noise, 0, large, "deviation"},
    Field<Sensor>{"fall_per_day", &Sensor::fall_per_day, 0, large,
                  "a battery: falls from high, is renewed at low"},
    Field<Sensor>{"step", &Sensor::step, 1e-6, large, "resolution"},
    Field<Sensor>{"low", &Sensor::low, -large, large, "smallest value"},
    Field<Sensor>{"high", &Sensor::high, -large, large, "largest value"},
};

const std::array profile_fields{
    Field<Profile>{"name", &Profile::name, 0, 0, "what groups call it"},
    Field<Profile>{"like", &Profile::like, 0, 0,
                   "starts as a copy of that profile; habits of the same task and sensors of the "
                   "same name are replaced, others added"},
    Field<Profile>{"purpose", &Profile::purpose, 0, 0, "one line for people"},
    Field<Profile>{"reading_every", &Profile::reading_every, 0.001, year_s,
                   "time between readings"},
    Field<Profile>{"missing", &Profile::missing, 0, 0.9, "share of messages that are never sent"},
    Field<Profile>{"active_for", &Profile::active_for, 0.001, year_s,
                   "mean time between switching on and off"},
    Field<Profile>{"learned", &Profile::learned_from, 0, 0,
                   "a learned profile (.vdp): its flows come beside those of the habits"},
    Field<Profile>{"active_rhythm", &Profile::active_rhythm, 0, 0, "when it switches"},
};

const std::array group_fields{
    Field<Group>{"profile", &Group::profile, 0, 0,
                 "a profile's name, or the path of a learned profile (.vdp)"},
    Field<Group>{"count", &Group::count, 1, FleetPlan::devices_max, "how many devices"},
    Field<Group>{"name", &Group::name, 0, 0,
                 "the devices are called name-01 and so on; the profile's name when left out"},
    Field<Group>{"pace", &Group::pace, 1e-6, FleetPlan::pace_max,
                 "multiplies how often these devices speak"},
};

const std::array episode_fields{
    Field<EpisodePlan>{"kind", &EpisodePlan::kind, 0, 0, "which attack or fault"},
    Field<EpisodePlan>{"device", &EpisodePlan::device, 0, 0,
                       "a device or a group; chosen by chance when left out"},
    Field<EpisodePlan>{"devices", &EpisodePlan::devices, 1, FleetSimulator::episodes_max,
                       "how many of the group take part"},
    Field<EpisodePlan>{"at", &EpisodePlan::at, 0, year_s, "after the start"},
    Field<EpisodePlan>{"length", &EpisodePlan::length, 0.001, year_s, "how long"},
    Field<EpisodePlan>{"intensity", &EpisodePlan::intensity, 0.01, 100,
                       "multiplies the rate of an attack, the size of a fault"},
    Field<EpisodePlan>{"every", &EpisodePlan::every, 0, year_s,
                       "begins again after this; once when left out"},
};

const std::array plan_fields{
    Field<FleetPlan>{"seed", &FleetPlan::seed, 0, 9e18, "the same seed gives the same records"},
    Field<FleetPlan>{"start", &FleetPlan::start, 0, 0,
                     "event time of the first moment; now for a broker, "
                     "2026-01-05T08:00:00Z for files, when left out"},
    Field<FleetPlan>{"duration", &FleetPlan::duration, 0, year_s,
                     "how long the fleet is simulated; until it is stopped when left out"},
    Field<FleetPlan>{"devices", &FleetPlan::devices, 1, FleetPlan::devices_max,
                     "how many of all profiles in turn, when there is no [[group]]"},
    Field<FleetPlan>{"pace", &FleetPlan::pace, 1e-6, FleetPlan::pace_max,
                     "multiplies how often every device speaks, attacking or not"},
    Field<FleetPlan>{"episode_every", &FleetPlan::episode_every, 0, year_s,
                     "mean time between episodes that begin by chance; 0: none"},
    Field<FleetPlan>{"episode_length", &FleetPlan::episode_length, 0.001, year_s,
                     "their mean length"},
    Field<FleetPlan>{"kinds", &FleetPlan::kinds, 0, 0,
                     "which of them begin by chance, by name or label; all when left out"},
};

}  // namespace

template <>
std::span<const Field<Habit>> fields<Habit>() {
  return habit_fields;
}
template <>
std::span<const Field<Sensor>> fields<Sensor>() {
  return sensor_fields;
}
template <>
std::span<const Field<Profile>> fields<Profile>() {
  return profile_fields;
}
template <>
std::span<const Field<Group>> fields<Group>() {
  return group_fields;
}
template <>
std::span<const Field<EpisodePlan>> fields<EpisodePlan>() {
  return episode_fields;
}
template <>
std::span<const Field<FleetPlan>> fields<FleetPlan>() {
  return plan_fields;
}

const Profile* find_profile(const FleetPlan& plan, std::string_view name) {
  for (const std::span<const Profile> all : {std::span{plan.profiles}, built_in_profiles()}) {
    const auto at =
        std::find_if(all.begin(), all.end(), [&](const Profile& one) { return one.name == name; });
    if (at != all.end()) return &*at;
  }
  return nullptr;
}

double usual_rate(const FleetPlan& plan) {
  double rate = 0;
  for (const Group& group : simulator::groups_of(plan)) {
    const simulator::Sort sort = simulator::sort_of(*find_profile(plan, group.profile));
    double of_one = 0;
    for (const simulator::TaskSpec& spec : sort.tasks) {
      const bool speaks = spec.task != simulator::Task::toggle;
      if (speaks) of_one += simulator::burst_of(spec.task).mean / spec.period_s;
    }
    rate += of_one * group.pace * static_cast<double>(group.count) * (1 - sort.missing);
  }
  return rate;
}

Status check(const FleetPlan& plan) {
  const auto refused = [](std::string text) { return Error{Errc::out_of_range, std::move(text)}; };
  if (plan.devices < 1 || plan.devices > FleetPlan::devices_max) {
    return refused(
        fmt::format("a fleet has 1 to {} devices, not {}", FleetPlan::devices_max, plan.devices));
  }
  if (!(plan.pace > 0) || plan.pace > FleetPlan::pace_max) {
    return refused(
        fmt::format("the pace is above 0 and at most {}, not {}", FleetPlan::pace_max, plan.pace));
  }
  constexpr Duration year = std::chrono::hours{366 * 24};
  if (plan.episode_every.count() < 0 || plan.episode_every > year) {
    return refused("the time between episodes is 0 to 366 days");
  }
  if (plan.episode_length.count() <= 0 || plan.episode_length > year) {
    return refused("the length of an episode is above 0 and at most 366 days");
  }
  if (Status profiles = simulator::check_profiles(plan); !profiles) return profiles;
  if (Status groups = simulator::check_groups(plan); !groups) return groups;
  return simulator::check_episodes(plan);
}

}  // namespace vedette
