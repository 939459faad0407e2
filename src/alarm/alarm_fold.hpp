/// AlarmFold: verdicts in, alerts and incidents out. What a store, a preview and an evaluation run,
/// so that all three count alike.
#pragma once

#include <span>

#include "alarm/alert_fold.hpp"
#include "alarm/incident_fold.hpp"

namespace vedette {

/// Not thread-safe.
class AlarmFold {
 public:
  explicit AlarmFold(const AlarmOptions& options) : alerts_(options), incidents_(options) {}

  /// Called while a store opens.
  void start_at(std::uint64_t alert, std::uint64_t incident);
  void restore(Incident incident, std::span<const Alert> alerts);
  void restore(Alert alert) { alerts_.restore(std::move(alert)); }

  /// Any verdict, in order; see AlertFold for `now`. Costs a comparison for one that neither is
  /// anomalous nor could hold an alert open.
  void add(const Judged& judged, Time now);
  /// Closes at most `closed_max` alerts that were quiet for long enough, and forgets as many
  /// incidents that nothing can join any more.
  void close_quiet(Time now, std::size_t closed_max);
  void mark_alert(std::uint64_t id, bool acknowledged, std::string_view feedback,
                  std::string_view comment) {
    alerts_.mark(id, acknowledged, feedback, comment);
  }
  /// Marks its alerts, too, apart from their comments.
  void mark_incident(std::uint64_t id, bool acknowledged, std::string_view feedback,
                     std::string_view comment);

  /// Since the last keep() or undo().
  const AlarmChanges& changes();
  void keep();
  void undo();

 private:
  void close_incidents();

  AlertFold alerts_;
  IncidentFold incidents_;
  std::size_t ends_seen_ = 0;  // of alerts_.closed()
  AlarmChanges changes_;
};

}  // namespace vedette
