/// A server that speaks MongoDB's protocol for a test: the one VEDETTE_MONGO_URI names, or FerretDB
/// over SQLite (tests/mongo_server) in a folder of its own.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/broker.hpp"
#include "tests/support/process.hpp"

namespace vedette::test {

/// FerretDB on a free port; may be killed and started again with what it holds.
class MongoServer {
 public:
  /// Where the program is: VEDETTE_MONGO_SERVER, or where ./dev puts it. "" when there is none.
  static std::string program() {
    const char* named = std::getenv("VEDETTE_MONGO_SERVER");
    const std::string path =
        named != nullptr ? named : std::string{VEDETTE_SOURCE_DIR} + "/build/tools/mongo_server";
    return ::access(path.c_str(), X_OK) == 0 ? path : "";
  }

  /// With a certificate and a key it speaks TLS.
  explicit MongoServer(const std::filesystem::path& folder, std::vector<std::string> tls = {})
      : folder_(folder), tls_(std::move(tls)), port_(free_port()) {
    std::filesystem::create_directories(folder);
    start();
  }

  void start() {
    std::vector<std::string> line{program(), fmt::format("127.0.0.1:{}", port_), folder_.string()};
    line.insert(line.end(), tls_.begin(), tls_.end());
    process_ = std::make_unique<Process>(line);
    if (!eventually([&] { return accepts_connections(port_) || !process_->running(); },
                    std::chrono::seconds{60}) ||
        !process_->running()) {
      throw std::runtime_error("mongo_server: " + process_->errors());
    }
  }
  void kill(int signal = SIGKILL) {
    process_->kill(signal);
    process_->wait();
  }
  /// Stands still, with its connections open, until SIGCONT.
  void signal(int number) { ::kill(process_->pid(), number); }

  std::uint16_t port() const { return port_; }
  std::string uri(const std::string& database) const {
    return fmt::format("mongodb://127.0.0.1:{}/{}", port_, database);
  }

 private:
  std::filesystem::path folder_;
  std::vector<std::string> tls_;
  std::uint16_t port_;
  std::unique_ptr<Process> process_;
};

}  // namespace vedette::test
