/// LabelsFile: truth lines (record/truth_note.hpp) that stand in a file beside the records, joined
/// to them by key as both are read. Inside ingest/ only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "record/record.hpp"
#include "record/truth_note.hpp"

namespace vedette {

/// Both files are written in the same order, so the join is a merge: it reads on until it finds the
/// key or is past it. What it passes on the way waits in a ring of `ahead_max` notes for records
/// that come later; the oldest of a full ring are forgotten. Not thread-safe.
class LabelsFile {
 public:
  /// @return what MappedFile::open returns.
  static Result<std::unique_ptr<LabelsFile>> open(const std::string& path);

  /// Sets `truth` to what the file says of `key`; leaves it alone when the file says nothing.
  /// @return malformed naming file and line; mismatch when none of the first `misses_max` records
  /// is in the file: it belongs to another one.
  Status join(RecordKey key, Truth& truth);
  /// All records were joined. @return mismatch when there were some and none was in the file.
  Status finish() const;

  static constexpr std::size_t ahead_max = 4096;
  static constexpr std::uint64_t misses_max = 4096;

 private:
  struct Entry {
    RecordKey key;
    std::string label;
    bool taken = false;
  };

  LabelsFile(MappedFile file, std::string name);
  Entry& at(std::size_t i) { return ring_[(first_ + i) % ahead_max]; }
  bool take_waiting(RecordKey key, Truth& truth);
  Result<bool> read_on(RecordKey key, Truth& truth);
  /// The next note of a record into note_. @return false at the end of the file.
  Result<bool> read_note();
  void keep_note();
  Error foreign() const;

  MappedFile file_;
  std::string name_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 0;
  TruthNote note_;
  std::vector<Entry> ring_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::uint64_t joined_ = 0;
  std::uint64_t missed_ = 0;
};

}  // namespace vedette
