#include "store/sqlite_schema.hpp"

#include <fmt/format.h>

namespace vedette::sqlite {

namespace {

// One row is one record with its one verdict. Rows are appended by rowid, which is the order of
// arrival: retention deletes whole pages from the front. What makes a row unique is its key.
constexpr const char* flows_sql = R"sql(
CREATE TABLE flows (
  id INTEGER PRIMARY KEY,
  ts INTEGER NOT NULL, hash INTEGER NOT NULL, device INTEGER NOT NULL, received INTEGER NOT NULL,
  anomalous INTEGER NOT NULL, label INTEGER NOT NULL, score REAL NOT NULL, threshold REAL NOT NULL,
  certainty INTEGER NOT NULL, model INTEGER NOT NULL, truth INTEGER NOT NULL, why TEXT,
  suspect INTEGER NOT NULL DEFAULT 0, excluded INTEGER NOT NULL DEFAULT 0,
  uid TEXT, orig_h TEXT, orig_p INTEGER NOT NULL, resp_h TEXT, resp_p INTEGER NOT NULL,
  proto TEXT, conn_state TEXT, service TEXT, history TEXT, duration REAL,
  orig_bytes REAL, resp_bytes REAL, missed_bytes REAL,
  orig_pkts REAL, orig_ip_bytes REAL, resp_pkts REAL, resp_ip_bytes REAL);
CREATE UNIQUE INDEX flows_key ON flows (ts, hash);
CREATE INDEX flows_device ON flows (device, anomalous, ts, hash, label);
CREATE INDEX flows_anomalous ON flows (ts, hash) WHERE anomalous = 1;
CREATE INDEX flows_label ON flows (label, ts, hash) WHERE label > 1;
CREATE INDEX flows_excluded ON flows (excluded) WHERE excluded > 0;
)sql";

constexpr const char* readings_sql = R"sql(
CREATE TABLE readings (
  id INTEGER PRIMARY KEY,
  ts INTEGER NOT NULL, hash INTEGER NOT NULL, device INTEGER NOT NULL, received INTEGER NOT NULL,
  anomalous INTEGER NOT NULL, label INTEGER NOT NULL, score REAL NOT NULL, threshold REAL NOT NULL,
  certainty INTEGER NOT NULL, model INTEGER NOT NULL, truth INTEGER NOT NULL, why TEXT,
  suspect INTEGER NOT NULL DEFAULT 0, excluded INTEGER NOT NULL DEFAULT 0,
  sensors TEXT NOT NULL);
CREATE UNIQUE INDEX readings_key ON readings (ts, hash);
CREATE INDEX readings_device ON readings (device, anomalous, ts, hash, label);
CREATE INDEX readings_anomalous ON readings (ts, hash) WHERE anomalous = 1;
CREATE INDEX readings_label ON readings (label, ts, hash) WHERE label > 1;
CREATE INDEX readings_excluded ON readings (excluded) WHERE excluded > 0;
)sql";

