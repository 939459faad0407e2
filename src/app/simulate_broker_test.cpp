// A simulated fleet and a real mosquitto: every QoS, TLS, one connection per device, and brokers
// that will not have us.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "app/simulate_test_support.hpp"
#include "tests/support/broker.hpp"

namespace vedette {
namespace {

using namespace std::chrono_literals;
using test::Broker;
using test::eventually;
using testing::HasSubstr;

class SimulateBroker : public testing::Test {
 protected:
  void SetUp() override {
    if (!Broker::available()) GTEST_SKIP() << "mosquitto is not installed";
  }
  static SimulateOptions options_for(const Broker& broker) {
    SimulateOptions options = to_broker();
    options.to = broker.uri();
    options.messages_max = 2'000;
    options.connect_wait = 5s;
    return options;
  }
  static Result<SimulateReport> run_real(const SimulateOptions& options) {
    const SystemClock clock;
    return run_simulate(options, clock, {});
  }
  static std::unique_ptr<MqttSubscriber> listen(const Broker& broker, std::string filter,
                                                std::string ca_file = "") {
    auto made =
        MqttSubscriber::create({.connection = {.broker = *parse_mqtt_uri(broker.uri()),
                                               .client_id = "ear-" + std::to_string(filter.size()),
                                               .ca_file = std::move(ca_file)},
                                .filters = {std::move(filter)}},
                               1);
    EXPECT_TRUE(made) << made.error().message;
    EXPECT_TRUE(eventually([&] {
      const Status read = (*made)->read(20ms, 1, [](auto, auto) {});
      return read.ok() && (*made)->connected();
    }));
    return std::move(made).value();
  }
  /// Reads until `done` says so.
  template <class Done>
  static std::map<std::string, std::vector<std::string>> hear(MqttSubscriber& ear, Done done) {
    std::map<std::string, std::vector<std::string>> heard;
    std::size_t count = 0;
    EXPECT_TRUE(eventually([&] {
      const Status read = ear.read(20ms, 1'000, [&](std::string_view topic, std::string_view body) {
        heard[std::string{topic}].emplace_back(body);
        ++count;
      });
      EXPECT_TRUE(ear.release());
      return read.ok() && done(count);
    })) << count
        << " messages";
    return heard;
  }
};

TEST_F(SimulateBroker, EveryQosArrivesMultiplexedAndPerDevice) {
  for (const bool per_device : {false, true}) {
    for (const int qos : {0, 1, 2}) {
      Broker broker;
      const auto ear = listen(broker, "iot/#");
      SimulateOptions options = options_for(broker);
      options.qos = qos;
      options.per_device = per_device;
      const auto report = run_real(options);
      ASSERT_TRUE(report) << report.error().message;
      EXPECT_EQ(report->sent, 2'000U);
      EXPECT_EQ(report->connections, per_device ? options.fleet.devices : 1);
      std::size_t total = 0;
      for (const auto& [topic, bodies] :
           hear(*ear, [](std::size_t count) { return count >= 2'000; })) {
        total += bodies.size();
      }
      EXPECT_EQ(total, 2'000U) << "QoS " << qos;
    }
  }
}

TEST_F(SimulateBroker, DevicesSayThatTheyComeAndGo) {
  Broker broker;
  const auto ear = listen(broker, "vedette/fleet/#");
  SimulateOptions options = options_for(broker);
  options.per_device = true;
  options.fleet.devices = 30;
  options.truth_topic = "vedette/truth";
  const auto report = run_real(options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->connections, 31U) << "one for the truth";
  const auto heard = hear(*ear, [](std::size_t count) { return count >= 60; });
  ASSERT_EQ(heard.size(), 30U);
  for (const auto& [topic, bodies] : heard) {
    EXPECT_TRUE(topic.ends_with("/status")) << topic;
    EXPECT_THAT(bodies, testing::ElementsAre(R"({"online":true})", R"({"online":false})"));
  }
  for (const std::string& name : FleetSimulator{options.fleet}.devices()) {
    EXPECT_EQ(heard.count("vedette/fleet/" + name + "/status"), 1U) << name;
  }
}

TEST_F(SimulateBroker, TlsWithTheRightCertificateDelivers) {
  Broker broker{{.tls = true}};
  const auto ear = listen(broker, "iot/#", broker.ca_file());
  for (const bool per_device : {false, true}) {
    SimulateOptions options = options_for(broker);
    options.per_device = per_device;
    options.connection.ca_file = broker.ca_file();
    const auto report = run_real(options);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->sent, 2'000U);
    hear(*ear, [](std::size_t count) { return count >= 2'000; });
  }
}

TEST_F(SimulateBroker, BrokersThatWillNotHaveUs) {
  Broker closed;
  closed.stop();
  Broker guarded{{.user = "ann", .password = "right"}};
  Broker secret{{.tls = true}};
  Broker other{{.tls = true}};
  struct Case {
    const char* what;
    std::string to;
    std::string ca_file;
    Errc code;
    std::string says;
  };
  const std::string hidden = "mqtt://ann:wrong@127.0.0.1:" + std::to_string(guarded.port());
  const Case cases[] = {
      {"unreachable", closed.uri(), "", Errc::unavailable, closed.uri() + ": connection refused"},
      {"credentials", hidden, "", Errc::refused, guarded.uri() + ": not authori"},
      {"another CA", secret.uri(), other.ca_file(), Errc::unavailable,
       secret.uri() + ": TLS: certificate verify failed against " + other.ca_file()},
      {"no CA file", secret.uri(), "/nowhere/ca.crt", Errc::malformed, "/nowhere/ca.crt: "},
      {"no TLS there", "mqtts" + guarded.uri().substr(4), "", Errc::unavailable, "mqtts://"},
  };
  for (const bool per_device : {false, true}) {
    for (const Case& one : cases) {
      SimulateOptions options = to_broker();
      options.to = one.to;
      options.per_device = per_device;
      options.connection.ca_file = one.ca_file;
      options.connect_wait = 1s;
      const auto report = run_real(options);
      ASSERT_FALSE(report) << one.what;
      EXPECT_EQ(report.error().code, one.code) << report.error().message;
      EXPECT_THAT(report.error().message, HasSubstr(one.says)) << one.what;
      EXPECT_THAT(report.error().message, testing::Not(HasSubstr("wrong")));
    }
  }
}

}  // namespace
}  // namespace vedette
