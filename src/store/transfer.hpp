/// What copying a store to another kind of store needs beyond what the service asks of it. Both
/// SQLite and MongoDB have it: a Store from open_*_store() is a Transfer, too.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"

namespace vedette {

/// What a store keeps of alarms beside its records.
struct Alarms {
  std::vector<Alert> alerts;
  std::vector<Incident> incidents;
  std::vector<Exclusion> exclusions;
};

class Transfer {
 public:
  virtual ~Transfer() = default;

  /// Whole records in the order they arrived, oldest first. `after` is the `next` of the previous
  /// page, "" for the first. A page may be empty only at the end. @return malformed (a foreign
  /// cursor).
  virtual Result<Page<Judged>> records(std::string_view after, std::size_t limit) const = 0;
  /// As Store::commit(), but records make no alerts: those come as they are, with their ids, and so
  /// do incidents and exclusions. What is there already is left as it was. Open ones grow on when
  /// the store is opened the next time. May be called again with the same. REQUIRES: no commit() or
  /// maintain() before.
  virtual Status adopt(Batch& batch, const Alarms& alarms, Time now) = 0;
  virtual Result<std::map<std::string, std::string>> settings() const = 0;
};

}  // namespace vedette
