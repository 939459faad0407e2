#include "store/sqlite_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.hpp"
#include "store/sqlite_rows.hpp"
#include "store/sqlite_schema.hpp"

namespace vedette::sqlite {

Result<std::unique_ptr<Connection>> ReaderPool::take() const {
  std::unique_lock lock{mutex_};
  returned_.wait(lock, [this] { return !idle_.empty() || opened_ < connections_max; });
  if (!idle_.empty()) {
    auto db = std::move(idle_.back());
    idle_.pop_back();
    return db;
  }
  Result<Connection> db = open_reader(path_);
  if (!db) return db.error();
  ++opened_;
  return std::make_unique<Connection>(std::move(*db));
}

void ReaderPool::give(std::unique_ptr<Connection> db) const {
  {
    const std::scoped_lock lock{mutex_};
    idle_.push_back(std::move(db));
  }
  returned_.notify_one();
}

namespace {

constexpr std::size_t page_max = 1'000;

std::size_t page_size(std::size_t limit) {
  return std::clamp<std::size_t>(limit, 1, page_max);
}

/// Where a page of verdicts comes from: one table, read through one index, newest first. Several
/// streams are merged; each is already in order, so none reads more than a page.
struct Stream {
  RecordKind kind;
  std::optional<bool> anomalous;  ///< fixed by the index prefix (device streams)
};

/// The ids that a query's names stand for; nothing when a name is unknown: no row can match.
struct Ids {
  std::optional<std::int64_t> device;
  std::optional<std::int64_t> label;
};

Result<std::optional<std::int64_t>> id_of(Connection& db, const char* sql, std::string_view name) {
  const auto statement = db.cached(sql);
  if (!statement) return statement.error();
  std::optional<std::int64_t> id;
  if ((*statement)->bind(1, name).step()) {
    id = (*statement)->integer(0);
    (*statement)->reset();
  } else if ((*statement)->failed()) {
    return db.error();
  }
  return id;
}

std::vector<Stream> streams_of(const VerdictQuery& query) {
  std::vector<Stream> streams;
  for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
    if (query.kind && *query.kind != kind) continue;
    if (query.device.empty() || query.anomalous) {
      streams.push_back({kind, query.anomalous});
    } else {
      // The index of devices goes (device, anomalous, time): two runs in order of time.
      streams.push_back({kind, false});
      streams.push_back({kind, true});
    }
  }
  return streams;
}

/// Every index holds what comes before the time as equality, so its order is the page's order.
const char* index_for(const VerdictQuery& query, const Stream& stream, const Ids& ids) {
  if (!query.device.empty()) return "device";
  if (ids.label && *ids.label > benign_label_id) return "label";
  if (stream.anomalous == true) return "anomalous";
  return "key";
}

std::string sql_of(const VerdictQuery& query, const Stream& stream, const Ids& ids) {
  const std::string_view index = index_for(query, stream, ids);
  std::string sql = select_judged(stream.kind, index.data());
  sql += judged_joins;
  sql += " WHERE r.ts >= ?1 AND r.ts < ?2 AND (r.ts, r.hash) < (?3, ?4)";
  if (ids.device) sql += " AND r.device = ?5";
  if (ids.label) sql += " AND r.label = ?6";
  if (index == "label") sql += " AND r.label > 1";
  if (stream.anomalous) sql += *stream.anomalous ? " AND r.anomalous = 1" : " AND r.anomalous = 0";
  sql += " ORDER BY r.ts DESC, r.hash DESC LIMIT ?7";
  return sql;
}

struct Bounds {
  std::int64_t from = std::numeric_limits<std::int64_t>::min();
  std::int64_t to = std::numeric_limits<std::int64_t>::max();
  std::int64_t before_ts = std::numeric_limits<std::int64_t>::max();
  std::int64_t before_hash = std::numeric_limits<std::int64_t>::max();
};

Result<Bounds> bounds_of(const VerdictQuery& query) {
  Bounds bounds;
  if (query.from) bounds.from = micros(*query.from);
  if (query.to) bounds.to = micros(*query.to);
  if (query.before.empty()) return bounds;
  const auto key = key_from_text(query.before);
  if (!key) return Error{Errc::malformed, fmt::format("cursor {}", vedette::quoted(query.before))};
  bounds.before_ts = key->time_micros;
  bounds.before_hash = stored_hash(key->hash);
  return bounds;
}

Status read_stream(Connection& db, const VerdictQuery& query, const Stream& stream, const Ids& ids,
                   const Bounds& bounds, std::size_t rows_max, std::vector<Judged>& out) {
  const auto statement = db.cached(sql_of(query, stream, ids));
  if (!statement) return statement.error();
  Statement& rows = **statement;
  rows.bind(1, bounds.from).bind(2, bounds.to).bind(3, bounds.before_ts);
  rows.bind(4, bounds.before_hash).bind(7, static_cast<std::int64_t>(rows_max));
  if (ids.device) rows.bind(5, *ids.device);
  if (ids.label) rows.bind(6, *ids.label);
  while (rows.step()) {
    out.emplace_back();
    if (Status done = read_judged(rows, stream.kind, out.back()); !done) {
      rows.reset();
      return done;
    }
  }
  if (rows.failed()) return db.error();
  return {};
}

std::uint64_t before_id(std::string_view before) {
  return before.empty() ? static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
                        : parse_integer<std::uint64_t>(before).value_or(0);
}

Status check_id_cursor(std::string_view before) {
  if (before.empty() || parse_integer<std::int64_t>(before)) return {};
  return Error{Errc::malformed, fmt::format("cursor {}", vedette::quoted(before))};
}

}  // namespace

