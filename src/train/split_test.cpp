#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "train/train.hpp"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Part {
  std::string capture;
  std::string label;
  int count;
};

/// `count` flows for each part, one second apart, each capture running backwards in time.
Dataset dataset_in(const std::vector<Part>& parts) {
  DatasetWriter writer;
  std::int64_t second = 1'000'000;
  Record record;
  for (const Part& part : parts) {
    for (int i = 0; i < part.count; ++i) {
      record.clear();
      record.device = "10.0.0.1";
      record.time = time_from_micros(--second * 1'000'000);
      record.seal();
      writer.add(part.capture, record, Truth{part.label});
    }
  }
  return std::move(Dataset::decode(*writer.encode())).value();
}

/// Rows of each label.
std::map<std::string, int> labels_of(const Dataset& dataset, std::span<const std::uint32_t> rows) {
  std::map<std::string, int> out;
  for (const auto i : rows) ++out[dataset.labels()[dataset.label(i)]];
  return out;
}

void expect_parted(const Split& split, std::size_t rows) {
  std::set<std::uint32_t> all{split.train.begin(), split.train.end()};
  all.insert(split.test.begin(), split.test.end());
  EXPECT_EQ(all.size(), rows);
  EXPECT_EQ(split.train.size() + split.test.size(), rows);
  EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
  EXPECT_TRUE(std::is_sorted(split.test.begin(), split.test.end()));
}

TEST(Split, RandomKeepsTheShareOfEveryLabel) {
  const Dataset dataset = dataset_in(
      {{"a", "Benign", 100}, {"a", "DDoS", 10}, {"b", "C&C", 2}, {"b", "Okiru", 1}, {"b", "", 9}});
  const auto split = make_split(dataset, {.by = "random", .train_share = 0.8, .seed = 3});
  ASSERT_TRUE(split);
  expect_parted(*split, 113);
  EXPECT_EQ(labels_of(dataset, split->train),
            (std::map<std::string, int>{{"Benign", 80}, {"DDoS", 8}, {"C&C", 1}, {"Okiru", 1}}));
}

TEST(Split, TheSameSeedGivesTheSameSplitAndAnotherOneAnother) {
  const Dataset dataset = dataset_in({{"a", "Benign", 50},
                                      {"b", "DDoS", 50},
                                      {"c", "DDoS", 50},
                                      {"d", "Benign", 50},
                                      {"e", "Benign", 50}});
  for (const char* by : {"random", "capture"}) {
    const auto split = [&](std::uint64_t seed) {
      return make_split(dataset, {.by = by, .train_share = 0.6, .seed = seed})->train;
    };
    EXPECT_EQ(split(1), split(1)) << by;
    bool differs = false;
    for (std::uint64_t seed = 2; seed < 6; ++seed) differs = differs || split(seed) != split(1);
    EXPECT_TRUE(differs) << by;
  }
}

TEST(Split, TimeTrainsOnTheFirstShareOfEachCapture) {
  const Dataset dataset = dataset_in({{"a", "Benign", 5}, {"b", "DDoS", 10}});
  const auto split = make_split(dataset, {.by = "time", .train_share = 0.6});
  ASSERT_TRUE(split);
  // The captures run backwards: their last rows are the earliest.
  EXPECT_THAT(split->train, ElementsAre(2, 3, 4, 9, 10, 11, 12, 13, 14));
  EXPECT_THAT(split->test, ElementsAre(0, 1, 5, 6, 7, 8));
}

TEST(Split, CapturesStayWhole) {
  const Dataset dataset =
      dataset_in({{"a", "Benign", 40}, {"b", "DDoS", 30}, {"c", "C&C", 20}, {"d", "Benign", 10}});
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const auto split = make_split(dataset, {.by = "capture", .train_share = 0.5, .seed = seed});
    ASSERT_TRUE(split);
    expect_parted(*split, 100);
    std::set<std::uint32_t> train, test;
    for (const auto i : split->train) train.insert(dataset.capture(i));
    for (const auto i : split->test) test.insert(dataset.capture(i));
    EXPECT_EQ(train.size() + test.size(), 4U);
  }
  const auto most = make_split(dataset, {.by = "capture", .train_share = 0.999});
  ASSERT_TRUE(most);
  EXPECT_FALSE(most->test.empty()) << "the last capture is never trained on";
}

TEST(Split, ReadingsAndUnlabelledFlowsAreLeftOut) {
  DatasetWriter writer;
  Record record;
  for (int i = 0; i < 8; ++i) {
    record.clear();
    record.kind = i % 2 == 0 ? RecordKind::flow : RecordKind::reading;
    record.device = "d";
    writer.add("a", record, Truth{i < 6 ? "Benign" : ""});
  }
  const auto dataset = Dataset::decode(*writer.encode());
  const auto split = make_split(*dataset, {.by = "time", .train_share = 0.5});
  ASSERT_TRUE(split);
  EXPECT_THAT(split->train, ElementsAre(0, 2));
  EXPECT_THAT(split->test, ElementsAre(4));
}

