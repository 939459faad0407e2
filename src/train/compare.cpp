/// The same rows for every model: what compare() fits differs in nothing but the algorithm.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/expects.hpp"
#include "base/text.hpp"
#include "train/calibrate.hpp"
#include "train/controls.hpp"
#include "train/importance.hpp"
#include "train/left_out.hpp"
#include "train/prepared.hpp"
#include "train/text_layout.hpp"

namespace vedette {

namespace {

constexpr std::size_t curve_points = 240;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : std::numeric_limits<double>::quiet_NaN();
}

/// Answers of one model over all folds, under the class names that all folds share: in the same
/// order for every model, and behind them the unknown of models that answer it.
class Pool {
 public:
  void add(const Prepared& prepared, const Answers& answers) {
    std::vector<std::uint16_t> shared;
    for (const std::string& name : prepared.classes.names) shared.push_back(number_of(name));
    shared.resize(answers.names.size(), unknown);
    answers_unknown_ = answers_unknown_ || shared.back() == unknown;
    for (std::size_t i = 0; i < answers.classes.size(); ++i) {
      truth_.push_back(shared[prepared.test.classes[i]]);
      predicted_.push_back(shared[answers.classes[i]]);
      score_.push_back(answers.scores[i]);
    }
  }
  void fill(const ModelKind& kind, Compared& out) {
    const Evaluation rates = out.evaluation;
    if (answers_unknown_) {
      const std::uint16_t last = number_of(std::string{unknown_label});
      std::replace(predicted_.begin(), predicted_.end(), unknown, last);
    }
    out.evaluation = evaluate(names_, truth_, predicted_, score_);
    if (kind.learns == Learns::benign) as_attack_or_not(out.evaluation);
    out.evaluation.false_positive_rate = rates.false_positive_rate;
    out.evaluation.detection_rate = rates.detection_rate;
    out.curves = curves_of(truth_, score_, curve_points);
  }

 private:
  static constexpr std::uint16_t unknown = std::numeric_limits<std::uint16_t>::max();
  std::uint16_t number_of(const std::string& name) {
    const auto at = std::find(names_.begin(), names_.end(), name);
    const auto number = static_cast<std::uint16_t>(at - names_.begin());
    if (at == names_.end()) names_.push_back(name);
    return number;
  }
  std::vector<std::string> names_;
  std::vector<std::uint16_t> truth_, predicted_;
  std::vector<float> score_;
  bool answers_unknown_ = false;
};

/// Rates at a threshold that was set on one half of a fold's test rows, summed over the folds.
class Rates {
 public:
  void add(const Dataset& dataset, const Prepared& prepared, const Answers& answers,
           const TrainOptions& options) {
    if (options.split.by == leave_one_out) return;
    const Halves halves = halve(dataset, prepared, options.split);
    const Calibration calibration =
        calibrate_on(dataset, prepared, answers, halves.calibration, SplitOptions{});
    const float threshold = calibration.threshold(options.false_positive_rate).value;
    for (const std::uint32_t i : halves.evaluation) {
      const std::size_t attack = prepared.test.classes[i] != 0 ? 1 : 0;
      rows_[attack] += 1;
      alarms_[attack] += answers.scores[i] >= threshold ? 1 : 0;
    }
    for (CalibrationPoint& point : points_) {
      count(point, prepared, answers, halves.evaluation, calibration.threshold(point.stated).value);
    }
  }
  /// At thresholds that come of other captures than the tested one.
  void add(const Prepared& prepared, const Answers& answers, const LeftOutModel& fitted,
           const std::vector<bool>& doubtful) {
    std::vector<std::uint32_t> all;
    for (std::uint32_t i = 0; i < doubtful.size(); ++i) {
      if (!doubtful[i]) all.push_back(i);
      const std::size_t attack = prepared.test.classes[i] != 0 ? 1 : 0;
      rows_[attack] += 1;
      alarms_[attack] += answers.scores[i] >= fitted.value ? 1 : 0;
    }
    for (CalibrationPoint& point : points_) {
      const auto found = strictest(fitted.networks, point.stated);
      if (found) count(point, prepared, answers, all, found->threshold.value);
    }
  }
  const std::vector<CalibrationPoint>& points() const { return points_; }
  void fill(Evaluation& out) const {
    out.false_positive_rate = rows_[0] > 0 ? alarms_[0] / rows_[0] : 0;
    out.detection_rate = rows_[1] > 0 ? alarms_[1] / rows_[1] : 0;
  }

