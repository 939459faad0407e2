/// The face of pipeline/: the line that ends in verdicts.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "feature/feature.hpp"
#include "model/model.hpp"
#include "record/verdict.hpp"

namespace vedette {

class Exclusions;
class Ingest;
class Sink;

/// A model with the features it was fitted on: what judges one kind of record. Immutable.
class Detector {
 public:
  /// @return corrupt or mismatch when features, schema and model of the file do not fit.
  static Result<std::shared_ptr<const Detector>> make(ModelFile file);

  const ModelFile& file() const { return file_; }
  const FeatureMap& features() const { return *features_; }
  const Model& model() const { return *file_.model; }

 private:
  Detector(ModelFile file, std::unique_ptr<FeatureMap> features);
  ModelFile file_;
  std::unique_ptr<FeatureMap> features_;
};

/// The active detector of each record kind; a slot may be empty. Immutable, swapped whole.
struct DetectorSet {
  std::array<std::shared_ptr<const Detector>, record_kind_count> active;
};

/// Turns a score into a verdict: threshold, label, and reasons when anomalous.
void judge(const Detector& detector, Score score, const RowNotes& notes, std::span<const float> row,
           Verdict& verdict);

/// received = verdicts + quarantined + waiting, at every moment. Thread-safe to read.
struct Counters {
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> verdicts{0};     ///< judged and resting in every durable sink
  std::atomic<std::uint64_t> quarantined{0};  ///< refused and resting there too
  std::atomic<std::uint64_t> duplicates{0};   ///< of `verdicts`: the store knew them already
  std::atomic<std::uint64_t> anomalies{0};    ///< of `verdicts`
  std::atomic<std::uint64_t> excluded{0};     ///< of `anomalies`: covered by an exclusion
  std::atomic<std::uint64_t> flows{0};        ///< of `verdicts`
  std::atomic<std::uint64_t> readings{0};     ///< of `verdicts`
  std::atomic<std::uint64_t> sink_failures{0};
  std::atomic<std::int64_t> last_batch_micros{0};  ///< pull to acknowledge
  std::atomic<std::uint64_t> last_batch_size{0};
  std::atomic<bool> degraded{false};  ///< a durable sink refuses; the line waits and retries
};

struct CountersSnapshot {
  std::uint64_t received, verdicts, quarantined, waiting, duplicates, anomalies, excluded, flows,
      readings, sink_failures;
};
/// One consistent look: waiting is never negative.
CountersSnapshot look_at(const Counters& counters);

struct PipelineOptions {
  std::size_t batch_records_max = 2000;
  /// Least time from one delivered batch to the next pull. A commit costs the same for one record
  /// as for fifty: a few milliseconds more for each message make a tenth of the writes of a busy
  /// line.
  std::chrono::microseconds spacing{0};
  std::chrono::milliseconds wait{100};          ///< longest wait for a first message
  std::chrono::milliseconds retry_min{200};     ///< pause before asking a durable sink again,
  std::chrono::milliseconds retry_max{10'000};  ///< doubling up to this
  /// Marks what users do not want to be told about; outlives the pipeline. Null: nothing.
  const Exclusions* exclusions = nullptr;
};

/// Owns nothing it is given except the ingest and the sinks. run() belongs to one thread; swap(),
/// detectors() and counters() to any.
class Pipeline {
 public:
  Pipeline(std::unique_ptr<Ingest> ingest, std::shared_ptr<const DetectorSet> detectors,
           std::vector<std::unique_ptr<Sink>> sinks, const Clock& clock, PipelineOptions options);
  ~Pipeline();

  /// Walks until the source ends or `stop` is requested; a batch begun is finished or left
  /// unacknowledged. @return the source's error when it is lost for good.
  Status run(std::stop_token stop);
  /// One batch, for tests. True when the source is at its end.
  Result<bool> step(std::stop_token stop);

  /// The next batch is judged by these.
  void swap(std::shared_ptr<const DetectorSet> detectors);
  std::shared_ptr<const DetectorSet> detectors() const;
  const Counters& counters() const { return counters_; }
  std::string describe_source() const;
  bool source_connected() const;

 private:
  struct Impl;
  Status deliver(std::stop_token stop);
  void keep_spacing();
  void tick();

  Counters counters_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vedette
