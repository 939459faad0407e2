/// The writing half of the SQLite store: the line's transactions and the upkeep.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "alarm/alert_fold.hpp"
#include "store/sqlite_db.hpp"
#include "store/sqlite_names.hpp"
#include "store/store.hpp"

namespace vedette::sqlite {

/// Thread-safe: every transaction holds the mutex of the one writing connection.
class Writer {
 public:
  static Result<std::unique_ptr<Writer>> open(const std::filesystem::path& path,
                                              const Retention& retention);
  Status commit(Batch& batch, Time now);
  Status maintain(Time now, std::vector<AlertChange>& changes);
  /// See Transfer::adopt().
  Status adopt(Batch& batch, std::span<const Alert> alerts, Time now);
  Status mark_alert(std::uint64_t id, bool acknowledged, std::string_view feedback,
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
      : db_(std::move(db)), retention_(retention), fold_(retention.alert_quiet) {}

  Status prepare();
  Status load_alerts();

  Status begin();
  Status finish();
  void roll_back();

  // One batch. False: the database failed, db_.error() says why.
  bool write_batch(Batch& batch, Time now);
  bool write_record(Judged& judged, Time now);
  bool write_flow(const Judged& judged, std::int64_t device);
  bool write_reading(const Judged& judged, std::int64_t device);
  bool bind_verdict(Statement& insert, const Judged& judged, std::int64_t device);
  bool count_fleet(const Judged& judged);
  bool write_fleet_minute();
  bool write_quarantined(const std::vector<Quarantined>& messages);
  bool write_alerts();
  bool write_alert(const Alert& alert);
  Status adopt_alert(const Alert& alert);
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
  void checkpoint(int pages_min);

  std::mutex mutex_;
  Connection db_;
  Retention retention_;
  AlertFold fold_;
  Devices devices_;
  Names labels_;
  Names models_;
  Statement begin_, commit_, insert_flow_, insert_reading_, insert_quarantined_, upsert_alert_,
      upsert_minute_, update_total_;
  MinuteTally fleet_minute_;
  Tally fleet_total_;
  std::int64_t quarantined_ = 0;
  bool folds_ = true;  // false while records of another store are taken over
  std::uint64_t rows_since_upkeep_ = 0;
  int wal_pages_ = 0;
  std::string text_;     // scratch: the reasons of one row
  std::string sensors_;  // scratch: the values of one reading
};

}  // namespace vedette::sqlite
