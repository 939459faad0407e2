/// autoencoder: an ensemble of small autoencoders after KitNET (Mirsky, Doitshman, Elovici,
/// Shabtai: Kitsune, NDSS 2018).
///
/// Columns that move together are put into groups of at most `group`; one autoencoder a group
/// learns to copy benign rows through fewer units than there are columns, so that it must use what
/// the columns know of each other. A row that breaks such a rule comes out different. One more
/// autoencoder learns which of the groups' errors (root mean squares) go together, and its own
/// error is the row's: strangeness is its natural logarithm.
///
/// Where it differs from the paper: columns are scaled as for mlp (scaler.hpp), not to 0 … 1; units
/// are rectified and outputs linear, with CopyRange in place of the sigmoids' ends; weights are
/// learned in several passes by Adam instead of one online pass; groups come from the absolute
/// correlation, joined from the strongest pair on (single linkage) unless they would grow too
/// large, instead of by cutting a dendrogram.
///
/// explain() gives each column its share of the error: of a group's error in the last autoencoder
/// the columns get what they have of the group's squared error. The shares of a row sum to 1.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <numeric>

#include "model/autoencoder_part.hpp"
#include "model/benign_model.hpp"
#include "model/parallel.hpp"
#include "model/scaler.hpp"

namespace vedette {

namespace {

constexpr std::size_t score_rows = 48;  // eight tiles of six rows: see network_model.cpp
constexpr float error_floor = 1e-6F;    // added before the logarithm is taken
constexpr std::size_t learn_rows_max = std::size_t{1} << 16U;

struct Group {
  std::vector<std::uint32_t> columns;
  Network network;
};

/// Everything that is learned but the tail.
struct Copiers {
  Scaler scaler;
  std::vector<CopyRange> ranges;  ///< of the scaled columns
  std::vector<Group> groups;
  std::vector<CopyRange> error_ranges;
  Network last = make_autoencoder(1, 1);
};

class Autoencoder final : public BenignModel {
 public:
  Autoencoder(BenignFacts facts, Copiers copiers)
      : BenignModel(std::move(facts)), copiers_(std::move(copiers)) {}

  std::string_view kind() const override { return "autoencoder"; }
  void strangeness(Rows rows, std::span<float> out) const override;
  void explain_strangeness(std::span<const float> row, std::span<float> out) const override;
  std::string describe() const override {
    std::size_t weights = copiers_.last.weight_count();
    for (const Group& group : copiers_.groups) weights += group.network.weight_count();
    return fmt::format("{} groups of columns, {} weights, learned from {} benign rows",
                       copiers_.groups.size(), weights, facts().rows);
  }

 private:
  void save_body(ByteWriter& out) const override;

