#include "train/capture_tally.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/text_layout.hpp"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

void add(Batch& batch, std::string label) {
  batch.add().truth.label = std::move(label);
  ++batch.received;
}

void refuse(Batch& batch, std::string place, std::string code, std::string reason) {
  batch.quarantined.push_back({.received = {},
                               .place = std::move(place),
                               .code = std::move(code),
                               .reason = std::move(reason),
                               .payload = {},
                               .payload_bytes = 0});
  ++batch.received;
}

CaptureReport example() {
  CaptureTally tally{"conn.log"};
  Batch batch{16};
  for (const char* label : {"DDoS", "Benign", "DDoS", "", "C&C"}) add(batch, label);
  refuse(batch, "conn.log line 9", "wrong_type", "duration is \"x\"");
  tally.take(batch);
  batch.reset();
  add(batch, "Benign");
  refuse(batch, "conn.log line 812", "truncated", "20 of 21 columns");
  refuse(batch, "conn.log line 813", "truncated", "1 of 21 columns");
  tally.take(batch);
  return tally.report();
}

TEST(CaptureTally, CountsLinesLabelsAndReasonsWithTheFirstExample) {
  const CaptureReport report = example();
  EXPECT_EQ(report.lines, 9U);
  EXPECT_EQ(report.records, 6U);
  EXPECT_EQ(report.unlabelled, 1U);
  EXPECT_EQ(report.dropped, 3U);
  EXPECT_THAT(report.labels, ElementsAre(Pair("Benign", 2), Pair("DDoS", 2), Pair("C&C", 1)));
  ASSERT_EQ(report.drops.size(), 2U);
  EXPECT_EQ(report.drops[0].code, "truncated");
  EXPECT_EQ(report.drops[0].count, 2U);
  EXPECT_EQ(report.drops[0].first_example, "conn.log line 812: 20 of 21 columns");
  EXPECT_EQ(report.drops[1].count, 1U);
}

TEST(CaptureReport, IsATableWithTotals) {
  CaptureReport other;
  other.capture = "ev\x1bil.log";
  other.lines = other.records = 1'234'567;
  other.labels = {{"Benign", 1'234'567}};
  const std::vector<CaptureReport> reports{example(), other};
  EXPECT_EQ(
      to_text(reports),
      "capture        lines    records  unlabelled  dropped  labels\n"
      "-------------------------------------------------------------------------------------\n"
      "conn.log           9          6           1        3  Benign 2, DDoS 2, C&C 1\n"
      "ev?il.log  1,234,567  1,234,567           0        0  Benign 1,234,567\n"
      "total      1,234,576  1,234,573           1        3  Benign 1,234,569, DDoS 2, C&C "
      "1\n"
      "dropped 2 of conn.log: truncated, first conn.log line 812: 20 of 21 columns\n"
      "dropped 1 of conn.log: wrong_type, first conn.log line 9: duration is \"x\"\n");
  const std::string single = to_text(std::span{reports}.first(1));
  EXPECT_EQ(single.find("total"), std::string::npos);
}

TEST(CaptureReport, IsJson) {
  CaptureReport report = example();
  report.drops.resize(1);
  const std::string one =
      "\"lines\":9,\"records\":6,\"unlabelled\":1,\"dropped\":3,\"drops\":[{\"code\":"
      "\"truncated\",\"count\":2,\"first_example\":\"conn.log line 812: 20 of 21 columns\"}],"
      "\"labels\":[{\"label\":\"Benign\",\"count\":2},{\"label\":\"DDoS\",\"count\":2},{"
      "\"label\":\"C&C\",\"count\":1}]}";
  EXPECT_EQ(to_json(std::span{&report, 1}), "{\"captures\":[{\"capture\":\"conn.log\"," + one +
                                                "],\"total\":{\"capture\":\"total\"," + one + "}");
  EXPECT_EQ(to_json(std::span<const CaptureReport>{}),
            "{\"captures\":[],\"total\":{\"capture\":\"total\",\"lines\":0,\"records\":0,"
            "\"unlabelled\":0,\"dropped\":0,\"drops\":[],\"labels\":[]}}");
}

TEST(CaptureReport, TotalsKeepTheFirstExample) {
  std::vector<CaptureReport> reports{example(), example()};
  reports[1].drops[0].first_example = "later";
  const CaptureReport total = total_of(reports);
  EXPECT_EQ(total.drops[0].count, 4U);
  EXPECT_EQ(total.drops[0].first_example, "conn.log line 812: 20 of 21 columns");
  EXPECT_THAT(total.labels, ElementsAre(Pair("Benign", 4), Pair("DDoS", 4), Pair("C&C", 2)));
}

TEST(TextLayout, GroupsDigitsAndMeasuresCodePoints) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(12345678), "12,345,678");
  EXPECT_EQ(printable("a\tb\x7f"), "a?b?");
  EXPECT_EQ(printable("größe"), "größe");
  EXPECT_EQ(printable("\xff"), "?");
  TextLayout table{{{"ä", TextLayout::Align::left}, {"n", TextLayout::Align::right}}};
  table.add({"größe", "1"});
  EXPECT_EQ(table.text(), "ä      n\n--------\ngröße  1\n");
}

}  // namespace
}  // namespace vedette
