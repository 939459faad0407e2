/// What can stand in a scenario, told to people: --list, --explain and the reference.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/scenario.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

std::string seconds_text(double seconds) {
  return duration_text(Duration{std::llround(seconds * 1e6)});
}

/// A member of S in words: its type with bounds, and its value in a fresh S.
template <class S>
struct Told {
  const Field<S>& field;
  std::string type;
  std::string standard;

  explicit Told(const Field<S>& told) : field(told) { std::visit(*this, field.member); }

  void operator()(std::string S::*member) {
    type = "text";
    standard = S{}.*member;
  }
  void operator()(double S::*member) {
    type = fmt::format("number, {} to {}", field.low, field.high);
    standard = fmt::format("{}", S{}.*member);
  }
  void operator()(std::uint64_t S::*member) {
    type = fmt::format("whole number, {} to {}", field.low, field.high);
    standard = fmt::format("{}", S{}.*member);
  }
  void operator()(Duration S::*member) {
    type = fmt::format("duration, {} to {}", seconds_text(field.low), seconds_text(field.high));
    standard = duration_text(S{}.*member);
  }
  void operator()(Time S::*) { type = "time"; }
  void operator()(std::vector<std::string> S::*) { type = "list of texts"; }
};

template <class S>
void append_fields(std::string& out, std::string_view heading) {
  append_format(out,
                "\n### {}\n\n| key | value | when left out | what it says |\n|---|---|---|---|\n",
                heading);
  for (const Field<S>& field : fields<S>()) {
    const Told<S> told(field);
    append_format(out, "| `{}` | {} | {} | {} |\n", field.name, told.type,
                  told.standard.empty() ? "" : "`" + told.standard + "`", field.help);
  }
}

void append_named(std::string& out, std::string_view heading, std::string_view column,
                  std::span<const Named> names) {
  append_format(out, "\n### {}\n\n| {} | what it is |\n|---|---|\n", heading, column);
  for (const Named& one : names) {
    append_format(out, "| `{}` | {} |\n", one.name, one.meaning);
  }
}

std::string explained(const Profile& profile) {
  std::string out = fmt::format(
      "{}: {}\n\n  a reading every {}, {} % of all messages are never sent\n"
      "  switches on and off every {} on average, {}\n\n  flows\n",
      profile.name, profile.purpose, duration_text(profile.reading_every), profile.missing * 100,
      duration_text(profile.active_for), profile.active_rhythm);
  for (const Habit& habit : profile.habits) {
    const auto tasks = flow_tasks();
    const auto task = std::find_if(tasks.begin(), tasks.end(),
                                   [&](const Named& one) { return one.name == habit.task; });
    append_format(out, "    {:<12} every {:<6} {:<10} {}\n", habit.task, duration_text(habit.every),
                  habit.rhythm, task == tasks.end() ? "" : task->meaning);
  }
  out += "\n  sensors\n";
  const Sensor plain;
  for (const Sensor& sensor : profile.sensors) {
    append_format(out, "    {:<20} {} to {}, in steps of {}\n", sensor.name, sensor.low,
                  sensor.high, sensor.step);
    std::string terms = fmt::format("about {}", sensor.base);
    const auto term = [&](std::string_view name, double value) {
      if (value != 0) terms += fmt::format(", {} {}", name, value);
    };
    term("devices differ by", sensor.individual);
    term("by day", sensor.daily);
    term("at weekends", sensor.weekly);
    term("per outdoor degree", sensor.outdoor);
    term("with people", sensor.occupancy);
    if (!sensor.follows.empty()) term("per unit of " + sensor.follows, sensor.follow);
    term("while active", sensor.load);
    if (sensor.warm_up != plain.warm_up) {
      terms += fmt::format(" reached in {}", duration_text(sensor.warm_up));
    }
    term("walks by", sensor.walk);
    term("noise", sensor.noise);
    term("battery, falls a day by", sensor.fall_per_day);
    append_format(out, "    {:<20} {}\n", "", terms);
  }
  return out;
}

