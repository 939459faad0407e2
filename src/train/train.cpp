/// The line that ends in a model file. train() names its stages in order; each stage works on what
/// the ones before it left in Work.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "base/expects.hpp"
#include "base/hash.hpp"
#include "train/calibrate.hpp"
#include "train/shuffle.hpp"
#include "train/train.hpp"

namespace vedette {

namespace {

using Indices = std::vector<std::uint32_t>;

constexpr std::uint16_t no_class = std::numeric_limits<std::uint16_t>::max();
constexpr std::string_view malicious_label = "Malicious";
constexpr std::size_t score_batch = 1024;
// Between two looks at the stop token and the bar: a few milliseconds of rows.
constexpr std::size_t rows_between_looks = 8192;

/// Rows in the order of their indices, and the class of each.
struct Matrix {
  std::vector<float> values;
  std::vector<std::uint16_t> classes;

  Rows rows(std::size_t width) const { return {values.data(), classes.size(), width}; }
};

/// Class of every label. Classes that training rows have come first: they are the model's. The
/// others stand behind them, so that a test row of an unseen class counts as a miss and not as
/// something else.
struct Classes {
  std::vector<std::uint16_t> of_label;  // no_class where no labelled flow has the label
  std::vector<std::string> names;
  std::size_t trained = 0;
  std::vector<std::string> unseen;  // labels of test rows that no training row has
};

class Training {
 public:
  Training(const Dataset& dataset, const ModelKind& kind, const TrainOptions& options)
      : dataset_(dataset), kind_(kind), options_(options) {}

  Result<Trained> run();

 private:
  Status check_options() const;
  Status choose_rows();
  Status name_classes();
  Status fit_features();
  Status make_rows();
  Status replay(const Indices& order);
  std::vector<float*> row_of_record();
  Status fit_model();
  void score_test();
  void calibrate_and_evaluate();
  double seen_share(const Indices& rows) const;
  std::vector<UsualRange> usual_ranges() const;
  void fill_file();
  Status look(std::string_view stage, std::size_t done, std::size_t all) const;

