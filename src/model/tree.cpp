/// tree: a CART decision tree (Breiman, Friedman, Olshen, Stone: Classification and Regression
/// Trees, 1984).
///
/// A node holds rows and asks one question, `column <= cut`. The question asked is the one after
/// which the two children are purest: the one with the lowest weighted sum of Gini impurities
/// 1 - Σ p². Children are split again until they are pure, too small or too deep; the share of each
/// class among a leaf's training rows is the probability it answers with.
///
/// Fast fitting rests on two ideas of gradient boosting libraries (Ke et al.: LightGBM, NIPS 2017):
/// values are replaced by one-byte bins before growing (tree_bins.hpp), so that finding the best
/// cut is counting, not sorting; and the counts of the larger child are those of the parent minus
/// those of the smaller. With at most 255 distinct values in a column no cut is lost by that.
/// Missing values go to the side that made the children purer (Chen, Guestrin: XGBoost, KDD 2016).
/// Fast scoring: leaves point at themselves, so sixteen rows walk down side by side without asking
/// who has arrived, and one row's wait for memory hides behind the others'.
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
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/expects.hpp"
#include "model/fit_input.hpp"
#include "model/model.hpp"
#include "model/tree_grow.hpp"
#include "model/tree_walk.hpp"

namespace vedette {

namespace {

constexpr std::uint8_t tree_version = 1;

class Tree final : public Model {
 public:
  Tree(std::size_t width, std::size_t classes, GrownTree grown)
      : width_(width), classes_(classes), tree_(std::move(grown)), walk_(tree_.nodes, width) {
    make_answers();
  }

  std::string_view kind() const override { return "tree"; }
  std::size_t width() const override { return width_; }
  std::size_t class_count() const override { return classes_; }
  void score(Rows rows, std::span<float> out) const override;
  void explain(std::span<const float> row, std::uint16_t class_index,
               std::span<float> out) const override;
  std::string describe() const override {
    return fmt::format("depth {}, {} leaves", walk_.depth(), leaves_);
  }
  void save(ByteWriter& out) const override;

 private:
  void make_answers();
  void answer(const TreeWalk::Leaves& leaves, std::size_t count, float* out, bool last) const;

