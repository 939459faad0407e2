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

TEST(RowJson, AnExplanationComesBack) {
  Explanation why;
  why.sentence = "a scan, \"loud\"";
  why.usual_of = UsualOf::device;
  why.reasons = {{"a=\"b\"", 0.1F, -1e-9F, 3e8F, 1.0F / 3, "was b", "b", "0 to 3"},
                 {"", NAN, 0, 0, 0, ""}};
  why.changes = {{"rate", 12.5F, 1.0F / 3, "a \"third\""}};
  why.changed_score = 0.125F;
  why.similar = {
      {{1'750'000'000'000'000, 7}, "camera-01", "34-1", "PartOfAHorizontalPortScan", 0.5F}};
  std::string text;
  append_explanation_json(text, why);
  Explanation back;
  ASSERT_TRUE(parse_explanation_json(text, back).ok()) << text;
  EXPECT_EQ(back.sentence, why.sentence);
  EXPECT_EQ(back.usual_of, UsualOf::device);
  ASSERT_EQ(back.reasons.size(), 2U);
  EXPECT_EQ(back.reasons[0].feature, why.reasons[0].feature);
  EXPECT_EQ(back.reasons[0].usual_low, why.reasons[0].usual_low);
  EXPECT_EQ(back.reasons[0].weight, why.reasons[0].weight);
  EXPECT_EQ(back.reasons[0].text, "was b");
  EXPECT_EQ(back.reasons[0].value_text, "b");
  EXPECT_EQ(back.reasons[0].usual_text, "0 to 3");
  EXPECT_TRUE(std::isnan(back.reasons[1].value));
  ASSERT_EQ(back.changes.size(), 1U);
  EXPECT_EQ(back.changes[0].feature, "rate");
  EXPECT_EQ(back.changes[0].to, why.changes[0].to);
  EXPECT_EQ(back.changes[0].text, why.changes[0].text);
  EXPECT_EQ(back.changed_score, 0.125F);
  ASSERT_EQ(back.similar.size(), 1U);
  EXPECT_EQ(back.similar[0].key, why.similar[0].key);
  EXPECT_EQ(back.similar[0].device, "camera-01");
  EXPECT_EQ(back.similar[0].capture, "34-1");
  EXPECT_EQ(back.similar[0].label, why.similar[0].label);
  EXPECT_EQ(back.similar[0].distance, 0.5F);
  EXPECT_TRUE(parse_explanation_json("", back).ok());
  EXPECT_TRUE(back.sentence.empty() && back.reasons.empty() && back.similar.empty());
}

TEST(RowJson, DamagedTextIsCorrupt) {
  for (const char* text : {"", "{", "{\"a\"", "{\"a\":}", "{\"a\":1", "{\"a\":1}x", "{\"a\":null}",
                           "{\"\\u00\":1}", "{\"\\", "[1]", "{\"a\":1,}"}) {
    Reading reading;
    const Status done = parse_reading_json(text, reading);
    ASSERT_FALSE(done.ok()) << text;
    EXPECT_EQ(done.error().code, Errc::corrupt);
  }
  const std::string sound =
      R"({"sentence":"s","usual_of":"device","reasons":[],"changes":[],"changed_score":0,"similar":[]})";
  Explanation why;
  ASSERT_TRUE(parse_explanation_json(sound, why).ok());
  for (std::size_t length = 1; length < sound.size(); ++length) {
    EXPECT_FALSE(parse_explanation_json(sound.substr(0, length), why).ok()) << length;
  }
  for (const char* text :
       {"[]", "{}", R"({"sentence":"s","reasons":[{"feature":"a","value":1}]})"}) {
    EXPECT_FALSE(parse_explanation_json(text, why).ok()) << text;
  }
  EXPECT_FALSE(parse_explanation_json(sound + "]", why).ok());
}

}  // namespace
}  // namespace vedette
