#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "base/random.hpp"

namespace vedette {
namespace {

TEST(Bytes, ComeBackAsWritten) {
  ByteWriter out;
  out.put(std::uint16_t{0x1234});
  out.put(2.5);
  out.put_text("tree");
  out.put_array(std::span<const float>{std::vector<float>{1, 2, 3}});
  EXPECT_EQ(out.bytes()[0], std::byte{0x34});  // little-endian
  ByteReader in{out.bytes()};
  EXPECT_EQ(in.get<std::uint16_t>(), 0x1234);
  EXPECT_EQ(in.get<double>(), 2.5);
  EXPECT_EQ(in.get_text(), "tree");
  EXPECT_EQ(in.get_array<float>(), (std::vector<float>{1, 2, 3}));
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.left(), 0U);
}

TEST(Bytes, ReadingBeyondTheEndFailsForGood) {
  ByteWriter out;
  out.put(std::uint32_t{0xFFFFFFFF});  // a count that nothing backs
  ByteReader in{out.bytes()};
  EXPECT_TRUE(in.get_array<double>().empty());
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.get<std::uint8_t>(), 0);
  EXPECT_EQ(in.get_text(), "");
}

// Reference values of XXH3_64bits from the specification's test vectors for the empty input.
TEST(Hash, IsXxh3) {
  EXPECT_EQ(hash64(std::string_view{}), 0x2D06800538D394C2ULL);
  EXPECT_NE(hash64("a", 1), hash64("a", 2));
}

TEST(Random, SameSeedSameStreamOtherSeedOther) {
  Random a{7};
  Random b{7};
  Random c{8};
  for (int i = 0; i < 1000; ++i) {
    const auto value = a.next();
    EXPECT_EQ(value, b.next());
    EXPECT_NE(value, c.next());
  }
}

TEST(Random, HasTheMomentsItPromises) {
  Random random{11};
  constexpr int n = 200'000;
  double uniform = 0, normal = 0, square = 0, exponential = 0;
  for (int i = 0; i < n; ++i) {
    uniform += random.uniform();
    const double x = random.normal(2, 3);
    normal += x;
    square += (x - 2) * (x - 2);
    exponential += random.exponential(4);
  }
  // Four standard errors each: 4 * sqrt(variance / n).
  EXPECT_NEAR(uniform / n, 0.5, 4 * 0.2887 / 447);
  EXPECT_NEAR(normal / n, 2, 4 * 3.0 / 447);
  EXPECT_NEAR(square / n, 9, 4 * 9 * 1.4143 / 447);
  EXPECT_NEAR(exponential / n, 4, 4 * 4.0 / 447);
}

}  // namespace
}  // namespace vedette
