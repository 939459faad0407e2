/// The face of store/: where records, verdicts, alerts, quarantine, users and roll-ups rest.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/alarm_options.hpp"
#include "alarm/exclusions.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "record/verdict.hpp"
#include "store/preview.hpp"

namespace vedette {

/// Newest first. `before` is the cursor: the `next` of the previous page, "" for the first.
struct VerdictQuery {
  std::string device{};  ///< "" any
  std::optional<RecordKind> kind{};
  std::optional<bool> anomalous{};
  std::string label{};         ///< "" any
  std::optional<Time> from{};  ///< event time, inclusive
  std::optional<Time> to{};    ///< exclusive
  std::string before{};
  std::size_t limit = 100;  ///< at most 1,000
};
struct AlertQuery {
  std::string device{};
  std::optional<Nature> nature{};
  std::uint64_t incident = 0;  ///< 0 any
  std::optional<bool> open{};
  std::optional<bool> acknowledged{};
  std::string before{};
  std::size_t limit = 100;
};
struct IncidentQuery {
  std::string device{};  ///< one of its devices, also beyond those it lists
  std::optional<Nature> nature{};
  std::optional<bool> open{};
  std::optional<bool> acknowledged{};
  /// The highest ranks first, of equals the newest: one page, there is no next.
  bool by_rank = false;
  std::string before{};
  std::size_t limit = 100;
};
/// Rows in the order in which they came.
struct ArrivalQuery {
  std::optional<Time> from{};  ///< received, inclusive
  std::optional<Time> to{};    ///< exclusive
  /// Rows are left out whose score is below both this and `hold_share` of their own threshold, and
  /// that are not anomalous.
  float score_min = 0;
  float hold_share = 1;
  std::string after{};              ///< the cursor: what the call before returned
  std::size_t looked_max = 50'000;  ///< rows looked at in one call
};
template <class T>
struct Page {
  std::vector<T> items;
  std::string next;  ///< "" at the end
};

struct DeviceSummary {
  std::string device;
  Time first_seen;  ///< received
  Time last_seen;
  std::uint64_t flows = 0;
  std::uint64_t readings = 0;
  std::uint64_t anomalies = 0;
  std::uint64_t open_alerts = 0;
};

/// One minute of one kind of record over the fleet (or of one device), by time received.
struct RollUp {
  Time minute;
  std::uint64_t flows = 0;
  std::uint64_t readings = 0;
  std::uint64_t anomalies = 0;
  float score_max = 0;
};

/// What the store holds now, apart from `quarantined`.
struct StoreCounts {
  std::uint64_t flows = 0;
  std::uint64_t readings = 0;
  std::uint64_t anomalies = 0;
  std::uint64_t alerts = 0;
  std::uint64_t incidents = 0;
  std::uint64_t open_incidents = 0;
  std::uint64_t quarantined = 0;  ///< ever, also when the oldest were dropped
  std::uint64_t bytes = 0;        ///< on disk
};

struct User {
  std::string name;
  std::string password_hash;  ///< argon2id, as libsodium writes it
  std::string role;           ///< "admin" or "viewer"
  Time created;
};
/// A session cookie or an API token; only the hash of its secret is stored.
struct Token {
  std::string hash;  ///< hex of a 256-bit hash
  std::string user;
  std::string kind;  ///< "session" or "api"
  std::string name;  ///< what the user called it
  Time created;
  Time expires;
};
struct AuditEntry {
  Time time;
  std::string user;
  std::string action;  ///< "login", "alert.acknowledge", "model.activate"
  std::string subject;
};

struct Retention {
  std::chrono::hours age_max{30 * 24};     ///< records and verdicts, by time received
  std::uint64_t bytes_max = 10ULL << 30U;  ///< of the store; the oldest records go first
  std::size_t quarantine_max = 10'000;     ///< kept messages
  AlarmOptions alarms{};                   ///< how verdicts become alerts and incidents
};

/// Threads: commit(), maintain() and close belong to the line's thread; everything else may be
/// called from any thread at any time. Failing calls change nothing.
class Store {
 public:
  virtual ~Store() = default;

  /// Stores every record with its verdict, every quarantined message, the roll-ups and the alert
  /// runs and incidents in one transaction: after success they survive a power cut. A record whose
  /// key is already there is left as it was, its item gets is_new = false, and it counts nowhere
  /// again. Appends what happened to alerts and incidents to batch.alarms; the time of a record
  /// there is when it was received. @return io ("…: disk full"), busy; the same batch may be
  /// committed again.
  virtual Status commit(Batch& batch, Time now) = 0;
  /// Closes alert runs that are quiet, enforces retention in small steps; called about once a
  /// second. Changes of alerts and incidents are appended.
  virtual Status maintain(Time now, AlarmChanges& changes) = 0;

