/// bayes: naive Bayes (Maron: Automatic indexing, 1961; the Gaussian form: John, Langley:
/// Estimating Continuous Distributions in Bayesian Classifiers, UAI 1995).
///
/// Bayes' rule turns "how often does this row occur among DDoS rows" into "how likely is DDoS,
/// given this row". Nobody has seen every row, so the columns are taken as independent within a
/// class (the naive part) and the density of a row becomes a product of one density per column: a
/// share of its value's bin (bayes_counts.cpp), or a normal curve with numbers=gaussian.
/// Sums of logarithms, not products: twenty densities of 1e-16 multiply to 1e-320, below the
/// smallest normal double.
///
/// Bins are the default because bytes, packets and durations of flows are nothing like normal: most
/// are 0, the rest spread over nine decades. On the IoT-23 captures at hand (88,430 flows,
/// published columns, random split) normal curves reach an accuracy of 0.24, bins 0.74
/// (docs/adr/0008).
///
/// The Gaussian form. Against division by zero every variance gets 1e-9 of the largest column
/// variance added (scikit-learn's var_smoothing) and every share Laplace's one seen, one not seen.
/// Missing values are skipped: their factor is 1, in fitting and in scoring.
///
/// There one kernel scores both kinds of column. A 0/1 column has two log shares f0 and f1; the
/// parabola
/// -(x - m)² + m² + f0 with m = (1 + f1 - f0) / 2 passes through both, so every column is a
/// parabola and eight rows are scored side by side with the same few multiplications.
///
/// as_published=true treats every column as Gaussian, as the published comparisons on IoT-23 do.
/// No chance is used: FitOptions::seed does not matter.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "base/expects.hpp"
#include "base/simd.hpp"
#include "model/bayes_counts.hpp"
#include "model/bayes_moments.hpp"
#include "model/fit_input.hpp"
#include "model/model.hpp"
#include "model/tree_walk.hpp"

namespace vedette {

namespace {

constexpr double variance_share = 1e-9;

/// One column of one class: log density at x = peak - (x - middle)² * steepness.
struct Parabola {
  double middle = 0;
  double steepness = 0;
  double peak = 0;
};

Parabola gaussian(double mean, double variance) {
  return {mean, 0.5 / variance, -0.5 * std::log(2 * std::numbers::pi * variance)};
}

Parabola bernoulli(double ones, double rows) {
  const double f1 = std::log((ones + 1) / (rows + 2));
  const double f0 = std::log((rows - ones + 1) / (rows + 2));
  const double middle = (1 + f1 - f0) / 2;
  return {middle, 1, f0 + middle * middle};
}

constexpr std::size_t lanes = 8;
using Lanes = std::array<double, lanes>;

/// sum[lane] -= Σ over columns of steepness * (x - middle)², in column order.
VEDETTE_WIDE void subtract_parabolas(const Lanes* x, const Parabola* parabolas, std::size_t width,
                                     double* sum) {
  Lanes total{};
  for (std::size_t column = 0; column < width; ++column) {
    const double middle = parabolas[column].middle;
    const double steepness = parabolas[column].steepness;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const double off = x[column][lane] - middle;
      total[lane] += off * off * steepness;
    }
  }
  for (std::size_t lane = 0; lane < lanes; ++lane) sum[lane] -= total[lane];
}

class Bayes final : public Model {
 public:
  /// `log_priors` per class (-inf for a class without rows), `parabolas` [class][column].
  Bayes(std::size_t width, std::vector<double> log_priors, std::vector<Parabola> parabolas)
      : width_(width), log_priors_(std::move(log_priors)), parabolas_(std::move(parabolas)) {
    for (std::size_t k = 0; k < log_priors_.size(); ++k) {
      double sum = log_priors_[k];
      for (std::size_t column = 0; column < width_; ++column) sum += of(k)[column].peak;
      peaks_.push_back(sum);
    }
  }

  std::string_view kind() const override { return "bayes"; }
  std::size_t width() const override { return width_; }
  std::size_t class_count() const override { return log_priors_.size(); }
  void score(Rows rows, std::span<float> out) const override;
  void explain(std::span<const float> row, std::uint16_t class_index,
               std::span<float> out) const override;
  Attribution attribute(std::span<const float> row, std::uint16_t class_index,
                        std::span<float> out) const override;
  std::string describe() const override {
    return fmt::format("{} classes, {} columns as Gaussians", log_priors_.size(), width_);
  }
  void save(ByteWriter& out) const override;

