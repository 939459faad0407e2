/// What MQTT topic filters have in common (MQTT 5, section 4.7).
#pragma once

#include <string_view>

namespace vedette {

/// Whether a topic exists that both filters take: "a/+/c" and "a/b/#" overlap, "a/+" and "a/b/c" do
/// not. A wildcard in the first level does not take topics that begin with '$'; of a shared
/// subscription ("$share/group/a/#") the filter counts. REQUIRES: two valid filters.
bool filters_overlap(std::string_view a, std::string_view b);

}  // namespace vedette
