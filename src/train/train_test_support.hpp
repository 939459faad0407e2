/// Captures with known answers and a model small enough to know its answers, for the tests of
/// train/.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "train/train.hpp"

namespace vedette::train_test {

// ---- a model small enough to know its answers ----------------------------------------------

/// For every class the mean of its rows; the nearest mean wins. What fit() was given is kept for
/// the tests to look at: rows, classes and their labels.
struct Given {
  std::size_t rows = 0;
  std::vector<std::string> classes;
  std::vector<std::uint16_t> labels;
};
inline Given& given() {
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

inline Result<std::unique_ptr<Model>> fit_nearest(const TrainingSet& set, const FitOptions&) {
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

inline Result<std::unique_ptr<Model>> refuse_to_load(ByteReader&) {
  return Error{Errc::unsupported, "not stored"};
}

inline const ModelKind nearest_kind{"nearest",   "nearest class mean", RecordKind::flow,
                                    fit_nearest, refuse_to_load,       {}};

// ---- captures with known answers -------------------------------------------------------------

struct Flows {
  std::string capture;
  std::string label;
  int count;
  double bytes;  // around it, ± 10 %
  ConnState state;
};

inline Dataset dataset_of(const std::vector<Flows>& parts, std::uint64_t seed = 5) {
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

inline Dataset easy() {
  return dataset_of({{"a", "Benign", 400, 500, ConnState::SF},
                     {"a", "", 20, 500, ConnState::SF},
                     {"a", "DDoS", 200, 1, ConnState::S0},
                     {"b", "Benign", 100, 500, ConnState::SF},
                     {"b", "C&C", 100, 90'000, ConnState::RSTO}});
}

inline TrainOptions options_with(std::string by) {
  TrainOptions options;
  options.columns = "published24";
  options.split.by = std::move(by);
  options.false_positive_rate = 0.02;
  options.created = "2026-11-23T12:00:00Z";
  return options;
}

}  // namespace vedette::train_test
