/// The MongoDB store: a Writer for what the line changes, plain questions and changes for the rest.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/mongo_reader.hpp"
#include "store/mongo_rows.hpp"
#include "store/mongo_writer.hpp"
#include "store/store.hpp"
#include "store/transfer.hpp"

namespace vedette {

namespace {

using mongo::Change;
using mongo::Client;
using mongo::Doc;
using mongo::View;
namespace collection = mongo::collection;

constexpr std::int64_t audit_kept_max = 100'000;
constexpr std::size_t tokens_of_user_max = 1'000;

Doc by(std::string_view field, std::string_view value) {
  Doc filter;
  filter.set(field, value);
  return filter;
}

Doc sorted(std::string_view field, int direction) {
  Doc options;
  Doc sort;
  sort.set(field, direction);
  options.set("sort", sort);
  return options;
}

template <class T>
Result<std::vector<T>> collect(const Client& client, const char* from, const Doc& filter,
                               const Doc& options, T (*read)(const View&)) {
  std::vector<T> items;
  Status done = client.find(from, filter, options, [&](const View& document) {
    items.push_back(read(document));
    return Status{};
  });
  if (!done) return done.error();
  return items;
}

template <class T>
Result<std::optional<T>> first_of(Result<std::vector<T>> items) {
  if (!items) return items.error();
  if (items->empty()) return std::optional<T>{};
  return std::optional<T>{std::move(items->front())};
}

class MongoStore final : public Store, public Transfer {
 public:
  MongoStore(std::unique_ptr<Client> client, std::unique_ptr<mongo::Writer> writer,
             const Retention& retention)
      : client_(std::move(client)), writer_(std::move(writer)), retention_(retention) {}

  Status commit(Batch& batch, Time now) override { return writer_->commit(batch, now); }
  Status maintain(Time now, AlarmChanges& changes) override {
    return writer_->maintain(now, changes);
  }

  Result<Page<Judged>> verdicts(const VerdictQuery& query) const override {
    return mongo::find_verdicts(*client_, query, writer_->visible());
  }
  Result<std::optional<Judged>> verdict(RecordKey key) const override {
    return mongo::find_verdict(*client_, key, writer_->visible());
  }
  Result<std::vector<DeviceSummary>> devices() const override {
    auto devices = writer_->tallies().devices(*client_);
    if (!devices) return devices;
    if (Status done = mongo::count_open_alerts(*client_, *devices); !done) return done.error();
    return devices;
  }
  Result<Page<Alert>> alerts(const AlertQuery& query) const override {
    return mongo::find_alerts(*client_, query);
  }
  Result<std::optional<Alert>> alert(std::uint64_t id) const override {
    return mongo::find_alert(*client_, id);
  }
  Result<Page<Incident>> incidents(const IncidentQuery& query) const override {
    return mongo::find_incidents(*client_, query);
  }
  Result<std::optional<Incident>> incident(std::uint64_t id) const override {
    return mongo::find_incident(*client_, id);
  }
  Result<std::string> arrivals(const ArrivalQuery& query,
                               const std::function<void(const Judged&)>& take) const override {
    return mongo::find_arrivals(*client_, query, take, writer_->visible());
  }
  AlarmOptions alarm_options() const override { return retention_.alarms; }
  Result<Page<Quarantined>> quarantined(std::string_view before, std::size_t limit) const override {
    return mongo::find_quarantined(*client_, before, limit, writer_->shown().quarantined,
                                   retention_.quarantine_max);
  }
  Result<std::vector<RollUp>> roll_ups(std::string_view device, Time from, Time to) const override {
    return writer_->tallies().roll_ups(*client_, device, from, to);
  }
  Result<StoreCounts> counts() const override;

  Status mark_alert(std::uint64_t id, bool acknowledged, std::string_view feedback,
                    std::string_view comment) override {
    return writer_->mark_alert(id, acknowledged, feedback, comment);
  }

  Status mark_incident(std::uint64_t id, bool acknowledged, std::string_view feedback,
                       std::string_view comment) override {
    return writer_->mark_incident(id, acknowledged, feedback, comment);
  }

