/// The subscriber and the publisher against a real mosquitto.
#include "net/mqtt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "net/mqtt_backoff.hpp"
#include "net/mqtt_crowd.hpp"
#include "tests/support/broker.hpp"

namespace vedette {
namespace {

using namespace std::chrono_literals;
using test::Broker;
using test::eventually;
using testing::HasSubstr;

struct Arrived {
  std::string topic;
  std::string payload;
};

MqttOptions connection(const Broker& broker, std::string id) {
  auto uri = parse_mqtt_uri(broker.uri());
  return {.broker = *uri, .client_id = std::move(id)};
}

std::unique_ptr<MqttSubscriber> subscriber(const Broker& broker, std::string id = "late",
                                           std::vector<std::string> filters = {"iot/#"}) {
  SubscriberOptions options{.connection = connection(broker, std::move(id)),
                            .filters = std::move(filters)};
  auto made = MqttSubscriber::create(std::move(options), 1);
  EXPECT_TRUE(made) << made.error().message;
  return std::move(made).value();
}

std::unique_ptr<MqttPublisher> publisher(const Broker& broker, std::size_t queued_max = 100'000) {
  auto made = MqttPublisher::create(connection(broker, "pub"), queued_max);
  EXPECT_TRUE(made) << made.error().message;
  return std::move(made).value();
}

/// Reads until `count` messages came or the limit is over. Never releases.
std::vector<Arrived> take(MqttSubscriber& from, std::size_t count, std::size_t batch = 2'000) {
  std::vector<Arrived> out;
  eventually([&] {
    const std::size_t room = std::min(batch, count - out.size());
    const Status status = from.read(50ms, room, [&](std::string_view topic, std::string_view body) {
      out.push_back({std::string{topic}, std::string{body}});
    });
    static_cast<void>(status);  // unavailable while it connects
    return out.size() >= count;
  });
  return out;
}

void join(MqttSubscriber& subscriber) {
  ASSERT_TRUE(eventually([&] {
    const Status status = subscriber.read(
        50ms, 1, [](auto, std::string_view body) { FAIL() << "too early: " << body; });
    return status.ok() && subscriber.connected();
  }));
}

void publish(MqttPublisher& to, std::size_t from, std::size_t until, int qos = 1) {
  for (std::size_t i = from; i < until; ++i) {
    ASSERT_TRUE(to.publish("iot/cam/flow", std::to_string(i), qos, false));
  }
  ASSERT_TRUE(to.wait_drained(0, 20s));
}

void expect_numbers(const std::vector<Arrived>& got, std::size_t from, std::size_t until) {
  ASSERT_EQ(got.size(), until - from);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].payload, std::to_string(from + i)) << "message " << i;
  }
}