 private:
  static void count(CalibrationPoint& point, const Prepared& prepared, const Answers& answers,
                    std::span<const std::uint32_t> positions, float threshold) {
    for (const std::uint32_t i : positions) {
      if (prepared.test.classes[i] != 0) continue;
      point.rows += 1;
      point.alarms += answers.scores[i] >= threshold ? 1 : 0;
    }
  }
  std::array<double, 2> rows_{}, alarms_{};
  std::vector<CalibrationPoint> points_{{1e-3, 0, 0}, {2e-3, 0, 0}, {5e-3, 0, 0}, {1e-2, 0, 0},
                                        {2e-2, 0, 0}, {5e-2, 0, 0}, {1e-1, 0, 0}, {2e-1, 0, 0}};
};

/// Scores of controls and models over all folds, attack or not, on the same rows: those whose label
/// nobody doubts.
class SurePool {
 public:
  void add(const std::string& name, const Prepared& prepared, std::span<const float> scores,
           const std::vector<bool>& doubtful) {
    Sides& sides = sides_[name];
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (doubtful[i]) continue;
      sides.truth.push_back(prepared.test.classes[i] != 0 ? 1 : 0);
      sides.predicted.push_back(scores[i] >= 0.5F ? 1 : 0);
      sides.scores.push_back(scores[i]);
    }
  }
  Control areas_of(const std::string& name) const {
    static const std::array<std::string, 2> names{std::string{benign_label}, "Attack"};
    const Sides& sides = sides_.at(name);
    const Evaluation e = evaluate(names, sides.truth, sides.predicted, sides.scores);
    return {name, e.roc_auc, e.pr_auc, e.classes[1].flagged, e.classes[0].flagged};
  }
  std::vector<Control> all() const {
    std::vector<Control> out;
    for (const auto& [name, _] : sides_) out.push_back(areas_of(name));
    return out;
  }

 private:
  struct Sides {
    std::vector<std::uint16_t> truth, predicted;
    std::vector<float> scores;
  };
  std::map<std::string, Sides> sides_;
};

FoldFigures figures_of(const std::string& fold, const ModelKind& kind, const Prepared& prepared,
                       const Answers& answers) {
  const std::vector<std::uint16_t>& truth = prepared.test.classes;
  const Evaluation e = evaluate(kind, truth, answers);
  FoldFigures out{fold, e.rows, e.accuracy, e.macro_f1, 0, 0};
  std::array<double, 2> rows{}, flagged{};
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const std::size_t attack = truth[i] != 0 ? 1 : 0;
    rows[attack] += 1;
    flagged[attack] += answers.classes[i] != 0 ? 1 : 0;
  }
  out.recall = ratio(flagged[1], rows[1]);
  out.false_positive_rate = ratio(flagged[0], rows[0]);
  return out;
}

/// The least of a few passes over the test rows: what disturbs a pass only ever adds to it.
double time_scoring(const Model& model, Rows rows) {
  constexpr std::size_t rows_max = 20'000;
  constexpr double seconds_enough = 0.3;
  constexpr std::size_t batch = 1024;
  rows.count = std::min(rows.count, rows_max);
  std::vector<float> out(batch * model.class_count());
  double best = std::numeric_limits<double>::max();
  const auto start = std::chrono::steady_clock::now();
  for (int pass = 0; pass < 5 && (pass == 0 || seconds_since(start) < seconds_enough); ++pass) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t from = 0; from < rows.count; from += batch) {
      const std::size_t count = std::min(batch, rows.count - from);
      model.score({rows.data + from * rows.width, count, rows.width}, out);
    }
    best = std::min(best, seconds_since(begin));
  }
  return best * 1e9 / static_cast<double>(rows.count);
}

