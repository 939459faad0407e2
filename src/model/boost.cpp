/// boost: gradient boosted trees (Friedman: Greedy Function Approximation: A Gradient Boosting
/// Machine, 2001; with the second-order trees of Chen, Guestrin: XGBoost, KDD 2016, on the
/// histograms of Ke et al.: LightGBM, NIPS 2017).
///
/// A model is a sum. Every class has a margin, which begins as the logarithm of the class's share,
/// and each round grows one small tree per class whose leaves hold a correction to it; the softmax
/// e^F / Σ e^F of the margins gives the probabilities. (Two classes need one margin, the log odds.)
/// The tree of a round is fitted to what is still wrong: for a row of probability p and truth y
/// (1 for its class) the loss -log p falls along the margin with gradient g = p - y and bends with
/// curvature h = p (1 - p); twice that with many classes. A leaf with sums G and H is best given
/// -G / (H + lambda), Newton's step, which lowers the loss by G² / (H + lambda) / 2; so the cut
/// asked is the one after which the children's G² / (H + lambda) exceed their parent's by most.
/// Only learning_rate of each step is taken: many small corrections generalise better than few
/// large.
///
/// Rounds end when the loss on rows held back (validation_share of each class) has not fallen for
/// `patience` rounds; the trees up to the best round are kept. Missing values go to the side where
/// they gained more. boost_grow.hpp tells what makes a round fast, tree_walk.hpp what makes an
/// answer fast.
///
/// explain() follows Saabas (2014), for the log odds: each step of a row's path moves a margin from
/// the mean below the parent to the mean below the child, and the column asked is credited. With
/// many classes a margin counts by what it exceeds the mean of all margins: adding the same to all
/// changes nothing. Chance is used for rounding, for the rows held back and for subsample.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/expects.hpp"
#include "model/boost_fit.hpp"
#include "model/boost_softmax.hpp"
#include "model/fit_input.hpp"
#include "model/model.hpp"
#include "model/tree_check.hpp"
#include "model/tree_walk.hpp"

namespace vedette {

namespace {

constexpr std::uint8_t boost_version = 1;
constexpr float base_max = 1e3F;

class Boost final : public Model {
 public:
  /// Without trees, which add() brings in the order [round][margin].
  Boost(std::size_t width, std::size_t classes, std::vector<float> base, double validation_loss)
      : width_(width),
        classes_(classes),
        base_(std::move(base)),
        validation_loss_(validation_loss),
        walk_(width) {}

  void reserve(std::size_t nodes) {
    walk_.reserve(nodes);
    values_.reserve(nodes);
  }
  void add(const BoostTree& tree) {
    for (const std::uint32_t place : walk_.add(tree.nodes)) values_.push_back(tree.values[place]);
  }

  std::string_view kind() const override { return "boost"; }
  std::size_t width() const override { return width_; }
  std::size_t class_count() const override { return classes_; }
  void score(Rows rows, std::span<float> out) const override;
  void explain(std::span<const float> row, std::uint16_t class_index,
               std::span<float> out) const override;
  Attribution attribute(std::span<const float> row, std::uint16_t class_index,
                        std::span<float> out) const override;
  std::string describe() const override {
    // Every node but the leaves has two children.
    std::string text = fmt::format("{} rounds, {} trees, {} leaves", walk_.trees() / base_.size(),
                                   walk_.trees(), (walk_.nodes() + walk_.trees()) / 2);
    if (validation_loss_ >= 0) {
      text += fmt::format(", log loss {:.4f} on the rows held back", validation_loss_);
    }
    return text;
  }
  void save(ByteWriter& out) const override;

 private:
  /// Sign of each margin's trees in what is explained.
  template <class Sign>
  void add_credits(std::span<const float> row, const Sign& sign, std::span<float> out) const;
  void add_margins(Rows rows, std::size_t from, std::size_t count, float* margins) const;

