#include "pipeline/judging.hpp"

namespace vedette {

void Judging::judge(Batch& batch, const DetectorSet& detectors) {
  for (Lane& lane : lanes_) lane.used = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto kind = static_cast<std::size_t>(batch[i].record.kind);
    if (const auto& detector = detectors.active[kind]) {
      add_row(lanes_[kind], *detector, batch[i].record, i);
    } else {
      batch[i].verdict = Verdict{};
      batch[i].verdict.certainty = Certainty::no_model;
    }
  }
  for (std::size_t kind = 0; kind < record_kind_count; ++kind) {
    if (lanes_[kind].used > 0) score(lanes_[kind], *detectors.active[kind], batch);
  }
}

void Judging::add_row(Lane& lane, const Detector& detector, const Record& record,
                      std::size_t item) {
  const std::size_t width = detector.features().schema().width();
  if (lane.used == lane.entries.size()) lane.entries.emplace_back();
  if (lane.rows.size() < (lane.used + 1) * width) lane.rows.resize((lane.used + 1) * width);
  const RowNotes notes =
      detector.features().apply(record, windows_, {lane.rows.data() + lane.used * width, width});
  Lane::Entry& entry = lane.entries[lane.used++];
  entry.item = item;
  entry.learning = notes.learning;
  entry.series.assign(notes.series);
}

void Judging::score(Lane& lane, const Detector& detector, Batch& batch) {
  const std::size_t width = detector.features().schema().width();
  const std::size_t classes = detector.model().class_count();
  const Rows rows{lane.rows.data(), lane.used, width};
  if (lane.probabilities.size() < lane.used * classes) {
    lane.probabilities.resize(lane.used * classes);
  }
  detector.model().score(rows, {lane.probabilities.data(), lane.used * classes});
  for (std::size_t i = 0; i < lane.used; ++i) {
    const Lane::Entry& entry = lane.entries[i];
    const std::span<const float> probabilities{lane.probabilities.data() + i * classes, classes};
    const RowNotes notes{entry.learning, entry.series};
    const Score found = to_score(probabilities);
    Judged& judged = batch[entry.item];
    vedette::judge(detector, found, notes, judged.verdict);
    explainer_.look(detector, judged.record, notes, found, rows[i], judged.verdict);
  }
}

}  // namespace vedette
