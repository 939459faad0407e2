#include "feature/lru_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>

#include "base/random.hpp"

namespace vedette {
namespace {

/// The same, slowly: a list in the order of use.
struct Twin {
  std::size_t size_max;
  std::list<std::pair<std::uint64_t, int>> entries{};  // the most recently seen first
  std::uint64_t evicted = 0;

  int& of(std::uint64_t key) {
    for (auto at = entries.begin(); at != entries.end(); ++at) {
      if (at->first != key) continue;
      entries.splice(entries.begin(), entries, at);
      return entries.front().second;
    }
    if (entries.size() == size_max) {
      entries.pop_back();
      ++evicted;
    }
    entries.emplace_front(key, 0);
    return entries.front().second;
  }
};

/// Keys that crowd into few slots: their probes meet, and wrap around the end.
LruKey key_of(std::uint64_t number) {
  return {(number % 7) * 0x1'0000'0000ULL + 61 + number % 3, number};
}

TEST(LruTable, DoesWhatAListWouldDo) {
  for (const std::size_t size_max :
       {std::size_t{1}, std::size_t{2}, std::size_t{40}, std::size_t{300}}) {
    const std::uint64_t seed = 100 + size_max;
    Random random(seed);
    LruTable<int> table(size_max);
    Twin twin{size_max};
    for (int step = 0; step < 20'000; ++step) {
      const std::uint64_t number = random.below(2 * size_max + 1);
      int& value = table.of(key_of(number));
      int& expected = twin.of(number);
      ASSERT_EQ(value, expected) << "step " << step << " seed " << seed;
      value = expected = step;
      ASSERT_EQ(table.size(), twin.entries.size());
      ASSERT_EQ(table.evicted(), twin.evicted);
      const std::uint64_t asked = random.below(2 * size_max + 1);
      const auto there = std::find_if(twin.entries.begin(), twin.entries.end(),
                                      [&](const auto& entry) { return entry.first == asked; });
      const int* found = table.find(key_of(asked));
      ASSERT_EQ(found != nullptr, there != twin.entries.end()) << step << " seed " << seed;
      if (found != nullptr) {
        ASSERT_EQ(*found, there->second);
      }
    }
    auto oldest = twin.entries.rbegin();
    table.each([&](const LruKey& key, int value) {
      EXPECT_EQ(key, key_of(oldest->first));
      EXPECT_EQ(value, oldest->second);
      ++oldest;
    });
    EXPECT_EQ(oldest, twin.entries.rend());
    table.clear();
    EXPECT_EQ(table.size(), 0U);
    EXPECT_EQ(table.find(key_of(1)), nullptr);
  }
}

}  // namespace
}  // namespace vedette
