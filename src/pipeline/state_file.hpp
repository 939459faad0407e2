/// StateFile: what the line knows of the devices (DeviceWindows), kept over a restart.
///
/// The file is "VDSTATE1", u64 XXH3 of all that follows, i64 time of writing (microseconds), then
/// what DeviceWindows::save() wrote. It is written whole or not at all: a crash loses what was
/// learned since the last writing, no more. Its size is that of the windows: 3 KiB a source, 1 KiB
/// a series, about 500 MB when both tables are full; the same is held in memory while it is
/// written.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <string>

#include "base/clock.hpp"
#include "feature/feature.hpp"

namespace vedette {

/// Belongs to the line's thread; the bytes go to the disk on a thread of its own.
class StateFile {
 public:
  /// What was known longer ago is dropped: addresses are dealt anew, habits change.
  static constexpr std::chrono::hours age_max{24};
  static constexpr std::uint64_t bytes_max = std::uint64_t{1} << 30U;

  explicit StateFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~StateFile();
  StateFile(StateFile&&) = default;

  /// Fills the windows, or leaves them empty. @return a sentence for people: what was restored, or
  /// why nothing was.
  std::string restore(DeviceWindows& windows, std::uint64_t features, Time now) const;
  /// Begins to write, unless the last writing is not done yet. @return what became of the last one.
  Status save(const DeviceWindows& windows, std::uint64_t features, Time now);
  /// Waits for the last writing. @return what became of it.
  Status finish();

 private:
  std::filesystem::path path_;
  std::future<Status> writing_;
};

}  // namespace vedette
