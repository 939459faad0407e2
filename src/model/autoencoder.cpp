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
/// are rectified and outputs linear; weights are learned in several epochs by Adam instead of one
/// online pass; groups come from the absolute correlation, joined from the strongest pair on
/// (single linkage) unless they would grow too large, instead of by cutting a dendrogram.
///
/// explain() gives each column its share of the error: of a group's error in the last autoencoder
/// the columns get what they have of the group's squared error. The shares of a row sum to 1.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "model/autoencoder_part.hpp"
#include "model/benign_model.hpp"
#include "model/parallel.hpp"
#include "model/scaler.hpp"

namespace vedette {

namespace {

constexpr std::size_t score_rows = 48;       // eight tiles of six rows: see network_model.cpp
constexpr float error_floor = 1e-6F;         // added before the logarithm is taken
constexpr std::size_t learn_rows_max = std::size_t{1} << 16U;

struct Group {
  std::vector<std::uint32_t> columns;
  Network network;
};

class Autoencoder final : public BenignModel {
 public:
  Autoencoder(BenignFacts facts, Scaler scaler, std::vector<Group> groups, Scaler error_scaler,
              Network last)
      : BenignModel(std::move(facts)),
        scaler_(std::move(scaler)),
        groups_(std::move(groups)),
        error_scaler_(std::move(error_scaler)),
        last_(std::move(last)) {}

  std::string_view kind() const override { return "autoencoder"; }
  void strangeness(Rows rows, std::span<float> out) const override;
  void explain_strangeness(std::span<const float> row, std::span<float> out) const override;
  std::string describe() const override {
    std::size_t weights = last_.weight_count();
    for (const Group& group : groups_) weights += group.network.weight_count();
    return fmt::format("{} groups of columns, {} weights, learned from {} benign rows",
                       groups_.size(), weights, facts().rows);
  }

 private:
  void save_body(ByteWriter& out) const override;

  Scaler scaler_;
  std::vector<Group> groups_;
  Scaler error_scaler_;
  Network last_;
};

/// The errors of one group for rows that are scaled already. Calls take(row, column of the model,
/// squared error) and done(row, root of their mean).
template <class Take, class Done>
void copy_group(const Group& group, Workspace& space, const float* scaled, std::size_t width,
                std::size_t count, const Take& take, const Done& done) {
  space.prepare(group.network.layers(), count, false);
  group.network.place(space, count, [&](std::size_t i, float* at) {
    for (const std::uint32_t column : group.columns) *at++ = scaled[i * width + column];
  });
  group.network.forward(space, count, nullptr);
  const std::size_t inputs = group.columns.size();
  for (std::size_t i = 0; i < count; ++i) {
    float sum = 0;
    each_square(group.network, space, i, inputs, [&](std::size_t c, float square) {
      take(i, group.columns[c], square);
      sum += square;
    });
    done(i, std::sqrt(sum / static_cast<float>(inputs)));
  }
}

void Autoencoder::strangeness(Rows rows, std::span<float> out) const {
  static thread_local Workspace space;
  static thread_local std::vector<float> scaled, errors;
  const std::size_t width = rows.width;
  scaled.resize(std::max(scaled.size(), score_rows * width));
  errors.resize(std::max(errors.size(), score_rows * groups_.size()));
  for (std::size_t from = 0; from < rows.count; from += score_rows) {
    const std::size_t count = std::min(score_rows, rows.count - from);
    for (std::size_t i = 0; i < count; ++i) {
      scaler_.apply(rows[from + i].data(), scaled.data() + i * width);
    }
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      copy_group(
          groups_[g], space, scaled.data(), width, count,
          [](std::size_t, std::uint32_t, float) {},
          [&](std::size_t i, float error) { errors[i * groups_.size() + g] = error; });
    }
    space.prepare(last_.layers(), count, false);
    last_.place(space, count, [&](std::size_t i, float* at) {
      error_scaler_.apply(errors.data() + i * groups_.size(), at);
    });
    last_.forward(space, count, nullptr);
    for (std::size_t i = 0; i < count; ++i) {
      float sum = 0;
      each_square(last_, space, i, groups_.size(), [&](std::size_t, float square) { sum += square; });
      const float error = std::sqrt(sum / static_cast<float>(groups_.size()));
      out[from + i] = std::log(error + error_floor);
    }
  }
}

void Autoencoder::explain_strangeness(std::span<const float> row, std::span<float> out) const {
  Workspace space;
  std::vector<float> scaled(row.size()), squares(row.size()), errors(groups_.size());
  scaler_.apply(row.data(), scaled.data());
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    copy_group(
        groups_[g], space, scaled.data(), row.size(), 1,
        [&](std::size_t, std::uint32_t column, float square) { squares[column] = square; },
        [&](std::size_t, float error) { errors[g] = error; });
  }
  space.prepare(last_.layers(), 1, false);
  last_.place(space, 1,
              [&](std::size_t, float* at) { error_scaler_.apply(errors.data(), at); });
  last_.forward(space, 1, nullptr);
  std::vector<double> shares(groups_.size());
  each_square(last_, space, 0, groups_.size(), [&](std::size_t g, float square) {
    shares[g] = static_cast<double>(square);
  });
  const double all = std::accumulate(shares.begin(), shares.end(), 0.0);
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t g = 0; all > 0 && g < groups_.size(); ++g) {
    double own = 0;
    for (const std::uint32_t column : groups_[g].columns) own += static_cast<double>(squares[column]);
    // A group that was copied without error has no column to blame: all of them equally.
    const double even = 1 / static_cast<double>(groups_[g].columns.size());
    for (const std::uint32_t column : groups_[g].columns) {
      const double part = own > 0 ? static_cast<double>(squares[column]) / own : even;
      out[column] = static_cast<float>(shares[g] / all * part);
    }
  }
}

