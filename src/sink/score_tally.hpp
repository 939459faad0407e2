/// ScoreTally: the counting half of the scoreboard. For sink/*.cpp only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "sink/scoreboard.hpp"

namespace vedette {

/// What the scoreboard keeps of a verdict.
struct Said {
  std::string model;
  std::string label;
  bool flagged = false;
};

/// Not thread-safe. Truths come from outside, so every table has a bound: what is beyond it is
/// counted under the name "other".
class ScoreTally {
 public:
  static constexpr std::size_t detectors_max = 64;
  static constexpr std::size_t labels_max = 256;  ///< of a detector
  static constexpr std::size_t causes_max = 256;
  static constexpr std::size_t cause_labels_max = 16;  ///< more are not listed

  explicit ScoreTally(std::size_t episodes_max) : episodes_max_(episodes_max) {}

  void add(const TruthNote& truth, const Said& said);
  std::uint64_t joined() const { return joined_; }
  /// Fills detectors, causes and episodes.
  void fill(ScoreboardSnapshot& out, std::size_t episodes_max) const;

 private:
  template <class Value>
  using ByName = std::map<std::string, Value, std::less<>>;

  struct Claims {
    std::uint64_t all = 0;
    std::uint64_t right = 0;
  };
  struct Detector {
    DetectorScore score;
    ByName<Claims> claims;  ///< by the label that flagged verdicts name
  };
  struct CauseDetector {
    std::uint64_t records = 0;
    std::uint64_t flagged = 0;
    std::uint64_t named = 0;
    std::uint64_t episodes = 0;
    std::uint64_t episodes_detected = 0;
    std::optional<Duration> longest_dropped;  ///< time to detect, of episodes no longer kept
  };
  struct Cause {
    std::set<std::string, std::less<>> labels;
    bool fault = false;
    ByName<CauseDetector> detectors;
  };
  struct EpisodeDetector {
    std::uint64_t flagged = 0;
    std::optional<Time> first_flagged;
  };
  struct EpisodeKey {
    Time begins;
    std::uint32_t number = 0;
    std::string cause;
    std::string device;
    auto tied() const { return std::tie(begins, number, cause, device); }
    bool operator<(const EpisodeKey& other) const { return tied() < other.tied(); }
  };
  struct Episode {
    std::set<std::string, std::less<>> labels;
    std::optional<Time> first_record;
    Time last_record;
    std::uint64_t records = 0;
    std::uint64_t flagged = 0;
    ByName<EpisodeDetector> detectors;
  };
  using Episodes = std::map<EpisodeKey, Episode>;

  void add_positive(const TruthNote& truth, const Said& said, const std::string& detector);
  void add_to_episode(Episode& episode, const TruthNote& truth, const Said& said,
                      const std::string& detector, CauseDetector& totals) const;
  Episode& episode_of(const TruthNote& truth, const std::string& cause);
  void drop_one_episode();
  CauseScore score_of(const std::string& name, const Cause& cause, const std::string& detector,
                      const CauseDetector& counts) const;
  std::optional<TimeToDetect> time_to_detect(const std::string& cause, const std::string& detector,
                                             const std::optional<Duration>& longest_dropped) const;

  std::size_t episodes_max_;
  std::uint64_t joined_ = 0;
  ByName<Detector> detectors_;
  ByName<Cause> causes_;
  Episodes episodes_;
};

}  // namespace vedette
