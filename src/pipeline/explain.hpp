/// Explainer: why a record is anomalous, in one sentence and a small table.
///
/// Weights are what the model attributes to each column (Model::attribute: exact for trees and what
/// is made of them, for bayes and series); kinds whose parts add up to nothing (svm, cnn, mlp, hst,
/// autoencoder) are asked again with each family of columns set to its usual middle, and a weight
/// is what the score falls by. The columns of one family are one reason: their parts add up.
///
/// Usual is what this device did lately (DeviceRanges) or, until that is known, what benign
/// training records did; Explanation::usual_of says which. Readings are judged against their own
/// series alone: their numbers are those of the series, and the records like them are its own past
/// and that of other devices (PastReadings).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pipeline/device_ranges.hpp"
#include "pipeline/past_readings.hpp"
#include "pipeline/pipeline.hpp"
#include "pipeline/recent_table.hpp"

namespace vedette {

/// Which anomalous records are explained in full. Sentence and reasons are cheap and every
/// anomalous record has them; changes, similar records, the words of each reason and asking again
/// are for those that open an alert or raise its peak: of each device and label the first in a
/// minute of event time, and those whose score is above all others of that minute, at most
/// `per_minute` together. All devices together: a full explanation is paid for by `records_each`
/// judged records, with `saved_max` in hand at the start, so that no stream can make the line
/// explain all day. Everything follows from the order of the records, never from their batches.
class FullExplanations {
 public:
  static constexpr std::uint32_t per_minute = 16;
  static constexpr std::uint32_t records_each = 50;
  static constexpr std::uint32_t saved_max = 200;

  /// A record was judged.
  void pay() { credit_ = credit_ < credit_max ? credit_ + 1 : credit_max; }
  /// Whether this anomalous record is one of them. REQUIRES: pay() was called for it.
  bool take(const Record& record, const Verdict& verdict);

 private:
  static constexpr std::uint32_t credit_max = saved_max * records_each;
  static constexpr std::size_t runs_max = 8192;
  struct Run {
    Time start;
    float peak = 0;
    std::uint32_t taken = 0;
    void clear() { *this = {}; }
  };
  RecentTable<Run> runs_{runs_max};
  std::uint32_t credit_ = credit_max;
};

/// What explain() works with; reused, so that a flood is explained without allocating much.
struct ExplainScratch {
  std::vector<float> parts;             ///< of each column
  std::vector<float> weights;           ///< of each family
  std::vector<std::uint32_t> heaviest;  ///< column of each family
  std::vector<std::uint32_t> order;     ///< families, the heaviest first
  std::vector<UsualRange> usual;
  std::vector<std::uint32_t> changed;  ///< of each change the column whose values it names
  std::vector<float> rows, probabilities;
};

/// Belongs to the thread of the line. A record costs it a quarter of a look into a table; an
/// anomalous one some microseconds, in full below 10 ms (bench/explain).
class Explainer {
 public:
  /// Called once for each record, after judge(): fills `why` of an anomalous verdict, learns from
  /// all others what is usual.
  void look(const Detector& detector, const Record& record, const RowNotes& notes, Score score,
            std::span<const float> row, Verdict& verdict);

 private:
  void look_back(const Record& record, std::string_view series, std::span<const float> row,
                 Verdict& verdict);

  DeviceRanges ranges_;
  PastReadings past_;
  FullExplanations full_;
  ExplainScratch scratch_;
};

}  // namespace vedette
