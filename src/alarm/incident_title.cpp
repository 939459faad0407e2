/// Titles of incidents: what happened, in the words of labels, series and destinations.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "alarm/incident_fold.hpp"

namespace vedette {

namespace {

std::string place_of(const Alert& alert) {
  if (alert.destination.empty()) return {};
  const bool v6 = alert.destination.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", alert.destination, v6 ? "]" : "", alert.port);
}

bool has_reason(const Alert& alert, std::string_view feature) {
  return std::any_of(alert.why.reasons.begin(), alert.why.reasons.end(),
                     [&](const Reason& one) { return one.feature == feature && one.value > 0; });
}

std::string flow_clause(const Alert& alert) {
  const std::string place = place_of(alert);
  if (alert.nature == Nature::attack) {
    // A scan has as many destinations as records; what it has in common is the port.
    if (alert.label.find("Scan") != std::string::npos) {
      return fmt::format("{} on port {}", alert.label, alert.port);
    }
    return place.empty() ? alert.label : fmt::format("{} to {}", alert.label, place);
  }
  if (has_reason(alert, "new_destination")) {
    return fmt::format("a new peer {} on port {}", alert.destination, alert.port);
  }
  return place.empty() ? "unusual traffic" : fmt::format("unusual traffic to {}", place);
}

/// "temperature" of the reason "temperature stuck": the series and the deviation.
std::string series_of(const Alert& alert) {
  if (alert.why.reasons.empty()) return "a reading";
  const std::string& feature = alert.why.reasons.front().feature;
  const std::size_t blank = feature.rfind(' ');
  return blank == std::string::npos ? "a reading" : feature.substr(0, blank);
}

std::string reading_clause(const Alert& alert) {
  constexpr std::pair<std::string_view, std::string_view> verbs[] = {
      {"stuck", "froze"},
      {"level", "left its usual level"},
      {"step", "jumped"},
      {"spike", "jumped"},
      {"drift", "drifts away"},
      {"gap", "was missing for a while"},
      {"unknown", "behaves unlike before"}};
  const auto* verb = std::find_if(std::begin(verbs), std::end(verbs),
                                  [&](const auto& one) { return one.first == alert.label; });
  if (verb == std::end(verbs)) return fmt::format("{} shows {}", series_of(alert), alert.label);
  return fmt::format("{} {}", series_of(alert), verb->second);
}

std::string how_long_after(Duration gone) {
  const std::int64_t seconds = gone.count() / 1'000'000;
  if (seconds < 1) return "together with";
  if (seconds < 120) return fmt::format("{} s after", seconds);
  if (seconds < 7'200) return fmt::format("{} min after", seconds / 60);
  return fmt::format("{} h after", seconds / 3'600);
}

}  // namespace

std::string clause_of(const Alert& alert) {
  return alert.kind == RecordKind::flow ? flow_clause(alert) : reading_clause(alert);
}

std::string IncidentFold::title_of(const Entry& entry) {
  const std::uint64_t devices = entry.incident.device_count;
  const std::string others = devices > 1 ? fmt::format(" ({} devices)", devices) : "";
  for (const Member& member : entry.members) {
    if (!member.joint()) continue;
    const Half* earlier = &member.halves[static_cast<std::size_t>(RecordKind::flow)];
    const Half* later = &member.halves[static_cast<std::size_t>(RecordKind::reading)];
    if (later->first < earlier->first) std::swap(earlier, later);
    return fmt::format("{}: {} {} {}{}", member.device, later->clause,
                       how_long_after(later->first - earlier->first), earlier->clause, others);
  }
  for (const Member& member : entry.members) {
    for (const Half& half : member.halves) {
      if (half.alert == 0) continue;
      return devices > 1 ? fmt::format("{} from {} devices", half.clause, devices)
                         : fmt::format("{}: {}", member.device, half.clause);
    }
  }
  return entry.incident.title;  // restored without its alerts
}

}  // namespace vedette
