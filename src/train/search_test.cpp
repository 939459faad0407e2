#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "train/train_test_support.hpp"

namespace vedette {
namespace {

using namespace train_test;
using ::testing::HasSubstr;

std::atomic<std::size_t> fits{0};

/// Nearest mean whose answers are turned by "turn" classes: only 0 is right. "colour" does nothing.
Result<std::unique_ptr<Model>> fit_turned(const TrainingSet& set, const FitOptions& options) {
  ++fits;
  const auto turn = options.values.find("turn");
  TrainingSet turned = set;
  std::vector<std::uint16_t> labels(set.labels.begin(), set.labels.end());
  const unsigned by =
      turn == options.values.end() ? 1U : static_cast<unsigned>(turn->second[0] - '0');
  for (std::uint16_t& label : labels) {
    label = static_cast<std::uint16_t>((label + by) % set.classes.size());
  }
  turned.labels = labels;
  return fit_nearest(turned, options);
}

const ModelKind turned_kind{
    "turned",         "",
    RecordKind::flow, fit_turned,
    refuse_to_load,   {{"turn", {"1", "2", "0"}}, {"colour", {"red", "blue"}}}};

TEST(Search, FindsTheSettingThatWorks) {
  const auto found = search(easy(), turned_kind, options_with("random"), {.trials = 7});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->trials.size(), 7U) << "the defaults and the space of six";
  EXPECT_EQ(found->trials[0].values.at("turn"), "0");
  EXPECT_GT(found->trials[0].macro_f1, 0.9);
  EXPECT_LT(found->trials.back().macro_f1, 0.5);
  EXPECT_THAT(to_text(*found), HasSubstr("turn=0"));
  EXPECT_THAT(to_json(*found), HasSubstr("\"settings\":{\"colour\":"));
}

TEST(Search, IsBoundedAndTheSameForASeed) {
  fits = 0;
  const auto a = search(easy(), turned_kind, options_with("random"), {.trials = 3, .folds = 2});
  ASSERT_TRUE(a) << a.error().message;
  EXPECT_EQ(a->trials.size(), 3U);
  EXPECT_EQ(fits, 6U) << "so few rows have one rung";
  const auto b = search(easy(), turned_kind, options_with("random"), {.trials = 3, .folds = 2});
  EXPECT_EQ(to_json(*a), to_json(*b));
}

TEST(Search, LeavesWhatTheUserFixed) {
  TrainOptions options = options_with("random");
  options.fit.values["colour"] = "blue";
  const auto found = search(easy(), turned_kind, options, {.trials = 20});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->trials.size(), 4U) << "the defaults and three turns";
  for (const Trial& trial : found->trials) EXPECT_EQ(trial.values.at("colour"), "blue");
}

TEST(Search, GivesMoreRowsToTheBetter) {
  const Dataset dataset = dataset_of(
      {{"a", "Benign", 6000, 500, ConnState::SF}, {"a", "DDoS", 3000, 1, ConnState::S0}});
  const auto found = search(dataset, turned_kind, options_with("random"), {.trials = 7});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->trials[0].rows, 7200U);
  EXPECT_EQ(found->trials.back().rows, 2400U);
  EXPECT_EQ(found->trials[0].values.at("turn")[0] % 2, '0' % 2) << "two classes: 0 and 2 are right";
}

TEST(Search, SaysWhatItCannotDo) {
  const auto code = [](const ModelKind& kind, const SearchOptions& limits) {
    const auto found = search(easy(), kind, options_with("random"), limits);
    return found ? std::optional<Errc>{} : found.error().code;
  };
  EXPECT_EQ(code(nearest_kind, {}), Errc::out_of_range);
  EXPECT_EQ(code(turned_kind, {.trials = 1}), Errc::out_of_range);
  EXPECT_EQ(code(turned_kind, {.trials = 4, .folds = 1}), Errc::out_of_range);
}

}  // namespace
}  // namespace vedette
