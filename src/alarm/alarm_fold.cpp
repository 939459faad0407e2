#include "alarm/alarm_fold.hpp"

namespace vedette {

void AlarmFold::start_at(std::uint64_t alert, std::uint64_t incident) {
  alerts_.start_at(alert);
  incidents_.start_at(incident);
}

void AlarmFold::restore(Incident incident, std::span<const Alert> alerts) {
  incidents_.restore(std::move(incident), alerts);
}

void AlarmFold::add(const Judged& judged, Time now) {
  const AlertFold::Growth growth = alerts_.add(judged, now);
  // Ends that this record brought about come first: a stale run, or the oldest of a full fold.
  close_incidents();
  if (growth.alert == nullptr) return;
  if (growth.raised) {
    growth.alert->incident = incidents_.raise(*growth.alert, now);
  } else if (growth.held) {
    incidents_.hold(*growth.alert);
  } else {
    incidents_.grow(*growth.alert, judged.verdict.label);
  }
}

void AlarmFold::close_incidents() {
  const auto& closed = alerts_.closed();
  for (; ends_seen_ < closed.size(); ++ends_seen_) {
    if (closed[ends_seen_].event == AlertEvent::closed) incidents_.close(closed[ends_seen_].alert);
  }
}

void AlarmFold::close_quiet(Time now, std::size_t closed_max) {
  alerts_.close_quiet(now, closed_max);
  close_incidents();
  incidents_.forget(now, closed_max);
}

void AlarmFold::mark_incident(std::uint64_t id, bool acknowledged, std::string_view feedback,
                              std::string_view comment) {
  incidents_.mark(id, acknowledged, feedback, comment);
  alerts_.mark_incident(id, acknowledged, feedback);
}

const AlarmChanges& AlarmFold::changes() {
  changes_.alerts = alerts_.changes();
  changes_.incidents = incidents_.changes();
  return changes_;
}

void AlarmFold::keep() {
  alerts_.keep();
  incidents_.keep();
  ends_seen_ = 0;
}

void AlarmFold::undo() {
  alerts_.undo();
  incidents_.undo();
  ends_seen_ = 0;
}

}  // namespace vedette
