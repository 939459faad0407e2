/// A store of schema version 1 opens as one of version 2.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "store/store.hpp"

namespace vedette {
namespace {

/// As version 1 made it, to the letter.
constexpr const char* version_1_sql = R"sql(
CREATE TABLE flows (
  id INTEGER PRIMARY KEY,
  ts INTEGER NOT NULL, hash INTEGER NOT NULL, device INTEGER NOT NULL, received INTEGER NOT NULL,
  anomalous INTEGER NOT NULL, label INTEGER NOT NULL, score REAL NOT NULL, threshold REAL NOT NULL,
  certainty INTEGER NOT NULL, model INTEGER NOT NULL, truth INTEGER NOT NULL, reasons TEXT,
  uid TEXT, orig_h TEXT, orig_p INTEGER NOT NULL, resp_h TEXT, resp_p INTEGER NOT NULL,
  proto TEXT, conn_state TEXT, service TEXT, history TEXT, duration REAL,
  orig_bytes REAL, resp_bytes REAL, missed_bytes REAL,
  orig_pkts REAL, orig_ip_bytes REAL, resp_pkts REAL, resp_ip_bytes REAL);
CREATE UNIQUE INDEX flows_key ON flows (ts, hash);
CREATE INDEX flows_device ON flows (device, anomalous, ts, hash, label);
CREATE INDEX flows_anomalous ON flows (ts, hash) WHERE anomalous = 1;
CREATE INDEX flows_label ON flows (label, ts, hash) WHERE label > 1;
CREATE TABLE readings (
  id INTEGER PRIMARY KEY,
  ts INTEGER NOT NULL, hash INTEGER NOT NULL, device INTEGER NOT NULL, received INTEGER NOT NULL,
  anomalous INTEGER NOT NULL, label INTEGER NOT NULL, score REAL NOT NULL, threshold REAL NOT NULL,
  certainty INTEGER NOT NULL, model INTEGER NOT NULL, truth INTEGER NOT NULL, reasons TEXT,
  sensors TEXT NOT NULL);
CREATE UNIQUE INDEX readings_key ON readings (ts, hash);
CREATE INDEX readings_device ON readings (device, anomalous, ts, hash, label);
CREATE INDEX readings_anomalous ON readings (ts, hash) WHERE anomalous = 1;
CREATE INDEX readings_label ON readings (label, ts, hash) WHERE label > 1;
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
  peak_ts INTEGER NOT NULL, peak_hash INTEGER NOT NULL, reasons TEXT, open INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL DEFAULT 0, feedback TEXT NOT NULL DEFAULT '',
  comment TEXT NOT NULL DEFAULT '');
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
CREATE VIEW verdicts AS
SELECT printf('%d-%016x', r.ts, CASE WHEN r.hash < 0 THEN r.hash + 9223372036854775807 + 1
                                ELSE r.hash - 9223372036854775807 - 1 END) AS id,
  r.kind, d.name AS device, datetime(r.ts / 1000000, 'unixepoch') AS time,
  datetime(r.received / 1000000, 'unixepoch') AS received, r.score, r.threshold, r.anomalous,
  CASE r.certainty & 3 WHEN 0 THEN 'sure' WHEN 1 THEN 'learning' ELSE 'no_model' END AS certainty,
  l.name AS label, m.name AS model, t.name AS truth, r.reasons
FROM (SELECT 'flow' AS kind, ts, hash, device, received, score, threshold, anomalous, certainty,
        label, model, truth, reasons FROM flows
      UNION ALL SELECT 'reading', ts, hash, device, received, score, threshold, anomalous,
        certainty, label, model, truth, reasons FROM readings) AS r
  JOIN devices d ON d.id = r.device JOIN labels l ON l.id = r.label
  JOIN models m ON m.id = r.model JOIN labels t ON t.id = r.truth;
)sql";

