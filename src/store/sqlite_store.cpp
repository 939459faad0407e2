/// The SQLite store: a Writer for what the line and the users change, a pool of readers for what
/// anybody asks. Why it is laid out so: docs/adr/0003-sqlite-schema.md.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "store/sqlite_reader.hpp"
#include "store/sqlite_rows.hpp"
#include "store/sqlite_writer.hpp"
#include "store/store.hpp"
#include "store/transfer.hpp"

namespace vedette {

namespace {

using sqlite::Connection;
using sqlite::Statement;

constexpr std::int64_t audit_kept_max = 100'000;
constexpr std::int64_t tokens_of_user_max = 1'000;

/// Keeps a second vedette away from a store: flock() on "<path>.lock", released by the system even
/// when we are killed. The empty file stays.
class StoreLock {
 public:
  static Result<StoreLock> take(const std::filesystem::path& store) {
    std::filesystem::path path = store;
    path += ".lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
      Error error = system_error(path, errno);
      error.code = Errc::io;  // a missing folder, too, is the system saying no
      return error;
    }
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return StoreLock{fd};
    const int why = errno;
    ::close(fd);
    if (why != EWOULDBLOCK) return system_error(path, why);
    return Error{Errc::busy, fmt::format("{}: another vedette has it open", store.string())};
  }
  StoreLock(StoreLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  StoreLock& operator=(StoreLock&&) = delete;
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;
  ~StoreLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit StoreLock(int fd) : fd_(fd) {}
  int fd_;
};

/// Runs one statement that changes something.
template <class Bind>
Status change(Connection& db, const char* sql, Bind&& bind) {
  const auto statement = db.cached(sql);
  if (!statement) return statement.error();
  bind(**statement);
  if (!(*statement)->run()) return db.error();
  return {};
}

/// Collects the rows of one question.
template <class T, class Bind, class Read>
Result<std::vector<T>> collect(Connection& db, const char* sql, Bind&& bind, Read&& read) {
  const auto statement = db.cached(sql);
  if (!statement) return statement.error();
  bind(**statement);
  std::vector<T> rows;
  while ((*statement)->step()) rows.push_back(read(**statement));
  if ((*statement)->failed()) return db.error();
  return rows;
}

template <class T>
Result<std::optional<T>> first_of(Result<std::vector<T>> rows) {
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<T>{};
  return std::optional<T>{std::move(rows->front())};
}

User read_user(const Statement& row) {
  return {std::string{row.text(0)}, std::string{row.text(1)}, std::string{row.text(2)},
          time_from_micros(row.integer(3))};
}

Token read_token(const Statement& row) {
  return {std::string{row.text(0)},         std::string{row.text(1)},
          std::string{row.text(2)},         std::string{row.text(3)},
          time_from_micros(row.integer(4)), time_from_micros(row.integer(5))};
}

constexpr auto bind_nothing = [](Statement&) {};

class SqliteStore final : public Store, public Transfer {
 public:
  SqliteStore(std::filesystem::path path, StoreLock lock, std::unique_ptr<sqlite::Writer> writer,
              const AlarmOptions& alarms)
      : lock_(std::move(lock)),
        path_(std::move(path)),
        writer_(std::move(writer)),
        pool_(path_),
        alarms_(alarms) {}

  Status commit(Batch& batch, Time) override { return writer_->commit(batch); }
  Status maintain(Time now, AlarmChanges& changes) override {
    return writer_->maintain(now, changes);
  }

