/// Judging: the middle of the line, record → features → model → verdict, for a batch at a time.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "pipeline/drift.hpp"
#include "pipeline/explain.hpp"
#include "pipeline/pipeline.hpp"

namespace vedette {

/// Keeps the device windows and all scratch memory, so that a warm line allocates nothing. Belongs
/// to the line's thread. The verdicts do not depend on how records are cut into batches.
class Judging {
 public:
  /// Fills the verdict of every record in the batch.
  void judge(Batch& batch, const DetectorSet& detectors);
  DeviceWindows& windows() { return windows_; }
  DriftLook drift(RecordKind kind) const { return drift_[static_cast<std::size_t>(kind)].look(); }

 private:
  /// The rows of one record kind, scored together.
  struct Lane {
    struct Entry {
      std::size_t item = 0;  ///< index into the batch
      RowNotes notes;        ///< its series is `series`
      std::string series;    ///< a copy: the next apply() reuses what RowNotes points to
    };
    std::vector<Entry> entries;  ///< reused; only the first `used` count
    std::size_t used = 0;
    std::vector<float> rows;
    std::vector<float> probabilities;
  };
  /// Records between asking for a device's state and using it: some 2 µs.
  static constexpr std::size_t look_ahead = 4;

  void add_row(Lane& lane, const Detector& detector, const Record& record, std::size_t item);
  void score(Lane& lane, RecordKind kind, const DetectorSet& detectors, Batch& batch);

  DeviceWindows windows_;
  Explainer explainer_;
  std::array<Lane, record_kind_count> lanes_;
  std::array<DriftWatch, record_kind_count> drift_;
};

}  // namespace vedette
