/// Scoreboard: how good the verdicts are, where the truth is known. The truth of a simulated record
/// travels on a channel that no detector reads; it meets the verdict here, behind the store, and
/// only counters remain. Counting the same pairs again, in any order, gives the same numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "record/truth_note.hpp"
#include "record/verdict.hpp"

namespace vedette {

class Sink;

/// Positive: the truth is not "Benign". Flagged: the verdict is anomalous, or the message was
/// refused.
struct DetectorScore {
  std::string model;  ///< a model's id, "none" where no model judged, "quarantine" for the refused
  std::uint64_t true_positives = 0;
  std::uint64_t false_positives = 0;
  std::uint64_t true_negatives = 0;
  std::uint64_t false_negatives = 0;
};

struct TimeToDetect {
  double median_seconds = 0;  ///< over the episodes that are kept; of an even number, the middle
  double max_seconds = 0;     ///< over all
};

/// How one detector did against one attack or fault.
struct CauseScore {
  std::string cause;   ///< the kind of episode; where the truth names none, its label
  std::string label;   ///< what its records are truly labelled; several are listed, sorted
  bool fault = false;  ///< of a sensor: the truth's label is the cause itself
  std::string detector;
  std::uint64_t records = 0;
  std::uint64_t flagged = 0;
  std::uint64_t named = 0;  ///< flagged, and the verdict's label is the true one
  /// The flagged verdicts of this detector, whatever their cause, that name one of the labels, and
  /// those among them that are right.
  std::uint64_t claimed = 0;
  std::uint64_t claimed_rightly = 0;
  std::uint64_t episodes = 0;
  std::uint64_t episodes_detected = 0;
  std::optional<TimeToDetect> time_to_detect;
};

/// One episode of one device, all detectors together.
struct EpisodeScore {
  struct Flagged {
    std::string model;
    std::uint64_t flagged = 0;
  };
  std::uint32_t number = 0;
  std::string device;
  std::string cause;
  std::string label;
  Time begins;
  Time first_record;  ///< event times
  Time last_record;
  std::uint64_t records = 0;
  std::uint64_t flagged = 0;
  std::vector<Flagged> detectors;          ///< all that judged a record of it
  std::optional<Duration> time_to_detect;  ///< from `begins` to the event time first flagged
};

struct ScoreboardSnapshot {
  Time since;
  std::uint64_t joined = 0;
  std::uint64_t waiting_truth = 0;       ///< verdicts whose truth has not come
  std::uint64_t waiting_verdict = 0;     ///< truths whose verdict has not come
  std::uint64_t dropped = 0;             ///< of both, given up for newer ones
  std::uint64_t bad_lines = 0;           ///< of the truth channel
  std::vector<DetectorScore> detectors;  ///< by name
  std::vector<CauseScore> causes;        ///< by cause, then detector
  std::vector<EpisodeScore> episodes;    ///< newest first
};

struct ScoreboardLimits {
  std::size_t waiting_max = 200'000;  ///< on each side; about 250 bytes each
  /// When there are more, the one heard of longest ago is dropped; the totals keep counting it.
  std::size_t episodes_max = 4096;
};

/// Thread-safe. A truth that comes twice (a redelivery) waits for a verdict that never comes until
/// it is among the oldest. Equal messages that are no records meet in the order they came.
class Scoreboard {
 public:
  explicit Scoreboard(Time since, ScoreboardLimits limits = {});
  ~Scoreboard();

  /// From the truth channel.
  void note(const TruthNote& note);
  void count_bad_line();
  /// From the line: the new records of a batch, and what was refused.
  void take(const Batch& batch);
  /// Counts from zero again; what waits goes on waiting.
  void reset(Time now);
  /// With at most `episodes_max` of the newest episodes.
  ScoreboardSnapshot snapshot(std::size_t episodes_max = 200) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Stands behind the store, which knows what is new. Never refuses. REQUIRES: the scoreboard
/// outlives it.
std::unique_ptr<Sink> make_scoreboard_sink(Scoreboard& scoreboard);

}  // namespace vedette