  Copiers copiers_;
};

/// Has a network copy these columns of rows that are scaled already. Calls take(row, column,
/// squared error) and done(row, root of their mean).
template <class Take, class Done>
void copy_columns(const Network& network, std::span<const std::uint32_t> columns,
                  std::span<const CopyRange> ranges, Workspace& space, const float* scaled,
                  std::size_t count, const Take& take, const Done& done) {
  const std::size_t width = ranges.size();
  space.prepare(network.layers(), count, false);
  network.place(space, count, [&](std::size_t i, float* at) {
    for (const std::uint32_t c : columns) *at++ = ranges[c].hold(scaled[i * width + c]);
  });
  network.forward(space, count, nullptr);
  const float* copy = space.input(network.layers().size());
  for (std::size_t i = 0; i < count; ++i, copy += network.logit_step()) {
    float sum = 0;
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const float error = scaled[i * width + columns[k]] - copy[k];
      take(i, columns[k], error * error);
      sum += error * error;
    }
    done(i, std::sqrt(sum / static_cast<float>(columns.size())));
  }
}

constexpr auto nothing = [](std::size_t, std::uint32_t, float) {};

/// What the last autoencoder is shown: an error of a hundredth of a deviation is next to none, and
/// what counts beyond is how many times larger one is. Not scaled by what the benign rows had:
/// columns that are copied without an error would leave nothing to divide by.
void scale_errors(float* errors, std::size_t count) {
  for (std::size_t g = 0; g < count; ++g) {
    errors[g] = std::min(Scaler::bound, std::log1p(100 * errors[g]));
  }
}

/// 0, 1, 2, …: the last autoencoder copies every error.
constexpr auto all_errors = [] {
  std::array<std::uint32_t, fit_classes_max> out{};
  for (std::uint32_t g = 0; g < out.size(); ++g) out[g] = g;
  return out;
}();

void Autoencoder::strangeness(Rows rows, std::span<float> out) const {
  static thread_local Workspace space;
  static thread_local std::vector<float> scaled, errors;
  const std::size_t width = rows.width;
  const std::size_t groups = copiers_.groups.size();
  scaled.resize(std::max(scaled.size(), score_rows * width));
  errors.resize(std::max(errors.size(), score_rows * groups));
  for (std::size_t from = 0; from < rows.count; from += score_rows) {
    const std::size_t count = std::min(score_rows, rows.count - from);
    for (std::size_t i = 0; i < count; ++i) {
      copiers_.scaler.apply(rows[from + i].data(), scaled.data() + i * width);
    }
    for (std::size_t g = 0; g < groups; ++g) {
      const Group& group = copiers_.groups[g];
      copy_columns(group.network, group.columns, copiers_.ranges, space, scaled.data(), count,
                   nothing, [&](std::size_t i, float error) { errors[i * groups + g] = error; });
    }
    for (std::size_t i = 0; i < count; ++i) {
      scale_errors(errors.data() + i * groups, groups);
    }
    copy_columns(copiers_.last, std::span{all_errors}.first(groups), copiers_.error_ranges, space,
                 errors.data(), count, nothing, [&](std::size_t i, float error) {
                   out[from + i] = std::log(error + error_floor);
                 });
  }
}

void Autoencoder::explain_strangeness(std::span<const float> row, std::span<float> out) const {
  const std::size_t groups = copiers_.groups.size();
  Workspace space;
  std::vector<float> scaled(row.size()), squares(row.size()), errors(groups), shares(groups);
  copiers_.scaler.apply(row.data(), scaled.data());
  for (std::size_t g = 0; g < groups; ++g) {
    const Group& group = copiers_.groups[g];
    copy_columns(
        group.network, group.columns, copiers_.ranges, space, scaled.data(), 1,
        [&](std::size_t, std::uint32_t column, float square) { squares[column] = square; },
        [&](std::size_t, float error) { errors[g] = error; });
  }
  scale_errors(errors.data(), groups);
  copy_columns(
      copiers_.last, std::span{all_errors}.first(groups), copiers_.error_ranges, space,
      errors.data(), 1,
      [&](std::size_t, std::uint32_t group, float square) { shares[group] = square; },
      [](std::size_t, float) {});
  const double all = std::accumulate(shares.begin(), shares.end(), 0.0);
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t g = 0; all > 0 && g < groups; ++g) {
    const auto& columns = copiers_.groups[g].columns;
    double own = 0;
    for (const std::uint32_t column : columns) own += static_cast<double>(squares[column]);
    // A group that was copied without error has no column to blame: all of them equally.
    const double even = 1 / static_cast<double>(columns.size());
    for (const std::uint32_t column : columns) {
      const double part = own > 0 ? static_cast<double>(squares[column]) / own : even;
      out[column] = static_cast<float>(static_cast<double>(shares[g]) / all * part);
    }
  }
}

void Autoencoder::save_body(ByteWriter& out) const {
  copiers_.scaler.save(out);
  save_ranges(copiers_.ranges, out);
  out.put(static_cast<std::uint32_t>(copiers_.groups.size()));
  for (const Group& group : copiers_.groups) {
    out.put_array(std::span<const std::uint32_t>{group.columns});
    group.network.save(out);
  }
  save_ranges(copiers_.error_ranges, out);
  copiers_.last.save(out);
}

Error damaged(std::string_view what) {
  constexpr std::string_view name = "autoencoder: ";
  return {Errc::corrupt, fmt::format("{}{}", what.starts_with(name) ? "" : name, what)};
}

