#include "pipeline/phrases.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "pipeline/column_families.hpp"

namespace vedette {
namespace {

std::vector<Schema> every_schema() {
  std::vector<Schema> all{make_series_features()->schema()};
  for (const std::string_view set : flow_column_sets()) {
    const auto builder = make_flow_features(set);
    EXPECT_TRUE(builder) << set;
    Record record;
    for (const char* service : {"dns", "http", "ssl"}) {
      record.flow.service = service;
      (*builder)->observe(record);
    }
    all.push_back((*builder)->build()->schema());
  }
  return all;
}

Record a_flow() {
  Record record;
  record.device = "camera-01";
  record.flow.resp_h = "198.51.100.7";
  record.flow.resp_p = 23;
  return record;
}

std::string clause(const Subject& subject, std::string_view column, float value,
                   const UsualRange* usual) {
  std::string out;
  append_clause(out, subject, column, value, usual);
  return out;
}

TEST(Phrases, EveryColumnOfEverySetHasWords) {
  Record reading;
  reading.kind = RecordKind::reading;
  reading.reading.add("temperature", 21.5);
  const Record flow = a_flow();
  std::size_t columns = 0;
  for (const Schema& schema : every_schema()) {
    const bool is_flow = schema.record_kind == RecordKind::flow;
    const Subject subject{is_flow ? flow : reading, is_flow ? "" : "temperature"};
    for (const Column& column : schema.columns) {
      ++columns;
      EXPECT_TRUE(has_phrase(column.name)) << column.name;
      const UsualRange usual{0, 2};
      for (const float value : {0.0F, 1.0F, 3.7F, -2.0F, 88.0F}) {
        const std::string text = clause(subject, column.name, value, &usual);
        EXPECT_GE(text.size(), 8U) << column.name;
        EXPECT_EQ(text.find_first_of("{}_=\n"), std::string::npos) << column.name << ": " << text;
        // One word is the name of a column as well as English.
        if (column.name.find_first_of("_=.") != std::string::npos) {
          EXPECT_EQ(text.find(column.name), std::string::npos) << text;
        }
      }
    }
  }
  EXPECT_GT(columns, 138U + 24U + 4U);
  EXPECT_FALSE(has_phrase("source_colour_10s"));
}

TEST(Phrases, ByHand) {
  const Record flow = a_flow();
  Record reading;
  reading.kind = RecordKind::reading;
  reading.reading.add("humidity", 40);
  reading.reading.add("temperature", 85.25);
  const Subject training{flow, ""}, own{flow, "", UsualOf::device};
  const Subject sensor{reading, "temperature", UsualOf::device};
  const auto log = [](double x) { return static_cast<float>(std::log1p(x)); };
  struct Fact {
    const Subject& subject;
    const char* column;
    float value;
    UsualRange usual;
    const char* text;
  };
  const Fact facts[] = {
      {own,
       "source_flows_10s",
       log(214),
       {0, log(3)},
       "opened about 214 connections in 10 s (usual for it: 0 to 3)"},
      {training,
       "source_flows_1m",
       log(1),
       {log(1), log(1)},
       "opened about 1 connection in a minute (usual in training: 1)"},
      {own,
       "source_destinations_10m",
       log(123'456),
       {0, log(1000)},
       "called about 123000 destinations in 10 min (usual for it: 0 to 1000)"},
      {own,
       "source_failed_10s",
       0.9876F,
       {0, 0.1F},
       "got no answer to 98.8 % of its connections of 10 s (usual for it: 0 to 10 %)"},
      {training,
       "log_orig_bytes",
       log(1),
       {0, log(2'500'000)},
       "sent 1 byte of payload (usual in training: 0 bytes to 2.5 MB)"},
      {training,
       "orig_bytes",
       20'480,
       {0, 512},
       "sent 20.5 kB of payload (usual in training: 0 to 512 bytes)"},
      {training,
       "pair_gap",
       log(3600),
       {log(0.02), log(90)},
       "called 198.51.100.7 again after an hour or more (usual in training: 20 ms to 90 s)"},
      {training,
       "conn_state=S0",
       1,
       {0, 0},
       "got no answer from 198.51.100.7 (usual in training: "
       "never)"},
      {training, "conn_state=S0", 1, {0, 1}, "got no answer from 198.51.100.7"},
      {own,
       "conn_state=SF",
       0,
       {1, 1},
       "did not open and close a connection in good order (usual for it: always)"},
      {own, "new_port", 1, {0, 1}, "called port 23 for the first time"},
      {own,
       "port_destinations_1s",
       log(12),
       {0, 0},
       "called port 23 of about 12 destinations in a second (usual for it: 0)"},
      {own, "service=dns", 1, {0, 1}, "spoke dns"},
      {own,
       "log_orig_resp_bytes",
       std::log(8.0F),
       {std::log(0.5F), std::log(2.0F)},
       "sent 8 times the bytes it received (usual for it: 0.5 to 2 times)"},
      {own,
       "source_entropy_10m",
       std::log(40.0F),
       {0, 0},
       "spread its connections of 10 min like evenly over 40 destinations (usual for it: 1)"},
      {sensor,
       "level",
       85.25F,
       {19.4987F, 22.0312F},
       "reported temperature 85.25 (usual for it: 19.5 to 22)"},
      {sensor,
       "step",
       64,
       {0, 0.6F},
       "moved temperature at once to 85.25, by 64 (usual for it: 0 to 0.6)"},
      {sensor,
       "stuck",
       640,
       {1, 15},
       "kept temperature at 85.25 for 640 readings (usual for it: 1 to 15)"},
      {sensor,
       "gap",
       600,
       {0, 20},
       "was silent for 10 min before temperature 85.25 (usual for it: 0 to 20 s)"},
      {own, "source_colour_10s", 3, {0, 1}, "had source colour 10s at 3 (usual for it: 0 to 1)"},
  };
  for (const Fact& fact : facts) {
    EXPECT_EQ(clause(fact.subject, fact.column, fact.value, &fact.usual), fact.text);
  }
  EXPECT_EQ(clause(own, "resp_p", 2323, nullptr), "called port 2323");
  EXPECT_EQ(clause(own, "resp_port_log_share", -6.5F, nullptr),
            "called port 23, of log share -6.5 in training");
}

TEST(Phrases, WhatWouldHaveBeenUsual) {
  const Record flow = a_flow();
  Record reading;
  reading.kind = RecordKind::reading;
  reading.reading.add("temperature", 85.25);
  const Subject own{flow, ""}, sensor{reading, "temperature"};
  const auto log = [](double x) { return static_cast<float>(std::log1p(x)); };
  struct Fact {
    const Subject& subject;
    const char* column;
    float from, to;
    const char* text;
  };
  const Fact facts[] = {
      {own, "source_flows_10s", log(214), log(3),
       "opened about 3 connections in 10 s instead of 214"},
      {own, "orig_bytes", 20'480, 512, "sent 512 bytes of payload instead of 20.5 kB"},
      {own, "conn_state=S0", 1, 0, "got an answer from 198.51.100.7"},
      {sensor, "level", 85.25F, 21.94F, "reported temperature 22 instead of 85.25"},
      {sensor, "level", 101'990, 101'325, "reported temperature 101330 instead of 101990"},
      {sensor, "step", 64, 0.6F, "moved temperature at once by 0.6 instead of 64"},
      {sensor, "stuck", 640, 15, "kept temperature at 85.25 for 15 readings instead of 640"},
      {sensor, "gap", 600, 20, "was silent for 20 s instead of 10 min"},
  };
  for (const Fact& fact : facts) {
    std::string text;
    append_change(text, fact.subject, fact.column, fact.from, fact.to);
    EXPECT_EQ(text, fact.text);
  }
  EXPECT_EQ(value_words("conn_state=S0", 1), "yes");
  EXPECT_EQ(usual_words("conn_state=S0", {0, 0}), "no");
  EXPECT_EQ(usual_words("conn_state=S0", {0, 1}), "yes or no");
  EXPECT_EQ(usual_words("source_flows_10s", {0, log(3)}), "0 to 3");
}

TEST(Phrases, ForeignTextCannotBreakTheLine) {
  std::string out;
  append_plain(out,
               "cam\n\x01"
               "era\x7f");
  EXPECT_EQ(out, "cam  era ");
  out.clear();
  append_plain(out, std::string(500, 'a'));
  EXPECT_EQ(out, std::string(64, 'a') + "…");
  out.clear();
  std::string wide;
  for (int i = 0; i < 65; ++i) wide += "ü";
  append_plain(out, wide);
  EXPECT_EQ(out, wide.substr(0, 128) + "…");
}

TEST(ColumnFamilies, OfTheSetWindows) {
  const Schema schema = every_schema().back();
  const ColumnFamilies families(schema);
  ASSERT_EQ(families.of_column.size(), schema.width());
  std::size_t columns = 0;
  for (std::size_t f = 0; f < families.families.size(); ++f) {
    const ColumnFamily& family = families.families[f];
    columns += family.columns.size();
    for (const std::uint32_t column : family.columns) {
      EXPECT_EQ(families.of_column[column], f);
      EXPECT_TRUE(schema.columns[column].name.starts_with(family.name)) << family.name;
    }
    EXPECT_EQ(family.columns.size() > 1, family.kind != ColumnFamily::Kind::single) << family.name;
  }
  EXPECT_EQ(columns, schema.width());
  struct Fact {
    const char* name;
    ColumnFamily::Kind kind;
    std::size_t columns;
  };
  for (const Fact& fact : {Fact{"source_failed", ColumnFamily::Kind::horizons, 4},
                           Fact{"conn_state", ColumnFamily::Kind::choice, 13},
                           Fact{"source_entropy_10m", ColumnFamily::Kind::single, 1},
                           Fact{"history.S", ColumnFamily::Kind::single, 1}}) {
    const auto found = std::find_if(families.families.begin(), families.families.end(),
                                    [&](const ColumnFamily& f) { return f.name == fact.name; });
    ASSERT_NE(found, families.families.end()) << fact.name;
    EXPECT_EQ(found->kind, fact.kind) << fact.name;
    EXPECT_EQ(found->columns.size(), fact.columns) << fact.name;
  }
}

}  // namespace
}  // namespace vedette
