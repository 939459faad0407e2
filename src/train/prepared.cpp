/// How records become the rows that models are fitted and tested on. A stage works on what the ones
/// before it left behind.
#include "train/prepared.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/expects.hpp"
#include "base/hash.hpp"

namespace vedette {

namespace {

using Indices = std::vector<std::uint32_t>;

constexpr std::uint16_t no_class = std::numeric_limits<std::uint16_t>::max();
constexpr std::string_view malicious_label = "Malicious";
constexpr std::size_t score_batch = 1024;
// Between two looks at the stop token and the bar: a few milliseconds of rows.
constexpr std::size_t rows_between_looks = 8192;

Error out_of_range(std::string message) {
  return Error{Errc::out_of_range, std::move(message)};
}

class Preparing {
 public:
  Preparing(const Dataset& dataset, Split split, const TrainOptions& options, bool benign_suffices)
      : dataset_(dataset), options_(options), benign_suffices_(benign_suffices) {
    out_.split = std::move(split);
  }
  Result<Prepared> run() {
    using Stage = Status (Preparing::*)();
    for (const Stage stage :
         {&Preparing::name_classes, &Preparing::fit_features, &Preparing::make_rows}) {
      if (Status done = (this->*stage)(); !done) return done.error();
    }
    return std::move(out_);
  }

 private:
  Status name_classes();
  Status fit_features();
  Status make_rows();
  Status replay(const Indices& order);
  std::vector<float*> row_of_record();
  Status look(std::string_view stage, std::size_t done, std::size_t all) const;

  const Dataset& dataset_;
  const TrainOptions& options_;
  bool benign_suffices_;
  Prepared out_;
};

/// Honours a stop request and keeps the bar of the caller alive while rows are made: the bar counts
/// what fit() counts, so only its note moves here.
Status Preparing::look(std::string_view stage, std::size_t done, std::size_t all) const {
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

Status Preparing::name_classes() {
  const std::size_t labels = dataset_.labels().size();
  std::vector<bool> in_train(labels), in_test(labels);
  for (const std::uint32_t i : out_.split.train) in_train[dataset_.label(i)] = true;
  for (const std::uint32_t i : out_.split.test) in_test[dataset_.label(i)] = true;
  if (!in_train[0]) {
    return out_of_range(
        "none of the training rows is benign: nothing can be told apart from normal");
  }
  if (!benign_suffices_ && std::count(in_train.begin(), in_train.end(), true) < 2) {
    return out_of_range(
        "all training rows are benign: a classifier needs a second class; iforest, hst and "
        "autoencoder do not");
  }
  out_.classes.of_label.assign(labels, no_class);
  if (options_.binary) {
    out_.classes.names = {std::string{benign_label}, std::string{malicious_label}};
    out_.classes.trained = 2;
    std::fill(out_.classes.of_label.begin() + 1, out_.classes.of_label.end(), std::uint16_t{1});
    out_.classes.of_label[0] = 0;
  }
  for (const bool trained : {true, false}) {
    for (std::size_t label = 0; label < labels; ++label) {
      const bool unseen = in_test[label] && !in_train[label];
      if (trained ? !in_train[label] : !unseen) continue;
      if (unseen) out_.classes.unseen.push_back(dataset_.labels()[label]);
      if (options_.binary) continue;
      if (out_.classes.names.size() == no_class) return out_of_range("more than 65,535 classes");
      out_.classes.of_label[label] = static_cast<std::uint16_t>(out_.classes.names.size());
      out_.classes.names.push_back(dataset_.labels()[label]);
    }
    if (trained && !options_.binary) out_.classes.trained = out_.classes.names.size();
  }
  return {};
}

Status Preparing::fit_features() {
  Result<std::unique_ptr<FeatureMapBuilder>> builder = make_flow_features(options_.columns);
  if (!builder) return builder.error();
  Record record;
  for (std::size_t i = 0; i < out_.split.train.size(); ++i) {
    if (Status go = look("learning columns", i, out_.split.train.size()); !go) return go;
    dataset_.read(out_.split.train[i], record);
    (*builder)->observe(record);
  }
  out_.features = (*builder)->build();
  return {};
}

/// All flows of the data set, capture by capture in time order: the service will see them so, and
/// flows without a label belong to what a device did lately as well.
Status Preparing::make_rows() {
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
    matrix.values.resize(rows.size() * out_.width());
    matrix.classes.reserve(rows.size());
    for (const std::uint32_t i : rows) {
      matrix.classes.push_back(out_.classes.of_label[dataset_.label(i)]);
      matrix.captures.push_back(dataset_.capture(i));
    }
  };
  prepare(out_.train, out_.split.train);
  prepare(out_.test, out_.split.test);
  return replay(order);
}

Status Preparing::replay(const Indices& order) {
  const std::vector<float*> places = row_of_record();
  std::vector<float> unused(out_.width());
  DeviceWindows windows;
  Record record;
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (Status go = look("making rows", k, order.size()); !go) return go;
    const std::uint32_t i = order[k];
    // Captures were taken in different networks: nothing a device did in one speaks of another.
    if (k > 0 && dataset_.capture(order[k - 1]) != dataset_.capture(i)) windows.clear();
    dataset_.read(i, record);
    float* row = places[i] != nullptr ? places[i] : unused.data();
    out_.features->apply(record, windows, {row, out_.width()});
  }
  return {};
}

/// Where the row of each record belongs; null for records without a label.
std::vector<float*> Preparing::row_of_record() {
  std::vector<float*> places(dataset_.size(), nullptr);
  for (std::size_t k = 0; k < out_.split.train.size(); ++k) {
    places[out_.split.train[k]] = out_.train.values.data() + k * out_.width();
  }
  for (std::size_t k = 0; k < out_.split.test.size(); ++k) {
    places[out_.split.test[k]] = out_.test.values.data() + k * out_.width();
  }
  return places;
}

}  // namespace