constexpr const char* around_sql = R"sql(
CREATE TABLE devices (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  flows INTEGER NOT NULL, readings INTEGER NOT NULL, anomalies INTEGER NOT NULL);
CREATE INDEX devices_last_seen ON devices (last_seen);
CREATE TABLE labels (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO labels VALUES (0, ''), (1, 'Benign');
CREATE TABLE models (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE minutes (
  minute INTEGER PRIMARY KEY,
  flows INTEGER NOT NULL, readings INTEGER NOT NULL, anomalies INTEGER NOT NULL,
  score_max REAL NOT NULL);
CREATE TABLE device_minutes (
  minute INTEGER NOT NULL, device INTEGER NOT NULL,
  flows INTEGER NOT NULL, readings INTEGER NOT NULL, anomalies INTEGER NOT NULL,
  score_max REAL NOT NULL, PRIMARY KEY (minute, device)) WITHOUT ROWID;
CREATE TABLE totals (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO totals VALUES ('flows', 0), ('readings', 0), ('anomalies', 0), ('quarantined', 0);
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, kind INTEGER NOT NULL,
  label TEXT NOT NULL, count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  raised INTEGER NOT NULL, updated INTEGER NOT NULL, peak_score REAL NOT NULL,
  peak_ts INTEGER NOT NULL, peak_hash INTEGER NOT NULL, why TEXT, open INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL DEFAULT 0, feedback TEXT NOT NULL DEFAULT '',
  comment TEXT NOT NULL DEFAULT '', nature INTEGER NOT NULL DEFAULT 0,
  labels TEXT NOT NULL DEFAULT '[]', samples TEXT NOT NULL DEFAULT '',
  destination TEXT NOT NULL DEFAULT '', port INTEGER NOT NULL DEFAULT 0,
  incident INTEGER NOT NULL DEFAULT 0);
CREATE INDEX alerts_device ON alerts (device, open);
CREATE INDEX alerts_open ON alerts (id) WHERE open = 1;
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY AUTOINCREMENT, received INTEGER NOT NULL, place TEXT NOT NULL,
  code TEXT NOT NULL, reason TEXT NOT NULL, payload BLOB NOT NULL,
  payload_bytes INTEGER NOT NULL);
CREATE TABLE users (
  name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, role TEXT NOT NULL,
  created INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE tokens (
  hash TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (name), kind TEXT NOT NULL,
  name TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX tokens_user ON tokens (user, created);
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, user TEXT NOT NULL,
  action TEXT NOT NULL, subject TEXT NOT NULL);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
)sql";

// What version 2 brought beside columns.
constexpr const char* alarms_sql = R"sql(
CREATE INDEX alerts_incident ON alerts (incident) WHERE incident > 0;
CREATE TABLE incidents (
  id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, nature INTEGER NOT NULL,
  rank REAL NOT NULL, joint INTEGER NOT NULL, devices TEXT NOT NULL,
  device_count INTEGER NOT NULL, alerts TEXT NOT NULL, alert_count INTEGER NOT NULL,
  labels TEXT NOT NULL, destination TEXT NOT NULL, port INTEGER NOT NULL, count INTEGER NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, raised INTEGER NOT NULL,
  updated INTEGER NOT NULL, peak_score REAL NOT NULL, open INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL, feedback TEXT NOT NULL, comment TEXT NOT NULL);
CREATE INDEX incidents_open ON incidents (id) WHERE open = 1;
CREATE INDEX incidents_updated ON incidents (updated);
CREATE INDEX incidents_rank ON incidents (rank, id);
CREATE TABLE exclusions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, kind INTEGER, label TEXT NOT NULL,
  destination TEXT NOT NULL, port INTEGER, day_from INTEGER, day_to INTEGER, first INTEGER,
  last INTEGER, reason TEXT NOT NULL, created_by TEXT NOT NULL, created INTEGER NOT NULL,
  expires INTEGER);
)sql";

// Version 1 kept a list of reasons where an explanation stands now; readers know both. Columns are
// added, no row is written anew: a store of 10 GB opens in the time that two partial indexes take.
constexpr const char* from_version_1_sql = R"sql(
DROP VIEW verdicts;
ALTER TABLE flows RENAME COLUMN reasons TO why;
ALTER TABLE flows ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flows ADD COLUMN excluded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX flows_excluded ON flows (excluded) WHERE excluded > 0;
ALTER TABLE readings RENAME COLUMN reasons TO why;
ALTER TABLE readings ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0;
ALTER TABLE readings ADD COLUMN excluded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX readings_excluded ON readings (excluded) WHERE excluded > 0;
ALTER TABLE alerts RENAME COLUMN reasons TO why;
ALTER TABLE alerts ADD COLUMN nature INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';
ALTER TABLE alerts ADD COLUMN samples TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN destination TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN port INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN incident INTEGER NOT NULL DEFAULT 0;
UPDATE alerts SET labels = '[{"label":' || json_quote(label) || ',"count":' || count || '}]',
  nature = CASE WHEN label IN ('', 'Benign', 'unknown') THEN 2 WHEN kind = 0 THEN 3
           WHEN label = 'gap' THEN 0 ELSE 1 END;
)sql";

// For people with the sqlite3 shell: names for ids, times as text, the id the API shows.
constexpr const char* view_sql = R"sql(
CREATE VIEW verdicts AS
SELECT printf('%d-%016x', r.ts, CASE WHEN r.hash < 0 THEN r.hash + 9223372036854775807 + 1
                                ELSE r.hash - 9223372036854775807 - 1 END) AS id,
  r.kind, d.name AS device, datetime(r.ts / 1000000, 'unixepoch') AS time,
  datetime(r.received / 1000000, 'unixepoch') AS received, r.score, r.threshold, r.anomalous,
  CASE r.certainty & 3 WHEN 0 THEN 'sure' WHEN 1 THEN 'learning' ELSE 'no_model' END AS certainty,
  l.name AS label, m.name AS model, t.name AS truth, r.excluded, r.why
