#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/codec_test_support.hpp"

namespace vedette {
namespace {

using testing::HasSubstr;
using testing_support::feed_all;
using testing_support::json_of;

TEST(Csv, ReadsReadingsInEveryDialect) {
  constexpr std::string_view expected =
      R"({"timestamp":"2015-02-04T17:51:00.000000Z","Temp":23.5,"Hum":27})";
  const char* const texts[] = {
      "timestamp,Temp,Hum\n2015-02-04 17:51:00,23.5,27",
      "\xEF\xBB\xBFTimestamp;Temp;Hum\r\n2015-02-04 17:51:00;23.50;27.0\r\n",
      "Date\tTemp\tHum\n2015-02-04T17:51:00Z\t23.5\t27",
      "\"Date\",\"Temp\",\"Hum\"\n\"1\",\"2015-02-04 17:51:00\",23.5,27",
      "note|date|time|Temp|Hum\nfine|2015-02-04|17:51:00|23.5|27",
      "ts,Temp,date,text,Hum\n1423072260,23.5,ignored,\"a, \"\"b\"\"\",27",
      "ts Temp Hum\n1423072260000 \t23.5   27"};
  for (const char* text : texts) {
    const auto decoder = make_csv_decoder();
    const auto rows = feed_all(*decoder, text);
    ASSERT_EQ(rows.size(), 1U) << text;
    ASSERT_TRUE(rows[0].is_record) << text << rows[0].error;
    EXPECT_EQ(rows[0].record.device, "sensor");
    EXPECT_EQ(json_of(rows[0].record), expected) << text;
    EXPECT_TRUE(decoder->finish().ok());
  }
}

TEST(Csv, WithoutATimeColumnALineIsASecond) {
  const auto decoder = make_csv_decoder();
  const auto rows = feed_all(*decoder,
                             "Reading# Mote-ID Humidity Tepmrature Label\r\n"
                             "1\t3\t45.93\t27.97\t0\r\n2\t3\t45.9\t27.95\t1\r\n");
  ASSERT_EQ(rows.size(), 2U);
  ASSERT_TRUE(rows[1].is_record) << rows[1].error;
  EXPECT_EQ(json_of(rows[1].record),
            R"({"timestamp":"1970-01-01T00:00:02.000000Z","Humidity":45.9,"Tepmrature":27.95})");
  EXPECT_EQ(rows[1].record.device, "3");
  EXPECT_EQ(rows[0].truth.label, "Benign");
  EXPECT_EQ(rows[1].truth.label, "Anomaly");
}

TEST(Csv, ReadsFlowsUnderTheirManyNames) {
  const char* const headers[] = {
      "ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,conn_state,orig_bytes,label",
      "ts|uid|id_orig.h|id_orig.p|id_resp.h|id_resp.p|proto|conn_state|orig_bytes|label",
      "ts;uid;id_orig_h;id_orig_p;id_resp_h;id_resp_p;proto;conn_state;orig_bytes;label"};
  for (const std::string header : headers) {
    const char separator = header[2];
    std::string row = "1500000000.25,C1,10.0.0.1,41040.0,10.0.0.2,80,tcp,S0,,Malicious";
    std::replace(row.begin(), row.end(), ',', separator);
    const auto decoder = make_csv_decoder();
    const auto rows = feed_all(*decoder, header + "\n" + row);
    ASSERT_EQ(rows.size(), 1U);
    ASSERT_TRUE(rows[0].is_record) << rows[0].error;
    EXPECT_EQ(json_of(rows[0].record),
              R"({"ts":1500000000.250000,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":41040,)"
              R"("id.resp_h":"10.0.0.2","id.resp_p":80,"proto":"tcp","conn_state":"S0"})");
    EXPECT_EQ(rows[0].truth.label, "Malicious");
  }
}

TEST(Csv, NamesWhatIsWrong) {
  const struct {
    const char* text;
    const char* error;
  } rows[] = {{"1,2,3\n", "malformed: the first line is not a header"},
              {"timestamp,note\"x\n", ""},
              {"timestamp,\"value\n", "malformed: the quote in"},
              {"timestamp\n", "missing_field: the header names no column"},
              {"timestamp,a,a\n", "malformed: the header names \"a\" twice"},
              {"ts,id.orig_h,id.resp_h\n", "missing_field: the header has no column id.orig_p"},
              {"timestamp,a,b\n2015-02-04,1", "truncated: 2 columns where the header names 3"},
              {"timestamp,a\n2015-02-04,1,2,3", "malformed: 4 columns where the header names 2"},
              {"timestamp,a\n-,1", "missing_field: the time is missing"},
              {"timestamp,a\n2015-02-04,NA", "missing_field: the line holds no number"},
              {"timestamp,a\nsoon,1", "wrong_type: timestamp \"soon\""},
              {"timestamp,a\n1960-01-01,1", "out_of_range: timestamp"},
              {"timestamp,a\n2015-02-04,inf", "out_of_range: a \"inf\""},
              {"timestamp,a\n2015-02-04,\xff", "malformed: the line"},
              {"timestamp,a,label\n2015-02-04,1,2", "out_of_range: label \"2\""}};
  for (const auto& row : rows) {
    const auto decoder = make_csv_decoder();
    const auto outcomes = feed_all(*decoder, row.text);
    if (*row.error == '\0') {
      EXPECT_TRUE(outcomes.empty());
      continue;
    }
    ASSERT_EQ(outcomes.size(), 1U) << row.text;
    EXPECT_THAT(outcomes[0].error, HasSubstr(row.error));
  }
}

TEST(Csv, ATextInANumericColumnIsAWrongType) {
  const auto decoder = make_csv_decoder();
  const auto rows = feed_all(*decoder, "timestamp,a\n2015-02-04,1\n2015-02-05,x\n2015-02-06,2\n");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[1].error, HasSubstr("wrong_type: a \"x\""));
  EXPECT_TRUE(rows[2].is_record);
}

TEST(Sniff, TellsTheFormats) {
  EXPECT_EQ(sniff_format("#separator \\x09\n"), "zeek");
  EXPECT_EQ(sniff_format("\xEF\xBB\xBF{\"a\":1}"), "json");
  EXPECT_EQ(sniff_format("\n  {"), "json");
  EXPECT_EQ(sniff_format("timestamp,value\n"), "csv");
  EXPECT_EQ(sniff_format("a b c\r\n"), "csv");
  EXPECT_EQ(sniff_format(""), std::nullopt);
  EXPECT_EQ(sniff_format("word\n"), std::nullopt);
  EXPECT_EQ(sniff_format(std::string_view{"\x7f\0,ELF", 6}), std::nullopt);
}

}  // namespace
}  // namespace vedette
