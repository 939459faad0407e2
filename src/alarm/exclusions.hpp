/// Exclusions: what users do not want to be told about.
///
/// A record that an exclusion covers keeps its verdict; it is marked and raises no alert. Devices'
/// clocks decide whether it lies in a window (that is the time people see on it), the service's
/// clock whether the exclusion is in force.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "record/verdict.hpp"

namespace vedette {

/// [from, to) of every day, UTC, each below 24 h; over midnight when `to` is less than `from`.
struct DayWindow {
  std::chrono::minutes from{0};
  std::chrono::minutes to{0};
  bool holds(Time time) const;
};

/// Covers what fits everything that is said; what is left out ("" or nothing) fits anything.
struct Exclusion {
  std::uint64_t id = 0;
  std::string device{};
  std::optional<RecordKind> kind{};
  std::string label{};                  ///< the class
  std::string destination{};            ///< resp_h: with it, or a port, only flows are covered
  std::optional<std::uint16_t> port{};  ///< resp_p
  std::optional<DayWindow> day{};
  std::optional<Time> from{};  ///< event time, inclusive
  std::optional<Time> to{};    ///< exclusive
  std::string reason{};
  std::string created_by{};
  Time created{};                 ///< in force from here,
  std::optional<Time> expires{};  ///< to here; nothing: until it is deleted
  std::uint64_t hidden = 0;       ///< records in the store that it marked; filled by Store

  /// It names a device, a kind, a class, a destination, a port or a window: without, it would
  /// silence everything for good.
  bool names_something() const;
  bool in_force(Time received) const {
    return received >= created && (!expires || received < *expires);
  }
  bool covers(const Judged& judged) const;
};

/// Immutable, quick to ask.
class ExclusionSet {
 public:
  static constexpr std::size_t exclusions_max = 1'000;

  ExclusionSet() = default;
  explicit ExclusionSet(std::vector<Exclusion> exclusions);
  ExclusionSet(const ExclusionSet&) = delete;  // the lists point into all_
  ExclusionSet& operator=(const ExclusionSet&) = delete;

  /// The smallest id among those that cover an anomalous record and are in force when it was
  /// received; 0: none.
  std::uint64_t covering(const Judged& judged) const;
  const std::vector<Exclusion>& all() const { return all_; }

 private:
  std::vector<Exclusion> all_;  // by id
  std::unordered_map<std::string, std::vector<const Exclusion*>> of_device_;
  std::vector<const Exclusion*> of_any_;
};

/// Shared by the line, which marks, and the API, which swaps the set whole. Thread-safe.
class Exclusions {
 public:
  void swap(std::vector<Exclusion> exclusions);
  std::shared_ptr<const ExclusionSet> look() const { return set_.load(); }
  /// Marks the anomalous records that are covered. @return how many.
  std::uint64_t mark(Batch& batch) const;

 private:
  std::atomic<std::shared_ptr<const ExclusionSet>> set_{std::make_shared<const ExclusionSet>()};
};

}  // namespace vedette
