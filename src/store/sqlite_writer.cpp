#include "store/sqlite_writer.hpp"

#include <fmt/format.h>

#include <utility>

#include "store/row_json.hpp"
#include "store/sqlite_rows.hpp"
#include "store/sqlite_schema.hpp"

namespace vedette::sqlite {

namespace {

constexpr const char* insert_flow_sql =
    "INSERT INTO flows (ts, hash, device, received, anomalous, label, score, threshold, certainty,"
    " model, truth, why, id, suspect, excluded, uid, orig_h, orig_p, resp_h, resp_p, proto, "
    "conn_state, service,"
    " history, duration, orig_bytes, resp_bytes, missed_bytes, orig_pkts, orig_ip_bytes, resp_pkts,"
    " resp_ip_bytes) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
    "?) ON CONFLICT (ts, hash) DO NOTHING";
constexpr const char* insert_reading_sql =
    "INSERT INTO readings (ts, hash, device, received, anomalous, label, score, threshold,"
    " certainty, model, truth, why, id, suspect, excluded, sensors)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (ts, hash) DO NOTHING";
constexpr const char* insert_quarantined_sql =
    "INSERT INTO quarantine (received, place, code, reason, payload, payload_bytes)"
    " VALUES (?,?,?,?,?,?)";
constexpr const char* upsert_minute_sql =
    "INSERT INTO minutes VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
    " flows = flows + ?2, readings = readings + ?3, anomalies = anomalies + ?4,"
    " score_max = max(score_max, ?5)";

int remember_wal_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

Result<std::unique_ptr<Writer>> Writer::open(const std::filesystem::path& path,
                                             const Retention& retention) {
  Result<Connection> db = open_writer(path);
  if (!db) return db.error();
  std::unique_ptr<Writer> writer{new Writer{std::move(*db), retention}};
  if (Status done = writer->prepare(); !done) return done.error();
  if (Status done = writer->load_alarms(); !done) return done.error();
  sqlite3_wal_hook(writer->db_.handle(), remember_wal_pages, &writer->wal_pages_);
  return writer;
}

Status Writer::prepare() {
  const std::pair<Statement*, const char*> all[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&insert_flow_, insert_flow_sql},
      {&insert_reading_, insert_reading_sql},
      {&insert_quarantined_, insert_quarantined_sql},
      {&upsert_minute_, upsert_minute_sql},
      {&update_total_, "UPDATE totals SET value = value + ?2 WHERE name = ?1"}};
  for (const auto& [statement, sql] : all) {
    if (Status done = prepare_into(*statement, db_, sql); !done) return done;
  }
  if (Status done = prepare_alarms(); !done) return done;
  if (Status done = labels_.prepare(db_, "labels"); !done) return done;
  if (Status done = models_.prepare(db_, "models"); !done) return done;
  return devices_.prepare(db_);
}

Status Writer::begin() {
  devices_.trim();
  if (!begin_.run()) return db_.error();
  return {};
}

Status Writer::finish() {
  if (!commit_.run()) return db_.error();
  return {};
}

void Writer::roll_back() {
  // After a full disk SQLite has often rolled back by itself.
  if (db_.in_transaction()) static_cast<void>(db_.run("ROLLBACK"));
  fold_.undo();
  devices_.forget();
  labels_.forget();
  models_.forget();
  fleet_minute_ = {};
  fleet_total_ = {};
  quarantined_ = 0;
}

Status Writer::commit(Batch& batch) {
  const std::scoped_lock lock{mutex_};
  Status done = begin();
  if (done && !write_batch(batch)) done = db_.error();
  if (done) done = finish();
  if (!done) {
    roll_back();
    for (Judged& judged : batch) judged.is_new = true;
    return done;
  }
  batch.alarms.append(fold_.changes());
  fold_.keep();
  rows_since_upkeep_ += batch.size();
  checkpoint(wal_pages_max);
  return {};
}

bool Writer::write_batch(Batch& batch) {
  for (Judged& judged : batch) {
    if (!write_record(judged)) return false;
  }
  return devices_.flush() && write_fleet_minute() && write_quarantined(batch.quarantined) &&
         write_alerts() && write_incidents() && write_totals();
}

bool Writer::write_record(Judged& judged) {
  const Record& record = judged.record;
  const Verdict& verdict = judged.verdict;
  Device* device = devices_.find(record.device, judged.received);
  if (device == nullptr) return false;
  const bool is_flow = record.kind == RecordKind::flow;
  if (!(is_flow ? write_flow(judged, device->id) : write_reading(judged, device->id))) return false;
  judged.is_new = db_.changes() == 1;
  if (!judged.is_new) return true;
  ++next_row_;
  if (folds_) fold_.add(judged, judged.received);
  return count_fleet(judged) &&
         devices_.count(*device, judged.received, is_flow, verdict.anomalous, verdict.score);
}

bool Writer::bind_verdict(Statement& insert, const Judged& judged, std::int64_t device) {
  const Verdict& verdict = judged.verdict;
  const std::int64_t label = labels_.id_of(verdict.label);
  const std::int64_t truth = labels_.id_of(judged.truth.label);
  const std::int64_t model = models_.id_of(verdict.model);
  const std::int64_t suspect = labels_.id_of(verdict.suspect);
  if (label < 0 || truth < 0 || model < 0 || suspect < 0) return false;
  text_.clear();
  append_explanation_json(text_, verdict.why);
  insert.bind(1, judged.record.key.time_micros)
      .bind(2, stored_hash(judged.record.key.hash))
      .bind(3, device)
      .bind(4, micros(judged.received))
      .bind(5, std::int64_t{verdict.anomalous})
      .bind(6, label)
      .bind(7, static_cast<double>(verdict.score))
      .bind(8, static_cast<double>(verdict.threshold))
      .bind(9, stored_certainty(verdict))
      .bind(10, model)
      .bind(11, truth)
      .bind_or_null(12, text_)
      .bind(13, next_row_)
      .bind(14, suspect)
      .bind(15, static_cast<std::int64_t>(verdict.excluded));
  return true;
}

bool Writer::write_flow(const Judged& judged, std::int64_t device) {
  if (!bind_verdict(insert_flow_, judged, device)) return false;
  const Flow& flow = judged.record.flow;
  return insert_flow_.bind_or_null(16, flow.uid)
      .bind_or_null(17, flow.orig_h)
      .bind(18, std::int64_t{flow.orig_p})
      .bind_or_null(19, flow.resp_h)
      .bind(20, std::int64_t{flow.resp_p})
      .bind_or_null(21, name_of(flow.proto))
      .bind_or_null(22, name_of(flow.conn_state))
      .bind_or_null(23, flow.service)
      .bind_or_null(24, flow.history)
      .bind(25, flow.duration)
      .bind(26, flow.orig_bytes)
      .bind(27, flow.resp_bytes)
      .bind(28, flow.missed_bytes)
      .bind(29, flow.orig_pkts)
      .bind(30, flow.orig_ip_bytes)
      .bind(31, flow.resp_pkts)
      .bind(32, flow.resp_ip_bytes)
      .run();
}

bool Writer::write_reading(const Judged& judged, std::int64_t device) {
  if (!bind_verdict(insert_reading_, judged, device)) return false;
  sensors_.clear();
  append_reading_json(sensors_, judged.record.reading);
  return insert_reading_.bind(16, sensors_).run();
}

bool Writer::count_fleet(const Judged& judged) {
  const std::int64_t minute = minute_of(judged.received);
  if (minute != fleet_minute_.minute) {
    if (!write_fleet_minute()) return false;
    fleet_minute_.minute = minute;
  }
  const bool is_flow = judged.record.kind == RecordKind::flow;
  fleet_minute_.tally.add(is_flow, judged.verdict.anomalous, judged.verdict.score);
  fleet_total_.add(is_flow, judged.verdict.anomalous, judged.verdict.score);
  return true;
}

bool Writer::write_fleet_minute() {
  const Tally tally = std::exchange(fleet_minute_.tally, {});
  if (tally.records() == 0) return true;
  return upsert_minute_.bind(1, fleet_minute_.minute)
      .bind(2, static_cast<std::int64_t>(tally.flows))
      .bind(3, static_cast<std::int64_t>(tally.readings))
      .bind(4, static_cast<std::int64_t>(tally.anomalies))
      .bind(5, static_cast<double>(tally.score_max))
      .run();
}

bool Writer::write_quarantined(const std::vector<Quarantined>& messages) {
  for (const Quarantined& message : messages) {
    const std::string_view payload =
        std::string_view{message.payload}.substr(0, Quarantined::payload_kept_bytes_max);
    const bool done = insert_quarantined_.bind(1, micros(message.received))
                          .bind(2, message.place)
                          .bind(3, message.code)
                          .bind(4, message.reason)
                          .bind_blob(5, payload)
                          .bind(6, static_cast<std::int64_t>(message.payload_bytes))
                          .run();
    if (!done) return false;
  }
  quarantined_ += static_cast<std::int64_t>(messages.size());
  return messages.empty() || trim_quarantine().ok();
}

bool Writer::write_totals() {
  const Tally tally = std::exchange(fleet_total_, {});
  const std::pair<std::string_view, std::int64_t> all[] = {
      {"flows", static_cast<std::int64_t>(tally.flows)},
      {"readings", static_cast<std::int64_t>(tally.readings)},
      {"anomalies", static_cast<std::int64_t>(tally.anomalies)},
      {"quarantined", std::exchange(quarantined_, 0)}};
  for (const auto& [name, count] : all) {
    if (count != 0 && !update_total_.bind(1, name).bind(2, count).run()) return false;
  }
  return true;
}

}  // namespace vedette::sqlite
