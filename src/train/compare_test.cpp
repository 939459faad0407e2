#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "train/train_test_support.hpp"

namespace vedette {
namespace {

using namespace train_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Result<std::unique_ptr<Model>> fit_never(const TrainingSet&, const FitOptions&) {
  return Error{Errc::too_large, "more rows than it can hold"};
}
Result<std::unique_ptr<Model>> fit_stopped(const TrainingSet&, const FitOptions&) {
  return Error{Errc::cancelled, "stopped"};
}
const ModelKind never_kind{"never", "", RecordKind::flow, fit_never, refuse_to_load, {}};
const ModelKind stopped_kind{"stopped", "", RecordKind::flow, fit_stopped, refuse_to_load, {}};

const std::vector<Contender> nearest_alone{{&nearest_kind, {}}};

TEST(Compare, SaysOfOneModelWhatTrainSays) {
  const Dataset dataset = easy();
  const auto trained = train(dataset, nearest_kind, options_with("random"));
  const auto comparison = compare(dataset, nearest_alone, options_with("random"));
  ASSERT_TRUE(comparison) << comparison.error().message;
  ASSERT_EQ(comparison->models.size(), 1U);
  const Compared& one = comparison->models[0];
  EXPECT_EQ(to_json(one.evaluation), to_json(trained->evaluation));
  EXPECT_EQ(one.description, "nearest mean");
  EXPECT_EQ(comparison->train_rows, 640U);
  EXPECT_EQ(comparison->test_rows, 160U);
  EXPECT_GT(one.fit_seconds, 0);
  EXPECT_GT(one.ns_per_row, 0);
  EXPECT_GT(one.bytes, 100U);
}

TEST(Compare, PoolsTheFoldsUnderSharedNames) {
  // Capture b alone has C&C, capture a alone has DDoS: each is unseen in one fold, and stands at
  // another place among the classes of each fold.
  const auto comparison = compare(easy(), nearest_alone, options_with("leave-one-capture-out"));
  ASSERT_TRUE(comparison) << comparison.error().message;
  const Compared& one = comparison->models[0];
  ASSERT_EQ(one.folds.size(), 2U);
  EXPECT_EQ(one.folds[0].fold, "a");
  EXPECT_EQ(one.folds[0].rows, 600U);
  EXPECT_EQ(one.evaluation.rows, 800U);
  EXPECT_THAT(comparison->unseen_classes, ElementsAre("DDoS", "C&C"));
  std::map<std::string, std::uint64_t> support;
  for (const ClassMetrics& metrics : one.evaluation.classes) {
    support[metrics.label] = metrics.support;
    if (metrics.label == "Benign") continue;
    EXPECT_EQ(metrics.recall, 0) << metrics.label;
  }
  EXPECT_THAT(support,
              ElementsAre(std::pair{"Benign", 500}, std::pair{"C&C", 100}, std::pair{"DDoS", 200}));
}

TEST(Compare, FoldsThatCannotBeTrainedOnAreNoted) {
  const Dataset dataset = dataset_of({{"a", "Benign", 100, 500, ConnState::SF},
                                      {"a", "DDoS", 100, 1, ConnState::S0},
                                      {"b", "Benign", 50, 500, ConnState::SF}});
  const auto comparison = compare(dataset, nearest_alone, options_with("leave-one-capture-out"));
  ASSERT_TRUE(comparison) << comparison.error().message;
  EXPECT_THAT(comparison->notes,
              ElementsAre("a: all training rows are benign: a classifier needs "
                          "a second class; iforest, hst and autoencoder do not"));
  EXPECT_EQ(comparison->models[0].evaluation.rows, 50U);
  EXPECT_THAT(to_text(*comparison), HasSubstr("note: a: all training rows"));
}

// Twelve test rows that are equal: eight benign, four not.
TEST(Compare, KnowsWhatNoModelCanReach) {
  DatasetWriter writer;
  Record record;
  for (int i = 0; i < 60; ++i) {
    record.clear();
    record.device = record.flow.orig_h = "10.0.0.1";
    record.time = time_from_micros(std::int64_t{1'545'000'000'000'000} + i);
    record.flow.proto = Proto::tcp;
    record.seal();
    writer.add("a", record, Truth{i % 3 == 0 ? "DDoS" : "Benign"});
  }
  const auto dataset = Dataset::decode(*writer.encode());
  const auto comparison = compare(*dataset, nearest_alone, options_with("random"));
  ASSERT_TRUE(comparison) << comparison.error().message;
  EXPECT_DOUBLE_EQ(comparison->accuracy_ceiling, 2.0 / 3);
  EXPECT_DOUBLE_EQ(comparison->seen_share, 1);
  EXPECT_LE(comparison->models[0].evaluation.accuracy, 2.0 / 3);
}

TEST(Compare, AModelThatRefusesDoesNotStopTheOthers) {
  const std::vector<Contender> both{{&never_kind, {}}, {&nearest_kind, {}}};
  const auto comparison = compare(easy(), both, options_with("random"));
  ASSERT_TRUE(comparison) << comparison.error().message;
  EXPECT_EQ(comparison->models[0].problem, "more rows than it can hold");
  EXPECT_GT(comparison->models[1].evaluation.accuracy, 0.9);
  EXPECT_THAT(to_text(*comparison), HasSubstr("never: not fitted: more rows than it can hold"));
  const auto json = nlohmann::json::parse(to_json(*comparison));
  EXPECT_EQ(json["models"][0]["problem"], "more rows than it can hold");
  EXPECT_FALSE(json["models"][0].contains("accuracy"));
}

TEST(Compare, RefusesWhatItCannotDo) {
  const auto code = [](const std::vector<Contender>& models, TrainOptions options) {
    const auto comparison = compare(easy(), models, options);
    return comparison ? std::optional<Errc>{} : comparison.error().code;
  };
  EXPECT_EQ(code({}, options_with("random")), Errc::out_of_range);
  EXPECT_EQ(code({{&stopped_kind, {}}}, options_with("random")), Errc::cancelled);
  EXPECT_EQ(code(nearest_alone, options_with("luck")), Errc::not_found);
  TrainOptions options = options_with("random");
  options.columns = "everything";
  EXPECT_EQ(code(nearest_alone, options), Errc::not_found);
  options = options_with("random");
  options.false_positive_rate = 0;
  EXPECT_EQ(code(nearest_alone, options), Errc::out_of_range);
  std::stop_source stop;
  stop.request_stop();
  options = options_with("kfold");
  options.fit.stop = stop.get_token();
  EXPECT_EQ(code(nearest_alone, options), Errc::cancelled);
}

TEST(Compare, JsonHasOneObjectPerModel) {
  const std::vector<Contender> twice{{&nearest_kind, {}}, {&nearest_kind, {}}};
  const auto comparison = compare(easy(), twice, options_with("kfold"));
  ASSERT_TRUE(comparison) << comparison.error().message;
  const auto json = nlohmann::json::parse(to_json(*comparison));
  ASSERT_EQ(json["models"].size(), 2U);
  const auto& model = json["models"][0];
  EXPECT_EQ(json["split"], "kfold 5 seed 1");
  EXPECT_EQ(model["model"], "nearest");
  EXPECT_DOUBLE_EQ(model["accuracy"], comparison->models[0].evaluation.accuracy);
  EXPECT_DOUBLE_EQ(model["macro_f1"], comparison->models[0].evaluation.macro_f1);
  EXPECT_EQ(model["per_class"]["DDoS"]["support"], 200);
  EXPECT_EQ(model["confusion"].size(), 3U);
  EXPECT_EQ(model["folds"].size(), 5U);
  EXPECT_TRUE(model["fit_seconds"].is_number() && model["ns_per_row"].is_number());
}

TEST(Compare, ReportIsOnePageThatNeedsNothingElse) {
  const Dataset dataset = dataset_of({{"a", "Benign", 200, 500, ConnState::SF},
                                      {"a", "<script>alert(1)</script>", 100, 1, ConnState::S0}});
  const auto comparison = compare(dataset, nearest_alone, options_with("random"));
  ASSERT_TRUE(comparison) << comparison.error().message;
  const std::string html = to_html(*comparison, "A & B");
  EXPECT_THAT(html, HasSubstr("<h1>A &amp; B</h1>"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)"));
  for (const char* outside : {"src=", "href=", "http", "url(", "@import"}) {
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  }
  for (const char* part : {"ROC: attack or not", "Recall of each class", "What was taken for what",
                           "What each leans on", "of the test rows also occur in training",
                           "highest accuracy any model can reach"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
}

TEST(Compare, ReportShowsEveryFold) {
  const std::vector<Contender> twice{{&nearest_kind, {}}, {&nearest_kind, {}}};
  const auto comparison = compare(easy(), twice, options_with("leave-one-capture-out"));
  ASSERT_TRUE(comparison) << comparison.error().message;
  const std::string html = to_html(*comparison, "folds");
  for (const char* part :
       {"<h2>Fold by fold</h2>", "Attacks answered as one", "Benign rows answered as an attack",
        "<td>a</td><td>600</td>", "<td>b</td><td>200</td>"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
  const auto once = compare(easy(), twice, options_with("random"));
  ASSERT_TRUE(once) << once.error().message;
  EXPECT_THAT(to_html(*once, "one"), Not(HasSubstr("Fold by fold")));
}

// Bytes tell the classes of easy() apart by hundreds, everything else by ones.
TEST(Compare, FindsTheColumnThatMatters) {
  const auto comparison = compare(easy(), nearest_alone, options_with("random"));
  ASSERT_TRUE(comparison) << comparison.error().message;
  const auto& importances = comparison->models[0].importances;
  ASSERT_GE(importances.size(), 3U);
  EXPECT_EQ(importances[0].column, "orig_bytes");
  EXPECT_GT(importances[0].loss, 0.3);
  for (std::size_t i = 1; i < importances.size(); ++i) {
    EXPECT_LT(importances[i].loss, 0.1) << importances[i].column;
    EXPECT_EQ(importances[i].column.find('='), std::string::npos);
  }
}

}  // namespace
}  // namespace vedette
