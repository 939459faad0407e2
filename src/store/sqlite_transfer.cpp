/// The SQLite store as one end of a copy, see transfer.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "store/sqlite_reader.hpp"
#include "store/sqlite_rows.hpp"
#include "store/sqlite_writer.hpp"

namespace vedette::sqlite {

namespace {

using RowIds = std::array<std::int64_t, record_kind_count>;  // by table
struct Row {
  std::int64_t id = 0;
  Judged judged;
};

Result<RowIds> rows_of(std::string_view cursor) {
  if (cursor.empty()) return RowIds{0, 0};
  const std::size_t dash = std::min(cursor.find('-'), cursor.size());
  const auto flow = parse_integer<std::int64_t>(cursor.substr(0, dash));
  const auto reading =
      parse_integer<std::int64_t>(cursor.substr(std::min(dash + 1, cursor.size())));
  if (flow && reading) return RowIds{*flow, *reading};
  return Error{Errc::malformed, fmt::format("cursor {}", vedette::quoted(cursor))};
}

Result<std::vector<Row>> rows_after(Connection& db, RecordKind kind, std::int64_t after,
                                    std::size_t limit) {
  const auto statement = db.cached(select_records(kind));
  if (!statement) return statement.error();
  Statement& row = **statement;
  row.bind(1, after).bind(2, static_cast<std::int64_t>(limit));
  std::vector<Row> rows;
  while (row.step()) {
    Row& one = rows.emplace_back();
    one.id = row.integer(rowid_column(kind));
    if (Status done = read_judged(row, kind, one.judged); !done) {
      row.reset();
      return done.error();
    }
  }
  if (row.failed()) return db.error();
  return rows;
}

/// By time received: rows of schema 1 have ids of their own in each table.
bool arrived_before(const Row& a, const Row& b) {
  return std::pair{a.judged.received, a.id} < std::pair{b.judged.received, b.id};
}

}  // namespace

Result<Page<Judged>> find_records(Connection& db, std::string_view after, std::size_t limit) {
  Result<RowIds> last = rows_of(after);
  if (!last) return last.error();
  auto flows = rows_after(db, RecordKind::flow, (*last)[0], limit);
  if (!flows) return flows.error();
  auto readings = rows_after(db, RecordKind::reading, (*last)[1], limit);
  if (!readings) return readings.error();
  Page<Judged> page;
  auto flow = flows->begin();
  auto reading = readings->begin();
  while (page.items.size() < limit && (flow != flows->end() || reading != readings->end())) {
    const bool take_reading =
        flow == flows->end() || (reading != readings->end() && arrived_before(*reading, *flow));
    Row& row = take_reading ? *reading++ : *flow++;
    (*last)[take_reading ? 1 : 0] = row.id;
    page.items.push_back(std::move(row.judged));
  }
  if (page.items.size() == limit) page.next = fmt::format("{}-{}", (*last)[0], (*last)[1]);
  return page;
}

Status Writer::adopt(Batch& batch, const Alarms& alarms) {
  const std::scoped_lock lock{mutex_};
  folds_ = false;
  Status done = begin();
  if (done && !write_batch(batch)) done = db_.error();
  if (done) done = adopt_alarms(alarms);
  if (done) done = finish();
  if (!done) roll_back();
  folds_ = true;
  rows_since_upkeep_ += batch.size();
  checkpoint(wal_pages_max);
  return done;
}

Status Writer::adopt_alarms(const Alarms& alarms) {
  for (const Alert& alert : alarms.alerts) {
    if (Status done = adopt_alert(alert); !done) return done;
  }
  for (const Incident& incident : alarms.incidents) {
    if (Status done = adopt_incident(incident); !done) return done;
  }
  for (const Exclusion& exclusion : alarms.exclusions) {
    if (Status done = adopt_exclusion(exclusion); !done) return done;
  }
  return {};
}

Status Writer::adopt_alert(const Alert& alert) {
  const auto id = static_cast<std::int64_t>(alert.id);
  const auto there = integer_with("SELECT id FROM alerts WHERE id = ?1 AND ?2 = 0", id, 0);
  if (!there) return there.error();
  if (*there == id) return {};
  if (!write_alert(alert)) return db_.error();
  const auto marks =
      db_.cached("UPDATE alerts SET acknowledged = ?2, feedback = ?3, comment = ?4 WHERE id = ?1");
  if (!marks) return marks.error();
  (*marks)->bind(1, id).bind(2, std::int64_t{alert.acknowledged});
  if (!(*marks)->bind(3, alert.feedback).bind(4, alert.comment).run()) return db_.error();
  return {};
}

Status Writer::adopt_incident(const Incident& incident) {
  const auto id = static_cast<std::int64_t>(incident.id);
  const auto there = integer_with("SELECT id FROM incidents WHERE id = ?1 AND ?2 = 0", id, 0);
  if (!there) return there.error();
  if (*there == id || write_incident(incident)) return {};
  return db_.error();
}

Status Writer::adopt_exclusion(const Exclusion& exclusion) {
  const auto statement = db_.cached(insert_exclusion_sql);
  if (!statement) return statement.error();
  bind_exclusion(**statement, exclusion);
  if ((*statement)->bind(14, static_cast<std::int64_t>(exclusion.id)).run()) return {};
  return db_.error();
}

}  // namespace vedette::sqlite
