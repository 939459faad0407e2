#include "store/sqlite_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "store/row_json.hpp"
#include "store/sqlite_schema.hpp"

namespace vedette::sqlite {

namespace {

constexpr std::string_view common_columns =
    "r.ts, r.hash, r.received, r.anomalous, r.score, r.threshold, r.certainty, r.reasons, d.name, "
    "l.name, m.name, t.name";
constexpr int first_own_column = 12;
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

}  // namespace

std::string select_judged(RecordKind kind, const char* index) {
  const bool is_flow = kind == RecordKind::flow;
  return fmt::format("SELECT {}, {} FROM {} AS r INDEXED BY {}_{}", common_columns,
                     is_flow ? flow_columns : "r.sensors", is_flow ? "flows" : "readings",
                     is_flow ? "flows" : "readings", index);
}

std::string select_arrivals(RecordKind kind) {
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
  const std::int64_t certainty = row.integer(6);
  if (certainty < 0 || certainty > static_cast<std::int64_t>(Certainty::no_model)) {
    return damaged("certainty", record.key);
  }
  verdict.certainty = static_cast<Certainty>(certainty);
  if (Status done = parse_explanation_json(row.text(7), verdict.why); !done) return done;
  record.device = row.text(8);
  verdict.label = row.text(9);
  verdict.model = row.text(10);
  judged.truth.label = row.text(11);
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
  return alert;
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
