/// tree: a CART decision tree (Breiman, Friedman, Olshen, Stone: Classification and Regression
/// Trees, 1984).
///
/// A node holds rows and asks one question, `column <= cut`. The question asked is the one after
/// which the two children are purest: the one with the lowest weighted sum of impurities (Gini's
/// 1 - Σ p², or the entropy -Σ p log2 p). Children are split again until they are pure, too small
/// or too deep; the share of each class among a leaf's training rows is the probability it answers
/// with. With ccp_alpha subtrees that do not earn their leaves are cut off again (tree_prune.hpp).
///
/// Fast fitting rests on two ideas of gradient boosting libraries (Ke et al.: LightGBM, NIPS 2017):
/// values are replaced by one-byte bins before growing (tree_bins.hpp), so that finding the best
/// cut is counting, not sorting; and the counts of the larger child are those of the parent minus
/// those of the smaller. With at most 255 distinct values in a column no cut is lost by that.
/// Missing values go to the side that made the children purer (Chen, Guestrin: XGBoost, KDD 2016).
/// Fast scoring is told in tree_walk.hpp.
///
/// explain() follows Saabas (2014): each step of a row's path moves the probability of a class from
/// the parent's to the child's; the difference is credited to the column asked. The credits and the
/// root's probability add up to the answer.
///
/// No chance is used: FitOptions::seed does not matter. Equal cuts: the first column, the lowest
/// cut.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/expects.hpp"
#include "model/fit_input.hpp"
#include "model/model.hpp"
#include "model/tree_check.hpp"
#include "model/tree_grow.hpp"
#include "model/tree_prune.hpp"
#include "model/tree_walk.hpp"

namespace vedette {

namespace {

constexpr std::uint8_t tree_version = 2;

class Tree final : public Model {
 public:
  Tree(std::size_t width, std::size_t classes, GrownTree grown)
      : width_(width), classes_(classes), tree_(std::move(grown)), walk_(width) {
    walk_.reserve(tree_.nodes.size());
    make_answers(walk_.add(tree_.nodes));
  }

  std::string_view kind() const override { return "tree"; }
  std::size_t width() const override { return width_; }
  std::size_t class_count() const override { return classes_; }
  void score(Rows rows, std::span<float> out) const override;
  void explain(std::span<const float> row, std::uint16_t class_index,
               std::span<float> out) const override;
  Attribution attribute(std::span<const float> row, std::uint16_t class_index,
                        std::span<float> out) const override;
  std::string describe() const override {
    return fmt::format("depth {}, {} leaves", walk_.depth(0), leaves_);
  }
  std::vector<TreeQuestion> questions() const override;
  void save(ByteWriter& out) const override;

 private:
  void make_answers(std::span<const std::uint32_t> places);
  void answer(const TreeWalk::Leaves& leaves, std::size_t count, float* out, bool last) const;

  std::size_t width_;
  std::size_t classes_;
  GrownTree tree_;
  TreeWalk walk_;
  std::size_t padded_ = 0;                // classes_, rounded up to whole vectors of four
  std::vector<std::uint32_t> answer_of_;  // per place of the walk: where its answer begins
  std::vector<float> answers_;            // each set of probabilities once, padded
  std::size_t leaves_ = 0;
};

/// Most leaves are pure or hold a few rows: their answers repeat, and the table of different ones
/// stays in the cache where the table of all nodes would not.
void Tree::make_answers(std::span<const std::uint32_t> places) {
  constexpr std::size_t vector_floats = 4;
  padded_ = (classes_ + vector_floats - 1) / vector_floats * vector_floats;
  answer_of_.resize(places.size());
  const auto shares = [&](std::uint32_t place) {
    return std::span{tree_.probabilities}.subspan(places[place] * classes_, classes_);
  };
  std::vector<std::uint32_t> leaves;
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    if (tree_.nodes[places[i]].left == places[i]) leaves.push_back(i);
  }
  leaves_ = leaves.size();
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    return std::memcmp(shares(a).data(), shares(b).data(), classes_ * sizeof(float)) < 0;
  };
  std::sort(leaves.begin(), leaves.end(), before);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (i == 0 || before(leaves[i - 1], leaves[i])) {
      const auto own = shares(leaves[i]);
      answers_.insert(answers_.end(), own.begin(), own.end());
      answers_.resize(answers_.size() + padded_ - classes_);
    }
    answer_of_[leaves[i]] = static_cast<std::uint32_t>(answers_.size() - padded_);
  }
}

