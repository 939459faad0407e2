#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "train/alert_count.hpp"
#include "train/train_test_support.hpp"

namespace vedette {
namespace {

using namespace train_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two clean captures, one infected, one only trained on; every capture has attacks or sizes of its
// own, so that what a model answers is known.
Dataset four() {
  return dataset_of({{"clean-1", "Benign", 200, 500, ConnState::SF},
                     {"clean-2", "Benign", 100, 700, ConnState::SF},
                     {"ill", "Benign", 150, 600, ConnState::SF},
                     {"ill", "DDoS", 50, 20'000, ConnState::S0},
                     {"sim", "Benign", 150, 500, ConnState::SF},
                     {"sim", "DDoS", 150, 30'000, ConnState::S0}});
}

TrainOptions leaving_out() {
  TrainOptions options = options_with("leave-one-capture-out");
  options.split.train_only = {"sim"};
  return options;
}

const std::vector<Contender> only_nearest{{&nearest_kind, {}}};

TEST(LeftOut, OneObjectPerModelAndCapture) {
  const std::vector<Contender> both{{&nearest_kind, {}}, {&tree_kind, {}}};
  const auto comparison = compare(four(), both, leaving_out());
  ASSERT_TRUE(comparison) << comparison.error().message;
  const auto captures = nlohmann::json::parse(to_json(*comparison))["captures"];
  ASSERT_EQ(captures.size(), 6U) << "sim is trained on and never left out";
  std::vector<std::string> said;
  for (const auto& one : captures) {
    said.push_back(one["model"].get<std::string>() + " " + one["capture"].get<std::string>());
    for (const char* name : {"model", "capture", "recall", "false_positive_rate",
                             "false_alarms_per_device_day", "delay_records", "delay_seconds"}) {
      EXPECT_TRUE(one.contains(name)) << name;
    }
  }
  EXPECT_THAT(said, ElementsAre("nearest clean-1", "nearest clean-2", "nearest ill", "tree clean-1",
                                "tree clean-2", "tree ill"));
  const auto& ill = captures[5];
  EXPECT_EQ(ill["recall"], 1);
  EXPECT_EQ(ill["false_positive_rate"], 0);
  EXPECT_EQ(ill["false_alarms_per_device_day"], 0);
  EXPECT_EQ(ill["delay_records"], 0);
  EXPECT_EQ(ill["delay_seconds"], 0);
  EXPECT_EQ(ill["recall_by_class"]["DDoS"], 1);
  EXPECT_TRUE(captures[3]["recall"].is_null()) << "there was nothing to find";
  EXPECT_TRUE(captures[3]["delay_records"].is_null());
  EXPECT_THAT(to_text(*comparison), HasSubstr("false alarms / device-day"));
}

// What the left-out capture holds must not move its threshold.
TEST(LeftOut, TheThresholdKnowsTheTrainingCapturesAlone) {
  const auto threshold_with = [](int benign, double bytes) {
    const Dataset dataset = dataset_of({{"clean-1", "Benign", 200, 500, ConnState::SF},
                                        {"clean-2", "Benign", 100, 700, ConnState::SF},
                                        {"ill", "Benign", benign, bytes, ConnState::SF},
                                        {"ill", "DDoS", 50, 20'000, ConnState::S0},
                                        {"sim", "Benign", 150, 500, ConnState::SF},
                                        {"sim", "DDoS", 150, 30'000, ConnState::S0}});
    const auto comparison = compare(dataset, only_nearest, leaving_out());
    EXPECT_TRUE(comparison) << comparison.error().message;
    return comparison->models[0].captures[2];
  };
  const CaptureFigures plain = threshold_with(150, 600);
  const CaptureFigures loud = threshold_with(150, 40'000);
  EXPECT_EQ(plain.capture, "ill");
  EXPECT_EQ(plain.rates.false_positive_rate, 0);
  EXPECT_EQ(loud.rates.false_positive_rate, 1);
  EXPECT_EQ(loud.rates.false_alarms, 1U) << "one run of them";
  EXPECT_TRUE(plain.decided_by == "clean-1" || plain.decided_by == "clean-2") << plain.decided_by;
  EXPECT_EQ(plain.threshold.records, plain.decided_by == "clean-1" ? 200U : 100U);
}

TEST(LeftOut, DoubtfulRowsAreReportedApartAndAdaptationTakesTheFirst) {
  // The loud benign rows of "ill" go to the address of every flow here.
  const Dataset dataset = dataset_of({{"clean", "Benign", 200, 500, ConnState::SF},
                                      {"ill", "Benign", 100, 40'000, ConnState::SF},
                                      {"ill", "DDoS", 50, 90'000, ConnState::S0},
                                      {"sim", "Benign", 150, 500, ConnState::SF},
                                      {"sim", "DDoS", 150, 80'000, ConnState::S0}});
  TrainOptions options = leaving_out();
  options.leave_out.doubtful = {"ill:10.0.0.1:80"};
  options.leave_out.adapt = 50;
  const auto comparison = compare(dataset, only_nearest, options);
  ASSERT_TRUE(comparison) << comparison.error().message;
  const CaptureFigures& ill = comparison->models[0].captures[1];
  EXPECT_EQ(ill.rates.doubtful, 100U);
  EXPECT_TRUE(std::isnan(ill.rates.false_positive_rate_sure)) << "all of them are doubtful";
  EXPECT_EQ(ill.rates.false_alarms_sure, 0U);
  ASSERT_TRUE(ill.adapted);
  EXPECT_EQ(ill.adapted->benign, 50U) << "the rows adapted to are not judged";
  EXPECT_GT(ill.adapted->threshold, ill.rates.threshold);
  EXPECT_LE(ill.adapted->false_positive_rate, 0.1);
  for (const char* other : {"ill:10.0.0.2", "ill::81", "well:10.0.0.1"}) {
    options.leave_out.doubtful = {other};
    EXPECT_EQ(compare(dataset, only_nearest, options)->models[0].captures[1].rates.doubtful, 0U)
        << other;
  }
}

TEST(LeftOut, TheAreasBesideTheControlsLeaveDoubtfulRowsOut) {
  const Dataset dataset = dataset_of({{"clean", "Benign", 200, 500, ConnState::SF},
                                      {"ill", "Benign", 100, 90'000, ConnState::S0},
                                      {"ill", "DDoS", 50, 90'000, ConnState::S0},
                                      {"sim", "Benign", 150, 500, ConnState::SF},
                                      {"sim", "DDoS", 150, 90'000, ConnState::S0}});
  TrainOptions options = leaving_out();
  const auto trusting = compare(dataset, only_nearest, options);
  ASSERT_TRUE(trusting) << trusting.error().message;
  const Compared& fooled = trusting->models[0];
  EXPECT_LT(fooled.evaluation.roc_auc, 0.9) << "what it calls attack is called benign";
  EXPECT_DOUBLE_EQ(fooled.roc_auc_sure, fooled.evaluation.roc_auc);
  options.leave_out.doubtful = {"ill:10.0.0.1:80"};
  const auto doubting = compare(dataset, only_nearest, options);
  ASSERT_TRUE(doubting) << doubting.error().message;
  EXPECT_DOUBLE_EQ(doubting->models[0].roc_auc_sure, 1);
  EXPECT_DOUBLE_EQ(doubting->models[0].evaluation.roc_auc, fooled.evaluation.roc_auc);
}

// The capture "wrong" calls a flood benign; models of the others know better.
TEST(LeftOut, DoubtedLabelsCanBeLeftOutOfTraining) {
  const Dataset dataset = dataset_of({{"clean", "Benign", 200, 500, ConnState::SF},
                                      {"ill", "Benign", 100, 500, ConnState::SF},
                                      {"ill", "DDoS", 50, 90'000, ConnState::S0},
                                      {"wrong", "Benign", 120, 85'000, ConnState::S0},
                                      {"wrong", "Benign", 60, 450, ConnState::SF},
                                      {"wrong", "DDoS", 30, 88'000, ConnState::S0},
                                      {"sim", "Benign", 150, 500, ConnState::SF},
                                      {"sim", "DDoS", 150, 80'000, ConnState::S0}});
  TrainOptions options = leaving_out();
  options.leave_out.drop_doubted = true;
  const auto comparison = compare(dataset, only_nearest, options);
  ASSERT_TRUE(comparison) << comparison.error().message;
  const auto& captures = comparison->models[0].captures;
  EXPECT_EQ(captures[1].capture, "ill");
  EXPECT_EQ(captures[1].dropped_rows, 120U);
  EXPECT_EQ(captures[2].dropped_rows, 0U) << "nothing else is doubted";
}

// What train writes is the model that compare measured: fitted on every capture, judged from
// outside, with the threshold of the clean capture that needs the strictest.
TEST(LeftOut, OneModelForANetworkThatIsNoneOfThem) {
  const TrainOptions options = leaving_out();
  const auto trained = train(four(), nearest_kind, options);
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_EQ(given().rows, 600U) << "the last fit leaves ill out: sim only teaches";
  EXPECT_EQ(trained->file.split, "leave-one-capture-out");
  EXPECT_EQ(trained->file.classes, (std::vector<std::string>{"Benign", "DDoS"}));
  EXPECT_EQ(trained->evaluation.rows, 500U) << "sim is not judged";
  EXPECT_EQ(trained->evaluation.confusion[1][1], 50U);
  const auto comparison = compare(four(), nearest_alone, options);
  ASSERT_TRUE(comparison) << comparison.error().message;
  std::uint64_t right = 0;
  for (const FoldFigures& fold : comparison->models[0].folds) {
    right +=
        static_cast<std::uint64_t>(std::llround(fold.accuracy * static_cast<double>(fold.rows)));
  }
  EXPECT_DOUBLE_EQ(trained->evaluation.accuracy, static_cast<double>(right) / 500)
      << "captures left out by train are judged as those left out by compare";
  EXPECT_GE(trained->file.threshold.value, 0.5F);
  EXPECT_TRUE(trained->file.threshold.benign_rows == 200 ||
              trained->file.threshold.benign_rows == 100)
      << trained->file.threshold.benign_rows;
  EXPECT_EQ(trained->calibration.records(), trained->file.threshold.benign_rows);
  EXPECT_GT(trained->calibration.device_days(), 0) << "alerts a day can be counted";
  EXPECT_EQ(train(dataset_of({{"one", "Benign", 200, 500, ConnState::SF},
                              {"one", "DDoS", 50, 20'000, ConnState::S0}}),
                  nearest_kind, options)
                .error()
                .code,
            Errc::out_of_range);
}

TEST(LeftOut, SamplesAreToldFromCaptures) {
  Random random{7};
  DatasetWriter writer;
  Record record;
  for (int i = 0; i < 2'000; ++i) {
    record.clear();
    record.device = record.flow.orig_h = "10.0.0.1";
    record.flow.proto = Proto::tcp;
    record.flow.duration = random.uniform(0, 20);
    const auto at = [&](double seconds) {
      record.time =
          time_from_micros(1'545'000'000'000'000 + static_cast<std::int64_t>(seconds * 1e6));
      record.seal();
    };
    at(i * 30.0);
    writer.add("in order", record, Truth{"Benign"});
    at(i * 30.0 + random.uniform(0, 300));
    writer.add("a little late", record, Truth{"Benign"});
    at(random.uniform(0, 60'000));
    writer.add("sample", record, Truth{"Benign"});
    at(5'000);
    writer.add("at once", record, Truth{"Benign"});
  }
  const auto dataset = Dataset::decode(*writer.encode());
  EXPECT_THAT(in_time_order(*dataset), ElementsAre(true, true, false, true));
  const auto folds = make_folds(*dataset, {.by = "leave-one-capture-out", .whole_only = true});
  ASSERT_TRUE(folds) << folds.error().message;
  EXPECT_EQ(folds->size(), 3U);
  for (const Fold& fold : *folds) EXPECT_EQ(fold.split.train.size(), 4'000U) << fold.name;
}

TEST(AlertCount, FoldsByDeviceAndQuietAsTheServiceDoes) {
  DatasetWriter writer;
  Record record;
  const auto add = [&](const char* capture, const char* device, int second) {
    record.clear();
    record.device = record.flow.orig_h = device;
    record.time = time_from_micros((std::int64_t{1'545'000'000} + second) * 1'000'000);
    record.seal();
    writer.add(capture, record, Truth{"Benign"});
  };
  for (const int second : {0, 60, 120, 86'400}) add("a", "cam-1", second);
  for (const int second : {10, 43'210}) add("a", "cam-2", second);
  add("b", "cam-1", 100);
  const auto dataset = Dataset::decode(*writer.encode());
  const std::vector<std::string> names{"Benign", "DDoS"};
  const auto counter_of = [&](float strange) {
    std::vector<Scored> scored;
    for (std::uint32_t i = 0; i < 7; ++i) scored.push_back({i, i == 1 ? 0.4F : strange, 1});
    return AlertCounter{*dataset, scored, names};
  };
  const AlertCounter sure = counter_of(0.999F);
  EXPECT_EQ(sure.count(0.3F).alerts, 5U) << "0 to 120, 86400; 10, 43210; 100";
  EXPECT_EQ(sure.count(0.5F).alerts, 5U) << "the one at 60 does not alarm, but holds the run open";
  EXPECT_EQ(sure.count(0.6F).alerts, 6U) << "without it the run breaks";
  const AlertCounter counter = counter_of(0.6F);
  EXPECT_DOUBLE_EQ(counter.device_days(), 1.5);
  EXPECT_EQ(counter.devices(), 3U);
  EXPECT_EQ(counter.count(0.3F).alerts, 1U) << "0 and 60; one alone is not evidence enough";
  EXPECT_EQ(counter.count(0.5F).alerts, 1U) << "0 and 120";
  EXPECT_EQ(counter.count(0.7F).alerts, 0U);
}

}  // namespace
}  // namespace vedette
