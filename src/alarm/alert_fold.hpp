/// AlertFold: anomalous verdicts of one device, record kind and label become one alert that grows.
///
/// A run begins with an anomalous verdict that no open run takes, and ends when `alert_quiet` of
/// service time passed without another. Service time, because devices' own clocks may be wrong and
/// replayed captures are years old. Every store folds with this class and writes what changed in
/// the same transaction as the verdicts; undo() is for the transaction that failed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "record/verdict.hpp"

namespace vedette {

/// Not thread-safe.
class AlertFold {
 public:
  /// When this many runs are open, the one that grew least recently is closed for a new one: an
  /// attacker who invents device names costs us 10,000 alerts in memory, not all of it.
  static constexpr std::size_t runs_max_default = 10'000;

  explicit AlertFold(std::chrono::seconds quiet, std::size_t runs_max = runs_max_default);

  /// Called while the store opens: the next new alert gets `id`, or more.
  void start_at(std::uint64_t id);
  /// Called while the store opens: a run that was open when the store was closed. REQUIRES: least
  /// recently grown first.
  void restore(Alert alert);

  /// Takes an anomalous verdict into its run.
  void add(const Judged& judged, Time now);
  /// Closes at most `closed_max` runs that were quiet for long enough.
  void close_quiet(Time now, std::size_t closed_max);
  /// Says what a user said about an alert, so that later changes carry it. No undo: the caller has
  /// written it already.
  void mark(std::uint64_t id, bool acknowledged, std::string_view feedback,
            std::string_view comment);

  /// What happened since the last keep() or undo(), in the order it began: per alert at most one
  /// change, with its latest state; raised wins over updated, closed over both. An alert raised
  /// and closed in between (only when runs_max is smaller than a batch) gives both.
  const std::vector<AlertChange>& changes();
  /// The changes are written: forget how to undo them.
  void keep();
  /// They are not: everything is as it was at the last keep().
  void undo();

  std::size_t open_runs() const { return runs_.size(); }

 private:
  struct Run {
    Alert alert;
    std::uint64_t batch = 0;                        ///< the keep() period it last changed in
    bool raised = false;                            ///< in that period
    std::list<const std::string*>::iterator place;  ///< in order_
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Runs = std::unordered_map<std::string, Run, Hash, std::equal_to<>>;

  void make_key(const std::string& device, RecordKind kind, const std::string& label);
  Run& open_run(const Judged& judged, Time now);
  void touch(Runs::value_type& entry);
  void grow(Alert& alert, const Judged& judged, Time now) const;
  void close(Runs::iterator run);
  Runs::value_type& insert(Alert alert);
  void sort_by_growth();

  Duration quiet_;
  std::size_t runs_max_;
  Runs runs_;
  std::list<const std::string*> order_;  // keys of runs_, least recently grown first
  std::string key_;                      // scratch
  std::uint64_t next_id_ = 1;
  std::uint64_t batch_ = 1;
  // Since the last keep():
  std::uint64_t kept_next_id_ = 1;
  std::vector<std::string> touched_;  // keys of runs still open, in order
  std::vector<Alert> before_;         // runs that existed at keep(), as they were
  std::vector<AlertChange> closed_;   // with the raise of those that were new
  std::vector<AlertChange> changes_;
};

}  // namespace vedette
