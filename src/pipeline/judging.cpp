#include "pipeline/judging.hpp"

namespace vedette {

void Judging::judge(Batch& batch, const DetectorSet& detectors) {
  for (Lane& lane : lanes_) lane.used = 0;
  const bool windows = detectors.active[static_cast<std::size_t>(RecordKind::flow)] != nullptr;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (windows && i + look_ahead < batch.size()) windows_.expect(batch[i + look_ahead].record);
    const auto kind = static_cast<std::size_t>(batch[i].record.kind);
    if (const auto& detector = detectors.active[kind]) {
      add_row(lanes_[kind], *detector, batch[i].record, i);
    } else {
      batch[i].verdict = Verdict{};
      batch[i].verdict.certainty = Certainty::no_model;
      batch[i].verdict.confidence = 0;
    }
  }
  for (std::size_t kind = 0; kind < record_kind_count; ++kind) {
    if (lanes_[kind].used > 0) score(lanes_[kind], static_cast<RecordKind>(kind), detectors, batch);
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
  entry.series.assign(notes.series);
  entry.notes = notes;
}

void Judging::score(Lane& lane, RecordKind kind, const DetectorSet& detectors, Batch& batch) {
  const Detector& detector = *detectors.active[static_cast<std::size_t>(kind)];
  const std::size_t width = detector.features().schema().width();
  const std::size_t classes = detector.model().class_count();
  const Rows rows{lane.rows.data(), lane.used, width};
  if (lane.probabilities.size() < lane.used * classes) {
    lane.probabilities.resize(lane.used * classes);
  }
  detector.model().score(rows, {lane.probabilities.data(), lane.used * classes});
  for (std::size_t i = 0; i < lane.used; ++i) {
    Lane::Entry& entry = lane.entries[i];
    entry.notes.series = entry.series;
    Judged& judged = batch[entry.item];
    const std::span<const float> probabilities{lane.probabilities.data() + i * classes, classes};
    const Score found = to_score(probabilities);
    vedette::judge(detector, detectors.threshold_of(kind, judged.record.device), found, entry.notes,
                   judged.verdict);
    explainer_.look(detector, judged.record, entry.notes, found, rows[i], judged.verdict);
    drift_[static_cast<std::size_t>(kind)].watch(detector, judged.verdict, rows[i],
                                                 judged.record.time);
  }
}

}  // namespace vedette
