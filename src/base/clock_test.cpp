#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace vedette {
namespace {

TEST(ParseTime, ReadsTheFormsOfTheContract) {
  struct Row {
    const char* text;
    std::int64_t micros;
  };
  for (const Row& row : {
           Row{"1970-01-01T00:00:00Z", 0},
           Row{"1970-01-01 00:00:01", 1'000'000},
           Row{"1970-01-01T01:00:00.5+01:00", 500'000},
           Row{"1969-12-31T23:59:59Z", -1'000'000},
           Row{"2018-12-21T14:50:16.962094Z", 1545403816962094},
           Row{"2018-12-21t14:50:16,962094999z", 1545403816962094},
           Row{"2000-02-29T12:00:00-0530", 951'845'400'000'000},
           Row{"2016-12-31T23:59:60Z", 1'483'228'800'000'000},
       }) {
    const auto time = parse_time(row.text);
    ASSERT_TRUE(time) << row.text << ": " << time.error().message;
    EXPECT_EQ(micros(*time), row.micros) << row.text;
  }
}

TEST(ParseTime, RefusesWhatIsNoTime) {
  struct Row {
    const char* text;
    Errc code;
  };
  for (const Row& row : {
           Row{"", Errc::malformed},
           Row{"yesterday", Errc::malformed},
           Row{"2018-12-21", Errc::malformed},
           Row{"2018-12-21T14:50:16.Z", Errc::malformed},
           Row{"2018-12-21T14:50:16+1", Errc::malformed},
           Row{"2018-12-21T14:50:16Zx", Errc::malformed},
           Row{"2019-02-29T00:00:00Z", Errc::out_of_range},
           Row{"2018-13-01T00:00:00Z", Errc::out_of_range},
           Row{"2018-12-21T24:00:00Z", Errc::out_of_range},
       }) {
    const auto time = parse_time(row.text);
    ASSERT_FALSE(time) << row.text;
    EXPECT_EQ(time.error().code, row.code) << row.text;
    EXPECT_NE(time.error().message.find(row.text), std::string::npos) << row.text;
  }
}

TEST(Rfc3339, IsReadBackToTheMicrosecond) {
  for (const std::int64_t value : {0LL, 1LL, 999'999LL, 1545403816962094LL, 4102444799999999LL}) {
    const Time time = time_from_micros(value);
    const auto again = parse_time(to_rfc3339(time));
    ASSERT_TRUE(again);
    EXPECT_EQ(micros(*again), value);
  }
  EXPECT_EQ(to_rfc3339(time_from_micros(1545403816962094)), "2018-12-21T14:50:16.962094Z");
}

TEST(Seconds, RoundToTheMicrosecond) {
  EXPECT_EQ(micros(time_from_seconds(1545403816.962094)), 1545403816962094);
  EXPECT_EQ(micros(time_from_seconds(0.0000014)), 1);
}

TEST(ParseDuration, TakesUnitsAndRefusesWhatIsNoDuration) {
  struct Row {
    const char* text;
    std::int64_t micros;  // -1: refused
  };
  for (const Row& row : {
           Row{"250ms", 250'000},
           Row{"90s", 90'000'000},
           Row{"90", 90'000'000},
           Row{"1.5m", 90'000'000},
           Row{"6h", 21'600'000'000},
           Row{"2d", 172'800'000'000},
           Row{"1w", 604'800'000'000},
           Row{"0s", 0},
           Row{"7us", 7},
           Row{"", -1},
           Row{"s", -1},
           Row{"10 m", -1},
           Row{"-3s", -1},
           Row{"1e30d", -1},
           Row{"soon", -1},
           Row{"nan", -1},
       }) {
    const auto duration = parse_duration(row.text);
    ASSERT_EQ(duration.ok(), row.micros >= 0) << row.text;
    if (row.micros < 0) continue;
    EXPECT_EQ(duration->count(), row.micros) << row.text;
  }
}

TEST(DurationText, IsShortAndReadBackEqual) {
  for (const auto& [micros, text] :
       std::initializer_list<std::pair<std::int64_t, const char*>>{{0, "0s"},
                                                                   {1, "1us"},
                                                                   {1'500'000, "1500ms"},
                                                                   {90'000'000, "90s"},
                                                                   {600'000'000, "10m"},
                                                                   {172'800'000'000, "2d"}}) {
    EXPECT_EQ(duration_text(Duration{micros}), text);
    EXPECT_EQ(parse_duration(text)->count(), micros);
  }
}

}  // namespace
}  // namespace vedette
