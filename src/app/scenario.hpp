/// fleet.toml: the scenario a fleet is simulated from, and what can stand in one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "fleet/plan.hpp"

namespace vedette {

/// A scenario file. Top-level keys are those of FleetPlan; [[profile]] (with [[profile.habit]] and
/// [[profile.sensor]]), [[group]] and [[episode]] are its parts. A profile with `like` starts as a
/// copy. Paths of learned profiles count from the file's folder.
/// @return malformed, wrong_type, unsupported, out_of_range or not_found, naming file, line and
/// key; what check() says of the whole, naming the file.
Result<FleetPlan> load_scenario(const std::filesystem::path& path);
Result<FleetPlan> parse_scenario(std::string_view text, const std::filesystem::path& path);

/// A line for each profile, each task and each attack and fault: `simulate --list`.
std::string list_of_the_fleet();
/// All there is to know of a profile, an attack, a fault or a task, or of "scenario" (the
/// reference): `simulate --explain`. @return not_found, naming what there is.
Result<std::string> explain(std::string_view name);
/// Every key of a scenario file as Markdown, for docs/simulator.md.
std::string scenario_reference();

}  // namespace vedette
