/// The face of pipeline/: the line that ends in verdicts.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
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
struct ColumnFamilies;

/// A model with the features it was fitted on: what judges one kind of record. Immutable.
class Detector {
 public:
  /// @return corrupt or mismatch when features, exemplars, schema and model of the file do not fit.
  static Result<std::shared_ptr<const Detector>> make(ModelFile file);

  const ModelFile& file() const { return file_; }
  const FeatureMap& features() const { return *features_; }
  const Model& model() const { return *file_.model; }
  /// What the file knows of benign scores; empty when it knows nothing.
  const Calibration& calibration() const { return calibration_; }
  /// For explanations.
  const Exemplars& exemplars() const { return exemplars_; }
  const ColumnFamilies& families() const { return *families_; }
  std::uint64_t schema_fingerprint() const { return schema_fingerprint_; }
  ~Detector();

 private:
  Detector(ModelFile file, std::unique_ptr<FeatureMap> features, Calibration calibration,
           Exemplars exemplars);
  ModelFile file_;
  Calibration calibration_;
  std::unique_ptr<FeatureMap> features_;
  Exemplars exemplars_;
  std::unique_ptr<const ColumnFamilies> families_;
  std::uint64_t schema_fingerprint_;
};

/// The working thresholds of a detector: one for all, and others for kinds of device
/// (device_kind()). Immutable.
struct Thresholds {
  float overall = 0.5F;
  std::map<std::string, float, std::less<>> by_kind;
  float of(std::string_view device) const;
};

/// What the user wants of alarms. At most one is set; neither: the threshold of the model's file.
struct AlarmTarget {
  double false_positive_rate = 0;  ///< of benign records, for each kind of device that has enough
  double alerts_per_day = 0;       ///< of the whole fleet
  friend bool operator==(const AlarmTarget&, const AlarmTarget&) = default;
};
/// The thresholds that a target leads to, and what may be said of them.
struct ThresholdChoice {
  AlarmTarget target;
  Thresholds thresholds;
  bool kept = true;       ///< false: the target cannot be promised, `guarantee` says why
  std::string guarantee;  ///< one sentence
  std::uint64_t benign_records = 0;
  std::map<std::string, Certified, std::less<>> kinds;  ///< those with thresholds of their own
  double recall = 0;  ///< of held-out attack records at the overall threshold; NaN: there were none
  std::optional<Expected> alerts;  ///< on that many devices; nothing: alerts were not counted
};
/// REQUIRES: devices > 0; rates below 1.
ThresholdChoice choose_thresholds(const Detector& detector, const AlarmTarget& target,
                                  double devices);

/// The active detector of each record kind; a slot may be empty. Immutable, swapped whole.
struct DetectorSet {
  std::array<std::shared_ptr<const Detector>, record_kind_count> active;
  /// Null: the threshold of the detector's own file.
  std::array<std::shared_ptr<const Thresholds>, record_kind_count> thresholds;
  float threshold_of(RecordKind kind, std::string_view device) const;
};
/// Two sets with equal fingerprints compute the same columns.
std::uint64_t features_fingerprint(const DetectorSet& set);

/// The band of a device that is still being learned is wider: what is left between the threshold
/// and 1 shrinks by up to this share, in full at confidence 0. Certain attacks score near 1 and are
/// found nevertheless.
constexpr float learning_band = 0.5F;
float widened(float threshold, float confidence);

/// Turns a score into a verdict: threshold (widened while the device is being learned) and label.
/// Why, Explainer says.
void judge(const Detector& detector, float threshold, Score score, const RowNotes& notes,
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
  std::atomic<bool> degraded{false};  ///< a durable sink refuses batch or upkeep
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
  /// Where the line keeps what it knows of the devices over a restart (state_file.hpp); "":
  /// nowhere.
  std::filesystem::path state_file;
  std::chrono::seconds state_every{60};  ///< and when it stops
  /// Marks what users do not want to be told about; outlives the pipeline. Null: nothing.
  const Exclusions* exclusions = nullptr;
};

/// How far one column left the range it had in training (drift.hpp).
struct ColumnDrift {
  std::string column;
  double index = 0;             ///< population stability index; above 0.25: it drifted
  double below = 0, above = 0;  ///< share of records
};
/// What a detector has seen of drift since it began to judge, as of the last tick.
struct DriftLook {
  static constexpr std::size_t columns_max = 5;
  std::string model;                   ///< its id; "": no detector of that kind has judged yet
  std::uint64_t records = 0;           ///< judged normal and looked at
  double score_mean = 0;               ///< of the records that belong together, by the scores
  std::optional<double> score_before;  ///< the mean before it last moved
  std::vector<ColumnDrift> columns;    ///< of the last whole sample, the largest index first
  std::uint32_t drifted_columns = 0;
  std::optional<Time> sampled_until;  ///< event time of that sample's last record
  std::uint64_t notices = 0;
  std::string sentence;  ///< of the last notice
  std::optional<Time> last_notice;
};

/// What the line remembers of devices, as of the last tick (about a second ago).
struct MemoryLook {
  std::uint64_t series = 0, sources = 0;
  std::uint64_t series_evicted = 0, sources_evicted = 0;  ///< since the start
  std::uint64_t too_late = 0;                             ///< records, since the start
  std::string restored;  ///< one sentence: what the start found on disk; "" when nothing is kept
  std::optional<Time> saved;  ///< when the state was last written
};

/// Owns nothing it is given except the ingest and the sinks. run() belongs to one thread; swap(),
/// detectors(), counters(), memory() and drift() to any.
class Pipeline {
 public:
  Pipeline(std::unique_ptr<Ingest> ingest, std::shared_ptr<const DetectorSet> detectors,
           std::vector<std::unique_ptr<Sink>> sinks, const Clock& clock, PipelineOptions options);
  ~Pipeline();

  /// Walks until the source ends or `stop` is requested; a batch begun is finished or left
  /// unacknowledged. Writes the state file when it ends. @return the source's error when it is lost
  /// for good.
  Status run(std::stop_token stop);
  /// One batch, for tests. True when the source is at its end.
  Result<bool> step(std::stop_token stop);

  /// The next batch is judged by these.
  void swap(std::shared_ptr<const DetectorSet> detectors);
  std::shared_ptr<const DetectorSet> detectors() const;
  const Counters& counters() const { return counters_; }
  MemoryLook memory() const;
  /// By record kind.
  std::array<DriftLook, record_kind_count> drift() const;
  std::string describe_source() const;
  bool source_connected() const;

 private:
  struct Impl;
  Status deliver(std::stop_token stop);
  void keep_spacing();
  void tick();
  void look_around();
  void restore_state();
  void save_state();
  void note_saved();
  void note_failure(const Status& saved);

  Counters counters_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vedette
