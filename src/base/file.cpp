#include "base/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace vedette {

namespace {

constexpr std::size_t buffer_bytes_max = std::size_t{1} << 20U;
constexpr std::size_t pipe_bytes_max = std::size_t{256} << 20U;

Status write_all(int fd, const char* data, std::size_t size, const std::filesystem::path& path) {
  while (size > 0) {
    const ssize_t done = ::write(fd, data, size);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return system_error(path, errno);
    data += done;
    size -= static_cast<std::size_t>(done);
  }
  return {};
}

/// Fills `data` from what has no size of its own. @return how much there was.
Result<std::size_t> read_all(int fd, std::byte* data, std::size_t most,
                             const std::filesystem::path& path) {
  std::size_t size = 0;
  while (size < most) {
    const ssize_t got = ::read(fd, data + size, most - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, errno);
    if (got == 0) return size;
    size += static_cast<std::size_t>(got);
  }
  return Error{Errc::too_large, fmt::format("{}: a pipe or device is read up to {} MiB",
                                            path.string(), pipe_bytes_max >> 20U)};
}

/// A file without a name, which is gone when we are, or -1 where the file system has none.
int open_nameless(const std::filesystem::path& folder) {
  return ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
}

}  // namespace

Error system_error(const std::filesystem::path& path, int error_number) {
  const Errc code = error_number == ENOENT ? Errc::not_found : Errc::io;
  return Error{code, fmt::format("{}: {}", path.string(), std::strerror(error_number))};
}

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error(path, errno);
  struct stat info {};
  if (::fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
    const int why = S_ISDIR(info.st_mode) ? EISDIR : errno;
    ::close(fd);
    return system_error(path, why);
  }
  if (!S_ISREG(info.st_mode)) {
    Result<MappedFile> piped = from_pipe(fd, path);
    ::close(fd);
    return piped;
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) {
    ::close(fd);
    return MappedFile{nullptr, 0};
  }
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int why = errno;
  ::close(fd);
  if (data == MAP_FAILED) return system_error(path, why);
  ::madvise(data, size, MADV_SEQUENTIAL);
  return MappedFile{static_cast<const std::byte*>(data), size};
}

Result<MappedFile> MappedFile::from_pipe(int fd, const std::filesystem::path& path) {
  // Only what is written to takes memory.
  void* const data = ::mmap(nullptr, pipe_bytes_max, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return system_error(path, errno);
  auto* const bytes = static_cast<std::byte*>(data);
  const Result<std::size_t> size = read_all(fd, bytes, pipe_bytes_max, path);
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t kept = size ? (*size + page - 1) / page * page : 0;
  if (kept < pipe_bytes_max) ::munmap(bytes + kept, pipe_bytes_max - kept);
  if (!size) return size.error();
  return MappedFile{*size > 0 ? bytes : nullptr, *size};
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path) {
  if (path == "-") return AtomicFile{STDOUT_FILENO, path, {}};
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return system_error(path, EISDIR);
  std::filesystem::path temporary = path;
  temporary += fmt::format(".{}.tmp", ::getpid());
  if (const int fd = open_nameless(folder_of(path)); fd >= 0) {
    // commit() gives it the temporary name first: no call replaces a file by a nameless one.
    AtomicFile file{fd, path, std::move(temporary)};
    file.nameless_ = true;
    return file;
  }
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return system_error(path, errno);
  return AtomicFile{fd, path, std::move(temporary)};
}

AtomicFile::AtomicFile(int fd, std::filesystem::path path, std::filesystem::path temporary)
    : fd_(fd), path_(std::move(path)), temporary_(std::move(temporary)) {
  buffer_.reserve(buffer_bytes_max);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      nameless_(other.nameless_),
      buffer_(std::move(other.buffer_)),
      written_(other.written_) {}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0 && fd_ != STDOUT_FILENO) ::close(fd_);
  if (!temporary_.empty() && !nameless_) ::unlink(temporary_.c_str());
}

Status AtomicFile::flush() {
  Status done = write_all(fd_, buffer_.data(), buffer_.size(), path_);
  written_ += buffer_.size();
  buffer_.clear();
  return done;
}

Status AtomicFile::write(std::string_view text) {
  if (buffer_.size() + text.size() > buffer_bytes_max) {
    if (Status done = flush(); !done) return done;
  }
  if (text.size() > buffer_bytes_max) {
    written_ += text.size();
    return write_all(fd_, text.data(), text.size(), path_);
  }
  buffer_.append(text);
  return {};
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
  return write(std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Status AtomicFile::write_at(std::size_t offset, std::span<const std::byte> bytes) {
  expects(fd_ != STDOUT_FILENO, "standard output cannot be written out of order");
  expects(offset + bytes.size() <= size(), "write_at only overwrites what was written");
  if (Status done = flush(); !done) return done;
  const ssize_t done = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (done != static_cast<ssize_t>(bytes.size()))
    return system_error(path_, done < 0 ? errno : EIO);
  return {};
}

Status AtomicFile::sync() {
  if (Status done = flush(); !done) return done;
  if (fd_ == STDOUT_FILENO) return {};
  if (::fsync(fd_) != 0) return system_error(path_, errno);
  return {};
}

Status AtomicFile::give_name() {
  const std::string self = fmt::format("/proc/self/fd/{}", fd_);
  const auto link = [&] {
    return ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) == 0;
  };
  // A process of our number may have been killed right here.
  const bool named = link() || (errno == EEXIST && ::unlink(temporary_.c_str()) == 0 && link());
  if (!named) return system_error(path_, errno);
  nameless_ = false;
  return {};
}

Status AtomicFile::commit() {
  if (Status done = sync(); !done) return done;
  if (fd_ == STDOUT_FILENO) return {};
  if (nameless_) {
    if (Status named = give_name(); !named) return named;
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return system_error(path_, errno);
  temporary_.clear();
  const int directory = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
  return {};
}

Status write_whole(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  if (Status done = file->write(bytes); !done) return done;
  return file->commit();
}

}  // namespace vedette
