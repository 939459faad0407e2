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

float widened(float threshold, float confidence) {
  const float doubt = 1 - std::clamp(confidence, 0.0F, 1.0F);
  return threshold + learning_band * doubt * std::max(1 - threshold, 0.0F);
}

void judge(const Detector& detector, float threshold, Score score, const RowNotes& notes,
           std::span<const float> row, Verdict& verdict) {
  const ModelFile& file = detector.file();
  verdict.score = score.value;
  verdict.threshold = notes.learning ? widened(threshold, notes.confidence) : threshold;
  verdict.model = file.id;
  verdict.certainty = notes.learning ? Certainty::learning : Certainty::sure;
  verdict.confidence = notes.learning ? notes.confidence : 1;
  verdict.learning = notes.lessons;
  verdict.anomalous = score.value >= verdict.threshold;
  verdict.label = verdict.anomalous ? file.classes[score.class_index] : file.classes[0];
  verdict.why.reasons.clear();
  if (verdict.anomalous) explain(detector, score.class_index, notes, row, verdict.why.reasons);
}

}  // namespace vedette
