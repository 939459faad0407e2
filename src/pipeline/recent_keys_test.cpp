#include "pipeline/recent_keys.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace vedette {
namespace {

TEST(RecentKeys, KnowsWhatABrokerMayStillHold) {
  constexpr std::size_t held = 8'192;
  Random random{11};
  std::vector<RecordKey> keys;
  for (std::size_t i = 0; i < 20 * held; ++i) {
    keys.push_back({static_cast<std::int64_t>(i), random.next()});
  }
  RecentKeys recent;
  for (const RecordKey key : keys) ASSERT_FALSE(recent.meet(key)) << "seed 11";
  std::size_t forgotten = 0;
  for (std::size_t i = keys.size() - held; i < keys.size(); ++i) {
    forgotten += recent.meet(keys[i]) ? 0 : 1;
  }
  EXPECT_LT(forgotten, held / 200) << "seed 11";
}

TEST(RecentKeys, TellsTimesApartAndTakesRecordsWithoutKeysAsNew) {
  RecentKeys recent;
  EXPECT_FALSE(recent.meet({1, 7}));
  EXPECT_FALSE(recent.meet({2, 7}));
  EXPECT_TRUE(recent.meet({1, 7}));
  EXPECT_TRUE(recent.meet({2, 7}));
  EXPECT_FALSE(recent.meet({}));
  EXPECT_FALSE(recent.meet({}));
}

}  // namespace
}  // namespace vedette
