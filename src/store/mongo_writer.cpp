#include "store/mongo_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/log.hpp"
#include "store/mongo_filters.hpp"
#include "store/mongo_rows.hpp"

namespace vedette::mongo {

namespace {

std::size_t hash_of(const std::vector<Quarantined>& messages) {
  std::size_t hash = messages.size();  // 0 for none
  for (const Quarantined& message : messages) {
    for (const std::string* text : {&message.place, &message.reason, &message.payload}) {
      hash = hash * 31 + std::hash<std::string>{}(*text);
    }
    hash = hash * 31 + static_cast<std::size_t>(micros(message.received));
  }
  return hash;
}

Counted counted_of(const Judged& judged) {
  return {judged.record.key,        judged.record.device,
          judged.received,          judged.record.kind == RecordKind::flow,
          judged.verdict.anomalous, judged.verdict.score};
}

}  // namespace

Writer::Writer(Client& client, const Retention& retention, Opened opened)
    : client_(client),
      retention_(retention),
      owner_(std::move(opened.owner)),
      at_(opened.position),
      fold_(retention.alarms) {}

Result<std::unique_ptr<Writer>> Writer::open(Client& client, const Retention& retention) {
  Result<Opened> opened = open_database(client, retention);
  if (!opened) return opened.error();
  std::unique_ptr<Writer> writer{new Writer{client, retention, *opened}};
  Status done = opened->clean ? Status{} : writer->recover(*opened);
  if (done) done = writer->tallies_.load(client);
  if (done && !opened->clean) done = writer->recount();
  if (done) done = writer->load_alarms();
  if (!done) return done.error();
  writer->last_number_ = writer->at_.committed;
  writer->ready_ = true;
  writer->show();
  return writer;
}

Writer::~Writer() {
  // What fails here is done by the next owner: nothing depends on a clean end.
  const std::scoped_lock lock{mutex_};
  const bool clean =
      ready_ && settle().ok() && tallies_.flush(client_, at_.committed).ok() && tried_.empty();
  if (clean) at_.flushed = at_.committed;
  Change change;
  change.filter = stamp_filter();
  change.filter.set("owner", owner_).set("seq", at_.seq);
  ++at_.seq;
  Doc fields = position_fields(at_);
  fields.set("owner", "").set("clean", clean);
  change.update.set("$set", fields);
  if (const auto done = client_.update(collection::stamp, change); !done) {
    log::warn("{}", done.error().message);
  }
}

Status Writer::commit(Batch& batch, Time now) {
  const std::scoped_lock lock{mutex_};
  return commit_locked(batch, now);
}

Status Writer::commit_locked(Batch& batch, Time now) {
  if (!flushed_at_) flushed_at_ = now;
  seen_.clear();
  Status done = settle();
  for (std::size_t first = 0; done;) {
    const std::size_t last = std::min(batch.size(), first + slice_records_);
    done = commit_slice(batch, first, last);
    first = last;
    if (first == batch.size()) break;
  }
  if (!done) {
    slice_records_ = std::max(slice_records_min, slice_records_ / 2);
    tried_at_ = now;
    for (Judged& judged : batch) judged.is_new = true;
    return done;
  }
  slice_records_ = slice_records_max;
  unreported_.clear();
  quarantine_done_ = 0;
  batch.alarms.append(carried_);
  carried_.clear();
  records_since_upkeep_ += batch.size();
  show();
  return {};
}

Status Writer::commit_slice(Batch& batch, std::size_t first, std::size_t last) {
  attempt_ = {};
  attempt_.next = at_;
  attempt_.next.committed = ++last_number_;
  // From now on until it is committed, or has left nothing behind.
  tried_.insert(last_number_);
  if (Status done = insert_records(batch, first, last); !done) return done;
  if (Status done = tallies_.fetch(client_, attempt_.counted); !done) return done;
  const std::size_t hash = first == 0 ? hash_of(batch.quarantined) : 0;
  if (hash != 0 && hash != quarantine_done_) {
    if (Status done = insert_quarantined(batch); !done) return done;
    attempt_.quarantine = hash;
  }
  if (attempt_.counted.empty() && attempt_.quarantine == 0) {
    tried_.erase(last_number_);
    return {};
  }
  for (const Counted& counted : attempt_.counted) {
    (counted.is_flow ? attempt_.next.flows : attempt_.next.readings) += 1;
    attempt_.next.anomalies += counted.anomalous ? 1 : 0;
  }
  for (std::size_t i = first; i < last && folds_; ++i) {
    const bool is_counted = batch[i].is_new && !unreported_.contains(batch[i].record.key);
    if (is_counted) fold_.add(batch[i], batch[i].received);
  }
  if (Status done = put_position(); !done) return done;
  return write_due_alarms();
}

/// Inserts what is not there yet, and says of each record whether it is new.
Status Writer::insert_records(Batch& batch, std::size_t first, std::size_t last) {
  if (Status done = erase_leftovers(); !done) return done;
  std::vector<Doc> documents;
  std::vector<Judged*> sent;
  for (std::size_t i = first; i < last; ++i) {
    Judged& judged = batch[i];
    judged.is_new = seen_.insert(judged.record.key).second;
    if (!judged.is_new || unreported_.contains(judged.record.key)) continue;
    documents.push_back(judged_document(judged, {last_number_, i}));
    sent.push_back(&judged);
  }
  const auto there = client_.insert(collection::verdicts, documents);
  if (!there) return there.error();
  for (const std::size_t index : *there) sent[index]->is_new = false;
  // Without a failure before, what is there is a redelivery.
  if (tried_.size() > 1 && !there->empty()) {
    if (Status done = check_leftovers(); !done) return done;
  }
  for (const Judged* judged : sent) {
    if (judged->is_new) attempt_.counted.push_back(counted_of(*judged));
  }
  return {};
}

Doc Writer::of_failed_tries() const {
  std::vector<std::int64_t> numbers;
  for (const std::uint64_t number : tried_) {
    if (number != attempt_.next.committed) numbers.push_back(static_cast<std::int64_t>(number));
  }
  Doc in;
  in.set_array("$in", numbers);
  Doc filter;
  filter.set("batch", in);
  return filter;
}

/// What tries left that failed goes: it was acknowledged to nobody, and comes again. A number is
/// never used twice, so that this write, too, may come late.
Status Writer::erase_leftovers() {
  if (tried_.size() <= 1 || *std::prev(tried_.end(), 2) <= erased_to_) return {};
  const auto gone = client_.erase(collection::verdicts, of_failed_tries());
  if (!gone) return gone.error();
  erased_to_ = *std::prev(tried_.end(), 2);
  return {};
}

/// Records were there before ours. Were they written by a try that failed, after its leftovers had
/// been erased?
Status Writer::check_leftovers() {
  Doc options;
  options.set("limit", 1);
  bool late = false;
  Status done =
      client_.find(collection::verdicts, of_failed_tries(), options, [&late](const View&) {
        late = true;
        return Status{};
      });
  if (!done || !late) return done;
  erased_to_ = 0;  // once more
  return Error{Errc::unavailable,
               fmt::format("{}: records of a write given up came late", client_.label())};
}

/// Numbers whose records were erased long enough ago are forgotten: no write can be on its way.
Status Writer::drop_leftovers(Time now) {
  constexpr std::chrono::seconds late_max{60};
  if (tried_.empty() || std::chrono::abs(now - tried_at_) < late_max) return {};
  const auto gone = client_.erase(collection::verdicts, of_failed_tries());
  if (!gone) return gone.error();
  tried_.clear();
  return {};
}

Status Writer::insert_quarantined(const Batch& batch) {
  std::vector<Doc> documents;
  std::uint64_t id = at_.quarantined;
  for (const Quarantined& message : batch.quarantined) {
    documents.push_back(quarantined_document(message, ++id));
  }
  attempt_.next.quarantined = id;
  const auto there = client_.insert(collection::quarantine, documents);
  if (!there) return there.error();
  // Left by a try that failed, maybe of another batch.
  std::vector<Change> again;
  for (const std::size_t index : *there) {
    Change& change = again.emplace_back();
    change.filter.set("_id", at_.quarantined + 1 + index);
    change.update.set("$set", documents[index]);
  }
  return client_.upsert(collection::quarantine, again);
}

/// The moment a batch is committed: one write of one document. After a failure nobody knows whether
/// it was done, until settle() has looked.
Status Writer::put_position() {
  const AlarmChanges& changes = fold_.changes();
  Position& next = attempt_.next;
  for (const AlertChange& change : changes.alerts) {
    next.alert_next = std::max(next.alert_next, change.alert.id + 1);
  }
  for (const IncidentChange& change : changes.incidents) {
    next.incident_next = std::max(next.incident_next, change.incident.id + 1);
  }
  next.seq = at_.seq + 1;
  const Doc fields = stamp_fields();
  if (fields.bytes() > stamp_bytes_max) {
    abandon();
    return Error{Errc::too_large,
                 fmt::format("{}: {} alerts and {} incidents changed at once", client_.label(),
                             changes.alerts.size(), changes.incidents.size())};
  }
  return put_stamp(fields);
}

/// What the stamp says after this write.
Doc Writer::stamp_fields() {
  Doc fields = position_fields(attempt_.next);
  std::vector<std::int64_t> tried;
  for (const std::uint64_t number : tried_) {
    if (number != attempt_.next.committed) tried.push_back(static_cast<std::int64_t>(number));
  }
  fields.set_array("tried", tried);
  const AlarmChanges& changes = fold_.changes();
  if (changes.alerts.empty() && changes.incidents.empty() && !pending_written_) return fields;
  std::vector<Doc> alerts;
  for (const AlertChange& change : changes.alerts) alerts.push_back(alert_document(change.alert));
  std::vector<Doc> incidents;
  for (const IncidentChange& change : changes.incidents) {
    incidents.push_back(incident_document(change.incident));
  }
  fields.set_array("pending", alerts).set_array("pending_incidents", incidents);
  return fields;
}

Status Writer::put_stamp(const Doc& fields) {
  Doc alive;
  alive.set("alive", true);
  Change change;
  change.filter = stamp_filter();
  change.filter.set("owner", owner_).set("seq", at_.seq);
  change.update.set("$set", fields).set("$currentDate", alive);
  unsure_ = true;
  const auto matched = client_.update(collection::stamp, change);
  if (!matched) return matched.error();
  if (*matched == 1) {
    unsure_ = false;
    finish();
    return {};
  }
  const std::uint64_t seq = attempt_.next.seq;
  if (Status done = settle(); !done) return done;
  if (at_.seq == seq) return {};
  return Error{Errc::unavailable, fmt::format("{}: its stamp was not written", client_.label())};
}

/// Brings to an end what the last call left open. Nothing else is written before that.
Status Writer::settle() {
  if (unsure_) {
    if (Status done = look_at_stamp(); !done) return done;
    unsure_ = false;
  }
  return write_due_alarms();
}

/// Was the attempt's stamp written? If not, a fence sees to it that it never will be: the write
/// that was given up names a `seq` that is gone then.
Status Writer::look_at_stamp() {
  Position fenced = at_;
  fenced.seq = at_.seq + 2;  // an attempt has the one in between
  for (;;) {
    std::string owner;
    Position found;
    Status done = client_.find(collection::stamp, stamp_filter(), {}, [&](const View& stamp) {
      owner = stamp.text("owner");
      found = read_position(stamp);
      return Status{};
    });
    if (!done) return done;
    if (owner != owner_) {
      return Error{Errc::busy,
                   fmt::format("{}: another vedette has taken it over", client_.label())};
    }
    if (found == attempt_.next) {
      finish();
      return {};
    }
    if (found == fenced) {
      at_ = fenced;
      abandon();
      return {};
    }
    if (found.seq != at_.seq) {
      return Error{Errc::io, fmt::format("{}: its stamp was changed by somebody else; start "
                                         "vedette again",
                                         client_.label())};
    }
    Change fence;
    fence.filter = stamp_filter();
    fence.filter.set("owner", owner_).set("seq", at_.seq);
    Doc fields;
    fields.set("seq", fenced.seq);
    fence.update.set("$set", fields);
    if (const auto matched = client_.update(collection::stamp, fence); !matched) {
      return matched.error();
    }
  }
}

void Writer::finish() {
  at_ = attempt_.next;
  tried_.erase(at_.committed);
  if (attempt_.quarantine != 0) quarantine_done_ = attempt_.quarantine;
  for (const Counted& counted : attempt_.counted) {
    tallies_.count(counted, at_.committed);
    unreported_.insert(counted.key);
  }
  const AlarmChanges& changes = fold_.changes();
  pending_written_ = !changes.alerts.empty() || !changes.incidents.empty();
  carried_.append(changes);
  for (const AlertChange& change : changes.alerts) due_.alerts.push_back(change.alert);
  for (const IncidentChange& change : changes.incidents) {
    due_.incidents.push_back(change.incident);
  }
  fold_.keep();
  attempt_.counted.clear();
}

void Writer::abandon() {
  fold_.undo();
  attempt_.counted.clear();
}

void Writer::show() {
  const std::scoped_lock lock{shown_mutex_};
  shown_ = at_;
  shown_tried_.assign(tried_.begin(), tried_.end());
}

Visible Writer::visible() const {
  const std::scoped_lock lock{shown_mutex_};
  return {shown_.committed, shown_tried_};
}

Position Writer::shown() const {
  const std::scoped_lock lock{shown_mutex_};
  return shown_;
}

}  // namespace vedette::mongo
