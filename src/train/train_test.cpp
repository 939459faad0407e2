#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "train/train.hpp"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// ---- a model small enough to know its answers ----------------------------------------------

/// For every class the mean of its rows; the nearest mean wins. What fit() was given is kept for
/// the tests to look at: rows, classes and their labels.
struct Given {
  std::size_t rows = 0;
  std::vector<std::string> classes;
  std::vector<std::uint16_t> labels;
};
Given& given() {
  static Given last;
  return last;
}

class Nearest final : public Model {
 public:
  Nearest(std::vector<float> means, std::size_t width) : means_(std::move(means)), width_(width) {}
  std::string_view kind() const override { return "nearest"; }
  std::size_t width() const override { return width_; }
  std::size_t class_count() const override { return means_.size() / width_; }
  void score(Rows rows, std::span<float> out) const override {
    const std::size_t classes = class_count();
    for (std::size_t i = 0; i < rows.count; ++i) {
      float sum = 0;
      for (std::size_t k = 0; k < classes; ++k) {
        float distance = 0;
        for (std::size_t c = 0; c < width_; ++c) {
          distance += std::abs(rows[i][c] - means_[k * width_ + c]);
        }
        out[i * classes + k] = 1.0F / (1e-6F + distance);
        sum += out[i * classes + k];
      }
      for (std::size_t k = 0; k < classes; ++k) out[i * classes + k] /= sum;
    }
  }
  void explain(std::span<const float>, std::uint16_t, std::span<float> out) const override {
    std::fill(out.begin(), out.end(), 0.0F);
  }
  std::string describe() const override { return "nearest mean"; }
  void save(ByteWriter& out) const override { out.put_array(std::span<const float>{means_}); }

 private:
  std::vector<float> means_;
  std::size_t width_;
};

Result<std::unique_ptr<Model>> fit_nearest(const TrainingSet& set, const FitOptions&) {
  given() = {set.rows.count, set.classes, {set.labels.begin(), set.labels.end()}};
  const std::size_t width = set.rows.width;
  std::vector<float> means(set.classes.size() * width, 0.0F);
  std::vector<float> counts(set.classes.size(), 0.0F);
  for (std::size_t i = 0; i < set.rows.count; ++i) {
    counts[set.labels[i]] += 1;
    for (std::size_t c = 0; c < width; ++c) means[set.labels[i] * width + c] += set.rows[i][c];
  }
  for (std::size_t m = 0; m < means.size(); ++m) means[m] /= counts[m / width];
  return std::unique_ptr<Model>{std::make_unique<Nearest>(std::move(means), width)};
}

Result<std::unique_ptr<Model>> refuse_to_load(ByteReader&) {
  return Error{Errc::unsupported, "not stored"};
}

constexpr ModelKind nearest_kind{"nearest", "nearest class mean", RecordKind::flow, fit_nearest,
                                 refuse_to_load};

// ---- captures with known answers -------------------------------------------------------------

struct Flows {
  std::string capture;
  std::string label;
  int count;
  double bytes;  // around it, ± 10 %
  ConnState state;
};

Dataset dataset_of(const std::vector<Flows>& parts, std::uint64_t seed = 5) {
  Random random{seed};
  DatasetWriter writer;
  Record record;
  std::int64_t second = 1'545'000'000;
  for (const Flows& part : parts) {
    for (int i = 0; i < part.count; ++i) {
      record.clear();
      record.time = time_from_micros(++second * 1'000'000);
      record.flow.orig_h = record.device = "192.168.1.10";
      record.flow.resp_h = "10.0.0.1";
      record.flow.resp_p = 80;
      record.flow.proto = Proto::tcp;
      record.flow.conn_state = part.state;
      record.flow.duration = random.uniform(1, 2);
      record.flow.orig_bytes = std::round(part.bytes * random.uniform(0.9, 1.1));
      record.flow.orig_pkts = 5;
      record.seal();
      writer.add(part.capture, record, Truth{part.label});
    }
  }
  return std::move(Dataset::decode(*writer.encode())).value();
}

Dataset easy() {
  return dataset_of({{"a", "Benign", 400, 500, ConnState::SF},
                     {"a", "", 20, 500, ConnState::SF},
                     {"a", "DDoS", 200, 1, ConnState::S0},
                     {"b", "Benign", 100, 500, ConnState::SF},
                     {"b", "C&C", 100, 90'000, ConnState::RSTO}});
}

TrainOptions options_with(std::string by) {
  TrainOptions options;
  options.columns = "published24";
  options.split.by = std::move(by);
  options.false_positive_rate = 0.02;
  options.created = "2026-11-23T12:00:00Z";
  return options;
}

TEST(Train, WhatIsEasyToTellApartIsToldApart) {
  const Dataset dataset = easy();
  const auto trained = train(dataset, nearest_kind, options_with("random"));
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_EQ(given().rows, 640U);
  EXPECT_THAT(given().classes, ElementsAre("Benign", "DDoS", "C&C"));
  const Evaluation& e = trained->evaluation;
  EXPECT_EQ(e.rows, 80U) << "half of the 160 test rows";
  EXPECT_GT(e.accuracy, 0.9);
  EXPECT_GT(e.detection_rate, 0.9);
  EXPECT_EQ(e.classes[0].support, 50U);
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
  EXPECT_EQ(binary->evaluation.classes[1].support, 10U);
  EXPECT_EQ(binary->file.split, "time 0.7142857142857143");

  options.binary = false;
  const auto each = train(dataset, nearest_kind, options);
  ASSERT_TRUE(each) << each.error().message;
  EXPECT_THAT(each->file.classes, ElementsAre("Benign", "DDoS"));
  EXPECT_THAT(each->evaluation.unseen_classes, ElementsAre("Okiru"));
  ASSERT_EQ(each->evaluation.classes.size(), 3U) << "the unseen class counts as missed";
  EXPECT_EQ(each->evaluation.classes[2].support, 10U);
  EXPECT_EQ(each->evaluation.classes[2].recall, 0);
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
  EXPECT_EQ(trained->evaluation.rows, 20U);
  EXPECT_DOUBLE_EQ(trained->evaluation.seen_share, 0.5);
}

TEST(Train, SaysWhenTheBenignRowsAreTooFewForTheRate) {
  TrainOptions options = options_with("random");
  options.false_positive_rate = 1e-3;
  const auto trained = train(easy(), nearest_kind, options);
  ASSERT_TRUE(trained) << trained.error().message;
  ASSERT_EQ(trained->notes.size(), 1U);
  EXPECT_THAT(trained->notes[0],
              HasSubstr("needs 1000 benign rows to calibrate on, there were 50"));
}

TEST(Train, RefusesWhatItCannotLearnFrom) {
  using State = ConnState;
  struct Row {
    std::vector<Flows> flows;
    const char* says;
  };
  for (const Row& row : {Row{{{"a", "", 100, 1, State::S0}}, "0 labelled flows are too few"},
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
