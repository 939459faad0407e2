#include "pipeline/explain.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/hash.hpp"
#include "pipeline/column_families.hpp"
#include "pipeline/phrases.hpp"
#include "pipeline/smallest_change.hpp"

namespace vedette {

namespace {

constexpr std::size_t clauses_max = 3;

/// One record's explanation: each step works on what the ones before it left in the scratch.
class Explaining {
 public:
  Explaining(const Detector& detector, const Subject& subject, std::span<const float> row,
             std::span<const Measured> measured, ExplainScratch& scratch, Verdict& verdict)
      : detector_(detector),
        families_(detector.families()),
        subject_(subject),
        row_(row),
        measured_(measured),
        scratch_(scratch),
        verdict_(verdict) {}

  void run(std::uint16_t class_index, bool full) {
    const Attribution found = attribute(class_index);
    sum_families();
    if (full && found.add == PartsAdd::to_nothing && !scratch_.usual.empty()) ask_again();
    rank_families();
    list_reasons(full);
    write_sentence();
    if (!full || scratch_.usual.empty()) return;
    find_smallest_change(detector_, row_, verdict_.threshold, scratch_, verdict_.why);
    for (std::size_t i = 0; i < verdict_.why.changes.size(); ++i) {
      tell_change(scratch_.changed[i], verdict_.why.changes[i]);
    }
    detector_.exemplars().nearest(row_, scratch_.parts, Explanation::similar_max,
                                  verdict_.why.similar);
  }

 private:
  Attribution attribute(std::uint16_t class_index) {
    scratch_.parts.resize(row_.size());
    return detector_.model().attribute(row_, class_index, scratch_.parts);
  }

  /// Of a category the choice that is there speaks for it, whatever the absence of another weighs.
  void sum_families() {
    const std::size_t count = families_.families.size();
    scratch_.weights.assign(count, 0.0F);
    scratch_.heaviest.resize(count);
    for (std::size_t f = 0; f < count; ++f) {
      const ColumnFamily& family = families_.families[f];
      const bool choice = family.kind == ColumnFamily::Kind::choice;
      std::uint32_t heaviest = family.columns[0];
      for (const std::uint32_t column : family.columns) {
        scratch_.weights[f] += scratch_.parts[column];
        const bool there = choice && row_[column] > 0.5F;
        const bool other = choice && row_[heaviest] > 0.5F;
        if (there || (!other && scratch_.parts[column] > scratch_.parts[heaviest])) {
          heaviest = column;
        }
      }
      scratch_.heaviest[f] = heaviest;
    }
  }

  /// What the score falls by when a family is set to its usual middle. When no family alone moves
  /// it, the model's own parts stay.
  void ask_again() {
    const std::size_t width = row_.size();
    const std::size_t count = families_.families.size();
    const std::size_t classes = detector_.model().class_count();
    scratch_.rows.resize(std::max(scratch_.rows.size(), (count + 1) * width));
    scratch_.probabilities.resize(std::max(scratch_.probabilities.size(), (count + 1) * classes));
    for (std::size_t f = 0; f <= count; ++f) {
      float* row = scratch_.rows.data() + f * width;
      std::copy(row_.begin(), row_.end(), row);
      if (f == count) break;
      for (const std::uint32_t column : families_.families[f].columns) {
        row[column] = (scratch_.usual[column].low + scratch_.usual[column].high) / 2;
      }
    }
    const std::span<float> all{scratch_.probabilities.data(), (count + 1) * classes};
    detector_.model().score({scratch_.rows.data(), count + 1, width}, all);
    const auto score_at = [&](std::size_t i) {
      return to_score(all.subspan(i * classes, classes)).value;
    };
    constexpr float least = 1e-4F;
    const float whole = score_at(count);
    float most = 0;
    for (std::size_t f = 0; f < count; ++f) most = std::max(most, whole - score_at(f));
    if (most < least) return;
    for (std::size_t f = 0; f < count; ++f) scratch_.weights[f] = whole - score_at(f);
  }

