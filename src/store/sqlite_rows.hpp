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
std::string select_arrivals(RecordKind kind);
int rowid_column(RecordKind kind);
constexpr const char* judged_joins =
    " JOIN devices d ON d.id = r.device JOIN labels l ON l.id = r.label"
    " JOIN models m ON m.id = r.model JOIN labels t ON t.id = r.truth";
/// @return corrupt.
Status read_judged(const Statement& row, RecordKind kind, Judged& judged);

constexpr const char* select_alerts_sql =
    "SELECT id, device, kind, label, count, first, last, raised, updated, peak_score, peak_ts,"
    " peak_hash, reasons, open, acknowledged, feedback, comment FROM alerts";
/// @return corrupt.
Result<Alert> read_alert(const Statement& row);

constexpr const char* select_quarantined_sql =
    "SELECT received, place, code, reason, payload, payload_bytes, id FROM quarantine";
Quarantined read_quarantined(const Statement& row);

}  // namespace vedette::sqlite
