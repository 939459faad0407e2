// 20,000 QoS 1 messages while the service is killed three times: exactly 20,000 distinct verdicts.
#include <gtest/gtest.h>

#include <random>

#include "base/random.hpp"
#include "tests/support/service.hpp"

namespace vedette::test {
namespace {

constexpr std::uint64_t messages = 20'000;

TEST(NothingLost, ThreeKillsInAStreamOfTwentyThousand) {
  if (!Broker::available()) GTEST_SKIP() << "mosquitto is not installed";
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random{seed};
  TemporaryDirectory folder;
  Broker broker{{.persistence = true}};
  Service service{folder.path(), broker.uri()};
  ASSERT_NO_FATAL_FAILURE(service.start_connected());

  Process publisher{{program(), "simulate", "--devices", "20", "--seed", "5", "--messages",
                     std::to_string(messages), "--rate", "4000", "--to", broker.uri()}};
  for (int kill = 0; kill < 3; ++kill) {
    const std::uint64_t at = 500 + random.below(3000);
    ASSERT_TRUE(
        eventually([&] { return service.counters()["received"].get<std::uint64_t>() >= at; },
                   std::chrono::minutes{1}));
    service.kill(SIGKILL);
    ASSERT_NO_FATAL_FAILURE(service.start_connected());
  }
  ASSERT_EQ(publisher.wait(std::chrono::minutes{3}), 0) << publisher.errors();
  const auto stored = [&] {
    const auto store = service.get("/api/v1/status")["store"];
    return store["flows"].get<std::uint64_t>() + store["readings"].get<std::uint64_t>();
  };
  EXPECT_TRUE(eventually([&] { return stored() >= messages; }, std::chrono::minutes{3}));
  EXPECT_EQ(stored(), messages);
  const auto counters = service.counters();
  EXPECT_EQ(counters["quarantined"], 0);
  EXPECT_EQ(counters["received"], counters["verdicts"]);
  service.kill(SIGINT);
}

}  // namespace
}  // namespace vedette::test