/// Whole vectors are copied: what runs over a row's end is the beginning of the next row's, which
/// comes after. The last group of a batch copies exactly.
void Tree::answer(const TreeWalk::Leaves& leaves, std::size_t count, float* out, bool last) const {
  for (std::size_t i = 0; i < count; ++i, out += classes_) {
    const float* from = answers_.data() + answer_of_[leaves[i]];
    if (last) {
      std::copy_n(from, classes_, out);
      continue;
    }
    for (std::size_t k = 0; k < padded_; k += 4) std::memcpy(out + k, from + k, 4 * sizeof(float));
  }
}

void Tree::score(Rows rows, std::span<float> out) const {
  expects(rows.width == width_ && out.size() >= rows.count * classes_,
          "Tree::score gets rows of its width and room for every class");
  TreeWalk::Leaves leaves;
  for (std::size_t from = 0; from < rows.count; from += TreeWalk::group) {
    const std::size_t count = std::min(TreeWalk::group, rows.count - from);
    const float* data = rows.data + from * width_;
    prefetch_rows(rows, from + 2 * TreeWalk::group);
    walk_.find(0, data, count, any_missing(data, count * width_), leaves);
    const std::size_t behind = rows.count - from - count;
    answer(leaves, count, out.data() + from * classes_, behind * classes_ < padded_);
  }
}

void Tree::explain(std::span<const float> row, std::uint16_t class_index,
                   std::span<float> out) const {
  expects(row.size() == width_ && out.size() == width_ && class_index < classes_,
          "Tree::explain gets a row of its width and a class it knows");
  std::fill(out.begin(), out.end(), 0.0F);
  const auto probability = [&](std::uint32_t node) {
    return tree_.probabilities[node * classes_ + class_index];
  };
  std::uint32_t at = 0;
  for (;;) {
    const std::uint32_t next = plain_step(tree_.nodes, at, row.data());
    if (next == at) return;
    out[tree_.nodes[at].column()] += probability(next) - probability(at);
    at = next;
  }
}

/// What moves P(benign) down moves the score up.
Attribution Tree::attribute(std::span<const float> row, std::uint16_t class_index,
                            std::span<float> out) const {
  expects(class_index > 0 && class_index < classes_, "Tree::attribute is asked about an alarm");
  explain(row, 0, out);
  for (float& part : out) part = -part;
  return {PartsAdd::to_probability, 1 - static_cast<double>(tree_.probabilities[0])};
}

std::vector<TreeQuestion> Tree::questions() const {
  std::vector<TreeQuestion> list(tree_.nodes.size());
  for (std::uint32_t i = 0; i < list.size(); ++i) {
    const TreeNode& node = tree_.nodes[i];
    list[i].rows = tree_.rows[i];
    const auto own = tree_.probabilities.begin() + static_cast<std::ptrdiff_t>(i * classes_);
    list[i].probabilities.assign(own, own + static_cast<std::ptrdiff_t>(classes_));
    if (node.left == i) continue;
    list[i].column = node.column();
    list[i].cut = node.cut;
    list[i].missing_says_yes = node.missing_right() == 0;
    list[i].yes = node.left;
    list[i].no = node.left + 1;
  }
  return list;
}

void Tree::save(ByteWriter& out) const {
  out.put(tree_version);
  out.put(static_cast<std::uint32_t>(width_));
  out.put(static_cast<std::uint32_t>(classes_));
  out.put(static_cast<std::uint32_t>(tree_.nodes.size()));
  put_nodes(out, tree_.nodes);
  out.put_bytes(std::as_bytes(std::span{tree_.rows}));
  out.put_bytes(std::as_bytes(std::span{tree_.probabilities}));
}

Error damaged(std::string what) {
  return {Errc::corrupt, "tree: " + std::move(what)};
}

