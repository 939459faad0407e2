#include "alarm/alert_fold.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vedette {
namespace {

using namespace std::chrono_literals;

Judged anomaly(const std::string& device, float score = 1, const std::string& label = "x") {
  Judged judged;
  judged.record.device = device;
  judged.verdict.label = label;
  judged.verdict.score = score;
  judged.verdict.threshold = 0.5F;
  judged.verdict.anomalous = score >= 0.5F;
  return judged;
}
Time at(std::chrono::seconds seconds) {
  return Time{} + seconds;
}
AlarmOptions told_at_once(std::chrono::seconds quiet = 120s) {
  AlarmOptions options;
  options.quiet = quiet;
  options.evidence = 1;
  return options;
}

std::vector<std::string> events(AlertFold& fold) {
  std::vector<std::string> texts;
  for (const AlertChange& change : fold.changes()) {
    texts.push_back(fmt::format("{} {} {} x{}", name_of(change.event), change.alert.id,
                                change.alert.device, change.alert.count));
  }
  return texts;
}
using Events = std::vector<std::string>;

TEST(AlertFold, SaysOneChangePerAlertUntilKept) {
  AlertFold fold{told_at_once()};
  fold.add(anomaly("a"), at(0s));
  fold.add(anomaly("a"), at(1s));
  fold.add(anomaly("b"), at(1s));
  EXPECT_EQ(events(fold), (Events{"raised 1 a x2", "raised 2 b x1"}));
  fold.keep();
  EXPECT_EQ(events(fold), Events{});
  fold.add(anomaly("b"), at(2s));
  EXPECT_EQ(events(fold), (Events{"updated 2 b x2"}));
}

TEST(AlertFold, KindAndDeviceMakeARunClassesShareIt) {
  AlertFold fold{told_at_once()};
  fold.add(anomaly("a", 1, "unknown"), at(0s));
  fold.add(anomaly("a", 1, "DDoS"), at(0s));
  fold.add(anomaly("a", 1, "DDoS"), at(0s));
  fold.add(anomaly("ab", 1, "DDoS"), at(0s));
  Judged reading = anomaly("a", 1, "gap");
  reading.record.kind = RecordKind::reading;
  fold.add(reading, at(0s));
  EXPECT_EQ(fold.open_runs(), 3U);
  const Alert& alert = fold.changes()[0].alert;
  EXPECT_EQ(alert.label, "DDoS");
  EXPECT_EQ(alert.nature, Nature::attack);
  ASSERT_EQ(alert.labels.size(), 2U);
  EXPECT_EQ(alert.labels[0].label, "unknown");
  EXPECT_EQ(alert.labels[1].count, 2U);
  EXPECT_EQ(fold.changes()[2].alert.nature, Nature::data_quality);
}

TEST(AlertFold, KeepsEightClassesAndCountsAll) {
  AlertFold fold{told_at_once()};
  for (int i = 0; i < 12; ++i) fold.add(anomaly("a", 1, fmt::format("c{}", i)), at(0s));
  const Alert& alert = fold.changes()[0].alert;
  EXPECT_EQ(alert.labels.size(), labels_kept_max);
  EXPECT_EQ(alert.count, 12U);
  EXPECT_EQ(alert.label, "c0");
}

TEST(AlertFold, SamplesAreTheFirstTheTenthTheHundredthAndTheLatest) {
  AlertFold fold{told_at_once()};
  struct Fact {
    std::int64_t count;
    std::vector<std::int64_t> samples;
  };
  std::int64_t given = 0;
  for (const Fact& fact : {Fact{1, {1}}, Fact{2, {1, 2}}, Fact{10, {1, 10}}, Fact{11, {1, 10, 11}},
                           Fact{100, {1, 10, 100}}, Fact{350, {1, 10, 100, 350}}}) {
    while (given < fact.count) {
      Judged judged = anomaly("a");
      judged.record.key.time_micros = ++given;
      fold.add(judged, at(0s));
    }
    std::vector<std::int64_t> samples;
    for (const RecordKey& key : fold.changes()[0].alert.samples) samples.push_back(key.time_micros);
    EXPECT_EQ(samples, fact.samples);
  }
}

TEST(AlertFold, LowerScoresHoldAnOpenAlertButOpenNone) {
  AlertFold fold{told_at_once(10s)};
  fold.add(anomaly("a", 0.45F), at(0s));  // 0.8 x 0.5 = 0.4 holds, 0.5 opens
  EXPECT_EQ(events(fold), Events{});
  fold.add(anomaly("a", 0.5F), at(1s));
  for (int second = 8; second <= 64; second += 8) {
    fold.add(anomaly("a", 0.4F), at(std::chrono::seconds{second}));
    fold.close_quiet(at(std::chrono::seconds{second}), 10);
  }
  EXPECT_EQ(events(fold), (Events{"raised 1 a x1"}));
  EXPECT_EQ(fold.changes()[0].alert.updated, at(64s));
  fold.keep();
  fold.add(anomaly("a", 0.39F), at(70s));
  fold.close_quiet(at(74s), 10);
  EXPECT_EQ(events(fold), (Events{"closed 1 a x1"}));
}

TEST(AlertFold, ExcludedRecordsAreNotThere) {
  AlertFold fold{told_at_once()};
  Judged judged = anomaly("a");
  judged.verdict.excluded = 3;
  fold.add(judged, at(0s));
  EXPECT_EQ(events(fold), Events{});
}

TEST(AlertFold, EvidenceOpensAnAlert) {
  struct Fact {
    float evidence;
    std::vector<std::pair<int, float>> records;  // second, score; the threshold is 0.5
    std::uint64_t raised_with;                   // records; 0: nobody is told
  };
  for (const Fact& fact :
       {Fact{1, {{0, 0.5F}}, 1}, Fact{2, {{0, 0.5F}}, 0}, Fact{2, {{0, 0.5F}, {9, 0.5F}}, 2},
        Fact{2, {{0, 0.96F}}, 1},              // left 0.04 of 0.5: 2.1
        Fact{3, {{0, 0.96F}, {9, 0.5F}}, 2},   // 2.1 + 1
        Fact{3, {{0, 1.0F}}, 1},               // nothing left: enough by itself
        Fact{2, {{0, 0.5F}, {600, 0.5F}}, 0},  // the span is over: it begins anew
        Fact{2, {{0, 0.5F}, {600, 0.5F}, {601, 0.5F}}, 2}}) {
    AlarmOptions options;
    options.evidence = fact.evidence;
    AlertFold fold{options};
    for (const auto& [second, score] : fact.records) {
      fold.add(anomaly("a", score), at(std::chrono::seconds{second}));
    }
    const auto& changes = fold.changes();
    EXPECT_EQ(changes.empty() ? 0U : changes[0].alert.count, fact.raised_with)
        << fact.evidence << ", " << fact.records.size() << " records";
  }
}

TEST(AlertFold, UndoIsAsIfNothingHadHappened) {
  AlertFold fold{told_at_once(10s)};
  fold.add(anomaly("old"), at(0s));
  fold.add(anomaly("grown", 0.5F), at(5s));
  fold.keep();
  fold.add(anomaly("grown", 0.9F), at(11s));
  fold.add(anomaly("new"), at(11s));
  fold.add(anomaly("old"), at(11s));  // stale: closed and raised again
  EXPECT_EQ(events(fold), (Events{"closed 1 old x1", "updated 2 grown x2", "raised 3 new x1",
                                  "raised 4 old x1"}));
  fold.undo();
  EXPECT_EQ(events(fold), Events{});
  EXPECT_EQ(fold.open_runs(), 2U);
  fold.close_quiet(at(10s), 100);
  fold.add(anomaly("grown", 0.6F), at(11s));
  fold.add(anomaly("new"), at(11s));
  EXPECT_EQ(events(fold), (Events{"closed 1 old x1", "updated 2 grown x2", "raised 3 new x1"}));
  EXPECT_EQ(fold.changes()[1].alert.peak_score, 0.6F);
}

TEST(AlertFold, UndoKeepsTheEvidenceThereWas) {
  AlertFold fold{AlarmOptions{}};
  fold.add(anomaly("a", 0.5F), at(0s));
  fold.keep();
  fold.add(anomaly("a", 0.5F), at(1s));
  EXPECT_EQ(events(fold), (Events{"raised 1 a x2"}));
  fold.undo();
  EXPECT_EQ(events(fold), Events{});
  fold.add(anomaly("a", 0.5F), at(2s));
  EXPECT_EQ(events(fold), (Events{"raised 1 a x2"}));
}

TEST(AlertFold, AFullFoldClosesTheRunThatGrewLeastRecently) {
  AlertFold fold{told_at_once(), 2};
  fold.add(anomaly("a"), at(0s));
  fold.add(anomaly("b"), at(1s));
  fold.add(anomaly("a"), at(2s));
  fold.keep();
  fold.add(anomaly("c"), at(3s));
  EXPECT_EQ(events(fold), (Events{"closed 2 b x1", "raised 3 c x1"}));
  fold.add(anomaly("d"), at(4s));
  fold.add(anomaly("e"), at(5s));  // c was raised and is closed in the same period
  EXPECT_EQ(events(fold), (Events{"closed 1 a x2", "closed 2 b x1", "raised 3 c x1",
                                  "closed 3 c x1", "raised 4 d x1", "raised 5 e x1"}));
  fold.undo();
  EXPECT_EQ(fold.open_runs(), 2U);
  fold.add(anomaly("c"), at(3s));
  EXPECT_EQ(events(fold), (Events{"closed 2 b x1", "raised 3 c x1"}));
}

TEST(AlertFold, ContinuesWhatWasRestored) {
  AlertFold fold{told_at_once()};
  Alert alert;
  alert.id = 41;
  alert.device = "a";
  alert.labels = {{"x", 9}};
  alert.count = 9;
  fold.restore(alert);
  fold.start_at(7);
  fold.add(anomaly("a"), at(1s));
  fold.add(anomaly("b"), at(1s));
  EXPECT_EQ(events(fold), (Events{"updated 41 a x10", "raised 42 b x1"}));
}

TEST(Nature, FollowsKindAndClass) {
  struct Fact {
    RecordKind kind;
    const char* label;
    const char* nature;
  };
  for (const Fact& fact :
       {Fact{RecordKind::flow, "DDoS", "attack"}, Fact{RecordKind::flow, "unknown", "behaviour"},
        Fact{RecordKind::reading, "unknown", "behaviour"},
        Fact{RecordKind::reading, "stuck", "device_health"},
        Fact{RecordKind::reading, "level", "device_health"},
        Fact{RecordKind::reading, "gap", "data_quality"},
        Fact{RecordKind::flow, "", "behaviour"}}) {
    EXPECT_EQ(name_of(nature_of(fact.kind, fact.label)), fact.nature) << fact.label;
  }
  for (const Nature nature : all_natures) EXPECT_EQ(nature_from(name_of(nature)), nature);
}

}  // namespace
}  // namespace vedette
