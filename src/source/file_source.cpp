/// Lines of files: mapped when the path is a regular file, streamed for standard input and pipes.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/expects.hpp"
#include "base/file.hpp"
#include "source/source.hpp"

namespace vedette {

namespace {

/// Four times what a decoder takes: far enough that a cut line is refused for its size, not for
/// what the cut left behind.
constexpr std::size_t line_bytes_max = std::size_t{1} << 20U;
constexpr std::size_t buffer_bytes = std::size_t{4} << 20U;

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Error empty(const std::string& name) {
  return Error{Errc::malformed, name + ": is empty"};
}

class MappedSource final : public Source {
 public:
  MappedSource(MappedFile file, std::string name, const Clock& clock)
      : file_(std::move(file)), name_(std::move(name)), clock_(clock) {}

  Result<Pulled> pull(std::size_t messages_max, std::chrono::milliseconds,
                      const Take& take) override {
    expects(messages_max > 0, "a pull asks for at least one message");
    const std::string_view text = file_.text();
    const Time now = clock_.now();
    for (std::size_t taken = 0; taken < messages_max && at_ < text.size(); ++taken) {
      const std::size_t end = std::min(text.find('\n', at_), text.size());
      take({.topic = {},
            .origin = name_,
            .payload = without_cr(text.substr(at_, end - at_)),
            .line = ++line_,
            .received = now});
      at_ = std::min(end + 1, text.size());
    }
    return at_ < text.size() ? Pulled::some : Pulled::end;
  }
  Status acknowledge() override { return {}; }
  std::string describe() const override { return name_; }
  std::uint64_t bytes_done() const override { return at_; }
  std::uint64_t bytes_total() const override { return file_.text().size(); }

 private:
  MappedFile file_;
  std::string name_;
  const Clock& clock_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 0;
};

/// One buffer of a fixed size: a pull hands out the whole lines in it and reads again only when
/// there is none, so the views it gave live until the next pull.
class StreamSource final : public Source {
 public:
  StreamSource(int fd, std::string name, const Clock& clock)
      : fd_(fd), name_(std::move(name)), clock_(clock), buffer_(buffer_bytes) {}
  ~StreamSource() override {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }

  Result<Pulled> pull(std::size_t messages_max, std::chrono::milliseconds wait,
                      const Take& take) override;
  Status acknowledge() override { return {}; }
  std::string describe() const override { return name_; }
  std::uint64_t bytes_done() const override { return bytes_done_; }

 private:
  std::size_t hand_out(std::size_t messages_max, const Take& take);
  Status fill(std::chrono::milliseconds wait);
  std::string_view held() const { return {buffer_.data() + begin_, end_ - begin_}; }

  int fd_;
  std::string name_;
  const Clock& clock_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< the first byte not handed out
  std::size_t end_ = 0;
  bool skipping_ = false;  ///< in the rest of a line that was cut
  bool eof_ = false;
  std::uint64_t line_ = 0;
  std::uint64_t bytes_done_ = 0;
};

Result<Pulled> StreamSource::pull(std::size_t messages_max, std::chrono::milliseconds wait,
                                  const Take& take) {
  expects(messages_max > 0, "a pull asks for at least one message");
  if (hand_out(messages_max, take) == 0 && !eof_) {
    if (Status ok = fill(wait); !ok) return ok.error();
    hand_out(messages_max, take);
  }
  if (eof_ && bytes_done_ == 0) return empty(name_);
  return eof_ && begin_ == end_ ? Pulled::end : Pulled::some;
}

std::size_t StreamSource::hand_out(std::size_t messages_max, const Take& take) {
  const Time now = clock_.now();
  std::size_t taken = 0;
  while (taken < messages_max && begin_ < end_) {
    const std::size_t newline = held().find('\n');
    const bool whole = newline != std::string_view::npos;
    if (skipping_) {
      begin_ = whole ? begin_ + newline + 1 : end_;
      skipping_ = !whole;
      continue;
    }
    if (!whole && !eof_ && held().size() <= line_bytes_max) break;
    const std::string_view line = held().substr(0, std::min(newline, line_bytes_max + 1));
    skipping_ = !whole && !eof_;
    const std::size_t used = whole ? newline + 1 : end_ - begin_;
    take({.topic = {},
          .origin = name_,
          .payload = without_cr(line).substr(0, line_bytes_max),
          .line = ++line_,
          .received = now});
    begin_ += used;
    ++taken;
  }
  return taken;
}

Status StreamSource::fill(std::chrono::milliseconds wait) {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
  pollfd ready{fd_, POLLIN, 0};
  const int found = ::poll(
      &ready, 1, static_cast<int>(std::min<std::int64_t>(wait.count(), std::int64_t{3'600'000})));
  if (found == 0 || (found < 0 && errno == EINTR)) return {};
  const ssize_t got = ::read(fd_, buffer_.data() + end_, buffer_.size() - end_);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (got < 0) return system_error(name_, errno);
  end_ += static_cast<std::size_t>(got);
  bytes_done_ += static_cast<std::uint64_t>(got);
  eof_ = got == 0;
  return {};
}

}  // namespace

Result<std::unique_ptr<Source>> open_file_source(const std::filesystem::path& path,
                                                 const Clock& clock) {
  if (path == "-") {
    return std::unique_ptr<Source>{
        std::make_unique<StreamSource>(STDIN_FILENO, "standard input", clock)};
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return system_error(path, errno);
    return std::unique_ptr<Source>{std::make_unique<StreamSource>(fd, path.string(), clock)};
  }
  auto file = MappedFile::open(path);
  if (!file) return file.error();
  if (file->bytes().empty()) return empty(path.string());
  return std::unique_ptr<Source>{
      std::make_unique<MappedSource>(std::move(file).value(), path.string(), clock)};
}

}  // namespace vedette
