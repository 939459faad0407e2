/// Rows of the store back into the nouns of the line: each SELECT list stands beside the function
/// that reads it.
#pragma once

#include <string>

#include "base/result.hpp"
#include "record/verdict.hpp"
#include "store/sqlite_db.hpp"
#include "store/store.hpp"

namespace vedette::sqlite {

/// "SELECT … FROM flows AS r" (or readings); `index` is the one the plan must use.
std::string select_judged(RecordKind kind, const char* index);
/// The same rows by rowid, which comes last, from ?1 on (not included), at most ?2.
std::string select_records(RecordKind kind);
int rowid_column(RecordKind kind);
constexpr const char* judged_joins =
    " JOIN devices d ON d.id = r.device JOIN labels l ON l.id = r.label"
    " JOIN models m ON m.id = r.model JOIN labels t ON t.id = r.truth"
    // Rows of version 1 have no suspect: what they name stands for it.
    " JOIN labels s ON s.id = CASE r.suspect WHEN 0 THEN r.label ELSE r.suspect END";
/// certainty + 4 × the lessons + 256 × the doubt in percent: one number, and rows written before
/// there was doubt have none.
std::int64_t stored_certainty(const Verdict& verdict);
/// The lowest two bits; REQUIRES: a column that read_judged() accepts.
Certainty certainty_from_stored(std::int64_t stored);
/// @return corrupt.
Status read_judged(const Statement& row, RecordKind kind, Judged& judged);

constexpr const char* select_alerts_sql =
    "SELECT id, device, kind, label, count, first, last, raised, updated, peak_score, peak_ts,"
    " peak_hash, why, open, acknowledged, feedback, comment, nature, labels, samples, destination,"
    " port, incident FROM alerts";
/// @return corrupt.
Result<Alert> read_alert(const Statement& row);

constexpr const char* select_incidents_sql =
    "SELECT id, title, nature, rank, joint, devices, device_count, alerts, alert_count, labels,"
    " destination, port, count, first, last, raised, updated, peak_score, open, acknowledged,"
    " feedback, comment FROM incidents";
/// @return corrupt.
Result<Incident> read_incident(const Statement& row);

/// Binds the 13 columns of insert_exclusion_sql, then comes the id.
void bind_exclusion(Statement& statement, const Exclusion& one);
constexpr const char* insert_exclusion_sql =
    "INSERT INTO exclusions (device, kind, label, destination, port, day_from, day_to, first, last,"
    " reason, created_by, created, expires, id) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (id) DO NOTHING";

constexpr const char* select_quarantined_sql =
    "SELECT received, place, code, reason, payload, payload_bytes, id FROM quarantine";
Quarantined read_quarantined(const Statement& row);

}  // namespace vedette::sqlite
