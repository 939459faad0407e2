// `vedette demo` as a new user meets it, and the dashboard in a real browser.
#include <gtest/gtest.h>

#include <regex>

#include "tests/support/service.hpp"

namespace vedette::test {
namespace {

std::string printed(const std::string& output, const char* pattern) {
  std::smatch match;
  return std::regex_search(output, match, std::regex{pattern}) ? match[1].str() : "";
}

std::size_t children_of(pid_t parent) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    std::ifstream stat{entry.path() / "stat"};
    std::string pid, name, state;
    pid_t of = 0;
    if (stat >> pid >> name >> state >> of && of == parent) ++count;
  }
  return count;
}

class Demo : public testing::Test {
 protected:
  void SetUp() override {
    if (!Broker::available()) GTEST_SKIP() << "mosquitto is not installed";
  }
  void start() {
    demo_ = std::make_unique<Process>(std::vector<std::string>{program(), "demo", "--state",
                                                               folder_.path().string(), "--port",
                                                               std::to_string(free_port())});
    const auto ready = [&] {
      return demo_->output().find("Ctrl-C") != std::string::npos || !demo_->running();
    };
    ASSERT_TRUE(eventually(ready, std::chrono::minutes{5}));
    ASSERT_TRUE(demo_->running()) << demo_->errors();
    url_ = printed(demo_->output(), "dashboard +(http\\S+)");
    password_ = printed(demo_->output(), "password +(\\S+)");
    port_ = static_cast<std::uint16_t>(std::stoi(printed(url_, ":([0-9]+)$")));
  }
  /// → the session cookie
  std::string sign_in() {
    const HttpReply answer =
        HttpClient{port_}.ask("POST", "/api/v1/login", {{"Content-Type", "application/json"}},
                              nlohmann::json{{"user", "admin"}, {"password", password_}}.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return printed(answer.header("set-cookie"), "(vedette_session=[^;]+)");
  }
  nlohmann::json get(const std::string& cookie, const std::string& path) {
    return nlohmann::json::parse(HttpClient{port_}.ask("GET", path, {{"Cookie", cookie}}).body,
                                 nullptr, false);
  }
  void stop_and_look_for_leftovers() {
    const pid_t pid = demo_->pid();
    EXPECT_GE(children_of(pid), 1U) << "the broker is a child";
    demo_->kill(SIGINT);
    EXPECT_EQ(demo_->wait(std::chrono::seconds{30}), 0) << demo_->errors();
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder_.path()}) {
      EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
    }
    const auto broker = printed(demo_->output(), "mqtt://127.0.0.1:([0-9]+)");
    EXPECT_FALSE(accepts_connections(static_cast<std::uint16_t>(std::stoi(broker))));
  }

  TemporaryDirectory folder_;
  std::unique_ptr<Process> demo_;
  std::string url_;
  std::string password_;
  std::uint16_t port_ = 0;
};

TEST_F(Demo, ShowsVerdictsWithinTwentySecondsAndStartsAgain) {
  for (int turn = 0; turn < 2; ++turn) {
    ASSERT_NO_FATAL_FAILURE(start());
    const std::string cookie = sign_in();
    EXPECT_TRUE(eventually(
        [&] {
          return !get(cookie, "/api/v1/verdicts?limit=1")["items"].empty() &&
                 get(cookie, "/api/v1/devices")["items"].size() >= 20;
        },
        std::chrono::seconds{20}));
    EXPECT_FALSE(get(cookie, "/api/v1/simulation")["devices"].empty());
    // The truth arrives beside the stream and meets its verdicts.
    EXPECT_TRUE(
        eventually([&] { return get(cookie, "/api/v1/scoreboard")["records"]["joined"] > 100; },
                   std::chrono::seconds{20}));
    stop_and_look_for_leftovers();
  }
}

TEST_F(Demo, IsSeenLiveInABrowser) {
  if (Process::find("chromium").empty()) GTEST_SKIP() << "chromium is not installed";
  if (Process::find("node").empty()) GTEST_SKIP() << "node is not installed";
  ASSERT_NO_FATAL_FAILURE(start());
  const std::string shots = std::string{VEDETTE_BINARY_DIR} + "/screenshots";
  std::filesystem::create_directories(shots);
  Process browser{{"env", "VEDETTE_URL=" + url_, "VEDETTE_USER=admin",
                   "VEDETTE_PASSWORD=" + password_, "node",
                   std::string{VEDETTE_SOURCE_DIR} + "/tests/browser/run.mjs", shots}};
  EXPECT_EQ(browser.wait(std::chrono::minutes{4}), 0) << browser.output() << browser.errors();
  // It says so when it leaves the page of the fleet out.
  EXPECT_EQ(browser.output().find("no fleet"), std::string::npos) << browser.output();
  stop_and_look_for_leftovers();
}

}  // namespace
}  // namespace vedette::test
