/// The writing half of the MongoDB store: batches, upkeep, and what is done again after a failure.
/// Why it is laid out so, without transactions: docs/adr/0010-mongo-store.md.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "alarm/alarm_fold.hpp"
#include "store/mongo_reader.hpp"
#include "store/mongo_schema.hpp"
#include "store/mongo_tallies.hpp"
#include "store/transfer.hpp"

namespace vedette::mongo {

/// commit() and maintain() are called by the line's thread; the marks and what is shown by any.
class Writer {
 public:
  /// Takes up what the last owner left half done. REQUIRES: the client outlives it.
  static Result<std::unique_ptr<Writer>> open(Client& client, const Retention& retention);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  Status commit(Batch& batch, Time now);
  Status maintain(Time now, AlarmChanges& changes);
  /// See Transfer::adopt().
  Status adopt(Batch& batch, const Alarms& alarms, Time now);
  Status mark_alert(std::uint64_t id, bool acknowledged, std::string_view feedback,
                    std::string_view comment);
  Status mark_incident(std::uint64_t id, bool acknowledged, std::string_view feedback,
                       std::string_view comment);

  /// As of the last commit() or maintain() that succeeded: what readers may see.
  Position shown() const;
  Visible visible() const;
  const Tallies& tallies() const { return tallies_; }

 private:
  /// What waits for the word that the stamp was written.
  struct Attempt {
    Position next;
    std::vector<Counted> counted;
    std::size_t quarantine = 0;  // hash_of() what was quarantined with it, 0: nothing
  };
  /// How much the store took when it was asked last.
  struct Measured {
    std::optional<Time> at;
    std::uint64_t bytes = 0;
    std::uint64_t rows = 0;
  };
  struct KeyHash {
    std::size_t operator()(const RecordKey& key) const { return key.hash; }
  };

  /// After a failure slices become smaller: a slow server gets done what fits into the time an
  /// answer is waited for.
  static constexpr std::size_t slice_records_max = 2'000;
  static constexpr std::size_t slice_records_min = 100;
  /// What changed about alerts and incidents travels in the stamp, a document of at most 16 MiB.
  static constexpr std::size_t stamp_bytes_max = 12U << 20U;

  /// Devices and minutes are written after as many records taken over (there is no maintain()):
  /// what waits in memory, and what is counted again after a crash, stays bounded.
  static constexpr std::size_t adopted_max = 20'000;

  Writer(Client& client, const Retention& retention, Opened opened);

  // mongo_recovery.cpp
  Status recover(const Opened& opened);
  Status recount();
  Status load_alarms();
  Status load_incidents();
  Status restore_incidents(std::vector<Incident> incidents);

  Status commit_locked(Batch& batch, Time now);
  Status commit_slice(Batch& batch, std::size_t first, std::size_t last);
  Status insert_records(Batch& batch, std::size_t first, std::size_t last);
  Doc of_failed_tries() const;
  Status erase_leftovers();
  Status check_leftovers();
  Status insert_quarantined(const Batch& batch);
  Status put_position();
  Doc stamp_fields();
  Status put_stamp(const Doc& fields);
  Status drop_leftovers(Time now);
  Status settle();
  Status look_at_stamp();
  void finish();
  void abandon();
  Status write_due_alarms();

  // One step of upkeep, see mongo_retention.cpp.
  Status keep_house(Time now);
  Status plan_drops(Time now, Position& next);
  Result<std::uint64_t> rows_too_many(Time now);
  Status drop_planned();
  Status trim(Time now);

  void show();

  Client& client_;
  const Retention retention_;
  const std::string owner_;
  std::mutex mutex_;  // held while something is changed
  Position at_;
  AlarmFold fold_;
  Tallies tallies_;

  Attempt attempt_;
  bool unsure_ = false;            // whether the attempt's stamp was written
  bool ready_ = false;             // opened to the end
  bool folds_ = true;              // false while records of another store are taken over
  std::size_t adopted_ = 0;        // records taken over since devices and minutes were written
  std::uint64_t last_number_ = 0;  // given to a batch, committed or not
  /// Numbers whose commit failed: records may lie there under them, now or in a moment.
  std::set<std::uint64_t> tried_;
  Time tried_at_;
  std::uint64_t erased_to_ = 0;  // what was tried up to this number left nothing
  /// Committed by a commit() that failed afterwards: new to whoever asks again.
  std::unordered_set<RecordKey, KeyHash> unreported_;
  std::size_t slice_records_ = slice_records_max;
  std::size_t quarantine_done_ = 0;  // of a batch not reported yet: hash of what is written
  AlarmChanges carried_;             // happened, nobody told yet
  Alarms due_;                       // happened, not in `alerts` and `incidents` yet
  bool pending_written_ = false;
  std::unordered_set<RecordKey, KeyHash> seen_;  // of the batch at hand

  std::optional<Time> flushed_at_;  // or when the first call came, before which nothing waits
  Time trimmed_at_;
  std::uint64_t quarantine_trimmed_ = 0;
  std::uint64_t records_since_upkeep_ = 0;
  std::uint64_t bytes_at_drop_ = 0;
  Measured measured_;

  mutable std::mutex shown_mutex_;
  Position shown_;
  std::vector<std::int64_t> shown_tried_;
};

/// Bytes the store takes on disk, indexes included, room for new records left out.
Result<std::uint64_t> bytes_used(const Client& client);

}  // namespace vedette::mongo
