/// The writing half of the MongoDB store: batches, upkeep, and what is done again after a failure.
/// Why it is laid out so, without transactions: docs/adr/0010-mongo-store.md.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "alarm/alert_fold.hpp"
#include "store/mongo_schema.hpp"
#include "store/mongo_tallies.hpp"

namespace vedette::mongo {

/// commit() and maintain() are called by the line's thread; mark_alert() and position() by any.
class Writer {
 public:
  /// Takes up what the last owner left half done. REQUIRES: the client outlives it.
  static Result<std::unique_ptr<Writer>> open(Client& client, const Retention& retention);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  Status commit(Batch& batch, Time now);
  Status maintain(Time now, std::vector<AlertChange>& changes);
  Status mark_alert(std::uint64_t id, bool acknowledged, std::string_view feedback,
                    std::string_view comment);

  /// As of the last commit() or maintain() that succeeded: what readers may see.
  Position shown() const;
  const Tallies& tallies() const { return tallies_; }

 private:
  /// What waits for the word that the stamp was written.
  struct Attempt {
    Position next;
    std::vector<Counted> counted;
    bool with_quarantine = false;
  };
  struct KeyHash {
    std::size_t operator()(const RecordKey& key) const { return key.hash; }
  };

  Writer(Client& client, const Retention& retention, Opened opened);

  Status recover(const Opened& opened);
  Status recount();
  Status load_alerts();

  Status commit_slice(Batch& batch, std::size_t first, std::size_t last, Time now);
  Status insert_records(Batch& batch, std::size_t first, std::size_t last, std::uint64_t number);
  Status batches_of(const std::vector<std::string>& ids,
                    std::unordered_map<std::string, std::uint64_t>& batches);
  Status insert_quarantined(const Batch& batch);
  Status put_position();
  Status settle();
  void finish();
  void abandon();
  Status write_due_alerts();

  // One step of upkeep, see mongo_retention.cpp.
  Status keep_house(Time now);
  Status plan_drops(Time now, Position& next);
  Result<std::uint64_t> rows_too_many();
  Status drop_planned();
  Status trim(Time now);

  void show();

  Client& client_;
  const Retention retention_;
  const std::string owner_;
  std::mutex mutex_;  // held while something is changed
  Position at_;
  AlertFold fold_;
  Tallies tallies_;

  Attempt attempt_;
  bool unsure_ = false;               // whether the attempt's stamp was written
  bool ready_ = false;                // opened to the end
  bool leftovers_ = false;            // a commit failed since the last that succeeded
  std::uint64_t reported_ = 0;        // the last batch whose commit() said so
  std::size_t quarantine_done_ = 0;   // of a batch not reported yet: hash of what is written
  std::vector<AlertChange> carried_;  // happened, nobody told yet
  std::vector<Alert> due_;            // happened, not in `alerts` yet
  bool pending_written_ = false;
  std::vector<bool> counts_;                     // of the slice at hand: to be counted
  std::unordered_set<RecordKey, KeyHash> seen_;  // of the batch at hand

  Time flushed_at_;
  Time trimmed_at_;
  std::uint64_t quarantine_trimmed_ = 0;
  std::uint64_t records_since_upkeep_ = 0;
  std::uint64_t bytes_at_drop_ = 0;

  mutable std::mutex shown_mutex_;
  Position shown_;
};

/// Bytes the store takes on disk, indexes included, room for new records left out.
Result<std::uint64_t> bytes_used(const Client& client);

}  // namespace vedette::mongo