/// A network that copies so many columns.
Result<Network> load_copier(ByteReader& in, std::size_t inputs) {
  Result<Network> network = Network::load(in);
  if (!network) return damaged(network.error().message);
  const NetworkShape& shape = network->shape();
  if (!shape.filters.empty() || shape.columns != inputs ||
      shape.classes != std::max<std::size_t>(2, inputs)) {
    return damaged("a network that does not copy its columns");
  }
  return network;
}

Result<std::vector<Group>> load_groups(ByteReader& in, std::size_t width) {
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || count == 0 || count > std::min(width, fit_classes_max)) {
    return damaged("more groups than columns");
  }
  std::vector<std::uint8_t> seen(width);
  std::size_t placed = 0;
  std::vector<Group> groups;
  for (std::uint32_t g = 0; g < count; ++g) {
    std::vector<std::uint32_t> columns = in.get_array<std::uint32_t>();
    for (const std::uint32_t column : columns) {
      if (column >= width || seen[column]++ != 0) return damaged("a column in no group or in two");
    }
    placed += columns.size();
    Result<Network> network = load_copier(in, columns.size());
    if (!network) return network.error();
    groups.push_back({std::move(columns), std::move(*network)});
  }
  if (placed != width) return damaged("a column in no group or in two");
  return groups;
}

Result<Copiers> load_copiers(ByteReader& in, std::size_t width) {
  Copiers out;
  Result<Scaler> scaler = Scaler::load(in);
  if (!scaler) return scaler.error();
  if (scaler->width() != width) return damaged("scale and columns differ");
  out.scaler = std::move(*scaler);
  Result<std::vector<CopyRange>> ranges = load_ranges(in, width);
  if (!ranges) return ranges.error();
  out.ranges = std::move(*ranges);
  Result<std::vector<Group>> groups = load_groups(in, width);
  if (!groups) return groups.error();
  out.groups = std::move(*groups);
  ranges = load_ranges(in, out.groups.size());
  if (!ranges) return ranges.error();
  out.error_ranges = std::move(*ranges);
  Result<Network> last = load_copier(in, out.groups.size());
  if (!last) return last.error();
  out.last = std::move(*last);
  return out;
}

Result<std::unique_ptr<Model>> load_autoencoder(ByteReader& in) {
  Result<BenignFacts> facts = load_benign_facts("autoencoder", in);
  if (!facts) return facts.error();
  Result<Copiers> copiers = load_copiers(in, facts->width);
  if (!copiers) return damaged(copiers.error().message);
  return std::unique_ptr<Model>(
      std::make_unique<Autoencoder>(std::move(*facts), std::move(*copiers)));
}

/// |correlation| of every pair, from at most so many rows that the products stay below 2^32. Sums
/// of one column are one task's: the same bits for any number of threads.
std::vector<float> correlations(const std::vector<float>& scaled, std::size_t width,
                                const FitOptions& options) {
  constexpr std::size_t products_max = std::size_t{1} << 32U;
  const std::size_t all = scaled.size() / width;
  const std::size_t most = std::clamp<std::size_t>(products_max / (width * width), 64, 16'384);
  const std::size_t step = (all + most - 1) / most;
  const std::size_t rows = (all + step - 1) / step;
  // Columns one behind the other, centred, of length one: a correlation is then a product.
  std::vector<float> columns(width * rows);
  for (std::size_t c = 0; c < width; ++c) {
    float* column = columns.data() + c * rows;
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      sum += static_cast<double>(column[i] = scaled[i * step * width + c]);
    }
    const auto mean = static_cast<float>(sum / static_cast<double>(rows));
    for (std::size_t i = 0; i < rows; ++i) {
      column[i] -= mean;
      squares += static_cast<double>(column[i]) * static_cast<double>(column[i]);
    }
    const auto scale = squares > 1e-12 ? static_cast<float>(1 / std::sqrt(squares)) : 0.0F;
    for (std::size_t i = 0; i < rows; ++i) column[i] *= scale;
  }
  std::vector<float> out(width * width);
  run_parallel(options.threads, width, [&](std::size_t a) {
    for (std::size_t b = a + 1; b < width && !options.stop.stop_requested(); ++b) {
      float sum = 0;
      for (std::size_t i = 0; i < rows; ++i) sum += columns[a * rows + i] * columns[b * rows + i];
      out[a * width + b] = std::abs(sum);
    }
  });
  return out;
}

