#include <algorithm>
#include <numeric>
#include <vector>

#include "pipeline/pipeline.hpp"

namespace vedette {

namespace {

/// The columns that moved the score most, with what was usual for each.
void explain(const Detector& detector, std::uint16_t class_index, const RowNotes& notes,
             std::span<const float> row, std::vector<Reason>& reasons) {
  // Kept per thread: an attack flood is explained message after message without allocating.
  thread_local std::vector<float> weights;
  thread_local std::vector<std::size_t> order;
  weights.resize(row.size());
  order.resize(row.size());
  detector.model().explain(row, class_index, weights);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t kept = std::min(order.size(), Explanation::reasons_max);
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return weights[a] != weights[b] ? weights[a] > weights[b] : a < b;
                    });
  const auto usual = detector.features().usual();
  for (std::size_t i = 0; i < kept && weights[order[i]] > 0; ++i) {
    const std::size_t column = order[i];
    Reason& reason = reasons.emplace_back();
    if (!notes.series.empty()) reason.feature.append(notes.series).append(" ");
    reason.feature += detector.features().schema().columns[column].name;
    reason.value = row[column];
    reason.weight = weights[column];
    if (column < usual.size()) {
      reason.usual_low = usual[column].low;
      reason.usual_high = usual[column].high;
    }
  }
}

}  // namespace

void judge(const Detector& detector, Score score, const RowNotes& notes, std::span<const float> row,
           Verdict& verdict) {
  const ModelFile& file = detector.file();
  verdict.score = score.value;
  verdict.threshold = file.threshold.value;
  verdict.model = file.id;
  verdict.certainty = notes.learning ? Certainty::learning : Certainty::sure;
  // A device that is still being learned is judged like any other: deviations of a reading are 0
  // until there is something to deviate from, and a scan by a device never seen must be found.
  verdict.anomalous = score.value >= file.threshold.value;
  verdict.label = verdict.anomalous ? file.classes[score.class_index] : file.classes[0];
  verdict.suspect = file.classes[score.class_index];
  verdict.why.reasons.clear();
  if (verdict.anomalous) explain(detector, score.class_index, notes, row, verdict.why.reasons);
}

}  // namespace vedette
