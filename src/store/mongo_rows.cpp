#include "store/mongo_rows.hpp"

#include <fmt/format.h>

#include <limits>

#include "store/confidence.hpp"

namespace vedette::mongo {

namespace {

constexpr std::size_t time_digits = 19;

std::string time_text(std::int64_t micros) {
  if (micros >= 0) return fmt::format("{:019}", micros);
  return fmt::format("-{:019}", micros - std::numeric_limits<std::int64_t>::min());
}

Doc explanation_document(const Explanation& why) {
  Doc doc;
  doc.set("sentence", why.sentence).set("usual_of", name_of(why.usual_of));
  std::vector<Doc> items;
  for (const Reason& reason : why.reasons) {
    items.emplace_back();
    items.back()
        .set("feature", reason.feature)
        .set("value", reason.value)
        .set("usual_low", reason.usual_low)
        .set("usual_high", reason.usual_high)
        .set("weight", reason.weight)
        .set_some("text", reason.text)
        .set_some("value_text", reason.value_text)
        .set_some("usual_text", reason.usual_text);
  }
  doc.set_array("reasons", items);
  items.clear();
  for (const vedette::Change& change : why.changes) {
    items.emplace_back();
    items.back()
        .set("feature", change.feature)
        .set("from", change.from)
        .set("to", change.to)
        .set_some("text", change.text);
  }
  doc.set_array("changes", items).set("changed_score", why.changed_score);
  items.clear();
  for (const Similar& similar : why.similar) {
    items.emplace_back();
    items.back()
        .set("id", to_text(similar.key))
        .set("device", similar.device)
        .set("capture", similar.capture)
        .set("label", similar.label)
        .set("distance", similar.distance);
  }
  doc.set_array("similar", items);
  return doc;
}

constexpr std::pair<const char*, double Flow::*> flow_numbers[] = {
    {"duration", &Flow::duration},     {"orig_bytes", &Flow::orig_bytes},
    {"resp_bytes", &Flow::resp_bytes}, {"missed_bytes", &Flow::missed_bytes},
    {"orig_pkts", &Flow::orig_pkts},   {"orig_ip_bytes", &Flow::orig_ip_bytes},
    {"resp_pkts", &Flow::resp_pkts},   {"resp_ip_bytes", &Flow::resp_ip_bytes}};

Doc flow_document(const Flow& flow) {
  Doc doc;
  doc.set_some("uid", flow.uid)
      .set_some("orig_h", flow.orig_h)
      .set("orig_p", int{flow.orig_p})
      .set_some("resp_h", flow.resp_h)
      .set("resp_p", int{flow.resp_p})
      .set_some("proto", name_of(flow.proto))
      .set_some("conn_state", name_of(flow.conn_state))
      .set_some("service", flow.service)
      .set_some("history", flow.history);
  for (const auto& [name, field] : flow_numbers) doc.set(name, flow.*field);
  return doc;
}

Status read_flow(const View& doc, std::string_view id, Flow& flow) {
  flow.uid = doc.text("uid");
  flow.orig_h = doc.text("orig_h");
  flow.orig_p = static_cast<std::uint16_t>(doc.integer("orig_p"));
  flow.resp_h = doc.text("resp_h");
  flow.resp_p = static_cast<std::uint16_t>(doc.integer("resp_p"));
  const auto proto = proto_from(doc.text("proto"));
  if (!proto) return damaged("proto", id);
  flow.proto = *proto;
  const auto state = conn_state_from(doc.text("conn_state"));
  if (!state) return damaged("conn_state", id);
  flow.conn_state = *state;
  flow.service = doc.text("service");
  flow.history = doc.text("history");
  for (const auto& [name, field] : flow_numbers) flow.*field = doc.real(name);
  return {};
}

std::optional<Certainty> certainty_from(std::string_view name) {
  for (const Certainty certainty : {Certainty::sure, Certainty::learning, Certainty::no_model}) {
    if (name_of(certainty) == name) return certainty;
  }
  return {};
}

/// What most verdicts do without: written only where it says something.
void set_marks(Doc& doc, const Verdict& verdict) {
  if (verdict.suspect != verdict.label) doc.set_some("suspect", verdict.suspect);
  if (const std::int64_t doubt = doubt_percent(verdict.confidence)) doc.set("doubt", doubt);
  if (verdict.learning != 0) doc.set("learning", int{verdict.learning});
  if (verdict.excluded != 0) doc.set("excluded", verdict.excluded);
}

void read_marks(const View& document, Verdict& verdict) {
  verdict.suspect = document.text(document.has("suspect") ? "suspect" : "label");
  verdict.confidence = confidence_from(document.integer("doubt"));
  verdict.learning = static_cast<std::uint8_t>(document.integer("learning"));
  verdict.excluded = document.count("excluded");
}

}  // namespace

Error damaged(std::string_view what, std::string_view id) {
  return Error{Errc::corrupt,
               fmt::format("store: document {} has an unknown {}", vedette::quoted(id), what)};
}

std::optional<RecordKind> kind_from(std::string_view name) {
  for (const RecordKind kind : {RecordKind::flow, RecordKind::reading}) {
    if (name_of(kind) == name) return kind;
  }
  return {};
}

bool has_explanation(const Explanation& why) {
  return !why.sentence.empty() || !why.reasons.empty();
}

void set_explanation(Doc& doc, const Explanation& why) {
  if (has_explanation(why)) doc.set("why", explanation_document(why));
}

void read_explanation(const View& document, Explanation& why) {
  why.clear();
  if (!document.has("why")) return;
  const View doc = document.document("why");
  why.sentence = doc.text("sentence");
  why.usual_of = usual_of_from(doc.text("usual_of")).value_or(UsualOf::training);
  for (const View& item : doc.array("reasons")) {
    why.reasons.push_back(
        {std::string{item.text("feature")}, item.real32("value"), item.real32("usual_low"),
         item.real32("usual_high"), item.real32("weight"), std::string{item.text("text")},
         std::string{item.text("value_text")}, std::string{item.text("usual_text")}});
  }
  for (const View& item : doc.array("changes")) {
    why.changes.push_back({std::string{item.text("feature")}, item.real32("from"),
                           item.real32("to"), std::string{item.text("text")}});
  }
  why.changed_score = doc.real32("changed_score");
  for (const View& item : doc.array("similar")) {
    why.similar.push_back({key_from_text(item.text("id")).value_or(RecordKey{}),
                           std::string{item.text("device")}, std::string{item.text("capture")},
                           std::string{item.text("label")}, item.real32("distance")});
  }
}

std::string id_of(RecordKey key) {
  return fmt::format("{}-{:016x}", time_text(key.time_micros), key.hash);
}

std::string id_from(Time time) {
  return time_text(micros(time));
}

std::optional<RecordKey> key_of(std::string_view id) {
  const bool negative = id.starts_with('-');
  if (negative) id.remove_prefix(1);
  if (id.size() != time_digits + 1 + 16 || id[time_digits] != '-') return {};
  const auto time = parse_integer<std::int64_t>(id.substr(0, time_digits));
  std::uint64_t hash = 0;
  const char* end = id.data() + id.size();
  const auto parsed = std::from_chars(end - 16, end, hash, 16);
  if (!time || *time < 0 || parsed.ptr != end) return {};
  return RecordKey{negative ? *time + std::numeric_limits<std::int64_t>::min() : *time, hash};
}

Doc judged_document(const Judged& judged, Arrival arrival) {
  const Record& record = judged.record;
  const Verdict& verdict = judged.verdict;
  Doc doc;
  doc.set("_id", id_of(record.key))
      .set("device", record.device)
      .set("kind", name_of(record.kind))
      .set_date("time", record.time)
      .set_time("received", judged.received)
      .set("score", verdict.score)
      .set("threshold", verdict.threshold)
      .set("anomalous", verdict.anomalous)
      .set("certainty", name_of(verdict.certainty))
      .set("label", verdict.label)
      .set("model", verdict.model)
      .set_some("truth", judged.truth.label);
  set_marks(doc, verdict);
  set_explanation(doc, verdict.why);
  if (record.kind == RecordKind::flow) {
    doc.set("flow", flow_document(record.flow));
  } else {
    std::vector<Doc> values;
    for (const Reading::Value& value : record.reading) {
      values.emplace_back();
      values.back().set("name", value.name).set("value", value.value);
    }
    doc.set_array("reading", values);
  }
  doc.set("batch", arrival.batch).set("row", arrival.row);
  return doc;
}

Status read_judged(const View& document, Judged& judged) {
  Record& record = judged.record;
  Verdict& verdict = judged.verdict;
  record.clear();
  const std::string_view id = document.text("_id");
  const auto key = key_of(id);
  if (!key) return damaged("_id", id);
  record.key = *key;
  record.time = time_from_micros(key->time_micros);
  record.device = document.text("device");
  const auto kind = kind_from(document.text("kind"));
  if (!kind) return damaged("kind", id);
  record.kind = *kind;
  judged.received = document.time("received");
  verdict.score = document.real32("score");
  verdict.threshold = document.real32("threshold");
  verdict.anomalous = document.boolean("anomalous");
  const auto certainty = certainty_from(document.text("certainty"));
  if (!certainty) return damaged("certainty", id);
  verdict.certainty = *certainty;
  verdict.label = document.text("label");
  verdict.model = document.text("model");
  read_marks(document, verdict);
  judged.truth.label = document.text("truth");
  read_explanation(document, verdict.why);
  if (*kind == RecordKind::flow) return read_flow(document.document("flow"), id, record.flow);
  const std::vector<View> values = document.array("reading");
  if (values.size() > Reading::values_max) return damaged("reading", id);
  for (const View& value : values) {
    const double number = value.real("value");
    if (!std::isfinite(number)) return damaged("reading", id);
    record.reading.add(value.text("name"), number);
  }
  return {};
}

Doc quarantined_document(const Quarantined& message, std::uint64_t id) {
  Doc doc;
  doc.set("_id", id)
      .set_time("received", message.received)
      .set("place", message.place)
      .set("code", message.code)
      .set("reason", message.reason)
      .set_bytes("payload",
                 std::string_view{message.payload}.substr(0, Quarantined::payload_kept_bytes_max))
      .set("payload_bytes", message.payload_bytes);
  return doc;
}

Quarantined read_quarantined(const View& document) {
  Quarantined message;
  message.received = document.time("received");
  message.place = document.text("place");
  message.code = document.text("code");
  message.reason = document.text("reason");
  message.payload = document.bytes("payload");
  message.payload_bytes = document.count("payload_bytes");
  return message;
}

Doc user_document(const User& user) {
  Doc doc;
  doc.set("_id", user.name)
      .set("password_hash", user.password_hash)
      .set("role", user.role)
      .set_time("created", user.created);
  return doc;
}

User read_user(const View& document) {
  return {std::string{document.text("_id")}, std::string{document.text("password_hash")},
          std::string{document.text("role")}, document.time("created")};
}

Doc token_document(const Token& token) {
  Doc doc;
  doc.set("_id", token.hash)
      .set("user", token.user)
      .set("kind", token.kind)
      .set("name", token.name)
      .set_time("created", token.created)
      .set_time("expires", token.expires);
  return doc;
}

Token read_token(const View& document) {
  return {std::string{document.text("_id")},  std::string{document.text("user")},
          std::string{document.text("kind")}, std::string{document.text("name")},
          document.time("created"),           document.time("expires")};
}

Doc audit_document(const AuditEntry& entry, std::int64_t id) {
  Doc doc;
  doc.set("_id", id)
      .set_time("time", entry.time)
      .set("user", entry.user)
      .set("action", entry.action)
      .set("subject", entry.subject);
  return doc;
}

AuditEntry read_audit(const View& document) {
  return {document.time("time"), std::string{document.text("user")},
          std::string{document.text("action")}, std::string{document.text("subject")}};
}

}  // namespace vedette::mongo
