#include "api/timeline.hpp"

#include <gtest/gtest.h>

namespace vedette {
namespace {

Time at(std::size_t second) {
  return Time{} + std::chrono::seconds{second};
}

CountersSnapshot with(std::uint64_t received, std::uint64_t anomalies = 0) {
  CountersSnapshot counters{};
  counters.received = received;
  counters.verdicts = received;
  counters.anomalies = anomalies;
  return counters;
}

TEST(Timeline, IsEmptyBeforeTheSecondSample) {
  Timeline timeline;
  EXPECT_EQ(timeline.rates().received, 0);
  timeline.sample(at(0), with(5));
  EXPECT_EQ(timeline.rates().received, 0);
  EXPECT_TRUE(timeline.points(10).empty());
}

TEST(Timeline, PointsAreDifferences) {
  Timeline timeline;
  timeline.sample(at(0), with(5));
  timeline.sample(at(1), with(8, 1));
  timeline.sample(at(2), with(8, 3));
  const auto points = timeline.points(10);
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].time, at(1));
  EXPECT_EQ(points[0].received, 3U);
  EXPECT_EQ(points[0].anomalies, 1U);
  EXPECT_EQ(points[1].received, 0U);
  EXPECT_EQ(points[1].anomalies, 2U);
  EXPECT_EQ(timeline.points(1).front().time, at(2));
}

TEST(Timeline, RatesLookAtFiveSeconds) {
  Timeline timeline;
  timeline.sample(at(0), with(0));
  timeline.sample(at(1), with(1000));
  EXPECT_DOUBLE_EQ(timeline.rates().received, 1000);
  for (std::size_t i = 2; i <= 6; ++i) timeline.sample(at(i), with(1000 + 10 * (i - 1)));
  EXPECT_DOUBLE_EQ(timeline.rates().received, 10) << "the burst is more than five seconds ago";
}

TEST(Timeline, LateSamplesAreDividedByTheTimeThatPassed) {
  Timeline timeline;
  timeline.sample(at(0), with(0));
  timeline.sample(at(10), with(50));
  EXPECT_DOUBLE_EQ(timeline.rates().verdicts, 5);
}

TEST(Timeline, KeepsAnHour) {
  Timeline timeline;
  for (std::size_t i = 0; i < 2 * Timeline::seconds_max; ++i) timeline.sample(at(i), with(i));
  const auto points = timeline.points(100'000);
  ASSERT_EQ(points.size(), Timeline::seconds_max);
  EXPECT_EQ(points.back().time, at(2 * Timeline::seconds_max - 1));
  for (const auto& point : points) ASSERT_EQ(point.received, 1U);
}

}  // namespace
}  // namespace vedette
