/// The reading half of the MongoDB store: filters, order and pages are the server's work.
#pragma once

#include "store/mongo_client.hpp"
#include "store/store.hpp"

namespace vedette::mongo {

/// Which records are there: those of batches that were committed.
struct Visible {
  std::uint64_t committed = 0;      ///< up to this one
  std::vector<std::int64_t> tried;  ///< but not these, whose commit failed
};

Result<Page<Judged>> find_verdicts(const Client& client, const VerdictQuery& query,
                                   const Visible& visible);
Result<std::optional<Judged>> find_verdict(const Client& client, RecordKey key,
                                           const Visible& visible);
Result<Page<Alert>> find_alerts(const Client& client, const AlertQuery& query);
Result<std::optional<Alert>> find_alert(const Client& client, std::uint64_t id);
/// `last`: messages behind it are not there yet; `kept_max`: how many of the newest are shown.
Result<Page<Quarantined>> find_quarantined(const Client& client, std::string_view before,
                                           std::size_t limit, std::uint64_t last,
                                           std::size_t kept_max);
Result<Page<Incident>> find_incidents(const Client& client, const IncidentQuery& query);
Result<std::optional<Incident>> find_incident(const Client& client, std::uint64_t id);
Result<std::vector<Exclusion>> find_exclusions(const Client& client, const Visible& visible);
/// See Store. REQUIRES: one call at a time of these three.
Result<std::uint64_t> put_exclusion(const Client& client, const Exclusion& exclusion);
Status drop_exclusion(const Client& client, std::uint64_t id);
Status adopt_exclusions(const Client& client, const std::vector<Exclusion>& exclusions);

/// See Transfer::records(). The cursor is a batch and a row of it: "42 1999".
Result<Page<Judged>> find_records(const Client& client, std::string_view after, std::size_t limit,
                                  const Visible& visible);
/// See Store::arrivals(). The cursor is the same.
Result<std::string> find_arrivals(const Client& client, const ArrivalQuery& query,
                                  const std::function<void(const Judged&)>& take,
                                  const Visible& visible);
/// Adds to each device how many of its alerts are open.
Status count_open_alerts(const Client& client, std::vector<DeviceSummary>& devices);

}  // namespace vedette::mongo
