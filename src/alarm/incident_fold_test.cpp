#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alarm/alarm_fold.hpp"
#include "base/random.hpp"

namespace vedette {
namespace {

using namespace std::chrono_literals;

Time at(std::chrono::seconds seconds) {
  return Time{} + seconds;
}
AlarmOptions told_at_once() {
  AlarmOptions options;
  options.evidence = 1;
  return options;
}

Judged flow(const std::string& device, std::chrono::seconds second, const std::string& label,
            const std::string& destination, std::uint16_t port = 23) {
  Judged judged;
  judged.record.kind = RecordKind::flow;
  judged.record.device = device;
  judged.record.time = at(second);
  judged.record.flow.resp_h = destination;
  judged.record.flow.resp_p = port;
  judged.verdict.label = label;
  judged.verdict.score = 0.9F;
  judged.verdict.threshold = 0.5F;
  judged.verdict.anomalous = true;
  return judged;
}
Judged reading(const std::string& device, std::chrono::seconds second, const std::string& label) {
  Judged judged = flow(device, second, label, "");
  judged.record.kind = RecordKind::reading;
  judged.verdict.why.reasons.push_back({"temperature " + label, 9, 0, 3, 1, ""});
  return judged;
}

std::vector<std::string> events(AlarmFold& fold) {
  std::vector<std::string> texts;
  for (const IncidentChange& change : fold.changes().incidents) {
    const Incident& one = change.incident;
    texts.push_back(fmt::format("{} {} alerts {} devices {} x{}{}", name_of(change.event), one.id,
                                one.alert_count, one.device_count, one.count,
                                one.joint ? " joint" : ""));
  }
  return texts;
}
using Events = std::vector<std::string>;

TEST(IncidentFold, FlowsAndReadingsOfADeviceAreOneJointIncident) {
  AlarmFold fold{told_at_once()};
  Judged peer = flow("boiler", 0s, "unknown", "10.0.0.9");
  peer.verdict.why.reasons.push_back({"new_destination", 1, 0, 0, 1, ""});
  fold.add(peer, at(0s));
  const float flow_alone = fold.changes().incidents[0].incident.rank;
  fold.add(reading("boiler", 40s, "stuck"), at(40s));
  EXPECT_EQ(events(fold), (Events{"raised 1 alerts 2 devices 1 x2 joint"}));
  const Incident& incident = fold.changes().incidents[0].incident;
  EXPECT_EQ(incident.title, "boiler: temperature froze 40 s after a new peer 10.0.0.9 on port 23");
  EXPECT_EQ(incident.nature, Nature::behaviour);
  EXPECT_GT(incident.rank, flow_alone);
  EXPECT_EQ(fold.changes().alerts[1].alert.incident, 1U);

  AlarmFold alone{told_at_once()};
  alone.add(reading("boiler", 40s, "stuck"), at(40s));
  EXPECT_GT(incident.rank, alone.changes().incidents[0].incident.rank);
  EXPECT_EQ(alone.changes().incidents[0].incident.title, "boiler: temperature froze");
}

TEST(IncidentFold, TheSpanDecidesWhetherADevicesAlertsBelongTogether) {
  struct Fact {
    std::chrono::seconds second;
    std::size_t incidents;
  };
  for (const Fact& fact : {Fact{599s, 1}, Fact{600s, 2}}) {
    AlarmFold fold{told_at_once()};
    fold.add(flow("a", 0s, "DDoS", "10.0.0.9"), at(0s));
    fold.close_quiet(at(300s), 10);
    fold.add(reading("a", fact.second, "stuck"), at(fact.second));
    EXPECT_EQ(fold.changes().alerts.back().alert.incident, fact.incidents) << fact.second.count();
  }
}

TEST(IncidentFold, OneDestinationOrClassIsOneIncidentAcrossDevices) {
  AlarmFold fold{told_at_once()};
  for (int i = 0; i < 60; ++i) {
    fold.add(flow(fmt::format("cam-{}", i), 0s, "C&C", "185.244.25.235", 6667), at(0s));
  }
  fold.add(flow("lamp", 0s, "unknown", "185.244.25.235", 6668), at(0s));
  fold.add(flow("lock", 0s, "unknown", "10.0.0.9"), at(0s));
  EXPECT_EQ(events(fold),
            (Events{"raised 1 alerts 60 devices 60 x60", "raised 2 alerts 1 devices 1 x1",
                    "raised 3 alerts 1 devices 1 x1"}))
      << "unknown is no class";
  const Incident& incident = fold.changes().incidents[0].incident;
  EXPECT_EQ(incident.title, "C&C to 185.244.25.235:6667 from 60 devices");
  EXPECT_EQ(incident.devices.size(), Incident::devices_max);
  EXPECT_EQ(incident.rank, 40 + 18 + 1 + 16);
  fold.add(flow("plug", 0s, "unknown", "185.244.25.235", 6667), at(0s));  // the destination
  fold.add(flow("pump", 0s, "C&C", "10.0.0.7", 80), at(0s));              // the class
  const Incident& grown = fold.changes().incidents[0].incident;
  EXPECT_EQ(grown.device_count, 62U);
}

TEST(IncidentFold, AWormThatGoesEverywhereIsOneIncident) {
  struct Fact {
    const char* label;
    const char* title;
  };
  for (const Fact& fact :
       {Fact{"PartOfAHorizontalPortScan", "PartOfAHorizontalPortScan on port 23 from 5 devices"},
        Fact{"C&C", "C&C from 5 devices"}}) {
    AlarmFold fold{told_at_once()};
    for (int i = 0; i < 5; ++i) {
      const std::string target = fmt::format("10.0.{}.1", i);
      fold.add(flow(fmt::format("cam-{}", i), 0s, fact.label, target), at(0s));
    }
    EXPECT_EQ(events(fold), (Events{"raised 1 alerts 5 devices 5 x5"}));
    EXPECT_EQ(fold.changes().incidents[0].incident.title, fact.title);
  }
}

TEST(IncidentFold, TheTitleNamesTheDestinationThatAllHave) {
  AlarmFold fold{told_at_once()};
  for (const char* device : {"a", "b"}) {
    fold.add(flow(device, 0s, "C&C", "185.244.25.235", 6667), at(0s));
  }
  const Incident& incident = fold.changes().incidents[0].incident;
  EXPECT_EQ(incident.title, "C&C to 185.244.25.235:6667 from 2 devices");
}

TEST(IncidentFold, ClosesWithItsLastAlertAndOpensAgain) {
  AlarmFold fold{told_at_once()};
  fold.add(flow("a", 0s, "DDoS", "10.0.0.9"), at(0s));
  fold.add(flow("b", 0s, "DDoS", "10.0.0.9"), at(60s));
  fold.keep();
  fold.close_quiet(at(120s), 10);
  EXPECT_EQ(events(fold), (Events{"updated 1 alerts 2 devices 2 x2"}));
  fold.keep();
  fold.close_quiet(at(180s), 10);
  EXPECT_EQ(events(fold), (Events{"closed 1 alerts 2 devices 2 x2"}));
  fold.keep();
  fold.add(flow("a", 0s, "DDoS", "10.0.0.9"), at(400s));
  EXPECT_EQ(events(fold), (Events{"updated 1 alerts 3 devices 2 x3"}));
  EXPECT_TRUE(fold.changes().incidents[0].incident.open);
}

TEST(IncidentFold, AcknowledgementFallsWhenThereIsNews) {
  AlarmFold fold{told_at_once()};
  fold.add(reading("a", 0s, "stuck"), at(0s));
  fold.keep();
  fold.mark_incident(1, true, "true_alarm", "seen");
  fold.add(reading("a", 1s, "stuck"), at(1s));
  EXPECT_TRUE(fold.changes().incidents[0].incident.acknowledged);
  EXPECT_TRUE(fold.changes().alerts[0].alert.acknowledged);
  EXPECT_EQ(fold.changes().alerts[0].alert.feedback, "true_alarm");
  fold.add(flow("a", 2s, "DDoS", "10.0.0.9"), at(2s));
  EXPECT_FALSE(fold.changes().incidents[0].incident.acknowledged);
  EXPECT_EQ(fold.changes().incidents[0].incident.comment, "seen");
}

TEST(IncidentFold, AFullFoldClosesTheOneThatGrewLeastRecently) {
  IncidentFold fold{told_at_once(), 2};
  Alert alert;
  for (const char* device : {"a", "b", "c"}) {
    ++alert.id;
    alert.device = device;
    alert.labels = {{"DDoS", 1}};
    alert.updated = at(std::chrono::seconds{alert.id});
    EXPECT_EQ(fold.raise(alert, alert.updated), alert.id);
  }
  EXPECT_EQ(fold.size(), 2U);
  ASSERT_EQ(fold.changes().size(), 4U);
  EXPECT_EQ(fold.changes()[1].event, AlertEvent::closed);
  EXPECT_EQ(fold.changes()[1].incident.id, 1U);
  fold.undo();
  EXPECT_EQ(fold.size(), 0U);
}

/// Everything a fold says of a batch.
std::string said(AlarmFold& fold) {
  std::string text;
  for (const AlertChange& change : fold.changes().alerts) {
    text += name_of(change.event);
    append_alert_json(text, change.alert);
  }
  for (const IncidentChange& change : fold.changes().incidents) {
    text += name_of(change.event);
    append_incident_json(text, change.incident);
  }
  return text;
}

std::vector<Judged> draw(Random& random, int records) {
  std::vector<Judged> drawn;
  Time received;
  for (int i = 0; i < records; ++i) {
    const std::string device = fmt::format("d{}", random.below(6));
    const std::string label = random.chance(0.5) ? "DDoS" : "unknown";
    Judged judged = random.chance(0.4) ? reading(device, std::chrono::seconds{i * 20}, "stuck")
                                       : flow(device, std::chrono::seconds{i * 20}, label,
                                              fmt::format("10.0.0.{}", random.below(3)));
    judged.verdict.score = static_cast<float>(random.uniform());
    judged.verdict.anomalous = judged.verdict.score >= judged.verdict.threshold;
    received += std::chrono::seconds{random.chance(0.03) ? 700 : random.below(30)};
    judged.received = received;
    drawn.push_back(judged);
  }
  return drawn;
}

TEST(AlarmFold, AFailedBatchLeavesNoTraceAndBatchesCutAnywhereGiveTheSame) {
  const std::uint64_t seed = 20'261'123;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random{seed};
  const std::vector<Judged> records = draw(random, 3'000);
  AlarmFold plain{AlarmOptions{}};   // every batch succeeds
  AlarmFold flaky{AlarmOptions{}};   // each is tried once before, and fails
  AlarmFold single{AlarmOptions{}};  // one record a batch
  std::size_t raised_plain = 0;
  std::size_t raised_single = 0;
  const auto count = [](const AlarmChanges& changes) {
    std::size_t raised = 0;
    for (const auto& one : changes.alerts) raised += one.event == AlertEvent::raised ? 1 : 0;
    for (const auto& one : changes.incidents) raised += one.event == AlertEvent::raised ? 1 : 0;
    return raised;
  };
  for (std::size_t first = 0; first < records.size();) {
    const std::size_t end = std::min(records.size(), first + 1 + random.below(40));
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = first; i < end; ++i) flaky.add(records[i], records[i].received);
      flaky.close_quiet(records[end - 1].received, 100);
      if (round == 0) flaky.undo();
    }
    for (std::size_t i = first; i < end; ++i) {
      plain.add(records[i], records[i].received);
      single.add(records[i], records[i].received);
      raised_single += count(single.changes());
      single.keep();
    }
    plain.close_quiet(records[end - 1].received, 100);
    ASSERT_EQ(said(flaky), said(plain)) << first;
    raised_plain += count(plain.changes());
    plain.keep();
    flaky.keep();
    first = end;
  }
  EXPECT_GT(raised_plain, 100U);
  EXPECT_EQ(raised_plain, raised_single);
}

}  // namespace
}  // namespace vedette
