/// The writing half of the SQLite store: the line's transactions and the upkeep.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "alarm/alarm_fold.hpp"
#include "store/sqlite_db.hpp"
#include "store/sqlite_names.hpp"
#include "store/store.hpp"
#include "store/transfer.hpp"

namespace vedette::sqlite {

/// Thread-safe: every transaction holds the mutex of the one writing connection.
class Writer {
 public:
  static Result<std::unique_ptr<Writer>> open(const std::filesystem::path& path,
                                              const Retention& retention);
  Status commit(Batch& batch);
  Status maintain(Time now, AlarmChanges& changes);
  /// See Transfer::adopt().
  Status adopt(Batch& batch, const Alarms& alarms);
  Status mark_alert(std::uint64_t id, bool acknowledged, std::string_view feedback,
                    std::string_view comment);
  Status mark_incident(std::uint64_t id, bool acknowledged, std::string_view feedback,
                       std::string_view comment);

  /// Runs `work(connection)` in a transaction of its own; rolled back when it fails.
  template <class Work>
  Status transact(Work&& work) {
    const std::scoped_lock lock{mutex_};
    if (Status begun = begin(); !begun) return begun;
    Status done = work(db_);
    if (done) done = finish();
    if (!done) roll_back();
    return done;
  }

 private:
  Writer(Connection db, const Retention& retention)
      : db_(std::move(db)), retention_(retention), fold_(retention.alarms) {}

  Status prepare();

  // sqlite_alarms.cpp
  Status prepare_alarms();
  Status load_alarms();
  Status load_incidents();
  bool write_alerts();
  bool write_alert(const Alert& alert);
  bool write_incidents();
  bool write_incident(const Incident& incident);
  Status write_mark(std::uint64_t id, bool acknowledged, std::string_view feedback,
                    std::string_view comment);

  // sqlite_transfer.cpp
  Status adopt_alarms(const Alarms& alarms);
  Status adopt_alert(const Alert& alert);
  Status adopt_incident(const Incident& incident);
  Status adopt_exclusion(const Exclusion& exclusion);

  Status begin();
  Status finish();
  void roll_back();

  // One batch. False: the database failed, db_.error() says why.
  bool write_batch(Batch& batch);
  bool write_record(Judged& judged);
  bool write_flow(const Judged& judged, std::int64_t device);
  bool write_reading(const Judged& judged, std::int64_t device);
  bool bind_verdict(Statement& insert, const Judged& judged, std::int64_t device);
  bool count_fleet(const Judged& judged);
  bool write_fleet_minute();
  bool write_quarantined(const std::vector<Quarantined>& messages);
  bool write_totals();

  // One step of upkeep, see sqlite_retention.cpp.
  Status keep_house(Time now);
  Status drop_by_age(std::int64_t cutoff);
  Status drop_by_size();
  Status drop_first_rows(bool flows, std::int64_t last_id);
  Result<std::int64_t> first_received(bool flows);
  Status drop_old_minutes(std::int64_t cutoff);
  Status drop_old_alerts();
  Status drop_lost_devices(std::int64_t cutoff);
  Status trim_quarantine();
  Status shrink_file();
  Status run_with(const char* sql, std::int64_t first, std::int64_t second);
  Result<std::int64_t> integer_with(const char* sql, std::int64_t first, std::int64_t second);
  Result<std::int64_t> bytes_used();
  /// Copies the WAL back when it has at least so many pages.
  void checkpoint(int pages_min);
  // A WAL beyond this is copied back right after a commit; below, once a second by maintain(). At
  // 4 KiB a page: 64 MiB, which is also what the file may keep (journal_size_limit): giving blocks
  // back and taking them again costs 60 to 130 ms in the middle of a commit.
  static constexpr int wal_pages_max = 16'384;

  std::mutex mutex_;
  Connection db_;
  Retention retention_;
  AlarmFold fold_;
  Devices devices_;
  Names labels_;
  Names models_;
  Statement begin_, commit_, insert_flow_, insert_reading_, insert_quarantined_, upsert_alert_,
      upsert_incident_, upsert_minute_, update_total_;
  MinuteTally fleet_minute_;
  Tally fleet_total_;
  std::int64_t quarantined_ = 0;
  bool folds_ = true;          // false while records of another store are taken over
  std::int64_t next_row_ = 1;  // of flows and readings alike: one order of arrival
  std::uint64_t rows_since_upkeep_ = 0;
  int wal_pages_ = 0;
  std::string text_;     // scratch: the reasons of one row
  std::string sensors_;  // scratch: the values of one reading
};

}  // namespace vedette::sqlite
