#include "record/incident.hpp"

#include <algorithm>
#include <charconv>

#include "base/expects.hpp"
#include "base/text.hpp"

namespace vedette {

std::string_view name_of(AlertEvent event) {
  switch (event) {
    case AlertEvent::raised:
      return "raised";
    case AlertEvent::updated:
      return "updated";
    case AlertEvent::closed:
      return "closed";
  }
  return "unknown";
}

void count_label(std::vector<LabelCount>& labels, std::string_view label, std::uint64_t count) {
  const auto found = std::find_if(labels.begin(), labels.end(),
                                  [&](const LabelCount& one) { return one.label == label; });
  if (found != labels.end()) {
    found->count += count;
  } else if (labels.size() < labels_kept_max) {
    labels.push_back({std::string{label}, count});
  }
}

const std::string& main_label(const std::vector<LabelCount>& labels) {
  expects(!labels.empty(), "an alert has a record, and the record a class");
  return std::max_element(labels.begin(), labels.end(),
                          [](const auto& a, const auto& b) { return a.count < b.count; })
      ->label;
}

void append_label_counts(std::string& out, const std::vector<LabelCount>& labels) {
  out += '[';
  for (const LabelCount& one : labels) {
    if (&one != labels.data()) out += ',';
    out += '{';
    append_json_field(out, "label", one.label);
    append_json_field(out, "count", one.count);
    out += '}';
  }
  out += ']';
}

namespace {

void append_time(std::string& out, std::string_view name, Time time) {
  append_json_key(out, name);
  out += '"';
  append_rfc3339(out, time);
  out += '"';
}

}  // namespace

void append_incident_json(std::string& out, const Incident& incident) {
  out += '{';
  append_json_field(out, "id", incident.id);
  append_json_field(out, "title", incident.title);
  append_json_field(out, "nature", name_of(incident.nature));
  append_json_field(out, "rank", incident.rank);
  append_json_field(out, "joint", incident.joint);
  append_json_key(out, "devices");
  out += '[';
  for (const std::string& device : incident.devices) {
    if (&device != incident.devices.data()) out += ',';
    append_json_string(out, device);
  }
  out += ']';
  append_json_field(out, "device_count", incident.device_count);
  append_json_key(out, "alerts");
  out += '[';
  for (const std::uint64_t& alert : incident.alerts) {
    if (&alert != incident.alerts.data()) out += ',';
    out += std::to_string(alert);
  }
  out += ']';
  append_json_field(out, "alert_count", incident.alert_count);
  append_json_key(out, "labels");
  append_label_counts(out, incident.labels);
  append_json_field(out, "destination", incident.destination);
  append_json_field(out, "port", std::uint64_t{incident.port});
  append_json_field(out, "count", incident.count);
  append_time(out, "first", incident.first);
  append_time(out, "last", incident.last);
  append_time(out, "raised", incident.raised);
  append_time(out, "updated", incident.updated);
  append_json_field(out, "peak_score", incident.peak_score);
  append_json_field(out, "open", incident.open);
  append_json_field(out, "acknowledged", incident.acknowledged);
  append_json_field(out, "feedback", incident.feedback);
  append_json_field(out, "comment", incident.comment);
  out += '}';
}

}  // namespace vedette
