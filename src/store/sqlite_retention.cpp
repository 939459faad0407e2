/// Upkeep of the SQLite store, in steps small enough that the line hardly notices: what is too old
/// goes, then what is too much, and the WAL is copied back. A step deletes at most twice what came
/// in since the last one (and 5,000 rows), so it catches up with any inflow.
#include <algorithm>

#include "store/sqlite_schema.hpp"
#include "store/sqlite_writer.hpp"

namespace vedette::sqlite {

namespace {

constexpr std::int64_t rows_step_min = 5'000;
constexpr std::int64_t alerts_kept_max = 100'000;
constexpr std::int64_t alerts_closed_step = 1'000;
constexpr std::int64_t small_step = 1'000;
constexpr int pages_checkpoint_min = 1'000;
// Free pages are used again by the next rows; only an eighth of the file or more is given back.
constexpr std::int64_t free_share = 8;
constexpr const char* shrink_sql = "PRAGMA incremental_vacuum(512)";
constexpr std::int64_t nothing = -1;

}  // namespace

Status Writer::maintain(Time now, AlarmChanges& changes) {
  const std::scoped_lock lock{mutex_};
  Status done = begin();
  if (done) done = keep_house(now);
  if (done) done = finish();
  if (!done) {
    roll_back();
    return done;
  }
  changes.append(fold_.changes());
  fold_.keep();
  rows_since_upkeep_ = 0;
  checkpoint(pages_checkpoint_min);
  return {};
}

Status Writer::keep_house(Time now) {
  fold_.close_quiet(now, static_cast<std::size_t>(alerts_closed_step));
  if (!write_alerts() || !write_incidents()) return db_.error();
  const std::int64_t cutoff = micros(now - retention_.age_max);
  if (Status done = drop_by_age(cutoff); !done) return done;
  if (Status done = drop_by_size(); !done) return done;
  if (Status done = drop_old_minutes(cutoff); !done) return done;
  if (Status done = drop_lost_devices(cutoff); !done) return done;
  if (Status done = drop_old_alerts(); !done) return done;
  if (Status done = trim_quarantine(); !done) return done;
  return shrink_file();
}

Status Writer::run_with(const char* sql, std::int64_t first, std::int64_t second) {
  const auto statement = db_.cached(sql);
  if (!statement) return statement.error();
  if (!(*statement)->bind(1, first).bind(2, second).run()) return db_.error();
  return {};
}

Result<std::int64_t> Writer::integer_with(const char* sql, std::int64_t first,
                                          std::int64_t second) {
  const auto statement = db_.cached(sql);
  if (!statement) return statement.error();
  std::int64_t value = nothing;
  if ((*statement)->bind(1, first).bind(2, second).step()) {
    if (!(*statement)->is_null(0)) value = (*statement)->integer(0);
    (*statement)->reset();
  } else if ((*statement)->failed()) {
    return db_.error();
  }
  return value;
}

Result<std::int64_t> Writer::first_received(bool flows) {
  return integer_with(flows ? "SELECT received FROM flows ORDER BY id LIMIT 1"
                            : "SELECT received FROM readings ORDER BY id LIMIT 1",
                      0, 0);
}

Status Writer::drop_by_age(std::int64_t cutoff) {
  const std::int64_t step =
      std::max(rows_step_min, 2 * static_cast<std::int64_t>(rows_since_upkeep_));
  for (const bool flows : {true, false}) {
    const auto oldest = first_received(flows);
    if (!oldest) return oldest.error();
    if (*oldest == nothing || *oldest >= cutoff) continue;
    const auto last = integer_with(
        flows ? "SELECT max(id) FROM (SELECT id, received FROM flows ORDER BY id LIMIT ?2)"
                " WHERE received < ?1"
              : "SELECT max(id) FROM (SELECT id, received FROM readings ORDER BY id LIMIT ?2)"
                " WHERE received < ?1",
        cutoff, step);
    if (!last) return last.error();
    if (Status done = drop_first_rows(flows, *last); !done) return done;
  }
  return {};
}

Result<std::int64_t> Writer::bytes_used() {
  const auto pages = db_.integer("PRAGMA page_count");
  const auto unused = db_.integer("PRAGMA freelist_count");
  const auto size = db_.integer("PRAGMA page_size");
  for (const auto* result : {&pages, &unused, &size}) {
    if (!result->ok()) return result->error();
  }
  return (*pages - *unused) * *size;
}

Status Writer::drop_by_size() {
  const auto used = bytes_used();
  if (!used) return used.error();
  const auto over = *used - static_cast<std::int64_t>(retention_.bytes_max);
  if (over <= 0) return {};
  const auto rows =
      db_.integer("SELECT sum(value) FROM totals WHERE name IN ('flows', 'readings')");
  if (!rows) return rows.error();
  if (*rows == 0) return {};
  const std::int64_t step_max =
      std::max(rows_step_min, 2 * static_cast<std::int64_t>(rows_since_upkeep_));
  const std::int64_t step = std::min(step_max, over / std::max<std::int64_t>(*used / *rows, 1) + 1);
  const auto flow = first_received(true);
  const auto reading = first_received(false);
  if (!flow) return flow.error();
  if (!reading) return reading.error();
  const bool flows = *reading == nothing || (*flow != nothing && *flow <= *reading);
  const auto last =
      integer_with(flows ? "SELECT max(id) FROM (SELECT id FROM flows ORDER BY id LIMIT ?1)"
                         : "SELECT max(id) FROM (SELECT id FROM readings ORDER BY id LIMIT ?1)",
                   step, 0);
  if (!last) return last.error();
  if (Status done = drop_first_rows(flows, *last); !done) return done;
  // Curves of single devices go with their records; those of the fleet (1,440 rows a day) stay.
  const std::int64_t oldest = flows ? *flow : *reading;
  return run_with(
      "DELETE FROM device_minutes WHERE (minute, device) IN (SELECT minute, device FROM"
      " device_minutes WHERE minute < ?1 - 60000000 ORDER BY minute LIMIT ?2)",
      oldest, step);
}

Status Writer::drop_first_rows(bool flows, std::int64_t last_id) {
  const auto anomalies =
      integer_with(flows ? "SELECT total(anomalous) FROM flows WHERE id <= ?1"
                         : "SELECT total(anomalous) FROM readings WHERE id <= ?1",
                   last_id, 0);
  if (!anomalies) return anomalies.error();
  Status done =
      run_with(flows ? "DELETE FROM flows WHERE id <= ?1" : "DELETE FROM readings WHERE id <= ?1",
               last_id, 0);
  if (!done) return done;
  const std::int64_t rows = db_.changes();
  const bool counted =
      update_total_.bind(1, std::string_view{flows ? "flows" : "readings"}).bind(2, -rows).run() &&
      update_total_.bind(1, std::string_view{"anomalies"}).bind(2, -*anomalies).run();
  if (!counted) return db_.error();
  return {};
}

Status Writer::drop_old_minutes(std::int64_t cutoff) {
  Status done = run_with(
      "DELETE FROM device_minutes WHERE (minute, device) IN (SELECT minute, device FROM"
      " device_minutes WHERE minute < ?1 - 60000000 ORDER BY minute LIMIT ?2)",
      cutoff, rows_step_min);
  if (!done) return done;
  return run_with(
      "DELETE FROM minutes WHERE minute IN (SELECT minute FROM minutes WHERE minute < ?1 - 60000000"
      " ORDER BY minute LIMIT ?2)",
      cutoff, small_step);
}

Status Writer::drop_lost_devices(std::int64_t cutoff) {
  // A device is forgotten once its last record is: nothing refers to its id any more.
  Status done = run_with(
      "DELETE FROM devices WHERE id IN (SELECT id FROM devices AS d WHERE last_seen < ?1"
      " AND NOT EXISTS (SELECT 1 FROM flows WHERE device = d.id)"
      " AND NOT EXISTS (SELECT 1 FROM readings WHERE device = d.id)"
      " ORDER BY last_seen LIMIT ?2)",
      cutoff, small_step);
  if (done && db_.changes() > 0) devices_.forget();
  return done;
}

Status Writer::drop_old_alerts() {
  Status done = run_with(
      "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE open = 0 AND id <="
      " (SELECT seq FROM sqlite_sequence WHERE name = 'incidents') - ?1 ORDER BY id LIMIT ?2)",
      alerts_kept_max, small_step);
  if (!done) return done;
  return run_with(
      "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE open = 0 AND id <="
      " (SELECT seq FROM sqlite_sequence WHERE name = 'alerts') - ?1 ORDER BY id LIMIT ?2)",
      alerts_kept_max, small_step);
}

Status Writer::trim_quarantine() {
  const auto kept = static_cast<std::int64_t>(retention_.quarantine_max);
  // As many as a batch may bring, and some more for a bound that was lowered.
  return run_with(
      "DELETE FROM quarantine WHERE id IN (SELECT id FROM quarantine WHERE id <="
      " (SELECT seq FROM sqlite_sequence WHERE name = 'quarantine') - ?1 ORDER BY id LIMIT ?2)",
      kept, small_step + quarantined_);
}

Status Writer::shrink_file() {
  const auto pages = db_.integer("PRAGMA page_count");
  const auto unused = db_.integer("PRAGMA freelist_count");
  if (!pages) return pages.error();
  if (!unused) return unused.error();
  if (*unused < 1'024 || *unused * free_share < *pages) return {};
  return db_.run(shrink_sql);
}

void Writer::checkpoint(int pages_min) {
  if (wal_pages_ < pages_min) return;
  // Passive: never waits for readers. What could not be copied is copied next time; a failure
  // (disk full) shows at the next commit, which is where it can be answered.
  sqlite3_wal_checkpoint_v2(db_.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  wal_pages_ = 0;
}

}  // namespace vedette::sqlite
