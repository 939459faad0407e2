/// The scoreboard's numbers once more, from a list of pairs and without haste: each number is
/// counted by its definition over all pairs, with nothing in common with the live scoreboard but
/// the struct it fills. Bounds and what waits are not its business.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "base/text.hpp"
#include "sink/scoreboard.hpp"

namespace vedette::test {

struct Pair {
  TruthNote truth;
  std::string model;
  std::string label;
  bool flagged = false;

  bool positive() const { return truth.label != "Benign"; }
  std::string cause() const { return truth.cause.empty() ? truth.label : truth.cause; }
  bool in_episode() const { return positive() && truth.episode > 0; }
  Time time() const {
    return truth.message == 0 ? time_from_micros(truth.key.time_micros) : truth.time;
  }
  bool timed() const { return truth.message == 0 || truth.time != Time{}; }
  auto episode() const { return std::tuple{truth.begins, truth.episode, cause(), truth.device}; }
};
using Pairs = std::vector<Pair>;

template <class Wanted>
Pairs those(const Pairs& pairs, Wanted wanted) {
  Pairs found;
  std::copy_if(pairs.begin(), pairs.end(), std::back_inserter(found), wanted);
  return found;
}
template <class Wanted>
std::uint64_t count(const Pairs& pairs, Wanted wanted) {
  return those(pairs, wanted).size();
}
/// The distinct values of a quality, sorted.
template <class Quality>
auto distinct(const Pairs& pairs, Quality quality) {
  std::set<decltype(quality(pairs.front()))> values;
  for (const Pair& pair : pairs) values.insert(quality(pair));
  return values;
}
inline std::string labels_of(const Pairs& pairs) {
  std::string text;
  for (const std::string& label : distinct(pairs, [](const Pair& p) { return p.truth.label; })) {
    text += (text.empty() ? "" : ", ") + label;
  }
  return text;
}
/// Of one episode: from its beginning to the first that was flagged.
inline std::optional<Duration> time_to_detect(const Pairs& pairs) {
  std::optional<Duration> least;
  for (const Pair& pair : pairs) {
    if (!pair.flagged || !pair.timed()) continue;
    const Duration took = pair.time() - pair.truth.begins;
    if (!least || took < *least) least = took;
  }
  return least;
}

inline DetectorScore recount_detector(const Pairs& pairs, const std::string& model) {
  const Pairs own = those(pairs, [&](const Pair& p) { return p.model == model; });
  return {model, count(own, [](const Pair& p) { return p.positive() && p.flagged; }),
          count(own, [](const Pair& p) { return !p.positive() && p.flagged; }),
          count(own, [](const Pair& p) { return !p.positive() && !p.flagged; }),
          count(own, [](const Pair& p) { return p.positive() && !p.flagged; })};
}

inline CauseScore recount_cause(const Pairs& pairs, const std::string& cause,
                                const std::string& model) {
  const Pairs all = those(pairs, [&](const Pair& p) { return p.positive() && p.cause() == cause; });
  const Pairs own = those(all, [&](const Pair& p) { return p.model == model; });
  const auto labels = distinct(all, [](const Pair& p) { return p.truth.label; });
  const Pairs claims = those(pairs, [&](const Pair& p) {
    return p.model == model && p.flagged && labels.contains(p.label);
  });
  CauseScore score;
  score.cause = cause;
  score.detector = model;
  score.label = labels_of(all);
  score.fault = count(all, [](const Pair& p) { return p.truth.cause == p.truth.label; }) > 0;
  score.records = own.size();
  score.flagged = count(own, [](const Pair& p) { return p.flagged; });
  score.named = count(own, [](const Pair& p) { return p.flagged && p.label == p.truth.label; });
  score.claimed = claims.size();
  score.claimed_rightly = count(claims, [](const Pair& p) { return p.label == p.truth.label; });
  std::vector<Duration> all_took;
  const Pairs episodic = those(own, [](const Pair& p) { return p.in_episode(); });
  for (const auto& episode : distinct(episodic, [](const Pair& p) { return p.episode(); })) {
    const Pairs part = those(episodic, [&](const Pair& p) { return p.episode() == episode; });
    ++score.episodes;
    if (count(part, [](const Pair& p) { return p.flagged; }) > 0) ++score.episodes_detected;
    if (const auto took = time_to_detect(part)) all_took.push_back(*took);
  }
  if (all_took.empty()) return score;
  std::sort(all_took.begin(), all_took.end());
  const std::size_t half = all_took.size() / 2;
  const auto seconds = [&](std::size_t i) {
    return static_cast<double>(all_took[i].count()) / 1e6;
  };
  // The middle of two is a multiple of half a microsecond: seven digits say it exactly.
  const double median = all_took.size() % 2 == 1
                            ? seconds(half)
                            : std::round((seconds(half - 1) + seconds(half)) * 1e6) / 2e6;
  score.time_to_detect = TimeToDetect{median, seconds(all_took.size() - 1)};
  return score;
}

inline EpisodeScore recount_episode(const Pairs& pairs) {
  const Pair& one = pairs.front();
  EpisodeScore score;
  score.number = one.truth.episode;
  score.device = one.truth.device;
  score.cause = one.cause();
  score.label = labels_of(pairs);
  score.begins = one.truth.begins;
  score.first_record = score.last_record = score.begins;
  const Pairs timed = those(pairs, [](const Pair& p) { return p.timed(); });
  if (!timed.empty()) {
    const auto times = distinct(timed, [](const Pair& p) { return p.time(); });
    score.first_record = *times.begin();
    score.last_record = *times.rbegin();
  }
  score.records = pairs.size();
  score.flagged = count(pairs, [](const Pair& p) { return p.flagged; });
  for (const std::string& model : distinct(pairs, [](const Pair& p) { return p.model; })) {
    score.detectors.push_back(
        {model, count(pairs, [&](const Pair& p) { return p.model == model && p.flagged; })});
  }
  score.time_to_detect = time_to_detect(pairs);
  return score;
}

inline ScoreboardSnapshot recount(const Pairs& pairs) {
  ScoreboardSnapshot board;
  board.joined = pairs.size();
  const auto models = distinct(pairs, [](const Pair& p) { return p.model; });
  for (const std::string& model : models) {
    board.detectors.push_back(recount_detector(pairs, model));
  }
  const Pairs positive = those(pairs, [](const Pair& p) { return p.positive(); });
  for (const std::string& cause : distinct(positive, [](const Pair& p) { return p.cause(); })) {
    for (const std::string& model : models) {
      const CauseScore score = recount_cause(pairs, cause, model);
      if (score.records > 0) board.causes.push_back(score);
    }
  }
  const Pairs episodic = those(pairs, [](const Pair& p) { return p.in_episode(); });
  const auto episodes = distinct(episodic, [](const Pair& p) { return p.episode(); });
  for (auto at = episodes.rbegin(); at != episodes.rend(); ++at) {
    board.episodes.push_back(
        recount_episode(those(episodic, [&](const Pair& p) { return p.episode() == *at; })));
  }
  return board;
}

/// Everything counted, as text: two boards are equal when their texts are.
inline std::string to_text(const ScoreboardSnapshot& board) {
  std::string text = fmt::format("joined {}\n", board.joined);
  for (const DetectorScore& one : board.detectors) {
    append_format(text, "{}: {} {} {} {}\n", one.model, one.true_positives, one.false_positives,
                  one.true_negatives, one.false_negatives);
  }
  for (const CauseScore& one : board.causes) {
    append_format(text, "{} [{}] {} {}: {} {} {} | {} {} | {} {}", one.cause, one.label, one.fault,
                  one.detector, one.records, one.flagged, one.named, one.claimed,
                  one.claimed_rightly, one.episodes, one.episodes_detected);
    if (one.time_to_detect) {
      append_format(text, " {:.7f} {:.7f}", one.time_to_detect->median_seconds,
                    one.time_to_detect->max_seconds);
    }
    text += '\n';
  }
  for (const EpisodeScore& one : board.episodes) {
    append_format(text, "{} {} {} [{}] {} {} {}: {} {} |", one.number, one.device, one.cause,
                  one.label, to_rfc3339(one.begins), to_rfc3339(one.first_record),
                  to_rfc3339(one.last_record), one.records, one.flagged);
    for (const auto& [model, flagged] : one.detectors)
      append_format(text, " {} {}", model, flagged);
    if (one.time_to_detect) append_format(text, " after {} us", one.time_to_detect->count());
    text += '\n';
  }
  return text;
}

/// The first line in which two boards differ, "" when they are equal.
inline std::string difference(const ScoreboardSnapshot& one, const ScoreboardSnapshot& other) {
  std::istringstream left_lines{to_text(one)};
  std::istringstream right_lines{to_text(other)};
  for (std::string left, right;;) {
    const bool more = static_cast<bool>(std::getline(left_lines, left));
    if (more != static_cast<bool>(std::getline(right_lines, right))) return left + " <> " + right;
    if (!more) return "";
    if (left != right) return left + " <> " + right;
  }
}

}  // namespace vedette::test
