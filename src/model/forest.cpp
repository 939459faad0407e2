/// forest: many trees that err differently (Breiman: Random Forests, 2001; Geurts, Ernst, Wehenkel:
/// Extremely randomized trees, 2006).
///
/// One deep tree fits its rows' noise. A random forest grows each of its trees on a bootstrap (as
/// many rows as there are, drawn with replacement, so that 37 % are left out) and lets every node
/// choose among a few columns drawn for it. Each tree is a little worse, but their errors have
/// little in common, and the mean of their leaf probabilities loses the noise and keeps the signal.
/// style=extra_trees draws chance further down: every tree sees all rows, and a node compares one
/// cut per column, drawn evenly between the column's ends, instead of every cut.
///
/// The rows a tree never saw are a test for free: describe() tells the accuracy of the votes of
/// those trees alone (out of bag), on up to 65,536 evenly spaced rows.
///
/// Trees grow side by side, each from a seed drawn from FitOptions::seed in its turn. A model stays
/// below 640 MiB: what 512 MiB hold in nodes is shared among the trees, and where leaf_rows_min
/// rows a leaf would make more leaves than that, leaves are larger (200,000 rows, 100 trees, 5
/// classes: 2 rows a leaf and up; 1.44 million: 10).
///
/// explain() follows Saabas (2014): what the steps of a row's path add to the probability is
/// credited to the columns asked, as the mean over trees.
#include "model/forest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include "base/expects.hpp"
#include "base/random.hpp"
#include "model/fit_input.hpp"
#include "model/parallel.hpp"

namespace vedette {

namespace {

constexpr std::size_t forest_bytes = std::size_t{512} << 20U;
constexpr std::size_t oob_rows_max = 65'536;

struct Setup {
  bool extra_trees = false;
  std::uint32_t trees = 100;
  std::uint32_t leaf_rows_min = 2;
  bool balanced = false;
  GrowOptions grow;
};

/// How often each row is drawn when as many are drawn as there are.
std::vector<std::uint32_t> bootstrap(std::size_t rows, Random& random) {
  std::vector<std::uint32_t> times(rows);
  for (std::size_t i = 0; i < rows; ++i) ++times[random.below(rows)];
  return times;
}

class Planter {
 public:
  Planter(const TrainingSet& set, const FitOptions& options, const Setup& setup)
      : set_(set),
        options_(options),
        setup_(setup),
        binned_(set.rows, options.threads, options.stop),
        weights_(set.weights.empty() ? FixedWeights{} : fix_weights(set.weights)),
        judged_(std::min(oob_rows_max, set.rows.count)) {
    Random random(options.seed);
    for (std::uint32_t t = 0; t < setup.trees; ++t) seeds_.push_back(random.next());
  }

  /// Trees one after the other per thread; each writes its own place.
  ForestParts plant() {
    std::vector<GrownTree> grown(setup_.trees);
    unseen_.resize(setup_.trees);
    std::atomic<std::size_t> done = 0;
    run_parallel(options_.threads, setup_.trees, [&](std::size_t t) {
      if (options_.stop.stop_requested()) return;
      grown[t] = grow(t);
      tell(options_, ++done, setup_.trees);
    });
    ForestParts parts(set_.rows.width, set_.classes.size());
    parts.extra_trees = setup_.extra_trees;
    if (options_.stop.stop_requested()) return parts;
    for (GrownTree& tree : grown) {
      parts.add(tree);
      tree = {};
    }
    return parts;
  }

  /// The votes of the trees that never saw a row, on rows judged_ evenly apart.
  void judge(const Forest& forest, ForestParts::OutOfBag& out) const {
    constexpr std::size_t tasks = 32;
    std::array<std::size_t, tasks> rows{};
    std::array<std::size_t, tasks> right{};
    run_parallel(options_.threads, tasks, [&](std::size_t task) {
      std::vector<float> votes(set_.classes.size());
      const std::size_t to = judged_ * (task + 1) / tasks;
      for (std::size_t i = judged_ * task / tasks; i < to; ++i) {
        if (options_.stop.stop_requested()) return;
        const std::size_t row = judged_row(i);
        const auto unseen = [&](std::size_t t) { return (unseen_[t][i / 8] >> (i % 8) & 1U) != 0; };
        if (!forest.vote(set_.rows[row], unseen, votes)) continue;
        const auto top = std::max_element(votes.begin(), votes.end()) - votes.begin();
        ++rows[task];
        right[task] += top == set_.labels[row] ? 1 : 0;
      }
    });
    out.rows = std::accumulate(rows.begin(), rows.end(), std::uint64_t{0});
    out.right = std::accumulate(right.begin(), right.end(), std::uint64_t{0});
  }

 private:
  std::size_t judged_row(std::size_t i) const { return i * set_.rows.count / judged_; }