  const Dataset& dataset_;
  const ModelKind& kind_;
  const TrainOptions& options_;
  Split split_;
  Classes classes_;
  std::unique_ptr<FeatureMap> features_;
  std::size_t width_ = 0;
  Matrix train_, test_;
  std::vector<float> scores_;             // of the test rows
  std::vector<std::uint16_t> predicted_;  // likewise
  Trained out_;
};

Error out_of_range(std::string message) {
  return Error{Errc::out_of_range, std::move(message)};
}

Result<Trained> Training::run() {
  using Stage = Status (Training::*)();
  for (const Stage stage : {&Training::choose_rows, &Training::name_classes,
                            &Training::fit_features, &Training::make_rows, &Training::fit_model}) {
    if (Status done = (this->*stage)(); !done) return done.error();
  }
  score_test();
  calibrate_and_evaluate();
  fill_file();
  return std::move(out_);
}

/// Honours a stop request and keeps the bar of the caller alive while rows are made: the bar counts
/// what fit() counts, so only its note moves here.
Status Training::look(std::string_view stage, std::size_t done, std::size_t all) const {
  if (done % rows_between_looks != 0) return {};
  if (options_.fit.stop.stop_requested()) {
    return Error{Errc::cancelled, fmt::format("training stopped on request while {}", stage)};
  }
  if (options_.fit.progress != nullptr) {
    options_.fit.progress->note(fmt::format("{} {} %", stage, all == 0 ? 100 : done * 100 / all));
    options_.fit.progress->advance(0);
  }
  return {};
}

Status Training::check_options() const {
  if (kind_.record_kind != RecordKind::flow) {
    return Error{Errc::mismatch, fmt::format("models of kind {} judge readings and are not trained "
                                             "on flows",
                                             kind_.name)};
  }
  if (!(options_.false_positive_rate > 0 && options_.false_positive_rate < 1)) {
    return out_of_range(fmt::format("the false-positive rate must lie between 0 and 1, not {}",
                                    options_.false_positive_rate));
  }
  return {};
}

Status Training::choose_rows() {
  if (Status fits = check_options(); !fits) return fits;
  Result<Split> split = make_split(dataset_, options_.split);
  if (!split) return split.error();
  split_ = std::move(*split);
  return {};
}

Status Training::name_classes() {
  const std::size_t labels = dataset_.labels().size();
  std::vector<bool> in_train(labels), in_test(labels);
  for (const std::uint32_t i : split_.train) in_train[dataset_.label(i)] = true;
  for (const std::uint32_t i : split_.test) in_test[dataset_.label(i)] = true;
  if (!in_train[0]) {
    return out_of_range(
        "none of the training rows is benign: nothing can be told apart from normal");
  }
  if (std::count(in_train.begin(), in_train.end(), true) < 2) {
    return out_of_range("all training rows are benign: a classifier needs a second class");
  }
  classes_.of_label.assign(labels, no_class);
  if (options_.binary) {
    classes_.names = {std::string{benign_label}, std::string{malicious_label}};
    classes_.trained = 2;
    std::fill(classes_.of_label.begin() + 1, classes_.of_label.end(), std::uint16_t{1});
    classes_.of_label[0] = 0;
  }
  for (const bool trained : {true, false}) {
    for (std::size_t label = 0; label < labels; ++label) {
      const bool unseen = in_test[label] && !in_train[label];
      if (trained ? !in_train[label] : !unseen) continue;
      if (unseen) classes_.unseen.push_back(dataset_.labels()[label]);
      if (options_.binary) continue;
      if (classes_.names.size() == no_class) return out_of_range("more than 65,535 classes");
      classes_.of_label[label] = static_cast<std::uint16_t>(classes_.names.size());
      classes_.names.push_back(dataset_.labels()[label]);
    }
    if (trained && !options_.binary) classes_.trained = classes_.names.size();
  }
  return {};
}

Status Training::fit_features() {
  Result<std::unique_ptr<FeatureMapBuilder>> builder = make_flow_features(options_.columns);
  if (!builder) return builder.error();
  Record record;
  for (std::size_t i = 0; i < split_.train.size(); ++i) {
    if (Status go = look("learning columns", i, split_.train.size()); !go) return go;
    dataset_.read(split_.train[i], record);
    (*builder)->observe(record);
  }
  features_ = (*builder)->build();
  width_ = features_->schema().width();
  return {};
}

/// All flows of the data set, capture by capture in time order: the service will see them so, and
/// flows without a label belong to what a device did lately as well.
Status Training::make_rows() {
  Indices order;
  for (std::uint32_t i = 0; i < dataset_.size(); ++i) {
    if (dataset_.kind(i) == RecordKind::flow) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto capture_a = dataset_.capture(a);
    const auto capture_b = dataset_.capture(b);
    return capture_a != capture_b ? capture_a < capture_b : dataset_.time(a) < dataset_.time(b);
  });
  const auto prepare = [&](Matrix& matrix, const Indices& rows) {
    matrix.values.resize(rows.size() * width_);
    matrix.classes.reserve(rows.size());
    for (const std::uint32_t i : rows) {
      matrix.classes.push_back(classes_.of_label[dataset_.label(i)]);
    }
  };
  prepare(train_, split_.train);
  prepare(test_, split_.test);
  return replay(order);
}

Status Training::replay(const Indices& order) {
  const std::vector<float*> places = row_of_record();
  std::vector<float> unused(width_);
  DeviceWindows windows;
  Record record;
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (Status go = look("making rows", k, order.size()); !go) return go;
    const std::uint32_t i = order[k];
    // Captures were taken in different networks: nothing a device did in one speaks of another.
    if (k > 0 && dataset_.capture(order[k - 1]) != dataset_.capture(i)) windows.clear();
    dataset_.read(i, record);
    float* row = places[i] != nullptr ? places[i] : unused.data();
    features_->apply(record, windows, {row, width_});
  }
  return {};
}

/// Where the row of each record belongs; null for records without a label.
std::vector<float*> Training::row_of_record() {
  std::vector<float*> places(dataset_.size(), nullptr);
  for (std::size_t k = 0; k < split_.train.size(); ++k) {
    places[split_.train[k]] = train_.values.data() + k * width_;
  }
  for (std::size_t k = 0; k < split_.test.size(); ++k) {
    places[split_.test[k]] = test_.values.data() + k * width_;
  }
  return places;
}

Status Training::fit_model() {
  TrainingSet set;
  set.rows = train_.rows(width_);
  set.labels = train_.classes;
  set.classes.assign(classes_.names.begin(),
                     classes_.names.begin() + static_cast<std::ptrdiff_t>(classes_.trained));
  set.schema = features_->schema();
  if (options_.fit.progress != nullptr) options_.fit.progress->note("");
  const auto start = std::chrono::steady_clock::now();
  Result<std::unique_ptr<Model>> model = kind_.fit(set, options_.fit);
  if (!model) return model.error();
  out_.fit_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  out_.file.classes = std::move(set.classes);
  out_.file.schema = std::move(set.schema);
  out_.file.model = std::move(*model);
  return {};
}

