/// Alerts, incidents and exclusions in the SQLite store: what the writer writes of them, and how
/// the fold finds its state again when a store is opened.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "store/row_json.hpp"
#include "store/sqlite_rows.hpp"
#include "store/sqlite_schema.hpp"
#include "store/sqlite_writer.hpp"

namespace vedette::sqlite {

namespace {

// What users said about an alert is not the line's to overwrite.
constexpr const char* upsert_alert_sql =
    "INSERT INTO alerts (id, device, kind, label, count, first, last, raised, updated, peak_score,"
    " peak_ts, peak_hash, why, open, nature, labels, samples, destination, port, incident)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (id) DO UPDATE SET count = excluded.count, first = excluded.first,"
    " last = excluded.last, updated = excluded.updated, peak_score = excluded.peak_score,"
    " peak_ts = excluded.peak_ts, peak_hash = excluded.peak_hash, why = excluded.why,"
    " open = excluded.open, label = excluded.label, nature = excluded.nature,"
    " labels = excluded.labels, samples = excluded.samples, destination = excluded.destination,"
    " port = excluded.port, incident = excluded.incident";
constexpr const char* upsert_incident_sql =
    "INSERT OR REPLACE INTO incidents (id, title, nature, rank, joint, devices, device_count,"
    " alerts, alert_count, labels, destination, port, count, first, last, raised, updated,"
    " peak_score, open, acknowledged, feedback, comment)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
// Two of each device and kind that an incident holds; see IncidentFold.
constexpr std::size_t members_max = 4 * IncidentFold::devices_joined_max;

}  // namespace

Status Writer::prepare_alarms() {
  if (Status done = prepare_into(upsert_alert_, db_, upsert_alert_sql); !done) return done;
  return prepare_into(upsert_incident_, db_, upsert_incident_sql);
}

Status Writer::load_alarms() {
  if (Status done = load_incidents(); !done) return done;
  const std::string sql = std::string{select_alerts_sql} + " WHERE open = 1 ORDER BY updated, id";
  Result<Statement> open_alerts = db_.prepare(sql);
  if (!open_alerts) return open_alerts.error();
  while (open_alerts->step()) {
    Result<Alert> alert = read_alert(*open_alerts);
    if (!alert) return alert.error();
    fold_.restore(std::move(*alert));
  }
  if (open_alerts->failed()) return db_.error();
  const auto alert = db_.integer("SELECT max(seq) FROM sqlite_sequence WHERE name = 'alerts'");
  const auto incident =
      db_.integer("SELECT max(seq) FROM sqlite_sequence WHERE name = 'incidents'");
  const auto row = db_.integer(
      "SELECT max(ifnull((SELECT max(id) FROM flows), 0), ifnull((SELECT max(id) FROM readings), "
      "0))");
  for (const auto* result : {&alert, &incident, &row}) {
    if (!result->ok()) return result->error();
  }
  fold_.start_at(static_cast<std::uint64_t>(*alert) + 1, static_cast<std::uint64_t>(*incident) + 1);
  next_row_ = *row + 1;
  return {};
}

Status Writer::load_incidents() {
  const auto span = std::max(retention_.alarms.incident_span, retention_.alarms.quiet);
  const std::string sql = fmt::format(
      "SELECT * FROM ({} WHERE open = 1 OR updated > (SELECT max(updated) FROM incidents) - {}"
      " ORDER BY updated DESC, id DESC LIMIT {}) ORDER BY updated, id",
      select_incidents_sql, Duration{span}.count(), IncidentFold::incidents_max_default);
  Result<Statement> rows = db_.prepare(sql);
  if (!rows) return rows.error();
  // Who is in it and what is open still: the first alert of each device and kind, and the open.
  Result<Statement> members = db_.prepare(
      fmt::format("{} WHERE incident = ?1 AND incident > 0 AND (open = 1 OR id IN (SELECT min(id) "
                  "FROM alerts WHERE incident = ?1 GROUP BY device, kind)) ORDER BY id LIMIT {}",
                  select_alerts_sql, members_max));
  if (!members) return members.error();
  while (rows->step()) {
    Result<Incident> incident = read_incident(*rows);
    if (!incident) return incident.error();
    std::vector<Alert> alerts;
    members->bind(1, static_cast<std::int64_t>(incident->id));
    while (members->step()) {
      Result<Alert> alert = read_alert(*members);
      if (!alert) return alert.error();
      alerts.push_back(std::move(*alert));
    }
    if (members->failed()) return db_.error();
    fold_.restore(std::move(*incident), alerts);
  }
  if (rows->failed()) return db_.error();
  return {};
}

bool Writer::write_alerts() {
  for (const AlertChange& change : fold_.changes().alerts) {
    if (!write_alert(change.alert)) return false;
  }
  return true;
}

bool Writer::write_alert(const Alert& alert) {
  text_.clear();
  append_explanation_json(text_, alert.why);
  std::string labels;
  append_label_counts(labels, alert.labels);
  std::string samples;
  for (const RecordKey& key : alert.samples) {
    if (!samples.empty()) samples += ' ';
    samples += to_text(key);
  }
  const bool done = upsert_alert_.bind(1, static_cast<std::int64_t>(alert.id))
                        .bind(2, alert.device)
                        .bind(3, static_cast<std::int64_t>(alert.kind))
                        .bind(4, alert.label)
                        .bind(5, static_cast<std::int64_t>(alert.count))
                        .bind(6, micros(alert.first))
                        .bind(7, micros(alert.last))
                        .bind(8, micros(alert.raised))
                        .bind(9, micros(alert.updated))
                        .bind(10, static_cast<double>(alert.peak_score))
                        .bind(11, alert.peak_record.time_micros)
                        .bind(12, stored_hash(alert.peak_record.hash))
                        .bind_or_null(13, text_)
                        .bind(14, std::int64_t{alert.open})
                        .bind(15, static_cast<std::int64_t>(alert.nature))
                        .bind(16, labels)
                        .bind(17, samples)
                        .bind(18, alert.destination)
                        .bind(19, std::int64_t{alert.port})
                        .bind(20, static_cast<std::int64_t>(alert.incident))
                        .run();
  return done;
}

bool Writer::write_incidents() {
  for (const IncidentChange& change : fold_.changes().incidents) {
    if (!write_incident(change.incident)) return false;
  }
  return true;
}

bool Writer::write_incident(const Incident& incident) {
  std::string devices;
  append_string_list(devices, incident.devices);
  std::string alerts;
  append_id_list(alerts, incident.alerts);
  std::string labels;
  append_label_counts(labels, incident.labels);
  const bool done = upsert_incident_.bind(1, static_cast<std::int64_t>(incident.id))
                        .bind(2, incident.title)
                        .bind(3, static_cast<std::int64_t>(incident.nature))
                        .bind(4, static_cast<double>(incident.rank))
                        .bind(5, std::int64_t{incident.joint})
                        .bind(6, devices)
                        .bind(7, static_cast<std::int64_t>(incident.device_count))
                        .bind(8, alerts)
                        .bind(9, static_cast<std::int64_t>(incident.alert_count))
                        .bind(10, labels)
                        .bind(11, incident.destination)
                        .bind(12, std::int64_t{incident.port})
                        .bind(13, static_cast<std::int64_t>(incident.count))
                        .bind(14, micros(incident.first))
                        .bind(15, micros(incident.last))
                        .bind(16, micros(incident.raised))
                        .bind(17, micros(incident.updated))
                        .bind(18, static_cast<double>(incident.peak_score))
                        .bind(19, std::int64_t{incident.open})
                        .bind(20, std::int64_t{incident.acknowledged})
                        .bind(21, incident.feedback)
                        .bind(22, incident.comment)
                        .run();
  return done;
}

Status Writer::mark_alert(std::uint64_t id, bool acknowledged, std::string_view feedback,
                          std::string_view comment) {
  const std::scoped_lock lock{mutex_};
  const auto update =
      db_.cached("UPDATE alerts SET acknowledged = ?2, feedback = ?3, comment = ?4 WHERE id = ?1");
  if (!update) return update.error();
  const bool written = (*update)
                           ->bind(1, static_cast<std::int64_t>(id))
                           .bind(2, std::int64_t{acknowledged})
                           .bind(3, feedback)
                           .bind(4, comment)
                           .run();
  if (!written) return db_.error();
  if (db_.changes() == 0) return Error{Errc::not_found, fmt::format("no alert {}", id)};
  fold_.mark_alert(id, acknowledged, feedback, comment);
  return {};
}

Status Writer::mark_incident(std::uint64_t id, bool acknowledged, std::string_view feedback,
                             std::string_view comment) {
  const std::scoped_lock lock{mutex_};
  if (Status begun = begin(); !begun) return begun;
  Status done = write_mark(id, acknowledged, feedback, comment);
  if (done) done = finish();
  if (!done) {
    roll_back();
    return done;
  }
  fold_.mark_incident(id, acknowledged, feedback, comment);
  return {};
}

Status Writer::write_mark(std::uint64_t id, bool acknowledged, std::string_view feedback,
                          std::string_view comment) {
  const auto incident = db_.cached(
      "UPDATE incidents SET acknowledged = ?2, feedback = ?3, comment = ?4 WHERE id = ?1");
  const auto alerts = db_.cached(
      "UPDATE alerts SET acknowledged = ?2, feedback = ?3 WHERE incident = ?1 AND incident > 0");
  if (!incident) return incident.error();
  if (!alerts) return alerts.error();
  for (Statement* statement : {*incident, *alerts}) {
    statement->bind(1, static_cast<std::int64_t>(id)).bind(2, std::int64_t{acknowledged});
    statement->bind(3, feedback);
    if (statement == *incident) statement->bind(4, comment);
    if (!statement->run()) return db_.error();
    if (statement == *incident && db_.changes() == 0) {
      return Error{Errc::not_found, fmt::format("no incident {}", id)};
    }
  }
  return {};
}

}  // namespace vedette::sqlite
