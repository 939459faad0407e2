/// What is counted beside the records: devices, minutes, and spans of arrival. All of it can be
/// counted again from the records, so it is gathered in memory and written now and then, as whole
/// values: writing twice does no harm. Every document says up to which batch it counts (`batch`,
/// in spans `last`); after a crash the records of later batches are counted into it again.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/mongo_client.hpp"
#include "store/store.hpp"

namespace vedette::mongo {

/// What of a new record is counted.
struct Counted {
  RecordKey key;
  std::string device;
  Time received;
  bool is_flow = false;
  bool anomalous = false;
  float score = 0;
};

struct Tally {
  std::uint64_t flows = 0;
  std::uint64_t readings = 0;
  std::uint64_t anomalies = 0;
  float score_max = 0;

  void add(const Counted& counted);
  std::uint64_t records() const { return flows + readings; }
};

/// The records of batches [first, last], what retention drops at once.
struct Span {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  Time from;  ///< received
  Time to;
  Tally tally;
};

/// One thread loads, counts, flushes and drops; any thread asks for devices() and roll_ups(), which
/// add to what is written what waits in memory. No lock is held while the server is spoken to.
class Tallies {
 public:
  /// Reads what the next records may be counted into.
  Status load(const Client& client);
  /// The same for records from before that; called before they are counted. Changes nothing else.
  Status fetch(const Client& client, const std::vector<Counted>& counted);
  /// Counts a record of `batch` wherever it is not counted yet.
  void count(const Counted& counted, std::uint64_t batch);
  /// A span ends when it holds enough, or began long enough ago.
  void end_span(Time now);
  /// Writes all that changed, counted up to `batch`, then bounds the memory.
  Status flush(const Client& client, std::uint64_t batch);
  /// Spans alone: a few bytes per 2,000 records.
  Status flush_spans(const Client& client);

  /// The oldest span that is written and ended. Nothing when there is none.
  Result<std::optional<Span>> oldest_span(const Client& client, std::uint64_t after) const;
  /// Drops minutes before that one and the devices named.
  Status drop_minutes(const Client& client, Time before);
  Status drop_lost_devices(const Client& client, Time before, std::size_t devices_max);

  Result<std::vector<DeviceSummary>> devices(const Client& client) const;
  Result<std::vector<RollUp>> roll_ups(const Client& client, std::string_view device, Time from,
                                       Time to) const;

 private:
  static constexpr std::size_t devices_kept_max = 65'536;
  static constexpr std::uint64_t span_records_max = 2'000;
  static constexpr std::chrono::seconds span_age_max{60};

  struct Device {
    Time first;
    Time last;
    Tally tally;
    std::uint64_t batch = 0;
    bool changed = false;
    bool stored = false;  // has a document
  };
  struct Minute {
    Tally tally;
    std::uint64_t batch = 0;
    bool changed = false;
    bool stored = false;
  };
  using Minutes = std::unordered_map<std::string, Minute>;  // by device, "" is the fleet

  Status put_devices(const Client& client, std::uint64_t batch) const;
  Status put_minutes(const Client& client, std::uint64_t batch) const;
  void count_minute(std::int64_t minute, const std::string& device, const Counted& counted,
                    std::uint64_t batch);
  void count_span(const Counted& counted, std::uint64_t batch);
  void take_minute(const View& document);
  void take_device(const View& document);
  void bound();

  mutable std::mutex mutex_;  // held where devices_ and minutes_ change, and by other threads
  std::unordered_map<std::string, Device> devices_;
  bool all_devices_ = true;                  // every device there is lies in devices_
  std::map<std::int64_t, Minutes> minutes_;  // microseconds
  std::int64_t minutes_from_ = 0;            // every later minute there is lies in minutes_
  std::vector<Span> ended_;
  Span span_;                   // growing
  std::uint64_t spans_to_ = 0;  // the last batch in a written span when we opened
};

}  // namespace vedette::mongo
