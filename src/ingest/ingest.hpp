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

/// Not thread-safe: it belongs to the thread that walks the line.
class Ingest {
 public:
  Ingest(std::unique_ptr<Source> source, std::unique_ptr<Decoder> decoder);
  ~Ingest();

  enum class State { more, end };
  /// Pulls what waits, at most a full batch: every message becomes a record in the batch or an
  /// entry of batch.quarantined, and counts in batch.received. Lines that carry no
  /// observation (headers) count nowhere. REQUIRES: a reset batch.
  /// @return what the source returned.
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
  bool finished_ = false;
};

}  // namespace vedette
