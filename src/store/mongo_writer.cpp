#include "store/mongo_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/log.hpp"
#include "store/mongo_rows.hpp"

namespace vedette::mongo {

namespace {

/// The alerts of a slice travel in the stamp, a document of at most 16 MiB; one alert with its
/// explanation is below 5 KiB.
constexpr std::size_t slice_records_max = 2'000;

Doc above(std::string_view field, std::uint64_t value) {
  Doc filter;
  Doc bound;
  bound.set("$gt", value);
  filter.set(field, bound);
  return filter;
}

Doc at_most(std::string_view field, std::uint64_t value) {
  Doc filter;
  Doc bound;
  bound.set("$lte", value);
  filter.set(field, bound);
  return filter;
}

Change alert_change(const Alert& alert) {
  Change change;
  change.filter.set("_id", alert.id);
  Doc marks;
  marks.set("acknowledged", alert.acknowledged)
      .set("feedback", alert.feedback)
      .set("comment", alert.comment);
  Doc fields = alert_document(alert);
  change.update.set("$set", fields).set("$setOnInsert", marks);
  return change;
}

std::size_t hash_of(const std::vector<Quarantined>& messages) {
  std::size_t hash = messages.size();
  for (const Quarantined& message : messages) {
    for (const std::string* text : {&message.place, &message.reason, &message.payload}) {
      hash = hash * 31 + std::hash<std::string>{}(*text);
    }
    hash = hash * 31 + static_cast<std::size_t>(micros(message.received));
  }
  return hash;
}

Counted counted_of(const Judged& judged) {
  return {judged.record.device, judged.received, judged.record.kind == RecordKind::flow,
          judged.verdict.anomalous, judged.verdict.score};
}

}  // namespace

Writer::Writer(Client& client, const Retention& retention, Opened opened)
    : client_(client),
      retention_(retention),
      owner_(std::move(opened.owner)),
      at_(opened.position),
      fold_(retention.alert_quiet) {}

Result<std::unique_ptr<Writer>> Writer::open(Client& client, const Retention& retention) {
  Result<Opened> opened = open_database(client, retention);
  if (!opened) return opened.error();
  std::unique_ptr<Writer> writer{new Writer{client, retention, *opened}};
  Status done = opened->clean ? Status{} : writer->recover(*opened);
  if (done) done = writer->tallies_.load(client);
  if (done && !opened->clean) done = writer->recount();
  if (done) done = writer->load_alerts();
  if (!done) return done.error();
  writer->reported_ = writer->at_.committed;
  writer->ready_ = true;
  writer->show();
  return writer;
}

Writer::~Writer() {
  // What fails here is done by the next owner: nothing depends on a clean end.
  const std::scoped_lock lock{mutex_};
  const bool clean =
      ready_ && settle().ok() && tallies_.flush(client_, at_.committed).ok() && !leftovers_;
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

/// Records and quarantined messages of a batch that was not committed were acknowledged to nobody:
/// they go, and come again. Alerts of the last commit are written, once more or for the first time.
Status Writer::recover(const Opened& opened) {
  const std::pair<const char*, Doc> half_done[] = {
      {collection::verdicts, above("batch", at_.committed)},
      {collection::quarantine, above("_id", at_.quarantined)},
      {collection::verdicts, at_most("batch", at_.dropped)},
      {collection::spans, at_most("last", at_.dropped)}};
  for (const auto& [name, filter] : half_done) {
    if (const auto gone = client_.erase(name, filter); !gone) return gone.error();
  }
  due_ = opened.pending;
  pending_written_ = !due_.empty();
  return write_due_alerts();
}

/// Counts what was committed since the tallies were written.
Status Writer::recount() {
  std::vector<std::pair<std::uint64_t, Counted>> records;
  Doc filter = above("batch", at_.flushed);
  Doc options;
  Doc sort;
  Doc fields;
  sort.set("batch", 1);
  for (const char* name : {"batch", "device", "kind", "received_us", "anomalous", "score"}) {
    fields.set(name, 1);
  }
  options.set("sort", sort).set("projection", fields);
  Status done = client_.find(collection::verdicts, filter, options, [&](const View& document) {
    records.emplace_back(document.count("batch"),
                         Counted{std::string{document.text("device")}, document.time("received"),
                                 document.text("kind") == name_of(RecordKind::flow),
                                 document.boolean("anomalous"), document.real32("score")});
    return Status{};
  });
  if (!done) return done;
  std::vector<Counted> counted;
  for (const auto& [batch, record] : records) counted.push_back(record);
  if (done = tallies_.fetch(client_, counted); !done) return done;
  for (const auto& [batch, record] : records) tallies_.count(record, batch);
  return {};
}

Status Writer::load_alerts() {
  Doc filter;
  filter.set("open", true);
  std::vector<Alert> open;
  Status done = client_.find(collection::alerts, filter, {}, [&open](const View& document) {
    Result<Alert> alert = read_alert(document);
    if (!alert) return Status{alert.error()};
    open.push_back(std::move(*alert));
    return Status{};
  });
  if (!done) return done;
  std::sort(open.begin(), open.end(), [](const Alert& a, const Alert& b) {
    return std::pair{a.updated, a.id} < std::pair{b.updated, b.id};
  });
  for (Alert& alert : open) fold_.restore(std::move(alert));
  fold_.start_at(at_.alert_next);
  return {};
}

Status Writer::commit(Batch& batch, Time now) {
  const std::scoped_lock lock{mutex_};
  seen_.clear();
  Status done = settle();
  std::size_t first = 0;
  while (done) {
    const std::size_t last = std::min(batch.size(), first + slice_records_max);
    done = commit_slice(batch, first, last, now);
    first = last;
    if (first == batch.size()) break;
  }
  if (!done) {
    leftovers_ = true;
    for (Judged& judged : batch) judged.is_new = true;
    return done;
  }
  leftovers_ = false;
  reported_ = at_.committed;
  quarantine_done_ = 0;
  batch.alerts.insert(batch.alerts.end(), carried_.begin(), carried_.end());
  carried_.clear();
  records_since_upkeep_ += batch.size();
  show();
  return {};
}

Status Writer::commit_slice(Batch& batch, std::size_t first, std::size_t last, Time now) {
  attempt_.next = at_;
  attempt_.counted.clear();
  attempt_.with_quarantine = false;
  const std::uint64_t number = ++attempt_.next.committed;
  if (Status done = insert_records(batch, first, last, number); !done) return done;
  if (Status done = tallies_.fetch(client_, attempt_.counted); !done) return done;
  if (first == 0 && !batch.quarantined.empty() && hash_of(batch.quarantined) != quarantine_done_) {
    if (Status done = insert_quarantined(batch); !done) return done;
    attempt_.with_quarantine = true;
  }
  if (attempt_.counted.empty() && !attempt_.with_quarantine) return {};
  for (const Counted& counted : attempt_.counted) {
    (counted.is_flow ? attempt_.next.flows : attempt_.next.readings) += 1;
    attempt_.next.anomalies += counted.anomalous ? 1 : 0;
  }
  for (std::size_t i = first; i < last; ++i) {
    if (counts_[i - first] && batch[i].verdict.anomalous) fold_.add(batch[i], now);
  }
  if (Status done = put_position(); !done) return done;
  if (attempt_.with_quarantine) quarantine_done_ = hash_of(batch.quarantined);
  return write_due_alerts();
}

/// Inserts what is not there yet; says of each record whether it is new, and counts it unless an
/// earlier try of the same batch did.
Status Writer::insert_records(Batch& batch, std::size_t first, std::size_t last,
                              std::uint64_t number) {
  std::vector<Doc> documents;
  std::vector<std::size_t> sent;
  counts_.assign(last - first, false);
  for (std::size_t i = first; i < last; ++i) {
    batch[i].is_new = seen_.insert(batch[i].record.key).second;
    if (!batch[i].is_new) continue;
    documents.push_back(judged_document(batch[i], number));
    sent.push_back(i);
    counts_[i - first] = true;
  }
  const auto there = client_.insert(collection::verdicts, documents);
  if (!there) return there.error();
  for (const std::size_t index : *there) {
    batch[sent[index]].is_new = false;
    counts_[sent[index] - first] = false;
  }
  if (leftovers_ && !there->empty()) {
    std::vector<std::string> ids;
    for (const std::size_t index : *there) ids.push_back(id_of(batch[sent[index]].record.key));
    std::unordered_map<std::string, std::uint64_t> batches;
    Status done = batches_of(ids, batches);
    if (!done) return done;
    for (const std::size_t index : *there) {
      const std::size_t i = sent[index];
      const std::uint64_t found = batches[id_of(batch[i].record.key)];
      batch[i].is_new = found > reported_;
      counts_[i - first] = found > at_.committed;
    }
  }
  for (std::size_t i = first; i < last; ++i) {
    if (counts_[i - first]) attempt_.counted.push_back(counted_of(batch[i]));
  }
  return {};
}

Status Writer::batches_of(const std::vector<std::string>& ids,
                          std::unordered_map<std::string, std::uint64_t>& batches) {
  Doc filter;
  Doc in;
  in.set_array("$in", ids);
  filter.set("_id", in);
  Doc options;
  Doc fields;
  fields.set("batch", 1);
  options.set("projection", fields);
  return client_.find(collection::verdicts, filter, options, [&batches](const View& document) {
    batches[std::string{document.text("_id")}] = document.count("batch");
    return Status{};
  });
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
  for (const AlertChange& change : fold_.changes()) {
    attempt_.next.alert_next = std::max(attempt_.next.alert_next, change.alert.id + 1);
  }
  attempt_.next.seq = at_.seq + 1;
  Doc fields = position_fields(attempt_.next);
  std::vector<Doc> pending;
  for (const AlertChange& change : fold_.changes()) pending.push_back(alert_document(change.alert));
  if (!pending.empty() || pending_written_) fields.set_array("pending", pending);
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
    } else if (found.seq == at_.seq) {
      abandon();
    } else {
      return Error{Errc::io, fmt::format("{}: a write given up came late; start vedette again",
                                         client_.label())};
    }
    unsure_ = false;
  }
  return write_due_alerts();
}