constexpr const char* version_1_rows = R"sql(
INSERT INTO labels VALUES (2, 'DDoS'), (3, 'stuck');
INSERT INTO models VALUES (1, 'tree-1');
INSERT INTO devices (id, name, first_seen, last_seen, flows, readings, anomalies)
  VALUES (1, 'cam', 1000, 2000, 2, 1, 2);
INSERT INTO flows (id, ts, hash, device, received, anomalous, label, score, threshold, certainty,
  model, truth, reasons, uid, orig_h, orig_p, resp_h, resp_p, proto, conn_state)
  VALUES (1, 5000000, 7, 1, 1700000000000000, 1, 2, 0.9, 0.5, 0, 1, 0,
    '[{"feature":"resp_p","value":23,"usual_low":1,"usual_high":9,"weight":0.5}]',
    NULL, '10.0.0.1', 1, '10.0.0.9', 23, 'tcp', 'S0'),
  (2, 6000000, 8, 1, 1700000001000000, 0, 1, 0.25, 0.5, 0, 1, 0, NULL,
    NULL, '10.0.0.1', 1, '10.0.0.9', 23, 'tcp', 'S0');
INSERT INTO readings (id, ts, hash, device, received, anomalous, label, score, threshold,
  certainty, model, truth, reasons, sensors)
  VALUES (1, 7000000, 9, 1, 1700000002000000, 1, 3, 0.75, 0.5, 0, 1, 0, NULL, '{"t":1.5}');
UPDATE totals SET value = 2 WHERE name IN ('flows', 'anomalies');
UPDATE totals SET value = 1 WHERE name = 'readings';
INSERT INTO alerts (id, device, kind, label, count, first, last, raised, updated, peak_score,
  peak_ts, peak_hash, reasons, open, acknowledged, feedback, comment)
  VALUES (4, 'cam', 0, 'DDoS', 9, 1, 2, 3, 1700000001000000, 0.9, 5000000, 7,
    '[{"feature":"resp_p","value":23,"usual_low":1,"usual_high":9,"weight":0.5}]', 1, 1,
    'true_alarm', 'seen'),
  (5, 'cam', 1, 'stuck', 1, 1, 2, 3, 4, 0.75, 7000000, 9, NULL, 0, 0, '', '');
INSERT INTO users VALUES ('bob', 'x', 'admin', 1);
PRAGMA application_id = 0x56444554;
PRAGMA user_version = 1;
)sql";

class SqliteMigrationTest : public testing::Test {
 protected:
  SqliteMigrationTest()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("vedette_migration_{}.db", ::getpid())) {
    remove();
    run("PRAGMA journal_mode = WAL");
    run(version_1_sql);
    run(version_1_rows);
  }
  ~SqliteMigrationTest() override { remove(); }

  void remove() {
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
      std::filesystem::remove(path_.string() + suffix);
    }
  }
  void run(const char* sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    char* why = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, &why), SQLITE_OK) << why;
    sqlite3_free(why);
    sqlite3_close(db);
  }
  std::string ask(const char* sql) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    std::string answer;
    sqlite3_exec(
        db, sql,
        [](void* out, int, char** values, char**) {
          *static_cast<std::string*>(out) += values[0] == nullptr ? "-" : values[0];
          return 0;
        },
        &answer, nullptr);
    sqlite3_close(db);
    return answer;
  }
  std::filesystem::path path_;
};

