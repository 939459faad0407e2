/// Many connections against a real mosquitto.
#include "net/mqtt_crowd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <map>
#include <set>

#include "tests/support/broker.hpp"

namespace vedette {
namespace {

using namespace std::chrono_literals;
using test::Broker;
using test::eventually;
using testing::HasSubstr;

CrowdOptions crowd_of(const Broker& broker, std::size_t count) {
  CrowdOptions options;
  options.connection.broker = *parse_mqtt_uri(broker.uri());
  options.connection.client_id = "crowd";
  options.status_folder = "fleet";
  for (std::size_t i = 0; i < count; ++i) options.names.push_back("d" + std::to_string(i));
  return options;
}

std::unique_ptr<MqttCrowd> make(CrowdOptions options) {
  auto made = MqttCrowd::create(std::move(options));
  EXPECT_TRUE(made) << made.error().message;
  return std::move(made).value();
}

std::unique_ptr<MqttSubscriber> subscriber(const Broker& broker, std::string filter) {
  auto made = MqttSubscriber::create({.connection = {.broker = *parse_mqtt_uri(broker.uri()),
                                                     .client_id = "ear-" + filter.substr(0, 3)},
                                      .filters = {std::move(filter)}},
                                     1);
  EXPECT_TRUE(made) << made.error().message;
  return std::move(made).value();
}

/// Subscribed when it returns. REQUIRES: nothing is published yet.
std::unique_ptr<MqttSubscriber> listen(const Broker& broker, std::string filter) {
  auto ear = subscriber(broker, std::move(filter));
  EXPECT_TRUE(eventually([&] {
    const Status read = ear->read(
        20ms, 1, [](std::string_view topic, auto) { ADD_FAILURE() << "too early: " << topic; });
    return read.ok() && ear->connected();
  }));
  return ear;
}

using Heard = std::map<std::string, std::vector<std::string>>;

Heard hear(MqttSubscriber& ear, std::size_t wanted) {
  Heard heard;
  std::size_t count = 0;
  EXPECT_TRUE(eventually([&] {
    const Status read = ear.read(20ms, 2'000, [&](std::string_view topic, std::string_view body) {
      heard[std::string{topic}].emplace_back(body);
      ++count;
    });
    return read.ok() && ear.release().ok() && count >= wanted;
  })) << count
      << " of " << wanted;
  return heard;
}

TEST(MqttCrowd, EachConnectionKeepsItsOrderAndSaysThatItIsThere) {
  Broker broker;
  const auto ear = listen(broker, "iot/#");
  const auto status = listen(broker, "fleet/#");
  auto crowd = make(crowd_of(broker, 200));
  ASSERT_TRUE(crowd->wait_connected(10s));
  EXPECT_EQ(crowd->connected(), 200U);
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < 200; ++i) {
      ASSERT_TRUE(crowd->publish(i, "iot/" + std::to_string(i), std::to_string(round),
                                 static_cast<int>(i % 3), false));
    }
  }
  ASSERT_TRUE(crowd->wait_drained(0, 20s));
  const Heard heard = hear(*ear, 2'000);
  ASSERT_EQ(heard.size(), 200U);
  for (const auto& [topic, bodies] : heard) {
    EXPECT_THAT(bodies, testing::ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"))
        << topic;
  }
  EXPECT_EQ(hear(*status, 200).size(), 200U);
  crowd.reset();
  for (const auto& [topic, bodies] : hear(*status, 200)) {
    EXPECT_THAT(bodies, testing::ElementsAre(R"({"online":false})")) << topic;
  }
}

TEST(MqttCrowd, ComesBackAfterTheBrokerAndLosesNothingItWasToConfirm) {
  Broker broker{{.persistence = true}};
  auto ear = listen(broker, "iot/#");
  ear.reset();  // its session stays
  auto crowd = make(crowd_of(broker, 50));
  ASSERT_TRUE(crowd->wait_connected(10s));
  broker.stop();
  ASSERT_TRUE(eventually([&] { return crowd->connected() == 0; }));
  for (std::size_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(crowd->publish(i, "iot/" + std::to_string(i), "after", 1, false));
  }
  const Status away = crowd->wait_drained(0, 50ms);
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Errc::unavailable);
  broker.start();
  ASSERT_TRUE(crowd->wait_drained(0, 30s));
  ear = subscriber(broker, "iot/#");
  EXPECT_EQ(hear(*ear, 50).size(), 50U);
}

