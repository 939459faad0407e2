/// Incident: alerts that belong together, and the counts of classes that alerts and incidents
/// carry.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "record/nature.hpp"
#include "record/record.hpp"

namespace vedette {

/// How many anomalous records had a class.
struct LabelCount {
  std::string label;
  std::uint64_t count = 0;
};
constexpr std::size_t labels_kept_max = 8;
/// Adds to the class's count. A ninth class is not kept: it counts in the total alone.
void count_label(std::vector<LabelCount>& labels, std::string_view label, std::uint64_t count);
/// The class with the largest count, the earlier of equals. REQUIRES: there is one.
const std::string& main_label(const std::vector<LabelCount>& labels);

/// Alerts of one device that came within a span, or of several devices that share class and
/// destination. See alarm/incident_fold.hpp for what joins what.
struct Incident {
  std::uint64_t id = 0;
  std::string title;                     ///< one sentence without a full stop
  Nature nature = Nature::data_quality;  ///< the weightiest among its alerts
  /// 0 to 100, the larger the more urgent: 10, 20, 30 or 40 for data_quality, device_health,
  /// behaviour or attack, 20 × the peak score, 1 for each tenfold of records (at most 4), 4 for
  /// each doubling of the devices (at most 16), and 20 when it is joint: above either half alone.
  float rank = 0;
  bool joint = false;                 ///< flows and readings of one device
  std::vector<std::string> devices;   ///< the first `devices_max`
  std::uint64_t device_count = 0;     ///< counted up to `devices_max`, beyond: alerts of others
  std::vector<std::uint64_t> alerts;  ///< ids, the first `alerts_max`
  std::uint64_t alert_count = 0;
  std::vector<LabelCount> labels;
  std::string destination;  ///< of its first flow alert, "" when there is none
  std::uint16_t port = 0;
  std::uint64_t count = 0;  ///< anomalous records
  Time first;               ///< event times
  Time last;
  Time raised;   ///< service time
  Time updated;  ///< when it last grew
  float peak_score = 0;
  bool open = true;  ///< while one of its alerts is; may open again within the span
  /// Falls back to false when the incident becomes joint, weightier or takes a further device.
  bool acknowledged = false;
  std::string feedback;  ///< as of alerts
  std::string comment;

  static constexpr std::size_t devices_max = 50;
  static constexpr std::size_t alerts_max = 100;
};

enum class AlertEvent : std::uint8_t { raised, updated, closed };
std::string_view name_of(AlertEvent event);
struct IncidentChange {
  AlertEvent event = AlertEvent::raised;
  Incident incident;
};

void append_label_counts(std::string& out, const std::vector<LabelCount>& labels);
void append_incident_json(std::string& out, const Incident& incident);

}  // namespace vedette
