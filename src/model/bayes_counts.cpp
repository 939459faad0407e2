/// A column's values fall into at most 255 bins (tree_bins.hpp: one per distinct value where that
/// suffices, else of about equal row counts). The share of bin b in class k is
///
///     (n_kb + p_b) / (n_k + 1),   p_b = (n_b + 1) / (n + bins):
///
/// one imagined row per class, spread as all rows are (the m-estimate of Cestnik, ECAI 1990, with
/// m = 1). Laplace's one row per bin would drown a class of 29 rows in 255 imagined ones.
///
/// Columns of 0 and 1 made from one category arrive as one lane of Binned and are counted as that
/// category; "none of them" is a value like any other. In the table a 0 then adds nothing, a 1 adds
/// log share - log share of none, and the log share of none is part of the prior: so every column
/// can be looked up on its own.
#include "model/bayes_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/expects.hpp"
#include "model/fit_input.hpp"
#include "model/parallel.hpp"
#include "model/tree_bins.hpp"

namespace vedette {

namespace {

/// What one column says: edges.size() + 1 bins, for each of which one log weight per class.
struct Lookup {
  std::vector<float> edges;  ///< rising; x <= edges[b] is in bin b or below
  std::vector<float> weights;

  std::size_t bin(float x) const {
    // Halving without branches: the values of a flow are unpredictable.
    std::size_t at = 0;
    for (std::size_t left = edges.size(); left > 0;) {
      const std::size_t half = left - left / 2;
      at += edges[at + half - 1] < x ? half : 0;
      left -= half;
    }
    return at;
  }
};

class Counts final : public Model {
 public:
  Counts(std::vector<double> log_priors, std::vector<Lookup> columns)
      : log_priors_(std::move(log_priors)), columns_(std::move(columns)) {
    for (const Lookup& column : columns_) bins_ += column.edges.size() + 1;
  }

  std::string_view kind() const override { return "bayes"; }
  std::size_t width() const override { return columns_.size(); }
  std::size_t class_count() const override { return log_priors_.size(); }
  void score(Rows rows, std::span<float> out) const override;
  void explain(std::span<const float> row, std::uint16_t class_index,
               std::span<float> out) const override;
  Attribution attribute(std::span<const float> row, std::uint16_t class_index,
                        std::span<float> out) const override;
  std::string describe() const override {
    return fmt::format("{} classes, {} columns in {} bins", class_count(), width(), bins_);
  }
  void save(ByteWriter& out) const override;

 private:
  void log_weights(const float* row, double* out) const;
  void add_evidence(std::span<const float> row, std::size_t class_index, std::size_t rival,
                    std::span<float> out) const;

  std::vector<double> log_priors_;
  std::vector<Lookup> columns_;
  std::size_t bins_ = 0;
};

void Counts::log_weights(const float* row, double* out) const {
  const std::size_t classes = log_priors_.size();
  std::copy(log_priors_.begin(), log_priors_.end(), out);
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const Lookup& column = columns_[c];
    if (column.edges.empty() || std::isnan(row[c])) continue;
    const float* weights = column.weights.data() + column.bin(row[c]) * classes;
    for (std::size_t k = 0; k < classes; ++k) out[k] += static_cast<double>(weights[k]);
  }
}

void Counts::score(Rows rows, std::span<float> out) const {
  const std::size_t classes = log_priors_.size();
  expects(rows.width == width() && out.size() >= rows.count * classes,
          "Bayes::score gets rows of its width and room for every class");
  std::array<double, fit_classes_max> weights;
  for (std::size_t i = 0; i < rows.count; ++i) {
    log_weights(rows[i].data(), weights.data());
    to_probabilities({weights.data(), classes}, out.data() + i * classes);
  }
}

/// The weight of evidence: how much the column speaks for the class rather than for its strongest
/// rival.
void Counts::explain(std::span<const float> row, std::uint16_t class_index,
                     std::span<float> out) const {
  const std::size_t classes = log_priors_.size();
  expects(row.size() == width() && out.size() == width() && class_index < classes,
          "Bayes::explain gets a row of its width and a class it knows");
  std::array<double, fit_classes_max> sums;
  log_weights(row.data(), sums.data());
  std::size_t rival = class_index == 0 ? 1 : 0;
  for (std::size_t k = 0; k < classes; ++k) {
    if (k != class_index && sums[k] > sums[rival]) rival = k;
  }
  add_evidence(row, class_index, rival, out);
}

/// Against benign, whoever the strongest rival is; with the priors it adds up to the log odds.
Attribution Counts::attribute(std::span<const float> row, std::uint16_t class_index,
                              std::span<float> out) const {
  expects(row.size() == width() && out.size() == width() && class_index > 0 &&
              class_index < log_priors_.size(),
          "Bayes::attribute is asked about an alarm");
  add_evidence(row, class_index, 0, out);
  const double base = log_priors_[class_index] - log_priors_[0];
  if (!std::isfinite(base)) return {};  // one of them had no rows
  return {PartsAdd::to_log_odds, base};
}

void Counts::add_evidence(std::span<const float> row, std::size_t class_index, std::size_t rival,
                          std::span<float> out) const {
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const Lookup& column = columns_[c];
    out[c] = 0;
    if (column.edges.empty() || std::isnan(row[c])) continue;
    const float* weights = column.weights.data() + column.bin(row[c]) * log_priors_.size();
    out[c] = weights[class_index] - weights[rival];
  }
}

