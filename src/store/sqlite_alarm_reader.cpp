/// Questions about incidents and exclusions, and the rows in order of arrival.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "store/sqlite_reader.hpp"
#include "store/sqlite_rows.hpp"
#include "store/sqlite_schema.hpp"

namespace vedette::sqlite {

namespace {

constexpr std::size_t page_max = 1'000;

std::string where_of(const IncidentQuery& query) {
  std::string sql = " WHERE id < ?1";
  if (!query.device.empty()) {
    sql += " AND id IN (SELECT incident FROM alerts WHERE device = ?2)";
  }
  if (query.nature) sql += " AND nature = ?3";
  if (query.open) sql += *query.open ? " AND open = 1" : " AND open = 0";
  if (query.acknowledged) {
    sql += *query.acknowledged ? " AND acknowledged = 1" : " AND acknowledged = 0";
  }
  sql += query.by_rank ? " ORDER BY rank DESC, id DESC" : " ORDER BY id DESC";
  return sql + " LIMIT ?4";
}

std::optional<Time> time_or_nothing(const Statement& row, int column) {
  if (row.is_null(column)) return {};
  return time_from_micros(row.integer(column));
}

Exclusion read_exclusion(const Statement& row) {
  Exclusion one;
  one.id = row.count(0);
  one.device = row.text(1);
  if (!row.is_null(2)) one.kind = row.integer(2) == 0 ? RecordKind::flow : RecordKind::reading;
  one.label = row.text(3);
  one.destination = row.text(4);
  if (!row.is_null(5)) one.port = static_cast<std::uint16_t>(row.integer(5));
  if (!row.is_null(6)) {
    one.day = DayWindow{std::chrono::minutes{row.integer(6)}, std::chrono::minutes{row.integer(7)}};
  }
  one.from = time_or_nothing(row, 8);
  one.to = time_or_nothing(row, 9);
  one.reason = row.text(10);
  one.created_by = row.text(11);
  one.created = time_from_micros(row.integer(12));
  one.expires = time_or_nothing(row, 13);
  one.hidden = row.count(14);
  return one;
}

/// The id before the first row of a table that was received at `from` or later: rows lie in order
/// of arrival, so that halving finds it.
Result<std::int64_t> id_before(Connection& db, const char* table, std::int64_t from) {
  const auto last = db.integer(fmt::format("SELECT ifnull(max(id), 0) FROM {}", table).c_str());
  if (!last) return last.error();
  const auto probe = db.cached(
      fmt::format("SELECT id, received FROM {} WHERE id > ?1 ORDER BY id LIMIT 1", table));
  if (!probe) return probe.error();
  std::int64_t low = 0;
  std::int64_t high = *last;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    const bool found = (*probe)->bind(1, middle).step();
    if (!found && (*probe)->failed()) return db.error();
    const bool early = found && (*probe)->integer(1) < from;
    const std::int64_t id = found ? (*probe)->integer(0) : 0;
    if (found) (*probe)->reset();
    if (early) {
      low = id;
    } else {
      high = middle;
    }
  }
  return low;
}

/// What a fold asks of a row, from one of the two tables.
std::string select_arrivals(bool flows) {
  return fmt::format(
      "SELECT r.id, {}, d.name, r.ts, r.hash, r.received, r.anomalous, r.score, r.threshold,"
      " r.certainty, l.name, s.name, r.excluded, {} FROM {} r JOIN devices d ON d.id = r.device"
      " JOIN labels l ON l.id = r.label"
      " JOIN labels s ON s.id = CASE r.suspect WHEN 0 THEN r.label ELSE r.suspect END"
      " WHERE r.id > ?1 AND r.id <= ?2 AND r.received >= ?3 AND r.received < ?4"
      " AND (r.anomalous = 1 OR r.score >= ?5 OR r.score >= r.threshold * ?6)",
      flows ? 0 : 1, flows ? "r.resp_h, r.resp_p" : "NULL, 0", flows ? "flows" : "readings");
}

void read_arrival(const Statement& row, Judged& judged) {
  Record& record = judged.record;
  record.kind = row.integer(1) == 0 ? RecordKind::flow : RecordKind::reading;
  record.device = row.text(2);
  record.key = {row.integer(3), hash_from_stored(row.integer(4))};
  record.time = time_from_micros(record.key.time_micros);
  judged.received = time_from_micros(row.integer(5));
  Verdict& verdict = judged.verdict;
  verdict.anomalous = row.integer(6) != 0;
  verdict.score = static_cast<float>(row.real(7));
  verdict.threshold = static_cast<float>(row.real(8));
  verdict.certainty = certainty_from_stored(row.integer(9));
  verdict.label = row.text(10);
  verdict.suspect = row.text(11);
  verdict.excluded = row.count(12);
  record.flow.resp_h = row.text(13);
  record.flow.resp_p = static_cast<std::uint16_t>(row.integer(14));
}

Result<std::int64_t> first_before(Connection& db, const ArrivalQuery& query, std::int64_t from) {
  if (!query.after.empty()) {
    const auto after = parse_integer<std::int64_t>(query.after);
    if (after) return *after;
    return Error{Errc::malformed, fmt::format("cursor {}", vedette::quoted(query.after))};
  }
  const auto flow = id_before(db, "flows", from);
  if (!flow) return flow;
  const auto reading = id_before(db, "readings", from);
  if (!reading) return reading;
  return std::min(*flow, *reading);
}

}  // namespace