TEST(MqttCrowd, TheQueueIsBoundedOverAll) {
  Broker broker;
  broker.stop();
  CrowdOptions options = crowd_of(broker, 3);
  options.queued_max = 4;
  const auto crowd = make(options);
  for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(crowd->publish(i % 3, "a", "b", 1, false));
  const Status full = crowd->publish(0, "a", "b", 1, false);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::busy);
  for (const char* topic : {"", "a/+", "#", "a/\xff"}) {
    const Status bad = crowd->publish(0, topic, "x", 1, false);
    ASSERT_FALSE(bad) << topic;
    EXPECT_EQ(bad.error().code, Errc::malformed) << topic;
  }
  const Status up = crowd->wait_connected(300ms);
  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().message,
            broker.uri() + ": connection refused (0 of 3 devices are connected)");
}

TEST(MqttCrowd, WrongPasswordIsRefused) {
  Broker broker{{.user = "ann", .password = "right"}};
  CrowdOptions options = crowd_of(broker, 5);
  options.connection.broker.user = "ann";
  options.connection.broker.password = "wrong";
  const auto crowd = make(options);
  const Status up = crowd->wait_connected(10s);
  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().code, Errc::refused);
  EXPECT_THAT(up.error().message, HasSubstr(broker.uri() + ": not authori"));
}

TEST(MqttCrowdDeathTest, MoreThanTheLimitOfDescriptorsIsRefusedBeforeAnythingStarts) {
  Broker broker;
  CrowdOptions options = crowd_of(broker, 1'000);
  const auto try_under_a_small_limit = [&] {
    rlimit small{};
    small.rlim_cur = small.rlim_max = 62;
    ::setrlimit(RLIMIT_NOFILE, &small);
    const auto made = MqttCrowd::create(options);
    if (!made) std::fputs(made.error().message.c_str(), stderr);
    std::_Exit(made ? 0 : 7);
  };
  EXPECT_EXIT(try_under_a_small_limit(), testing::ExitedWithCode(7),
              "1000 connections need 3 file descriptors each in 4 threads; the limit "
              "\\(ulimit -Hn\\) lets us have 40 connections");
  options.names.resize(MqttCrowd::connections_max + 1, "x");
  const auto made = MqttCrowd::create(options);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("at most 25000"));
}

std::size_t resident_kib() {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    std::size_t kib = 0;
    status >> kib;
    return kib;
  }
  return 0;
}

/// Ten thousand devices on one machine. The broker needs a descriptor for each as well.
TEST(MqttCrowd, TenThousandConnections) {
  constexpr std::size_t count = 10'000;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < count + 1'000) {
    GTEST_SKIP() << "the limit of descriptors is " << limit.rlim_max;
  }
  Broker broker;
  const auto ear = listen(broker, "iot/#");
  CrowdOptions options = crowd_of(broker, count);
  options.queued_max = count;
  const std::size_t before = resident_kib();
  const auto begun = test::Steady::now();
  auto crowd = make(std::move(options));
  const Status up = crowd->wait_connected(10s);
  ASSERT_TRUE(up) << up.error().message;
  const double seconds = std::chrono::duration<double>(test::Steady::now() - begun).count();
  const std::size_t each = (resident_kib() - before) * 1024 / count;
  RecordProperty("bytes_per_connection", static_cast<int>(each));
  RecordProperty("connect_seconds", std::to_string(seconds));
  EXPECT_LT(each, 16'384U) << "bytes of memory a connection";
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_TRUE(crowd->publish(i, "iot/" + std::to_string(i), "here", 1, false));
  }
  ASSERT_TRUE(crowd->wait_drained(0, 30s));
  EXPECT_EQ(hear(*ear, count).size(), count);
  EXPECT_EQ(crowd->connected(), count);
}

}  // namespace
}  // namespace vedette