Status check_probabilities(const GrownTree& tree, std::size_t classes) {
  for (std::size_t node = 0; node < tree.nodes.size(); ++node) {
    double sum = 0;
    for (std::size_t k = 0; k < classes; ++k) {
      const float value = tree.probabilities[node * classes + k];
      if (!(value >= 0 && value <= 1)) return damaged(fmt::format("node {}: no probability", node));
      sum += value;
    }
    if (std::abs(sum - 1) > 1e-4) {
      return damaged(fmt::format("the probabilities of node {} sum to {}", node, sum));
    }
  }
  return {};
}

Result<std::unique_ptr<Model>> load_tree(ByteReader& in) {
  const auto version = in.get<std::uint8_t>();
  if (in.ok() && version != tree_version) {
    return Error{Errc::unsupported,
                 fmt::format("tree: version {}, this build reads {}: train it again", version,
                             tree_version)};
  }
  const auto width = in.get<std::uint32_t>();
  const auto classes = in.get<std::uint32_t>();
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || width == 0 || width > fit_columns_max || classes < 2 ||
      classes > fit_classes_max || count == 0 ||
      in.left() < std::size_t{count} * (node_bytes + sizeof(double) + classes * sizeof(float))) {
    return damaged("sizes do not fit the bytes");
  }
  GrownTree tree;
  tree.nodes = get_nodes(in, count);
  tree.rows.resize(count);
  for (double& rows : tree.rows) rows = in.get<double>();
  tree.probabilities.resize(std::size_t{count} * classes);
  for (float& value : tree.probabilities) value = in.get<float>();
  for (const double rows : tree.rows) {
    if (!(rows >= 0 && rows < 1e300)) return damaged(fmt::format("a node of {} rows", rows));
  }
  if (const Status status = check_nodes(tree.nodes, width); !status) {
    return damaged(status.error().message);
  }
  if (const Status status = check_probabilities(tree, classes); !status) return status.error();
  return std::unique_ptr<Model>(std::make_unique<Tree>(width, classes, std::move(tree)));
}

Result<std::unique_ptr<Model>> fit_tree(const TrainingSet& set, const FitOptions& options) {
  OptionReader reader("tree", options);
  GrowOptions grow;
  grow.depth_max = reader.count("depth_max", grow.depth_max, 1, tree_depth_max);
  grow.leaf_rows_min = reader.count("leaf_rows_min", grow.leaf_rows_min, 1, 1'000'000);
  grow.criterion =
      reader.choice("criterion", {"gini", "entropy"}) == 0 ? Criterion::gini : Criterion::entropy;
  const double alpha = reader.number("ccp_alpha", 0, 0, 1);
  const bool balanced = reader.choice("class_weight", {"none", "balanced"}) == 1;
  if (const Status status = reader.status(); !status) return status.error();
  if (const Status status = check_training_set(set, options.threads); !status) {
    return status.error();
  }
  const Error cancelled{Errc::cancelled, "tree: stopped before it was grown"};
  const Binned binned(set.rows, options.threads, options.stop);
  if (options.stop.stop_requested()) return cancelled;
  grow.class_count = set.classes.size();
  grow.class_weights = class_weights(set, balanced);
  grow.threads = options.threads;
  grow.stop = options.stop;
  grow.report = &options;
  GrownTree tree = grow_tree(binned, set.labels, set.weights, grow);
  if (options.stop.stop_requested()) return cancelled;
  if (alpha > 0) tree = prune_tree(tree, grow, alpha);
  return std::unique_ptr<Model>(
      std::make_unique<Tree>(set.rows.width, set.classes.size(), std::move(tree)));
}

}  // namespace

const ModelKind tree_kind{
    .name = "tree",
    .summary =
        "decision tree (options depth_max, leaf_rows_min, criterion=gini|entropy, "
        "ccp_alpha, class_weight=none|balanced)",
    .record_kind = RecordKind::flow,
    .fit = fit_tree,
    .load = load_tree,
    .search = {{"depth_max", {"8", "16", "32"}},
               {"leaf_rows_min", {"1", "5", "20"}},
               {"ccp_alpha", {"0", "1e-6", "1e-5", "1e-4"}},
               {"class_weight", {"none", "balanced"}}},
};

}  // namespace vedette
