#include "app/broker_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>

#include "base/file.hpp"

namespace vedette {

namespace {

constexpr std::chrono::seconds start_wait_max{10};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool accepts_connections(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool done = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return done;
}

/// The port the system gave for `wanted` (0: any), or 0 when it is taken.
std::uint16_t try_port(std::uint16_t wanted) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = loopback(wanted);
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  return bound ? ntohs(address.sin_port) : std::uint16_t{0};
}

/// Debian installs mosquitto in /usr/sbin, which is not on every user's PATH.
std::string find_mosquitto() {
  std::string path = ::getenv("PATH") != nullptr ? ::getenv("PATH") : "";
  path += ":/usr/sbin:/usr/local/sbin";
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::string candidate = path.substr(at, end - at) + "/mosquitto";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    at = end + 1;
  }
  return {};
}

Status write_settings(const std::filesystem::path& folder, std::uint16_t port) {
  // The default queue of 1,000 drops acknowledged messages without a word, and persistence without
  // an interval loses everything on a kill.
  // Started by root it would change to a user that cannot write here.
  const char* user = ::geteuid() == 0 ? "user root\n" : "";
  const std::string settings = fmt::format(
      "listener {} 127.0.0.1\nallow_anonymous true\n{}"
      "max_queued_messages 0\nmax_inflight_messages 0\n"
      "persistence true\npersistence_location {}/\nautosave_interval 1\n",
      port, user, folder.string());
  return write_whole(folder / "mosquitto.conf", std::as_bytes(std::span{settings}));
}

[[noreturn]] void become_mosquitto(const std::string& program, const std::string& settings,
                                   const std::string& log) {
  ::setpgid(0, 0);  // Ctrl-C is ours: the broker outlives us by the moment it takes to say goodbye
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd >= 0) {
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
  }
  ::execl(program.c_str(), program.c_str(), "-c", settings.c_str(), nullptr);
  ::_exit(127);
}

}  // namespace

Result<std::uint16_t> free_port(std::uint16_t wanted) {
  if (const std::uint16_t port = try_port(wanted)) return port;
  if (const std::uint16_t port = try_port(0)) return port;
  return Error{Errc::io, "no free port on 127.0.0.1"};
}

Result<BrokerProcess> BrokerProcess::start(const std::filesystem::path& folder,
                                           std::stop_token stop) {
  const std::string program = find_mosquitto();
  if (program.empty()) {
    return Error{Errc::unavailable, "mosquitto is not installed (apt install mosquitto)"};
  }
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return Error{Errc::io, folder.string() + ": " + failed.message()};
  const std::filesystem::path absolute = std::filesystem::absolute(folder);
  const Result<std::uint16_t> port = free_port(0);
  if (!port) return port.error();
  if (Status done = write_settings(absolute, *port); !done) return done.error();

  const std::string settings = absolute / "mosquitto.conf";
  const std::string log = absolute / "mosquitto.log";
  const pid_t pid = ::fork();
  if (pid < 0) return system_error(program, errno);
  if (pid == 0) become_mosquitto(program, settings, log);
  BrokerProcess broker{pid, *port};
  const auto deadline = std::chrono::steady_clock::now() + start_wait_max;
  while (!accepts_connections(*port)) {
    const bool ended = ::waitpid(pid, nullptr, WNOHANG) == pid;
    if (ended) broker.pid_ = -1;
    if (ended || stop.stop_requested() || std::chrono::steady_clock::now() > deadline) {
      return Error{Errc::unavailable, fmt::format("mosquitto did not start; see {}", log)};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return broker;
}

BrokerProcess::BrokerProcess(BrokerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), port_(other.port_) {}

BrokerProcess::~BrokerProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

std::string BrokerProcess::uri() const {
  return fmt::format("mqtt://127.0.0.1:{}", port_);
}

}  // namespace vedette
