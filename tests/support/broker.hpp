/// A real mosquitto for a test: private configuration, a free port of 127.0.0.1, gone with the
/// test.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace vedette::test {

/// A port nobody listened on a moment ago.
inline std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool ok =
      ::bind(fd, generic, sizeof address) == 0 && ::getsockname(fd, generic, &size) == 0;
  ::close(fd);
  if (!ok) throw std::runtime_error("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

inline bool accepts_connections(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool ok = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return ok;
}

struct BrokerOptions {
  bool persistence = false;  ///< sessions survive stop() and start()
  bool tls = false;          ///< a self-signed certificate for 127.0.0.1, see ca_file()
  std::string user{};        ///< given: anonymous clients are refused
  std::string password{};
  std::vector<std::string> lines{};  ///< more configuration
};

class Broker {
 public:
  /// Listens when it returns; throws when no mosquitto can be started.
  explicit Broker(BrokerOptions options = {}) : options_(std::move(options)) {
    if (options_.tls) make_certificate();
    if (!options_.user.empty()) make_passwords();
    for (int attempt = 0; attempt < 5; ++attempt) {
      port_ = free_port();
      if (try_start()) return;
    }
    throw std::runtime_error("mosquitto does not start: " + process_->errors());
  }

  static bool available() { return !Process::find("mosquitto").empty(); }

  std::uint16_t port() const { return port_; }
  std::string uri() const {
    return fmt::format("{}://127.0.0.1:{}", options_.tls ? "mqtts" : "mqtt", port_);
  }
  std::string ca_file() const { return (folder_.path() / "broker.crt").string(); }
  Process& process() { return *process_; }
  /// What it logged, its first lines included.
  std::string log() const { return process_->errors(); }

  /// SIGTERM by default: sessions are saved when persistence is on.
  void stop(int signal = SIGTERM) {
    process_->kill(signal);
    process_->wait();
  }
  /// Again on the same port.
  void start() {
    if (!eventually([&] { return try_start(); })) {
      throw std::runtime_error("mosquitto does not start again: " + process_->errors());
    }
  }

 private:
  std::string file(const char* name) const { return (folder_.path() / name).string(); }

  static void run(const std::vector<std::string>& arguments) {
    Process process{arguments};
    if (process.wait() != 0) throw std::runtime_error(arguments[0] + ": " + process.errors());
  }
  void make_certificate() {
    run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", file("broker.key"), "-out", ca_file(), "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"});
  }
  void make_passwords() {
    run({"mosquitto_passwd", "-c", "-b", file("passwords"), options_.user, options_.password});
  }

  /// Unlimited where mosquitto would drop or hold back: its defaults lose QoS 1 messages beyond
  /// 1,000 queued ones.
  void write_configuration() const {
    std::ofstream out{file("mosquitto.conf")};
    out << "listener " << port_ << " 127.0.0.1\n"
        << "max_queued_messages 0\nmax_inflight_messages 0\nlog_dest stderr\nlog_type error\n"
        << "log_type warning\nlog_type notice\nlog_type information\nsys_interval 0\n";
    if (::geteuid() == 0) out << "user root\n";
    if (options_.user.empty()) {
      out << "allow_anonymous true\n";
    } else {
      out << "allow_anonymous false\npassword_file " << file("passwords") << "\n";
    }
    if (options_.tls) {
      out << "certfile " << ca_file() << "\nkeyfile " << file("broker.key") << "\n";
    }
    if (options_.persistence) {
      out << "persistence true\nautosave_interval 1\npersistence_location "
          << folder_.path().string() << "/\n";
    }
    for (const std::string& line : options_.lines) out << line << "\n";
  }

  bool try_start() {
    write_configuration();
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"mosquitto", "-c", file("mosquitto.conf")});
    const bool settled =
        eventually([&] { return !process_->running() || accepts_connections(port_); });
    return settled && process_->running();
  }

  BrokerOptions options_;
  TemporaryDirectory folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace vedette::test
