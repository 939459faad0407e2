/// Files: mapped whole for reading, written whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace vedette {

/// A file mapped read-only. Movable, unmaps itself. The file must not be truncated by others while
/// mapped (as with every mmap reader).
class MappedFile {
 public:
  /// What has no size (a pipe like <(zcat x.gz), a device) is read whole, up to 256 MiB.
  /// @return not_found, io ("…: is a directory"), too_large, each naming the path. An empty file is
  /// mapped as an empty span.
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  static Result<MappedFile> from_pipe(int fd, const std::filesystem::path& path);
  MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Writes a file so that a reader sees the old content or the whole new one: a nameless file in the
/// folder of `path`, fsync on commit(), a temporary name, rename, fsync of the directory. Dropped
/// without commit() (error, Ctrl-C, kill -9) nothing is left. Where the file system knows no
/// nameless files (O_TMPFILE) it has the temporary name from the beginning, and only kill -9 leaves
/// it. `path` "-" is standard output, written through.
class AtomicFile {
 public:
  /// @return io naming the path and the system's reason.
  static Result<AtomicFile> create(const std::filesystem::path& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// Buffered (1 MiB). @return io, e.g. "out.vds: No space left on device".
  Status write(std::span<const std::byte> bytes);
  Status write(std::string_view text);
  /// Overwrites bytes already written. REQUIRES: not standard output.
  Status write_at(std::size_t offset, std::span<const std::byte> bytes);
  /// Brings all that was written to the disk, under the temporary name still: what commit() does
  /// afterwards no longer needs room. For several files that appear together or not at all.
  Status sync();
  Status commit();
  std::size_t size() const { return written_ + buffer_.size(); }

 private:
  AtomicFile(int fd, std::filesystem::path path, std::filesystem::path temporary);
  Status flush();
  Status give_name();
  int fd_ = -1;
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  bool nameless_ = false;  ///< `temporary_` is still to be given
  std::string buffer_;
  std::size_t written_ = 0;
};

/// "path: reason" from errno.
Error system_error(const std::filesystem::path& path, int error_number);

/// All of it or nothing: an AtomicFile of one piece. Errors name the path.
Status write_whole(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace vedette
