#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/tables.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "pipeline/explain.hpp"

namespace vedette {

namespace {

struct Stages {
  Judged judged;
  std::vector<float> row;
  std::vector<float> probabilities;
  std::shared_ptr<const Detector> detector;
};

/// The same calls as the line makes, one record at a time, keeping what each left behind.
Result<Stages> walk(const RawMessage& message, const DetectorSet& detectors) {
  Stages stages;
  stages.judged.received = message.received;
  const auto decoder = make_json_decoder();
  const auto decoded = decoder->decode(message, stages.judged.record, stages.judged.truth);
  if (!decoded) {
    return Error{decoded.error().code,
                 fmt::format("{}: {}", place_of(message), decoded.error().message)};
  }
  stages.detector = detectors.active[static_cast<std::size_t>(stages.judged.record.kind)];
  if (stages.detector == nullptr) {
    return Error{Errc::mismatch,
                 fmt::format("the model does not judge {}s", name_of(stages.judged.record.kind))};
  }
  const Detector& detector = *stages.detector;
  DeviceWindows windows;
  stages.row.resize(detector.features().schema().width());
  const RowNotes notes = detector.features().apply(stages.judged.record, windows, stages.row);
  stages.probabilities.resize(detector.model().class_count());
  detector.model().score({stages.row.data(), 1, stages.row.size()}, stages.probabilities);
  const Score score = to_score(stages.probabilities);
  judge(detector, detector.file().threshold.value, score, notes, stages.judged.verdict);
  Explainer{}.look(detector, stages.judged.record, notes, score, stages.row, stages.judged.verdict);
  return stages;
}

void print_why(const Verdict& verdict) {
  const Explanation& why = verdict.why;
  if (!why.sentence.empty()) fmt::print("why        {}\n", why.sentence);
  for (const Reason& reason : why.reasons) {
    fmt::print("           because {} = {:g} (usual {:g} … {:g}), weight {:.3f}: {}\n",
               reason.feature, reason.value, reason.usual_low, reason.usual_high, reason.weight,
               reason.text);
  }
  for (const Change& change : why.changes) {
    fmt::print("           normal with {} = {:g} instead of {:g}: {}\n", change.feature, change.to,
               change.from, change.text);
  }
  if (!why.changes.empty()) {
    fmt::print("           score then {:.6f}\n", why.changed_score);
  } else if (verdict.anomalous) {
    fmt::print("           no small change was found that makes it normal\n");
  }
  for (const Similar& one : why.similar) {
    fmt::print("           like {} of {} in {}: {} (distance {:.4f})\n", to_text(one.key),
               one.device, one.capture, one.label, one.distance);
  }
}

void print_text(const RawMessage& message, const Stages& stages) {
  std::string record;
  append_record_json(record, stages.judged.record);
  fmt::print("message    {}, {} bytes\n", place_of(message), message.payload.size());
  fmt::print("record     {} of {} at {}, id {}\n           {}\n",
             name_of(stages.judged.record.kind), stages.judged.record.device,
             to_rfc3339(stages.judged.record.time), to_text(stages.judged.record.key), record);
  const Schema& schema = stages.detector->features().schema();
  const auto usual = stages.detector->features().usual();
  fmt::print("features   {} columns (those that are not 0)\n", schema.width());
  for (std::size_t i = 0; i < schema.width(); ++i) {
    if (stages.row[i] == 0) continue;
    const std::string range =
        i < usual.size() ? fmt::format("usual {:g} … {:g}", usual[i].low, usual[i].high) : "";
    fmt::print("           {:<28} {:>14g}   {}\n", schema.columns[i].name, stages.row[i], range);
  }
  fmt::print("model      {}\n", stages.detector->file().id);
  for (std::size_t i = 0; i < stages.probabilities.size(); ++i) {
    fmt::print("           P({}) = {:.6f}\n", stages.detector->file().classes[i],
               stages.probabilities[i]);
  }
  const Verdict& verdict = stages.judged.verdict;
  fmt::print("verdict    {}: score {:.6f}, threshold {:.6f}, label {}, certainty {} ({:.0f} %)\n",
             verdict.anomalous ? "ANOMALOUS" : "normal", verdict.score, verdict.threshold,
             verdict.label, name_of(verdict.certainty),
             static_cast<double>(verdict.confidence) * 100);
  print_why(verdict);
}

void print_json(const Stages& stages) {
  std::string out = "{\"row\":{";
  const Schema& schema = stages.detector->features().schema();
  for (std::size_t i = 0; i < schema.width(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, schema.columns[i].name);
    out += ':';
    append_json_number(out, stages.row[i]);
  }
  out += "},\"probabilities\":{";
  for (std::size_t i = 0; i < stages.probabilities.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, stages.detector->file().classes[i]);
    out += ':';
    append_json_number(out, stages.probabilities[i]);
  }
  out += "},\"verdict\":";
  append_verdict_json(out, stages.judged);
  fmt::print("{}}}\n", out);
}

}  // namespace

Status run_trace(const TraceOptions& options, const Clock& clock) {
  const auto detectors = detectors_with(options.model);
  if (!detectors) return detectors.error();
  const auto file = MappedFile::open(options.message);
  if (!file) return file.error();
  const std::string origin = options.message.string();
  RawMessage message{options.topic, origin, file->text(), 1, clock.now()};
  if (message.payload.empty()) return Error{Errc::malformed, origin + ": is empty"};
  const auto stages = walk(message, **detectors);
  if (!stages) return stages.error();
  if (options.json) {
    print_json(*stages);
  } else {
    print_text(message, *stages);
  }
  return {};
}

}  // namespace vedette
