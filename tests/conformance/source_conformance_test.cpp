/// What every source owes, asked of each kind. A new kind joins with one line in `kinds`.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "source/mqtt_source.hpp"
#include "source/source.hpp"
#include "tests/support/broker.hpp"

namespace vedette {
namespace {

using namespace std::chrono_literals;

/// A source with messages waiting in it, and whatever must live as long.
struct Stocked {
  std::shared_ptr<void> holds;
  std::unique_ptr<Source> source;
  bool ends = true;  ///< false: there may always be more
};

struct Kind {
  const char* name;
  std::function<Stocked(const std::vector<std::string>&, const Clock&)> stock;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

Stocked file(const std::vector<std::string>& lines, const Clock& clock) {
  auto folder = std::make_shared<test::TemporaryDirectory>();
  const auto path = folder->path() / "lines.log";
  std::ofstream{path, std::ios::binary} << joined(lines);
  return {folder, open_file_source(path, clock).value()};
}

Stocked standard_input(const std::vector<std::string>& lines, const Clock& clock) {
  struct Replaced {
    ~Replaced() {
      ::dup2(saved, STDIN_FILENO);
      ::close(saved);
    }
    test::TemporaryDirectory folder;
    int saved = ::dup(STDIN_FILENO);
  };
  auto replaced = std::make_shared<Replaced>();
  const auto path = replaced->folder.path() / "stdin";
  std::ofstream{path, std::ios::binary} << joined(lines);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::dup2(fd, STDIN_FILENO);
  ::close(fd);
  return {replaced, open_file_source("-", clock).value()};
}

Stocked mqtt(const std::vector<std::string>& lines, const Clock& clock) {
  auto broker = std::make_shared<test::Broker>();
  const MqttUri uri = parse_mqtt_uri(broker->uri()).value();
  const SubscriberOptions options{.connection = {.broker = uri, .client_id = "line"}};
  // The first connection opens the session, so that the messages wait for the second.
  auto opened = make_mqtt_source(options, clock, 1).value();
  test::eventually([&] {
    const auto pulled = opened->pull(1, 20ms, [](const RawMessage&) {});
    return pulled.ok() && opened->connected();
  });
  opened.reset();
  auto publisher = MqttPublisher::create({.broker = uri, .client_id = "pub"}).value();
  for (const std::string& line : lines) {
    EXPECT_TRUE(publisher->publish("iot/cam/flow", line, 1, false));
  }
  EXPECT_TRUE(publisher->wait_drained(0, 20s));
  return {broker, make_mqtt_source(options, clock, 1).value(), false};
}

const Kind kinds[] = {
    {"file", file},
    {"standard_input", standard_input},
    {"mqtt", mqtt},
};

class SourceConformance : public testing::TestWithParam<Kind> {
 protected:
  /// Pulls until `count` messages came, checking what holds for every pull.
  std::vector<std::string> take(Stocked& stocked, std::size_t count, std::size_t messages_max) {
    std::vector<std::string> payloads;
    test::eventually([&] {
      std::size_t here = 0;
      const auto pulled = stocked.source->pull(messages_max, 50ms, [&](const RawMessage& message) {
        payloads.emplace_back(message.payload);
        EXPECT_EQ(message.received, clock_.now());
        EXPECT_FALSE(message.origin.empty());
        EXPECT_TRUE(message.line == 0 || message.line == payloads.size());
        EXPECT_EQ(message.line == 0, !message.topic.empty()) << "a line or a topic";
        ++here;
      });
      EXPECT_LE(here, messages_max);
      const std::uint64_t total = stocked.source->bytes_total();
      EXPECT_TRUE(total == 0 || stocked.source->bytes_done() <= total);
      EXPECT_TRUE(pulled ? *pulled == Pulled::some || stocked.ends
                         : pulled.error().code == Errc::unavailable);
      return payloads.size() >= count;
    });
    return payloads;
  }
  const ManualClock clock_{time_from_micros(1'764'000'000'000'000)};
};

std::vector<std::string> numbered(std::size_t count) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i) lines.push_back("{\"n\":" + std::to_string(i) + "}");
  return lines;
}

TEST_P(SourceConformance, HandsOutEveryMessageInOrderHoweverItIsAsked) {
  const auto lines = numbered(500);
  for (const std::size_t messages_max : {std::size_t{1}, std::size_t{7}, std::size_t{10'000}}) {
    Stocked stocked = GetParam().stock(lines, clock_);
    EXPECT_EQ(take(stocked, lines.size(), messages_max), lines);
    EXPECT_TRUE(stocked.source->acknowledge());
  }
}

TEST_P(SourceConformance, LeavesPayloadsAlone) {
  const std::vector<std::string> lines = {
      "{\"ort\":\"Küche 温度\"}", " \t leading and trailing \t ", "not json, \xff\xfe not UTF-8",
      std::string(200'000, 'x')};
  Stocked stocked = GetParam().stock(lines, clock_);
  EXPECT_EQ(take(stocked, lines.size(), 3), lines);
}

TEST_P(SourceConformance, TakesAcknowledgementsAtAnyTime) {
  const auto lines = numbered(10);
  Stocked stocked = GetParam().stock(lines, clock_);
  EXPECT_TRUE(stocked.source->acknowledge()) << "before anything was pulled";
  EXPECT_EQ(take(stocked, 10, 100), lines);
  EXPECT_TRUE(stocked.source->acknowledge());
  EXPECT_TRUE(stocked.source->acknowledge()) << "and twice";
}

TEST_P(SourceConformance, SaysEndForGoodOrNever) {
  const auto lines = numbered(3);
  Stocked stocked = GetParam().stock(lines, clock_);
  EXPECT_EQ(take(stocked, 3, 100), lines);
  for (int again = 0; again < 3; ++again) {
    const auto pulled = stocked.source->pull(
        100, 0ms, [](const RawMessage& message) { FAIL() << "once more: " << message.payload; });
    // A resumed session hands out messages before its subscription is confirmed: what has no end
    // may still be connecting.
    if (!pulled) {
      EXPECT_FALSE(stocked.ends) << pulled.error().message;
      EXPECT_EQ(pulled.error().code, Errc::unavailable) << pulled.error().message;
      continue;
    }
    EXPECT_EQ(*pulled == Pulled::end, stocked.ends);
  }
}

TEST_P(SourceConformance, DescribesItself) {
  Stocked stocked = GetParam().stock(numbered(1), clock_);
  EXPECT_FALSE(stocked.source->describe().empty());
  EXPECT_EQ(take(stocked, 1, 1).size(), 1U);
  EXPECT_TRUE(test::eventually([&] {
    const auto pulled = stocked.source->pull(1, 0ms, [](const RawMessage&) {});
    return pulled.ok() && stocked.source->connected();
  }));
}

INSTANTIATE_TEST_SUITE_P(Sources, SourceConformance, testing::ValuesIn(kinds),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace vedette