  void rank_families() {
    scratch_.order.resize(scratch_.weights.size());
    std::iota(scratch_.order.begin(), scratch_.order.end(), 0U);
    std::sort(scratch_.order.begin(), scratch_.order.end(), [&](std::uint32_t a, std::uint32_t b) {
      const float x = scratch_.weights[a], y = scratch_.weights[b];
      return x != y ? x > y : a < b;
    });
  }

  const std::string& name_of_column(std::uint32_t column) const {
    return detector_.features().schema().columns[column].name;
  }

  // What people are told of a column: of a reading in the terms of its series.
  bool is_measured(std::uint32_t column) const { return column < measured_.size(); }
  Subject subject_of(std::uint32_t column) const {
    if (!is_measured(column)) return subject_;
    const Reading& reading = subject_.record.reading;
    const std::size_t place = measured_[column].place;
    const std::string_view series = place < reading.size() ? reading[place].name : subject_.series;
    return {subject_.record, series, subject_.usual_of};
  }
  std::string told_name(std::uint32_t column) const {
    std::string out;
    if (is_measured(column)) out.append(subject_of(column).series).append(" ");
    return out += name_of_column(column);
  }
  float told_value(std::uint32_t column) const {
    return is_measured(column) ? measured_[column].value : row_[column];
  }
  std::optional<UsualRange> told_usual(std::uint32_t column) const {
    if (is_measured(column)) return UsualRange{measured_[column].low, measured_[column].high};
    if (column < scratch_.usual.size()) return scratch_.usual[column];
    return {};
  }
  /// The measure at which the column would hold this deviation: of a level on the side where it is.
  float measure_at(std::uint32_t column, float deviation) const {
    const Measured& one = measured_[column];
    const float share = deviation / usual_deviations;
    if (name_of_column(column) != "level") return one.low + share * (one.high - one.low);
    const float middle = (one.low + one.high) / 2;
    return middle + share * ((one.value < middle ? one.low : one.high) - middle);
  }

  void tell_change(std::uint32_t column, Change& change) const {
    const bool all = change.feature.ends_with('*');
    if (is_measured(column)) {
      change.feature = told_name(column);
      change.from = told_value(column);
      change.to = measure_at(column, change.to);
    }
    append_change(change.text, subject_of(column), name_of_column(column), change.from, change.to);
    if (all) change.text += rest_of(change.feature);
  }
  static std::string_view rest_of(std::string_view feature) {
    if (feature == "source_*") return ", and all else it did lately as usual";
    if (feature == "pair_*") return ", and all else it did with this destination as usual";
    if (feature == "port_*") return ", and all else it did with this port as usual";
    if (feature.ends_with("_*") && feature.find('_') + 2 < feature.size()) {
      return ", and so over its other spans";
    }
    return ", and all else of the kind as usual";
  }

  void list_reasons(bool full) {
    for (const std::uint32_t f : scratch_.order) {
      if (verdict_.why.reasons.size() == Explanation::reasons_max) break;
      if (!(scratch_.weights[f] > 0)) break;
      const std::uint32_t column = scratch_.heaviest[f];
      Reason& reason = verdict_.why.reasons.emplace_back();
      reason.feature = told_name(column);
      reason.value = told_value(column);
      reason.weight = scratch_.weights[f];
      const auto usual = told_usual(column);
      if (usual) {
        reason.usual_low = usual->low;
        reason.usual_high = usual->high;
      }
      if (!full) continue;
      append_reason(reason.text, column, usual);
      reason.value_text = value_words(name_of_column(column), reason.value);
      if (usual) reason.usual_text = usual_words(name_of_column(column), *usual);
    }
  }
  void append_reason(std::string& out, std::uint32_t column,
                     const std::optional<UsualRange>& usual) const {
    append_clause(out, subject_of(column), name_of_column(column), told_value(column),
                  usual ? &*usual : nullptr);
  }

