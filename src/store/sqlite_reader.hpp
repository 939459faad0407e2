/// The reading half of the SQLite store: questions, each answered from one snapshot.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "store/sqlite_db.hpp"
#include "store/store.hpp"

namespace vedette::sqlite {

/// At most `connections_max` read-only connections, opened when first needed; beyond that a
/// question waits for its turn. Thread-safe.
class ReaderPool {
 public:
  static constexpr std::size_t connections_max = 4;

  explicit ReaderPool(std::filesystem::path path) : path_(std::move(path)) {}

  /// Runs `ask(connection)`, which gives a Result, inside one read transaction.
  template <class Ask>
  auto read(Ask&& ask) const -> decltype(ask(std::declval<Connection&>())) {
    Result<std::unique_ptr<Connection>> db = take();
    if (!db) return db.error();
    if (Status begun = (*db)->run("BEGIN"); !begun) {
      give(std::move(*db));
      return begun.error();
    }
    auto answer = ask(**db);
    // A read transaction has nothing to lose: its end cannot fail in a way that matters.
    static_cast<void>((*db)->run("ROLLBACK"));
    give(std::move(*db));
    return answer;
  }

 private:
  Result<std::unique_ptr<Connection>> take() const;
  void give(std::unique_ptr<Connection> db) const;

  std::filesystem::path path_;
  mutable std::mutex mutex_;
  mutable std::condition_variable returned_;
  mutable std::vector<std::unique_ptr<Connection>> idle_;
  mutable std::size_t opened_ = 0;
};

Result<Page<Judged>> find_verdicts(Connection& db, const VerdictQuery& query);
Result<std::optional<Judged>> find_verdict(Connection& db, RecordKey key);
Result<std::vector<DeviceSummary>> find_devices(Connection& db);
Result<Page<Alert>> find_alerts(Connection& db, const AlertQuery& query);
Result<std::optional<Alert>> find_alert(Connection& db, std::uint64_t id);
Result<Page<Incident>> find_incidents(Connection& db, const IncidentQuery& query);
Result<std::optional<Incident>> find_incident(Connection& db, std::uint64_t id);
Result<std::vector<Exclusion>> find_exclusions(Connection& db);
Result<std::string> find_arrivals(Connection& db, const ArrivalQuery& query,
                                  const std::function<void(const Judged&)>& take);
Result<Page<Quarantined>> find_quarantined(Connection& db, std::string_view before,
                                           std::size_t limit);
Result<std::vector<RollUp>> find_roll_ups(Connection& db, std::string_view device, Time from,
                                          Time to);
Result<StoreCounts> find_counts(Connection& db);
/// See Transfer::records(). The cursor is the last row of each table: "<flow>-<reading>".
Result<Page<Judged>> find_records(Connection& db, std::string_view after, std::size_t limit);

}  // namespace vedette::sqlite
