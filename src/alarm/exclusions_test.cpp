#include "alarm/exclusions.hpp"

#include <gtest/gtest.h>

namespace vedette {
namespace {

using namespace std::chrono_literals;

Judged record(Time time) {
  Judged judged;
  judged.record.kind = RecordKind::flow;
  judged.record.device = "cam";
  judged.record.time = time;
  judged.received = time + 1s;
  judged.record.flow.resp_h = "10.0.0.9";
  judged.record.flow.resp_p = 123;
  judged.verdict.label = "unknown";
  judged.verdict.anomalous = true;
  return judged;
}
const Time noon = parse_time("2026-11-23T12:00:00Z").value();

TEST(Exclusion, CoversWhatFitsEverythingItSays) {
  struct Fact {
    Exclusion exclusion;
    bool covers;
  };
  const Fact facts[] = {
      {{.device = "cam"}, true},
      {{.device = "came"}, false},
      {{.kind = RecordKind::flow}, true},
      {{.kind = RecordKind::reading}, false},
      {{.label = "unknown"}, true},
      {{.label = "DDoS"}, false},
      {{.destination = "10.0.0.9", .port = 123}, true},
      {{.destination = "10.0.0.9", .port = 124}, false},
      {{.destination = "10.0.0.8"}, false},
      {{.day = DayWindow{12h, 13h}}, true},
      {{.day = DayWindow{11h, 12h}}, false},
      {{.day = DayWindow{22h, 12h + 1min}}, true},
      {{.day = DayWindow{22h, 6h}}, false},
      {{.from = noon}, true},
      {{.to = noon}, false},
      {{.from = noon - 1h, .to = noon + 1h}, true},
      {{.created = noon + 2s}, false},
      {{.device = "cam", .expires = noon + 1s}, false},
      {{.device = "cam", .expires = noon + 2s}, true},
  };
  for (std::size_t i = 0; i < std::size(facts); ++i) {
    Exclusion exclusion = facts[i].exclusion;
    exclusion.id = 7;
    const ExclusionSet set{{exclusion}};
    EXPECT_EQ(set.covering(record(noon)), facts[i].covers ? 7U : 0U) << "fact " << i;
  }
  EXPECT_FALSE(Exclusion{}.names_something());
  EXPECT_TRUE(Exclusion{.port = 0}.names_something());
}

TEST(Exclusion, ReadingsHaveNoDestination) {
  Judged judged = record(noon);
  judged.record.kind = RecordKind::reading;
  const ExclusionSet by_port{{Exclusion{.id = 1, .port = 123}}};
  EXPECT_EQ(by_port.covering(judged), 0U);
}

TEST(Exclusions, MarkAnomalousRecordsWithTheFirstThatCovers) {
  Exclusions exclusions;
  Batch batch{3};
  for (const bool anomalous : {true, false}) {
    Judged& judged = batch.add();
    judged = record(noon);
    judged.verdict.anomalous = anomalous;
  }
  EXPECT_EQ(exclusions.mark(batch), 0U);
  exclusions.swap({{.id = 9, .device = "cam"}, {.id = 5, .label = "unknown"}});
  EXPECT_EQ(exclusions.mark(batch), 1U);
  EXPECT_EQ(batch[0].verdict.excluded, 5U);
  EXPECT_EQ(batch[1].verdict.excluded, 0U);
}

}  // namespace
}  // namespace vedette
