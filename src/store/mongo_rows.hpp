/// The documents of the MongoDB store (docs/formats/mongo.md shows each): our types to BSON and
/// back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/mongo_bson.hpp"
#include "store/mongo_client.hpp"
#include "store/store.hpp"

namespace vedette::mongo {

namespace collection {
constexpr const char* stamp = "vedette";  ///< one document: who wrote this, and where it stands
constexpr const char* verdicts = "verdicts";
constexpr const char* devices = "devices";
constexpr const char* minutes = "minutes";
constexpr const char* spans = "spans";
constexpr const char* alerts = "alerts";
constexpr const char* incidents = "incidents";
constexpr const char* exclusions = "exclusions";
constexpr const char* quarantine = "quarantine";
constexpr const char* users = "users";
constexpr const char* tokens = "tokens";
constexpr const char* audit = "audit";
constexpr const char* settings = "settings";
constexpr const char* all[] = {stamp,  verdicts,   devices,    minutes, spans,
                               alerts, incidents,  exclusions, users,   tokens,
                               audit,  quarantine, settings};
}  // namespace collection

/// The key of a record as an _id whose order as text is the order of RecordKey: that of the API
/// with the time in 19 digits. A time before 1970 is "-" and its distance from the smallest one.
std::string id_of(RecordKey key);
std::optional<RecordKey> key_of(std::string_view id);
/// The smallest _id of that time or later.
std::string id_from(Time time);

/// Where a record stands in the order of arrival.
struct Arrival {
  std::uint64_t batch = 0;
  std::uint64_t row = 0;  ///< of that batch
};
Doc judged_document(const Judged& judged, Arrival arrival);
/// @return corrupt.
Status read_judged(const View& document, Judged& judged);

// mongo_alarm_rows.cpp
/// What the line says of an alert; the marks of users are not in it.
Doc alert_document(const Alert& alert);
Doc alert_marks(const Alert& alert);
/// Writes what the line says. `adopted`: the whole alert, unless it is there already.
Change alert_change(const Alert& alert, bool adopted);
/// @return corrupt.
Result<Alert> read_alert(const View& document);

/// With the marks of users: the line changes them, too.
Doc incident_document(const Incident& incident);
Change incident_change(const Incident& incident, bool adopted);
Incident read_incident(const View& document);

Doc exclusion_document(const Exclusion& exclusion);
Exclusion read_exclusion(const View& document);

// Parts of several documents.
bool has_explanation(const Explanation& why);
/// Adds the field "why", unless there is nothing to say.
void set_explanation(Doc& doc, const Explanation& why);
void read_explanation(const View& document, Explanation& why);
std::optional<RecordKind> kind_from(std::string_view name);
Error damaged(std::string_view what, std::string_view id);

Doc quarantined_document(const Quarantined& message, std::uint64_t id);
Quarantined read_quarantined(const View& document);

Doc user_document(const User& user);
User read_user(const View& document);
Doc token_document(const Token& token);
Token read_token(const View& document);
Doc audit_document(const AuditEntry& entry, std::int64_t id);
AuditEntry read_audit(const View& document);

}  // namespace vedette::mongo
