#include "store/sqlite_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "store/confidence.hpp"
#include "store/row_json.hpp"
#include "store/sqlite_schema.hpp"

namespace vedette::sqlite {

namespace {

constexpr std::string_view common_columns =
    "r.ts, r.hash, r.received, r.anomalous, r.score, r.threshold, r.certainty, r.why, d.name, "
    "l.name, m.name, t.name, s.name, r.excluded";
constexpr int first_own_column = 14;
constexpr std::string_view flow_columns =
    "r.uid, r.orig_h, r.orig_p, r.resp_h, r.resp_p, r.proto, r.conn_state, r.service, r.history, "
    "r.duration, r.orig_bytes, r.resp_bytes, r.missed_bytes, r.orig_pkts, r.orig_ip_bytes, "
    "r.resp_pkts, r.resp_ip_bytes";

double number(const Statement& row, int column) {
  return row.is_null(column) ? not_set : row.real(column);
}

Error damaged(std::string_view what, RecordKey key) {
  return Error{Errc::corrupt,
               fmt::format("store: record {} has an unknown {}", to_text(key), what)};
}

bool read_certainty(std::int64_t stored, Verdict& verdict) {
  const std::int64_t doubt = stored >> 8;
  if (stored < 0 || (stored & 3) > static_cast<std::int64_t>(Certainty::no_model) || doubt > 100 ||
      ((stored >> 2) & 63) >= std::int64_t{1} << lesson_count) {
    return false;
  }
  verdict.certainty = static_cast<Certainty>(stored & 3);
  verdict.learning = static_cast<std::uint8_t>((stored >> 2) & 63);
  verdict.confidence = confidence_from(doubt);
  return true;
}

Status read_flow(const Statement& row, Record& record) {
  Flow& flow = record.flow;
  int column = first_own_column;
  flow.uid = row.text(column++);
  flow.orig_h = row.text(column++);
  flow.orig_p = static_cast<std::uint16_t>(row.integer(column++));
  flow.resp_h = row.text(column++);
  flow.resp_p = static_cast<std::uint16_t>(row.integer(column++));
  const auto proto = proto_from(row.text(column++));
  if (!proto) return damaged("proto", record.key);
  flow.proto = *proto;
  const auto state = conn_state_from(row.text(column++));
  if (!state) return damaged("conn_state", record.key);
  flow.conn_state = *state;
  flow.service = row.text(column++);
  flow.history = row.text(column++);
  for (double* value :
       {&flow.duration, &flow.orig_bytes, &flow.resp_bytes, &flow.missed_bytes, &flow.orig_pkts,
        &flow.orig_ip_bytes, &flow.resp_pkts, &flow.resp_ip_bytes}) {
    *value = number(row, column++);
  }
  return {};
}

/// Ids with a blank between them.
void read_samples(std::string_view text, std::vector<RecordKey>& samples) {
  while (!text.empty()) {
    const std::string_view id = text.substr(0, text.find(' '));
    if (const auto key = key_from_text(id)) samples.push_back(*key);
    text.remove_prefix(std::min(text.size(), id.size() + 1));
  }
}

}  // namespace

std::string select_judged(RecordKind kind, const char* index) {
  const bool is_flow = kind == RecordKind::flow;
  return fmt::format("SELECT {}, {} FROM {} AS r INDEXED BY {}_{}", common_columns,
                     is_flow ? flow_columns : "r.sensors", is_flow ? "flows" : "readings",
                     is_flow ? "flows" : "readings", index);
}

std::string select_records(RecordKind kind) {
  const bool is_flow = kind == RecordKind::flow;
  return fmt::format("SELECT {}, {}, r.id FROM {} AS r{} WHERE r.id > ?1 ORDER BY r.id LIMIT ?2",
                     common_columns, is_flow ? flow_columns : "r.sensors",
                     is_flow ? "flows" : "readings", judged_joins);
}

int rowid_column(RecordKind kind) {
  const auto own =
      kind == RecordKind::flow ? std::count(flow_columns.begin(), flow_columns.end(), ',') : 0;
  return first_own_column + static_cast<int>(own) + 1;
}

std::int64_t stored_certainty(const Verdict& verdict) {
  return static_cast<std::int64_t>(verdict.certainty) + 4 * std::int64_t{verdict.learning} +
         256 * doubt_percent(verdict.confidence);
}

Certainty certainty_from_stored(std::int64_t stored) {
  return static_cast<Certainty>(stored & 3);
}

Status read_judged(const Statement& row, RecordKind kind, Judged& judged) {
  Record& record = judged.record;
  Verdict& verdict = judged.verdict;
  record.clear();
  record.kind = kind;
  record.key = {row.integer(0), hash_from_stored(row.integer(1))};
  record.time = time_from_micros(record.key.time_micros);
  judged.received = time_from_micros(row.integer(2));
  verdict.anomalous = row.integer(3) != 0;
  verdict.score = static_cast<float>(row.real(4));
  verdict.threshold = static_cast<float>(row.real(5));
  if (!read_certainty(row.integer(6), verdict)) return damaged("certainty", record.key);
  if (Status done = parse_explanation_json(row.text(7), verdict.why); !done) return done;
  record.device = row.text(8);
  verdict.label = row.text(9);
  verdict.model = row.text(10);
  judged.truth.label = row.text(11);
  verdict.suspect = row.text(12);
  verdict.excluded = row.count(13);
  if (kind == RecordKind::flow) return read_flow(row, record);
  return parse_reading_json(row.text(first_own_column), record.reading);
}

Result<Alert> read_alert(const Statement& row) {
  Alert alert;
  alert.id = row.count(0);
  alert.device = row.text(1);
  alert.kind = row.integer(2) == 0 ? RecordKind::flow : RecordKind::reading;
  alert.label = row.text(3);
  alert.count = row.count(4);
  alert.first = time_from_micros(row.integer(5));
  alert.last = time_from_micros(row.integer(6));
  alert.raised = time_from_micros(row.integer(7));
  alert.updated = time_from_micros(row.integer(8));
  alert.peak_score = static_cast<float>(row.real(9));
  alert.peak_record = {row.integer(10), hash_from_stored(row.integer(11))};
  if (Status done = parse_explanation_json(row.text(12), alert.why); !done) return done.error();
  alert.open = row.integer(13) != 0;
  alert.acknowledged = row.integer(14) != 0;
  alert.feedback = row.text(15);
  alert.comment = row.text(16);
  if (const auto nature = row.integer(17);
      nature >= 0 && nature <= static_cast<std::int64_t>(Nature::attack)) {
    alert.nature = static_cast<Nature>(nature);
  }
  if (Status done = parse_label_counts(row.text(18), alert.labels); !done) return done.error();
  read_samples(row.text(19), alert.samples);
  alert.destination = row.text(20);
  alert.port = static_cast<std::uint16_t>(row.integer(21));
  alert.incident = row.count(22);
  return alert;
}

Result<Incident> read_incident(const Statement& row) {
  Incident incident;
  incident.id = row.count(0);
  incident.title = row.text(1);
  if (const auto nature = row.integer(2);
      nature >= 0 && nature <= static_cast<std::int64_t>(Nature::attack)) {
    incident.nature = static_cast<Nature>(nature);
  }
  incident.rank = static_cast<float>(row.real(3));
  incident.joint = row.integer(4) != 0;
  if (Status done = parse_string_list(row.text(5), incident.devices); !done) return done.error();
  incident.device_count = row.count(6);
  if (Status done = parse_id_list(row.text(7), incident.alerts); !done) return done.error();
  incident.alert_count = row.count(8);
  if (Status done = parse_label_counts(row.text(9), incident.labels); !done) return done.error();
  incident.destination = row.text(10);
  incident.port = static_cast<std::uint16_t>(row.integer(11));
  incident.count = row.count(12);
  incident.first = time_from_micros(row.integer(13));
  incident.last = time_from_micros(row.integer(14));
  incident.raised = time_from_micros(row.integer(15));
  incident.updated = time_from_micros(row.integer(16));
  incident.peak_score = static_cast<float>(row.real(17));
  incident.open = row.integer(18) != 0;
  incident.acknowledged = row.integer(19) != 0;
  incident.feedback = row.text(20);
  incident.comment = row.text(21);
  return incident;
}

namespace {

void bind_or_null(Statement& statement, int index, const std::optional<std::int64_t>& value) {
  if (value) {
    statement.bind(index, *value);
  } else {
    statement.bind_null(index);
  }
}

std::optional<std::int64_t> micros_of(const std::optional<Time>& time) {
  if (!time) return {};
  return micros(*time);
}

}  // namespace

void bind_exclusion(Statement& statement, const Exclusion& one) {
  using Number = std::optional<std::int64_t>;
  statement.bind(1, one.device).bind(3, one.label).bind(4, one.destination);
  bind_or_null(statement, 2, one.kind ? Number{static_cast<std::int64_t>(*one.kind)} : Number{});
  bind_or_null(statement, 5, one.port ? Number{*one.port} : Number{});
  bind_or_null(statement, 6, one.day ? Number{one.day->from.count()} : Number{});
  bind_or_null(statement, 7, one.day ? Number{one.day->to.count()} : Number{});
  bind_or_null(statement, 8, micros_of(one.from));
  bind_or_null(statement, 9, micros_of(one.to));
  statement.bind(10, one.reason).bind(11, one.created_by).bind(12, micros(one.created));
  bind_or_null(statement, 13, micros_of(one.expires));
}

Quarantined read_quarantined(const Statement& row) {
  Quarantined message;
  message.received = time_from_micros(row.integer(0));
  message.place = row.text(1);
  message.code = row.text(2);
  message.reason = row.text(3);
  message.payload = row.text(4);
  message.payload_bytes = row.count(5);
  return message;
}

}  // namespace vedette::sqlite