std::uint64_t attacks_in(const Prepared& prepared) {
  const auto& classes = prepared.test.classes;
  return classes.size() - static_cast<std::uint64_t>(std::count(classes.begin(), classes.end(), 0));
}

class Comparing {
 public:
  Comparing(const Dataset& dataset, std::span<const Contender> contenders,
            const TrainOptions& options)
      : dataset_(dataset),
        contenders_(contenders),
        options_(options),
        pools_(contenders.size()),
        rates_(contenders.size()),
        scoring_ns_(contenders.size()),
        attacks_leaned_on_(contenders.size()) {}

  Result<Comparison> run();

 private:
  Status check() const;
  Status run_fold(const Fold& fold, std::size_t number, std::size_t folds);
  Status run_model(std::size_t at, const Fold& fold, const Prepared& prepared);
  Result<LeftOutModel> fit_model(const ModelKind& kind, const Prepared& prepared,
                                 const FitOptions& fit) const;
  Status fit_without(Compared& out, const ModelKind& kind, const Prepared& prepared,
                     const FitOptions& fit);
  void note_captures();
  void note_controls();
  bool leaves_captures_out() const { return options_.split.by == leave_one_out; }
  void take_rows(const Prepared& prepared);
  void announce(std::string title) const;
  void note_kinds();
  void finish();

  const Dataset& dataset_;
  std::span<const Contender> contenders_;
  const TrainOptions& options_;
  Comparison out_;
  std::vector<Pool> pools_;
  std::vector<Rates> rates_;
  std::vector<double> scoring_ns_;  // sums over rows, of each model
  // Importances are of the fold with the most attacks: where there are none, nothing can be lost.
  std::vector<std::uint64_t> attacks_leaned_on_;
  std::size_t used_folds_ = 0;
  SurePool controls_, sure_;
  std::uint64_t attacks_most_ = 0;  // of the folds, those with benign rows as well
};

Result<Comparison> Comparing::run() {
  if (Status sound = check(); !sound) return sound.error();
  const auto folds = make_folds(dataset_, options_.split);
  if (!folds) return folds.error();
  for (const Contender& contender : contenders_) {
    out_.models.emplace_back().model = contender.kind->name;
  }
  for (const Fold& fold : *folds) {
    const auto attacks = std::count_if(fold.split.test.begin(), fold.split.test.end(),
                                       [&](std::uint32_t i) { return dataset_.label(i) != 0; });
    attacks_most_ = std::max(attacks_most_, static_cast<std::uint64_t>(attacks));
  }
  for (std::size_t f = 0; f < folds->size(); ++f) {
    if (Status done = run_fold((*folds)[f], f, folds->size()); !done) return done.error();
  }
  if (used_folds_ == 0) {
    return Error{Errc::out_of_range, out_.notes.empty() ? "no fold could be used" : out_.notes[0]};
  }
  finish();
  return std::move(out_);
}

Status Comparing::check() const {
  if (contenders_.empty()) return Error{Errc::out_of_range, "no model to compare"};
  for (const Contender& contender : contenders_) {
    if (Status fits = check_options(*contender.kind, options_); !fits) return fits;
  }
  return {};
}

void Comparing::announce(std::string title) const {
  if (options_.fit.progress != nullptr) options_.fit.progress->restart(std::move(title));
}