 private:
  static constexpr std::size_t columns_per_slab = 64;
  const Parabola* of(std::size_t k) const { return parabolas_.data() + k * width_; }
  void score_group(const float* rows, std::size_t count, float* out) const;
  void log_weights(std::span<const float> row, std::span<double> out) const;
  void add_evidence(std::span<const float> row, std::size_t class_index, std::size_t rival,
                    std::span<float> out) const;

  std::size_t width_;
  std::vector<double> log_priors_;
  std::vector<Parabola> parabolas_;
  std::vector<double> peaks_;  // per class: log prior + every column's peak
};

/// Up to `lanes` rows side by side. A lane never sees its neighbours, so a row's bits do not depend
/// on them; rows with missing values take the way of log_weights().
void Bayes::score_group(const float* rows, std::size_t count, float* out) const {
  const std::size_t classes = log_priors_.size();
  std::array<Lanes, fit_classes_max> sums;
  for (std::size_t k = 0; k < classes; ++k) sums[k].fill(peaks_[k]);
  std::array<Lanes, columns_per_slab> x;
  for (std::size_t from = 0; from < width_; from += columns_per_slab) {
    const std::size_t slab = std::min(columns_per_slab, width_ - from);
    for (std::size_t column = 0; column < slab; ++column) {
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        const std::size_t row = std::min(lane, count - 1);
        x[column][lane] = static_cast<double>(rows[row * width_ + from + column]);
      }
    }
    for (std::size_t k = 0; k < classes; ++k) {
      subtract_parabolas(x.data(), of(k) + from, slab, sums[k].data());
    }
  }
  std::array<double, fit_classes_max> weights;
  for (std::size_t lane = 0; lane < count; ++lane) {
    const float* row = rows + lane * width_;
    for (std::size_t k = 0; k < classes; ++k) weights[k] = sums[k][lane];
    if (any_missing(row, width_)) log_weights({row, width_}, {weights.data(), classes});
    to_probabilities({weights.data(), classes}, out + lane * classes);
  }
}

void Bayes::log_weights(std::span<const float> row, std::span<double> out) const {
  for (std::size_t k = 0; k < out.size(); ++k) {
    out[k] = log_priors_[k];
    for (std::size_t column = 0; column < width_; ++column) {
      if (std::isnan(row[column])) continue;
      const Parabola& p = of(k)[column];
      const double off = static_cast<double>(row[column]) - p.middle;
      out[k] += p.peak - off * off * p.steepness;
    }
  }
}

void Bayes::score(Rows rows, std::span<float> out) const {
  const std::size_t classes = log_priors_.size();
  expects(rows.width == width_ && out.size() >= rows.count * classes,
          "Bayes::score gets rows of its width and room for every class");
  for (std::size_t from = 0; from < rows.count; from += lanes) {
    score_group(rows.data + from * width_, std::min(lanes, rows.count - from),
                out.data() + from * classes);
  }
}

/// The weight of evidence: how much the column's log density speaks for the class rather than for
/// its strongest rival. Probabilities would all be 0: near certainty no single column moves them.
void Bayes::explain(std::span<const float> row, std::uint16_t class_index,
                    std::span<float> out) const {
  expects(row.size() == width_ && out.size() == width_ && class_index < log_priors_.size(),
          "Bayes::explain gets a row of its width and a class it knows");
  std::array<double, fit_classes_max> weights;
  log_weights(row, {weights.data(), log_priors_.size()});
  std::size_t rival = class_index == 0 ? 1 : 0;
  for (std::size_t k = 0; k < log_priors_.size(); ++k) {
    if (k != class_index && weights[k] > weights[rival]) rival = k;
  }
  add_evidence(row, class_index, rival, out);
}

/// Against benign, whoever the strongest rival is; with the priors it adds up to the log odds.
Attribution Bayes::attribute(std::span<const float> row, std::uint16_t class_index,
                             std::span<float> out) const {
  expects(row.size() == width_ && out.size() == width_ && class_index > 0 &&
              class_index < log_priors_.size(),
          "Bayes::attribute is asked about an alarm");
  add_evidence(row, class_index, 0, out);
  const double base = log_priors_[class_index] - log_priors_[0];
  if (!std::isfinite(base)) return {};  // one of them had no rows
  return {PartsAdd::to_log_odds, base};
}