  GrownTree grow(std::size_t t) {
    GrowOptions grow = setup_.grow;
    Random random(seeds_[t]);
    grow.seed = random.next();
    RowShare share;
    std::vector<std::uint32_t> times;
    std::vector<std::uint64_t> weights;
    if (!setup_.extra_trees) {
      times = bootstrap(set_.rows.count, random);
      std::vector<std::uint8_t>& unseen = unseen_[t];
      unseen.resize((judged_ + 7) / 8);
      for (std::size_t i = 0; i < judged_; ++i) {
        const unsigned never = times[judged_row(i)] == 0 ? 1U : 0U;
        unseen[i / 8] = static_cast<std::uint8_t>(unseen[i / 8] | never << (i % 8));
      }
    }
    for (std::uint32_t i = 0; i < set_.rows.count; ++i) {
      if (times.empty() || times[i] > 0) share.rows.push_back(i);
    }
    if (weights_.weights.empty()) {
      share.times = times;
    } else {
      weights = weights_.weights;
      for (std::size_t i = 0; i < times.size(); ++i) weights[i] *= times[i];
      share.weights = weights;
      share.unit = weights_.unit;
    }
    return grow_tree_on(binned_, set_.labels, std::move(share), grow);
  }

  const TrainingSet& set_;
  const FitOptions& options_;
  const Setup& setup_;
  Binned binned_;
  FixedWeights weights_;
  std::vector<std::uint64_t> seeds_;
  std::size_t judged_;
  std::vector<std::vector<std::uint8_t>> unseen_;  // per tree, a bit per judged row
};

/// Leaves no more than the model's bytes allow: two nodes a leaf, shares at one of them.
std::uint32_t leaf_rows(const TrainingSet& set, const Setup& setup) {
  const std::size_t leaf_bytes = 2 * node_bytes + 2 * set.classes.size();
  const std::size_t leaves = forest_bytes / setup.trees / leaf_bytes;
  const std::size_t least = (set.rows.count + leaves - 1) / leaves;
  return std::max(setup.leaf_rows_min, static_cast<std::uint32_t>(least));
}

Result<std::unique_ptr<Model>> fit_forest(const TrainingSet& set, const FitOptions& options) {
  OptionReader reader("forest", options);
  Setup setup;
  setup.extra_trees = reader.choice("style", {"random_forest", "extra_trees"}) == 1;
  setup.trees = reader.count("trees", setup.trees, 1, forest_trees_max);
  setup.leaf_rows_min = reader.count("leaf_rows_min", setup.leaf_rows_min, 1, 1'000'000);
  setup.grow.depth_max = reader.count("depth_max", setup.grow.depth_max, 1, tree_depth_max);
  const std::uint32_t columns = reader.count("columns_per_node", 0, 0, fit_columns_max);
  setup.grow.criterion =
      reader.choice("criterion", {"gini", "entropy"}) == 0 ? Criterion::gini : Criterion::entropy;
  setup.balanced = reader.choice("class_weight", {"none", "balanced"}) == 1;
  if (const Status status = reader.status(); !status) return status.error();
  if (const Status status = check_training_set(set, options.threads); !status) {
    return status.error();
  }
  const double root = std::sqrt(static_cast<double>(set.rows.width));
  setup.grow.columns_tried = columns == 0
                                 ? static_cast<std::uint32_t>(root)
                                 : std::min(columns, static_cast<std::uint32_t>(set.rows.width));
  setup.grow.random_cuts = setup.extra_trees;
  setup.grow.leaf_rows_min = leaf_rows(set, setup);
  setup.grow.class_count = set.classes.size();
  setup.grow.class_weights = class_weights(set, setup.balanced);
  setup.grow.stop = options.stop;
  const Error cancelled{Errc::cancelled, "forest: stopped before its last tree"};
  if (options.stop.stop_requested()) return cancelled;
  Planter planter(set, options, setup);
  ForestParts parts = planter.plant();
  if (options.stop.stop_requested()) return cancelled;
  auto forest = std::make_unique<Forest>(std::move(parts));
  if (!setup.extra_trees) {
    ForestParts::OutOfBag out;
    planter.judge(*forest, out);
    if (options.stop.stop_requested()) return cancelled;
    forest->set_out_of_bag(out);
  }
  return std::unique_ptr<Model>(std::move(forest));
}

}  // namespace

const ModelKind forest_kind{
    .name = "forest",
    .summary =
        "random forest (options style=random_forest|extra_trees, trees, leaf_rows_min, "
        "depth_max, columns_per_node (0: the root of their number), "
        "criterion=gini|entropy, class_weight=none|balanced)",
    .record_kind = RecordKind::flow,
    .fit = fit_forest,
    .load = load_forest,
    .search = {{"style", {"random_forest", "extra_trees"}},
               {"leaf_rows_min", {"1", "2", "5", "20"}},
               {"columns_per_node", {"0", "8", "16"}},
               {"class_weight", {"none", "balanced"}}},
};

}  // namespace vedette
