#include "pipeline/explain.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <numeric>

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
             ExplainScratch& scratch, Verdict& verdict)
      : detector_(detector),
        families_(detector.families()),
        subject_(subject),
        row_(row),
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

  const UsualRange* usual_of(std::uint32_t column) const {
    return column < scratch_.usual.size() ? &scratch_.usual[column] : nullptr;
  }

  void list_reasons(bool full) {
    for (const std::uint32_t f : scratch_.order) {
      if (verdict_.why.reasons.size() == Explanation::reasons_max) break;
      if (!(scratch_.weights[f] > 0)) break;
      const std::uint32_t column = scratch_.heaviest[f];
      Reason& reason = verdict_.why.reasons.emplace_back();
      if (!subject_.series.empty()) reason.feature.append(subject_.series).append(" ");
      reason.feature += detector_.features().schema().columns[column].name;
      reason.value = row_[column];
      reason.weight = scratch_.weights[f];
      if (const UsualRange* usual = usual_of(column)) {
        reason.usual_low = usual->low;
        reason.usual_high = usual->high;
      }
      if (full) append_reason(reason.text, column, usual_of(column));
    }
  }
  void append_reason(std::string& out, std::uint32_t column, const UsualRange* usual) const {
    append_clause(out, subject_, detector_.features().schema().columns[column].name, row_[column],
                  usual);
  }

  /// The heaviest three reasons, those first that are outside what is usual: only they say what
  /// would be.
  void write_sentence() {
    std::array<std::uint32_t, Explanation::reasons_max> told{};
    const std::size_t count = verdict_.why.reasons.size();
    std::copy_n(scratch_.order.begin(), count, told.begin());
    std::stable_partition(told.begin(), told.begin() + static_cast<std::ptrdiff_t>(count),
                          [&](std::uint32_t f) { return is_unusual(scratch_.heaviest[f]); });
    std::string& out = verdict_.why.sentence;
    append_plain(out, subject_.record.device);
    out += ' ';
    const std::size_t clauses = std::min(clauses_max, count);
    if (clauses == 0) out += "did nothing that is unusual by itself";
    for (std::size_t i = 0; i < clauses; ++i) {
      if (i > 0) out += i + 1 < clauses ? ", " : " and ";
      const std::uint32_t column = scratch_.heaviest[told[i]];
      append_reason(out, column, is_unusual(column) ? usual_of(column) : nullptr);
    }
    append_ending(out);
  }
  bool is_unusual(std::uint32_t column) const {
    const UsualRange* usual = usual_of(column);
    return usual != nullptr && (row_[column] < usual->low || row_[column] > usual->high);
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
  if (flow && ranges_.usual(record.device, scratch_.usual)) {
    verdict.why.usual_of = UsualOf::device;
  } else {
    const auto usual = detector.features().usual();
    scratch_.usual.assign(usual.begin(), usual.end());
  }
  const Subject subject{record, notes.series, verdict.why.usual_of};
  Explaining{detector, subject, row, scratch_, verdict}.run(score.class_index,
                                                            full_.take(record, verdict));
}

}  // namespace vedette
