/// The scenario `vedette demo` plays: a small plant in five minutes, again and again.
#pragma once

#include <string_view>

namespace vedette {

constexpr std::string_view demo_story = R"toml(
# Four times as lively as life: about forty messages a second.
pace = 4
episode_every = "0s"

[[group]]
profile = "camera"
count = 4
[[group]]
profile = "thermostat"
count = 4
[[group]]
profile = "plug"
count = 4
[[group]]
profile = "motion"
count = 3
[[group]]
profile = "pump"
count = 3
[[group]]
profile = "meter"
count = 2
[[group]]
profile = "lock"
count = 2
[[group]]
profile = "voice_assistant"
count = 2
[[group]]
profile = "hub"
[[group]]
profile = "gateway"

# Normal life for a while, then a sensor speaks Fahrenheit …
[[episode]]
kind = "unit_change"
device = "thermostat-02"
at = "45s"
length = "40s"
every = "5m"

# … a camera looks for open telnet ports …
[[episode]]
kind = "horizontal_scan"
device = "camera-03"
at = "100s"
length = "25s"
every = "5m"

# … a plug is infected: scan, login, download, command and control, attack …
[[episode]]
kind = "mirai"
device = "plug-02"
at = "150s"
length = "80s"
every = "5m"

# … and one device floods a victim.
[[episode]]
kind = "udp_flood"
device = "voice_assistant-01"
at = "255s"
length = "20s"
every = "5m"
)toml";

}  // namespace vedette
