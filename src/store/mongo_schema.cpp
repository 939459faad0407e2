#include "store/mongo_schema.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <thread>

#include "base/log.hpp"
#include "store/mongo_rows.hpp"

namespace vedette::mongo {

namespace {

constexpr const char* application = "vedette";
constexpr int major_min = 5;
constexpr auto lease_look = std::chrono::milliseconds{200};

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

/// Tells owners apart: libbson makes it from time, process and a counter.
std::string new_owner() {
  bson_oid_t id;
  bson_oid_init(&id, nullptr);
  char text[25];
  bson_oid_to_string(&id, text);
  return text;
}

Status check_version(const Client& client, const Server& server) {
  const auto major =
      parse_integer<int>(std::string_view{server.version}.substr(0, server.version.find('.')));
  if (major && *major >= major_min) return {};
  return Error{Errc::refused, fmt::format("{}: the server is MongoDB {}; 5.0 or newer is needed",
                                          client.label(), vedette::quoted(server.version))};
}

void say_what_is_missing(const Client& client, const Server& server) {
  if (!server.is_ferret) {
    log::info("{}: MongoDB {}{}", client.label(), server.version,
              server.is_sharded ? ", sharded" : "");
    return;
  }
  log::warn(
      "{}: the server is FerretDB: it knows no write concern (a message is acknowledged once it "
      "says so), no TTL and no partial indexes (retention works while vedette runs)",
      client.label());
}

Result<std::vector<std::string>> collections(const Client& client) {
  Doc command;
  command.set("listCollections", 1).set("nameOnly", true);
  const Result<Doc> reply = client.ask(command);
  if (!reply) return reply.error();
  std::vector<std::string> names;
  for (const View& item : reply->view().document("cursor").array("firstBatch")) {
    names.emplace_back(item.text("name"));
  }
  return names;
}

Result<std::optional<Doc>> read_stamp(const Client& client) {
  std::optional<Doc> stamp;
  Status done = client.find(collection::stamp, stamp_filter(), {}, [&stamp](const View& found) {
    stamp.emplace();
    stamp->append(found);
    return Status{};
  });
  if (!done) return done.error();
  return stamp;
}

/// Ours, or nobody's: then the stamp is set first, so that a start cut short is taken up again.
Status check_stamp(const Client& client) {
  const auto stamp = read_stamp(client);
  if (!stamp) return stamp.error();
  if (*stamp) {
    const View view = (*stamp)->view();
    if (view.text("application") == application && view.integer("schema") > schema_version) {
      return Error{Errc::refused,
                   fmt::format("{}: schema version {}, this vedette knows up to {}", client.label(),
                               view.integer("schema"), schema_version)};
    }
    if (view.text("application") == application) return {};
  }
  const auto names = collections(client);
  if (!names) return names.error();
  std::string taken;
  for (const char* name : collection::all) {
    if (std::find(names->begin(), names->end(), name) == names->end()) continue;
    taken += fmt::format("{}\"{}\"", taken.empty() ? "" : ", ", name);
  }
  if (!taken.empty()) {
    return Error{Errc::refused,
                 fmt::format("{}: the database has collections that are not vedette's: {}",
                             client.label(), taken)};
  }
  std::vector<Doc> documents;
  documents.push_back(position_fields({}));
  documents.back()
      .set("_id", "store")
      .set("application", application)
      .set("schema", schema_version)
      .set("owner", "")
      .set("clean", true);
  const auto made = client.insert(collection::stamp, documents);
  if (!made) return made.error();
  return {};
}

struct Index {
  const char* of;
  const char* name;
  std::vector<std::string> fields;
  enum { all, anomalous, having } of_which = all;  ///< having: the field at all
  bool expires = false;
};

const std::vector<Index>& indexes() {
  static const std::vector<Index> all{
      {collection::verdicts, "device_id", {"device", "_id"}},
      {collection::verdicts, "label_id", {"label", "_id"}},
      {collection::verdicts, "anomalous_id", {"anomalous", "_id"}, Index::anomalous},
      {collection::verdicts, "excluded", {"excluded"}, Index::having},
      {collection::verdicts, "batch_row", {"batch", "row"}},
      {collection::verdicts, "received", {"received"}, Index::all, true},
      {collection::devices, "last_seen", {"last_seen_us"}},
      {collection::minutes, "device_minute", {"device", "minute_us"}},
      {collection::minutes, "minute", {"minute_us"}},
      {collection::alerts, "device", {"device", "_id"}},
      {collection::alerts, "open", {"open", "_id"}},
      {collection::alerts, "incident", {"incident", "_id"}},
      {collection::incidents, "open", {"open", "_id"}},
      {collection::incidents, "updated", {"updated_us"}},
      {collection::incidents, "rank", {"rank", "_id"}},
      {collection::tokens, "user", {"user", "created_us"}}};
  return all;
}

Doc index_document(const Index& index, const Server& server, std::int64_t expire_seconds) {
  Doc key;
  for (const std::string& field : index.fields) key.set(field, 1);
  Doc doc;
  doc.set("key", key).set("name", index.name);
  if (index.of_which == Index::anomalous && !server.is_ferret) {
    Doc filter;
    filter.set("anomalous", true);
    doc.set("partialFilterExpression", filter);
  }
  if (index.of_which == Index::having && !server.is_ferret) doc.set("sparse", true);
  if (index.expires) doc.set("expireAfterSeconds", expire_seconds);
  return doc;
}

/// Retention holds also while vedette is stopped. While it runs it drops records itself, counted,
/// an hour earlier than the server would.
constexpr std::chrono::hours expire_grace{1};

Status make_indexes(const Client& client, const Server& server, const Retention& retention) {
  const std::int64_t seconds =
      std::min<std::int64_t>(std::chrono::seconds{retention.age_max + expire_grace}.count(),
                             std::numeric_limits<std::int32_t>::max());  // the server's limit
  for (const Index& index : indexes()) {
    if (index.expires && server.is_ferret) continue;
    Doc command;
    std::vector<Doc> list;
    list.push_back(index_document(index, server, seconds));
    command.set("createIndexes", index.of).set_array("indexes", list);
    if (const auto made = client.order(command); made)
      continue;
    else if (!index.expires)
      return made.error();
    // It is there with the age of another configuration.
    Doc change;
    Doc which;
    which.set("name", index.name).set("expireAfterSeconds", seconds);
    change.set("collMod", index.of).set("index", which);
    if (const auto changed = client.order(change); !changed) return changed.error();
  }
  return {};
}

/// A cluster keeps the records of a device together. Who may not, or has already, goes on.
void shard(const Client& client, const Server& server) {
  if (!server.is_sharded) return;
  Doc enable;
  enable.set("enableSharding", client.database());
  Doc key;
  key.set("device", 1).set("_id", 1);
  Doc command;
  command.set("shardCollection", client.database() + "." + collection::verdicts).set("key", key);
  for (const Doc* one : {&enable, &command}) {
    if (const auto done = client.ask(*one, "admin"); !done) {
      log::warn("verdicts are not sharded by device: {}", done.error().message);
      return;
    }
  }
}

bool is_gone(const View& stamp) {
  const auto pid = static_cast<pid_t>(stamp.integer("owner_pid"));
  return stamp.text("owner_host") == host_name() && pid > 0 && ::kill(pid, 0) != 0 &&
         errno == ESRCH;
}

Error busy(const Client& client, const View& stamp) {
  return Error{Errc::busy,
               fmt::format("{}: another vedette has it open (process {} on {})", client.label(),
                           stamp.integer("owner_pid"), stamp.text("owner_host"))};
}

/// True when nobody else has the store, or whoever has it did not write for the lease.
Result<Doc> wait_for_lease(Client& client) {
  std::optional<std::int64_t> alive_before;
  for (;;) {
    auto stamp = read_stamp(client);
    if (!stamp) return stamp.error();
    if (!*stamp) return Error{Errc::io, fmt::format("{}: its stamp is gone", client.label())};
    const View view = (*stamp)->view();
    if (view.text("owner").empty() || is_gone(view)) return std::move(**stamp);
    const auto server = client.greet();
    if (!server) return server.error();
    const std::int64_t alive = view.date_ms("alive");
    if (server->time_ms - alive > lease.count()) return std::move(**stamp);
    if (alive_before && *alive_before != alive) return busy(client, view);
    alive_before = alive;
    std::this_thread::sleep_for(lease_look);
  }
}

Status take_lease(const Client& client, const Doc& stamp, const std::string& owner) {
  Change change;
  change.filter = stamp_filter();
  change.filter.set("owner", stamp.view().text("owner")).set("seq", stamp.view().integer("seq"));
  Doc fields;
  fields.set("owner", owner)
      .set("owner_host", host_name())
      .set("owner_pid", int{::getpid()})
      .set("clean", false)
      .set("seq", stamp.view().integer("seq") + 1);
  Doc alive;
  alive.set("alive", true);
  change.update.set("$set", fields).set("$currentDate", alive);
  const auto matched = client.update(collection::stamp, change);
  if (!matched) return matched.error();
  if (*matched == 0) return busy(client, stamp.view());
  return {};
}

}  // namespace

Doc stamp_filter() {
  Doc filter;
  filter.set("_id", "store");
  return filter;
}

Doc position_fields(const Position& position) {
  Doc doc;
  doc.set("seq", position.seq)
      .set("committed", position.committed)
      .set("flushed", position.flushed)
      .set("dropped", position.dropped)
      .set("flows", position.flows)
      .set("readings", position.readings)
      .set("anomalies", position.anomalies)
      .set("quarantined", position.quarantined)
      .set("alert_next", position.alert_next)
      .set("incident_next", position.incident_next);
  return doc;
}

Position read_position(const View& stamp) {
  return {stamp.count("seq"),          stamp.count("committed"),   stamp.count("flushed"),
          stamp.count("dropped"),      stamp.count("flows"),       stamp.count("readings"),
          stamp.count("anomalies"),    stamp.count("quarantined"), stamp.count("alert_next"),
          stamp.count("incident_next")};
}

Result<Opened> open_database(Client& client, const Retention& retention) {
  const Result<Server> server = client.greet();
  if (!server) return server.error();
  if (Status done = check_version(client, *server); !done) return done.error();
  if (Status done = check_stamp(client); !done) return done.error();
  const Result<Doc> stamp = wait_for_lease(client);
  if (!stamp) return stamp.error();
  Opened opened;
  opened.owner = new_owner();
  if (Status done = take_lease(client, *stamp, opened.owner); !done) return done.error();
  say_what_is_missing(client, *server);
  if (Status done = make_indexes(client, *server, retention); !done) return done.error();
  shard(client, *server);
  const View view = stamp->view();
  opened.position = read_position(view);
  opened.position.seq += 1;
  opened.clean = view.boolean("clean");
  opened.tried = view.integers("tried");
  for (const View& pending : view.array("pending")) {
    Result<Alert> alert = read_alert(pending);
    if (!alert) return alert.error();
    opened.pending.alerts.push_back(std::move(*alert));
  }
  for (const View& pending : view.array("pending_incidents")) {
    opened.pending.incidents.push_back(read_incident(pending));
  }
  return opened;
}

}  // namespace vedette::mongo