void Counts::save(ByteWriter& out) const {
  out.put(bayes_version);
  out.put(BayesForm::counts);
  out.put(static_cast<std::uint32_t>(columns_.size()));
  out.put(static_cast<std::uint32_t>(log_priors_.size()));
  for (const double prior : log_priors_) out.put(prior);
  for (const Lookup& column : columns_) {
    out.put_array(std::span<const float>{column.edges});
    out.put_bytes(std::as_bytes(std::span{column.weights}));
  }
}

/// Summed weights of the rows, [slot][class] over all lanes of `binned`. Blocks of a fixed size are
/// counted on their own and added in order: the same sums whoever counted them.
std::vector<double> count_slots(const TrainingSet& set, const Binned& binned,
                                const FitOptions& options) {
  constexpr std::size_t block = 65'536;
  const std::size_t classes = set.classes.size();
  const std::size_t blocks = (binned.rows() + block - 1) / block;
  std::vector<double> sums(binned.slots() * classes);
  const std::size_t wave = std::max(1U, options.threads);
  std::vector<std::vector<double>> parts(wave);
  for (std::size_t first = 0; first < blocks && !options.stop.stop_requested(); first += wave) {
    const std::size_t count = std::min(wave, blocks - first);
    run_parallel(options.threads, count, [&](std::size_t p) {
      parts[p].assign(sums.size(), 0);
      const std::size_t from = (first + p) * block;
      for (std::size_t i = from; i < std::min(binned.rows(), from + block); ++i) {
        const std::uint8_t* bytes = binned.row(i);
        const double weight = set.weights.empty() ? 1.0 : static_cast<double>(set.weights[i]);
        for (std::size_t lane = 0; lane < binned.lanes().size(); ++lane) {
          const std::size_t slot = binned.lanes()[lane].first_slot + bytes[lane];
          parts[p][slot * classes + set.labels[i]] += weight;
        }
      }
    });
    for (std::size_t p = 0; p < count; ++p) {
      for (std::size_t s = 0; s < sums.size(); ++s) sums[s] += parts[p][s];
    }
  }
  return sums;
}

/// Log shares of the first `bins` slots of a lane, [bin][class].
std::vector<double> log_shares(const double* counts, std::size_t bins, std::size_t classes) {
  std::vector<double> of_class(classes), of_bin(bins), out(bins * classes);
  double all = 0;
  for (std::size_t b = 0; b < bins; ++b) {
    for (std::size_t k = 0; k < classes; ++k) {
      const double n = counts[b * classes + k];
      of_class[k] += n;
      of_bin[b] += n;
      all += n;
    }
  }
  for (std::size_t b = 0; b < bins; ++b) {
    const double usual = (of_bin[b] + 1) / (all + static_cast<double>(bins));
    for (std::size_t k = 0; k < classes; ++k) {
      out[b * classes + k] = std::log((counts[b * classes + k] + usual) / (of_class[k] + 1));
    }
  }
  return out;
}

/// A category: the value 0 of the lane is "none", its log share goes into the prior.
void add_category(const Binned& binned, const Binned::Lane& lane, const std::vector<double>& shares,
                  std::vector<double>& log_priors, std::vector<Lookup>& columns) {
  const std::size_t classes = log_priors.size();
  for (std::size_t k = 0; k < classes; ++k) log_priors[k] += shares[k];
  for (std::size_t m = 0; m < lane.columns.size(); ++m) {
    Lookup& column = columns[lane.columns[m]];
    column.edges = {binned.cut(lane.columns[m], 0, 1)};
    column.weights.assign(classes, 0.0F);
    for (std::size_t k = 0; k < classes; ++k) {
      column.weights.push_back(static_cast<float>(shares[(m + 1) * classes + k] - shares[k]));
    }
  }
}

}  // namespace