  std::size_t width_;
  std::size_t classes_;
  GrownTree tree_;
  TreeWalk walk_;
  std::size_t padded_ = 0;                // classes_, rounded up to whole vectors of four
  std::vector<std::uint32_t> answer_of_;  // per place of the walk: where its answer begins
  std::vector<float> answers_;            // each set of probabilities once, padded
  std::uint32_t leaves_ = 0;
};

/// Most leaves are pure or hold a few rows: their answers repeat, and the table of different ones
/// stays in the cache where the table of all nodes would not.
void Tree::make_answers() {
  constexpr std::size_t vector_floats = 4;
  padded_ = (classes_ + vector_floats - 1) / vector_floats * vector_floats;
  std::unordered_map<std::string_view, std::uint32_t> known;
  for (const std::uint32_t i : walk_.places()) {
    const float* p = tree_.probabilities.data() + i * classes_;
    const std::string_view key{reinterpret_cast<const char*>(p), classes_ * sizeof(float)};
    const bool is_leaf = tree_.nodes[i].left == i;
    leaves_ += is_leaf ? 1 : 0;
    const auto next = static_cast<std::uint32_t>(answers_.size());
    const auto [entry, is_new] =
        is_leaf ? known.try_emplace(key, next) : std::pair{known.end(), false};
    answer_of_.push_back(is_leaf ? entry->second : 0);
    if (!is_new) continue;
    answers_.insert(answers_.end(), p, p + classes_);
    answers_.resize(answers_.size() + padded_ - classes_);
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
    walk_.find(data, count, any_missing(data, count * width_), leaves);
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

void Tree::save(ByteWriter& out) const {
  out.put(tree_version);
  out.put(static_cast<std::uint32_t>(width_));
  out.put(static_cast<std::uint32_t>(classes_));
  out.put(static_cast<std::uint32_t>(tree_.nodes.size()));
  for (const TreeNode& node : tree_.nodes) {
    out.put(node.cut);
    out.put(node.question);
    out.put(node.left);
  }
  out.put_bytes(std::as_bytes(std::span{tree_.probabilities}));
}

Error damaged(std::string what) {
  return {Errc::corrupt, "tree: " + std::move(what)};
}

/// A tree that came from outside: children lie behind their parent, each has one, and every
/// column exists. Then every walk ends.
Status check_nodes(const GrownTree& tree, std::size_t width) {
  const std::size_t count = tree.nodes.size();
  std::vector<std::uint8_t> depth(count, 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    const TreeNode& node = tree.nodes[i];
    if (i > 0 && depth[i] == 0) return damaged(fmt::format("node {} has no parent", i));
    if (node.column() >= width) {
      return damaged(fmt::format("node {} asks column {}", i, node.column()));
    }
    if (node.left == i) {
      if (node.cut != std::numeric_limits<float>::infinity() || node.missing_right() != 0) {
        return damaged(fmt::format("leaf {} asks a question", i));
      }
      continue;
    }
    if (std::isnan(node.cut) || node.left <= i || std::size_t{node.left} + 1 >= count ||
        depth[node.left] != 0 || depth[node.left + 1] != 0 || depth[i] >= tree_depth_max) {
      return damaged(fmt::format("node {} points at {}", i, node.left));
    }
    depth[node.left] = depth[node.left + 1] = static_cast<std::uint8_t>(depth[i] + 1);
  }
  return {};
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
                 fmt::format("tree: version {}, this build reads {}", version, tree_version)};
  }
  const auto width = in.get<std::uint32_t>();
  const auto classes = in.get<std::uint32_t>();
  const auto count = in.get<std::uint32_t>();
  constexpr std::size_t node_bytes = 12;
  if (!in.ok() || width == 0 || width > fit_columns_max || classes < 2 ||
      classes > fit_classes_max || count == 0 ||
      in.left() < std::size_t{count} * (node_bytes + classes * sizeof(float))) {
    return damaged("sizes do not fit the bytes");
  }
  GrownTree tree;
  tree.nodes.resize(count);
  for (TreeNode& node : tree.nodes) {
    node.cut = in.get<float>();
    node.question = in.get<std::uint32_t>();
    node.left = in.get<std::uint32_t>();
  }
  tree.probabilities.resize(std::size_t{count} * classes);
  const auto bytes = in.get_bytes(tree.probabilities.size() * sizeof(float));
  std::memcpy(tree.probabilities.data(), bytes.data(), bytes.size());
  if (const Status status = check_nodes(tree, width); !status) return status.error();
  if (const Status status = check_probabilities(tree, classes); !status) return status.error();
  return std::unique_ptr<Model>(std::make_unique<Tree>(width, classes, std::move(tree)));
}

Result<std::unique_ptr<Model>> fit_tree(const TrainingSet& set, const FitOptions& options) {
  OptionReader reader("tree", options);
  GrowOptions grow;
  grow.depth_max = reader.count("depth_max", grow.depth_max, 1, tree_depth_max);
  grow.leaf_rows_min = reader.count("leaf_rows_min", grow.leaf_rows_min, 1, 1'000'000);
  const bool balanced = reader.choice("class_weight", {"none", "balanced"}) == 1;
  if (const Status status = reader.status(); !status) return status.error();
  if (const Status status = check_training_set(set); !status) return status.error();
  const Error cancelled{Errc::cancelled, "tree: stopped before it was grown"};
  const Binned binned(set.rows, options.threads, options.stop);
  if (options.stop.stop_requested()) return cancelled;
  grow.class_count = set.classes.size();
  grow.class_weights = class_weights(set, balanced);
  grow.threads = options.threads;
  grow.stop = options.stop;
  GrownTree tree = grow_tree(binned, set.labels, set.weights, grow);
  if (options.stop.stop_requested()) return cancelled;
  return std::unique_ptr<Model>(
      std::make_unique<Tree>(set.rows.width, set.classes.size(), std::move(tree)));
}

}  // namespace

const ModelKind tree_kind{
    .name = "tree",
    .summary = "decision tree (options depth_max, leaf_rows_min, class_weight=none|balanced)",
    .record_kind = RecordKind::flow,
    .fit = fit_tree,
    .load = load_tree,
};

}  // namespace vedette
