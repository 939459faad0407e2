#include <algorithm>

#include "pipeline/pipeline.hpp"

namespace vedette {

float widened(float threshold, float confidence) {
  const float doubt = 1 - std::clamp(confidence, 0.0F, 1.0F);
  return threshold + learning_band * doubt * std::max(1 - threshold, 0.0F);
}

void judge(const Detector& detector, float threshold, Score score, const RowNotes& notes,
           Verdict& verdict) {
  const ModelFile& file = detector.file();
  verdict.score = score.value;
  verdict.threshold = notes.learning ? widened(threshold, notes.confidence) : threshold;
  verdict.model = file.id;
  verdict.certainty = notes.learning ? Certainty::learning : Certainty::sure;
  verdict.confidence = notes.learning ? notes.confidence : 1;
  verdict.learning = notes.lessons;
  verdict.anomalous = score.value >= verdict.threshold;
  verdict.label = verdict.anomalous ? file.classes[score.class_index] : file.classes[0];
  verdict.suspect = file.classes[score.class_index];
}

}  // namespace vedette
