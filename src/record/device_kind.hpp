/// The kind of a device, read from its name: fleets are named by kind and number.
#pragma once

#include <string_view>

namespace vedette {

/// "camera-01" → "camera", "thermo_7" → "thermo", "hub" → "hub": the name without its number at the
/// end and what joins the two. "" when nothing is left or the name is an IP address, which says
/// nothing of a kind. Borrows from `device`.
std::string_view device_kind(std::string_view device);

}  // namespace vedette