  /// The heaviest three reasons, those first that are far outside what is usual, then those that
  /// just are: only they say what would be. 38 connections where 37 are usual explain little.
  void write_sentence() {
    std::array<std::uint32_t, Explanation::reasons_max> told{};
    const std::size_t count = verdict_.why.reasons.size();
    std::copy_n(scratch_.order.begin(), count, told.begin());
    std::stable_sort(told.begin(), told.begin() + static_cast<std::ptrdiff_t>(count),
                     [&](std::uint32_t a, std::uint32_t b) {
                       return strangeness(scratch_.heaviest[a]) > strangeness(scratch_.heaviest[b]);
                     });
    std::string& out = verdict_.why.sentence;
    append_plain(out, subject_.record.device);
    out += ' ';
    const std::size_t clauses = std::min(clauses_max, count);
    if (clauses == 0) out += "did nothing that is unusual by itself";
    for (std::size_t i = 0; i < clauses; ++i) {
      if (i > 0) out += i + 1 < clauses ? ", " : " and ";
      const std::uint32_t column = scratch_.heaviest[told[i]];
      append_reason(out, column, strangeness(column) > 0 ? told_usual(column) : std::nullopt);
    }
    append_ending(out);
  }
  /// 0: inside what is usual, 1: outside, 2: by more than a tenth of how wide that is.
  int strangeness(std::uint32_t column) const {
    const auto usual = told_usual(column);
    if (!usual) return 0;
    const float value = told_value(column);
    const float outside = std::max(usual->low - value, value - usual->high);
    if (!(outside > 0)) return 0;
    return outside > 0.1F * (usual->high - usual->low) ? 2 : 1;
  }
  void append_ending(std::string& out) const {
    if (subject_.record.kind == RecordKind::flow) {
      if (verdict_.label == unknown_label) {
        out += "; like nothing that it was taught";
      } else {
        out += "; looks like ";
        append_plain(out, verdict_.label);
      }
    }
    out += '.';
  }

  const Detector& detector_;
  const ColumnFamilies& families_;
  Subject subject_;
  std::span<const float> row_;
  std::span<const Measured> measured_;  ///< by column; empty for flows
  ExplainScratch& scratch_;
  Verdict& verdict_;
};

}  // namespace

bool FullExplanations::take(const Record& record, const Verdict& verdict) {
  if (credit_ < records_each) return false;
  constexpr Duration minute = std::chrono::minutes{1};
  Run& run = runs_.of(hash64(verdict.label, hash64(record.device)));
  const Duration since = record.time - run.start;
  if (run.taken == 0 || since >= minute || since <= -minute) {
    run = {record.time, verdict.score, 0};
  } else if (!(verdict.score > run.peak)) {
    return false;
  }
  if (run.taken >= per_minute) return false;
  run.peak = verdict.score;
  ++run.taken;
  credit_ -= records_each;
  return true;
}

void Explainer::look(const Detector& detector, const Record& record, const RowNotes& notes,
                     Score score, std::span<const float> row, Verdict& verdict) {
  full_.pay();
  verdict.why.clear();
  const bool flow = record.kind == RecordKind::flow;
  if (flow) ranges_.fit(detector.schema_fingerprint(), row.size());
  if (!verdict.anomalous) {
    if (flow) ranges_.learn(record, row);
    return;
  }
  const bool full = full_.take(record, verdict);
  const auto explain = [&](std::span<const Measured> measured) {
    const Subject subject{record, notes.series, verdict.why.usual_of};
    Explaining{detector, subject, row, measured, scratch_, verdict}.run(score.class_index, full);
  };
  if (!flow) {
    verdict.why.usual_of = UsualOf::device;
    scratch_.usual.assign(row.size(), {0, usual_deviations});
    explain(std::span{notes.measured}.first(std::min(row.size(), notes.measured.size())));
    if (full) look_back(record, notes.series, row, verdict);
    return;
  }
  if (ranges_.usual(record.device, scratch_.usual)) {
    verdict.why.usual_of = UsualOf::device;
  } else {
    const auto usual = detector.features().usual();
    scratch_.usual.assign(usual.begin(), usual.end());
  }
  explain({});
  ranges_.disturb(record);
}

void Explainer::look_back(const Record& record, std::string_view series, std::span<const float> row,
                          Verdict& verdict) {
  std::vector<Similar>& similar = verdict.why.similar;
  // A model that was trained on readings has its own.
  if (similar.empty()) past_.nearest(record, series, row, Explanation::similar_max, similar);
  past_.add(record, series, verdict.label, row);
}

}  // namespace vedette