  virtual Result<Page<Judged>> verdicts(const VerdictQuery& query) const = 0;
  virtual Result<std::optional<Judged>> verdict(RecordKey key) const = 0;
  virtual Result<std::vector<DeviceSummary>> devices() const = 0;
  virtual Result<Page<Alert>> alerts(const AlertQuery& query) const = 0;
  virtual Result<std::optional<Alert>> alert(std::uint64_t id) const = 0;
  virtual Result<Page<Incident>> incidents(const IncidentQuery& query) const = 0;
  virtual Result<std::optional<Incident>> incident(std::uint64_t id) const = 0;
  /// Hands rows to `take`, each with what a fold and an exclusion ask for: device, kind, key, time,
  /// destination and port, received, and the verdict without model and reasons. @return the next
  /// cursor, "" at the end.
  virtual Result<std::string> arrivals(const ArrivalQuery& query,
                                       const std::function<void(const Judged&)>& take) const = 0;
  virtual AlarmOptions alarm_options() const = 0;
  virtual Result<Page<Quarantined>> quarantined(std::string_view before,
                                                std::size_t limit) const = 0;
  /// Minutes in [from, to), oldest first; `device` "" is the whole fleet.
  virtual Result<std::vector<RollUp>> roll_ups(std::string_view device, Time from,
                                               Time to) const = 0;
  virtual Result<StoreCounts> counts() const = 0;

  /// Marks an alert. @return not_found.
  virtual Status mark_alert(std::uint64_t id, bool acknowledged, std::string_view feedback,
                            std::string_view comment) = 0;

  /// Marks an incident, and with acknowledged and feedback all its alerts. @return not_found.
  virtual Status mark_incident(std::uint64_t id, bool acknowledged, std::string_view feedback,
                               std::string_view comment) = 0;

  /// Keeps it under a new id, whatever its own says. @return too_large beyond
  /// ExclusionSet::exclusions_max.
  virtual Result<std::uint64_t> put_exclusion(const Exclusion& exclusion) = 0;
  virtual Status drop_exclusion(std::uint64_t id) = 0;  ///< @return not_found
  /// All, also those that have expired, newest first.
  virtual Result<std::vector<Exclusion>> exclusions() const = 0;

  virtual Status put_user(const User& user) = 0;        ///< adds or replaces
  virtual Status drop_user(std::string_view name) = 0;  ///< with tokens. @return not_found
  virtual Result<std::vector<User>> users() const = 0;
  virtual Result<std::optional<User>> user(std::string_view name) const = 0;
  /// @return not_found when there is no such user. Of a user's expired tokens none is kept, of the
  /// others the newest 1,000.
  virtual Status put_token(const Token& token) = 0;
  virtual Status drop_token(std::string_view hash) = 0;  ///< also when it is gone already
  virtual Result<std::optional<Token>> token(std::string_view hash) const = 0;
  virtual Result<std::vector<Token>> tokens(std::string_view user) const = 0;
  virtual Status put_audit(const AuditEntry& entry) = 0;  ///< the newest 100,000 are kept
  virtual Result<std::vector<AuditEntry>> audit(std::size_t limit) const = 0;
  /// Small facts of the service itself ("model.flow.active" → path). "" when never set.
  virtual Status put_setting(std::string_view name, std::string_view value) = 0;
  virtual Result<std::string> setting(std::string_view name) const = 0;
};

/// Opens or creates. @return io ("/var/lib/x: Permission denied", read-only), unsupported (a newer
/// schema), busy (another vedette has it), malformed (not a database).
Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& path,
                                                 Retention retention);
/// Opens or creates the database that the URI names ("vedette" when it names none), with
/// `mongodb://` or `mongodb+srv://`, credentials and TLS as MongoDB writes them. At most one
/// vedette has it at a time. commit() blocks for the timeouts of the URI at most.
/// @return refused (a mistake in the URI, credentials, a server before 5.0, collections of somebody
/// else, a newer schema), unavailable (nobody answers), busy (another vedette has it), io.
Result<std::unique_ptr<Store>> open_mongo_store(std::string_view uri, Retention retention);

}  // namespace vedette
