/// DeviceWindows from the inside: a bounded table of series and one of sources.
#pragma once

#include <cstdint>
#include <string_view>

#include "feature/feature.hpp"
#include "feature/lru_table.hpp"
#include "feature/peers.hpp"
#include "feature/series_state.hpp"
#include "feature/source_state.hpp"

namespace vedette {

struct DeviceWindows::State {
  explicit State(Options given)
      : options(given), series_table(given.series_max), source_table(given.sources_max) {}

  /// The state of a series. Valid until the next call.
  SeriesState& series(std::string_view device, std::string_view name);
  /// Counts a flow of its device. REQUIRES: record.kind == flow.
  WindowFacts observe(const Record& record, RowNotes& notes);
  /// A device never seen starts as its peers are: as the one of them whose rate of flows is in the
  /// middle, so that one peer under attack is nobody's example.
  void start_from_peers(SourceState& source, const Record& record) const;

  Options options;
  LruTable<SeriesState> series_table;
  LruTable<SourceState> source_table;
  Peers peers;
  std::uint64_t too_late = 0;
};

}  // namespace vedette