Result<Page<Judged>> find_verdicts(Connection& db, const VerdictQuery& query) {
  const Result<Bounds> bounds = bounds_of(query);
  if (!bounds) return bounds.error();
  Page<Judged> page;
  Ids ids;
  if (!query.device.empty()) {
    const auto id = id_of(db, "SELECT id FROM devices WHERE name = ?", query.device);
    if (!id) return id.error();
    if (!*id) return page;
    ids.device = **id;
  }
  if (!query.label.empty()) {
    const auto id = id_of(db, "SELECT id FROM labels WHERE name = ?", query.label);
    if (!id) return id.error();
    if (!*id) return page;
    ids.label = **id;
  }
  const std::size_t limit = page_size(query.limit);
  for (const Stream& stream : streams_of(query)) {
    // One row more than the page says whether there is a next page.
    Status done = read_stream(db, query, stream, ids, *bounds, limit + 1, page.items);
    if (!done) return done.error();
  }
  std::sort(page.items.begin(), page.items.end(),
            [](const Judged& a, const Judged& b) { return a.record.key > b.record.key; });
  if (page.items.size() > limit) {
    page.items.erase(page.items.begin() + static_cast<std::ptrdiff_t>(limit), page.items.end());
    page.next = to_text(page.items.back().record.key);
  }
  return page;
}

Result<std::optional<Judged>> find_verdict(Connection& db, RecordKey key) {
  for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
    std::string sql = select_judged(kind, "key");
    sql += judged_joins;
    sql += " WHERE r.ts = ?1 AND r.hash = ?2";
    const auto statement = db.cached(sql);
    if (!statement) return statement.error();
    Statement& row = **statement;
    if (row.bind(1, key.time_micros).bind(2, stored_hash(key.hash)).step()) {
      Judged judged;
      Status done = read_judged(row, kind, judged);
      row.reset();
      if (!done) return done.error();
      return std::optional<Judged>{std::move(judged)};
    }
    if (row.failed()) return db.error();
  }
  return std::optional<Judged>{};
}

Result<std::vector<DeviceSummary>> find_devices(Connection& db) {
  const auto statement = db.cached(
      "SELECT d.name, d.first_seen, d.last_seen, d.flows, d.readings, d.anomalies,"
      " (SELECT count(*) FROM alerts WHERE device = d.name AND open = 1) FROM devices d"
      " WHERE d.flows + d.readings > 0 ORDER BY d.name");
  if (!statement) return statement.error();
  Statement& row = **statement;
  std::vector<DeviceSummary> devices;
  while (row.step()) {
    DeviceSummary& device = devices.emplace_back();
    device.device = row.text(0);
    device.first_seen = time_from_micros(row.integer(1));
    device.last_seen = time_from_micros(row.integer(2));
    device.flows = row.count(3);
    device.readings = row.count(4);
    device.anomalies = row.count(5);
    device.open_alerts = row.count(6);
  }
  if (row.failed()) return db.error();
  return devices;
}