TEST(MqttSubscriber, WhatWasReadButNotReleasedComesAgain) {
  Broker broker;
  auto first = subscriber(broker);
  join(*first);
  auto pub = publisher(broker);
  publish(*pub, 0, 1'000);
  expect_numbers(take(*first, 1'000), 0, 1'000);
  first.reset();

  auto second = subscriber(broker);
  expect_numbers(take(*second, 1'000), 0, 1'000);
  ASSERT_TRUE(second->release());
  second.reset();

  auto third = subscriber(broker);
  join(*third);
  publish(*pub, 7, 8);
  expect_numbers(take(*third, 1), 7, 8);
}

TEST(MqttSubscriber, ReleaseCoversExactlyWhatWasReadBeforeIt) {
  Broker broker;
  auto first = subscriber(broker);
  join(*first);
  auto pub = publisher(broker);
  publish(*pub, 0, 1'000);
  expect_numbers(take(*first, 300), 0, 300);
  ASSERT_TRUE(first->release());
  expect_numbers(take(*first, 200, 50), 300, 500);
  first.reset();

  auto second = subscriber(broker);
  expect_numbers(take(*second, 700), 300, 1'000);
}

TEST(MqttSubscriber, MoreThanTheReceiveMaximumFlowsWhenReleased) {
  Broker broker;
  SubscriberOptions options{.connection = connection(broker, "late"), .receive_maximum = 50};
  auto made = MqttSubscriber::create(std::move(options), 1);
  ASSERT_TRUE(made);
  auto& from = **made;
  join(from);
  auto pub = publisher(broker);
  publish(*pub, 0, 500);
  expect_numbers(take(from, 50), 0, 50);
  ASSERT_TRUE(from.read(50ms, 1, [](auto, auto) { FAIL() << "above the receive maximum"; }));
  ASSERT_TRUE(from.release());
  for (std::size_t at = 50; at < 500; at += 25) {
    expect_numbers(take(from, 25), at, at + 25);
    ASSERT_TRUE(from.release());
  }
}

/// A PINGREQ would flush the PUBACKs queued before it, so none is sent while messages are
/// unreleased; a subscriber with nothing unreleased keeps itself alive.
TEST(MqttSubscriber, KeepAliveNeverReleases) {
  Broker broker;
  SubscriberOptions holder{.connection = connection(broker, "holder"), .filters = {"iot/#"}};
  SubscriberOptions idler{.connection = connection(broker, "idler"), .filters = {"other/#"}};
  holder.connection.keep_alive = idler.connection.keep_alive = 5s;
  auto holding = MqttSubscriber::create(holder, 1);
  auto idle = MqttSubscriber::create(idler, 1);
  ASSERT_TRUE(holding && idle);
  join(**holding);
  join(**idle);
  auto pub = publisher(broker);
  publish(*pub, 0, 100);
  expect_numbers(take(**holding, 100), 0, 100);
  // 6.5 s: beyond the keep-alive of 5 s, before the broker's patience of 7.5 s ends.
  bool dropped = false;
  const auto nothing = [](auto, auto) { FAIL() << "nothing was published"; };
  const auto begin = test::Steady::now();
  while (test::Steady::now() < begin + 6'500ms) {
    ASSERT_TRUE((*holding)->read(20ms, 10, nothing));
    ASSERT_TRUE((*idle)->read(20ms, 10, nothing));
  }
  holding->reset();
  auto again = MqttSubscriber::create(holder, 1);
  ASSERT_TRUE(again);
  expect_numbers(take(**again, 100), 0, 100);
  while (test::Steady::now() < begin + 9s) {
    ASSERT_TRUE((*idle)->read(20ms, 10, nothing));
    dropped = dropped || !(*idle)->connected();
  }
  EXPECT_FALSE(dropped) << broker.log();
  EXPECT_THAT(broker.log(), testing::Not(HasSubstr("exceeded timeout")));
}

TEST(MqttSubscriber, GoesOnAfterTheBrokerRestarted) {
  Broker broker{{.persistence = true}};
  auto from = subscriber(broker);
  join(*from);
  {
    auto pub = publisher(broker);
    publish(*pub, 0, 10);
  }
  expect_numbers(take(*from, 10), 0, 10);
  ASSERT_TRUE(from->release());
  broker.stop();
  const auto none = [](auto, auto) { FAIL() << "no broker, no message"; };
  ASSERT_TRUE(eventually([&] { return !from->read(20ms, 1, none); }));
  EXPECT_FALSE(from->connected());
  EXPECT_TRUE(from->release()) << "nothing to send is not a failure";
  const Status away = from->read(20ms, 1, none);
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Errc::unavailable);
  broker.start();
  auto pub = publisher(broker);
  publish(*pub, 10, 20);
  // An acknowledgement may have died with the broker: what was released may come again, and nothing
  // may be missing.
  std::set<std::size_t> missing;
  for (std::size_t i = 10; i < 20; ++i) missing.insert(i);
  EXPECT_TRUE(eventually([&] {
    const Status status = from->read(20ms, 20, [&](auto, std::string_view body) {
      missing.erase(parse_integer<std::size_t>(body).value());
    });
    return status.ok() && missing.empty();
  }));
}

TEST(MqttSubscriber, WaitsForAnAbsentBroker) {
  Broker broker;
  broker.stop();
  auto from = subscriber(broker);
  const auto none = [](auto, auto) { FAIL() << "no broker, no message"; };
  const Status away = from->read(200ms, 1, none);
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Errc::unavailable);
  EXPECT_EQ(away.error().message, broker.uri() + ": connection refused");
  broker.start();
  join(*from);
}

TEST(MqttSubscriber, WrongPasswordIsRefused) {
  Broker broker{{.user = "ann", .password = "right"}};
  for (const bool right : {true, false}) {
    MqttOptions options = connection(broker, "late");
    options.broker.user = "ann";
    options.broker.password = right ? "right" : "wrong";
    auto from = MqttSubscriber::create({.connection = options}, 1);
    ASSERT_TRUE(from);
    const auto none = [](auto, auto) { FAIL() << "nothing was published"; };
    Status last;
    ASSERT_TRUE(eventually([&] {
      last = (*from)->read(50ms, 1, none);
      return last.ok() || last.error().code == Errc::refused;
    }));
    EXPECT_EQ(last.ok(), right);
    EXPECT_EQ((*from)->connected(), right);

    options.client_id = "pub";
    auto pub = MqttPublisher::create(options);
    ASSERT_TRUE(pub);
    const Status up = (*pub)->wait_connected(10s);
    EXPECT_EQ(up.ok(), right);
    if (right) continue;
    EXPECT_EQ(up.error().code, Errc::refused);
    EXPECT_THAT(up.error().message, HasSubstr(broker.uri() + ": not authori"));
    EXPECT_THAT(up.error().message, testing::Not(HasSubstr("wrong")));
    EXPECT_EQ(last.error().message, up.error().message);
  }
}

TEST(MqttSubscriber, LargePayloadsArriveWholeOrAreWithheld) {
  Broker broker;
  auto from = subscriber(broker);
  join(*from);
  std::string large(std::size_t{10} << 20U, 'x');
  for (std::size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>(i % 251);
  auto pub = publisher(broker);
  ASSERT_TRUE(pub->publish("iot/large", large, 1, false));
  ASSERT_TRUE(pub->wait_drained(0, 20s));
  auto got = take(*from, 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_TRUE(got[0].payload == large);
  ASSERT_TRUE(from->release());

  const std::string above(std::size_t{16} << 20U, 'y');  // the packet's header makes it larger
  ASSERT_TRUE(pub->publish("iot/above", above, 1, false));
  ASSERT_TRUE(pub->publish("iot/after", "", 1, false));
  got = take(*from, 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].topic, "iot/after");
  EXPECT_EQ(got[0].payload, "");
}

TEST(MqttSubscriber, SeveralFiltersAndForeignNames) {
  Broker broker;
  auto from = subscriber(broker, "späher", {"iot/+/flow", "küche/温度"});
  join(*from);
  auto pub = publisher(broker);
  ASSERT_TRUE(pub->publish("iot/cam/sensor", "not asked for", 1, false));
  ASSERT_TRUE(pub->publish("küche/温度", std::string{"\x00\xff bytes", 8}, 1, false));
  ASSERT_TRUE(pub->publish("iot/cam/flow", "{}", 0, false));
  const auto got = take(*from, 2);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].topic, "küche/温度");
  EXPECT_EQ(got[0].payload, (std::string{"\x00\xff bytes", 8}));
  EXPECT_EQ(got[1].topic, "iot/cam/flow");
}

TEST(MqttSubscriber, SpeaksTlsAndKeepsItsBound) {
  Broker broker{{.tls = true}};
  MqttOptions options = connection(broker, "late");
  options.ca_file = broker.ca_file();
  auto made = MqttSubscriber::create({.connection = options}, 1);
  ASSERT_TRUE(made) << made.error().message;
  auto& from = **made;
  join(from);
  options.client_id = "pub";
  auto pub = MqttPublisher::create(options, 10'000);
  ASSERT_TRUE(pub);
  publish(**pub, 0, 500);
  std::size_t next = 0;
  ASSERT_TRUE(eventually([&] {
    std::size_t here = 0;
    EXPECT_TRUE(from.read(20ms, 7, [&](auto, std::string_view body) {
      EXPECT_EQ(body, std::to_string(next++));
      ++here;
    }));
    EXPECT_LE(here, 7U);
    return next >= 500;
  }));
  made->reset();
  options.client_id = "late";
  made = MqttSubscriber::create({.connection = options}, 1);
  ASSERT_TRUE(made);
  expect_numbers(take(**made, 500), 0, 500);
}

TEST(MqttSubscriber, AForeignCertificateIsNotTrusted) {
  Broker broker{{.tls = true}};
  Broker other{{.tls = true}};
  MqttOptions options = connection(broker, "late");
  options.ca_file = other.ca_file();
  auto made = MqttPublisher::create(options);
  ASSERT_TRUE(made);
  ASSERT_TRUE(eventually([&] {
    const Status up = (*made)->wait_connected(50ms);
    EXPECT_FALSE(up);
    return up.error().message ==
           broker.uri() + ": TLS: certificate verify failed against " + other.ca_file();
  })) << (*made)->wait_connected(0ms).error().message;
}

// libmosquitto 2.0.11 refused every connection but the first.
TEST(MqttPublisher, ComesBackWithTheCertificatesOfTheSystem) {
  Broker broker{{.tls = true}};
  ASSERT_EQ(::setenv("SSL_CERT_FILE", broker.ca_file().c_str(), 1), 0);
  auto made = MqttPublisher::create(connection(broker, "pub"));
  ASSERT_TRUE(made);
  auto crowd = MqttCrowd::create({.connection = connection(broker, "crowd"), .names = {"a", "b"}});
  ASSERT_TRUE(crowd);
  ASSERT_TRUE((*made)->wait_connected(10s));
  ASSERT_TRUE((*crowd)->wait_connected(10s));
  broker.stop();
  ASSERT_TRUE(eventually([&] { return (*crowd)->connected() == 0; }));
  broker.start();
  ASSERT_TRUE((*made)->publish("iot/cam/flow", "{}", 1, false));
  const Status confirmed = (*made)->wait_drained(0, 20s);
  EXPECT_TRUE(confirmed) << confirmed.error().message;
  EXPECT_TRUE(eventually([&] { return (*crowd)->connected() == 2; }, 20s));
  ::unsetenv("SSL_CERT_FILE");
}

TEST(MqttSubscriber, TheLastWillSpeaksOnlyForTheDead) {
  Broker broker;
  auto watcher = subscriber(broker, "watcher", {"vedette/status", "mark"});
  join(*watcher);
  auto pub = publisher(broker);
  for (const bool clean : {true, false}) {
    SubscriberOptions options{.connection = connection(broker, "mortal")};
    options.connection.will_topic = "vedette/status";
    options.connection.will_payload = "gone";
    auto made = MqttSubscriber::create(options, 1);
    ASSERT_TRUE(made);
    join(**made);
    publish(*pub, 0, 1);
    expect_numbers(take(**made, 1), 0, 1);
    if (clean) {
      ASSERT_TRUE((*made)->release());
    }
    made->reset();  // with an unreleased message it may not even say goodbye
    if (!clean) {
      const auto got = take(*watcher, 1);
      ASSERT_EQ(got.size(), 1U);
      EXPECT_EQ(got[0].topic, "vedette/status");
      EXPECT_EQ(got[0].payload, "gone");
    } else {
      ASSERT_TRUE(pub->publish("mark", "", 1, false));
      const auto got = take(*watcher, 1);
      ASSERT_EQ(got.size(), 1U);
      EXPECT_EQ(got[0].topic, "mark") << "a clean end has no will";
    }
  }
}

TEST(MqttSubscriber, RefusesOptionsNoBrokerWouldTake) {
  const MqttUri uri = *parse_mqtt_uri("mqtt://127.0.0.1");
  const MqttOptions good{.broker = uri, .client_id = "id"};
  struct Row {
    const char* why;
    SubscriberOptions options;
    Errc code;
  };
  std::vector<Row> rows = {
      {"no filter", {.connection = good, .filters = {}}, Errc::malformed},
      {"bad filter", {.connection = good, .filters = {"a/#/b"}}, Errc::malformed},
      {"not UTF-8", {.connection = good, .filters = {"a/\xff"}}, Errc::malformed},
      {"QoS 2", {.connection = good, .qos = 2}, Errc::unsupported},
      {"expiry", {.connection = good, .session_expiry = -1s}, Errc::out_of_range},
      {"receive maximum", {.connection = good, .receive_maximum = 0}, Errc::out_of_range},
      {"no client id", {.connection = {.broker = uri}}, Errc::malformed},
      {"no host", {.connection = {.client_id = "id"}}, Errc::malformed},
      {"keep alive", {.connection = good}, Errc::out_of_range},
      {"will topic", {.connection = good}, Errc::malformed},
      {"no CA file", {.connection = good}, Errc::malformed},
  };
  rows[8].options.connection.keep_alive = 1s;
  rows[9].options.connection.will_topic = "a/+";
  rows[10].options.connection.broker.tls = true;
  rows[10].options.connection.ca_file = "/nowhere/ca.crt";
  for (const Row& row : rows) {
    const auto made = MqttSubscriber::create(row.options, 1);
    ASSERT_FALSE(made) << row.why;
    EXPECT_EQ(made.error().code, row.code) << row.why << ": " << made.error().message;
  }
}

TEST(MqttPublisher, MessagesWaitForAnAbsentBroker) {
  Broker broker{{.persistence = true}};
  auto from = subscriber(broker);
  join(*from);
  from.reset();
  broker.stop();
  auto pub = publisher(broker, 4);
  const Status up = pub->wait_connected(50ms);
  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().code, Errc::unavailable);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(pub->publish("iot/cam/flow", std::to_string(i), i == 0 ? 0 : 1, false));
  }
  const Status full = pub->publish("iot/cam/flow", "4", 1, false);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::busy);
  EXPECT_FALSE(pub->wait_drained(0, 10ms));
  EXPECT_TRUE(pub->wait_drained(4, 10ms));
  broker.start();
  ASSERT_TRUE(pub->wait_drained(0, 20s));
  EXPECT_TRUE(pub->connected());
  from = subscriber(broker);
  expect_numbers(take(*from, 3), 1, 4);  // QoS 0 is not kept for a session without a connection
}