  Result<std::uint64_t> put_exclusion(const Exclusion& exclusion) override {
    const std::scoped_lock lock{change_mutex_};
    return mongo::put_exclusion(*client_, exclusion);
  }
  Status drop_exclusion(std::uint64_t id) override {
    const std::scoped_lock lock{change_mutex_};
    return mongo::drop_exclusion(*client_, id);
  }
  Result<std::vector<Exclusion>> exclusions() const override {
    return mongo::find_exclusions(*client_, writer_->visible());
  }

  Status put_user(const User& user) override;
  Status drop_user(std::string_view name) override;
  Result<std::vector<User>> users() const override {
    return collect(*client_, collection::users, {}, sorted("_id", 1), &mongo::read_user);
  }
  Result<std::optional<User>> user(std::string_view name) const override {
    return first_of(collect(*client_, collection::users, by("_id", name), {}, &mongo::read_user));
  }
  Status put_token(const Token& token) override;
  Status drop_token(std::string_view hash) override {
    return erase(collection::tokens, "_id", hash);
  }
  Result<std::optional<Token>> token(std::string_view hash) const override {
    return first_of(collect(*client_, collection::tokens, by("_id", hash), {}, &mongo::read_token));
  }
  Result<std::vector<Token>> tokens(std::string_view user) const override;
  Status put_audit(const AuditEntry& entry) override;
  Result<std::vector<AuditEntry>> audit(std::size_t limit) const override;
  Status put_setting(std::string_view name, std::string_view value) override;
  Result<std::string> setting(std::string_view name) const override;

  Result<Page<Judged>> records(std::string_view after, std::size_t limit) const override {
    return mongo::find_records(*client_, after, limit, writer_->visible());
  }
  Status adopt(Batch& batch, const Alarms& alarms, Time now) override {
    if (Status done = writer_->adopt(batch, alarms, now); !done) return done;
    const std::scoped_lock lock{change_mutex_};
    return mongo::adopt_exclusions(*client_, alarms.exclusions);
  }
  Result<std::map<std::string, std::string>> settings() const override;

 private:
  Status put(const char* into, const Doc& document);
  Status erase(const char* from, std::string_view field, std::string_view value);

