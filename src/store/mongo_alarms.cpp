/// Alerts, incidents and exclusions in the MongoDB store: what the writer writes of them, what
/// users say about them, and those of another store.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "store/mongo_rows.hpp"
#include "store/mongo_writer.hpp"

namespace vedette::mongo {

namespace {

/// The last state of each: changes of one command may be done in any order.
template <class Item>
std::vector<Change> last_of_each(const std::vector<Item>& items,
                                 Change (*change)(const Item&, bool)) {
  std::map<std::uint64_t, const Item*> last;
  for (const Item& item : items) last[item.id] = &item;
  std::vector<Change> changes;
  for (const auto& [id, item] : last) changes.push_back(change(*item, false));
  return changes;
}

template <class Item>
std::vector<Change> adopted(const std::vector<Item>& items, Change (*change)(const Item&, bool)) {
  std::vector<Change> changes;
  for (const Item& item : items) changes.push_back(change(item, true));
  return changes;
}

}  // namespace

Status Writer::write_due_alarms() {
  Status done = client_.upsert(collection::alerts, last_of_each(due_.alerts, &alert_change));
  if (!done) return done;
  due_.alerts.clear();
  done = client_.upsert(collection::incidents, last_of_each(due_.incidents, &incident_change));
  if (done) due_.incidents.clear();
  return done;
}

Status Writer::mark_alert(std::uint64_t id, bool acknowledged, std::string_view feedback,
                          std::string_view comment) {
  const std::scoped_lock lock{mutex_};
  if (Status done = settle(); !done) return done;
  Change change;
  change.filter.set("_id", id);
  Doc marks;
  marks.set("acknowledged", acknowledged).set("feedback", feedback).set("comment", comment);
  change.update.set("$set", marks);
  const auto matched = client_.update(collection::alerts, change);
  if (!matched) return matched.error();
  if (*matched == 0) return Error{Errc::not_found, fmt::format("no alert {}", id)};
  fold_.mark_alert(id, acknowledged, feedback, comment);
  return {};
}

Status Writer::mark_incident(std::uint64_t id, bool acknowledged, std::string_view feedback,
                             std::string_view comment) {
  const std::scoped_lock lock{mutex_};
  if (Status done = settle(); !done) return done;
  // What waits in the stamp carries the marks before these, and is written again after a crash.
  if (pending_written_) {
    attempt_ = {};
    attempt_.next = at_;
    if (Status done = put_position(); !done) return done;
  }
  Doc marks;
  marks.set("acknowledged", acknowledged).set("feedback", feedback);
  Change alerts;
  alerts.filter.set("incident", id);
  alerts.update.set("$set", marks);
  Change incident;
  incident.filter.set("_id", id);
  incident.update.set("$set", marks.set("comment", comment));
  const auto matched = client_.update(collection::incidents, incident);
  if (!matched) return matched.error();
  if (*matched == 0) return Error{Errc::not_found, fmt::format("no incident {}", id)};
  const auto marked = client_.update(collection::alerts, alerts, true);
  if (!marked) return marked.error();
  fold_.mark_incident(id, acknowledged, feedback, comment);
  return {};
}

Status Writer::adopt(Batch& batch, const Alarms& alarms, Time now) {
  const std::scoped_lock lock{mutex_};
  folds_ = false;
  Status done = commit_locked(batch, now);
  folds_ = true;
  if (done) done = client_.upsert(collection::alerts, adopted(alarms.alerts, &alert_change));
  if (done) {
    done = client_.upsert(collection::incidents, adopted(alarms.incidents, &incident_change));
  }
  if (!done) return done;
  attempt_ = {};
  attempt_.next = at_;
  adopted_ += batch.size();
  if (adopted_ >= adopted_max) {
    if (done = tallies_.flush(client_, at_.committed); !done) return done;
    attempt_.next.flushed = at_.committed;
    adopted_ = 0;
  }
  for (const Alert& alert : alarms.alerts) {
    attempt_.next.alert_next = std::max(attempt_.next.alert_next, alert.id + 1);
  }
  for (const Incident& incident : alarms.incidents) {
    attempt_.next.incident_next = std::max(attempt_.next.incident_next, incident.id + 1);
  }
  if (attempt_.next == at_) return {};
  if (done = put_position(); done) show();
  return done;
}

}  // namespace vedette::mongo
