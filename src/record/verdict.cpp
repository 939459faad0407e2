#include "record/verdict.hpp"

#include "base/expects.hpp"
#include "base/text.hpp"

namespace vedette {

std::string_view name_of(Certainty certainty) {
  switch (certainty) {
    case Certainty::sure:
      return "sure";
    case Certainty::learning:
      return "learning";
    case Certainty::no_model:
      return "no_model";
  }
  return "unknown";
}

std::string_view name_of(AlertEvent event) {
  switch (event) {
    case AlertEvent::raised:
      return "raised";
    case AlertEvent::updated:
      return "updated";
    case AlertEvent::closed:
      return "closed";
  }
  return "unknown";
}

Judged& Batch::add() {
  expects(!full(), "a batch holds at most records_max records");
  if (used_ == items_.size()) items_.emplace_back();
  Judged& item = items_[used_++];
  item.record.clear();
  item.truth.label.clear();
  item.verdict.reasons.clear();
  item.is_new = true;
  return item;
}

void Batch::drop_last() {
  expects(used_ > 0, "drop_last takes back an add()");
  --used_;
}

void Batch::reset() {
  used_ = 0;
  received = 0;
  quarantined.clear();
  alerts.clear();
}

namespace {

void key(std::string& out, std::string_view name) {
  if (out.back() != '{') out += ',';
  append_json_string(out, name);
  out += ':';
}

void put(std::string& out, std::string_view name, std::string_view text) {
  key(out, name);
  append_json_string(out, text);
}

void put(std::string& out, std::string_view name, float number) {
  key(out, name);
  append_json_number(out, number);
}

void put(std::string& out, std::string_view name, std::uint64_t number) {
  key(out, name);
  out += std::to_string(number);
}

void put(std::string& out, std::string_view name, bool value) {
  key(out, name);
  out += value ? "true" : "false";
}

void put(std::string& out, std::string_view name, Time time) {
  key(out, name);
  out += '"';
  append_rfc3339(out, time);
  out += '"';
}

}  // namespace

void append_reasons_json(std::string& out, const std::vector<Reason>& reasons) {
  out += '[';
  for (const Reason& reason : reasons) {
    if (&reason != reasons.data()) out += ',';
    out += '{';
    put(out, "feature", reason.feature);
    put(out, "value", reason.value);
    put(out, "usual_low", reason.usual_low);
    put(out, "usual_high", reason.usual_high);
    put(out, "weight", reason.weight);
    out += '}';
  }
  out += ']';
}

void append_verdict_json(std::string& out, const Judged& judged) {
  const Verdict& verdict = judged.verdict;
  out += '{';
  put(out, "id", to_text(judged.record.key));
  put(out, "device", judged.record.device);
  put(out, "kind", name_of(judged.record.kind));
  put(out, "time", judged.record.time);
  put(out, "received", judged.received);
  put(out, "score", verdict.score);
  put(out, "threshold", verdict.threshold);
  put(out, "anomalous", verdict.anomalous);
  put(out, "certainty", name_of(verdict.certainty));
  put(out, "label", verdict.label);
  put(out, "model", verdict.model);
  key(out, "reasons");
  append_reasons_json(out, verdict.reasons);
  key(out, "record");
  append_record_json(out, judged.record);
  out += '}';
}

void append_alert_json(std::string& out, const Alert& alert) {
  out += '{';
  put(out, "id", alert.id);
  put(out, "device", alert.device);
  put(out, "kind", name_of(alert.kind));
  put(out, "label", alert.label);
  put(out, "count", alert.count);
  put(out, "first", alert.first);
  put(out, "last", alert.last);
  put(out, "raised", alert.raised);
  put(out, "updated", alert.updated);
  put(out, "peak_score", alert.peak_score);
  put(out, "peak_record", to_text(alert.peak_record));
  key(out, "reasons");
  append_reasons_json(out, alert.reasons);
  put(out, "open", alert.open);
  put(out, "acknowledged", alert.acknowledged);
  put(out, "feedback", alert.feedback);
  put(out, "comment", alert.comment);
  out += '}';
}

void append_quarantined_json(std::string& out, const Quarantined& quarantined) {
  out += '{';
  put(out, "received", quarantined.received);
  put(out, "place", quarantined.place);
  put(out, "code", quarantined.code);
  put(out, "reason", quarantined.reason);
  put(out, "payload", quarantined.payload);
  put(out, "payload_bytes", quarantined.payload_bytes);
  out += '}';
}

}  // namespace vedette