  std::size_t width_;
  std::size_t classes_;
  std::vector<float> base_;
  double validation_loss_;
  TreeWalk walk_;              // all trees
  std::vector<float> values_;  // of every node, in the order of the walk
};

/// Tree by tree over all rows of the block: a tree of 127 nodes is 1 KB and stays at hand. Every
/// row adds its values in the order of the rounds.
void Boost::add_margins(Rows rows, std::size_t from, std::size_t count, float* margins) const {
  const std::size_t each = base_.size();
  for (std::size_t m = 0; m < each; ++m) {
    std::fill_n(margins + m * softmax_rows, softmax_rows, base_[m]);
  }
  const float* data = rows.data + from * width_;
  const bool lacking = any_missing(data, count * width_);
  TreeWalk::Leaves leaves;
  for (std::size_t t = 0; t < walk_.trees(); ++t) {
    float* own = margins + t % each * softmax_rows;
    const float* values = values_.data() + walk_.first(t);
    if (walk_.depth(t) == 0) continue;
    for (std::size_t at = 0; at < count; at += TreeWalk::group) {
      const std::size_t group = std::min(TreeWalk::group, count - at);
      walk_.find(t, data + at * width_, group, lacking, leaves);
      for (std::size_t i = 0; i < group; ++i) own[at + i] += values[leaves[i]];
    }
  }
}

void Boost::score(Rows rows, std::span<float> out) const {
  expects(rows.width == width_ && out.size() >= rows.count * classes_,
          "Boost::score gets rows of its width and room for every class");
  thread_local std::vector<float> margins;
  margins.resize(classes_ * softmax_rows);
  for (std::size_t from = 0; from < rows.count; from += softmax_rows) {
    const std::size_t count = std::min(softmax_rows, rows.count - from);
    add_margins(rows, from, count, margins.data());
    softmax(margins.data(), base_.size());
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = 0; k < classes_; ++k) {
        out[(from + i) * classes_ + k] = margins[k * softmax_rows + i];
      }
    }
  }
}

void Boost::explain(std::span<const float> row, std::uint16_t class_index,
                    std::span<float> out) const {
  expects(row.size() == width_ && out.size() == width_ && class_index < classes_,
          "Boost::explain gets a row of its width and a class it knows");
  const std::size_t each = base_.size();
  const auto sign = [&](std::size_t margin) {
    if (each == 1) return class_index == 1 ? 1.0 : -1.0;
    return (margin == class_index ? 1.0 : 0.0) - 1.0 / static_cast<double>(each);
  };
  add_credits(row, sign, out);
}

/// Of the class against benign: the margins of all others do not matter.
Attribution Boost::attribute(std::span<const float> row, std::uint16_t class_index,
                             std::span<float> out) const {
  expects(row.size() == width_ && out.size() == width_ && class_index > 0 && class_index < classes_,
          "Boost::attribute is asked about an alarm");
  const std::size_t each = base_.size();
  const auto sign = [&](std::size_t margin) {
    if (each == 1) return 1.0;
    return margin == class_index ? 1.0 : margin == 0 ? -1.0 : 0.0;
  };
  add_credits(row, sign, out);
  double base = 0;
  for (std::size_t m = 0; m < each; ++m) base += sign(m) * static_cast<double>(base_[m]);
  for (std::size_t t = 0; t < walk_.trees(); ++t) {
    const auto root = static_cast<double>(values_[walk_.first(t)]);
    if (walk_.depth(t) > 0) base += sign(t % each) * root;
  }
  return {PartsAdd::to_log_odds, base};
}

template <class Sign>
void Boost::add_credits(std::span<const float> row, const Sign& signs, std::span<float> out) const {
  std::vector<double> credit(width_);
  for (std::size_t t = 0; t < walk_.trees(); ++t) {
    const double sign = signs(t % base_.size());
    if (sign == 0) continue;
    const float* values = values_.data() + walk_.first(t);
    for (std::uint32_t at = 0;;) {
      const std::uint32_t next = walk_.step(t, at, row.data());
      if (next == at) break;
      const double step = static_cast<double>(values[next]) - static_cast<double>(values[at]);
      credit[walk_.node(t, at).column()] += sign * step;
      at = next;
    }
  }
  std::transform(credit.begin(), credit.end(), out.begin(),
                 [](double value) { return static_cast<float>(value); });
}

void Boost::save(ByteWriter& out) const {
  out.put(boost_version);
  out.put(static_cast<std::uint32_t>(width_));
  out.put(static_cast<std::uint32_t>(classes_));
  out.put(validation_loss_);
  for (const float base : base_) out.put(base);
  out.put(static_cast<std::uint32_t>(walk_.trees()));
  for (std::size_t t = 0; t < walk_.trees(); ++t) {
    put_walk(out, walk_, t, [&](std::uint32_t i) { return walk_.node(t, i); });
    out.put_bytes(std::as_bytes(std::span{values_}.subspan(walk_.first(t), walk_.size(t))));
  }
}

Error damaged(std::string what) {
  return {Errc::corrupt, "boost: " + std::move(what)};
}

