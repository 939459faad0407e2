#include "store/preview.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>
#include <utility>

#include "alarm/alarm_fold.hpp"
#include "store/store.hpp"

namespace vedette {

namespace {

// Changes are gathered once for so many rows: a flood of one device is then one change.
constexpr std::size_t rows_between_looks = 1'000;
constexpr std::size_t closed_max = 10'000;
/// Above every id a store gives.
constexpr std::uint64_t first_proposed_id = 1ULL << 62U;

Time day_of(Time time) {
  return std::chrono::floor<std::chrono::days>(time);
}

using Side = PreviewCounts PreviewPair::*;

class Previewer {
 public:
  Previewer(const PreviewQuery& query, std::vector<Exclusion> kept, const AlarmOptions& options)
      : query_(query),
        exclusions_(all_exclusions(query, std::move(kept))),
        folds_{AlarmFold{options}, AlarmFold{options}} {}

  void add(const Judged& row) {
    if (rows_ == 0) answer_.from = query_.from.value_or(row.received);
    ++rows_;
    last_ = std::max(last_, row.received);
    judged_ = row;
    reconsider(judged_);
    take(row, &PreviewPair::now, folds_[0]);
    take(judged_, &PreviewPair::would, folds_[1]);
    const bool told = row.verdict.anomalous && row.verdict.excluded == 0;
    const bool would = judged_.verdict.anomalous && judged_.verdict.excluded == 0;
    answer_.hidden += told && !would ? 1 : 0;
    answer_.raised += !told && would ? 1 : 0;
    if (rows_ % rows_between_looks == 0) look();
  }

  std::uint64_t rows() const { return rows_; }

  Preview finish(Time now, bool cut) {
    look();
    answer_.to = query_.to.value_or(now);
    if (rows_ == 0) answer_.from = query_.from.value_or(answer_.to);
    answer_.cut = cut;
    answer_.covered_to = cut ? last_ : answer_.to;
    list_days();
    list_devices();
    return std::move(answer_);
  }

 private:
  static ExclusionSet all_exclusions(const PreviewQuery& query, std::vector<Exclusion> kept) {
    std::erase_if(kept, [&](const Exclusion& one) {
      return std::find(query.without.begin(), query.without.end(), one.id) != query.without.end();
    });
    for (Exclusion proposed : query.exclusions) {
      proposed.id = first_proposed_id + kept.size();
      proposed.created = Time::min();
      kept.push_back(std::move(proposed));
    }
    return ExclusionSet{std::move(kept)};
  }

  /// The verdict as it would have been.
  void reconsider(Judged& judged) const {
    Verdict& verdict = judged.verdict;
    if (verdict.certainty == Certainty::no_model) return;
    if (query_.threshold && (!query_.kind || *query_.kind == judged.record.kind)) {
      verdict.threshold = *query_.threshold;
      verdict.anomalous = verdict.score >= verdict.threshold;
      verdict.label = verdict.anomalous ? verdict.suspect : std::string{benign_label};
    }
    const bool stays = verdict.excluded != 0 &&
                       std::find(query_.without.begin(), query_.without.end(), verdict.excluded) ==
                           query_.without.end();
    if (!verdict.anomalous) {
      verdict.excluded = 0;
    } else if (!stays) {
      verdict.excluded = exclusions_.covering(judged);
    }
  }

  void take(const Judged& judged, Side side, AlarmFold& fold) {
    fold.add(judged, judged.received);
    if (!judged.verdict.anomalous) return;
    count(judged.received, judged.record.device, side, &PreviewCounts::anomalous);
    if (judged.verdict.excluded != 0) {
      count(judged.received, judged.record.device, side, &PreviewCounts::excluded);
    }
  }

  void look() {
    const Side sides[] = {&PreviewPair::now, &PreviewPair::would};
    for (std::size_t i = 0; i < 2; ++i) {
      folds_[i].close_quiet(last_, closed_max);
      const AlarmChanges& changes = folds_[i].changes();
      for (const AlertChange& change : changes.alerts) {
        if (change.event != AlertEvent::raised) continue;
        count(change.alert.raised, change.alert.device, sides[i], &PreviewCounts::alerts);
      }
      for (const IncidentChange& change : changes.incidents) {
        if (change.event != AlertEvent::raised) continue;
        count(change.incident.raised, change.incident.devices.front(), sides[i],
              &PreviewCounts::incidents);
      }
      folds_[i].keep();
    }
  }

  void count(Time time, const std::string& device, Side side, std::uint64_t PreviewCounts::*which) {
    ++(answer_.total.*side.*which);
    ++(days_[day_of(time)].*side.*which);
    const auto found = devices_.find(device);
    if (found != devices_.end()) {
      ++(found->second.*side.*which);
    } else if (devices_.size() < Preview::devices_max) {
      ++(devices_[device].*side.*which);
    }
  }

  void list_days() {
    while (days_.size() > Preview::days_max) days_.erase(days_.begin());
    for (const auto& [day, counts] : days_) answer_.days.push_back({day, counts});
  }

  void list_devices() {
    for (auto& [device, counts] : devices_) answer_.devices.push_back({device, counts});
    const auto weight = [](const PreviewDevice& one) {
      const std::uint64_t now = one.counts.now.alerts;
      const std::uint64_t would = one.counts.would.alerts;
      return std::tuple{now > would ? now - would : would - now, now + would,
                        one.counts.now.anomalous + one.counts.would.anomalous};
    };
    std::sort(answer_.devices.begin(), answer_.devices.end(), [&](const auto& a, const auto& b) {
      const auto x = weight(a);
      const auto y = weight(b);
      return x != y ? x > y : a.device < b.device;
    });
    if (answer_.devices.size() > Preview::devices_listed_max) {
      answer_.devices.resize(Preview::devices_listed_max);
    }
  }

  const PreviewQuery& query_;
  ExclusionSet exclusions_;
  AlarmFold folds_[2];
  Preview answer_;
  std::map<Time, PreviewPair> days_;
  std::unordered_map<std::string, PreviewPair> devices_;
  Judged judged_;
  std::uint64_t rows_ = 0;
  Time last_;
};

}  // namespace

Result<Preview> preview(const Store& store, const PreviewQuery& query, const Clock& clock) {
  const Time begun = clock.now();
  Result<std::vector<Exclusion>> kept = store.exclusions();
  if (!kept) return kept.error();
  const AlarmOptions options = store.alarm_options();
  Previewer previewer{query, std::move(*kept), options};
  ArrivalQuery arrivals{.from = query.from, .to = query.to.value_or(begun)};
  arrivals.hold_share = options.hold_share;
  arrivals.score_min = query.threshold ? *query.threshold * options.hold_share
                                       : std::numeric_limits<float>::infinity();
  for (;;) {
    const auto next = store.arrivals(arrivals, [&](const Judged& row) { previewer.add(row); });
    if (!next) return next.error();
    const bool cut = !next->empty() && (previewer.rows() >= Preview::rows_max ||
                                        clock.now() - begun >= Preview::time_max);
    if (cut || next->empty()) return previewer.finish(begun, cut);
    arrivals.after = *next;
  }
}

}  // namespace vedette
