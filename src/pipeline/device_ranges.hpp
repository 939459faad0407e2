/// DeviceRanges: what is usual for each device, column by column, for explanations.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "feature/feature.hpp"
#include "pipeline/recent_table.hpp"

namespace vedette {

/// Least and greatest value of each column over a device's last `epoch` to 2 × `epoch` rows that
/// were learned from: of so many rows that is their middle 98 %. Every row of a device that comes
/// in `skip` on average is learned from, drawn by the record's key: the same whatever the batches.
///
/// Bounded: 16 bytes a column and device (2.2 KiB for the set "windows") for at most `devices_max`
/// devices, 36 MiB together; RecentTable says who leaves. Not saved: after a restart a device's
/// ranges are those of training until it was seen for a while. Not thread-safe.
class DeviceRanges {
 public:
  static constexpr std::size_t devices_max = 16'384;
  static constexpr std::uint32_t epoch = 64;
  static constexpr std::uint32_t known_rows = 16;  ///< fewer say too little
  static constexpr std::uint64_t skip = 4;
  static constexpr Duration calm = std::chrono::minutes{1};  ///< of event time

  /// Takes rows of another schema from here on: forgets those of the one before.
  void fit(std::uint64_t schema, std::size_t width);
  /// A row of it was judged anomalous. Rows within `calm` of the last such are not learned from:
  /// what an attack does below the threshold is nothing usual.
  void disturb(const Record& record);
  /// A row that was judged normal. REQUIRES: row.size() is the width.
  void learn(const Record& record, std::span<const float> row);
  /// True and one range per column when at least `known_rows` rows of the device were learned from.
  bool usual(std::string_view device, std::vector<UsualRange>& out) const;
  std::uint64_t evicted() const { return devices_.evicted(); }

 private:
  struct Device {
    std::vector<float> bounds;  // low and high of this epoch, low and high of the one before
    std::uint32_t now = 0, before = 0;  // rows
    std::optional<Time> disturbed;
    void clear() {
      now = before = 0;
      disturbed.reset();
    }
  };
  std::uint64_t schema_ = 0;
  std::size_t width_ = 0;
  RecentTable<Device> devices_{devices_max};
};

}  // namespace vedette