std::string_view label_of(const EpisodeKind& kind) {
  return kind.label.empty() ? "that of the stage" : kind.label;
}

std::string explained(const EpisodeKind& kind) {
  return fmt::format(
      "{}: {}, {}\n\n  label    {}\n  begins   [[episode]] kind = \"{}\" in a "
      "scenario, --attack {}, or by the API\n",
      kind.name, kind.fault ? "a fault" : "an attack", kind.meaning, label_of(kind), kind.name,
      kind.name);
}

template <class Names>
void append_names(std::vector<std::string_view>& known, const Names& names) {
  for (const auto& one : names) known.push_back(one.name);
}

}  // namespace

std::string list_of_the_fleet() {
  std::string out = "profiles\n";
  for (const Profile& one : built_in_profiles()) {
    append_format(out, "  {:<20} {}\n", one.name, one.purpose);
  }
  for (const bool fault : {false, true}) {
    out += fault ? "\nfaults\n" : "\nattacks\n";
    for (const EpisodeKind& kind : episode_kinds()) {
      if (kind.fault != fault) continue;
      // A chain labels each record by its stage, and says so itself.
      const bool told = !fault && !kind.label.empty();
      const std::string label = told ? fmt::format(" ({})", kind.label) : "";
      append_format(out, "  {:<20} {}{}\n", kind.name, kind.meaning, label);
    }
  }
  return out +
         "\nvedette simulate --explain NAME says more; --explain scenario: all a scenario "
         "file can say\n";
}

Result<std::string> explain(std::string_view name) {
  if (name == "scenario") return scenario_reference();
  const auto named = [&](const auto& one) { return one.name == name; };
  const auto found_in = [&](const auto& all) {
    return std::find_if(all.begin(), all.end(), named);
  };
  const auto profiles = built_in_profiles();
  if (const auto found = found_in(profiles); found != profiles.end()) return explained(*found);
  const auto kinds = episode_kinds();
  if (const auto found = found_in(kinds); found != kinds.end()) return explained(*found);
  for (const auto names : {flow_tasks(), rhythms()}) {
    const auto found = found_in(names);
    if (found != names.end()) return fmt::format("{}: {}\n", found->name, found->meaning);
  }
  std::vector<std::string_view> known{"scenario"};
  append_names(known, profiles);
  append_names(known, kinds);
  append_names(known, flow_tasks());
  append_names(known, rhythms());
  return Error{Errc::not_found, fmt::format("nothing is called {}; there are {}",
                                            vedette::quoted(name), listed(known))};
}

std::string scenario_reference() {
  std::string out;
  append_fields<FleetPlan>(out, "At the top");
  append_fields<Group>(out, "`[[group]]`: devices of one sort");
  append_fields<EpisodePlan>(out, "`[[episode]]`: an attack or a fault");
  append_fields<Profile>(out, "`[[profile]]`: a sort of device");
  append_fields<Habit>(out, "`[[profile.habit]]`: what it does again and again");
  append_fields<Sensor>(out, "`[[profile.sensor]]`: what it measures");
  append_named(out, "Tasks of a habit", "task", flow_tasks());
  append_named(out, "Rhythms", "rhythm", rhythms());
  out += "\n### Profiles\n\n| profile | what it is |\n|---|---|\n";
  for (const Profile& one : built_in_profiles()) {
    append_format(out, "| `{}` | {} |\n", one.name, one.purpose);
  }
  out += "\n### Attacks and faults\n\n| kind | label | what the device does |\n|---|---|---|\n";
  for (const EpisodeKind& kind : episode_kinds()) {
    append_format(out, "| `{}` | {} | {} |\n", kind.name, label_of(kind), kind.meaning);
  }
  return out.substr(1);
}

}  // namespace vedette
