#include "codec/number.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <string>

#include "base/random.hpp"
#include "codec/event_time.hpp"
#include "codec/scan.hpp"

namespace vedette {
namespace {

std::string random_number(Random& random) {
  std::string text = random.chance(0.3) ? "-" : "";
  const auto digits = [&](std::size_t most) {
    for (std::uint64_t i = random.below(most); i > 0; --i) {
      text += static_cast<char>('0' + random.below(10));
    }
  };
  digits(20);
  if (random.chance(0.6)) text += '.';
  digits(18);
  if (random.chance(0.1)) text += fmt::format("e{}", static_cast<int>(random.below(80)) - 40);
  return text;
}

TEST(Number, FastPathGivesTheBitsOfFromChars) {
  constexpr std::uint64_t seed = 20'240'117;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random{seed};
  for (int i = 0; i < 200'000; ++i) {
    const std::string text = random_number(random);
    double ours = 0, theirs = 0;
    const Fault fault = parse_number(text, ours);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), theirs);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    ASSERT_EQ(fault == Fault::none, whole) << text;
    if (whole) {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(ours), std::bit_cast<std::uint64_t>(theirs)) << text;
    }
  }
}

TEST(Number, RefusesWhatIsNoFiniteNumber) {
  const struct {
    const char* text;
    Fault fault;
  } rows[] = {
      {"", Fault::wrong_type},      {"-", Fault::wrong_type},      {".", Fault::wrong_type},
      {"1x", Fault::wrong_type},    {" 1", Fault::wrong_type},     {"1.2.3", Fault::wrong_type},
      {"+1", Fault::wrong_type},    {"0x10", Fault::wrong_type},   {"nan", Fault::out_of_range},
      {"inf", Fault::out_of_range}, {"1e999", Fault::out_of_range}};
  for (const auto& row : rows) {
    double value = 0;
    EXPECT_EQ(parse_number(row.text, value), row.fault) << row.text;
  }
}

TEST(EventTime, ReadsEveryForm) {
  const struct {
    const char* text;
    std::int64_t micros;
  } rows[] = {
      {"0", 0},
      {"1545403816.962094", 1'545'403'816'962'094},
      {"1545403816.9620945", 1'545'403'816'962'095},  // half up
      {"1545403816.96209449", 1'545'403'816'962'094},
      {"1545403816", 1'545'403'816'000'000},
      {"1545403816962", 1'545'403'816'962'000},  // milliseconds, by magnitude
      {"1545403816962.5", 1'545'403'816'962'500},
      {"1.545403816962094E9", 1'545'403'816'962'094},
      {"2018-12-21T14:50:16.962094Z", 1'545'403'816'962'094},
      {"2018-12-21T15:50:16.962094+01:00", 1'545'403'816'962'094},
      {"2018-12-21 14:50:16", 1'545'403'816'000'000},
      {"2018-12-21 14:50", 1'545'403'800'000'000},
      {"2018-12-21", 1'545'350'400'000'000},
      {"7258118399.999999", event_micros_end - 1},
  };
  for (const auto& row : rows) {
    Time time;
    EXPECT_EQ(time_from_text(row.text, time), Fault::none) << row.text;
    EXPECT_EQ(micros(time), row.micros) << row.text;
  }
}

TEST(EventTime, RefusesWhatIsOutsideItsRange) {
  const struct {
    const char* text;
    Fault fault;
  } rows[] = {{"7258118400", Fault::out_of_range},   // 2200-01-01
              {"99999999999", Fault::out_of_range},  // too late as seconds, too small as millis
              {"-1", Fault::out_of_range},
              {"1969-12-31T23:59:59Z", Fault::out_of_range},
              {"2200-01-01T00:00:00Z", Fault::out_of_range},
              {"2018-02-30", Fault::out_of_range},
              {"7258118400000", Fault::out_of_range},
              {"1e300", Fault::out_of_range},
              {"99999999999999999999999", Fault::out_of_range},
              {"yesterday", Fault::wrong_type},
              {"", Fault::wrong_type},
              {"2018-12-21 bananas", Fault::malformed}};
  for (const auto& row : rows) {
    Time time;
    EXPECT_EQ(time_from_text(row.text, time), row.fault) << row.text;
  }
}

std::string random_bytes(Random& random, std::size_t size) {
  constexpr std::string_view likely = "\t\"\\a9\x1f \x7f\x80";
  std::string text;
  while (text.size() < size) {
    text += random.chance(0.3) ? likely[random.below(likely.size())]
                               : static_cast<char>(1 + random.below(255));
  }
  return text;
}

TEST(Scan, AgreesWithItsPlainTwin) {
  constexpr std::uint64_t seed = 7;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random{seed};
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = random_bytes(random, random.below(80));
    Offsets fast{}, plain{};
    const LineScan a = scan_line(text, '\t', fast);
    const LineScan b = scan_line_plain(text, '\t', plain);
    ASSERT_EQ(a.separators, b.separators);
    ASSERT_EQ(a.ascii, b.ascii);
    ASSERT_EQ(a.backslash, b.backslash);
    ASSERT_EQ(fast, plain);
    std::string copy(text.size() + 32, 'x'), twin = copy;
    ASSERT_EQ(copy_padded(text, copy.data()), copy_padded_plain(text, twin.data()));
    ASSERT_EQ(copy, twin);
    ASSERT_EQ(string_stop(copy.data()), string_stop_plain(copy.data()));
    const std::string other = random.chance(0.5) ? copy : random_bytes(random, copy.size());
    const std::size_t size = random.below(17);
    ASSERT_EQ(same_16(copy.data(), other.data(), size),
              same_16_plain(copy.data(), other.data(), size));
  }
}

TEST(Scan, CountsBeyondWhatItKeeps) {
  const std::string tabs(columns_max + 44, '\t');
  Offsets at{};
  EXPECT_EQ(scan_line(tabs, '\t', at).separators, columns_max + 44);
}

}  // namespace
}  // namespace vedette