  Result<Page<Judged>> verdicts(const VerdictQuery& query) const override {
    return pool_.read([&](Connection& db) { return sqlite::find_verdicts(db, query); });
  }
  Result<std::optional<Judged>> verdict(RecordKey key) const override {
    return pool_.read([&](Connection& db) { return sqlite::find_verdict(db, key); });
  }
  Result<std::vector<DeviceSummary>> devices() const override {
    return pool_.read([](Connection& db) { return sqlite::find_devices(db); });
  }
  Result<Page<Alert>> alerts(const AlertQuery& query) const override {
    return pool_.read([&](Connection& db) { return sqlite::find_alerts(db, query); });
  }
  Result<std::optional<Alert>> alert(std::uint64_t id) const override {
    return pool_.read([&](Connection& db) { return sqlite::find_alert(db, id); });
  }
  Result<Page<Incident>> incidents(const IncidentQuery& query) const override {
    return pool_.read([&](Connection& db) { return sqlite::find_incidents(db, query); });
  }
  Result<std::optional<Incident>> incident(std::uint64_t id) const override {
    return pool_.read([&](Connection& db) { return sqlite::find_incident(db, id); });
  }
  Result<std::string> arrivals(const ArrivalQuery& query,
                               const std::function<void(const Judged&)>& take) const override {
    return pool_.read([&](Connection& db) { return sqlite::find_arrivals(db, query, take); });
  }
  AlarmOptions alarm_options() const override { return alarms_; }
  Result<Page<Quarantined>> quarantined(std::string_view before, std::size_t limit) const override {
    return pool_.read([&](Connection& db) { return sqlite::find_quarantined(db, before, limit); });
  }
  Result<std::vector<RollUp>> roll_ups(std::string_view device, Time from, Time to) const override {
    return pool_.read([&](Connection& db) { return sqlite::find_roll_ups(db, device, from, to); });
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

  Result<std::uint64_t> put_exclusion(const Exclusion& exclusion) override;
  Status drop_exclusion(std::uint64_t id) override;
  Result<std::vector<Exclusion>> exclusions() const override {
    return pool_.read([](Connection& db) { return sqlite::find_exclusions(db); });
  }

  Status put_user(const User& user) override;
  Status drop_user(std::string_view name) override;
  Result<std::vector<User>> users() const override;
  Result<std::optional<User>> user(std::string_view name) const override;
  Status put_token(const Token& token) override;
  Status drop_token(std::string_view hash) override;
  Result<std::optional<Token>> token(std::string_view hash) const override;
  Result<std::vector<Token>> tokens(std::string_view user) const override;
  Status put_audit(const AuditEntry& entry) override;
  Result<std::vector<AuditEntry>> audit(std::size_t limit) const override;
  Status put_setting(std::string_view name, std::string_view value) override;
  Result<std::string> setting(std::string_view name) const override;

  Result<Page<Judged>> records(std::string_view after, std::size_t limit) const override {
    return pool_.read([&](Connection& db) { return sqlite::find_records(db, after, limit); });
  }
  Status adopt(Batch& batch, const Alarms& alarms, Time) override {
    return writer_->adopt(batch, alarms);
  }
  Result<std::map<std::string, std::string>> settings() const override;

 private:
  StoreLock lock_;  // first: given back last
  std::filesystem::path path_;
  std::unique_ptr<sqlite::Writer> writer_;
  sqlite::ReaderPool pool_;
  AlarmOptions alarms_;
};

Result<std::uint64_t> SqliteStore::put_exclusion(const Exclusion& exclusion) {
  std::uint64_t id = 0;
  const Status done = writer_->transact([&](Connection& db) -> Status {
    const auto kept = db.integer("SELECT count(*) FROM exclusions");
    if (!kept) return kept.error();
    if (*kept >= static_cast<std::int64_t>(ExclusionSet::exclusions_max)) {
      return Error{Errc::too_large, fmt::format("there are {} exclusions already: delete some",
                                                ExclusionSet::exclusions_max)};
    }
    Status put = change(db, sqlite::insert_exclusion_sql, [&](Statement& statement) {
      sqlite::bind_exclusion(statement, exclusion);
      statement.bind_null(14);  // the next that was never given
    });
    if (!put) return put;
    const auto made = db.integer("SELECT last_insert_rowid()");
    if (!made) return made.error();
    id = static_cast<std::uint64_t>(*made);
    return {};
  });
  if (!done) return done.error();
  return id;
}

Status SqliteStore::drop_exclusion(std::uint64_t id) {
  return writer_->transact([&](Connection& db) -> Status {
    Status done = change(db, "DELETE FROM exclusions WHERE id = ?1", [&](Statement& statement) {
      statement.bind(1, static_cast<std::int64_t>(id));
    });
    if (!done) return done;
    if (db.changes() == 0) return Error{Errc::not_found, fmt::format("no exclusion {}", id)};
    return {};
  });
}

Result<StoreCounts> SqliteStore::counts() const {
  auto counts = pool_.read([](Connection& db) { return sqlite::find_counts(db); });
  if (!counts) return counts;
  for (const char* suffix : {"", "-wal"}) {
    std::filesystem::path file = path_;
    file += suffix;
    std::error_code ignored;
    const auto size = std::filesystem::file_size(file, ignored);
    if (!ignored) counts->bytes += size;
  }
  return counts;
}

Status SqliteStore::put_user(const User& user) {
  return writer_->transact([&](Connection& db) {
    return change(db,
                  "INSERT INTO users (name, password_hash, role, created) VALUES (?1, ?2, ?3, ?4)"
                  " ON CONFLICT DO UPDATE SET password_hash = ?2, role = ?3, created = ?4",
                  [&](Statement& statement) {
                    statement.bind(1, user.name).bind(2, user.password_hash);
                    statement.bind(3, user.role).bind(4, micros(user.created));
                  });
  });
}

Status SqliteStore::drop_user(std::string_view name) {
  return writer_->transact([&](Connection& db) -> Status {
    const auto bind = [&](Statement& statement) { statement.bind(1, name); };
    if (Status done = change(db, "DELETE FROM tokens WHERE user = ?1", bind); !done) return done;
    if (Status done = change(db, "DELETE FROM users WHERE name = ?1", bind); !done) return done;
    if (db.changes() == 0)
      return Error{Errc::not_found, fmt::format("no user {}", vedette::quoted(name))};
    return {};
  });
}

Result<std::vector<User>> SqliteStore::users() const {
  return pool_.read([](Connection& db) {
    return collect<User>(db, "SELECT name, password_hash, role, created FROM users ORDER BY name",
                         bind_nothing, read_user);
  });
}

Result<std::optional<User>> SqliteStore::user(std::string_view name) const {
  return pool_.read([&](Connection& db) {
    return first_of(collect<User>(
        db, "SELECT name, password_hash, role, created FROM users WHERE name = ?1",
        [&](Statement& statement) { statement.bind(1, name); }, read_user));
  });
}

Status SqliteStore::put_token(const Token& token) {
  return writer_->transact([&](Connection& db) -> Status {
    // What has expired by the time of the new one goes, and of a user's others the newest stay.
    Status done = change(db, "DELETE FROM tokens WHERE user = ?1 AND expires <= ?2",
                         [&](Statement& statement) {
                           statement.bind(1, token.user).bind(2, micros(token.created));
                         });
    if (!done) return done;
    done = change(db,
                  "INSERT INTO tokens (hash, user, kind, name, created, expires)"
                  " SELECT ?1, name, ?3, ?4, ?5, ?6 FROM users WHERE name = ?2"
                  " ON CONFLICT (hash) DO UPDATE SET user = ?2, kind = ?3, name = ?4, created = ?5,"
                  " expires = ?6",
                  [&](Statement& statement) {
                    statement.bind(1, token.hash).bind(2, token.user).bind(3, token.kind);
                    statement.bind(4, token.name).bind(5, micros(token.created));
                    statement.bind(6, micros(token.expires));
                  });
    if (!done) return done;
    if (db.changes() == 0)
      return Error{Errc::not_found, fmt::format("no user {}", vedette::quoted(token.user))};
    return change(
        db,
        "DELETE FROM tokens WHERE hash IN (SELECT hash FROM tokens WHERE user = ?1"
        " ORDER BY created DESC, hash LIMIT -1 OFFSET ?2)",
        [&](Statement& statement) { statement.bind(1, token.user).bind(2, tokens_of_user_max); });
  });
}

Status SqliteStore::drop_token(std::string_view hash) {
  return writer_->transact([&](Connection& db) {
    return change(db, "DELETE FROM tokens WHERE hash = ?1",
                  [&](Statement& statement) { statement.bind(1, hash); });
  });
}

Result<std::optional<Token>> SqliteStore::token(std::string_view hash) const {
  return pool_.read([&](Connection& db) {
    return first_of(collect<Token>(
        db, "SELECT hash, user, kind, name, created, expires FROM tokens WHERE hash = ?1",
        [&](Statement& statement) { statement.bind(1, hash); }, read_token));
  });
}

Result<std::vector<Token>> SqliteStore::tokens(std::string_view user) const {
  return pool_.read([&](Connection& db) {
    return collect<Token>(
        db,
        "SELECT hash, user, kind, name, created, expires FROM tokens WHERE user = ?1"
        " ORDER BY created DESC, hash",
        [&](Statement& statement) { statement.bind(1, user); }, read_token);
  });
}

Status SqliteStore::put_audit(const AuditEntry& entry) {
  return writer_->transact([&](Connection& db) -> Status {
    Status done = change(db, "INSERT INTO audit (time, user, action, subject) VALUES (?, ?, ?, ?)",
                         [&](Statement& statement) {
                           statement.bind(1, micros(entry.time)).bind(2, entry.user);
                           statement.bind(3, entry.action).bind(4, entry.subject);
                         });
    if (!done) return done;
    return change(db,
                  "DELETE FROM audit WHERE id <="
                  " (SELECT seq FROM sqlite_sequence WHERE name = 'audit') - ?1",
                  [](Statement& statement) { statement.bind(1, audit_kept_max); });
  });
}

Result<std::vector<AuditEntry>> SqliteStore::audit(std::size_t limit) const {
  const auto rows =
      static_cast<std::int64_t>(std::min(limit, static_cast<std::size_t>(audit_kept_max)));
  return pool_.read([&](Connection& db) {
    return collect<AuditEntry>(
        db, "SELECT time, user, action, subject FROM audit ORDER BY id DESC LIMIT ?1",
        [&](Statement& statement) { statement.bind(1, rows); },
        [](const Statement& row) {
          return AuditEntry{time_from_micros(row.integer(0)), std::string{row.text(1)},
                            std::string{row.text(2)}, std::string{row.text(3)}};
        });
  });
}

Status SqliteStore::put_setting(std::string_view name, std::string_view value) {
  return writer_->transact([&](Connection& db) {
    return change(db,
                  "INSERT INTO settings (name, value) VALUES (?1, ?2)"
                  " ON CONFLICT DO UPDATE SET value = ?2",
                  [&](Statement& statement) { statement.bind(1, name).bind(2, value); });
  });
}

Result<std::string> SqliteStore::setting(std::string_view name) const {
  return pool_.read([&](Connection& db) -> Result<std::string> {
    auto value = first_of(collect<std::string>(
        db, "SELECT value FROM settings WHERE name = ?1",
        [&](Statement& statement) { statement.bind(1, name); },
        [](const Statement& row) { return std::string{row.text(0)}; }));
    if (!value) return value.error();
    return value->value_or("");
  });
}

Result<std::map<std::string, std::string>> SqliteStore::settings() const {
  using Pair = std::pair<std::string, std::string>;
  const auto rows = pool_.read([](Connection& db) {
    return collect<Pair>(db, "SELECT name, value FROM settings", bind_nothing,
                         [](const Statement& row) {
                           return Pair{std::string{row.text(0)}, std::string{row.text(1)}};
                         });
  });
  if (!rows) return rows.error();
  return std::map<std::string, std::string>{rows->begin(), rows->end()};
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& path,
                                                 Retention retention) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    Error error = system_error(path, EISDIR);
    return error;
  }
  Result<StoreLock> lock = StoreLock::take(path);
  if (!lock) return lock.error();
  auto writer = sqlite::Writer::open(path, retention);
  if (!writer) return writer.error();
  return std::unique_ptr<Store>{
      std::make_unique<SqliteStore>(path, std::move(*lock), std::move(*writer), retention.alarms)};
}

}  // namespace vedette
