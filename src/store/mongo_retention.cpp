/// Upkeep of the MongoDB store, about once a second. Records are dropped in whole spans of arrival,
/// whose counts are known: the stamp is written first, with what is to go and the counts without
/// it, then the records go; a crash in between is made good when the store is opened.
#include <algorithm>

#include "store/mongo_filters.hpp"
#include "store/mongo_rows.hpp"
#include "store/mongo_writer.hpp"

namespace vedette::mongo {

namespace {

constexpr std::uint64_t records_step_min = 5'000;
constexpr std::size_t alerts_closed_step = 500;
constexpr std::uint64_t alerts_kept_max = 100'000;
constexpr std::size_t devices_step = 1'000;
// What lies longer in memory only is counted again after a crash, record by record.
constexpr std::chrono::seconds flush_every{10};
constexpr std::chrono::seconds trim_every{60};
constexpr std::chrono::seconds measure_every{60};

bool is_due(Time last, Time now, std::chrono::seconds every) {
  // Either direction: a clock that was set back must not stop the upkeep.
  return std::chrono::abs(now - last) >= every;
}

}  // namespace

Result<std::uint64_t> bytes_used(const Client& client) {
  Doc command;
  command.set("dbStats", 1).set("freeStorage", 1);
  const Result<Doc> stats = client.ask(command);
  if (!stats) return stats.error();
  const View view = stats->view();
  const std::int64_t free = view.integer("freeStorageSize") + view.integer("indexFreeStorageSize");
  const std::int64_t used = view.integer("storageSize") + view.integer("indexSize") - free;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(used, 1));
}

Status Writer::maintain(Time now, AlarmChanges& changes) {
  const std::scoped_lock lock{mutex_};
  Status done = settle();
  if (done) done = keep_house(now);
  if (!done) return done;
  changes.append(carried_);
  carried_.clear();
  show();
  return {};
}

Status Writer::keep_house(Time now) {
  attempt_ = {};
  attempt_.next = at_;
  if (Status done = drop_leftovers(now); !done) return done;
  tallies_.end_span(now);
  if (!flushed_at_) flushed_at_ = now;
  if (is_due(*flushed_at_, now, flush_every)) {
    if (Status done = tallies_.flush(client_, at_.committed); !done) return done;
    flushed_at_ = now;
    attempt_.next.flushed = at_.committed;
  } else if (Status done = tallies_.flush_spans(client_); !done) {
    return done;
  }
  if (Status done = plan_drops(now, attempt_.next); !done) return done;
  fold_.close_quiet(now, alerts_closed_step);
  const bool drops = attempt_.next.dropped != at_.dropped;
  if (Status done = put_position(); !done) return done;
  if (Status done = write_due_alarms(); !done) return done;
  if (drops) {
    if (Status done = drop_planned(); !done) return done;
  }
  records_since_upkeep_ = 0;
  return trim(now);
}

/// Says in `next` up to which batch records go: all that are too old, then as many as are too much,
/// in a step of at most twice what came in since the last one (and 5,000).
Status Writer::plan_drops(Time now, Position& next) {
  const std::uint64_t step = std::max(records_step_min, 2 * records_since_upkeep_);
  const Time cutoff = now - retention_.age_max;
  const auto too_many = rows_too_many(now);
  if (!too_many) return too_many.error();
  std::uint64_t gone = 0;
  while (gone < step) {
    const auto oldest = tallies_.oldest_span(client_, next.dropped);
    if (!oldest) return oldest.error();
    // Not counted into devices and minutes for good yet.
    if (!*oldest || (*oldest)->last > next.flushed) break;
    if ((*oldest)->to >= cutoff && gone >= *too_many) break;
    next.dropped = (*oldest)->last;
    const Tally& tally = (*oldest)->tally;
    next.flows -= std::min(next.flows, tally.flows);
    next.readings -= std::min(next.readings, tally.readings);
    next.anomalies -= std::min(next.anomalies, tally.anomalies);
    gone += tally.records();
  }
  return {};
}

/// Asking is dear (FerretDB counts every index anew: 0.25 s of 24,000 records), so it is done once
/// a minute, and at once when what came since then may have filled the room.
Result<std::uint64_t> Writer::rows_too_many(Time now) {
  const std::uint64_t rows = at_.flows + at_.readings;
  const std::uint64_t more = rows > measured_.rows ? rows - measured_.rows : 0;
  const std::uint64_t each = measured_.bytes / std::max<std::uint64_t>(measured_.rows, 1);
  const bool has_room = measured_.bytes + more * each <= retention_.bytes_max;
  if (measured_.at && has_room && !is_due(*measured_.at, now, measure_every)) {
    return std::uint64_t{0};
  }
  const auto used = bytes_used(client_);
  if (!used) return used.error();
  measured_ = {now, *used, rows};
  if (*used <= retention_.bytes_max || rows == 0) return std::uint64_t{0};
  // MongoDB's figures move with its checkpoints, once a minute: those that have not moved since the
  // last drop are from before it.
  if (*used == bytes_at_drop_) return std::uint64_t{0};
  bytes_at_drop_ = *used;
  return (*used - retention_.bytes_max) / std::max<std::uint64_t>(*used / rows, 1) + 1;
}

Status Writer::drop_planned() {
  auto gone = client_.erase(collection::verdicts, at_most("batch", at_.dropped));
  if (!gone) return gone.error();
  gone = client_.erase(collection::spans, at_most("last", at_.dropped));
  if (!gone) return gone.error();
  return {};
}

Status Writer::trim(Time now) {
  const auto kept = static_cast<std::uint64_t>(retention_.quarantine_max);
  if (at_.quarantined > kept && quarantine_trimmed_ != at_.quarantined) {
    const auto gone = client_.erase(collection::quarantine, at_most("_id", at_.quarantined - kept));
    if (!gone) return gone.error();
    quarantine_trimmed_ = at_.quarantined;
  }
  if (!is_due(trimmed_at_, now, trim_every)) return {};
  const Time cutoff = now - retention_.age_max;
  if (Status done = tallies_.drop_minutes(client_, cutoff); !done) return done;
  if (Status done = tallies_.drop_lost_devices(client_, cutoff, devices_step); !done) return done;
  const std::pair<const char*, std::uint64_t> next_ids[] = {
      {collection::alerts, at_.alert_next}, {collection::incidents, at_.incident_next}};
  for (const auto& [name, next] : next_ids) {
    if (next <= alerts_kept_max) continue;
    Doc filter = at_most("_id", next - 1 - alerts_kept_max);
    filter.set("open", false);
    if (const auto gone = client_.erase(name, filter); !gone) return gone.error();
  }
  trimmed_at_ = now;
  return {};
}

}  // namespace vedette::mongo
