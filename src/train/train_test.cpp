#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "train/train_test_support.hpp"

namespace vedette {
namespace {

using namespace train_test;

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Train, WhatIsEasyToTellApartIsToldApart) {
  const Dataset dataset = easy();
  const auto trained = train(dataset, nearest_kind, options_with("random"));
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_EQ(given().rows, 640U);
  EXPECT_THAT(given().classes, ElementsAre("Benign", "DDoS", "C&C"));
  const Evaluation& e = trained->evaluation;
  EXPECT_EQ(e.rows, 160U);
  EXPECT_GT(e.accuracy, 0.9);
  EXPECT_GT(e.detection_rate, 0.9);
  EXPECT_EQ(e.classes[0].support, 100U);
  EXPECT_TRUE(e.unseen_classes.empty());
}

TEST(Train, TheFileHoldsWhatTheServiceNeeds) {
  const Dataset dataset = easy();
  const auto trained = train(dataset, nearest_kind, options_with("random"));
  ASSERT_TRUE(trained) << trained.error().message;
  const ModelFile& file = trained->file;
  EXPECT_EQ(file.created, "2026-11-23T12:00:00Z");
  EXPECT_EQ(file.split, "random 0.8 seed 1");
  EXPECT_EQ(file.data_fingerprint, dataset.fingerprint());
  EXPECT_EQ(file.metrics_json, to_json(trained->evaluation));
  EXPECT_THAT(file.classes, ElementsAre("Benign", "DDoS", "C&C"));
  EXPECT_EQ(file.threshold.benign_rows, 50U);
  EXPECT_LE(file.threshold.false_positive_rate, 0.02);
  ByteReader reader{file.features};
  const auto features = load_features(reader);
  ASSERT_TRUE(features) << features.error().message;
  EXPECT_EQ((*features)->schema().fingerprint(), file.schema.fingerprint());
  EXPECT_EQ((*features)->schema().width(), file.model->width());
  ASSERT_EQ((*features)->usual().size(), file.schema.width());
  for (const UsualRange& range : (*features)->usual()) EXPECT_LE(range.low, range.high);
}

TEST(Train, TheSameSeedGivesTheSameFile) {
  const Dataset dataset = easy();
  for (const char* by : {"random", "time"}) {
    const auto a = train(dataset, nearest_kind, options_with(by));
    const auto b = train(dataset, nearest_kind, options_with(by));
    ASSERT_TRUE(a && b) << by;
    EXPECT_EQ(a->file.metrics_json, b->file.metrics_json);
    EXPECT_EQ(a->file.features, b->file.features);
    EXPECT_EQ(a->file.threshold.value, b->file.threshold.value);
  }
}

TEST(Train, BinaryKnowsTwoClassesAndStillNamesWhatItNeverSaw) {
  // Okiru comes last in time: it is in the test rows only.
  const Dataset dataset = dataset_of({{"a", "Benign", 100, 500, ConnState::SF},
                                      {"a", "DDoS", 100, 1, ConnState::S0},
                                      {"a", "Benign", 60, 500, ConnState::SF},
                                      {"a", "Okiru", 20, 1, ConnState::S0}});
  TrainOptions options = options_with("time");
  options.split.train_share = 200.0 / 280;
  options.binary = true;
  const auto binary = train(dataset, nearest_kind, options);
  ASSERT_TRUE(binary) << binary.error().message;
  EXPECT_THAT(given().classes, ElementsAre("Benign", "Malicious"));
  EXPECT_EQ(std::count(given().labels.begin(), given().labels.end(), 1), 100);
  EXPECT_THAT(binary->evaluation.unseen_classes, ElementsAre("Okiru"));
  EXPECT_EQ(binary->evaluation.classes[1].support, 20U);
  EXPECT_EQ(binary->file.split, "time 0.7142857142857143");

  options.binary = false;
  const auto each = train(dataset, nearest_kind, options);
  ASSERT_TRUE(each) << each.error().message;
  EXPECT_THAT(each->file.classes, ElementsAre("Benign", "DDoS"));
  EXPECT_THAT(each->evaluation.unseen_classes, ElementsAre("Okiru"));
  ASSERT_EQ(each->evaluation.classes.size(), 3U) << "the unseen class counts as missed";
  EXPECT_EQ(each->evaluation.classes[2].support, 20U);
  EXPECT_EQ(each->evaluation.classes[2].recall, 0);
}

TEST(Train, BenignRowsAloneSufficeForWhatLearnsFromThem) {
  const Dataset benign = dataset_of({{"a", "Benign", 500, 500, ConnState::SF}});
  EXPECT_FALSE(train(benign, nearest_kind, options_with("random")));
  const auto trained = train(benign, iforest_kind, options_with("random"));
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_EQ(trained->file.classes, (std::vector<std::string>{"Benign", "unknown"}));
  EXPECT_TRUE(trained->evaluation.attack_or_not);
  EXPECT_TRUE(std::isnan(trained->evaluation.roc_auc)) << "there was nothing to find";
}

TEST(Train, AnAttackOfAnyClassIsFoundByWhatNamesNone) {
  const auto trained = train(easy(), hst_kind, options_with("random"));
  ASSERT_TRUE(trained) << trained.error().message;
  const Evaluation& e = trained->evaluation;
  EXPECT_GT(e.roc_auc, 0.95);
  EXPECT_GT(e.detection_rate, 0.9);
  for (const ClassMetrics& one : e.classes) {
    EXPECT_EQ(one.recall, one.label == "Benign" ? 1 - one.flagged : one.flagged) << one.label;
  }
}

TEST(Train, GuardAnswersClassesAndUnknown) {
  const auto trained = train(easy(), guard_kind, options_with("random"));
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_EQ(trained->file.classes.size(), 4U);
  EXPECT_EQ(trained->file.classes.back(), "unknown");
  EXPECT_GT(trained->evaluation.roc_auc, 0.95);
  EXPECT_FALSE(trained->evaluation.attack_or_not);
}

TEST(Train, SeenShareCountsEqualRows) {
  DatasetWriter writer;
  Record record;
  for (int i = 0; i < 200; ++i) {
    record.clear();
    record.device = record.flow.orig_h = "10.0.0.1";
    record.time = time_from_micros(std::int64_t{1'545'000'000'000'000} + i);
    record.flow.proto = Proto::tcp;
    record.flow.duration = 1;
    // The benign flows are all alike, the attacks all different.
    record.flow.orig_bytes = i % 2 == 0 ? 100 : 1000 + i;
    record.seal();
    writer.add("a", record, Truth{i % 2 == 0 ? "Benign" : "DDoS"});
  }
  const auto dataset = Dataset::decode(*writer.encode());
  const auto trained = train(*dataset, nearest_kind, options_with("random"));
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_EQ(trained->evaluation.rows, 40U);
  EXPECT_DOUBLE_EQ(trained->evaluation.seen_share, 0.5);
}

TEST(Train, SaysWhenTheBenignRowsAreTooFewForTheRate) {
  TrainOptions options = options_with("random");
  options.false_positive_rate = 1e-3;
  const auto trained = train(easy(), nearest_kind, options);
  ASSERT_TRUE(trained) << trained.error().message;
  ASSERT_EQ(trained->notes.size(), 1U);
  EXPECT_THAT(trained->notes[0],
              HasSubstr("50 benign records certify a false-positive rate of 0.02, not 0.001: that "
                        "needs 999"));
}

// Whatever the calibration half said, the other half and further traffic must bear out: the
// false-positive rate within the 99 % binomial band of the stated one.
TEST(Train, TheStatedRateComesTrueOnTrafficHeldOut) {
  constexpr std::uint64_t seed = 21;
  Random random{seed};
  std::vector<Flows> flows{{"a", "Benign", 24'000, 500, ConnState::SF},
                           {"a", "DDoS", 300, 90'000, ConnState::S0}};
  const Dataset dataset = dataset_of(flows, seed);
  for (const double rate : {1e-2, 1e-3}) {
    TrainOptions options = options_with("random");
    options.split.train_share = 0.2;
    options.false_positive_rate = rate;
    options.fit.values["trees"] = "40";
    const auto trained = train(dataset, iforest_kind, options);
    ASSERT_TRUE(trained) << trained.error().message;
    const Interval band = binomial_band(rate, 9'600);
    EXPECT_GE(trained->evaluation.false_positive_rate, band.low) << rate << " seed " << seed;
    EXPECT_LE(trained->evaluation.false_positive_rate, band.high) << rate << " seed " << seed;
    EXPECT_THAT(trained->notes[0], HasSubstr("9600 benign records certify"));
  }
}

// Attacks first: what comes later is benign, and some of it is watched.
Dataset calm_at_last() {
  return dataset_of({{"a", "Benign", 100, 500, ConnState::SF},
                     {"a", "DDoS", 100, 90'000, ConnState::S0},
                     {"a", "Benign", 800, 500, ConnState::SF}});
}

TEST(Train, TheFileCarriesItsCalibration) {
  const auto trained = train(calm_at_last(), nearest_kind, options_with("time"));
  ASSERT_TRUE(trained) << trained.error().message;
  const auto calibration = Calibration::load(trained->file.calibration);
  ASSERT_TRUE(calibration) << calibration.error().message;
  EXPECT_EQ(calibration->records(), trained->file.threshold.benign_rows);
  EXPECT_EQ(calibration->threshold(0.02).value, trained->file.threshold.value);
  EXPECT_FALSE(calibration->budget().empty());
  EXPECT_GT(calibration->device_days(), 0);
  const auto random = train(easy(), nearest_kind, options_with("random"));
  ASSERT_TRUE(random) << random.error().message;
  EXPECT_TRUE(random->calibration.budget().empty()) << "drawn rows raise another number of alerts";
}

TEST(Train, ABudgetNeedsTrafficLeftWhole) {
  TrainOptions options = options_with("random");
  options.alerts_per_day = 3;
  const auto refused = train(easy(), nearest_kind, options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("split by time or by capture, not random"));
  options = options_with("time");
  options.alerts_per_day = 3;
  const auto unknown = train(easy(), nearest_kind, options);
  ASSERT_TRUE(unknown) << unknown.error().message;
  EXPECT_FALSE(unknown->budget) << "the last rows are all attacks";
  EXPECT_THAT(unknown->notes[0], HasSubstr("no alert could be counted"));
  const auto trained = train(calm_at_last(), nearest_kind, options);
  ASSERT_TRUE(trained) << trained.error().message;
  ASSERT_TRUE(trained->budget);
  EXPECT_LE(trained->budget->expected.alerts_per_day, 3);
  EXPECT_EQ(trained->file.threshold.value, trained->budget->value);
  EXPECT_THAT(trained->notes[0], HasSubstr("alerts a day on 1 device (99 % of days: "));
}

TEST(Train, RefusesWhatItCannotLearnFrom) {
  using State = ConnState;
  struct Row {
    std::vector<Flows> flows;
    const char* says;
  };
  for (const Row& row :
       {Row{{{"a", "", 100, 1, State::S0}}, "no record of this data set carries a label"},
        Row{{{"a", "Benign", 100, 1, State::S0}}, "all training rows are benign"},
        Row{{{"a", "DDoS", 50, 1, State::S0}, {"a", "C&C", 50, 1, State::S0}},
            "none of the training rows is benign"}}) {
    const auto trained = train(dataset_of(row.flows), nearest_kind, options_with("random"));
    ASSERT_FALSE(trained);
    EXPECT_EQ(trained.error().code, Errc::out_of_range);
    EXPECT_THAT(trained.error().message, HasSubstr(row.says));
  }
  EXPECT_FALSE(train(Dataset{}, nearest_kind, options_with("random")));
}

TEST(Train, RefusesOptionsOutOfTheirRange) {
  const Dataset dataset = easy();
  const auto code_with = [&](auto change, const ModelKind& kind = nearest_kind) {
    TrainOptions options = options_with("random");
    change(options);
    const auto trained = train(dataset, kind, options);
    return trained ? std::optional<Errc>{} : trained.error().code;
  };
  EXPECT_EQ(code_with([](auto& o) { o.false_positive_rate = 0; }), Errc::out_of_range);
  EXPECT_EQ(code_with([](auto& o) { o.false_positive_rate = not_set; }), Errc::out_of_range);
  EXPECT_EQ(code_with([](auto& o) { o.split.by = "luck"; }), Errc::not_found);
  EXPECT_EQ(code_with([](auto& o) { o.split.by = "kfold"; }), Errc::out_of_range);
  EXPECT_TRUE(code_with([](auto& o) { o.columns = "everything"; }).has_value());
  ModelKind readings = nearest_kind;
  readings.record_kind = RecordKind::reading;
  EXPECT_EQ(code_with([](auto&) {}, readings), Errc::mismatch);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(code_with([&](auto& o) { o.fit.stop = stop.get_token(); }), Errc::cancelled);
}

}  // namespace
}  // namespace vedette