void Autoencoder::save_body(ByteWriter& out) const {
  scaler_.save(out);
  out.put(static_cast<std::uint32_t>(groups_.size()));
  for (const Group& group : groups_) {
    out.put_array(std::span<const std::uint32_t>{group.columns});
    group.network.save(out);
  }
  error_scaler_.save(out);
  last_.save(out);
}

Error damaged(std::string_view what) {
  return {Errc::corrupt, fmt::format("autoencoder: {}", what)};
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

Result<std::unique_ptr<Model>> load_autoencoder(ByteReader& in) {
  Result<BenignFacts> facts = load_benign_facts("autoencoder", in);
  if (!facts) return facts.error();
  Result<Scaler> scaler = Scaler::load(in);
  if (!scaler) return damaged(scaler.error().message);
  if (scaler->width() != facts->width) return damaged("scale and columns differ");
  Result<std::vector<Group>> groups = load_groups(in, facts->width);
  if (!groups) return groups.error();
  Result<Scaler> error_scaler = Scaler::load(in);
  if (!error_scaler) return damaged(error_scaler.error().message);
  if (error_scaler->width() != groups->size()) return damaged("scale and groups differ");
  Result<Network> last = load_copier(in, groups->size());
  if (!last) return last.error();
  return std::unique_ptr<Model>(
      std::make_unique<Autoencoder>(std::move(*facts), std::move(*scaler), std::move(*groups),
                                    std::move(*error_scaler), std::move(*last)));
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
  Error cancelled() const { return {Errc::cancelled, "autoencoder: stopped before it had learned"}; }
  void scale_rows();
  void learn_groups();
  void learn_last();

  const BenignRows& benign_;
  const AutoencoderPlan& plan_;
  const FitOptions& options_;
  Random random_;
  std::size_t group_max_ = 0;
  Scaler scaler_, error_scaler_;
  std::vector<float> scaled_;  // of the rows learned from
  std::size_t rows_ = 0;
  std::vector<Group> groups_;
  std::vector<float> errors_;  // [row][group]
  Network last_ = make_autoencoder(1, 1);
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
  scaler_ = Scaler::fit(set);
  for (std::size_t i = 0; i < rows_; ++i) {
    scaler_.apply(benign_.rows()[i * step].data(), scaled_.data() + i * width());
  }
}

/// Each group is one task: it learns alone, in an order of its own.
void Fitting::learn_groups() {
  std::vector<Random> chances;
  for (std::size_t g = 0; g < groups_.size(); ++g) chances.push_back(random_.split());
  errors_.resize(rows_ * groups_.size());
  std::atomic<std::uint64_t> done = 0;
  run_parallel(options_.threads, groups_.size(), [&](std::size_t g) {
    Group& group = groups_[g];
    const std::size_t inputs = group.columns.size();
    std::vector<float> own;
    own.reserve(rows_ * inputs);
    for (std::size_t i = 0; i < rows_; ++i) {
      for (const std::uint32_t c : group.columns) own.push_back(scaled_[i * width() + c]);
    }
    learn_to_copy(group.network, own, inputs, plan_, chances[g], options_.stop);
    Workspace space;
    for (std::size_t from = 0; from < rows_ && !stopped(); from += score_rows) {
      copy_group(
          group, space, scaled_.data() + from * width(), width(),
          std::min(score_rows, rows_ - from), [](std::size_t, std::uint32_t, float) {},
          [&](std::size_t i, float error) { errors_[(from + i) * groups_.size() + g] = error; });
    }
    tell(options_, ++done, groups_.size() + 1);
  });
}

void Fitting::learn_last() {
  const std::vector<std::uint16_t> labels(rows_);
  error_scaler_ = Scaler::fit(plain_set(errors_, groups_.size(), labels));
  for (std::size_t i = 0; i < rows_; ++i) {
    float* row = errors_.data() + i * groups_.size();
    error_scaler_.apply(row, row);
  }
  last_ = make_autoencoder(groups_.size(), plan_.hidden_share);
  learn_to_copy(last_, errors_, groups_.size(), plan_, random_.split(), options_.stop);
  tell(options_, groups_.size() + 1, groups_.size() + 1);
}

Result<std::unique_ptr<Model>> Fitting::run(float contamination) {
  if (stopped()) return cancelled();
  scale_rows();
  if (stopped()) return cancelled();
  const std::vector<float> correlation = correlations(scaled_, width(), options_);
  if (stopped()) return cancelled();
  for (auto& columns : group_columns(correlation, width(), group_max_)) {
    Network network = make_autoencoder(columns.size(), plan_.hidden_share);
    groups_.push_back({std::move(columns), std::move(network)});
  }
  learn_groups();
  if (stopped()) return cancelled();
  learn_last();
  if (stopped()) return cancelled();
  BenignFacts facts;
  facts.width = width();
  facts.contamination = contamination;
  auto model = std::make_unique<Autoencoder>(std::move(facts), std::move(scaler_),
                                             std::move(groups_), std::move(error_scaler_),
                                             std::move(last_));
  if (const Status done = model->learn_tail(benign_.rows(), options_); !done) return done.error();
  return std::unique_ptr<Model>(std::move(model));
}

Result<std::unique_ptr<Model>> fit_autoencoder(const TrainingSet& set, const FitOptions& options) {
  OptionReader reader("autoencoder", options);
  AutoencoderPlan plan;
  const std::uint32_t group = reader.count("group", 10, 1, 64);
  plan.hidden_share = reader.number("hidden_share", 0.75, 0.05, 1);
  plan.epochs = reader.count("epochs", 10, 1, 1000);
  plan.batch = reader.count("batch", 64, 1, 4096);
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
        "small autoencoders of benign rows (options group, hidden_share, epochs, batch, "
        "learning_rate, contamination)",
    .record_kind = RecordKind::flow,
    .fit = fit_autoencoder,
    .load = load_autoencoder,
    .search = {{"group", {"5", "10", "20"}},
               {"hidden_share", {"0.5", "0.75"}},
               {"epochs", {"5", "10", "30"}},
               {"contamination", {"0.0001", "0.001", "0.01"}}},
    .learns = Learns::benign,
};

}  // namespace vedette
