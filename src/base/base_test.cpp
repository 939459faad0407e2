#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace vedette {
namespace {

TEST(Time, ReadsTheFormsOfTheContract) {
  struct Row {
    const char* text;
    std::int64_t micros;
  };
  for (const Row& row : {Row{"1970-01-01T00:00:00Z", 0}, Row{"1970-01-01 00:00:01", 1'000'000},
                         Row{"1970-01-01T01:00:00.5+01:00", 500'000},
                         Row{"2018-12-21T14:50:16.962094Z", 1545403816962094}}) {
    const auto time = parse_time(row.text);
    ASSERT_TRUE(time) << row.text;
    EXPECT_EQ(micros(*time), row.micros) << row.text;
  }
}

}  // namespace
}  // namespace vedette
