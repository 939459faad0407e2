/// The pieces of check() in plan.hpp. For fleet/*.cpp only.
#pragma once

#include <string_view>
#include <vector>

#include "fleet/plan.hpp"

namespace vedette::simulator {

/// 1 to 100 bytes of letters, digits and "-_.": what can stand in a topic, a file and a URL.
bool is_device_name(std::string_view name);

/// The plan's groups; when it names none, its devices over all built-in profiles in turn.
std::vector<Group> groups_of(const FleetPlan& plan);
/// What its devices are called before their number.
std::string_view name_of(const Group& group);

Status check_profiles(const FleetPlan& plan);
/// REQUIRES: profiles that check_profiles() accepts.
Status check_groups(const FleetPlan& plan);

}  // namespace vedette::simulator