/// Pairs from the most to the least correlated: their groups become one unless it would exceed
/// `most` columns.
std::vector<std::vector<std::uint32_t>> group_columns(const std::vector<float>& correlation,
                                                      std::size_t width, std::size_t most) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (std::uint32_t a = 0; a < width; ++a) {
    for (std::uint32_t b = a + 1; b < width; ++b) pairs.emplace_back(a, b);
  }
  const auto strength = [&](const auto& pair) {
    return correlation[pair.first * width + pair.second];
  };
  std::stable_sort(pairs.begin(), pairs.end(),
                   [&](const auto& x, const auto& y) { return strength(x) > strength(y); });
  std::vector<std::vector<std::uint32_t>> groups(width);
  std::vector<std::uint32_t> group_of(width);
  for (std::uint32_t c = 0; c < width; ++c) groups[group_of[c] = c] = {c};
  for (const auto& [a, b] : pairs) {
    auto& into = groups[group_of[a]];
    auto& from = groups[group_of[b]];
    if (&into == &from || into.size() + from.size() > most) continue;
    for (const std::uint32_t column : from) group_of[column] = group_of[a];
    into.insert(into.end(), from.begin(), from.end());
    from.clear();
  }
  std::erase_if(groups, [](const auto& group) { return group.empty(); });
  for (auto& group : groups) std::sort(group.begin(), group.end());
  return groups;
}

class Fitting {
 public:
  Fitting(const BenignRows& benign, const AutoencoderPlan& plan, std::size_t group_max,
          const FitOptions& options)
      : benign_(benign), plan_(plan), options_(options), random_(options.seed) {
    // A network has at most fit_classes_max outputs, and the last one an output for each group.
    group_max_ = std::max(group_max, (width() + fit_classes_max / 2 - 1) / (fit_classes_max / 2));
  }

  Result<std::unique_ptr<Model>> run(float contamination);

 private:
  std::size_t width() const { return benign_.schema.width(); }
  bool stopped() const { return options_.stop.stop_requested(); }
  Error cancelled() const {
    return {Errc::cancelled, "autoencoder: stopped before it had learned"};
  }
  void scale_rows();
  void learn_groups();
  void learn_last();

  const BenignRows& benign_;
  const AutoencoderPlan& plan_;
  const FitOptions& options_;
  Random random_;
  std::size_t group_max_ = 0;
  Copiers out_;
  std::vector<float> scaled_;  // of the rows learned from
  std::size_t rows_ = 0;
  std::vector<float> errors_;  // [row][group]
};

TrainingSet plain_set(std::span<const float> values, std::size_t width,
                      const std::vector<std::uint16_t>& labels) {
  TrainingSet set;
  set.rows = {values.data(), labels.size(), width};
  set.labels = labels;
  set.classes = {std::string{benign_label}};
  set.schema.columns.resize(width, {"error", ColumnKind::numeric});
  return set;
}

void Fitting::scale_rows() {
  const std::size_t step = (benign_.count + learn_rows_max - 1) / learn_rows_max;
  rows_ = (benign_.count + step - 1) / step;
  scaled_.resize(rows_ * width());
  const std::vector<std::uint16_t> labels(benign_.count);
  TrainingSet set = plain_set(benign_.values, width(), labels);
  set.schema = benign_.schema;
  set.weights = benign_.weights;
  out_.scaler = Scaler::fit(set);
  for (std::size_t i = 0; i < rows_; ++i) {
    out_.scaler.apply(benign_.rows()[i * step].data(), scaled_.data() + i * width());
  }
  out_.ranges = ranges_of(scaled_, width());
}

