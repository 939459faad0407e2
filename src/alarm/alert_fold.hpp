/// AlertFold: anomalous verdicts of one device and record kind become one alert that grows.
///
/// A run begins with an anomalous verdict that no open run takes. Somebody is told, and the alert
/// gets its number, once the run has the evidence that AlarmOptions ask for. It stays open while
/// verdicts hold it (see hold_share) and ends when `quiet` passed without one. Time is what the
/// caller says it is: the service gives the time a record was received, because devices' own clocks
/// may be wrong and replayed captures are years old; an evaluation gives the records' own. Nothing
/// here depends on how records are cut into batches. Excluded records are passed over. Every store
/// folds with this class (see AlarmFold); undo() is for the transaction that failed.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alarm/alarm_options.hpp"
#include "base/clock.hpp"
#include "record/verdict.hpp"

namespace vedette {

/// Not thread-safe.
class AlertFold {
 public:
  /// When this many runs are open, the one that grew least recently is closed for a new one, and
  /// so with those that lack evidence: an attacker who invents device names costs us 20,000 alerts
  /// in memory, not all of it.
  static constexpr std::size_t runs_max_default = 10'000;

  explicit AlertFold(const AlarmOptions& options, std::size_t runs_max = runs_max_default);

  /// Called while the store opens: the next new alert gets `id`, or more.
  void start_at(std::uint64_t id);
  /// Called while the store opens: a run that was open when the store was closed. REQUIRES: least
  /// recently grown first. Evidence for alerts that nobody was told of is not kept over a restart.
  void restore(Alert alert);

  /// What a verdict did. `alert` is null when nobody is told (yet); valid until the next call.
  struct Growth {
    Alert* alert = nullptr;
    bool raised = false;
    bool held = false;  ///< it did not grow, it only stays open
  };
  Growth add(const Judged& judged, Time now);
  /// Closes at most `closed_max` runs that were quiet for long enough.
  void close_quiet(Time now, std::size_t closed_max);
  /// Says what a user said about an alert, so that later changes carry it. No undo: the caller has
  /// written it already.
  void mark(std::uint64_t id, bool acknowledged, std::string_view feedback,
            std::string_view comment);
  /// The same for all alerts of an incident; their comments stay.
  void mark_incident(std::uint64_t incident, bool acknowledged, std::string_view feedback);

  /// What happened since the last keep() or undo(), in the order it began: per alert at most one
  /// change, with its latest state; raised wins over updated, closed over both. An alert raised
  /// and closed in between (only when runs_max is smaller than a batch) gives both.
  const std::vector<AlertChange>& changes();
  /// Those of them that are ends, in order, each after its raise if that is new: grows with every
  /// close until keep() or undo().
  const std::vector<AlertChange>& closed() const { return closed_; }
  /// The changes are written: forget how to undo them.
  void keep();
  /// They are not: everything is as it was at the last keep().
  void undo();

  std::size_t open_runs() const { return open_.size(); }

 private:
  using Order = std::list<const std::string*>;  // keys of runs_, least recently grown first
  struct Run {
    Alert alert;  ///< id 0: lacks evidence
    float evidence = 0;
    Time began;               ///< the evidence counts from here
    std::uint64_t batch = 0;  ///< the keep() period it last changed in
    bool raised = false;      ///< in that period
    Order::iterator place;    ///< in open_ or waiting_
    bool waits() const { return alert.id == 0; }
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Runs = std::unordered_map<std::string, Run, Hash, std::equal_to<>>;

  void make_key(const std::string& device, RecordKind kind);
  Order& order_of(const Run& run) { return run.waits() ? waiting_ : open_; }
  bool is_stale(const Run& run, Time now) const;
  Growth hold(const Judged& judged, Time now);
  Runs::value_type& run_of(const Judged& judged, Time now);
  void raise(Run& run, Time now);
  float weight_of(const Verdict& verdict) const;
  void touch(Runs::value_type& entry);
  void end(Runs::iterator run);
  Run& insert(Run run);
  void sort_by_growth(Order& order);

  AlarmOptions options_;
  std::size_t runs_max_;
  Runs runs_;
  Order open_;
  Order waiting_;    // lack evidence
  std::string key_;  // scratch
  std::uint64_t next_id_ = 1;
  std::uint64_t batch_ = 1;
  // Since the last keep():
  std::uint64_t kept_next_id_ = 1;
  std::vector<std::string> touched_;  // keys of runs that changed, in order
  std::vector<Run> before_;           // runs that existed at keep(), as they were
  std::vector<AlertChange> closed_;   // with the raise of those that were new
  std::vector<AlertChange> changes_;
};

}  // namespace vedette
