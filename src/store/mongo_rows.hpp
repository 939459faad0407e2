/// The documents of the MongoDB store (docs/formats/mongo.md shows each): our types to BSON and
/// back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/mongo_bson.hpp"
#include "store/store.hpp"

namespace vedette::mongo {

namespace collection {
constexpr const char* stamp = "vedette";  ///< one document: who wrote this, and where it stands
constexpr const char* verdicts = "verdicts";
constexpr const char* devices = "devices";
constexpr const char* minutes = "minutes";
constexpr const char* spans = "spans";
constexpr const char* alerts = "alerts";
constexpr const char* quarantine = "quarantine";
constexpr const char* users = "users";
constexpr const char* tokens = "tokens";
constexpr const char* audit = "audit";
constexpr const char* settings = "settings";
constexpr const char* all[] = {stamp,      verdicts, devices, minutes, spans,   alerts,
                               quarantine, users,    tokens,  audit,   settings};
}  // namespace collection

/// The key of a record as an _id whose order as text is the order of RecordKey: that of the API
/// with the time in 19 digits. A time before 1970 is "-" and its distance from the smallest one.
std::string id_of(RecordKey key);
std::optional<RecordKey> key_of(std::string_view id);
/// The smallest _id of that time or later.
std::string id_from(Time time);

Doc judged_document(const Judged& judged, std::uint64_t batch);
/// @return corrupt.
Status read_judged(const View& document, Judged& judged);

/// What the line says of an alert; the marks of users are not in it.
Doc alert_document(const Alert& alert);
/// @return corrupt.
Result<Alert> read_alert(const View& document);

Doc quarantined_document(const Quarantined& message, std::uint64_t id);
Quarantined read_quarantined(const View& document);

Doc user_document(const User& user);
User read_user(const View& document);
Doc token_document(const Token& token);
Token read_token(const View& document);
Doc audit_document(const AuditEntry& entry, std::int64_t id);
AuditEntry read_audit(const View& document);

}  // namespace vedette::mongo