Result<Page<Incident>> find_incidents(Connection& db, const IncidentQuery& query) {
  const auto before = query.before.empty() ? std::optional{std::numeric_limits<std::int64_t>::max()}
                                           : parse_integer<std::int64_t>(query.before);
  if (!before)
    return Error{Errc::malformed, fmt::format("cursor {}", vedette::quoted(query.before))};
  const auto statement = db.cached(select_incidents_sql + where_of(query));
  if (!statement) return statement.error();
  Statement& row = **statement;
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, page_max);
  row.bind(1, *before).bind(4, static_cast<std::int64_t>(limit + 1));
  if (!query.device.empty()) row.bind(2, query.device);
  if (query.nature) row.bind(3, static_cast<std::int64_t>(*query.nature));
  Page<Incident> page;
  while (row.step()) {
    Result<Incident> incident = read_incident(row);
    if (!incident) {
      row.reset();
      return incident.error();
    }
    page.items.push_back(std::move(*incident));
  }
  if (row.failed()) return db.error();
  if (page.items.size() > limit) {
    page.items.pop_back();
    if (!query.by_rank) page.next = std::to_string(page.items.back().id);
  }
  return page;
}

Result<std::optional<Incident>> find_incident(Connection& db, std::uint64_t id) {
  const auto statement = db.cached(std::string{select_incidents_sql} + " WHERE id = ?1");
  if (!statement) return statement.error();
  Statement& row = **statement;
  if (!row.bind(1, static_cast<std::int64_t>(id)).step()) {
    if (row.failed()) return db.error();
    return std::optional<Incident>{};
  }
  Result<Incident> incident = read_incident(row);
  row.reset();
  if (!incident) return incident.error();
  return std::optional<Incident>{std::move(*incident)};
}

Result<std::vector<Exclusion>> find_exclusions(Connection& db) {
  const auto statement = db.cached(
      "SELECT id, device, kind, label, destination, port, day_from, day_to, first, last, reason,"
      " created_by, created, expires,"
      " (SELECT count(*) FROM flows WHERE excluded = e.id AND excluded > 0) +"
      " (SELECT count(*) FROM readings WHERE excluded = e.id AND excluded > 0)"
      " FROM exclusions e ORDER BY id DESC");
  if (!statement) return statement.error();
  std::vector<Exclusion> exclusions;
  while ((*statement)->step()) exclusions.push_back(read_exclusion(**statement));
  if ((*statement)->failed()) return db.error();
  return exclusions;
}

Result<std::string> find_arrivals(Connection& db, const ArrivalQuery& query,
                                  const std::function<void(const Judged&)>& take) {
  const std::int64_t from =
      query.from ? micros(*query.from) : std::numeric_limits<std::int64_t>::min();
  const std::int64_t to = query.to ? micros(*query.to) : std::numeric_limits<std::int64_t>::max();
  const auto after = first_before(db, query, from);
  if (!after) return after.error();
  const auto last = db.integer(
      "SELECT max(ifnull((SELECT max(id) FROM flows), 0), ifnull((SELECT max(id) FROM readings), "
      "0))");
  if (!last) return last.error();
  const std::int64_t end = *after + static_cast<std::int64_t>(query.looked_max);
  const auto statement =
      db.cached(select_arrivals(true) + " UNION ALL " + select_arrivals(false) + " ORDER BY 1");
  if (!statement) return statement.error();
  Statement& row = **statement;
  row.bind(1, *after).bind(2, end).bind(3, from).bind(4, to);
  row.bind(5, static_cast<double>(query.score_min)).bind(6, static_cast<double>(query.hold_share));
  Judged judged;
  while (row.step()) {
    read_arrival(row, judged);
    take(judged);
  }
  if (row.failed()) return db.error();
  return end < *last ? std::to_string(end) : std::string{};
}

}  // namespace vedette::sqlite