TEST(Split, RefusesWhatCannotBeParted) {
  const Dataset dataset = dataset_in({{"a", "Benign", 10}});
  for (const double share : {0.0, 1.0, -1.0, not_set}) {
    EXPECT_EQ(make_split(dataset, {.train_share = share}).error().code, Errc::out_of_range);
  }
  const auto unknown = make_split(dataset, {.by = "device"});
  EXPECT_EQ(unknown.error().code, Errc::not_found);
  EXPECT_THAT(unknown.error().message, HasSubstr("\"device\"; known are random, time, capture"));
  EXPECT_THAT(make_split(dataset, {.by = "capture"}).error().message, HasSubstr("two captures"));
  for (const char* by : {"random", "time", "capture"}) {
    EXPECT_EQ(make_split(Dataset{}, {.by = by}).error().code, Errc::out_of_range) << by;
    EXPECT_EQ(make_split(dataset_in({{"a", "Benign", 1}}), {.by = by}).error().code,
              Errc::out_of_range)
        << by;
  }
}

TEST(Folds, EveryLabelledFlowIsTestedOnce) {
  const Dataset dataset = dataset_in(
      {{"a", "Benign", 100}, {"a", "DDoS", 10}, {"b", "C&C", 3}, {"c", "Benign", 7}, {"b", "", 9}});
  struct Row {
    const char* by;
    std::vector<std::string> names;
  };
  for (const Row& row : {Row{"kfold", {"fold 1 of 4", "fold 2 of 4", "fold 3 of 4", "fold 4 of 4"}},
                         Row{"leave-one-capture-out", {"a", "b", "c"}}}) {
    SCOPED_TRACE(row.by);
    const auto folds = make_folds(dataset, {.by = row.by, .folds = 4});
    ASSERT_TRUE(folds) << folds.error().message;
    std::vector<std::string> names;
    std::multiset<std::uint32_t> tested;
    for (const Fold& fold : *folds) {
      names.push_back(fold.name);
      expect_parted(fold.split, 120);
      tested.insert(fold.split.test.begin(), fold.split.test.end());
    }
    EXPECT_EQ(names, row.names);
    EXPECT_EQ(tested.size(), 120U);
    EXPECT_EQ(std::set<std::uint32_t>(tested.begin(), tested.end()).size(), 120U);
  }
}

TEST(Folds, OfKAreStratifiedAndSeeded) {
  const Dataset dataset = dataset_in({{"a", "Benign", 100}, {"a", "DDoS", 20}, {"a", "C&C", 5}});
  const auto folds_of = [&](std::uint64_t seed) {
    return *make_folds(dataset, {.by = "kfold", .seed = seed, .folds = 5});
  };
  const auto folds = folds_of(1);
  for (const Fold& fold : folds) {
    EXPECT_THAT(labels_of(dataset, fold.split.test),
                ::testing::UnorderedElementsAre(std::pair{"Benign", 20}, std::pair{"DDoS", 4},
                                                std::pair{"C&C", 1}));
  }
  EXPECT_EQ(folds[0].split.test, folds_of(1)[0].split.test);
  EXPECT_NE(folds[0].split.test, folds_of(2)[0].split.test);
}

TEST(Folds, LeaveNoRowOfTheTestedCaptureInTraining) {
  const Dataset dataset =
      dataset_in({{"a", "Benign", 10}, {"b", "DDoS", 10}, {"a", "DDoS", 5}, {"b", "Benign", 5}});
  const auto folds = make_folds(dataset, {.by = "leave-one-capture-out"});
  ASSERT_TRUE(folds) << folds.error().message;
  for (const Fold& fold : *folds) {
    for (const auto i : fold.split.train)
      EXPECT_NE(dataset.captures()[dataset.capture(i)], fold.name);
    for (const auto i : fold.split.test)
      EXPECT_EQ(dataset.captures()[dataset.capture(i)], fold.name);
  }
}

TEST(Folds, RefuseWhatCannotBeParted) {
  const Dataset one = dataset_in({{"a", "Benign", 10}});
  for (const std::uint32_t folds : {0U, 1U, 101U}) {
    EXPECT_EQ(make_folds(one, {.by = "kfold", .folds = folds}).error().code, Errc::out_of_range);
  }
  EXPECT_EQ(make_folds(one, {.by = "leave-one-capture-out"}).error().code, Errc::out_of_range);
  EXPECT_THAT(make_folds(dataset_in({{"a", "", 10}}), {.by = "kfold"}).error().message,
              HasSubstr("no record of this data set carries a label"));
  EXPECT_THAT(make_folds(one, {.by = "luck"}).error().message, HasSubstr("leave-one-capture-out"));
}

}  // namespace
}  // namespace vedette
