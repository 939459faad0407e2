#include "model/tree_prune.hpp"

#include <functional>
#include <limits>
#include <queue>
#include <utility>

namespace vedette {

namespace {

class Pruner {
 public:
  Pruner(const GrownTree& tree, const GrowOptions& options)
      : tree_(tree), options_(options), nodes_(tree.nodes.size()) {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i].own = risk(i);
      if (is_leaf(i)) continue;
      nodes_[tree_.nodes[i].left].parent = i;
      nodes_[tree_.nodes[i].left + 1].parent = i;
    }
    for (std::size_t i = nodes_.size(); i-- > 0;) {  // children lie behind their parents
      Node& node = nodes_[i];
      if (is_leaf(static_cast<std::uint32_t>(i))) {
        node.below = node.own;
        node.leaves = 1;
      } else {
        const std::uint32_t left = tree_.nodes[i].left;
        node.below = nodes_[left].below + nodes_[left + 1].below;
        node.leaves = nodes_[left].leaves + nodes_[left + 1].leaves;
      }
    }
  }

  void prune(double alpha) {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) queue(i);
    while (!weakest_.empty() && weakest_.top().first <= alpha) {
      const auto [cost, at] = weakest_.top();
      weakest_.pop();
      if (nodes_[at].leaves == 1 || nodes_[at].gone || cost != cost_of(at)) continue;  // outdated
      cut_off(at);
    }
  }

  GrownTree rest() const {
    const std::size_t classes = options_.class_count;
    GrownTree out;
    std::vector<std::uint32_t> from{0};
    for (std::uint32_t i = 0; i < from.size(); ++i) {
      TreeNode node = tree_.nodes[from[i]];
      if (nodes_[from[i]].leaves == 1) {
        node = {};
        node.cut = std::numeric_limits<float>::infinity();
        node.left = i;
      } else {
        node.left = static_cast<std::uint32_t>(from.size());
        from.push_back(tree_.nodes[from[i]].left);
        from.push_back(tree_.nodes[from[i]].left + 1);
      }
      const auto p = tree_.probabilities.begin() + static_cast<std::ptrdiff_t>(from[i] * classes);
      out.nodes.push_back(node);
      out.rows.push_back(tree_.rows[from[i]]);
      out.probabilities.insert(out.probabilities.end(), p,
                               p + static_cast<std::ptrdiff_t>(classes));
    }
    return out;
  }

 private:
  struct Node {
    double own = 0;    ///< R(t)
    double below = 0;  ///< R(T)
    std::uint32_t leaves = 1;
    std::uint32_t parent = 0;
    bool gone = false;  ///< below a node that became a leaf
  };
  using Link = std::pair<double, std::uint32_t>;

  bool is_leaf(std::uint32_t i) const { return tree_.nodes[i].left == i; }
  /// The node's rows, each by its class's weight: the shares p are of those weights, so a row of
  /// class k is p / w of the node's.
  double weight(std::uint32_t i) const {
    double rows_per_weight = 0;
    for (std::size_t k = 0; k < options_.class_count; ++k) {
      rows_per_weight += share(i, k) / options_.class_weights[k];
    }
    return tree_.rows[i] / rows_per_weight;
  }
  double share(std::uint32_t i, std::size_t k) const {
    return static_cast<double>(tree_.probabilities[i * options_.class_count + k]);
  }
  double risk(std::uint32_t i) const {
    std::vector<double> p(options_.class_count);
    for (std::size_t k = 0; k < p.size(); ++k) p[k] = share(i, k);
    return impurity(options_.criterion, p) * weight(i) / weight(0);
  }
  double cost_of(std::uint32_t i) const {
    return (nodes_[i].own - nodes_[i].below) / static_cast<double>(nodes_[i].leaves - 1);
  }
  void queue(std::uint32_t i) {
    if (nodes_[i].leaves > 1) weakest_.push({cost_of(i), i});
  }
  void cut_off(std::uint32_t at) {
    std::vector<std::uint32_t> below{at};
    while (!below.empty()) {
      const std::uint32_t i = below.back();
      below.pop_back();
      if (is_leaf(i) || nodes_[i].leaves == 1) continue;
      nodes_[tree_.nodes[i].left].gone = nodes_[tree_.nodes[i].left + 1].gone = true;
      below.push_back(tree_.nodes[i].left);
      below.push_back(tree_.nodes[i].left + 1);
    }
    const double more = nodes_[at].own - nodes_[at].below;
    const std::uint32_t fewer = nodes_[at].leaves - 1;
    for (std::uint32_t i = at;; i = nodes_[i].parent) {
      nodes_[i].below += more;
      nodes_[i].leaves -= fewer;
      queue(i);
      if (i == 0) return;
    }
  }

  const GrownTree& tree_;
  const GrowOptions& options_;
  std::vector<Node> nodes_;
  std::priority_queue<Link, std::vector<Link>, std::greater<>> weakest_;
};

}  // namespace

GrownTree prune_tree(const GrownTree& tree, const GrowOptions& options, double alpha) {
  Pruner pruner(tree, options);
  pruner.prune(alpha);
  return pruner.rest();
}

}  // namespace vedette
