/// The vocabulary of attacks and faults. Labels are IoT-23's; a fault is labelled with its name.
#include <fmt/format.h>

#include "base/text.hpp"
#include "fleet/episode.hpp"

namespace vedette::simulator {

namespace {

constexpr std::string_view scan_label = "PartOfAHorizontalPortScan";

constexpr std::array<EpisodeKind, kind_count> kind_table{{
    {"horizontal_scan", scan_label, false, "SYNs to one port of many addresses, 5 to 33 a second"},
    {"vertical_scan", "Attack", false, "tries the ports of one victim, 7 to 50 a second"},
    {"slow_scan", scan_label, false, "a scan of one address a minute, easily overlooked"},
    {"telnet_brute_force", "Attack", false, "guesses telnet passwords, about one a second"},
    {"ssh_brute_force", "Attack", false, "guesses SSH passwords, about one every two seconds"},
    {"mirai", "", false, "a chain: scan, login, download, heartbeat, flood; labelled by stage"},
    {"download", "FileDownload", false, "fetches a binary of 50 to 170 kB over HTTP"},
    {"syn_flood", "DDoS", false, "SYNs to one victim from many ports, never answered"},
    {"udp_flood", "DDoS", false, "datagrams of one size to one victim, one port or random ones"},
    {"http_flood", "DDoS", false, "the same request to one web server until it gives way"},
    {"ack_flood", "DDoS", false, "ACKs without a handshake to one victim"},
    {"exfiltration", "Attack", false, "large uploads, slow and steady or in bursts"},
    {"beacon", "C&C", false, "calls its command server every few seconds, with jitter"},
    {"heartbeat", "C&C-HeartBeat", false, "a few bytes to its command server, steady as a clock"},
    {"mqtt_flood", "Attack", false, "publishes valid readings 10 to 50 times a second"},
    {"mqtt_oversized", "Attack", false, "publishes messages of 300 KiB and more"},
    {"mqtt_malformed", "Attack", false, "publishes truncated JSON, wrong types and binary"},
    {"mqtt_topic_guessing", "Attack", false, "publishes to topics that are not its own"},
    {"spoofed_device", "Attack", false, "somebody else sends readings and flows under its name"},
    {"spike", "spike", true, "four readings in ten are far off"},
    {"drift", "drift", true, "the first value moves away slowly"},
    {"stuck", "stuck", true, "the last reading is repeated"},
    {"gap", "gap", true, "no readings; the first one afterwards carries the label"},
    {"level_shift", "level_shift", true, "the first value is off by the same amount"},
    {"unit_change", "unit_change", true,
     "Fahrenheit for Celsius, or a thousand times more or less"},
    {"replayed", "replayed", true, "readings of minutes ago are sent again with new times"},
    {"dead_device", "dead_device", true, "neither readings nor flows, then it boots"},
}};

}  // namespace

std::optional<Kind> kind_from(std::string_view name) {
  for (std::size_t i = 0; i < kind_count; ++i) {
    if (kind_table[i].name == name) return static_cast<Kind>(i);
  }
  return {};
}

std::vector<Kind> kinds_from(std::string_view name_or_label) {
  std::vector<Kind> found;
  for (std::size_t i = 0; i < kind_count && !name_or_label.empty(); ++i) {
    if (kind_table[i].name == name_or_label || kind_table[i].label == name_or_label) {
      found.push_back(static_cast<Kind>(i));
    }
  }
  return found;
}

Error unknown_kind(std::string_view name) {
  std::vector<std::string_view> names;
  for (const EpisodeKind& kind : kind_table) names.push_back(kind.name);
  return Error{Errc::not_found,
               fmt::format("no episode is called \"{}\"; there are {}", name, listed(names))};
}

std::string_view label_of(Kind kind) {
  return kind_table[static_cast<std::size_t>(kind)].label;
}

std::string_view name_of(Kind kind) {
  return kind_table[static_cast<std::size_t>(kind)].name;
}

}  // namespace vedette::simulator

namespace vedette {

std::span<const EpisodeKind> episode_kinds() {
  return simulator::kind_table;
}

}  // namespace vedette
