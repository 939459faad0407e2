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

std::string_view name_of(Lesson lesson) {
  switch (lesson) {
    case Lesson::habits:
      return "habits";
    case Lesson::rate_minute:
      return "rates over 1 min";
    case Lesson::rate_ten:
      return "rates over 10 min";
    case Lesson::series_level:
      return "level of the values";
  }
  return "unknown";
}

void AlarmChanges::clear() {
  alerts.clear();
  incidents.clear();
}

void AlarmChanges::append(const AlarmChanges& more) {
  alerts.insert(alerts.end(), more.alerts.begin(), more.alerts.end());
  incidents.insert(incidents.end(), more.incidents.begin(), more.incidents.end());
}

std::string_view name_of(UsualOf usual) {
  return usual == UsualOf::device ? "device" : "training";
}

std::optional<UsualOf> usual_of_from(std::string_view name) {
  for (const UsualOf usual : {UsualOf::training, UsualOf::device}) {
    if (name_of(usual) == name) return usual;
  }
  return {};
}

Judged& Batch::add() {
  expects(!full(), "a batch holds at most records_max records");
  if (used_ == items_.size()) items_.emplace_back();
  Judged& item = items_[used_++];
  item.record.clear();
  item.truth.label.clear();
  item.verdict.why.clear();
  item.verdict.excluded = 0;
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
  alarms.clear();
}

namespace {

void append_json_field(std::string& out, std::string_view name, Time time) {
  append_json_key(out, name);
  out += '"';
  append_rfc3339(out, time);
  out += '"';
}

}  // namespace

void Explanation::clear() {
  sentence.clear();
  usual_of = UsualOf::training;
  reasons.clear();
  changes.clear();
  changed_score = 0;
  similar.clear();
}

namespace {

/// "name":[{…},{…}], the fields of each by `fields`.
template <class Item, class Fields>
void append_list(std::string& out, std::string_view name, const std::vector<Item>& items,
                 Fields fields) {
  append_json_key(out, name);
  out += '[';
  for (const Item& item : items) {
    if (&item != items.data()) out += ',';
    out += '{';
    fields(item);
    out += '}';
  }
  out += ']';
}

}  // namespace

void append_explanation_fields(std::string& out, const Explanation& why) {
  append_json_field(out, "sentence", why.sentence);
  append_json_field(out, "usual_of", name_of(why.usual_of));
  append_list(out, "reasons", why.reasons, [&](const Reason& reason) {
    append_json_field(out, "feature", reason.feature);
    append_json_field(out, "value", reason.value);
    append_json_field(out, "usual_low", reason.usual_low);
    append_json_field(out, "usual_high", reason.usual_high);
    append_json_field(out, "weight", reason.weight);
    append_json_field(out, "text", reason.text);
    append_json_field(out, "value_text", reason.value_text);
    append_json_field(out, "usual_text", reason.usual_text);
  });
  append_list(out, "changes", why.changes, [&](const Change& change) {
    append_json_field(out, "feature", change.feature);
    append_json_field(out, "from", change.from);
    append_json_field(out, "to", change.to);
    append_json_field(out, "text", change.text);
  });
  append_json_field(out, "changed_score", why.changed_score);
  append_list(out, "similar", why.similar, [&](const Similar& one) {
    append_json_field(out, "id", to_text(one.key));
    append_json_field(out, "device", one.device);
    append_json_field(out, "capture", one.capture);
    append_json_field(out, "label", one.label);
    append_json_field(out, "distance", one.distance);
  });
}

namespace {

void append_lessons(std::string& out, std::uint8_t learning) {
  append_json_key(out, "learning");
  out += '[';
  for (std::size_t i = 0; i < lesson_count; ++i) {
    const auto lesson = static_cast<Lesson>(i);
    if ((learning & bit_of(lesson)) == 0) continue;
    if (out.back() != '[') out += ',';
    out.append("\"").append(name_of(lesson)).append("\"");
  }
  out += ']';
}

}  // namespace

void append_verdict_json(std::string& out, const Judged& judged) {
  const Verdict& verdict = judged.verdict;
  out += '{';
  append_json_field(out, "id", to_text(judged.record.key));
  append_json_field(out, "device", judged.record.device);
  append_json_field(out, "kind", name_of(judged.record.kind));
  append_json_field(out, "time", judged.record.time);
  append_json_field(out, "received", judged.received);
  append_json_field(out, "score", verdict.score);
  append_json_field(out, "threshold", verdict.threshold);
  append_json_field(out, "anomalous", verdict.anomalous);
  append_json_field(out, "certainty", name_of(verdict.certainty));
  append_json_field(out, "confidence", verdict.confidence);
  append_lessons(out, verdict.learning);
  append_json_field(out, "label", verdict.label);
  append_json_field(out, "suspect", verdict.suspect);
  append_json_field(out, "model", verdict.model);
  append_json_field(out, "excluded", verdict.excluded);
  append_explanation_fields(out, verdict.why);
  append_json_key(out, "record");
  append_record_json(out, judged.record);
  out += '}';
}

void append_alert_json(std::string& out, const Alert& alert) {
  out += '{';
  append_json_field(out, "id", alert.id);
  append_json_field(out, "device", alert.device);
  append_json_field(out, "kind", name_of(alert.kind));
  append_json_field(out, "label", alert.label);
  append_json_key(out, "labels");
  append_label_counts(out, alert.labels);
  append_json_field(out, "nature", name_of(alert.nature));
  append_json_field(out, "count", alert.count);
  append_json_field(out, "first", alert.first);
  append_json_field(out, "last", alert.last);
  append_json_field(out, "raised", alert.raised);
  append_json_field(out, "updated", alert.updated);
  append_json_field(out, "peak_score", alert.peak_score);
  append_json_field(out, "peak_record", to_text(alert.peak_record));
  append_json_field(out, "destination", alert.destination);
  append_json_field(out, "port", std::uint64_t{alert.port});
  append_json_key(out, "samples");
  out += '[';
  for (const RecordKey& key : alert.samples) {
    if (&key != alert.samples.data()) out += ',';
    append_json_string(out, to_text(key));
  }
  out += ']';
  append_explanation_fields(out, alert.why);
  append_json_field(out, "incident", alert.incident);
  append_json_field(out, "open", alert.open);
  append_json_field(out, "acknowledged", alert.acknowledged);
  append_json_field(out, "feedback", alert.feedback);
  append_json_field(out, "comment", alert.comment);
  out += '}';
}

void append_quarantined_json(std::string& out, const Quarantined& quarantined) {
  out += '{';
  append_json_field(out, "received", quarantined.received);
  append_json_field(out, "place", quarantined.place);
  append_json_field(out, "code", quarantined.code);
  append_json_field(out, "reason", quarantined.reason);
  append_json_field(out, "payload", quarantined.payload);
  append_json_field(out, "payload_bytes", quarantined.payload_bytes);
  out += '}';
}

}  // namespace vedette