Result<Page<Alert>> find_alerts(Connection& db, const AlertQuery& query) {
  if (Status done = check_id_cursor(query.before); !done) return done.error();
  std::string sql = select_alerts_sql;
  sql += " WHERE id < ?1";
  if (!query.device.empty()) sql += " AND device = ?2";
  if (query.nature) sql += " AND nature = ?4";
  if (query.incident > 0) sql += " AND incident = ?5 AND incident > 0";
  if (query.open) sql += *query.open ? " AND open = 1" : " AND open = 0";
  if (query.acknowledged) {
    sql += *query.acknowledged ? " AND acknowledged = 1" : " AND acknowledged = 0";
  }
  sql += " ORDER BY id DESC LIMIT ?3";
  const auto statement = db.cached(sql);
  if (!statement) return statement.error();
  Statement& row = **statement;
  const std::size_t limit = page_size(query.limit);
  row.bind(1, static_cast<std::int64_t>(before_id(query.before)));
  row.bind(3, static_cast<std::int64_t>(limit + 1));
  if (!query.device.empty()) row.bind(2, query.device);
  if (query.nature) row.bind(4, static_cast<std::int64_t>(*query.nature));
  if (query.incident > 0) row.bind(5, static_cast<std::int64_t>(query.incident));
  Page<Alert> page;
  while (row.step()) {
    Result<Alert> alert = read_alert(row);
    if (!alert) {
      row.reset();
      return alert.error();
    }
    page.items.push_back(std::move(*alert));
  }
  if (row.failed()) return db.error();
  if (page.items.size() > limit) {
    page.items.pop_back();
    page.next = std::to_string(page.items.back().id);
  }
  return page;
}

Result<std::optional<Alert>> find_alert(Connection& db, std::uint64_t id) {
  const auto statement = db.cached(std::string{select_alerts_sql} + " WHERE id = ?1");
  if (!statement) return statement.error();
  Statement& row = **statement;
  if (!row.bind(1, static_cast<std::int64_t>(id)).step()) {
    if (row.failed()) return db.error();
    return std::optional<Alert>{};
  }
  Result<Alert> alert = read_alert(row);
  row.reset();
  if (!alert) return alert.error();
  return std::optional<Alert>{std::move(*alert)};
}

Result<Page<Quarantined>> find_quarantined(Connection& db, std::string_view before,
                                           std::size_t limit) {
  if (Status done = check_id_cursor(before); !done) return done.error();
  const auto statement =
      db.cached(std::string{select_quarantined_sql} + " WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
  if (!statement) return statement.error();
  Statement& row = **statement;
  limit = page_size(limit);
  row.bind(1, static_cast<std::int64_t>(before_id(before)));
  row.bind(2, static_cast<std::int64_t>(limit + 1));
  Page<Quarantined> page;
  std::int64_t last_id = 0;
  while (row.step()) {
    if (page.items.size() == limit) {
      page.next = std::to_string(last_id);
      continue;
    }
    page.items.push_back(read_quarantined(row));
    last_id = row.integer(6);
  }
  if (row.failed()) return db.error();
  return page;
}

Result<std::vector<RollUp>> find_roll_ups(Connection& db, std::string_view device, Time from,
                                          Time to) {
  // Every minute of a device is also one of the fleet, whose few rows say where to look.
  const auto statement = db.cached(
      device.empty()
          ? "SELECT minute, flows, readings, anomalies, score_max FROM minutes"
            " WHERE minute >= ?1 AND minute < ?2 ORDER BY minute"
          : "SELECT d.minute, d.flows, d.readings, d.anomalies, d.score_max FROM minutes f"
            " CROSS JOIN device_minutes d ON d.minute = f.minute AND d.device ="
            " (SELECT id FROM devices WHERE name = ?3)"
            " WHERE f.minute >= ?1 AND f.minute < ?2 ORDER BY f.minute");
  if (!statement) return statement.error();
  Statement& row = **statement;
  row.bind(1, micros(from)).bind(2, micros(to));
  if (!device.empty()) row.bind(3, device);
  std::vector<RollUp> roll_ups;
  while (row.step()) {
    RollUp& roll_up = roll_ups.emplace_back();
    roll_up.minute = time_from_micros(row.integer(0));
    roll_up.flows = row.count(1);
    roll_up.readings = row.count(2);
    roll_up.anomalies = row.count(3);
    roll_up.score_max = static_cast<float>(row.real(4));
  }
  if (row.failed()) return db.error();
  return roll_ups;
}

Result<StoreCounts> find_counts(Connection& db) {
  const auto statement = db.cached(
      "SELECT (SELECT value FROM totals WHERE name = 'flows'),"
      " (SELECT value FROM totals WHERE name = 'readings'),"
      " (SELECT value FROM totals WHERE name = 'anomalies'),"
      " (SELECT value FROM totals WHERE name = 'quarantined'), (SELECT count(*) FROM alerts),"
      " (SELECT count(*) FROM incidents), (SELECT count(*) FROM incidents WHERE open = 1)");
  if (!statement) return statement.error();
  Statement& row = **statement;
  StoreCounts counts;
  if (row.step()) {
    counts.flows = row.count(0);
    counts.readings = row.count(1);
    counts.anomalies = row.count(2);
    counts.quarantined = row.count(3);
    counts.alerts = row.count(4);
    counts.incidents = row.count(5);
    counts.open_incidents = row.count(6);
    row.reset();
  } else if (row.failed()) {
    return db.error();
  }
  return counts;
}

}  // namespace vedette::sqlite
