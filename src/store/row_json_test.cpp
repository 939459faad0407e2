#include "store/row_json.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "base/random.hpp"

namespace vedette {
namespace {

TEST(RowJson, ReadingsComeBackBitForBit) {
  Random random{11};
  for (int i = 0; i < 200; ++i) {
    Reading reading;
    for (std::uint64_t n = random.below(6); n > 0; --n) {
      double value = std::bit_cast<double>(random.next());
      if (!std::isfinite(value)) value = -0.0;
      reading.add(random.chance(0.5) ? "a\"\\\x01\n点" : "b", value);
    }
    std::string text;
    append_reading_json(text, reading);
    Reading back;
    ASSERT_TRUE(parse_reading_json(text, back).ok()) << text;
    ASSERT_EQ(back.size(), reading.size());
    for (std::size_t n = 0; n < back.size(); ++n) {
      EXPECT_EQ(back[n].name, reading[n].name);
      EXPECT_EQ(std::bit_cast<std::uint64_t>(back[n].value),
                std::bit_cast<std::uint64_t>(reading[n].value));
    }
  }
}

TEST(RowJson, ReasonsComeBack) {
  const std::vector<Reason> reasons{{"a=\"b\"", 0.1F, -1e-9F, 3e8F, 1.0F / 3}, {"", NAN, 0, 0, 0}};
  std::string text;
  append_reasons_json(text, reasons);
  std::vector<Reason> back;
  ASSERT_TRUE(parse_reasons_json(text, back).ok()) << text;
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[0].feature, reasons[0].feature);
  EXPECT_EQ(back[0].usual_low, reasons[0].usual_low);
  EXPECT_EQ(back[0].weight, reasons[0].weight);
  EXPECT_TRUE(std::isnan(back[1].value));
  EXPECT_TRUE(parse_reasons_json("", back).ok());
  EXPECT_TRUE(back.empty());
}

TEST(RowJson, DamagedTextIsCorrupt) {
  for (const char* text : {"", "{", "{\"a\"", "{\"a\":}", "{\"a\":1", "{\"a\":1}x", "{\"a\":null}",
                           "{\"\\u00\":1}", "{\"\\", "[1]", "{\"a\":1,}"}) {
    Reading reading;
    const Status done = parse_reading_json(text, reading);
    ASSERT_FALSE(done.ok()) << text;
    EXPECT_EQ(done.error().code, Errc::corrupt);
  }
  for (const char* text : {"[", "[{}]", "{}", "[{\"feature\":\"a\",\"value\":1}]", "[]]"}) {
    std::vector<Reason> reasons;
    ASSERT_FALSE(parse_reasons_json(text, reasons).ok()) << text;
  }
}

}  // namespace
}  // namespace vedette