void Bayes::add_evidence(std::span<const float> row, std::size_t class_index, std::size_t rival,
                         std::span<float> out) const {
  for (std::size_t column = 0; column < width_; ++column) {
    const auto density = [&](std::size_t k) {
      const Parabola& p = of(k)[column];
      const double off = static_cast<double>(row[column]) - p.middle;
      return p.peak - off * off * p.steepness;
    };
    const double evidence = std::isnan(row[column]) ? 0 : density(class_index) - density(rival);
    constexpr double bound = std::numeric_limits<float>::max();
    out[column] = static_cast<float>(std::clamp(evidence, -bound, bound));
  }
}

void Bayes::save(ByteWriter& out) const {
  out.put(bayes_version);
  out.put(BayesForm::gaussian);
  out.put(static_cast<std::uint32_t>(width_));
  out.put(static_cast<std::uint32_t>(log_priors_.size()));
  for (const double prior : log_priors_) out.put(prior);
  for (const Parabola& p : parabolas_) {
    out.put(p.middle);
    out.put(p.steepness);
    out.put(p.peak);
  }
}

Result<std::unique_ptr<Model>> load_gaussian(ByteReader& in) {
  const auto width = in.get<std::uint32_t>();
  const auto classes = in.get<std::uint32_t>();
  if (!in.ok() || width == 0 || width > fit_columns_max || classes < 2 ||
      classes > fit_classes_max ||
      in.left() < classes * (sizeof(double) + std::size_t{width} * sizeof(Parabola))) {
    return Error{Errc::corrupt, "bayes: sizes do not fit the bytes"};
  }
  std::vector<double> priors(classes);
  bool sound = false;  // one class at least can win
  for (double& prior : priors) {
    prior = in.get<double>();
    sound = sound || std::isfinite(prior);
  }
  for (const double prior : priors) sound = sound && prior <= 0;
  std::vector<Parabola> parabolas(std::size_t{classes} * width);
  for (Parabola& p : parabolas) {
    p = {in.get<double>(), in.get<double>(), in.get<double>()};
    // Within these bounds no sum over columns leaves the range of a double.
    sound = sound && std::abs(p.middle) < 1e39 && p.steepness > 0 && p.steepness < 1e200 &&
            std::abs(p.peak) < 1e100;
  }
  if (!sound) return Error{Errc::corrupt, "bayes: a number outside its range"};
  return std::unique_ptr<Model>(
      std::make_unique<Bayes>(width, std::move(priors), std::move(parabolas)));
}

Result<std::unique_ptr<Model>> load_bayes(ByteReader& in) {
  const auto version = in.get<std::uint8_t>();
  if (in.ok() && version != bayes_version) {
    return Error{Errc::unsupported, fmt::format("bayes: version {}, this build reads {}: train it "
                                                "again",
                                                version, bayes_version)};
  }
  const auto form = in.get<std::uint8_t>();
  if (form == static_cast<std::uint8_t>(BayesForm::gaussian)) return load_gaussian(in);
  if (form == static_cast<std::uint8_t>(BayesForm::counts)) return load_counts(in);
  return Error{Errc::corrupt, fmt::format("bayes: form {}", form)};
}

/// Which columns must hold 0, 1 or nothing: the sum of their squares then equals their sum.
std::vector<std::uint32_t> categories(const TrainingSet& set) {
  std::vector<std::uint32_t> check(set.rows.width);
  bool any = false;
  for (std::size_t column = 0; column < set.rows.width; ++column) {
    const bool categorical = set.schema.columns[column].kind == ColumnKind::categorical;
    check[column] = categorical ? 1U : 0U;
    any = any || categorical;
  }
  return any ? check : std::vector<std::uint32_t>{};
}

/// Names the value that measure_classes() took exception to.
Error odd_category(const TrainingSet& set, std::span<const std::uint32_t> check) {
  for (std::size_t i = 0; i < set.rows.count; ++i) {
    for (std::size_t column = 0; column < set.rows.width; ++column) {
      const float value = set.rows[i][column];
      if (check[column] == 0 || value == 0 || value == 1 || std::isnan(value)) continue;
      return {Errc::out_of_range,
              fmt::format("bayes: row {}, column {}: {} in a categorical column of 0 and 1", i,
                          set.schema.columns[column].name, value)};
    }
  }
  return {Errc::out_of_range, "bayes: a categorical column holds more than 0 and 1"};
}