Result<BoostTree> load_one(ByteReader& in, std::size_t width) {
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || count == 0 || in.left() < std::size_t{count} * (node_bytes + sizeof(float))) {
    return damaged("a tree's size does not fit the bytes");
  }
  BoostTree tree;
  tree.nodes = get_nodes(in, count);
  if (const Status status = check_nodes(tree.nodes, width); !status) {
    return damaged(status.error().message);
  }
  tree.values.resize(count);
  for (float& value : tree.values) {
    value = in.get<float>();
    if (!(std::abs(value) <= boost_value_max)) return damaged("a value outside its range");
  }
  return tree;
}

Result<std::unique_ptr<Model>> load_boost(ByteReader& in) {
  const auto version = in.get<std::uint8_t>();
  if (in.ok() && version != boost_version) {
    return Error{Errc::unsupported,
                 fmt::format("boost: version {}, this build reads {}", version, boost_version)};
  }
  const auto width = in.get<std::uint32_t>();
  const auto classes = in.get<std::uint32_t>();
  const auto validation_loss = in.get<double>();
  if (!in.ok() || width == 0 || width > fit_columns_max || classes < 2 ||
      classes > fit_classes_max || !(std::abs(validation_loss) < 1e6) ||
      in.left() < margins_of(classes) * sizeof(float) + sizeof(std::uint32_t)) {
    return damaged("sizes do not fit the bytes");
  }
  std::vector<float> base(margins_of(classes));
  for (float& margin : base) {
    margin = in.get<float>();
    if (!(std::abs(margin) <= base_max)) return damaged("a margin outside its range");
  }
  const auto trees = in.get<std::uint32_t>();
  constexpr std::size_t tree_bytes = sizeof(std::uint32_t) + node_bytes + sizeof(float);
  if (trees % base.size() != 0 || trees > boost_trees_max || in.left() < trees * tree_bytes) {
    return damaged("more trees than bytes");
  }
  auto model = std::make_unique<Boost>(width, classes, std::move(base), validation_loss);
  model->reserve(in.left() / (node_bytes + sizeof(float)));
  for (std::uint32_t t = 0; t < trees; ++t) {
    const auto tree = load_one(in, width);
    if (!tree) return tree.error();
    model->add(*tree);
  }
  return std::unique_ptr<Model>(std::move(model));
}

Result<std::unique_ptr<Model>> fit_boost(const TrainingSet& set, const FitOptions& options) {
  OptionReader reader("boost", options);
  BoostSetup setup;
  setup.rounds = reader.count("rounds", setup.rounds, 1, 5000);
  setup.tree.learning_rate = reader.number("learning_rate", setup.tree.learning_rate, 1e-4, 1);
  setup.tree.depth_max = reader.count("depth_max", setup.tree.depth_max, 1, 16);
  setup.tree.lambda = reader.number("lambda", setup.tree.lambda, 1e-3, 1e6);
  setup.tree.child_weight_min =
      reader.number("child_weight_min", setup.tree.child_weight_min, 0, 1e9);
  setup.tree.gain_min = reader.number("gain_min", setup.tree.gain_min, 0, 1e9);
  setup.subsample = reader.number("subsample", setup.subsample, 0.05, 1);
  setup.patience = reader.count("patience", setup.patience, 0, 1000);
  setup.validation_share = reader.number("validation_share", setup.validation_share, 0.01, 0.5);
  setup.tree.stop = options.stop;
  setup.balanced = reader.choice("class_weight", {"none", "balanced"}) == 1;
  if (const Status status = reader.status(); !status) return status.error();
  if (const Status status = check_training_set(set, options.threads); !status) {
    return status.error();
  }
  Result<Boosted> boosted = boost(set, setup, options);
  if (!boosted) return boosted.error();
  auto model = std::make_unique<Boost>(set.rows.width, set.classes.size(), std::move(boosted->base),
                                       boosted->validation_loss);
  for (const BoostTree& tree : boosted->trees) model->add(tree);
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace

const ModelKind boost_kind{
    .name = "boost",
    .summary =
        "gradient boosted trees (options rounds, learning_rate, depth_max, lambda, "
        "child_weight_min, gain_min, subsample, patience, validation_share, "
        "class_weight=none|balanced)",
    .record_kind = RecordKind::flow,
    .fit = fit_boost,
    .load = load_boost,
    .search = {{"depth_max", {"4", "6", "8"}},
               {"learning_rate", {"0.05", "0.1", "0.3"}},
               {"child_weight_min", {"1", "10", "100"}},
               {"class_weight", {"none", "balanced"}}},
};

}  // namespace vedette