/// Each group is one task: it learns alone, in an order of its own.
void Fitting::learn_groups() {
  const std::size_t groups = out_.groups.size();
  std::vector<Random> chances;
  for (std::size_t g = 0; g < groups; ++g) chances.push_back(random_.split());
  errors_.resize(rows_ * groups);
  std::atomic<std::uint64_t> done = 0;
  run_parallel(options_.threads, groups, [&](std::size_t g) {
    Group& group = out_.groups[g];
    std::vector<float> own;
    own.reserve(rows_ * group.columns.size());
    for (std::size_t i = 0; i < rows_; ++i) {
      for (const std::uint32_t c : group.columns) own.push_back(scaled_[i * width() + c]);
    }
    learn_to_copy(group.network, own, group.columns.size(), plan_, chances[g], options_.stop);
    Workspace space;
    for (std::size_t from = 0; from < rows_ && !stopped(); from += score_rows) {
      copy_columns(group.network, group.columns, out_.ranges, space,
                   scaled_.data() + from * width(), std::min(score_rows, rows_ - from), nothing,
                   [&](std::size_t i, float error) { errors_[(from + i) * groups + g] = error; });
    }
    tell(options_, ++done, groups + 1);
  });
}

void Fitting::learn_last() {
  const std::size_t groups = out_.groups.size();
  for (std::size_t i = 0; i < rows_; ++i) scale_errors(errors_.data() + i * groups, groups);
  out_.error_ranges = ranges_of(errors_, groups);
  out_.last = make_autoencoder(groups, plan_.hidden_share);
  learn_to_copy(out_.last, errors_, groups, plan_, random_.split(), options_.stop);
  tell(options_, groups + 1, groups + 1);
}

Result<std::unique_ptr<Model>> Fitting::run(float contamination) {
  if (stopped()) return cancelled();
  scale_rows();
  if (stopped()) return cancelled();
  const std::vector<float> correlation = correlations(scaled_, width(), options_);
  if (stopped()) return cancelled();
  for (auto& columns : group_columns(correlation, width(), group_max_)) {
    Network network = make_autoencoder(columns.size(), plan_.hidden_share);
    out_.groups.push_back({std::move(columns), std::move(network)});
  }
  learn_groups();
  if (stopped()) return cancelled();
  learn_last();
  if (stopped()) return cancelled();
  BenignFacts facts;
  facts.width = width();
  facts.contamination = contamination;
  auto model = std::make_unique<Autoencoder>(std::move(facts), std::move(out_));
  if (const Status done = model->learn_tail(benign_.rows(), options_); !done) return done.error();
  return std::unique_ptr<Model>(std::move(model));
}

Result<std::unique_ptr<Model>> fit_autoencoder(const TrainingSet& set, const FitOptions& options) {
  OptionReader reader("autoencoder", options);
  AutoencoderPlan plan;
  const std::uint32_t group = reader.count("group", 10, 1, 64);
  plan.hidden_share = reader.number("hidden_share", 0.75, 0.05, 1);
  plan.steps = reader.count("steps", 20'000, 1, 10'000'000);
  plan.batch = reader.count("batch", 32, 1, 4096);
  plan.learning_rate = reader.number("learning_rate", 0.003, 1e-6, 1);
  const float contamination = read_contamination(reader);
  if (const Status status = reader.status(); !status) return status.error();
  const Result<BenignRows> benign = benign_rows_of("autoencoder", set, options.threads);
  if (!benign) return benign.error();
  return Fitting(*benign, plan, group, options).run(contamination);
}

}  // namespace

const ModelKind autoencoder_kind{
    .name = "autoencoder",
    .summary =
        "small autoencoders of benign rows (options group, hidden_share, steps, batch, "
        "learning_rate, contamination)",
    .record_kind = RecordKind::flow,
    .fit = [](const TrainingSet& set,
              const FitOptions& options) { return fit_by_capture(fit_autoencoder, set, options); },
    .load = load_autoencoder,
    .search = {{"group", {"5", "10", "20"}},
               {"hidden_share", {"0.5", "0.75"}},
               {"steps", {"5000", "20000", "80000"}},
               {"contamination", {"0.0001", "0.001", "0.01"}}},
    .learns = Learns::benign,
};

}  // namespace vedette
