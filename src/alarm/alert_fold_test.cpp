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
  judged.verdict.anomalous = true;
  return judged;
}
Time at(std::chrono::seconds seconds) {
  return Time{} + seconds;
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
  AlertFold fold{120s};
  fold.add(anomaly("a"), at(0s));
  fold.add(anomaly("a"), at(1s));
  fold.add(anomaly("b"), at(1s));
  EXPECT_EQ(events(fold), (Events{"raised 1 a x2", "raised 2 b x1"}));
  fold.keep();
  EXPECT_EQ(events(fold), Events{});
  fold.add(anomaly("b"), at(2s));
  EXPECT_EQ(events(fold), (Events{"updated 2 b x2"}));
}

TEST(AlertFold, KindDeviceAndLabelEachMakeARunOfTheirOwn) {
  AlertFold fold{120s};
  fold.add(anomaly("a", 1, "bc"), at(0s));
  fold.add(anomaly("ab", 1, "c"), at(0s));
  Judged reading = anomaly("a", 1, "bc");
  reading.record.kind = RecordKind::reading;
  fold.add(reading, at(0s));
  EXPECT_EQ(fold.open_runs(), 3U);
}

TEST(AlertFold, UndoIsAsIfNothingHadHappened) {
  AlertFold fold{10s};
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

TEST(AlertFold, AFullFoldClosesTheRunThatGrewLeastRecently) {
  AlertFold fold{120s, 2};
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
  AlertFold fold{120s};
  Alert alert;
  alert.id = 41;
  alert.device = "a";
  alert.label = "x";
  alert.count = 9;
  fold.restore(alert);
  fold.start_at(7);
  fold.add(anomaly("a"), at(1s));
  fold.add(anomaly("b"), at(1s));
  EXPECT_EQ(events(fold), (Events{"updated 41 a x10", "raised 42 b x1"}));
}

}  // namespace
}  // namespace vedette
