/// A child process of a test: started with its output captured, and never left behind.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

extern char** environ;

namespace vedette::test {

using Steady = std::chrono::steady_clock;

/// A fresh directory under the system's temporary one, removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "vedette_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp: " + name);
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Calls `done` every few milliseconds until it says true or `limit` is over: how tests wait for
/// another process, which has no other way to tell them.
template <class Done>
bool eventually(Done done, std::chrono::milliseconds limit = std::chrono::seconds{20}) {
  const auto until = Steady::now() + limit;
  while (!done()) {
    if (Steady::now() >= until) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

/// Standard output and error go to unnamed files, so that a talkative child never blocks.
class Process {
 public:
  /// `arguments[0]` is looked up in PATH and /usr/sbin. `input` becomes its standard input.
  /// Throws when it cannot be started.
  explicit Process(const std::vector<std::string>& arguments, const std::string& input = "") {
    input_ = unnamed_file();
    output_ = unnamed_file();
    errors_ = unnamed_file();
    if (::pwrite(input_, input.data(), input.size(), 0) != static_cast<ssize_t>(input.size())) {
      throw std::runtime_error("cannot write the child's input");
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input_, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output_, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors_, STDERR_FILENO);
    std::vector<std::string> owned = arguments;
    owned[0] = program(arguments[0]);
    std::vector<char*> argv;
    for (std::string& argument : owned) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const int failed = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("cannot start " + owned[0]);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (running()) kill(SIGKILL);
    wait(std::chrono::seconds{10});
    for (const int fd : {input_, output_, errors_}) ::close(fd);
  }

  /// The full path of a program, "" when there is none.
  static std::string find(const std::string& name) {
    if (name.find('/') != std::string::npos) return name;
    const char* path = std::getenv("PATH");
    std::string folders = std::string{path == nullptr ? "" : path} + ":/usr/sbin:/usr/local/sbin";
    for (std::size_t at = 0; at <= folders.size();) {
      const std::size_t colon = std::min(folders.find(':', at), folders.size());
      const std::string candidate = folders.substr(at, colon - at) + "/" + name;
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
      at = colon + 1;
    }
    return "";
  }

  pid_t pid() const { return pid_; }
  bool running() { return !reap(WNOHANG); }
  void kill(int signal) {
    if (!status_) ::kill(pid_, signal);
  }
  /// The exit code, 128 + signal when killed, nothing when it still runs after `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit = std::chrono::seconds{60}) {
    eventually([&] { return reap(WNOHANG); }, limit);
    if (!status_) return {};
    return WIFEXITED(*status_) ? WEXITSTATUS(*status_) : 128 + WTERMSIG(*status_);
  }
  /// All it has written so far.
  std::string output() const { return contents(output_); }
  std::string errors() const { return contents(errors_); }

 private:
  static int unnamed_file() {
    std::string name = (std::filesystem::temp_directory_path() / "vedette_XXXXXX").string();
    const int fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0) throw std::runtime_error("mkostemp: " + name);
    ::unlink(name.c_str());
    return fd;
  }
  static std::string program(const std::string& name) {
    std::string found = find(name);
    if (found.empty()) throw std::runtime_error("no program " + name);
    return found;
  }
  static std::string contents(int fd) {
    std::string text;
    char part[65536];
    for (ssize_t got;
         (got = ::pread(fd, part, sizeof part, static_cast<off_t>(text.size()))) > 0;) {
      text.append(part, static_cast<std::size_t>(got));
    }
    return text;
  }
  bool reap(int flags) {
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, flags) == pid_) status_ = status;
    return status_.has_value();
  }

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;
  std::optional<int> status_;
};

}  // namespace vedette::test