void Writer::finish() {
  at_ = attempt_.next;
  for (const Counted& counted : attempt_.counted) tallies_.count(counted, at_.committed);
  pending_written_ = !fold_.changes().empty();
  for (const AlertChange& change : fold_.changes()) {
    carried_.push_back(change);
    due_.push_back(change.alert);
  }
  fold_.keep();
  attempt_.counted.clear();
}

void Writer::abandon() {
  fold_.undo();
  attempt_.counted.clear();
}

Status Writer::write_due_alerts() {
  std::vector<Change> changes;
  for (const Alert& alert : due_) changes.push_back(alert_change(alert));
  if (Status done = client_.upsert(collection::alerts, changes); !done) return done;
  due_.clear();
  return {};
}

Status Writer::mark_alert(std::uint64_t id, bool acknowledged, std::string_view feedback,
                          std::string_view comment) {
  const std::scoped_lock lock{mutex_};
  if (Status done = settle(); !done) return done;
  Change change;
  change.filter.set("_id", id);
  Doc marks;
  marks.set("acknowledged", acknowledged).set("feedback", feedback).set("comment", comment);
  change.update.set("$set", marks);
  const auto matched = client_.update(collection::alerts, change);
  if (!matched) return matched.error();
  if (*matched == 0) return Error{Errc::not_found, fmt::format("no alert {}", id)};
  fold_.mark(id, acknowledged, feedback, comment);
  return {};
}

void Writer::show() {
  const std::scoped_lock lock{shown_mutex_};
  shown_ = at_;
}

Position Writer::shown() const {
  const std::scoped_lock lock{shown_mutex_};
  return shown_;
}

}  // namespace vedette::mongo
