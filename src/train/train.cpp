/// The line that ends in a model file. train() names its stages in order; each stage works on what
/// the ones before it left behind.
#include "train/train.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "train/calibrate.hpp"
#include "train/exemplars_of.hpp"
#include "train/prepared.hpp"

namespace vedette {

namespace {

class Training {
 public:
  Training(const Dataset& dataset, const ModelKind& kind, const TrainOptions& options)
      : dataset_(dataset), kind_(kind), options_(options) {}

  Result<Trained> run();

 private:
  Status make_rows();
  Status fit_model();
  void evaluate_model();
  void set_threshold();
  std::vector<UsualRange> usual_ranges() const;
  void fill_file();

  const Dataset& dataset_;
  const ModelKind& kind_;
  const TrainOptions& options_;
  Prepared prepared_;
  Trained out_;
};

Result<Trained> Training::run() {
  using Stage = Status (Training::*)();
  for (const Stage stage : {&Training::make_rows, &Training::fit_model}) {
    if (Status done = (this->*stage)(); !done) return done.error();
  }
  evaluate_model();
  fill_file();
  return std::move(out_);
}

Status Training::make_rows() {
  if (Status fits = check_options(kind_, options_); !fits) return fits;
  if (options_.alerts_per_day > 0 && !keeps_time(options_.split)) {
    return Error{Errc::out_of_range,
                 fmt::format("alerts a day are counted on traffic left whole: split by time or by "
                             "capture, not {}",
                             options_.split.by)};
  }
  Result<Split> split = make_split(dataset_, options_.split);
  if (!split) return split.error();
  Result<Prepared> prepared =
      prepare_rows(dataset_, std::move(*split), options_, benign_suffices(kind_));
  if (!prepared) return prepared.error();
  prepared_ = std::move(*prepared);
  return {};
}

Status Training::fit_model() {
  TrainingSet set = prepared_.training_set();
  if (options_.fit.progress != nullptr) options_.fit.progress->note("");
  const auto start = std::chrono::steady_clock::now();
  Result<std::unique_ptr<Model>> model = kind_.fit(set, options_.fit);
  if (!model) return model.error();
  out_.fit_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  out_.file.classes = answers_of(kind_, set.classes);
  out_.file.schema = std::move(set.schema);
  out_.file.model = std::move(*model);
  return {};
}

/// What needs no threshold is measured on all test rows; the threshold is set on one half of them
/// and its rates are measured on the other.
void Training::evaluate_model() {
  const Answers answers = answer(*out_.file.model, kind_, prepared_.classes, prepared_.test_rows());
  const Halves halves = halve(dataset_, prepared_, options_.split);
  out_.calibration = calibrate_on(dataset_, prepared_, answers, halves.calibration, options_.split);
  set_threshold();

  Evaluation& evaluation = out_.evaluation;
  evaluation = evaluate(kind_, prepared_.test.classes, answers);
  std::vector<std::uint16_t> truth;
  std::vector<float> scores;
  for (const std::uint32_t i : halves.evaluation) {
    truth.push_back(prepared_.test.classes[i]);
    scores.push_back(answers.scores[i]);
  }
  evaluate_threshold(evaluation, truth, scores, out_.file.threshold.value);
  const Repetition repetition = repetition_of(prepared_);
  evaluation.seen_share = repetition.seen_share;
  evaluation.accuracy_ceiling = repetition.accuracy_ceiling;
  evaluation.unseen_classes = prepared_.classes.unseen;
}

/// By the rate asked, or by the alerts a day when those were asked.
void Training::set_threshold() {
  const Calibration& calibration = out_.calibration;
  Certified certified = calibration.threshold(options_.false_positive_rate);
  if (options_.alerts_per_day > 0) {
    const double devices = std::max(1U, options_.devices);
    out_.budget = calibration.threshold_for_budget(options_.alerts_per_day, devices);
    if (out_.budget) certified = calibration.at(out_.budget->value);
    out_.notes.push_back(note_on(out_.budget, options_.alerts_per_day, devices));
  } else {
    out_.notes.push_back(note_on(certified));
  }
  out_.file.threshold = {certified.value,
                         certified.records == 0 ? 0
                                                : static_cast<double>(certified.alarms) /
                                                      static_cast<double>(certified.records),
                         certified.records};
}

/// The 1 % and 99 % quantiles of each column over the benign training rows, rounded outwards to
/// values that occurred.
std::vector<UsualRange> Training::usual_ranges() const {
  const Rows all = prepared_.train_rows();
  std::vector<float> column;
  std::vector<UsualRange> ranges(all.width);
  for (std::size_t c = 0; c < all.width; ++c) {
    column.clear();
    for (std::size_t i = 0; i < all.count; ++i) {
      if (prepared_.train.classes[i] == 0) column.push_back(all[i][c]);
    }
    const double last = static_cast<double>(column.size() - 1);
    const auto value_at = [&](double rank) {
      const auto at = column.begin() + static_cast<std::ptrdiff_t>(rank);
      std::nth_element(column.begin(), at, column.end());
      return *at;
    };
    ranges[c].low = value_at(std::floor(0.01 * last));
    ranges[c].high = value_at(std::ceil(0.99 * last));
  }
  return ranges;
}

void Training::fill_file() {
  ModelFile& file = out_.file;
  file.created = options_.created;
  file.data_fingerprint = dataset_.fingerprint();
  file.split = to_text(options_.split);
  file.metrics_json = to_json(out_.evaluation);
  ByteWriter features;
  with_usual(*prepared_.features, usual_ranges())->save(features);
  file.features.assign(features.bytes().begin(), features.bytes().end());
  ByteWriter exemplars;
  exemplars_of(dataset_, prepared_, options_.split.seed).save(exemplars);
  file.exemplars.assign(exemplars.bytes().begin(), exemplars.bytes().end());
  file.calibration = out_.calibration.save();
}

}  // namespace

Result<Trained> train(const Dataset& dataset, const ModelKind& kind, const TrainOptions& options) {
  return Training{dataset, kind, options}.run();
}

}  // namespace vedette