TEST_F(SqliteMigrationTest, WhatWasThereIsThereAndNewThingsWork) {
  Retention retention;
  retention.alarms.evidence = 1;
  auto opened = open_sqlite_store(path_, retention);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  Store& store = **opened;
  const auto verdicts = store.verdicts({});
  ASSERT_TRUE(verdicts.ok()) << verdicts.error().message;
  ASSERT_EQ(verdicts->items.size(), 3U);
  const Judged& flow = verdicts->items[2];
  EXPECT_EQ(flow.verdict.label, "DDoS");
  EXPECT_EQ(flow.verdict.suspect, "DDoS");
  EXPECT_EQ(flow.verdict.excluded, 0U);
  ASSERT_EQ(flow.verdict.why.reasons.size(), 1U);
  EXPECT_EQ(flow.verdict.why.reasons[0].value, 23);
  const auto alert = store.alert(4);
  ASSERT_TRUE(alert.ok() && alert->has_value());
  EXPECT_EQ((*alert)->nature, Nature::attack);
  ASSERT_EQ((*alert)->labels.size(), 1U);
  EXPECT_EQ((*alert)->labels[0].label, "DDoS");
  EXPECT_EQ((*alert)->labels[0].count, 9U);
  EXPECT_EQ((*alert)->why.reasons.size(), 1U);
  EXPECT_EQ((*alert)->comment, "seen");
  EXPECT_EQ((*store.alert(5))->nature, Nature::device_health);
  EXPECT_EQ(store.users()->size(), 1U);
  EXPECT_TRUE(store.incidents({})->items.empty());

  // The open alert goes on; a reading begins the first incident.
  Batch batch{2};
  const Time now = time_from_micros(1'700'000'003'000'000);
  for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
    Judged& judged = batch.add();
    judged.record.kind = kind;
    judged.record.device = "cam";
    judged.record.time = now;
    judged.record.seal();
    judged.received = now;
    judged.verdict.label = kind == RecordKind::flow ? "DDoS" : "stuck";
    judged.verdict.anomalous = true;
  }
  ASSERT_TRUE(store.commit(batch, now).ok());
  ASSERT_EQ(batch.alarms.alerts.size(), 2U);
  EXPECT_EQ(batch.alarms.alerts[0].alert.id, 4U);
  EXPECT_EQ(batch.alarms.alerts[0].alert.count, 10U);
  EXPECT_EQ(batch.alarms.alerts[1].alert.id, 6U);
  ASSERT_EQ(batch.alarms.incidents.size(), 1U);
  EXPECT_EQ(batch.alarms.incidents[0].incident.id, 1U);
  opened->reset();
  EXPECT_EQ(ask("PRAGMA user_version"), "2");
  EXPECT_EQ(ask("SELECT group_concat(id) FROM flows"), "1,2,3");
  EXPECT_EQ(ask("SELECT group_concat(id) FROM readings"), "1,4");
  EXPECT_EQ(ask("SELECT count(*) FROM verdicts WHERE excluded = 0"), "5");
  EXPECT_EQ(ask("PRAGMA integrity_check"), "ok");
  EXPECT_TRUE(open_sqlite_store(path_, retention).ok());
}

TEST_F(SqliteMigrationTest, AFailureLeavesVersion1) {
  run("CREATE TABLE incidents (id INTEGER)");  // in the way
  const auto opened = open_sqlite_store(path_, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(ask("PRAGMA user_version"), "1");
  EXPECT_EQ(ask("SELECT count(reasons) FROM flows"), "1");
}

TEST_F(SqliteMigrationTest, ANewStoreHasTheSameTablesAsAMigratedOne) {
  constexpr const char* tables =
      "SELECT m.name || '(' || (SELECT group_concat(name) FROM (SELECT name FROM"
      " pragma_table_info(m.name) ORDER BY name)) || ')' FROM sqlite_schema m"
      " WHERE type IN ('table', 'view') ORDER BY m.name";
  constexpr const char* indexes =
      "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY"
      " name)";
  { ASSERT_TRUE(open_sqlite_store(path_, {}).ok()); }
  const std::string migrated = ask(tables) + ask(indexes);
  remove();
  { ASSERT_TRUE(open_sqlite_store(path_, {}).ok()); }
  EXPECT_EQ(ask(tables) + ask(indexes), migrated);
  EXPECT_NE(migrated.find("exclusions("), std::string::npos);
}

}  // namespace
}  // namespace vedette