void to_probabilities(std::span<const double> log_weights, float* out) {
  const double top = *std::max_element(log_weights.begin(), log_weights.end());
  if (!std::isfinite(top)) {  // infinities in the row: nothing can be said
    std::fill_n(out, log_weights.size(), 1.0F / static_cast<float>(log_weights.size()));
    return;
  }
  std::array<double, fit_classes_max> share;
  double sum = 0;
  for (std::size_t k = 0; k < log_weights.size(); ++k) {
    share[k] = std::exp(log_weights[k] - top);
    sum += share[k];
  }
  for (std::size_t k = 0; k < log_weights.size(); ++k) out[k] = static_cast<float>(share[k] / sum);
}

Result<std::unique_ptr<Model>> fit_counts(const TrainingSet& set, std::vector<double> log_priors,
                                          const FitOptions& options) {
  const Error cancelled{Errc::cancelled, "bayes: stopped before it had seen every row"};
  const Binned binned(set.rows, options.threads, options.stop);
  if (options.stop.stop_requested()) return cancelled;
  const std::vector<double> counts = count_slots(set, binned, options);
  if (options.stop.stop_requested()) return cancelled;
  const std::size_t classes = set.classes.size();
  std::vector<Lookup> columns(set.rows.width);
  for (const Binned::Lane& lane : binned.lanes()) {
    const double* lane_counts = counts.data() + lane.first_slot * classes;
    if (lane.shared()) {
      const auto shares = log_shares(lane_counts, lane.columns.size() + 1, classes);
      add_category(binned, lane, shares, log_priors, columns);
      continue;
    }
    const std::uint32_t c = lane.columns.front();
    const std::size_t bins = binned.bins(c);
    const auto shares = log_shares(lane_counts, bins, classes);
    for (std::size_t b = 0; b + 1 < bins; ++b) columns[c].edges.push_back(binned.cut(c, b, b + 1));
    for (const double share : shares) columns[c].weights.push_back(static_cast<float>(share));
  }
  // A column of one value says nothing: no edges, one bin.
  for (Lookup& column : columns) {
    if (column.weights.empty()) column.weights.assign(classes, 0.0F);
  }
  tell(options, 1, 1);
  return std::unique_ptr<Model>(
      std::make_unique<Counts>(std::move(log_priors), std::move(columns)));
}

Result<std::unique_ptr<Model>> load_counts(ByteReader& in) {
  const Error corrupt{Errc::corrupt, "bayes: a number outside its range"};
  const auto width = in.get<std::uint32_t>();
  const auto classes = in.get<std::uint32_t>();
  if (!in.ok() || width == 0 || width > fit_columns_max || classes < 2 ||
      classes > fit_classes_max ||
      in.left() < classes * sizeof(double) + std::size_t{width} * (4 + classes * sizeof(float))) {
    return Error{Errc::corrupt, "bayes: sizes do not fit the bytes"};
  }
  std::vector<double> priors(classes);
  bool sound = false;  // one class at least can win
  for (double& prior : priors) {
    prior = in.get<double>();
    sound = sound || std::isfinite(prior);
  }
  for (const double prior : priors) sound = sound && prior <= 0;
  std::vector<Lookup> columns(width);
  for (Lookup& column : columns) {
    column.edges = in.get_array<float>();
    const std::size_t cells = (column.edges.size() + 1) * classes;
    if (!in.ok() || column.edges.size() >= Binned::bins_max || in.left() < cells * sizeof(float)) {
      return corrupt;
    }
    column.weights.resize(cells);
    for (float& weight : column.weights) weight = in.get<float>();
    // Within these bounds no sum over columns leaves the range of a double.
    for (const float weight : column.weights) sound = sound && std::abs(weight) < 1e6F;
    for (std::size_t b = 0; b < column.edges.size(); ++b) {
      sound = sound && std::isfinite(column.edges[b]) &&
              (b == 0 || column.edges[b - 1] < column.edges[b]);
    }
  }
  if (!sound) return corrupt;
  return std::unique_ptr<Model>(std::make_unique<Counts>(std::move(priors), std::move(columns)));
}

}  // namespace vedette
