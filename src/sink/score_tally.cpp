#include "sink/score_tally.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace vedette {

namespace {

/// The entry called `name`, made when there is room for it; else the one called "other".
template <class Map>
auto& entry_of(Map& map, std::string_view name, std::size_t entries_max) {
  auto found = map.find(name);
  if (found == map.end()) {
    found = map.try_emplace(std::string{map.size() < entries_max ? name : "other"}).first;
  }
  return *found;
}

std::string_view cause_of(const TruthNote& truth) {
  return truth.cause.empty() ? truth.label : truth.cause;
}

/// Nothing for a message whose sender did not say.
std::optional<Time> time_of(const TruthNote& truth) {
  if (truth.message == 0) return time_from_micros(truth.key.time_micros);
  if (truth.time != Time{}) return truth.time;
  return {};
}

void add_label(std::set<std::string, std::less<>>& labels, const std::string& label,
               std::size_t labels_max) {
  if (labels.size() < labels_max) labels.insert(label);
}

}  // namespace

void ScoreTally::add(const TruthNote& truth, const Said& said) {
  ++joined_;
  auto& [name, detector] = entry_of(detectors_, said.model, detectors_max);
  const bool positive = truth.label != benign_label;
  DetectorScore& score = detector.score;
  ++(positive ? (said.flagged ? score.true_positives : score.false_negatives)
              : (said.flagged ? score.false_positives : score.true_negatives));
  if (said.flagged && !said.label.empty()) {
    Claims& claims = entry_of(detector.claims, said.label, labels_max).second;
    ++claims.all;
    if (said.label == truth.label) ++claims.right;
  }
  if (positive) add_positive(truth, said, name);
}

void ScoreTally::add_positive(const TruthNote& truth, const Said& said,
                              const std::string& detector) {
  auto& [name, cause] = entry_of(causes_, cause_of(truth), causes_max);
  add_label(cause.labels, truth.label, cause_labels_max);
  cause.fault = cause.fault || truth.cause == truth.label;
  CauseDetector& counts = cause.detectors[detector];
  ++counts.records;
  if (said.flagged) ++counts.flagged;
  if (said.flagged && said.label == truth.label) ++counts.named;
  if (truth.episode > 0) {
    add_to_episode(episode_of(truth, name), truth, said, detector, counts);
  }
}

ScoreTally::Episode& ScoreTally::episode_of(const TruthNote& truth, const std::string& cause) {
  EpisodeKey key{truth.begins, truth.episode, cause, truth.device};
  const auto found = episodes_.find(key);
  if (found != episodes_.end()) return found->second;
  if (episodes_.size() >= episodes_max_) drop_one_episode();
  Episode& made = episodes_[std::move(key)];
  made.last_record = truth.begins;
  return made;
}

void ScoreTally::add_to_episode(Episode& episode, const TruthNote& truth, const Said& said,
                                const std::string& detector, CauseDetector& totals) const {
  const std::optional<Time> time = time_of(truth);
  add_label(episode.labels, truth.label, cause_labels_max);
  ++episode.records;
  if (said.flagged) ++episode.flagged;
  if (time) {
    episode.first_record = std::min(episode.first_record.value_or(*time), *time);
    episode.last_record = std::max(episode.last_record, *time);
  }
  const auto [place, is_new] = episode.detectors.try_emplace(detector);
  EpisodeDetector& counts = place->second;
  if (is_new) ++totals.episodes;
  if (!said.flagged) return;
  if (++counts.flagged == 1) ++totals.episodes_detected;
  if (time) counts.first_flagged = std::min(counts.first_flagged.value_or(*time), *time);
}

void ScoreTally::drop_one_episode() {
  const auto oldest = std::min_element(
      episodes_.begin(), episodes_.end(),
      [](const auto& a, const auto& b) { return a.second.last_record < b.second.last_record; });
  for (const auto& [detector, counts] : oldest->second.detectors) {
    if (!counts.first_flagged) continue;
    std::optional<Duration>& longest =
        causes_[oldest->first.cause].detectors[detector].longest_dropped;
    const Duration took = *counts.first_flagged - oldest->first.begins;
    longest = std::max(longest.value_or(took), took);
  }
  episodes_.erase(oldest);
}

std::optional<TimeToDetect> ScoreTally::time_to_detect(
    const std::string& cause, const std::string& detector,
    const std::optional<Duration>& longest_dropped) const {
  std::vector<Duration> took;
  for (const auto& [key, episode] : episodes_) {
    if (key.cause != cause) continue;
    const auto found = episode.detectors.find(detector);
    if (found == episode.detectors.end() || !found->second.first_flagged) continue;
    took.push_back(*found->second.first_flagged - key.begins);
  }
  if (took.empty()) return {};
  std::sort(took.begin(), took.end());
  const Duration low = took[(took.size() - 1) / 2];
  const Duration high = took[took.size() / 2];
  const Duration longest = std::max(took.back(), longest_dropped.value_or(took.back()));
  return TimeToDetect{static_cast<double>((low + high).count()) / 2e6,
                      static_cast<double>(longest.count()) / 1e6};
}

CauseScore ScoreTally::score_of(const std::string& name, const Cause& cause,
                                const std::string& detector, const CauseDetector& counts) const {
  CauseScore score;
  score.cause = name;
  score.label = listed(cause.labels);
  score.fault = cause.fault;
  score.detector = detector;
  score.records = counts.records;
  score.flagged = counts.flagged;
  score.named = counts.named;
  const ByName<Claims>& claims = detectors_.at(detector).claims;
  for (const std::string& label : cause.labels) {
    const auto found = claims.find(label);
    if (found == claims.end()) continue;
    score.claimed += found->second.all;
    score.claimed_rightly += found->second.right;
  }
  score.episodes = counts.episodes;
  score.episodes_detected = counts.episodes_detected;
  score.time_to_detect = time_to_detect(name, detector, counts.longest_dropped);
  return score;
}

void ScoreTally::fill(ScoreboardSnapshot& out, std::size_t episodes_max) const {
  for (const auto& [name, detector] : detectors_) {
    out.detectors.push_back(detector.score);
    out.detectors.back().model = name;
  }
  for (const auto& [name, cause] : causes_) {
    for (const auto& [detector, counts] : cause.detectors) {
      out.causes.push_back(score_of(name, cause, detector, counts));
    }
  }
  for (auto at = episodes_.rbegin(); at != episodes_.rend(); ++at) {
    if (out.episodes.size() == episodes_max) break;
    const auto& [key, episode] = *at;
    EpisodeScore& score = out.episodes.emplace_back();
    score.number = key.number;
    score.device = key.device;
    score.cause = key.cause;
    score.label = listed(episode.labels);
    score.begins = key.begins;
    score.first_record = episode.first_record.value_or(key.begins);
    score.last_record = episode.last_record;
    score.records = episode.records;
    score.flagged = episode.flagged;
    for (const auto& [detector, counts] : episode.detectors) {
      score.detectors.push_back({detector, counts.flagged});
      if (!counts.first_flagged) continue;
      const Duration took = *counts.first_flagged - key.begins;
      score.time_to_detect = std::min(score.time_to_detect.value_or(took), took);
    }
  }
}

}  // namespace vedette