void Training::score_test() {
  const Model& model = *out_.file.model;
  const std::size_t classes = model.class_count();
  expects(classes == classes_.trained, "a model knows the classes it was fitted on");
  const Rows all = test_.rows(width_);
  std::vector<float> out(score_batch * classes);
  scores_.reserve(all.count);
  predicted_.reserve(all.count);
  for (std::size_t from = 0; from < all.count; from += score_batch) {
    const std::size_t count = std::min(score_batch, all.count - from);
    const std::span<float> batch{out.data(), count * classes};
    model.score({all.data + from * width_, count, width_}, batch);
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = batch.subspan(i * classes, classes);
      scores_.push_back(to_score(row).value);
      predicted_.push_back(
          static_cast<std::uint16_t>(std::max_element(row.begin(), row.end()) - row.begin()));
    }
  }
}

/// Half of the test rows of each class, drawn by the seed of the split, calibrate; the odd one is
/// left for the evaluation. Both are positions in the test matrix.
struct Halves {
  Indices calibration, evaluation;
};

Halves halve(std::span<const std::uint16_t> classes, std::size_t class_count, std::uint64_t seed) {
  std::vector<Indices> groups(class_count);
  for (std::uint32_t i = 0; i < classes.size(); ++i) groups[classes[i]].push_back(i);
  Halves halves;
  // Not the stream that drew the split.
  Random random = Random{seed}.split();
  for (Indices& group : groups) {
    shuffle(std::span{group}, random);
    const auto middle = group.begin() + static_cast<std::ptrdiff_t>(group.size() / 2);
    halves.calibration.insert(halves.calibration.end(), group.begin(), middle);
    halves.evaluation.insert(halves.evaluation.end(), middle, group.end());
  }
  return halves;
}

void Training::calibrate_and_evaluate() {
  const Halves halves = halve(test_.classes, classes_.names.size(), options_.split.seed);
  std::vector<float> benign;
  for (const std::uint32_t i : halves.calibration) {
    if (test_.classes[i] == 0) benign.push_back(scores_[i]);
  }
  out_.file.threshold = calibrate(std::move(benign), options_.false_positive_rate);
  std::string note = note_on(out_.file.threshold, options_.false_positive_rate);
  if (!note.empty()) out_.notes.push_back(std::move(note));

  std::vector<std::uint16_t> truth, predicted;
  std::vector<float> score;
  for (const std::uint32_t i : halves.evaluation) {
    truth.push_back(test_.classes[i]);
    predicted.push_back(predicted_[i]);
    score.push_back(scores_[i]);
  }
  out_.evaluation = evaluate(classes_.names, truth, predicted, score, out_.file.threshold.value);
  out_.evaluation.seen_share = seen_share(halves.evaluation);
  out_.evaluation.unseen_classes = classes_.unseen;
}

/// 64-bit hashes stand for the rows: among ten million rows two different ones meet with a chance
/// of 1 in 400,000.
double Training::seen_share(const Indices& rows) const {
  const auto hash_of = [](std::span<const float> row) { return hash64(std::as_bytes(row)); };
  const Rows train = train_.rows(width_);
  std::vector<std::uint64_t> known(train.count);
  for (std::size_t i = 0; i < train.count; ++i) known[i] = hash_of(train[i]);
  std::sort(known.begin(), known.end());
  const Rows test = test_.rows(width_);
  const auto seen = std::count_if(rows.begin(), rows.end(), [&](std::uint32_t i) {
    return std::binary_search(known.begin(), known.end(), hash_of(test[i]));
  });
  return rows.empty() ? 0.0 : static_cast<double>(seen) / static_cast<double>(rows.size());
}

/// The 1 % and 99 % quantiles of each column over the benign training rows, rounded outwards to
/// values that occurred.
std::vector<UsualRange> Training::usual_ranges() const {
  const Rows all = train_.rows(width_);
  std::vector<float> column;
  std::vector<UsualRange> ranges(width_);
  for (std::size_t c = 0; c < width_; ++c) {
    column.clear();
    for (std::size_t i = 0; i < all.count; ++i) {
      if (train_.classes[i] == 0) column.push_back(all[i][c]);
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

std::string text_of(const SplitOptions& split) {
  std::string text = fmt::format("{} {}", split.by, split.train_share);
  if (split.by != "time") text += fmt::format(" seed {}", split.seed);
  return text;
}

void Training::fill_file() {
  ModelFile& file = out_.file;
  file.created = options_.created;
  file.data_fingerprint = dataset_.fingerprint();
  file.split = text_of(options_.split);
  file.metrics_json = to_json(out_.evaluation);
  ByteWriter features;
  with_usual(*features_, usual_ranges())->save(features);
  file.features.assign(features.bytes().begin(), features.bytes().end());
}

}  // namespace

Result<Trained> train(const Dataset& dataset, const ModelKind& kind, const TrainOptions& options) {
  return Training{dataset, kind, options}.run();
}

}  // namespace vedette
