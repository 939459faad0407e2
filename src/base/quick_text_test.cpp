#include "base/quick_text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/random.hpp"

namespace vedette {
namespace {

std::string number_of(double value) {
  std::array<char, 32> text;
  return {text.data(), write_number(text.data(), value)};
}

/// What the standard library writes: fixed while that stays short.
std::string shortest(double value) {
  std::array<char, 64> text;
  const bool plain = value == 0 || (value >= 1e-9 && value < 1e15);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::general;
  return {text.data(), std::to_chars(text.data(), text.data() + 64, value, format).ptr};
}

TEST(QuickText, NumbersAreTheShortestThatReadBackEqual) {
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
                             1.0000000000000002e-9,
                             4.9e14 + 0.3,
                             1e300,
                             -1.7976931348623157e308,
                             5e-324}) {
    EXPECT_EQ(number_of(value), shortest(value));
  }
  Random random{7};
  for (int i = 0; i < 200'000; ++i) {
    const double scale = std::pow(10.0, static_cast<double>(random.below(14)) - 6);
    double value = random.uniform() * scale;
    if (i % 3 > 0) value = std::floor(value * 1e6) / 1e6;
    if (i % 3 > 1) value = std::floor(value);
    ASSERT_EQ(number_of(value), shortest(value));
  }
}

TEST(QuickText, WritesWholeNumbersPaddedAndHex) {
  std::array<char, 32> text;
  char* const to = text.data();
  const auto written = [&](char* end) { return std::string{to, end}; };
  for (const std::uint64_t value : {0ULL, 9ULL, 10ULL, 99ULL, 100ULL, 12345ULL, ~0ULL}) {
    EXPECT_EQ(written(write_whole(to, value)), std::to_string(value));
  }
  EXPECT_EQ(written(write_padded<6>(to, 42)), "000042");
  EXPECT_EQ(written(write_padded<6>(to, 999'999)), "999999");
  EXPECT_EQ(written(write_hex(to, 0x0123456789abcdefULL)), "0123456789abcdef");
  EXPECT_EQ(written(write_literal(to, "-\t")), "-\t");
}

TEST(QuickText, SeesAnUnsafeByteAtEveryPlace) {
  const struct {
    char byte;
    bool zeek;
    bool json;
  } rows[] = {{'\t', false, false},   {'\n', false, false},  {'\0', false, false},
              {'\x1f', false, false}, {'\\', false, false},  {'\x7f', false, false},
              {'"', true, false},     {'\xc3', true, false}, {' ', true, true},
              {'~', true, true}};
  std::array<char, 64> buffer;
  for (std::size_t size = 0; size <= 40; ++size) {
    for (std::size_t at = 0; at < std::max<std::size_t>(size, 1); ++at) {
      for (const auto& row : rows) {
        std::string text(size, 'a');
        if (size > 0) text[at] = row.byte;
        std::uint64_t zeek = 0;
        std::uint64_t json = 0;
        char* const end = write_text<Unsafe::zeek>(buffer.data(), text, zeek);
        ASSERT_EQ(std::string(buffer.data(), end), text);
        write_text<Unsafe::json>(buffer.data(), text, json);
        ASSERT_EQ(zeek == 0, row.zeek || size == 0) << size << ' ' << at;
        ASSERT_EQ(json == 0, row.json || size == 0) << size << ' ' << at;
      }
    }
  }
}

}  // namespace
}  // namespace vedette
