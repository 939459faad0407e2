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
      buffer_(std::move(other.buffer_)),
      written_(other.written_) {}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0 && fd_ != STDOUT_FILENO) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
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

Status AtomicFile::commit() {
  if (Status done = sync(); !done) return done;
  if (fd_ == STDOUT_FILENO) return {};
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return system_error(path_, errno);
  temporary_.clear();
  const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path{"."};
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
