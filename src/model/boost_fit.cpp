#include "model/boost_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <utility>

#include "base/random.hpp"
#include "base/simd.hpp"
#include "model/boost_softmax.hpp"
#include "model/fit_input.hpp"
#include "model/parallel.hpp"

namespace vedette {

namespace {

/// A well mixed number for every row (the finaliser of MurmurHash3, Appleby 2011): chance that
/// needs no order.
inline std::uint32_t mixed(std::uint32_t x) {
  x ^= x >> 16U;
  x *= 0x85ebca6bU;
  x ^= x >> 13U;
  x *= 0xc2b2ae35U;
  return x ^ (x >> 16U);
}

/// How many units a gradient of 1 and a curvature of `steepest` get.
constexpr float gradient_units = 32'766;
constexpr float curvature_units = 65'534;

/// Gradients of one class for softmax_rows rows: p - y and p (1 - p) times `steepness`, each by the
/// row's weight, in units and rounded by chance. A row of weight 0 gets exactly 0.
VEDETTE_WIDE void pack_rows(const float* p, const float* is_class, const float* weights,
                            std::uint32_t key, float curvature_scale, PackedGradient* out) {
  for (std::uint32_t i = 0; i < softmax_rows; ++i) {
    const std::uint32_t chance = mixed(key + i);
    const float up = static_cast<float>(static_cast<std::int32_t>(chance & 0xffffU)) * 0x1p-16F;
    const float also = static_cast<float>(static_cast<std::int32_t>(chance >> 16U)) * 0x1p-16F;
    // Above 0, where to cut off is to round down; then back.
    const float gradient = (p[i] - is_class[i]) * weights[i] * gradient_units;
    const auto whole = static_cast<std::int32_t>(gradient + up + 32'768.0F) - 32'768;
    const float curvature = p[i] * (1 - p[i]) * weights[i] * curvature_scale;
    const auto whole_curvature = static_cast<std::int32_t>(curvature + also);
    out[i] = static_cast<std::uint32_t>(whole) << 16U | static_cast<std::uint32_t>(whole_curvature);
  }
}

class Booster {
 public:
  Booster(const TrainingSet& set, const BoostSetup& setup, const FitOptions& options)
      : set_(set),
        setup_(setup),
        options_(options),
        rows_(set.rows.count),
        margins_(margins_of(set.classes.size())),
        random_(options.seed),
        binned_(set.rows, options.threads, options.stop) {}

  Result<Boosted> run() {
    const Error cancelled{Errc::cancelled, "boost: stopped before its last round"};
    if (options_.stop.stop_requested()) return cancelled;
    hold_back();
    weigh();
    start();
    std::size_t best_round = 0;
    double best_loss = validation_.empty() ? -1 : validation_loss();
    std::size_t nodes = 0;
    for (std::uint32_t round = 0; round < setup_.rounds && !active_.empty(); ++round) {
      tell(options_, round, setup_.rounds);
      set_gradients();
      if (!grow_round()) return cancelled;
      for (std::size_t m = 0; m < margins_; ++m) nodes += tree_of(round, m).nodes.size();
      if (!validation_.empty()) {
        const double loss = validation_loss();
        if (loss < best_loss) {
          best_loss = loss;
          best_round = round + 1U;
        } else if (round + 1U >= best_round + setup_.patience) {
          break;
        }
      }
      if (nodes > boost_nodes_max || boosted_.trees.size() + margins_ > boost_trees_max) break;
    }
    if (!validation_.empty()) boosted_.trees.resize(best_round * margins_);
    boosted_.validation_loss = best_loss;
    tell(options_, setup_.rounds, setup_.rounds);
    return std::move(boosted_);
  }

 private:
  void hold_back();
  void weigh();
  void start();
  void set_gradients();
  void fill_block(std::size_t from, std::vector<float>& scratch);
  bool grow_round();
  double validation_loss();
  BoostTree& tree_of(std::size_t round, std::size_t m) {
    return boosted_.trees[round * margins_ + m];
  }
  /// The class whose probability a margin raises.
  std::size_t class_of(std::size_t margin) const { return margins_ == 1 ? 1 : margin; }
  float* margin(std::size_t m) { return margin_values_.data() + m * padded_; }

  const TrainingSet& set_;
  const BoostSetup& setup_;
  const FitOptions& options_;
  std::size_t rows_;
  std::size_t margins_;
  Random random_;
  Binned binned_;
  std::size_t padded_ = 0;                 // rows, up to whole blocks of softmax_rows
  std::vector<std::uint32_t> validation_;  // rows held back, rising
  std::vector<float> weights_;             // per row, at most 1; 0: held back
  double heaviest_ = 1;                    // what a weight of 1 stands for
  std::vector<std::size_t> active_;        // margins that trees are grown for
  std::vector<float> margin_values_;       // [margin][row]
  std::vector<PackedGradient> packed_;     // [margin][row]
  std::vector<std::unique_ptr<BoostGrower>> idle_;
  std::mutex idle_guard_;
  Boosted boosted_;
};

/// The same share of every class (Knuth, volume 2, algorithm S), and nothing of a class so small
/// that its share is less than one row.
void Booster::hold_back() {
  if (setup_.patience == 0) return;
  std::vector<std::size_t> left(set_.classes.size());
  for (const std::uint16_t label : set_.labels) ++left[label];
  std::vector<std::size_t> wanted;
  for (const std::size_t count : left) {
    wanted.push_back(
        static_cast<std::size_t>(setup_.validation_share * static_cast<double>(count)));
  }
  for (std::uint32_t i = 0; i < rows_; ++i) {
    const std::size_t label = set_.labels[i];
    if (random_.below(left[label]) < wanted[label]) {
      validation_.push_back(i);
      --wanted[label];
    }
    --left[label];
  }
}

void Booster::weigh() {
  padded_ = (rows_ + softmax_rows - 1) / softmax_rows * softmax_rows;
  weights_.assign(padded_, 0);
  const std::vector<double> by_class = class_weights(set_, setup_.balanced);
  std::vector<double> weights(rows_);
  heaviest_ = 0;
  for (std::size_t i = 0; i < rows_; ++i) {
    weights[i] = by_class[set_.labels[i]];
    if (!set_.weights.empty()) weights[i] *= static_cast<double>(set_.weights[i]);
    heaviest_ = std::max(heaviest_, weights[i]);
  }
  for (std::size_t i = 0; i < rows_; ++i) {
    weights_[i] =
        std::max(std::numeric_limits<float>::min(), static_cast<float>(weights[i] / heaviest_));
  }
  for (const std::uint32_t row : validation_) weights_[row] = 0;
}

/// Every margin begins with the logarithm of its class's share: the best answer without a tree.
void Booster::start() {
  std::vector<double> sums(set_.classes.size());
  for (std::size_t i = 0; i < rows_; ++i) {
    sums[set_.labels[i]] += static_cast<double>(weights_[i]);
  }
  const double largest = *std::max_element(sums.begin(), sums.end());
  const auto share = [&](std::size_t k) {
    return sums[k] > 0 ? std::max<double>(boost_absent, std::log(sums[k] / largest)) : boost_absent;
  };
  const auto present = std::count_if(sums.begin(), sums.end(), [](double sum) { return sum > 0; });
  margin_values_.assign(margins_ * padded_, 0);
  packed_.assign(margins_ * padded_, 0);
  for (std::size_t m = 0; m < margins_; ++m) {
    const double base = margins_ == 1 ? share(1) - share(0) : share(m);
    boosted_.base.push_back(static_cast<float>(base));
    std::fill_n(margin(m), padded_, boosted_.base[m]);
    if (present > 1 && sums[class_of(m)] > 0) active_.push_back(m);
  }
}

/// `scratch` has room for one probability per class, and is [class][row of the block].
void Booster::fill_block(std::size_t from, std::vector<float>& scratch) {
  scratch.resize(std::max<std::size_t>(2, margins_) * softmax_rows);
  for (std::size_t m = 0; m < margins_; ++m) {
    std::copy_n(margin(m) + from, softmax_rows, scratch.data() + m * softmax_rows);
  }
  softmax(scratch.data(), margins_);
}

void Booster::set_gradients() {
  const std::uint64_t round_key = random_.next();
  // p (1 - p) is at most 1/4. Of many classes twice that is taken, which bounds what moving all
  // margins at once can do (and is what XGBoost takes).
  const float steepest = margins_ == 1 ? 0.25F : 0.5F;
  const float curvature_scale = (margins_ == 1 ? 1.0F : 2.0F) * curvature_units / steepest;
  run_parallel(options_.threads, padded_ / softmax_rows, [&](std::size_t block) {
    thread_local std::vector<float> scratch;
    const std::size_t from = block * softmax_rows;
    fill_block(from, scratch);
    std::array<float, softmax_rows> weights;
    const auto bar = static_cast<std::uint32_t>(setup_.subsample * 0xffffffp0);
    const auto sample_key =
        static_cast<std::uint32_t>(round_key) + static_cast<std::uint32_t>(from);
    for (std::uint32_t i = 0; i < softmax_rows; ++i) {
      const bool drawn = setup_.subsample >= 1 || mixed(sample_key + i) >> 8U < bar;
      weights[i] = drawn ? weights_[from + i] : 0.0F;
    }
    std::array<float, softmax_rows> is_class;
    for (const std::size_t m : active_) {
      const std::size_t k = class_of(m);
      for (std::size_t i = 0; i < softmax_rows; ++i) {
        is_class[i] = from + i < rows_ && set_.labels[from + i] == k ? 1.0F : 0.0F;
      }
      // Another stream for each round, block and class.
      const std::uint32_t key = mixed(static_cast<std::uint32_t>(round_key >> 32U) ^
                                      static_cast<std::uint32_t>(m * 0x9e3779b9U)) +
                                static_cast<std::uint32_t>(from);
      pack_rows(scratch.data() + k * softmax_rows, is_class.data(), weights.data(), key,
                curvature_scale, packed_.data() + m * padded_ + from);
    }
  });
}

/// Whole trees side by side while there are as many as threads; what is left shares its threads
/// out within the tree. @return false when asked to stop.
bool Booster::grow_round() {
  const std::size_t first = boosted_.trees.size();
  boosted_.trees.resize(first + margins_);
  for (std::size_t m = 0; m < margins_; ++m) {
    boosted_.trees[first + m] = {{{std::numeric_limits<float>::infinity(), 0, 0}}, {0}};
  }
  const GradientUnits units{
      heaviest_ / static_cast<double>(gradient_units),
      heaviest_ * (margins_ == 1 ? 0.25 : 0.5) / static_cast<double>(curvature_units)};
  const auto grow = [&](std::size_t m, unsigned threads) {
    if (options_.stop.stop_requested()) return;
    std::unique_ptr<BoostGrower> grower;
    {
      const std::lock_guard lock(idle_guard_);
      if (!idle_.empty()) {
        grower = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (grower == nullptr) grower = std::make_unique<BoostGrower>(binned_, setup_.tree);
    boosted_.trees[first + m] =
        grower->grow(std::span{packed_}.subspan(m * padded_, rows_), units, threads,
                     std::span{margin_values_}.subspan(m * padded_, rows_));
    const std::lock_guard lock(idle_guard_);
    idle_.push_back(std::move(grower));
  };
  const std::size_t threads = std::max(1U, options_.threads);
  const std::size_t whole = active_.size() / threads * threads;
  run_parallel(options_.threads, whole, [&](std::size_t i) { grow(active_[i], 1); });
  for (std::size_t i = whole; i < active_.size(); ++i) grow(active_[i], options_.threads);
  return !options_.stop.stop_requested();
}

/// Mean log loss of the rows held back, each by its weight.
double Booster::validation_loss() {
  std::vector<float> scratch(std::max<std::size_t>(2, margins_) * softmax_rows);
  const std::vector<double> by_class = class_weights(set_, setup_.balanced);
  double loss = 0;
  double sum = 0;
  for (std::size_t from = 0; from < validation_.size(); from += softmax_rows) {
    const std::size_t count = std::min(softmax_rows, validation_.size() - from);
    for (std::size_t m = 0; m < margins_; ++m) {
      for (std::size_t i = 0; i < count; ++i) {
        scratch[m * softmax_rows + i] = margin(m)[validation_[from + i]];
      }
    }
    softmax(scratch.data(), margins_);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t row = validation_[from + i];
      const std::size_t label = set_.labels[row];
      const double weight =
          by_class[label] * (set_.weights.empty() ? 1.0 : static_cast<double>(set_.weights[row]));
      const auto p = static_cast<double>(scratch[label * softmax_rows + i]);
      loss -= weight * std::log(std::max(p, 1e-15));
      sum += weight;
    }
  }
  return loss / sum;
}

}  // namespace

Result<Boosted> boost(const TrainingSet& set, const BoostSetup& setup, const FitOptions& options) {
  return Booster(set, setup, options).run();
}

}  // namespace vedette
