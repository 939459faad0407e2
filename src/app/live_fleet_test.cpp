#include "app/live_fleet.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

namespace vedette {
namespace {

using namespace std::chrono_literals;

FleetPlan quiet_plan() {
  FleetPlan plan;
  plan.start = time_from_micros(1'750'000'000'000'000);
  plan.devices = 12;
  plan.episode_every = Duration{0};
  return plan;
}

/// A fleet on a thread of its own, served before each record.
class Running {
 public:
  explicit Running(LiveFleet& live)
      : thread_([&live](const std::stop_token& stop) {
          FleetSimulator fleet{quiet_plan()};
          Simulated said;
          while (!stop.stop_requested()) {
            live.serve(fleet);
            fleet.next(said);
          }
        }) {}

 private:
  std::jthread thread_;
};

FleetOrder order(std::string kind, std::string device, Duration length = 24h) {
  FleetOrder made;
  made.kind = std::move(kind);
  made.device = std::move(device);
  made.length = length;
  return made;
}

/// An attack every fleet knows.
std::string attack() {
  for (const EpisodeKind& kind : episode_kinds()) {
    if (!kind.fault) return std::string{kind.name};
  }
  return "";
}

TEST(LiveFleet, IsToldAboutStartedAndStoppedEpisodes) {
  LiveFleet live{30s};
  Running running{live};
  const auto before = live.snapshot();
  ASSERT_TRUE(before.ok()) << before.error().message;
  EXPECT_EQ(before->devices.size(), 12U);
  EXPECT_EQ(before->kinds.size(), episode_kinds().size());
  EXPECT_TRUE(before->episodes.empty());
  EXPECT_GE(before->now, quiet_plan().start);
  const std::string& device = before->devices[3];
  const auto number = live.start(order(attack(), device, 300 * 24h));
  ASSERT_TRUE(number.ok()) << number.error().message;
  const auto during = live.snapshot();  // at once, not only when the last one is old
  ASSERT_TRUE(during.ok());
  ASSERT_EQ(during->episodes.size(), 1U);
  EXPECT_EQ(during->episodes[0].number, *number);
  EXPECT_EQ(during->episodes[0].device, device);
  EXPECT_EQ(during->episodes[0].kind, attack());
  EXPECT_EQ(live.stop(device).value(), 1U);
  EXPECT_TRUE(live.snapshot()->episodes.empty());
}

TEST(LiveFleet, GivesBackWhatTheFleetRefuses) {
  LiveFleet live{30s};
  Running running{live};
  EXPECT_EQ(live.start(order("no_such_thing", "camera-01")).error().code, Errc::not_found);
  EXPECT_EQ(live.start(order(attack(), "no_such_device")).error().code, Errc::not_found);
  EXPECT_EQ(live.start(order(attack(), "camera-01", 0s)).error().code, Errc::out_of_range);
  EXPECT_EQ(live.stop("no_such_device").value(), 0U);
}

TEST(LiveFleet, AFleetThatDoesNotServeIsUnavailableAndTheRequestWithdrawn) {
  LiveFleet live{5ms};
  EXPECT_EQ(live.start(order(attack(), "camera-01")).error().code, Errc::unavailable);
  EXPECT_EQ(live.stop("").error().code, Errc::unavailable);
  EXPECT_EQ(live.snapshot().error().code, Errc::unavailable);
  FleetSimulator fleet{quiet_plan()};
  live.serve(fleet);
  EXPECT_TRUE(fleet.episodes().empty()) << "nobody waits for it any more";
}

TEST(LiveFleet, TheLastSnapshotServesWhileTheFleetIsSlow) {
  LiveFleet live{5ms};
  FleetSimulator fleet{quiet_plan()};
  std::optional<FleetSnapshot> seen;
  {
    const std::jthread server{[&](const std::stop_token& stop) {
      while (!stop.stop_requested()) live.serve(fleet);
    }};
    while (!seen) {
      if (auto look = live.snapshot()) seen = *look;
    }
    while (!live.stop("").ok()) {  // what was seen is out of date after that
    }
  }
  const auto look = live.snapshot();  // nobody answers now
  ASSERT_TRUE(look.ok());
  EXPECT_EQ(look->devices, seen->devices);
}

TEST(LiveFleet, TheMailboxIsBounded) {
  LiveFleet live{30s};
  std::atomic<std::size_t> refused{0};
  std::atomic<std::size_t> served{0};
  {
    std::vector<std::jthread> askers;
    for (std::size_t i = 0; i < LiveFleet::requests_max + 4; ++i) {
      askers.emplace_back([&] { ++(live.stop("").ok() ? served : refused); });
    }
    while (refused < 4) std::this_thread::yield();
    FleetSimulator fleet{quiet_plan()};
    while (served < LiveFleet::requests_max) live.serve(fleet);
  }
  EXPECT_EQ(refused, 4U);
  EXPECT_EQ(served, LiveFleet::requests_max);
}

TEST(LiveFleet, ManyAskAtOnce) {
  LiveFleet live{30s};
  Running running{live};
  std::vector<std::jthread> askers;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([&] {
      for (int turn = 0; turn < 50; ++turn) {
        EXPECT_TRUE(live.snapshot().ok());
        EXPECT_TRUE(live.stop("").ok());
      }
    });
  }
}

}  // namespace
}  // namespace vedette
