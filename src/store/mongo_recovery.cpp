/// What the writing half does when it opens: it takes up what the last owner left half done.
#include <algorithm>
#include <map>

#include "store/mongo_filters.hpp"
#include "store/mongo_rows.hpp"
#include "store/mongo_writer.hpp"

namespace vedette::mongo {

namespace {

// As many of an incident's alerts are read as a fold asks for; see IncidentFold.
constexpr std::size_t members_max = 1'000;

Doc sorted(std::string_view field, int direction, std::int64_t limit) {
  Doc sort;
  sort.set(field, direction).set("_id", direction);
  Doc options;
  options.set("sort", sort);
  if (limit > 0) options.set("limit", limit);
  return options;
}

Result<std::vector<Alert>> alerts_where(const Client& client, const Doc& filter,
                                        const Doc& options) {
  std::vector<Alert> alerts;
  Status done = client.find(collection::alerts, filter, options, [&](const View& document) {
    Result<Alert> alert = read_alert(document);
    if (!alert) return Status{alert.error()};
    alerts.push_back(std::move(*alert));
    return Status{};
  });
  if (!done) return done.error();
  return alerts;
}

}  // namespace

/// Records and quarantined messages of a batch that was not committed were acknowledged to nobody:
/// they go, and come again. Alerts of the last commit are written, once more or for the first time.
Status Writer::recover(const Opened& opened) {
  std::vector<Doc> any;
  any.push_back(above("batch", at_.committed));
  any.push_back(at_most("batch", at_.dropped));
  if (!opened.tried.empty()) {
    Doc in;
    in.set_array("$in", opened.tried);
    any.emplace_back().set("batch", in);
  }
  Doc half_done;
  half_done.set_array("$or", any);
  auto gone = client_.erase(collection::verdicts, half_done);
  if (gone) gone = client_.erase(collection::quarantine, above("_id", at_.quarantined));
  if (gone) gone = client_.erase(collection::spans, at_most("last", at_.dropped));
  if (!gone) return gone.error();
  due_ = opened.pending;
  pending_written_ = !due_.alerts.empty() || !due_.incidents.empty();
  return write_due_alarms();
}

/// Counts what was committed since the tallies were written.
Status Writer::recount() {
  std::vector<std::pair<std::uint64_t, Counted>> records;
  Doc filter = above("batch", at_.flushed);
  Doc options;
  Doc sort;
  Doc fields;
  sort.set("batch", 1);
  for (const char* name : {"batch", "device", "kind", "received_us", "anomalous", "score"}) {
    fields.set(name, 1);
  }
  options.set("sort", sort).set("projection", fields);
  Status done = client_.find(collection::verdicts, filter, options, [&](const View& document) {
    records.emplace_back(document.count("batch"),
                         Counted{{},
                                 std::string{document.text("device")},
                                 document.time("received"),
                                 document.text("kind") == name_of(RecordKind::flow),
                                 document.boolean("anomalous"),
                                 document.real32("score")});
    return Status{};
  });
  if (!done) return done;
  std::vector<Counted> counted;
  for (const auto& [batch, record] : records) counted.push_back(record);
  if (done = tallies_.fetch(client_, counted); !done) return done;
  for (const auto& [batch, record] : records) tallies_.count(record, batch);
  return {};
}

/// Everything open, and what may be joined still.
Status Writer::load_alarms() {
  if (Status done = load_incidents(); !done) return done;
  Doc filter;
  filter.set("open", true);
  auto open = alerts_where(client_, filter, sorted("updated_us", 1, 0));
  if (!open) return open.error();
  for (Alert& alert : *open) fold_.restore(std::move(alert));
  fold_.start_at(at_.alert_next, at_.incident_next);
  return {};
}

Status Writer::load_incidents() {
  std::int64_t newest = 0;
  Status done = client_.find(collection::incidents, {}, sorted("updated_us", -1, 1),
                             [&newest](const View& document) {
                               newest = document.integer("updated_us");
                               return Status{};
                             });
  if (!done) return done;
  const auto span = std::max(retention_.alarms.incident_span, retention_.alarms.quiet);
  std::vector<Doc> either(2);
  either[0].set("open", true);
  Doc bound;
  bound.set("$gt", newest - Duration{span}.count());
  either[1].set("updated_us", bound);
  Doc filter;
  filter.set_array("$or", either);
  std::vector<Incident> incidents;
  done = client_.find(collection::incidents, filter,
                      sorted("updated_us", -1, std::int64_t{IncidentFold::incidents_max_default}),
                      [&incidents](const View& document) {
                        incidents.push_back(read_incident(document));
                        return Status{};
                      });
  if (!done) return done;
  std::reverse(incidents.begin(), incidents.end());  // least recently grown first
  return restore_incidents(std::move(incidents));
}

Status Writer::restore_incidents(std::vector<Incident> incidents) {
  if (incidents.empty()) return {};
  std::vector<std::int64_t> ids;
  for (const Incident& one : incidents) ids.push_back(static_cast<std::int64_t>(one.id));
  Doc in;
  in.set_array("$in", ids);
  Doc filter;
  filter.set("incident", in);
  std::map<std::uint64_t, std::vector<Alert>> members;
  Status done = client_.find(collection::alerts, filter, sorted("incident", 1, 0),
                             [&members](const View& document) {
                               std::vector<Alert>& alerts = members[document.count("incident")];
                               if (alerts.size() == members_max) return Status{};
                               Result<Alert> alert = read_alert(document);
                               if (!alert) return Status{alert.error()};
                               alerts.push_back(std::move(*alert));
                               return Status{};
                             });
  if (!done) return done;
  for (Incident& incident : incidents) {
    const std::uint64_t id = incident.id;
    fold_.restore(std::move(incident), members[id]);
  }
  return {};
}

}  // namespace vedette::mongo