FROM (SELECT 'flow' AS kind, ts, hash, device, received, score, threshold, anomalous, certainty,
        label, model, truth, excluded, why FROM flows
      UNION ALL SELECT 'reading', ts, hash, device, received, score, threshold, anomalous,
        certainty, label, model, truth, excluded, why FROM readings) AS r
  JOIN devices d ON d.id = r.device JOIN labels l ON l.id = r.label
  JOIN models m ON m.id = r.model JOIN labels t ON t.id = r.truth;
)sql";

// Pages of 4 KiB hold 19 flows: a small commit writes half of what pages of 8 KiB would. 64 MiB of
// cache keep the upper levels of the indexes and every leaf that a steady fleet touches. The WAL is
// copied back by maintain() (see SqliteWriter), not in the middle of a commit.
constexpr const char* writer_pragmas = R"sql(
PRAGMA synchronous = FULL;
PRAGMA cache_size = -65536;
PRAGMA temp_store = MEMORY;
PRAGMA foreign_keys = OFF;
PRAGMA wal_autocheckpoint = 0;
PRAGMA journal_size_limit = 67108864;
)sql";

Status stamp_and_commit(Connection& db) {
  const std::string stamp = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};",
                                        application_id, schema_version);
  if (Status done = db.run(stamp.c_str()); !done) return done;
  return db.run("COMMIT");
}

Status create_tables(Connection& db) {
  // Before the first table: neither can be changed afterwards.
  if (Status done = db.run("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;"); !done) {
    return done;
  }
  if (Status done = db.run("PRAGMA journal_mode = WAL"); !done) return done;
  if (Status done = db.run("BEGIN IMMEDIATE"); !done) return done;
  for (const char* sql : {flows_sql, readings_sql, around_sql, alarms_sql, view_sql}) {
    if (Status done = db.run(sql); !done) return done;
  }
  return stamp_and_commit(db);
}

/// One transaction: a file is of version 1 or of version 2, also after a power cut. A failure is
/// rolled back as its connection closes.
Status migrate_from_version_1(Connection& db) {
  if (Status done = db.run("BEGIN IMMEDIATE"); !done) return done;
  for (const char* sql : {from_version_1_sql, alarms_sql, view_sql}) {
    if (Status done = db.run(sql); !done) return done;
  }
  return stamp_and_commit(db);
}

Status check_stamp(Connection& db, const std::filesystem::path& path) {
  const Result<std::int64_t> owner = db.integer("PRAGMA application_id");
  const Result<std::int64_t> version = db.integer("PRAGMA user_version");
  const Result<std::int64_t> tables = db.integer("SELECT count(*) FROM sqlite_schema");
  for (const auto* result : {&owner, &version, &tables}) {
    if (!result->ok()) return result->error();
  }
  if (*owner == 0 && *version == 0 && *tables == 0) return create_tables(db);
  if (*owner != application_id) {
    return Error{Errc::malformed,
                 fmt::format("{}: a database, but not one of vedette", path.string())};
  }
  if (*version > schema_version) {
    return Error{Errc::unsupported,
                 fmt::format("{}: schema version {}, this vedette knows up to {}", path.string(),
                             *version, schema_version)};
  }
  if (*version == 1) return migrate_from_version_1(db);
  return {};
}

}  // namespace

Result<Connection> open_writer(const std::filesystem::path& path) {
  Result<Connection> db = Connection::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!db) return db;
  // SQLite falls back to reading when it may not write; a store that cannot write is of no use.
  if (sqlite3_db_readonly(db->handle(), "main") == 1) {
    return Error{Errc::io, fmt::format("{}: read-only", path.string())};
  }
  if (Status done = check_stamp(*db, path); !done) return done.error();
  if (Status done = db->run(writer_pragmas); !done) return done.error();
  return db;
}

Result<Connection> open_reader(const std::filesystem::path& path) {
  Result<Connection> db = Connection::open(path, SQLITE_OPEN_READONLY);
  if (!db) return db;
  if (Status done = db->run("PRAGMA cache_size = -8192; PRAGMA query_only = ON;"); !done) {
    return done.error();
  }
  return db;
}

}  // namespace vedette::sqlite
