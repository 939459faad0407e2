#include "pipeline/drift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vedette {

void Adwin::Bucket::add(const Bucket& other) {
  count += other.count;
  sum += other.sum;
  squares += other.squares;
}

void Adwin::Bucket::take(const Bucket& other) {
  count -= other.count;
  sum -= other.sum;
  squares -= other.squares;
}

std::optional<Adwin::Cut> Adwin::add(double value) {
  const Bucket one{1, value, value * value};
  levels_[0].buckets[levels_[0].used++] = one;
  all_.add(one);
  compress();
  if (++since_look_ < look_every) return {};
  since_look_ = 0;
  return look();
}

/// The two oldest buckets of a level that is full become one of the next.
void Adwin::compress() {
  for (std::size_t i = 0; i < used_ && levels_[i].used > per_level; ++i) {
    Level& level = levels_[i];
    if (i + 1 == levels_max) return drop_oldest();
    Bucket both = level.buckets[0];
    both.add(level.buckets[1]);
    std::copy(level.buckets.begin() + 2, level.buckets.end(), level.buckets.begin());
    level.used -= 2;
    used_ = std::max(used_, i + 2);
    Level& next = levels_[i + 1];
    next.buckets[next.used++] = both;
  }
}

/// Theorem 3.2 of the paper with the variance of the window: two parts with the same mean differ
/// by more than this with a chance below delta / ln n.
bool Adwin::differ(const Bucket& before, const Bucket& after) const {
  const double n = all_.count;
  const double mean = all_.sum / n;
  const double variance = std::max(all_.squares / n - mean * mean, 0.0);
  const double harmonic = 1 / (1 / before.count + 1 / after.count);
  const double log_term = std::log(2 * std::log(n) / delta_);
  const double bound =
      std::sqrt(2 / harmonic * variance * log_term) + 2 / (3 * harmonic) * log_term;
  return std::abs(before.sum / before.count - after.sum / after.count) > bound;
}

/// Looks at every border between buckets, the oldest part first.
std::optional<Adwin::Cut> Adwin::look() {
  std::optional<Cut> cut;
  for (bool again = true; again && all_.count > 2 * part_min;) {
    again = false;
    Bucket before;
    for (std::size_t i = used_; i-- > 0 && !again;) {
      for (std::size_t k = 0; k < levels_[i].used && !again; ++k) {
        before.add(levels_[i].buckets[k]);
        Bucket after = all_;
        after.take(before);
        if (after.count < part_min) break;
        if (before.count < part_min || !differ(before, after)) continue;
        if (!cut) cut = Cut{before.sum / before.count, 0};
        drop_oldest();
        again = true;
      }
    }
  }
  if (cut) cut->after = mean();
  return cut;
}

void Adwin::drop_oldest() {
  while (used_ > 1 && levels_[used_ - 1].used == 0) --used_;
  Level& oldest = levels_[used_ - 1];
  if (oldest.used == 0) return;
  all_.take(oldest.buckets[0]);
  std::copy(oldest.buckets.begin() + 1, oldest.buckets.end(), oldest.buckets.begin());
  --oldest.used;
  while (used_ > 1 && levels_[used_ - 1].used == 0) --used_;
}

// ---- what a detector sees --------------------------------------------------------------------

void DriftWatch::begin(const Detector& detector) {
  *this = DriftWatch{};
  model_ = detector.file().model;
  look_.model = detector.file().id;
  const auto usual = detector.features().usual();
  usual_.assign(usual.begin(), usual.end());
  below_.resize(usual_.size());
  above_.resize(usual_.size());
  for (const Column& column : detector.features().schema().columns) names_.push_back(column.name);
}

void DriftWatch::watch(const Detector& detector, const Verdict& verdict, std::span<const float> row,
                       Time time) {
  if (model_ != detector.file().model) begin(detector);
  if (verdict.anomalous) return;
  ++look_.records;
  watch_score(verdict.score, time);
  if (usual_.empty() || until_sample_-- > 0) return;
  until_sample_ = sample_every - 1;
  watch_row(row, time);
}

void DriftWatch::watch_score(float score, Time time) {
  sum_ += std::clamp(static_cast<double>(score), 0.0, 1.0);
  if (++summed_ < scores_per_mean) return;
  const auto cut = scores_.add(sum_ / scores_per_mean);
  sum_ = 0;
  summed_ = 0;
  look_.score_mean = scores_.mean();
  if (quiet_ > 0 && --quiet_ == 0) reference_ = look_.score_mean;
  if (!cut) return;
  if (!reference_) reference_ = cut->before;
  // The window shrinks in steps while the mean still moves: that is one move, told once.
  if (quiet_ > 0 || std::abs(look_.score_mean - *reference_) < move_min) return;
  look_.score_before = reference_;
  quiet_ = quiet_means;
  say(time, fmt::format("the mean score of normal records moves, from {:.3f} to {:.3f} so far",
                        *reference_, look_.score_mean));
}

void DriftWatch::watch_row(std::span<const float> row, Time time) {
  for (std::size_t c = 0; c < usual_.size(); ++c) {
    below_[c] += row[c] < usual_[c].low ? 1 : 0;
    above_[c] += row[c] > usual_[c].high ? 1 : 0;
  }
  if (++sampled_ == sample_size) close_sample(time);
}

void DriftWatch::close_sample(Time time) {
  const auto part = [](double share) {
    constexpr double expected = 0.01;
    const double x = std::max(share, expected);
    return (x - expected) * std::log(x / expected);
  };
  const bool drifted = !look_.columns.empty() && look_.columns[0].index > index_max;
  look_.columns.clear();
  for (std::size_t c = 0; c < usual_.size(); ++c) {
    const double below = static_cast<double>(below_[c]) / sample_size;
    const double above = static_cast<double>(above_[c]) / sample_size;
    look_.columns.push_back({names_[c], part(below) + part(above), below, above});
  }
  std::sort(look_.columns.begin(), look_.columns.end(),
            [](const ColumnDrift& a, const ColumnDrift& b) { return a.index > b.index; });
  look_.drifted_columns = static_cast<std::uint32_t>(
      std::count_if(look_.columns.begin(), look_.columns.end(),
                    [](const ColumnDrift& column) { return column.index > index_max; }));
  look_.columns.resize(std::min(look_.columns.size(), DriftLook::columns_max));
  look_.sampled_until = time;
  if (look_.drifted_columns > 0 && !drifted) {
    const ColumnDrift& worst = look_.columns[0];
    say(time, fmt::format("{} of {} columns left their training range; {} most: {:.0f} % of "
                          "records are below, {:.0f} % above",
                          look_.drifted_columns, usual_.size(), worst.column, worst.below * 100,
                          worst.above * 100));
  }
  std::fill(below_.begin(), below_.end(), 0U);
  std::fill(above_.begin(), above_.end(), 0U);
  sampled_ = 0;
}

void DriftWatch::say(Time time, std::string sentence) {
  ++look_.notices;
  look_.last_notice = time;
  look_.sentence = std::move(sentence);
}

DriftLook DriftWatch::look() const {
  return look_;
}

}  // namespace vedette
