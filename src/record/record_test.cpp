#include "record/record.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "record/raw_message.hpp"
#include "record/schema.hpp"
#include "record/verdict.hpp"

namespace vedette {
namespace {

Record sample_flow() {
  Record record;
  record.device = "cam";
  record.time = time_from_micros(1545403816962094);
  record.flow.uid = "CrDn63WjJEmrWGjqf";
  record.flow.orig_h = "192.168.1.195";
  record.flow.orig_p = 41040;
  record.flow.resp_h = "185.244.25.235";
  record.flow.resp_p = 80;
  record.flow.proto = Proto::tcp;
  record.flow.conn_state = ConnState::S0;
  record.flow.duration = 3.139211;
  record.seal();
  return record;
}

TEST(RecordKey, IsTextAndBack) {
  const RecordKey key = sample_flow().key;
  EXPECT_EQ(key.time_micros, 1545403816962094);
  EXPECT_EQ(key_from_text(to_text(key)), key);
  EXPECT_EQ(key_from_text("-5-00000000000000ff"), (RecordKey{-5, 255}));
  for (const char* bad : {"", "5", "5-ff", "x-00000000000000ff", "5-00000000000000fg"}) {
    EXPECT_FALSE(key_from_text(bad)) << bad;
  }
}

TEST(RecordKey, TellsEveryIdentifyingFieldApart) {
  const std::vector<std::function<void(Record&)>> changes{
      [](Record& r) { r.device = "hub"; },      [](Record& r) { r.time += Duration{1}; },
      [](Record& r) { r.flow.uid += "x"; },     [](Record& r) { r.flow.orig_h = "10.0.0.1"; },
      [](Record& r) { r.flow.resp_h = "::1"; }, [](Record& r) { r.flow.orig_p = 1; },
      [](Record& r) { r.flow.resp_p = 1; },     [](Record& r) { r.flow.proto = Proto::udp; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Record changed = sample_flow();
    changes[i](changed);
    changed.seal();
    EXPECT_NE(changed.key, sample_flow().key) << "change " << i;
  }
}

TEST(RecordKey, WithoutUidTheContentCounts) {
  Record a = sample_flow();
  a.flow.uid.clear();
  a.seal();
  Record b = a;
  b.flow.duration = not_set;
  b.seal();
  EXPECT_NE(a.key, b.key);
}

TEST(Record, IsReusedWithoutLeftovers) {
  Record record = sample_flow();
  record.reading.add("temperature", 21.5);
  record.clear();
  const Record fresh;
  EXPECT_EQ(record.reading.size(), 0U);
  EXPECT_EQ(record.flow.uid, "");
  EXPECT_TRUE(std::isnan(record.flow.duration));
  record.seal();
  Record other = fresh;
  other.seal();
  EXPECT_EQ(record.key, other.key);
}

TEST(RecordJson, WritesTheContract) {
  std::string json;
  append_record_json(json, sample_flow());
  EXPECT_EQ(json,
            R"({"ts":1545403816.962094,"uid":"CrDn63WjJEmrWGjqf","id.orig_h":"192.168.1.195",)"
            R"("id.orig_p":41040,"id.resp_h":"185.244.25.235","id.resp_p":80,"proto":"tcp",)"
            R"("duration":3.139211,"conn_state":"S0"})");
  Record reading;
  reading.kind = RecordKind::reading;
  reading.time = time_from_micros(0);
  reading.reading.add("temperature", 21.5);
  json.clear();
  append_record_json(json, reading);
  EXPECT_EQ(json, R"({"timestamp":"1970-01-01T00:00:00.000000Z","temperature":21.5})");
}

TEST(Names, AreReadBack) {
  for (std::size_t i = 0; i < conn_state_count; ++i) {
    const auto state = static_cast<ConnState>(i);
    EXPECT_EQ(conn_state_from(name_of(state)), state);
  }
  EXPECT_FALSE(conn_state_from("s0"));
  EXPECT_EQ(proto_from("icmp"), Proto::icmp);
  EXPECT_FALSE(proto_from("sctp"));
}

TEST(Schema, FingerprintDependsOnEveryColumn) {
  const Schema schema{RecordKind::flow, {{"a"}, {"b", ColumnKind::categorical}}};
  Schema renamed = schema;
  renamed.columns[1].name = "c";
  Schema retyped = schema;
  retyped.columns[1].kind = ColumnKind::numeric;
  Schema swapped = schema;
  std::swap(swapped.columns[0], swapped.columns[1]);
  for (const Schema& other : {renamed, retyped, swapped}) {
    EXPECT_NE(other.fingerprint(), schema.fingerprint());
  }
  EXPECT_EQ(Schema{schema}.fingerprint(), schema.fingerprint());
}

TEST(Batch, ReusesItemsAndTakesBackTheLast) {
  Batch batch{2};
  batch.add().record.device = "a";
  batch.add().record.device = "b";
  EXPECT_TRUE(batch.full());
  batch.drop_last();
  EXPECT_EQ(batch.size(), 1U);
  EXPECT_EQ(batch.add().record.device, "");
  batch.reset();
  EXPECT_TRUE(batch.empty());
}

TEST(PlaceOf, NamesTopicOrLine) {
  EXPECT_EQ(place_of({"iot/cam/flow", "broker", "", 0, Time{}}), "topic \"iot/cam/flow\"");
  EXPECT_EQ(place_of({"", "conn.log", "", 812, Time{}}), "conn.log line 812");
}

}  // namespace
}  // namespace vedette
