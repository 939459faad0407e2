/// The dictionaries of the writer: names become small integers once, so that a row of the store
/// carries neither the device's name nor the model's, and the hot path looks them up in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/sqlite_db.hpp"

namespace vedette::sqlite {

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <class T>
using NameMap = std::unordered_map<std::string, T, NameHash, std::equal_to<>>;

/// `labels` or `models`. Not thread-safe.
class Names {
 public:
  Status prepare(Connection& db, std::string_view table);
  /// @return a negative number when the database failed.
  std::int64_t id_of(std::string_view name);
  /// After a rollback ids given since are not in the database.
  void forget() { ids_.clear(); }

 private:
  static constexpr std::size_t names_max = 4096;
  NameMap<std::int64_t> ids_;
  Statement find_;
  Statement insert_;
};

/// What a batch adds to a device, a minute or the whole store.
struct Tally {
  std::uint64_t flows = 0;
  std::uint64_t readings = 0;
  std::uint64_t anomalies = 0;
  float score_max = 0;

  void add(bool is_flow, bool anomalous, float score) {
    (is_flow ? flows : readings) += 1;
    anomalies += anomalous ? 1 : 0;
    score_max = score > score_max ? score : score_max;
  }
  std::uint64_t records() const { return flows + readings; }
};

/// A run of records within one minute of service time.
struct MinuteTally {
  std::int64_t minute = 0;  ///< microseconds, start of the minute
  Tally tally;
};

struct Device {
  std::int64_t id = 0;
  bool touched = false;  ///< something below waits to be written
  Time first;
  Time last;
  Tally total;
  MinuteTally minute;
};

/// `devices` and `device_minutes`. Counts are gathered here and written once per device and batch.
/// Not thread-safe.
class Devices {
 public:
  Status prepare(Connection& db);
  /// Called before a batch: bounds the memory (a name is loaded again when it is needed).
  void trim();
  /// nullptr when the database failed. Valid until trim() or forget().
  Device* find(std::string_view name, Time received);
  /// Counts a new record. False when the database failed.
  bool count(Device& device, Time received, bool is_flow, bool anomalous, float score);
  /// Writes what was counted. False when the database failed.
  bool flush();
  /// After a rollback, or when devices were deleted.
  void forget();

 private:
  static constexpr std::size_t devices_max = 65'536;
  bool write_minute(Device& device);

  NameMap<Device> devices_;
  std::vector<Device*> touched_;
  Statement find_;
  Statement insert_;
  Statement update_;
  Statement minute_;
};

/// Rounds down to the minute, also before 1970.
constexpr std::int64_t minute_of(Time time) {
  return micros(std::chrono::floor<std::chrono::minutes>(time));
}

}  // namespace vedette::sqlite
