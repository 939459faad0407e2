#include "train/exemplars_of.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "train/train_test_support.hpp"

namespace vedette {
namespace {

using namespace train_test;

/// Labels of very different frequency.
Dataset uneven() {
  return dataset_of({{"a", "Benign", 3000, 500, ConnState::SF},
                     {"a", "", 50, 500, ConnState::SF},
                     {"b", "DDoS", 2000, 4000, ConnState::S0},
                     {"b", "C&C", 20, 90'000, ConnState::RSTO}});
}

TEST(Exemplars, AreTrainingRowsSharedAmongTheLabels) {
  const Dataset dataset = uneven();
  const TrainOptions options = options_with("random");
  const auto trained = train(dataset, nearest_kind, options);
  ASSERT_TRUE(trained) << trained.error().message;
  const std::size_t width = trained->file.schema.width();
  const auto exemplars = Exemplars::load(trained->file.exemplars, width);
  ASSERT_TRUE(exemplars) << exemplars.error().message;

  const auto split = make_split(dataset, options.split);
  ASSERT_TRUE(split);
  std::map<RecordKey, std::uint32_t> training;
  Record record;
  for (const std::uint32_t i : split->train) {
    dataset.read(i, record);
    training[record.key] = i;
  }
  ByteReader features(trained->file.features);
  const auto map = load_features(features);
  ASSERT_TRUE(map);
  DeviceWindows windows;
  std::vector<float> row(width);
  std::map<std::string, std::size_t> labels;
  std::set<std::vector<float>> rows;
  for (std::size_t i = 0; i < exemplars->size(); ++i) {
    const Similar& one = (*exemplars)[i];
    ASSERT_TRUE(training.contains(one.key)) << i;
    const std::uint32_t place = training[one.key];
    dataset.read(place, record);
    EXPECT_EQ(one.device, record.device);
    EXPECT_EQ(one.label, dataset.labels()[dataset.label(place)]);
    EXPECT_EQ(one.capture, one.label == "Benign" ? "a" : "b");
    (*map)->apply(record, windows, row);
    const auto kept = exemplars->row(i);
    EXPECT_TRUE(std::equal(row.begin(), row.end(), kept.begin(), kept.end())) << i;
    EXPECT_TRUE(rows.insert(row).second) << "twice: " << i;
    ++labels[one.label];
  }
  // 16 of the rare label were trained on; the others share what it leaves.
  EXPECT_EQ(labels,
            (std::map<std::string, std::size_t>{{"Benign", 492}, {"C&C", 16}, {"DDoS", 492}}));
  const auto again = train(dataset, nearest_kind, options);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->file.exemplars, trained->file.exemplars);
}

}  // namespace
}  // namespace vedette