/// scikit-learn's var_smoothing: a share of the largest variance any column has over all classes.
double variance_floor(const std::vector<Moments>& moments, std::size_t width) {
  double largest = 0;
  for (std::size_t column = 0; column < width; ++column) {
    Moments all;
    for (std::size_t i = column; i < moments.size(); i += width) all.merge(moments[i]);
    if (all.weight > 0) largest = std::max(largest, all.squares / all.weight);
  }
  // Nothing varies at all: any positive number will do, as every row then lies on the means.
  return largest > 0 ? largest * variance_share : variance_share;
}

/// Within a class its weight changes nothing: means, variances and shares stay, the prior moves.
std::vector<double> log_priors(const TrainingSet& set, std::vector<double> priors, bool balanced) {
  const std::vector<double> weights = class_weights(set, balanced);
  for (std::size_t k = 0; k < priors.size(); ++k) priors[k] *= weights[k];
  const double total = std::accumulate(priors.begin(), priors.end(), 0.0);
  for (double& prior : priors) prior = std::log(prior / total);
  return priors;
}

std::unique_ptr<Model> to_model(const TrainingSet& set, const ClassMoments& measured,
                                bool as_published, bool balanced) {
  const std::size_t width = set.rows.width;
  const std::vector<Moments>& moments = measured.moments;
  const double floor = variance_floor(moments, width);
  std::vector<Parabola> parabolas;
  parabolas.reserve(moments.size());
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const Moments& m = moments[i];
    const bool category =
        set.schema.columns[i % width].kind == ColumnKind::categorical && !as_published;
    const double variance = m.weight > 0 ? m.squares / m.weight : 0;
    parabolas.push_back(category ? bernoulli(m.mean * m.weight, m.weight)
                                 : gaussian(m.mean, std::max(variance + floor, 1e-100)));
  }
  return std::make_unique<Bayes>(width, log_priors(set, measured.class_weights, balanced),
                                 std::move(parabolas));
}

Result<std::unique_ptr<Model>> fit_binned(const TrainingSet& set, bool balanced,
                                          const FitOptions& options) {
  if (const Status status = check_training_set(set); !status) return status.error();
  std::vector<double> rows(set.classes.size());
  for (std::size_t i = 0; i < set.labels.size(); ++i) {
    rows[set.labels[i]] += set.weights.empty() ? 1.0 : static_cast<double>(set.weights[i]);
  }
  return fit_counts(set, log_priors(set, std::move(rows), balanced), options);
}

Result<std::unique_ptr<Model>> fit_bayes(const TrainingSet& set, const FitOptions& options) {
  OptionReader reader("bayes", options);
  const bool as_published = reader.flag("as_published", false);
  const bool gaussian_numbers = reader.choice("numbers", {"bins", "gaussian"}) == 1;
  const bool balanced = reader.choice("class_weight", {"none", "balanced"}) == 1;
  if (const Status status = reader.status(); !status) return status.error();
  if (!as_published && !gaussian_numbers) return fit_binned(set, balanced, options);
  if (const Status status = check_training_shape(set); !status) return status.error();
  const auto check = as_published ? std::vector<std::uint32_t>{} : categories(set);
  const ClassMoments measured = measure_classes(set, check, options.threads, options.stop);
  if (options.stop.stop_requested()) {
    return Error{Errc::cancelled, "bayes: stopped before it had seen every row"};
  }
  if (measured.infinite) {
    if (const Status status = check_training_set(set); !status) return status.error();
  }
  if (measured.odd_category) return odd_category(set, check);
  tell(options, 1, 1);
  return to_model(set, measured, as_published, balanced);
}

}  // namespace

const ModelKind bayes_kind{
    .name = "bayes",
    .summary =
        "naive Bayes (options numbers=bins|gaussian, class_weight=none|balanced, "
        "as_published=true|false)",
    .record_kind = RecordKind::flow,
    .fit = fit_bayes,
    .load = load_bayes,
    .search = {{"numbers", {"bins", "gaussian"}}, {"class_weight", {"none", "balanced"}}},
};

}  // namespace vedette
