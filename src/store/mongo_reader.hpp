/// The reading half of the MongoDB store: filters, order and pages are the server's work.
#pragma once

#include "store/mongo_client.hpp"
#include "store/store.hpp"

namespace vedette::mongo {

/// `committed`: records of later batches are not there yet.
Result<Page<Judged>> find_verdicts(const Client& client, const VerdictQuery& query,
                                   std::uint64_t committed);
Result<std::optional<Judged>> find_verdict(const Client& client, RecordKey key,
                                           std::uint64_t committed);
Result<Page<Alert>> find_alerts(const Client& client, const AlertQuery& query);
Result<std::optional<Alert>> find_alert(const Client& client, std::uint64_t id);
/// `last`: messages behind it are not there yet; `kept_max`: how many of the newest are shown.
Result<Page<Quarantined>> find_quarantined(const Client& client, std::string_view before,
                                           std::size_t limit, std::uint64_t last,
                                           std::size_t kept_max);
/// Adds to each device how many of its alerts are open.
Status count_open_alerts(const Client& client, std::vector<DeviceSummary>& devices);

}  // namespace vedette::mongo