Status Comparing::run_fold(const Fold& fold, std::size_t number, std::size_t folds) {
  const std::string place = folds == 1 ? "" : fmt::format(", fold {} of {}", number + 1, folds);
  announce("making rows" + place);
  const bool benign_alone =
      std::all_of(contenders_.begin(), contenders_.end(),
                  [](const Contender& contender) { return benign_suffices(*contender.kind); });
  Result<Prepared> prepared = prepare_rows(dataset_, fold.split, options_, benign_alone);
  if (!prepared) {
    if (folds == 1 || prepared.error().code != Errc::out_of_range) return prepared.error();
    out_.notes.push_back(fmt::format("{}: {}", fold.name, prepared.error().message));
    return {};
  }
  ++used_folds_;
  take_rows(*prepared);
  if (options_.controls) {
    const auto scores = run_controls(dataset_, *prepared, options_);
    if (!scores) return scores.error();
    const std::vector<bool> doubtful = doubtful_rows(dataset_, *prepared, options_);
    for (const ControlScores& one : *scores) {
      controls_.add(one.name, *prepared, one.scores, doubtful);
    }
  }
  for (std::size_t at = 0; at < contenders_.size(); ++at) {
    announce(fmt::format("{} ({} of {}){}", contenders_[at].kind->name, at + 1, contenders_.size(),
                         place));
    if (Status done = run_model(at, fold, *prepared); !done) return done;
  }
  return {};
}

