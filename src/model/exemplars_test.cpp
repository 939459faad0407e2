#include "model/exemplars.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hpp"

namespace vedette {
namespace {

constexpr float missing = std::numeric_limits<float>::quiet_NaN();

Similar about(std::int64_t time, std::string label) {
  return {{time, 7}, "camera-01", "34-1", std::move(label), 0};
}

/// Ten rows 0 … 9 in the first column; the second is the same but for the last.
Exemplars ladder() {
  std::vector<Similar> list;
  std::vector<float> rows;
  for (int i = 0; i < 10; ++i) {
    list.push_back(about(i, i < 5 ? "Benign" : "DDoS"));
    rows.push_back(static_cast<float>(i));
    rows.push_back(i == 9 ? missing : 4.0F);
  }
  return {2, std::move(list), std::move(rows)};
}

TEST(Exemplars, NearestByTheColumnsThatWeigh) {
  struct Fact {
    std::vector<float> row, weights;
    std::vector<std::int64_t> nearest;
    float distance;  // of the first
  };
  // The spread of the first column is 9 (ten values: the tenth at either end is the last one).
  const Fact facts[] = {
      {{5, 4}, {1, 0}, {5, 4, 6}, 0},
      {{-9, 4}, {-1, 0}, {0, 1, 2}, 1},  // the sign of a weight does not matter; at most 1
      {{4.5F, 4}, {1, 0}, {4, 5, 3}, 0.5F / 9},
      {{9, missing}, {0, 2}, {9, 0, 1}, 0},   // only the second column is asked
      {{9, 4}, {0, 0}, {8, 7, 6}, 0.5F / 9},  // no weights: the mean of both
  };
  const Exemplars exemplars = ladder();
  std::vector<Similar> found;
  for (const Fact& fact : facts) {
    exemplars.nearest(fact.row, fact.weights, 3, found);
    ASSERT_EQ(found.size(), 3U);
    std::vector<std::int64_t> times;
    for (const Similar& one : found) times.push_back(one.key.time_micros);
    EXPECT_EQ(times, fact.nearest) << fact.row[0];
    EXPECT_NEAR(found[0].distance, fact.distance, 1e-5) << fact.row[0];
    EXPECT_EQ(found[0].label, found[0].key.time_micros < 5 ? "Benign" : "DDoS");
  }
  exemplars.nearest(facts[0].row, facts[0].weights, 99, found);
  EXPECT_EQ(found.size(), 10U);
  Exemplars{}.nearest({}, {}, 3, found);
  EXPECT_TRUE(found.empty());
}

std::vector<std::byte> bytes_of(const Exemplars& exemplars) {
  ByteWriter out;
  exemplars.save(out);
  return {out.bytes().begin(), out.bytes().end()};
}

TEST(Exemplars, SaveAndLoadKeepEverything) {
  const std::vector<std::byte> bytes = bytes_of(ladder());
  const auto loaded = Exemplars::load(bytes, 2);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(bytes_of(*loaded), bytes);
  ASSERT_EQ(loaded->size(), 10U);
  EXPECT_EQ((*loaded)[3].key, (RecordKey{3, 7}));
  EXPECT_EQ((*loaded)[3].device, "camera-01");
  EXPECT_EQ((*loaded)[3].capture, "34-1");
  EXPECT_EQ((*loaded)[3].label, "Benign");
  EXPECT_TRUE(std::isnan(loaded->row(9)[1]));
  EXPECT_EQ(Exemplars::load({}, 7)->size(), 0U);
}

TEST(Exemplars, DamagedBytesAreRefused) {
  const std::vector<std::byte> bytes = bytes_of(ladder());
  EXPECT_EQ(Exemplars::load(bytes, 3).error().code, Errc::mismatch);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(Exemplars::load(std::span{bytes}.first(cut), 2)) << cut;
  }
  std::vector<std::byte> longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_EQ(Exemplars::load(longer, 2).error().code, Errc::corrupt);
  longer[0] = std::byte{9};
  EXPECT_EQ(Exemplars::load(longer, 2).error().code, Errc::unsupported);
  const std::uint64_t seed = 4;
  Random random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> broken = bytes;
    broken[random.below(broken.size())] = static_cast<std::byte>(random.below(256));
    const auto loaded = Exemplars::load(broken, 2);
    if (!loaded) continue;
    EXPECT_EQ(loaded->size(), 10U) << "seed " << seed << " round " << round;
  }
}

TEST(Exemplars, RoomIsBoundByRowsAndByBytes) {
  EXPECT_EQ(Exemplars::room(24), 1000U);
  EXPECT_EQ(Exemplars::room(138), 1000U);
  EXPECT_EQ(Exemplars::room(4096), (std::size_t{1} << 20U) / (4096 * 4 + 28));
}

}  // namespace
}  // namespace vedette
