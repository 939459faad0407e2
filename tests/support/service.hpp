/// The real program in a test: `vedette` commands, and `vedette serve` with a token to ask it by.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/broker.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/process.hpp"

namespace vedette::test {

inline std::string program() {
  return std::string{VEDETTE_BINARY_DIR} + "/vedette";
}

/// The folder with real captures, "" when there is none: such tests say so and skip.
inline std::filesystem::path data_folder() {
  const char* named = std::getenv("VEDETTE_DATA");
  const std::filesystem::path folder =
      named != nullptr ? std::filesystem::path{named}
                       : std::filesystem::path{VEDETTE_SOURCE_DIR} / "../shared/data";
  return std::filesystem::is_directory(folder / "iot23") ? folder : std::filesystem::path{};
}

struct Outcome {
  int code = -1;
  std::string output;
  std::string errors;
};

/// Runs `vedette WORDS…` to its end.
inline Outcome run_vedette(std::vector<std::string> words, const std::string& input = "") {
  words.insert(words.begin(), program());
  Process process{words, input};
  const int code = process.wait(std::chrono::minutes{5}).value_or(-1);
  return {code, process.output(), process.errors()};
}

inline void write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream{path, std::ios::binary} << text;
}

/// `vedette serve` in a folder of its own. start() may be called again after kill(): the store and
/// the broker's session are still there.
class Service {
 public:
  Service(const std::filesystem::path& folder, std::string broker_uri, std::string models = "",
          std::string more = "")
      : config_(folder / "vedette.toml"), port_(free_port()) {
    write_file(config_, fmt::format("[mqtt]\nuri = \"{}\"\n[http]\nport = {}\n[models]\n{}\n{}\n",
                                    broker_uri, port_, models, more));
    const Outcome added =
        run_vedette({"user", "add", "tester", "--config", config_.string()}, "a long password\n");
    EXPECT_EQ(added.code, 0) << added.errors;
    const Outcome made =
        run_vedette({"user", "token", "tester", "--name", "test", "--config", config_.string()});
    EXPECT_EQ(made.code, 0) << made.errors;
    token_ = made.output.substr(0, made.output.find('\n'));
  }

  void start() {
    process_ =
        std::make_unique<Process>(std::vector<std::string>{program(), "serve", config_.string()});
    ASSERT_TRUE(eventually([&] { return accepts_connections(port_) || !process_->running(); }));
    ASSERT_TRUE(process_->running()) << process_->errors();
  }
  void start_connected() {
    start();
    ASSERT_TRUE(eventually([&] { return get("/api/v1/status")["source"]["connected"] == true; }))
        << process_->errors();
  }
  void kill(int signal = SIGKILL) {
    process_->kill(signal);
    EXPECT_TRUE(process_->wait()) << "it does not end";
  }
  Process& process() { return *process_; }

  nlohmann::json get(const std::string& path) {
    const HttpReply answer =
        HttpClient{port_}.ask("GET", path, {{"Authorization", "Bearer " + token_}});
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    return nlohmann::json::parse(answer.body, nullptr, false);
  }
  nlohmann::json counters() { return get("/api/v1/status")["counters"]; }
  /// Waits until that many messages are dealt with; checks the law on the way.
  void wait_for(std::uint64_t messages) {
    nlohmann::json seen;
    EXPECT_TRUE(eventually(
        [&] {
          seen = counters();
          const auto number = [&](const char* name) { return seen[name].get<std::uint64_t>(); };
          EXPECT_EQ(number("received"),
                    number("verdicts") + number("quarantined") + number("waiting"));
          return number("verdicts") + number("quarantined") >= messages;
        },
        std::chrono::minutes{3}))
        << seen.dump() << process_->errors();
  }

  std::uint16_t port() const { return port_; }
  const std::string& token() const { return token_; }
  std::filesystem::path store() const { return config_.parent_path() / "vedette.db"; }
  std::string config() const { return config_.string(); }

 private:
  std::filesystem::path config_;
  std::uint16_t port_;
  std::string token_;
  std::unique_ptr<Process> process_;
};

}  // namespace vedette::test