void Comparing::take_rows(const Prepared& prepared) {
  const Repetition repetition = repetition_of(prepared);
  const auto rows = static_cast<double>(prepared.test.classes.size());
  const auto all = static_cast<double>(out_.test_rows) + rows;
  // Means over all test rows.
  out_.seen_share += (repetition.seen_share - out_.seen_share) * rows / all;
  out_.accuracy_ceiling += (repetition.accuracy_ceiling - out_.accuracy_ceiling) * rows / all;
  out_.train_rows += prepared.train.classes.size();
  out_.test_rows += prepared.test.classes.size();
  out_.width = std::max(out_.width, prepared.width());
  for (const std::string& name : prepared.classes.unseen) {
    auto& names = out_.unseen_classes;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
}

/// For leave-one-capture-out with a threshold from the training captures; for other splits without.
Result<LeftOutModel> Comparing::fit_model(const ModelKind& kind, const Prepared& prepared,
                                          const FitOptions& fit) const {
  if (leaves_captures_out()) return fit_left_out(dataset_, kind, prepared, options_, fit);
  LeftOutModel out;
  const auto start = std::chrono::steady_clock::now();
  Result<std::unique_ptr<Model>> model = kind.fit(prepared.training_set(), fit);
  if (!model) return model.error();
  out.model = std::move(*model);
  out.fit_seconds = seconds_since(start);
  return out;
}

/// Again without each family of columns, on the fold that has the most to find.
Status Comparing::fit_without(Compared& out, const ModelKind& kind, const Prepared& prepared,
                              const FitOptions& fit) {
  const std::uint64_t attacks = attacks_in(prepared);
  if (!options_.without || attacks == 0 || attacks < attacks_most_) return {};
  auto without = without_families(kind, prepared, fit);
  if (!without) return without.error();
  if (!without->empty()) out.without = std::move(*without);
  return {};
}

Status Comparing::run_model(std::size_t at, const Fold& fold, const Prepared& prepared) {
  Compared& out = out_.models[at];
  if (!out.problem.empty()) return {};
  FitOptions fit = options_.fit;
  fit.values = contenders_[at].values;
  const ModelKind& kind = *contenders_[at].kind;
  Result<LeftOutModel> fitted = fit_model(kind, prepared, fit);
  if (!fitted) {
    if (fitted.error().code == Errc::cancelled) return fitted.error();
    out.problem = fitted.error().message;
    return {};
  }
  const Model& model = *fitted->model;
  out.fit_seconds += fitted->fit_seconds;
  const Answers answers = answer(model, kind, prepared.classes, prepared.test_rows());
  const std::vector<bool> doubtful = doubtful_rows(dataset_, prepared, options_);
  pools_[at].add(prepared, answers);
  rates_[at].add(dataset_, prepared, answers, options_);
  sure_.add(std::to_string(at), prepared, answers.scores, doubtful);
  out.folds.push_back(figures_of(fold.name, kind, prepared, answers));
  if (leaves_captures_out()) {
    out.captures.push_back(figures_of_capture(dataset_, prepared, *fitted, answers, options_));
    rates_[at].add(prepared, answers, *fitted, doubtful);
  }
  scoring_ns_[at] += time_scoring(model, prepared.test_rows());
  if (out.folds.size() == 1 || attacks_in(prepared) > attacks_leaned_on_[at]) {
    attacks_leaned_on_[at] = attacks_in(prepared);
    out.importances = importances_of(model, kind, prepared, options_.fit.seed);
  }
  if (Status done = fit_without(out, kind, prepared, fit); !done) return done;
  ByteWriter bytes;
  model.save(bytes);
  out.bytes = std::max<std::uint64_t>(out.bytes, bytes.size());
  out.description = model.describe();
  if (options_.fit.stop.stop_requested()) {
    return Error{Errc::cancelled, "the comparison was stopped on request"};
  }
  return {};
}

/// What a reader must know before figures of such kinds stand beside those of classifiers.
void Comparing::note_kinds() {
  for (const Contender& contender : contenders_) {
    const std::string_view name = contender.kind->name;
    if (contender.kind->learns == Learns::benign) {
      out_.notes.push_back(fmt::format(
          "{} learns from benign rows alone and names no attack: its accuracy and F1 (marked *) "
          "are of attack or not, its recall of a class is the share flagged",
          name));
    }
    if (contender.kind->learns == Learns::both) {
      out_.notes.push_back(fmt::format(
          "{} may answer unknown: such an attack is found, but missed by its class in recall and "
          "F1",
          name));
    }
  }
}

void Comparing::finish() {
  out_.data_fingerprint = dataset_.fingerprint();
  out_.columns = options_.columns;
  out_.split = to_text(options_.split);
  out_.created = options_.created;
  out_.binary = options_.binary;
  note_kinds();
  for (std::size_t at = 0; at < contenders_.size(); ++at) {
    Compared& out = out_.models[at];
    if (!out.problem.empty()) continue;
    rates_[at].fill(out.evaluation);
    out.calibration = rates_[at].points();
    pools_[at].fill(*contenders_[at].kind, out);
    const Control sure = sure_.areas_of(std::to_string(at));
    out.roc_auc_sure = sure.roc_auc;
    out.pr_auc_sure = sure.pr_auc;
    out.evaluation.seen_share = out_.seen_share;
    out.evaluation.accuracy_ceiling = out_.accuracy_ceiling;
    out.evaluation.unseen_classes = out_.unseen_classes;
    out.ns_per_row = scoring_ns_[at] / static_cast<double>(used_folds_);
  }
  if (leaves_captures_out()) note_captures();
  if (options_.controls) note_controls();
}

/// Which captures taught without being tested, and which did neither.
void Comparing::note_captures() {
  std::vector<std::string> taught, passed_over;
  const std::vector<bool> whole = in_time_order(dataset_);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const std::string& name = dataset_.captures()[i];
    if (options_.split.whole_only && !whole[i]) {
      passed_over.push_back(name);
    } else if (names_any(options_.split.train_only, name)) {
      taught.push_back(name);
    }
  }
  if (!taught.empty()) {
    out_.notes.push_back(fmt::format("trained on and never left out: {}", printable_list(taught)));
  }
  if (!passed_over.empty()) {
    out_.notes.push_back(
        fmt::format("passed over, because rows out of the order of time cannot say what a source "
                    "did lately: {}",
                    printable_list(passed_over)));
  }
}

/// A model that a control keeps up with may know no more than the control does.
void Comparing::note_controls() {
  constexpr double as_well = 0.01;
  out_.controls = controls_.all();
  for (const Compared& one : out_.models) {
    for (const Control& control : out_.controls) {
      if (!one.problem.empty() || !(control.roc_auc >= one.roc_auc_sure - as_well)) continue;
      out_.notes.push_back(fmt::format(
          "the control \"{}\" does as well as {} (ROC area {:.3f} and {:.3f}): what {} has learned "
          "may be no more than that",
          control.name, one.model, control.roc_auc, one.roc_auc_sure, one.model));
    }
  }
}

}  // namespace

Result<Comparison> compare(const Dataset& dataset, std::span<const Contender> contenders,
                           const TrainOptions& options) {
  return Comparing{dataset, contenders, options}.run();
}

}  // namespace vedette
