#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <fmt/format.h>

#include "base/random.hpp"
#include "codec/codec_test_support.hpp"
#include "codec/json_cursor.hpp"

namespace vedette {
namespace {

using testing::HasSubstr;
using testing_support::feed;
using testing_support::json_of;

constexpr std::string_view flow_topic = "iot/cam-1/flow";
constexpr std::string_view sensor_topic = "iot/room-7/sensor";
constexpr std::string_view flow =
    R"({"ts":1545403816.962094,"uid":"CrDn","id.orig_h":"10.0.0.1","id.orig_p":41040,)"
    R"("id.resp_h":"10.0.0.2","id.resp_p":80,"proto":"tcp","service":"http","duration":3.139211,)"
    R"("orig_bytes":0,"resp_bytes":92,"conn_state":"S0","missed_bytes":0,"history":"ShA",)"
    R"("orig_pkts":3,"orig_ip_bytes":180,"resp_pkts":0,"resp_ip_bytes":0})";

/// The flow with one piece of its text replaced.
std::string flow_with(std::string_view piece, std::string_view by) {
  std::string text{flow};
  const std::size_t at = text.find(piece);
  EXPECT_NE(at, std::string::npos) << piece;
  return text.replace(at, piece.size(), by);
}

TEST(JsonFlow, FillsEveryField) {
  const auto decoder = make_json_decoder();
  const auto outcome = feed(*decoder, flow, flow_topic);
  ASSERT_TRUE(outcome.is_record) << outcome.error;
  EXPECT_EQ(outcome.record.device, "cam-1");
  EXPECT_EQ(json_of(outcome.record), flow);
}

TEST(JsonFlow, TakesWhatIsAllowed) {
  const struct {
    const char* piece;
    const char* by;
  } rows[] = {{R"("ts":1545403816.962094)", R"("ts":"2018-12-21T14:50:16.962094Z")"},
              {R"("ts":1545403816.962094)", R"("ts":1.545403816962094e9)"},
              {R"("uid":"CrDn")", R"("uid":"C\u0072Dn")"},
              {R"("uid":)", R"("u\u0069d" : )"},
              {R"("id.orig_h":"10)", R"("new":{"a":[1,2,{"b":"}"}],"c":null},"id.orig_h":"10)"},
              {R"("proto":"tcp")", R"("local_orig":true,"x":1e400,"proto":"TCP")"},
              {R"("orig_bytes":0)", R"("orig_bytes":-0.0)"},
              {R"(,"id.resp_p":80,)", " ,\t\"id.resp_p\"\n:\r80 , "}};
  for (const auto& row : rows) {
    const auto decoder = make_json_decoder();
    const auto outcome = feed(*decoder, flow_with(row.piece, row.by), flow_topic);
    ASSERT_TRUE(outcome.is_record) << row.by << ": " << outcome.error;
    EXPECT_EQ(json_of(outcome.record), flow) << row.by;
    EXPECT_EQ(outcome.record.key, feed(*decoder, flow, flow_topic).record.key) << row.by;
  }
}

TEST(JsonFlow, UnsetIsAbsentOrNull) {
  const auto decoder = make_json_decoder();
  const auto absent = feed(*decoder, flow_with(R"("duration":3.139211,)", ""), flow_topic);
  const auto null = feed(*decoder, flow_with("3.139211", "null"), flow_topic);
  ASSERT_TRUE(absent.is_record && null.is_record);
  EXPECT_TRUE(std::isnan(absent.record.flow.duration));
  EXPECT_TRUE(std::isnan(null.record.flow.duration));
  const auto state = feed(*decoder, flow_with(R"("conn_state":"S0",)", ""), flow_topic);
  EXPECT_EQ(state.record.flow.conn_state, ConnState::unset);
}

TEST(JsonFlow, NamesWhatIsWrong) {
  const struct {
    const char* piece;
    const char* by;
    const char* error;
  } rows[] = {
      {R"("ts":1545403816.962094,)", "", "missing_field: ts is missing"},
      {R"("id.resp_h":"10.0.0.2",)", "", "missing_field: id.resp_h is missing"},
      {R"("id.resp_h":"10.0.0.2")", R"("id.resp_h":"")", "missing_field: id.resp_h is missing"},
      {R"("proto":"tcp",)", "", "missing_field: proto is missing"},
      {"41040", "null", "missing_field: id.orig_p is missing"},
      {"3.139211", "NaN", "wrong_type: duration \"NaN\""},
      {"3.139211", "Infinity", "wrong_type: duration \"Infinity\""},
      {"3.139211", "-Infinity", "wrong_type: duration \"-Infinity\""},
      {"3.139211", R"("3.1")", "wrong_type: duration \"3.1\""},
      {"3.139211", "true", "wrong_type: duration \"true\""},
      {"3.139211", "[1]", "wrong_type: duration"},
      {"3.139211", "-1", "out_of_range: duration \"-1\""},
      {"3.139211", "1e999", "out_of_range: duration \"1e999\""},
      {"41040", "65536", "out_of_range: id.orig_p \"65536\""},
      {"41040", "80.5", "wrong_type: id.orig_p \"80.5\""},
      {R"("CrDn")", "7", "wrong_type: uid \"7\""},
      {"1545403816.962094", R"("soon")", "malformed: ts \"soon\""},
      {"1545403816.962094", "true", "wrong_type: ts \"true\""},
      {"1545403816.962094", "9e9", "out_of_range: ts \"9e9\""},
      {R"("S0")", R"("S7")", "out_of_range: conn_state \"S7\""},
      {R"("uid":)", R"("ts":1,"uid":)", "malformed: the key ts comes twice"},
      {R"("resp_ip_bytes":0})", R"("resp_ip_bytes":0} x)", "something follows the object"},
      {R"("resp_ip_bytes":0})", R"("resp_ip_bytes":0)", "truncated: the JSON ends at byte"},
      {R"("resp_ip_bytes":0})", R"("resp_ip_bytes":0,})", "malformed: byte"},
      {"3.139211", "03", "malformed: byte"},
      {"3.139211", "3.", "malformed: byte"},
      {"3.139211", "+3", "malformed: byte"},
      {"3.139211", "nope", "malformed: byte"},
      {R"("CrDn")", R"("Cr\q")", "an unknown escape"},
      {R"("CrDn")", R"("\ud800")", "half a surrogate pair"},
      {R"("CrDn")", "\"a\nb\"", "control character"},
      {R"("CrDn")", "\"\xff\xfe\"", "is not UTF-8"},
      {R"("uid":)", R"("x":[1,NaN],"uid":)", "NaN and Infinity are not JSON"},
      {R"("uid":)", R"("x":"\ud800","uid":)", "half a surrogate pair"}};
  for (const auto& row : rows) {
    const auto decoder = make_json_decoder();
    EXPECT_THAT(feed(*decoder, flow_with(row.piece, row.by), flow_topic).error,
                HasSubstr(row.error))
        << row.by;
    EXPECT_TRUE(feed(*decoder, flow, flow_topic).is_record) << "the next message is unharmed";
  }
}

TEST(JsonFlow, NestingIsBounded) {
  const auto decoder = make_json_decoder();
  const auto nested = [](std::size_t depth) {
    return flow_with(R"("uid":)",
                     R"("x":)" + std::string(depth, '[') + std::string(depth, ']') + R"(,"uid":)");
  };
  EXPECT_TRUE(feed(*decoder, nested(JsonCursor::depth_max), flow_topic).is_record);
  EXPECT_THAT(feed(*decoder, nested(JsonCursor::depth_max + 1), flow_topic).error,
              HasSubstr("nested too deeply"));
  EXPECT_THAT(feed(*decoder, nested(100'000), flow_topic).error, HasSubstr("nested too deeply"));
}

TEST(JsonSensor, FillsDeviceTimeAndNumbersInOrder) {
  const auto decoder = make_json_decoder();
  const auto outcome = feed(*decoder,
                            R"({"temperature":21.5,"timestamp":"2026-01-02T03:04:05.5Z","ok":true,)"
                            R"("unit":"C","co2":null,"tags":["a"],"humidity":-4e1,"device":"x"})",
                            sensor_topic);
  ASSERT_TRUE(outcome.is_record) << outcome.error;
  EXPECT_EQ(outcome.record.device, "room-7") << "the topic is what the broker has checked";
  EXPECT_EQ(json_of(outcome.record), R"({"timestamp":"2026-01-02T03:04:05.500000Z",)"
                                     R"("temperature":21.5,"humidity":-40})");
}

TEST(JsonSensor, NamesWhatIsWrong) {
  std::string many = R"({"timestamp":1)";
  for (int i = 0; i < 65; ++i) many += fmt::format(R"(,"v{}":1)", i);
  const std::string long_name = R"({"timestamp":1,")" + std::string(65, 'n') + R"(":1})";
  const std::string long_device =
      R"({"timestamp":1,"a":1,"device":")" + std::string(129, 'd') + "\"}";
  const struct {
    std::string payload;
    const char* error;
  } rows[] = {
      {R"({"temperature":1})", "missing_field: timestamp is missing"},
      {R"({"timestamp":null,"temperature":1})", "missing_field: timestamp is missing"},
      {R"({"timestamp":1})", "missing_field: the reading holds no number"},
      {R"({"timestamp":1,"temperature":"21"})", "missing_field: the reading holds no number"},
      {R"({"timestamp":1,"temperature":NaN})", "wrong_type: temperature \"NaN\""},
      {R"({"timestamp":1,"temperature":1e999})", "out_of_range: temperature \"1e999\""},
      {R"({"timestamp":1,"temperature":1,"temperature":2})", "malformed: the key \"temperature\""},
      {R"({"timestamp":1,"timestamp":2,"a":2})", "malformed: the key timestamp comes twice"},
      {R"({"timestamp":"1","a":2})", "malformed: timestamp \"1\""},
      {R"({"timestamp":[],"a":2})", "wrong_type: timestamp"},
      {R"({"timestamp":1,"device":7,"a":2})", "wrong_type: device \"7\""},
      {R"({"timestamp":1,"":2})", "malformed: a value has no name"},
      {many + "}", "too_large: more than 64 values, \"v64\""},
      {long_name, "too_large: the name"},
      {long_device, "too_large: device"},
      {"", "truncated: the JSON ends at byte 0"},
      {"[1]", "malformed: byte 0: a JSON object was expected"},
      {std::string("{\"timestamp\":1,\"a\":2}\0", 22), "something follows the object"},
      {"\x01", "malformed"},
      {std::string(10'000'000, '{'), "too_large: a payload of 10000000 bytes"}};
  for (const auto& row : rows) {
    const auto decoder = make_json_decoder();
    EXPECT_THAT(feed(*decoder, row.payload, "iot/sensor").error, HasSubstr(row.error))
        << row.payload.substr(0, 80);
  }
}

TEST(JsonTopic, SaysWhatAndWhose) {
  constexpr std::string_view reading = R"({"timestamp":1,"a":2,"device":"named"})";
  constexpr std::string_view bare = R"({"timestamp":1,"a":2})";
  const auto decoder = make_json_decoder();
  EXPECT_EQ(feed(*decoder, bare, "iot/sensor").record.device, "sensor");
  EXPECT_EQ(feed(*decoder, reading, "iot/sensor").record.device, "named");
  EXPECT_EQ(feed(*decoder, reading, "site/b/iot/lamp/sensor").record.device, "lamp");
  EXPECT_EQ(feed(*decoder, flow, "iot/flow").record.device, "10.0.0.1");
  EXPECT_EQ(feed(*decoder, flow, "iot/\xC3\xBC/flow").record.device, "\xC3\xBC");
  const struct {
    std::string topic;
    const char* error;
  } rows[] = {{"iot/lamp/video", "unsupported: the topic ends in \"video\""},
              {"iot/lamp/", "unsupported: the topic ends in \"\""},
              {"iot//sensor", "missing_field: the topic"},
              {"iot/\xff/sensor", "malformed: the topic \"iot/\\xff/sensor\" is not UTF-8"},
              {"iot/" + std::string(129, 'd') + "/sensor", "too_large: the device"}};
  for (const auto& row : rows) {
    EXPECT_THAT(feed(*decoder, bare, row.topic).error, HasSubstr(row.error)) << row.topic;
  }
}

TEST(JsonFile, TheObjectSaysWhatAndWhose) {
  const auto decoder = make_json_decoder();
  const auto plain = feed(*decoder, flow);
  EXPECT_EQ(plain.record.kind, RecordKind::flow);
  EXPECT_EQ(plain.record.device, "10.0.0.1");
  EXPECT_EQ(feed(*decoder, flow_with(R"({"ts")", R"({"device":"cam","ts")")).record.device, "cam");
  EXPECT_EQ(feed(*decoder, R"({"timestamp":1,"a":2})").record.device, "sensor");
  const auto tricky = feed(*decoder, R"({"timestamp":1,"a":2,"x":["id.orig_h"]})");
  EXPECT_TRUE(tricky.is_record) << tricky.error;
  EXPECT_EQ(tricky.record.kind, RecordKind::reading);
  EXPECT_FALSE(feed(*decoder, "  \r").is_record);
  EXPECT_EQ(feed(*decoder, "  \r").error, "");
  EXPECT_TRUE(feed(*decoder, "\xEF\xBB\xBF" + std::string{flow}).is_record);
}

TEST(JsonFile, LabelsAreTruthInFilesOnly) {
  const struct {
    const char* more;
    const char* label;
  } rows[] = {{R"("label":"benign")", "Benign"},
              {R"("label":"Malicious","detailed-label":"DDoS")", "DDoS"},
              {R"("detailed_label":"C&C","label":"Malicious")", "C&C"},
              {R"("label":"Malicious","detailed-label":"-")", "Malicious"},
              {R"("label":"-")", ""},
              {R"("label":null)", ""}};
  for (const auto& row : rows) {
    const auto decoder = make_json_decoder();
    const std::string text = flow_with(R"({"ts")", fmt::format(R"({{{},"ts")", row.more));
    const auto in_file = feed(*decoder, text);
    ASSERT_TRUE(in_file.is_record) << in_file.error;
    EXPECT_EQ(in_file.truth.label, row.label);
    EXPECT_EQ(feed(*decoder, text, flow_topic).truth.label, "");
    EXPECT_EQ(in_file.record.key, feed(*decoder, flow).record.key) << "a label is no content";
  }
  const auto decoder = make_json_decoder();
  const auto reading = feed(*decoder, R"({"timestamp":1,"a":2,"label":1})");
  EXPECT_EQ(reading.truth.label, "Anomaly");
  EXPECT_EQ(reading.record.reading.size(), 1U) << "no detector may see the label";
  const auto live = feed(*decoder, R"({"timestamp":1,"a":2,"label":1})", sensor_topic);
  EXPECT_EQ(live.record.reading.size(), 1U);
  EXPECT_FALSE(live.truth.known());
}

/// simdjson's DOM parser is the plain twin: the same verdict on every mutation of good texts.
/// (Only numbers may differ: simdjson refuses integers above 64 bits, we read them as doubles.)
TEST(JsonCursor, AgreesWithSimdjsonOnMutations) {
  constexpr std::uint64_t seed = 99;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  constexpr std::string_view alphabet = "{}[],:\"\\u0dE-+.1 tfn\n\x01\xC3";
  Random random{seed};
  simdjson::dom::parser twin;
  JsonCursor cursor;
  int good = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = random.chance(0.5) ? R"({"a":[1,-2.5e3,{"b":"\u00e9\n"},[]],"c":{},"d":"x"})"
                                          : R"({"k\"":true,"l":[false,null,0.5],"m":{"n":[[]]}})";
    for (std::uint64_t edits = random.below(3); edits > 0; --edits) {
      text[random.below(text.size())] = alphabet[random.below(alphabet.size())];
    }
    bool ours = cursor.open(text);
    JsonValue value;
    for (std::string_view key; ours && cursor.next_key(key);) {
      ours = cursor.value(value) && value.kind != JsonKind::non_finite;
    }
    ours = ours && !cursor.failed();
    const auto error = twin.parse(text).error();
    if (error == simdjson::NUMBER_ERROR && ours) continue;
    const bool theirs = error == simdjson::SUCCESS && twin.parse(text).is_object();
    ASSERT_EQ(ours, theirs) << text << " " << simdjson::error_message(error);
    good += ours ? 1 : 0;
  }
  EXPECT_GT(good, 10'000);
}

}  // namespace
}  // namespace vedette
