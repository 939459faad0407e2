/// The database before the first record: whose it is, its collections and indexes, and the lease
/// that keeps a second vedette away.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "store/mongo_client.hpp"
#include "store/store.hpp"
#include "store/transfer.hpp"

namespace vedette::mongo {

constexpr std::int64_t schema_version = 1;
/// An owner that did not write for this long is gone. The line writes once a second.
constexpr std::chrono::milliseconds lease{10'000};

/// Where the store stands: the one document of the collection `vedette`. Every change of it is one
/// write that names the `seq` it found, so that a write that was thought lost and comes late, or
/// one of an owner who lost the lease, changes nothing.
struct Position {
  std::uint64_t seq = 0;
  std::uint64_t committed = 0;  ///< batches up to this one are stored, and shown
  std::uint64_t flushed = 0;    ///< tallies are written up to this batch
  std::uint64_t dropped = 0;    ///< batches up to this one are dropped by retention
  std::uint64_t flows = 0;      ///< records held
  std::uint64_t readings = 0;
  std::uint64_t anomalies = 0;
  std::uint64_t quarantined = 0;  ///< ever; also the last _id given in `quarantine`
  std::uint64_t alert_next = 1;   ///< the id of the next alert
  std::uint64_t incident_next = 1;
  friend bool operator==(const Position&, const Position&) = default;
};

struct Opened {
  std::string owner;  ///< ours
  Position position;
  bool clean = false;               ///< the last owner closed it: nothing half done is left
  std::vector<std::int64_t> tried;  ///< numbers below `committed` whose commit failed
  Alarms pending;                   ///< of the last write, maybe not in `alerts` yet
};

/// Checks that server and database are fit, makes what is missing, takes the lease. Touches nothing
/// when it fails. @return refused (a server before 5.0, credentials, a database of somebody else, a
/// newer schema), unavailable, busy (another vedette has it).
Result<Opened> open_database(Client& client, const Retention& retention);

/// The filter of the one document.
Doc stamp_filter();
Doc position_fields(const Position& position);
Position read_position(const View& stamp);

}  // namespace vedette::mongo