  std::unique_ptr<Client> client_;
  std::unique_ptr<mongo::Writer> writer_;
  const Retention retention_;
  std::mutex change_mutex_;       // users, tokens and exclusions are checked, then changed
  std::int64_t audit_last_ = -1;  // the last _id given; -1: not asked yet
};

Result<StoreCounts> MongoStore::counts() const {
  const mongo::Position at = writer_->shown();
  StoreCounts counts;
  counts.flows = at.flows;
  counts.readings = at.readings;
  counts.anomalies = at.anomalies;
  counts.quarantined = at.quarantined;
  Doc open;
  open.set("open", true);
  const std::tuple<std::uint64_t*, const char*, Doc> asked[] = {
      {&counts.alerts, collection::alerts, Doc{}},
      {&counts.incidents, collection::incidents, Doc{}},
      {&counts.open_incidents, collection::incidents, std::move(open)}};
  for (const auto& [count, name, filter] : asked) {
    Doc command;
    command.set("count", name).set("query", filter);
    const auto reply = client_->ask(command);
    if (!reply) return reply.error();
    *count = reply->view().count("n");
  }
  const auto bytes = mongo::bytes_used(*client_);
  if (!bytes) return bytes.error();
  counts.bytes = *bytes;
  return counts;
}

/// Adds or replaces.
Status MongoStore::put(const char* into, const Doc& document) {
  std::vector<Change> changes(1);
  changes[0].filter.set("_id", document.view().text("_id"));
  changes[0].update.set("$set", document);
  return client_->upsert(into, changes);
}

Status MongoStore::erase(const char* from, std::string_view field, std::string_view value) {
  const auto gone = client_->erase(from, by(field, value));
  if (!gone) return gone.error();
  return {};
}

Status MongoStore::put_user(const User& user) {
  const std::scoped_lock lock{change_mutex_};
  return put(collection::users, mongo::user_document(user));
}

Status MongoStore::drop_user(std::string_view name) {
  const std::scoped_lock lock{change_mutex_};
  // Tokens first: cut short here, there is a user without tokens, not the reverse.
  if (Status done = erase(collection::tokens, "user", name); !done) return done;
  const auto gone = client_->erase(collection::users, by("_id", name));
  if (!gone) return gone.error();
  if (*gone == 0) {
    return Error{Errc::not_found, fmt::format("no user {}", vedette::quoted(name))};
  }
  return {};
}

Status MongoStore::put_token(const Token& token) {
  const std::scoped_lock lock{change_mutex_};
  const auto owner = user(token.user);
  if (!owner) return owner.error();
  if (!*owner) {
    return Error{Errc::not_found, fmt::format("no user {}", vedette::quoted(token.user))};
  }
  if (Status done = put(collection::tokens, mongo::token_document(token)); !done) return done;
  // What has expired by the time of the new one goes, and of a user's others the newest stay.
  const auto all = tokens(token.user);
  if (!all) return all.error();
  std::size_t kept = 0;
  for (const Token& one : *all) {
    if (one.hash == token.hash) continue;
    if (one.expires > token.created && ++kept < tokens_of_user_max) continue;
    if (Status done = drop_token(one.hash); !done) return done;
  }
  return {};
}

Result<std::vector<Token>> MongoStore::tokens(std::string_view user) const {
  Doc options;
  Doc sort;
  sort.set("created_us", -1).set("_id", 1);
  options.set("sort", sort);
  return collect(*client_, collection::tokens, by("user", user), options, &mongo::read_token);
}

Status MongoStore::put_audit(const AuditEntry& entry) {
  const std::scoped_lock lock{change_mutex_};
  if (audit_last_ < 0) {
    Doc newest = sorted("_id", -1);
    newest.set("limit", 1);
    std::int64_t last = 0;
    Status done = client_->find(collection::audit, {}, newest, [&last](const View& document) {
      last = document.integer("_id");
      return Status{};
    });
    if (!done) return done;
    audit_last_ = last;
  }
  std::vector<Doc> documents;
  documents.push_back(mongo::audit_document(entry, audit_last_ + 1));
  const auto there = client_->insert(collection::audit, documents);
  if (!there) {
    audit_last_ = -1;  // nobody knows whether it was written
    return there.error();
  }
  ++audit_last_;
  if (audit_last_ <= audit_kept_max || audit_last_ % 1'000 != 0) return {};
  Doc old;
  old.set("$lte", audit_last_ - audit_kept_max);
  Doc filter;
  filter.set("_id", old);
  const auto gone = client_->erase(collection::audit, filter);
  if (!gone) return gone.error();
  return {};
}

Result<std::vector<AuditEntry>> MongoStore::audit(std::size_t limit) const {
  if (limit == 0) return std::vector<AuditEntry>{};
  Doc newest = sorted("_id", -1);
  newest.set("limit", std::min(static_cast<std::int64_t>(std::min<std::size_t>(limit, 1U << 30U)),
                               audit_kept_max));
  return collect(*client_, collection::audit, {}, newest, &mongo::read_audit);
}

Status MongoStore::put_setting(std::string_view name, std::string_view value) {
  Doc setting;
  setting.set("_id", name).set("value", value);
  return put(collection::settings, setting);
}

Result<std::string> MongoStore::setting(std::string_view name) const {
  const auto read = [](const View& document) { return std::string{document.text("value")}; };
  auto value =
      first_of(collect<std::string>(*client_, collection::settings, by("_id", name), {}, +read));
  if (!value) return value.error();
  return value->value_or("");
}

Result<std::map<std::string, std::string>> MongoStore::settings() const {
  std::map<std::string, std::string> all;
  Status done = client_->find(collection::settings, {}, {}, [&all](const View& document) {
    all.emplace(document.text("_id"), document.text("value"));
    return Status{};
  });
  if (!done) return done.error();
  return all;
}

}  // namespace

Result<std::unique_ptr<Store>> open_mongo_store(std::string_view uri, Retention retention) {
  Result<std::unique_ptr<Client>> client = Client::make(uri);
  if (!client) return client.error();
  auto writer = mongo::Writer::open(**client, retention);
  if (!writer) return writer.error();
  return std::unique_ptr<Store>{
      std::make_unique<MongoStore>(std::move(*client), std::move(*writer), retention)};
}

}  // namespace vedette
