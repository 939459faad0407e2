#include "base/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace vedette {
namespace {

TEST(IsUtf8, KnowsWellFormedFromIllFormed) {
  struct Row {
    std::string_view text;
    bool good;
  };
  for (const Row& row : {
           Row{"", true},
           Row{"plain", true},
           Row{"\xC3\xA9", true},
           Row{"\xE2\x82\xAC", true},
           Row{"\xF0\x9F\x98\x80", true},
           Row{"\xC0\xAF", false},          // overlong
           Row{"\xED\xA0\x80", false},      // surrogate
           Row{"\xF4\x90\x80\x80", false},  // above U+10FFFF
           Row{"\xE2\x82", false},
           Row{"\x80", false},
           Row{"a\xFFz", false},
       }) {
    EXPECT_EQ(is_utf8(row.text), row.good) << quoted(row.text);
  }
}

TEST(JsonString, EscapesAndReplaces) {
  struct Row {
    std::string_view text;
    std::string_view json;
  };
  for (const Row& row : {
           Row{"cam", "\"cam\""},
           Row{"a\"b\\c", R"("a\"b\\c")"},
           Row{std::string_view{"\n\0", 2}, R"("\u000a\u0000")"},
           Row{"\xC3\xA9", "\"\xC3\xA9\""},
           Row{"\xFF", "\"\xEF\xBF\xBD\""},
       }) {
    std::string out;
    append_json_string(out, row.text);
    EXPECT_EQ(out, row.json);
  }
}

TEST(JsonNumber, IsShortestAndNullForNoNumber) {
  const auto text = [](auto value) {
    std::string out;
    append_json_number(out, value);
    return out;
  };
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(0.1F), "0.1");
  EXPECT_EQ(text(3.0), "3");
  EXPECT_EQ(text(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(text(std::numeric_limits<float>::infinity()), "null");
}

TEST(ParseNumbers, TakeTheWholeTextOrNothing) {
  EXPECT_EQ(parse_double("2.5e3"), 2500.0);
  for (const char* bad : {"", "1x", " 1", "nan", "inf", "1e999", "0x10"}) {
    EXPECT_FALSE(parse_double(bad)) << bad;
  }
  EXPECT_EQ(parse_integer<std::uint16_t>("65535"), 65535);
  EXPECT_FALSE(parse_integer<std::uint16_t>("65536"));
  EXPECT_FALSE(parse_integer<std::uint16_t>("-1"));
}

TEST(Quoted, ShowsForeignBytesSafely) {
  EXPECT_EQ(quoted("a\x01\xFF\"b"), R"("a\x01\xff\"b")");
  EXPECT_EQ(quoted("abcdef", 3), "\"abc…\"");
}

}  // namespace
}  // namespace vedette
