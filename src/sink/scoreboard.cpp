/// Two halves of each pair wait for each other, at most so many on each side; the pair is counted
/// and forgotten.
#include "sink/scoreboard.hpp"

#include <limits>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "sink/score_tally.hpp"
#include "sink/sink.hpp"

namespace vedette {

namespace {

struct KeyHash {
  std::size_t operator()(const RecordKey& key) const {
    return key.hash ^ (static_cast<std::uint64_t>(key.time_micros) * 0x9e3779b97f4a7c15U);
  }
};

/// Messages that are no records have keys of their own: no record is of that time.
RecordKey key_of_message(std::uint64_t hash) {
  return {std::numeric_limits<std::int64_t>::min(), hash};
}

/// First in, first out among equal keys: everybody may send the same broken message a thousand
/// times, so those form a line and are never searched through.
template <class Half>
class Waiting {
 public:
  explicit Waiting(std::size_t halves_max) : halves_max_(halves_max) {}

  std::optional<Half> take(const RecordKey& key) {
    const auto line = lines_.find(key);
    if (line == lines_.end()) return {};
    std::optional<Half> half{std::move(line->second.first->half)};
    drop_first(line);
    return half;
  }

  /// @return whether the oldest was dropped for it.
  bool put(const RecordKey& key, Half half) {
    const bool full = by_age_.size() == halves_max_;
    if (full) drop_first(lines_.find(by_age_.front().key));
    by_age_.push_back({key, std::move(half), {}});
    const Place place = std::prev(by_age_.end());
    const auto [line, is_new] = lines_.try_emplace(key, Line{place, place});
    if (!is_new) line->second.last = line->second.last->behind = place;
    return full;
  }

  std::size_t size() const { return by_age_.size(); }

 private:
  struct Entry;
  using Place = typename std::list<Entry>::iterator;
  struct Entry {
    RecordKey key;
    Half half;
    Place behind;  ///< the next with this key
  };
  struct Line {
    Place first;
    Place last;
  };
  using Lines = std::unordered_map<RecordKey, Line, KeyHash>;

  void drop_first(typename Lines::iterator line) {
    const Place first = line->second.first;
    if (first == line->second.last)
      lines_.erase(line);
    else
      line->second.first = first->behind;
    by_age_.erase(first);
  }

  std::size_t halves_max_;
  std::list<Entry> by_age_;
  Lines lines_;
};

class ScoreboardSink final : public Sink {
 public:
  explicit ScoreboardSink(Scoreboard& scoreboard) : scoreboard_(scoreboard) {}
  std::string_view name() const override { return "scoreboard"; }
  Status accept(Batch& batch, Time) override {
    scoreboard_.take(batch);
    return {};
  }
  Status tick(AlarmChanges&, Time) override { return {}; }

 private:
  Scoreboard& scoreboard_;
};

}  // namespace

struct Scoreboard::Impl {
  Impl(Time began, ScoreboardLimits given)
      : limits(given),
        since(began),
        tally(given.episodes_max),
        verdicts(given.waiting_max),
        truths(given.waiting_max) {}

  void judged(const RecordKey& key, Said said) {
    if (const auto truth = truths.take(key)) {
      tally.add(*truth, said);
    } else if (verdicts.put(key, std::move(said))) {
      ++dropped;
    }
  }

  ScoreboardLimits limits;
  mutable std::mutex mutex;
  Time since;
  ScoreTally tally;
  Waiting<Said> verdicts;
  Waiting<TruthNote> truths;
  std::uint64_t dropped = 0;
  std::uint64_t bad_lines = 0;
};

Scoreboard::Scoreboard(Time since, ScoreboardLimits limits)
    : impl_(std::make_unique<Impl>(since, limits)) {}
Scoreboard::~Scoreboard() = default;

void Scoreboard::note(const TruthNote& note) {
  const RecordKey key = note.message != 0 ? key_of_message(note.message) : note.key;
  const std::lock_guard lock{impl_->mutex};
  if (const auto said = impl_->verdicts.take(key)) {
    impl_->tally.add(note, *said);
  } else if (impl_->truths.put(key, note)) {
    ++impl_->dropped;
  }
}

void Scoreboard::count_bad_line() {
  const std::lock_guard lock{impl_->mutex};
  ++impl_->bad_lines;
}

void Scoreboard::take(const Batch& batch) {
  const std::lock_guard lock{impl_->mutex};
  for (const Judged& judged : batch) {
    if (!judged.is_new) continue;
    const Verdict& verdict = judged.verdict;
    impl_->judged(judged.record.key, {verdict.model.empty() ? "none" : verdict.model, verdict.label,
                                      verdict.anomalous});
  }
  for (const Quarantined& message : batch.quarantined) {
    impl_->judged(key_of_message(message.hash), Said{"quarantine", "", true});
  }
}

void Scoreboard::reset(Time now) {
  const std::lock_guard lock{impl_->mutex};
  impl_->since = now;
  impl_->tally = ScoreTally{impl_->limits.episodes_max};
  impl_->dropped = 0;
  impl_->bad_lines = 0;
}

ScoreboardSnapshot Scoreboard::snapshot(std::size_t episodes_max) const {
  ScoreboardSnapshot out;
  const std::lock_guard lock{impl_->mutex};
  out.since = impl_->since;
  out.joined = impl_->tally.joined();
  out.waiting_truth = impl_->verdicts.size();
  out.waiting_verdict = impl_->truths.size();
  out.dropped = impl_->dropped;
  out.bad_lines = impl_->bad_lines;
  impl_->tally.fill(out, episodes_max);
  return out;
}

std::unique_ptr<Sink> make_scoreboard_sink(Scoreboard& scoreboard) {
  return std::make_unique<ScoreboardSink>(scoreboard);
}

}  // namespace vedette
