#include "pipeline/pipeline.hpp"

namespace vedette {

void judge(const Detector& detector, Score score, const RowNotes& notes, Verdict& verdict) {
  const ModelFile& file = detector.file();
  verdict.score = score.value;
  verdict.threshold = file.threshold.value;
  verdict.model = file.id;
  verdict.certainty = notes.learning ? Certainty::learning : Certainty::sure;
  // A device that is still being learned is judged like any other: deviations of a reading are 0
  // until there is something to deviate from, and a scan by a device never seen must be found.
  verdict.anomalous = score.value >= file.threshold.value;
  verdict.label = verdict.anomalous ? file.classes[score.class_index] : file.classes[0];
}

}  // namespace vedette
