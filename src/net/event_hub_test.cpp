#include "net/event_hub.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace vedette {
namespace {

std::shared_ptr<const std::string> text(const char* value) {
  return std::make_shared<const std::string>(value);
}

TEST(EventQueue, DropsTheOldestWhenFullAndCounts) {
  EventQueue queue{2};
  EXPECT_TRUE(queue.push(text("a")));
  EXPECT_TRUE(queue.push(text("b")));
  EXPECT_FALSE(queue.push(text("c")));
  EXPECT_EQ(queue.dropped(), 1U);
  EXPECT_EQ(*queue.pop(), "b");
  EXPECT_EQ(*queue.pop(), "c");
  EXPECT_EQ(queue.pop(), nullptr);
}

TEST(EventQueue, WakesOnlyWhenItWasEmpty) {
  EventQueue queue{8};
  int woken = 0;
  queue.on_ready([&] { ++woken; });
  queue.push(text("a"));
  queue.push(text("b"));
  EXPECT_EQ(woken, 1);
  queue.pop();
  queue.pop();
  queue.push(text("c"));
  EXPECT_EQ(woken, 2);
}

TEST(EventQueue, ALateListenerIsToldOfWhatWaits) {
  EventQueue queue{8};
  queue.push(text("a"));
  int woken = 0;
  queue.on_ready([&] { ++woken; });
  EXPECT_EQ(woken, 1);
}

TEST(EventQueue, WakingHappensOutsideTheLock) {
  EventQueue queue{8};
  std::string got;
  queue.on_ready([&] { got = *queue.pop(); });  // would deadlock under the lock
  queue.push(text("a"));
  EXPECT_EQ(got, "a");
}

TEST(EventHub, WritesTheEventStreamForm) {
  EventHub hub;
  const auto queue = hub.subscribe();
  hub.publish("tick", R"({"a":1})");
  EXPECT_EQ(*queue->pop(), "event: tick\ndata: {\"a\":1}\n\n");
}

TEST(EventHub, EverySubscriberSharesOneText) {
  EventHub hub;
  const auto a = hub.subscribe();
  const auto b = hub.subscribe();
  hub.publish("tick", "1");
  EXPECT_EQ(a->pop().get(), b->pop().get());
}

TEST(EventHub, BoundsItsSubscribersAndForgetsThoseWhoLeft) {
  EventHub hub{2, 4};
  auto a = hub.subscribe();
  const auto b = hub.subscribe();
  EXPECT_EQ(hub.subscribe(), nullptr);
  a.reset();
  EXPECT_EQ(hub.subscribers(), 1U);
  EXPECT_NE(hub.subscribe(), nullptr);
}

TEST(EventHub, CountsDropsAlsoOfThoseWhoLeft) {
  EventHub hub{2, 1};
  auto queue = hub.subscribe();
  for (int i = 0; i < 3; ++i) hub.publish("tick", "1");
  EXPECT_EQ(hub.dropped(), 2U);
  queue.reset();
  hub.publish("tick", "1");
  EXPECT_EQ(hub.dropped(), 2U);
  EXPECT_FALSE(hub.has_subscribers());
}

TEST(EventHub, WritersAndReadersMayMeet) {
  EventHub hub{8, 16};
  constexpr int events = 2000;
  std::atomic<bool> done{false};
  std::jthread reader{[&] {
    while (!done) {
      const auto queue = hub.subscribe();
      while (queue && queue->pop()) {
      }
    }
  }};
  const auto steady = hub.subscribe();
  std::atomic<int> woken{0};
  steady->on_ready([&] { ++woken; });
  {
    std::jthread a{[&] {
      for (int i = 0; i < events; ++i) hub.publish("a", "1");
    }};
    std::jthread b{[&] {
      for (int i = 0; i < events; ++i) hub.publish("b", "1");
    }};
  }
  done = true;
  EXPECT_EQ(steady->dropped(), 2U * events - 16);
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace vedette
