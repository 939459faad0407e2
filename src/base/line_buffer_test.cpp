#include "base/line_buffer.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace vedette {
namespace {

template <class Put>
std::string line_of(Put put) {
  std::string out;
  LineBuffer line{out};
  put(line);
  line.flush();
  return out;
}

/// What the standard library writes: fixed while that stays short.
std::string shortest(double value) {
  std::array<char, 64> text;
  const bool plain = value == 0 || (value >= 1e-9 && value < 1e15);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::general;
  return {text.data(), std::to_chars(text.data(), text.data() + 64, value, format).ptr};
}

TEST(LineBuffer, NumbersAreTheShortestThatReadBackEqual) {
  for (const double value : {0.0,
                             -0.0,
                             1.0,
                             9.0,
                             10.0,
                             99.0,
                             100.0,
                             48.0,
                             1e15,
                             1e15 - 1,
                             1e22,
                             1e-6,
                             1e-7,
                             2.5e-9,
                             1e-10,
                             0.1,
                             1.0 / 3,
                             3.139211,
                             0.5,
                             -1.5,
                             1e9 + 0.1,
                             123456789.123456,
                             999999999.999999,
                             1e300,
                             5e-324}) {
    EXPECT_EQ(line_of([&](LineBuffer& line) { line.put_number(value); }), shortest(value));
  }
  Random random{7};
  for (int i = 0; i < 200'000; ++i) {
    const double scale = std::pow(10.0, static_cast<double>(random.below(14)) - 6);
    double value = random.uniform() * scale;
    if (i % 3 > 0) value = std::floor(value * 1e6) / 1e6;
    if (i % 3 > 1) value = std::floor(value);
    ASSERT_EQ(line_of([&](LineBuffer& line) { line.put_number(value); }), shortest(value));
  }
}

TEST(LineBuffer, PadsAndWritesHex) {
  EXPECT_EQ(line_of([](LineBuffer& line) { line.put_padded(42, 6); }), "000042");
  EXPECT_EQ(line_of([](LineBuffer& line) { line.put_padded(999'999, 6); }), "999999");
  EXPECT_EQ(line_of([](LineBuffer& line) { line.put_hex(0x0123456789abcdefULL); }),
            "0123456789abcdef");
}

TEST(LineBuffer, SeesAnUnsafeByteAtEveryPlace) {
  const struct {
    char byte;
    bool zeek;
    bool json;
  } rows[] = {{'\t', false, false},   {'\n', false, false},  {'\0', false, false},
              {'\x1f', false, false}, {'\\', false, false},  {'\x7f', false, false},
              {'"', true, false},     {'\xc3', true, false}, {' ', true, true},
              {'~', true, true}};
  for (std::size_t size = 0; size <= 40; ++size) {
    const std::string clean(size, 'a');
    EXPECT_EQ(line_of([&](LineBuffer& line) {
                ASSERT_TRUE(line.put_if_safe<Unsafe::zeek>(clean));
                ASSERT_TRUE(line.put_if_safe<Unsafe::json>(clean));
              }),
              clean + clean);
    for (std::size_t at = 0; at < size; ++at) {
      for (const auto& row : rows) {
        std::string text = clean;
        text[at] = row.byte;
        const std::string zeek = line_of(
            [&](LineBuffer& line) { EXPECT_EQ(line.put_if_safe<Unsafe::zeek>(text), row.zeek); });
        const std::string json = line_of(
            [&](LineBuffer& line) { EXPECT_EQ(line.put_if_safe<Unsafe::json>(text), row.json); });
        ASSERT_EQ(zeek, row.zeek ? text : "") << size << ' ' << at;
        ASSERT_EQ(json, row.json ? text : "") << size << ' ' << at;
      }
    }
  }
}

TEST(LineBuffer, LongerThanItsBufferComesOutWhole) {
  std::string expected;
  const std::string written = line_of([&](LineBuffer& line) {
    for (std::size_t size : {3U, 1000U, 20U, 5000U, 1024U, 0U, 255U}) {
      const std::string piece(size, static_cast<char>('a' + size % 26));
      line.put(std::string_view{piece});
      line.put('|');
      expected += piece + '|';
    }
  });
  EXPECT_EQ(written, expected);
}

}  // namespace
}  // namespace vedette
