/// Preview: what another threshold or other exclusions would have made of the stored past.
///
/// The very fold of the service runs twice over the rows in their order of arrival: once as they
/// were judged, once as they would have been. What comes out for the second is what a replay of the
/// same records through a line with that threshold and those exclusions stores (a test holds the
/// two together). Not known are: evidence and open alerts from before `from`, thresholds that were
/// wider for devices still being learned (a threshold given replaces them all), and rows of schema
/// version 1 that were not anomalous, whose class is "Benign" below their threshold too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "alarm/exclusions.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "record/verdict.hpp"

namespace vedette {

class Store;

struct PreviewQuery {
  std::optional<float> threshold{};      ///< nothing: as each row was judged
  std::optional<RecordKind> kind{};      ///< the threshold is for these; nothing: for both
  std::vector<Exclusion> exclusions{};   ///< in force over the whole past
  std::vector<std::uint64_t> without{};  ///< exclusions of the store that would not be
  std::optional<Time> from{};            ///< received; by default all that is stored
  std::optional<Time> to{};
};

struct PreviewCounts {
  std::uint64_t anomalous = 0;  ///< records
  std::uint64_t excluded = 0;   ///< of these
  std::uint64_t alerts = 0;     ///< raised
  std::uint64_t incidents = 0;  ///< begun
};
struct PreviewPair {
  PreviewCounts now;
  PreviewCounts would;
};
struct PreviewDay {
  Time day;  ///< midnight UTC, by time received
  PreviewPair counts;
};
/// An incident counts for the device whose alert began it.
struct PreviewDevice {
  std::string device;
  PreviewPair counts;
};

struct Preview {
  Time from;  ///< the first row received, or what was asked
  Time to;
  Time covered_to;  ///< before `to` when it was cut
  bool cut = false;
  PreviewPair total;
  std::uint64_t hidden = 0;            ///< records that were told and would not be
  std::uint64_t raised = 0;            ///< that were not and would be
  std::vector<PreviewDay> days;        ///< oldest first, at most `days_max`
  std::vector<PreviewDevice> devices;  ///< the largest differences in alerts first

  static constexpr std::size_t days_max = 366;
  static constexpr std::size_t devices_listed_max = 20;
  /// Devices beyond these count in the totals alone.
  static constexpr std::size_t devices_max = 50'000;
  static constexpr std::uint64_t rows_max = 2'000'000;  ///< rows folded; then it is cut
  static constexpr std::chrono::seconds time_max{10};   ///< of `clock`; then it is cut
};

/// Reads page by page, so that the line's commits go on meanwhile. @return what the store returns.
Result<Preview> preview(const Store& store, const PreviewQuery& query, const Clock& clock);

}  // namespace vedette