TrainingSet Prepared::training_set() const {
  TrainingSet set;
  set.rows = train_rows();
  set.labels = train.classes;
  set.captures = train.captures;
  set.classes.assign(classes.names.begin(),
                     classes.names.begin() + static_cast<std::ptrdiff_t>(classes.trained));
  set.schema = features->schema();
  return set;
}

Result<Prepared> prepare_rows(const Dataset& dataset, Split split, const TrainOptions& options,
                              bool benign_suffices) {
  return Preparing{dataset, std::move(split), options, benign_suffices}.run();
}

namespace {

/// Where each class of a model stands among `names`; unknown joins them when it is new.
Indices places_of(std::span<const std::string> model_classes, std::vector<std::string>& names) {
  Indices places;
  for (const std::string& name : model_classes) {
    const auto at = std::find(names.begin(), names.end(), name);
    places.push_back(static_cast<std::uint32_t>(at - names.begin()));
    if (at == names.end()) names.push_back(name);
  }
  return places;
}

}  // namespace

Evaluation evaluate(const ModelKind& kind, std::span<const std::uint16_t> truth,
                    const Answers& answers) {
  Evaluation out = evaluate(answers.names, truth, answers.classes, answers.scores);
  if (kind.learns == Learns::benign) as_attack_or_not(out);
  return out;
}

Answers answer(const Model& model, const ModelKind& kind, const Classes& known, Rows rows) {
  const std::size_t classes = model.class_count();
  std::vector<float> out(score_batch * classes);
  Answers answers;
  answers.names = known.names;
  const Indices places =
      places_of(answers_of(kind, std::span{known.names}.first(known.trained)), answers.names);
  answers.scores.reserve(rows.count);
  answers.classes.reserve(rows.count);
  for (std::size_t from = 0; from < rows.count; from += score_batch) {
    const std::size_t count = std::min(score_batch, rows.count - from);
    const std::span<float> batch{out.data(), count * classes};
    model.score({rows.data + from * rows.width, count, rows.width}, batch);
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = batch.subspan(i * classes, classes);
      const Score score = to_score(row);
      answers.scores.push_back(score.value);
      answers.attacks.push_back(static_cast<std::uint16_t>(places[score.class_index]));
      const auto top = std::max_element(row.begin(), row.end()) - row.begin();
      answers.classes.push_back(static_cast<std::uint16_t>(places[static_cast<std::size_t>(top)]));
    }
  }
  return answers;
}

Status check_options(const ModelKind& kind, const TrainOptions& options) {
  if (kind.record_kind != RecordKind::flow) {
    return Error{Errc::mismatch, fmt::format("models of kind {} judge readings and are not trained "
                                             "on flows",
                                             kind.name)};
  }
  if (!(options.false_positive_rate > 0 && options.false_positive_rate < 1)) {
    return Error{Errc::out_of_range,
                 fmt::format("the false-positive rate must lie between 0 and 1, not {}",
                             options.false_positive_rate)};
  }
  return {};
}

/// 64-bit hashes stand for the rows: among ten million rows two different ones meet with a chance
/// of 1 in 400,000.
Repetition repetition_of(const Prepared& prepared) {
  const auto hash_of = [](std::span<const float> row) { return hash64(std::as_bytes(row)); };
  const Rows train = prepared.train_rows();
  const Rows test = prepared.test_rows();
  Repetition out;
  if (test.count == 0) return out;
  std::vector<std::uint64_t> known(train.count);
  for (std::size_t i = 0; i < train.count; ++i) known[i] = hash_of(train[i]);
  std::sort(known.begin(), known.end());
  std::vector<std::pair<std::uint64_t, std::uint16_t>> rows;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < test.count; ++i) {
    rows.emplace_back(hash_of(test[i]), prepared.test.classes[i]);
    seen += std::binary_search(known.begin(), known.end(), rows.back().first) ? 1 : 0;
  }
  std::sort(rows.begin(), rows.end());
  // Whoever answers equal rows alike is right at most about their most frequent class.
  std::size_t right = 0;
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t most = 0;
    const std::uint64_t row = rows[i].first;
    while (i < rows.size() && rows[i].first == row) {
      const std::size_t from = i;
      while (i < rows.size() && rows[i] == rows[from]) ++i;
      most = std::max(most, i - from);
    }
    right += most;
  }
  out.seen_share = static_cast<double>(seen) / static_cast<double>(test.count);
  out.accuracy_ceiling = static_cast<double>(right) / static_cast<double>(test.count);
  return out;
}

}  // namespace vedette
