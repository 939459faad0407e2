/// The face of ingest/: source and codec joined: a stream of Records and a quarantine.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "record/verdict.hpp"

namespace vedette {

class Source;
class Decoder;
class LabelsFile;

/// Not thread-safe: it belongs to the thread that walks the line.
class Ingest {
 public:
  Ingest(std::unique_ptr<Source> source, std::unique_ptr<Decoder> decoder);
  ~Ingest();

  /// From now on the truth of each record is what this file of truth lines says of its key; a
  /// record it does not name keeps what its own line said. Both must be in the same order, more or
  /// less: 4,096 lines are looked ahead. @return not_found or io; pull() then returns malformed,
  /// naming file and line, for a line that is none, and mismatch for a file in which not one record
  /// is found.
  Status read_labels(const std::string& path);

  enum class State { more, end };
  /// Pulls what waits, at most a full batch: every message becomes a record in the batch or an
  /// entry of batch.quarantined, and counts in batch.received. Lines that carry no
  /// observation (headers) count nowhere. REQUIRES: a reset batch.
  /// @return what the source returned, or the labels (read_labels()).
  Result<State> pull(Batch& batch, std::chrono::milliseconds wait);
  /// The batch rests safely.
  Status acknowledge();

  std::string describe() const;      ///< of the source: "mqtt://127.0.0.1:1883 iot/#"
  bool connected() const;            ///< of the source; thread-safe
  std::uint64_t bytes_done() const;  ///< for progress; 0 when the source cannot say
  std::uint64_t bytes_total() const;

 private:
  std::unique_ptr<Source> source_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<LabelsFile> labels_;
  Status joined_;  ///< the first failure of the join
  bool finished_ = false;
};

}  // namespace vedette
