/// Alerts, incidents and exclusions as documents.
#include <fmt/format.h>

#include "store/mongo_rows.hpp"

namespace vedette::mongo {

namespace {

void set_labels(Doc& doc, const std::vector<LabelCount>& labels) {
  std::vector<Doc> items;
  for (const LabelCount& one : labels) {
    items.emplace_back();
    items.back().set("label", one.label).set("count", one.count);
  }
  doc.set_array("labels", items);
}

std::vector<LabelCount> read_labels(const View& document) {
  std::vector<LabelCount> labels;
  for (const View& item : document.array("labels")) {
    labels.push_back({std::string{item.text("label")}, item.count("count")});
  }
  return labels;
}

std::optional<Time> time_or_nothing(const View& document, const char* name) {
  if (!document.has(name)) return {};
  return document.time(name);
}

/// `set`: fields written always; `first`: those of a new document only.
Change change_of(std::uint64_t id, const Doc& set, const Doc& first) {
  Change change;
  change.filter.set("_id", id);
  if (!set.empty()) change.update.set("$set", set);
  if (!first.empty()) change.update.set("$setOnInsert", first);
  return change;
}

}  // namespace

Doc alert_document(const Alert& alert) {
  Doc doc;
  doc.set("_id", alert.id)
      .set("device", alert.device)
      .set("kind", name_of(alert.kind))
      .set("nature", name_of(alert.nature))
      .set("label", alert.label)
      .set("count", alert.count)
      .set_time("first", alert.first)
      .set_time("last", alert.last)
      .set_time("raised", alert.raised)
      .set_time("updated", alert.updated)
      .set("peak_score", alert.peak_score)
      .set("peak_record", to_text(alert.peak_record))
      .set("destination", alert.destination)
      .set("port", int{alert.port})
      .set("incident", alert.incident)
      .set("open", alert.open);
  set_labels(doc, alert.labels);
  std::vector<std::string> samples;
  for (const RecordKey& key : alert.samples) samples.push_back(to_text(key));
  doc.set_array("samples", samples);
  set_explanation(doc, alert.why);
  return doc;
}

Doc alert_marks(const Alert& alert) {
  Doc marks;
  marks.set("acknowledged", alert.acknowledged)
      .set("feedback", alert.feedback)
      .set("comment", alert.comment);
  return marks;
}

Change alert_change(const Alert& alert, bool adopted) {
  Doc fields = alert_document(alert).without("_id");
  if (adopted) return change_of(alert.id, {}, fields.append(alert_marks(alert).get()));
  Change change = change_of(alert.id, fields, alert_marks(alert));
  if (!has_explanation(alert.why)) {
    Doc why;
    change.update.set("$unset", why.set("why", ""));
  }
  return change;
}

Result<Alert> read_alert(const View& document) {
  Alert alert;
  alert.id = document.count("_id");
  alert.device = document.text("device");
  const auto kind = kind_from(document.text("kind"));
  const auto nature = nature_from(document.text("nature"));
  const auto peak = key_from_text(document.text("peak_record"));
  if (!kind) return damaged("kind", std::to_string(alert.id));
  if (!nature) return damaged("nature", std::to_string(alert.id));
  if (!peak) return damaged("peak_record", std::to_string(alert.id));
  alert.kind = *kind;
  alert.nature = *nature;
  alert.label = document.text("label");
  alert.labels = read_labels(document);
  alert.count = document.count("count");
  alert.first = document.time("first");
  alert.last = document.time("last");
  alert.raised = document.time("raised");
  alert.updated = document.time("updated");
  alert.peak_score = document.real32("peak_score");
  alert.peak_record = *peak;
  alert.destination = document.text("destination");
  alert.port = static_cast<std::uint16_t>(document.integer("port"));
  for (const std::string& sample : document.texts("samples")) {
    if (const auto key = key_from_text(sample)) alert.samples.push_back(*key);
  }
  alert.incident = document.count("incident");
  read_explanation(document, alert.why);
  alert.open = document.boolean("open");
  alert.acknowledged = document.boolean("acknowledged");
  alert.feedback = document.text("feedback");
  alert.comment = document.text("comment");
  return alert;
}

Doc incident_document(const Incident& incident) {
  Doc doc;
  doc.set("_id", incident.id)
      .set("title", incident.title)
      .set("nature", name_of(incident.nature))
      .set("rank", incident.rank)
      .set("joint", incident.joint)
      .set_array("devices", incident.devices)
      .set("device_count", incident.device_count)
      .set_array("alerts",
                 std::vector<std::int64_t>{incident.alerts.begin(), incident.alerts.end()})
      .set("alert_count", incident.alert_count)
      .set("destination", incident.destination)
      .set("port", int{incident.port})
      .set("count", incident.count)
      .set_time("first", incident.first)
      .set_time("last", incident.last)
      .set_time("raised", incident.raised)
      .set_time("updated", incident.updated)
      .set("peak_score", incident.peak_score)
      .set("open", incident.open)
      .set("acknowledged", incident.acknowledged)
      .set("feedback", incident.feedback)
      .set("comment", incident.comment);
  set_labels(doc, incident.labels);
  return doc;
}

Change incident_change(const Incident& incident, bool adopted) {
  const Doc fields = incident_document(incident).without("_id");
  return adopted ? change_of(incident.id, {}, fields) : change_of(incident.id, fields, {});
}

Incident read_incident(const View& document) {
  Incident incident;
  incident.id = document.count("_id");
  incident.title = document.text("title");
  incident.nature = nature_from(document.text("nature")).value_or(Nature::data_quality);
  incident.rank = document.real32("rank");
  incident.joint = document.boolean("joint");
  incident.devices = document.texts("devices");
  incident.device_count = document.count("device_count");
  for (const std::int64_t id : document.integers("alerts")) {
    incident.alerts.push_back(static_cast<std::uint64_t>(id));
  }
  incident.alert_count = document.count("alert_count");
  incident.labels = read_labels(document);
  incident.destination = document.text("destination");
  incident.port = static_cast<std::uint16_t>(document.integer("port"));
  incident.count = document.count("count");
  incident.first = document.time("first");
  incident.last = document.time("last");
  incident.raised = document.time("raised");
  incident.updated = document.time("updated");
  incident.peak_score = document.real32("peak_score");
  incident.open = document.boolean("open");
  incident.acknowledged = document.boolean("acknowledged");
  incident.feedback = document.text("feedback");
  incident.comment = document.text("comment");
  return incident;
}

Doc exclusion_document(const Exclusion& one) {
  Doc doc;
  doc.set("_id", one.id)
      .set_some("device", one.device)
      .set_some("kind", one.kind ? name_of(*one.kind) : "")
      .set_some("label", one.label)
      .set_some("destination", one.destination);
  if (one.port) doc.set("port", int{*one.port});
  if (one.day) {
    doc.set("day_from_minute", std::int64_t{one.day->from.count()})
        .set("day_to_minute", std::int64_t{one.day->to.count()});
  }
  if (one.from) doc.set_time("from", *one.from);
  if (one.to) doc.set_time("to", *one.to);
  doc.set("reason", one.reason).set("created_by", one.created_by).set_time("created", one.created);
  if (one.expires) doc.set_time("expires", *one.expires);
  return doc;
}

Exclusion read_exclusion(const View& document) {
  Exclusion one;
  one.id = document.count("_id");
  one.device = document.text("device");
  one.kind = kind_from(document.text("kind"));
  one.label = document.text("label");
  one.destination = document.text("destination");
  if (document.has("port")) one.port = static_cast<std::uint16_t>(document.integer("port"));
  if (document.has("day_from_minute")) {
    one.day = DayWindow{std::chrono::minutes{document.integer("day_from_minute")},
                        std::chrono::minutes{document.integer("day_to_minute")}};
  }
  one.from = time_or_nothing(document, "from");
  one.to = time_or_nothing(document, "to");
  one.reason = document.text("reason");
  one.created_by = document.text("created_by");
  one.created = document.time("created");
  one.expires = time_or_nothing(document, "expires");
  return one;
}

}  // namespace vedette::mongo
