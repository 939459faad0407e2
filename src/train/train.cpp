/// The line that ends in a model file. train() names its stages in order; each stage works on what
/// the ones before it left behind.
#include "train/train.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "train/calibrate.hpp"
#include "train/exemplars_of.hpp"
#include "train/left_out.hpp"
#include "train/prepared.hpp"
#include "train/text_layout.hpp"

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
  Status fit_for_other_networks();
  void evaluate_model();
  void evaluate_from_outside(const LeftOutModel& fitted);
  void set_threshold();
  void take_model(std::unique_ptr<Model> model, double seconds);
  bool for_other_networks() const { return options_.split.by == leave_one_out; }
  std::vector<UsualRange> usual_ranges() const;
  void fill_file();

  const Dataset& dataset_;
  const ModelKind& kind_;
  const TrainOptions& options_;
  Prepared prepared_;
  Trained out_;
};

Result<Trained> Training::run() {
  if (Status done = make_rows(); !done) return done.error();
  if (Status done = for_other_networks() ? fit_for_other_networks() : fit_model(); !done) {
    return done.error();
  }
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
  Result<Split> split = for_other_networks() ? all_captures(dataset_, options_.split)
                                             : make_split(dataset_, options_.split);
  if (!split) return split.error();
  Result<Prepared> prepared =
      prepare_rows(dataset_, std::move(*split), options_, benign_suffices(kind_));
  if (!prepared) return prepared.error();
  prepared_ = std::move(*prepared);
  return {};
}

Status Training::fit_model() {
  if (options_.fit.progress != nullptr) options_.fit.progress->note("");
  const auto start = std::chrono::steady_clock::now();
  Result<std::unique_ptr<Model>> model = kind_.fit(prepared_.training_set(), options_.fit);
  if (!model) return model.error();
  take_model(std::move(*model),
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  evaluate_model();
  return {};
}

void Training::take_model(std::unique_ptr<Model> model, double seconds) {
  TrainingSet set = prepared_.training_set();
  out_.fit_seconds = seconds;
  out_.file.classes = answers_of(kind_, set.classes);
  out_.file.schema = std::move(set.schema);
  out_.file.model = std::move(model);
}

Status Training::fit_for_other_networks() {
  if (options_.fit.progress != nullptr) options_.fit.progress->note("");
  Result<LeftOutModel> fitted = fit_for_others(dataset_, kind_, prepared_, options_);
  if (!fitted) return fitted.error();
  take_model(std::move(fitted->model), fitted->fit_seconds);
  evaluate_from_outside(*fitted);
  if (fitted->dropped_rows > 0) {
    out_.notes.push_back(
        fmt::format("{} rows called benign were not trained on: models of the other captures take "
                    "them for attacks",
                    grouped(fitted->dropped_rows)));
  }
  return {};
}

/// The calibration in the file is that of the network that needs the strictest threshold, so that
/// whoever asks it for another rate or a budget gets what holds there.
void Training::evaluate_from_outside(const LeftOutModel& fitted) {
  const Answers& all = fitted.outside.answers;
  std::vector<Scored> benign;
  std::vector<float> attacks;
  std::vector<std::uint16_t> truth;
  Answers judged;
  judged.names = all.names;
  for (std::size_t i = 0; i < all.scores.size(); ++i) {
    const std::size_t position = fitted.outside.positions[i];
    const std::uint32_t record = prepared_.split.train[position];
    const std::string& capture = dataset_.captures()[dataset_.capture(record)];
    const std::uint16_t label = prepared_.train.classes[position];
    if (capture == fitted.decided_by && label == 0) {
      benign.push_back({record, all.scores[i], all.attacks[i]});
    }
    if (names_any(options_.split.train_only, capture)) continue;
    if (label != 0) attacks.push_back(all.scores[i]);
    truth.push_back(label);
    judged.scores.push_back(all.scores[i]);
    judged.classes.push_back(all.classes[i]);
  }
  out_.calibration =
      calibration_of(dataset_, std::move(benign), std::move(attacks), all.names, true);
  set_threshold();
  out_.file.threshold.value = std::max(out_.file.threshold.value, left_out_threshold_min);
  out_.evaluation = evaluate(kind_, truth, judged);
  evaluate_threshold(out_.evaluation, truth, judged.scores, out_.file.threshold.value);
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
