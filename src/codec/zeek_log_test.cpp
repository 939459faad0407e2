#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.hpp"
#include "codec/codec_test_support.hpp"

namespace vedette {
namespace {

using testing::HasSubstr;
using testing_support::feed;
using testing_support::feed_all;
using testing_support::json_of;

constexpr std::string_view blanks_header =
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
    "orig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\t"
    "orig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents   label   detailed-label\n";
constexpr std::string_view start =
    "1545403816.962094\tCrDn\t10.0.0.1\t41040\t10.0.0.2\t80\ttcp\thttp\t3.139211\t0\t92.0\tS0\t-\t-"
    "\t"
    "0\tShA\t3\t180\t0\t0\t";

std::string log_with(std::string_view row) {
  return std::string{blanks_header} + std::string{row};
}
std::string row_with(std::string_view tail) {
  return std::string{start} + std::string{tail};
}

TEST(ZeekLog, FillsEveryField) {
  const auto decoder = make_zeek_log_decoder();
  const auto rows = feed_all(*decoder, log_with(row_with("-   Malicious   C&C\n")));
  ASSERT_EQ(rows.size(), 1U);
  ASSERT_TRUE(rows[0].is_record) << rows[0].error;
  const Record& record = rows[0].record;
  EXPECT_EQ(record.kind, RecordKind::flow);
  EXPECT_EQ(record.device, "10.0.0.1");
  EXPECT_EQ(json_of(record),
            R"({"ts":1545403816.962094,"uid":"CrDn","id.orig_h":"10.0.0.1","id.orig_p":41040,)"
            R"("id.resp_h":"10.0.0.2","id.resp_p":80,"proto":"tcp","service":"http",)"
            R"("duration":3.139211,"orig_bytes":0,"resp_bytes":92,"conn_state":"S0",)"
            R"("missed_bytes":0,"history":"ShA","orig_pkts":3,"orig_ip_bytes":180,"resp_pkts":0,)"
            R"("resp_ip_bytes":0})");
  EXPECT_EQ(rows[0].truth.label, "C&C");
}

TEST(ZeekLog, LabelsInEveryLayout) {
  const struct {
    const char* tail;
    const char* label;
  } rows[] = {{"-   Benign   -", "Benign"},
              {"-   benign   -", "Benign"},
              {"(empty)   Malicious   PartOfAHorizontalPortScan", "PartOfAHorizontalPortScan"},
              {"-   Malicious   -", "Malicious"},
              {"-   -   -", ""},
              {"-\tMalicious\tDDoS", "DDoS"},
              {"-\tBenign\t-", "Benign"},
              {"-   Malicious   C&C\r", "C&C"}};
  for (const auto& row : rows) {
    const auto decoder = make_zeek_log_decoder();
    const auto outcomes = feed_all(*decoder, log_with(row_with(row.tail)));
    ASSERT_EQ(outcomes.size(), 1U) << row.tail;
    EXPECT_TRUE(outcomes[0].is_record) << outcomes[0].error;
    EXPECT_EQ(outcomes[0].truth.label, row.label) << row.tail;
  }
}

TEST(ZeekLog, HeaderDecidesOrderSeparatorAndUnset) {
  const auto decoder = make_zeek_log_decoder();
  const auto rows = feed_all(*decoder,
                             "#separator \\x7c\n#unset_field|?\n"
                             "#fields|conn_state|proto|id.resp_p|id.resp_h|id.orig_p|id.orig_h|ts\n"
                             "?|udp|53|b|5|a|12.5\r\n"
                             "#fields|ts|id.orig_h|id.orig_p|id.resp_h|id.resp_p|proto|conn_state\n"
                             "13|a|5|b|53|icmp|OTH");
  ASSERT_EQ(rows.size(), 2U);
  ASSERT_TRUE(rows[0].is_record && rows[1].is_record) << rows[0].error << rows[1].error;
  EXPECT_EQ(micros(rows[0].record.time), 12'500'000);
  EXPECT_EQ(rows[0].record.flow.resp_p, 53);
  EXPECT_EQ(rows[0].record.flow.conn_state, ConnState::unset);
  EXPECT_EQ(rows[1].record.flow.proto, Proto::icmp);
  EXPECT_EQ(rows[1].record.flow.conn_state, ConnState::OTH);
}

TEST(ZeekLog, NamesWhatIsWrongWithALine) {
  const struct {
    std::string row;
    const char* error;
  } rows[] = {
      {"x" + row_with("-   Benign   -"), "wrong_type: ts \"x1545"},
      {"1545403816.9\tC\t-\t1\tb\t2\ttcp\t-\t-\t-\t-\tS0\t-\t-\t0\tS\t1\t1\t1\t1\t-   -   -",
       "missing_field: id.orig_h is missing"},
      {"1545403816.9\tC\ta\t70000\tb\t2\ttcp\t-\t-\t-\t-\tS0\t-\t-\t0\tS\t1\t1\t1\t1\t-   -   -",
       "out_of_range: id.orig_p \"70000\""},
      {"1545403816.9\tC\ta\t80.5\tb\t2\ttcp\t-\t-\t-\t-\tS0\t-\t-\t0\tS\t1\t1\t1\t1\t-   -   -",
       "wrong_type: id.orig_p \"80.5\""},
      {"1545403816.9\tC\ta\t1\tb\t2\tsctp\t-\t-\t-\t-\tS0\t-\t-\t0\tS\t1\t1\t1\t1\t-   -   -",
       "out_of_range: proto \"sctp\""},
      {"1545403816.9\tC\ta\t1\tb\t2\ttcp\t-\t-2\t-\t-\tS0\t-\t-\t0\tS\t1\t1\t1\t1\t-   -   -",
       "out_of_range: duration \"-2\""},
      {"1545403816.9\tC\ta\t1\tb\t2\ttcp\t-\tnan\t-\t-\tS0\t-\t-\t0\tS\t1\t1\t1\t1\t-   -   -",
       "out_of_range: duration \"nan\""},
      {"1545403816.9\tC\ta\t1\tb\t2\ttcp\t-\t-\t-\t-\tS9\t-\t-\t0\tS\t1\t1\t1\t1\t-   -   -",
       "out_of_range: conn_state \"S9\""},
      {"1545403816.9\tC\ta\t1\tb", "truncated: 5 columns where #fields names 23"},
      {row_with("-   Mali"), "truncated: 22 columns where #fields names 23"},
      {row_with("-\tBenign\t-\textra"), "malformed: 24 columns where #fields names 23"},
      {row_with("\xff   Benign   -"), "malformed: the line"},
      {"1545403816.9\tC\t" + std::string(65, 'a'), "truncated"},
      {"1545403816.9\tC\t" + std::string(65, 'a') +
           "\t1\tb\t2\ttcp\t-\t-\t-\t-\tS0\t-\t-\t0\tS\t1\t1\t1\t1\t-   -   -",
       "too_large: id.orig_h"},
      {std::string(300'000, 'a'), "too_large: a line of 300000 bytes"}};
  for (const auto& row : rows) {
    const auto decoder = make_zeek_log_decoder();
    const auto outcomes = feed_all(*decoder, log_with(row.row));
    ASSERT_EQ(outcomes.size(), 1U) << row.error;
    EXPECT_THAT(outcomes[0].error, HasSubstr(row.error));
  }
}

TEST(ZeekLog, NamesWhatIsWrongWithAHeader) {
  const struct {
    const char* text;
    const char* error;
  } rows[] = {{"1\t2\t3", "malformed: a data line, but no #fields header yet"},
              {"#fields\tts\tid.orig_h\tid.orig_p\tid.resp_p\tproto\tconn_state",
               "missing_field: the #fields line has no column id.resp_h"},
              {"#fields\tts\tts", "malformed: the #fields line names ts twice"},
              {"#fields", "missing_field: the #fields line has no column ts"},
              {"#separator tab", "malformed: #separator \"tab\" is no separator"}};
  for (const auto& row : rows) {
    const auto decoder = make_zeek_log_decoder();
    EXPECT_THAT(feed(*decoder, row.text).error, HasSubstr(row.error)) << row.text;
    EXPECT_FALSE(decoder->finish().ok());
  }
}

TEST(ZeekLog, LinesUnderABadHeaderSayWhy) {
  const auto decoder = make_zeek_log_decoder();
  const auto rows = feed_all(*decoder, "#fields\tts\tuid\n1\tC\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[1].error, HasSubstr("no column id.orig_h"));
}

TEST(ZeekLog, FinishWantsAFieldsLine) {
  const auto empty = make_zeek_log_decoder();
  EXPECT_EQ(empty->finish().error().code, Errc::malformed);
  const auto fine = make_zeek_log_decoder();
  feed_all(*fine, blanks_header);
  EXPECT_TRUE(fine->finish().ok());
}

TEST(ZeekLog, WriterReadsBackEqual) {
  Record record;
  record.time = time_from_micros(1'545'403'816'000'001);
  record.flow.uid = "-";
  record.flow.orig_h = "fe80::1";
  record.flow.resp_h = "ff02::16";
  record.flow.proto = Proto::icmp;
  record.flow.service = "a\tb\\c\n\xC3\xA9";
  record.flow.duration = 1e-6;
  record.flow.orig_bytes = 1.0 / 3.0;
  record.flow.resp_bytes = 1e22;
  record.device = record.flow.orig_h;
  record.seal();
  for (const char* label : {"", "Benign", "Malicious", "C&C-FileDownload"}) {
    std::string log;
    append_zeek_header(log);
    append_zeek_line(log, record, {label});
    const auto decoder = make_zeek_log_decoder();
    const auto rows = feed_all(*decoder, log);
    ASSERT_EQ(rows.size(), 1U);
    ASSERT_TRUE(rows[0].is_record) << rows[0].error;
    EXPECT_EQ(rows[0].record.key, record.key);
    EXPECT_EQ(json_of(rows[0].record), json_of(record));
    EXPECT_EQ(rows[0].truth.label, label);
  }
}

}  // namespace
}  // namespace vedette