TEST(MqttPublisher, RepeatsWhatABrokerThatDiedHadNotConfirmed) {
  Broker broker;
  auto pub = publisher(broker);
  ASSERT_TRUE(pub->wait_connected(10s));
  broker.process().kill(SIGSTOP);
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(pub->publish("iot/cam/flow", std::to_string(i), 1, true));
  }
  EXPECT_FALSE(pub->wait_drained(299, 50ms)) << "a stopped broker confirms nothing";
  broker.stop(SIGKILL);
  broker.start();
  ASSERT_TRUE(pub->wait_drained(0, 20s));
  auto from = subscriber(broker);
  const auto got = take(*from, 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].payload, "299") << "the last one is the retained one";
}

TEST(MqttPublisher, RefusesWhatIsNotMqtt) {
  Broker broker;
  auto pub = publisher(broker);
  for (const char* topic : {"", "a/+", "#", "a/\xff"}) {
    const Status status = pub->publish(topic, "x", 1, false);
    ASSERT_FALSE(status) << topic;
    EXPECT_EQ(status.error().code, Errc::malformed) << topic;
  }
  const Status large = pub->publish("a", std::string((std::size_t{16} << 20U) + 1, 'x'), 1, false);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Errc::too_large);
}

TEST(Backoff, GrowsFromOneSecondToAMinuteWithSeededJitter) {
  Backoff a{42}, b{42}, c{43};
  double base = 1'000;
  bool differs = false;
  for (int i = 0; i < 12; ++i) {
    const auto pause = a.next();
    EXPECT_EQ(pause, b.next());
    differs = differs || pause != c.next();
    EXPECT_GE(pause.count(), static_cast<std::int64_t>(std::min(base, 60'000.0)));
    EXPECT_LE(pause.count(), static_cast<std::int64_t>(std::min(base * 1.25, 60'000.0)));
    base *= 2;
  }
  EXPECT_TRUE(differs);
  a.reset();
  EXPECT_LT(a.next(), 1'251ms);
}

}  // namespace
}  // namespace vedette
