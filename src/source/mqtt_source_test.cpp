#include "source/mqtt_source.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/support/broker.hpp"

namespace vedette {
namespace {

using namespace std::chrono_literals;

/// Hands over one burst per read(), however many were asked for, and counts what a release covers.
class Bursts final : public MqttSubscriber {
 public:
  Status read(std::chrono::milliseconds, std::size_t, const OnMessage& on_message) override {
    if (lost) return Error{Errc::unavailable, "gone"};
    for (; handed < until; ++handed) {
      std::string payload = std::to_string(handed);
      on_message("iot/cam/flow", payload);
      payload.assign(payload.size(), '!');  // views die with the call
    }
    return fails_behind ? Status{Error{Errc::unavailable, "broke"}} : Status{};
  }
  Status release() override {
    released = handed;
    ++releases;
    return {};
  }
  bool connected() const override { return !lost; }

  int until = 0;
  int handed = 0;
  int released = 0;
  int releases = 0;
  bool lost = false;
  bool fails_behind = false;
};

struct Rig {
  Rig() {
    auto owned = std::make_unique<Bursts>();
    bursts = owned.get();
    source = make_mqtt_source(std::move(owned), "mqtt://broker:1883", "iot/#", clock);
  }
  /// Pulls and gives how many came; they must continue the sequence.
  std::size_t pull(std::size_t messages_max) {
    std::size_t count = 0;
    const auto pulled = source->pull(messages_max, 0ms, [&](const RawMessage& message) {
      EXPECT_EQ(message.payload, std::to_string(next++));
      EXPECT_EQ(message.topic, "iot/cam/flow");
      EXPECT_EQ(message.origin, "mqtt://broker:1883");
      EXPECT_EQ(message.line, 0U);
      EXPECT_EQ(message.received, clock.now());
      ++count;
    });
    EXPECT_TRUE(pulled);
    return count;
  }
  ManualClock clock{time_from_micros(1'000'000)};
  Bursts* bursts = nullptr;
  std::unique_ptr<Source> source;
  int next = 0;
};

TEST(MqttSource, NothingIsReleasedWhileAMessageOfTheBurstWaits) {
  Rig rig;
  rig.bursts->until = 7;
  EXPECT_EQ(rig.pull(3), 3U);
  ASSERT_TRUE(rig.source->acknowledge());
  EXPECT_EQ(rig.bursts->releases, 0) << "4 handed over but not pulled";
  rig.bursts->until = 9;
  EXPECT_EQ(rig.pull(3), 3U);
  EXPECT_EQ(rig.bursts->handed, 7) << "no more is read while one waits";
  ASSERT_TRUE(rig.source->acknowledge());
  EXPECT_EQ(rig.bursts->releases, 0);
  EXPECT_EQ(rig.pull(3), 1U);
  EXPECT_EQ(rig.bursts->releases, 0) << "only acknowledge() releases";
  ASSERT_TRUE(rig.source->acknowledge());
  EXPECT_EQ(rig.bursts->released, 7);
  EXPECT_EQ(rig.pull(3), 2U);
  ASSERT_TRUE(rig.source->acknowledge());
  EXPECT_EQ(rig.bursts->released, 9);
}

TEST(MqttSource, TellsOfALostBrokerOnlyWhenNothingWasHandedOut) {
  Rig rig;
  rig.bursts->until = 2;
  rig.bursts->fails_behind = true;
  EXPECT_EQ(rig.pull(5), 2U);
  rig.bursts->lost = true;
  const auto pulled = rig.source->pull(5, 0ms, [](const RawMessage&) { FAIL(); });
  ASSERT_FALSE(pulled);
  EXPECT_EQ(pulled.error().code, Errc::unavailable);
  EXPECT_FALSE(rig.source->connected());
  EXPECT_EQ(rig.source->describe(), "mqtt://broker:1883 iot/#");
}

/// The whole way through a broker, killed off at every batch: what was not acknowledged always
/// comes again. What was may do so in the next life, never later: a socket closed with messages
/// unread is reset, and acknowledgements that the broker had not read yet are lost with it.
TEST(MqttSource, EveryMessageIsAcknowledgedOrComesAgain) {
  test::Broker broker;
  const ManualClock clock;
  const MqttUri uri = *parse_mqtt_uri(broker.uri());
  const SubscriberOptions options{.connection = {.broker = uri, .client_id = "line"}};
  auto publisher = MqttPublisher::create({.broker = uri, .client_id = "pub"}, 10'000);
  ASSERT_TRUE(publisher);
  std::map<std::string, int> acknowledged;  // in which life last
  bool published = false;
  for (int life = 0; life < 100 && acknowledged.size() < 2'000; ++life) {
    auto source = make_mqtt_source(options, clock, 1);
    ASSERT_TRUE(source);
    std::vector<std::string> pulled;
    const auto pull = [&](std::size_t messages_max) {
      return (*source)->pull(messages_max, 20ms, [&](const RawMessage& message) {
        const auto before = acknowledged.find(std::string{message.payload});
        EXPECT_TRUE(before == acknowledged.end() || before->second >= life - 1) << message.payload;
        pulled.emplace_back(message.payload);
      });
    };
    ASSERT_TRUE(test::eventually([&] { return pull(1).ok() && (*source)->connected(); }));
    if (!published) {
      for (int i = 0; i < 2'000; ++i) {
        ASSERT_TRUE((*publisher)->publish("iot/a/flow", std::to_string(i), 1, false));
      }
      ASSERT_TRUE((*publisher)->wait_drained(0, 20s));
      published = true;
    }
    for (int batch = 0; batch < 2; ++batch) {
      ASSERT_TRUE(pull(64));
      ASSERT_TRUE((*source)->acknowledge());
      for (const std::string& payload : pulled) acknowledged[payload] = life;
      pulled.clear();
    }
    ASSERT_TRUE(pull(64));  // this batch dies with the source
  }
  EXPECT_EQ(acknowledged.size(), 2'000U);
}

}  // namespace
}  // namespace vedette
