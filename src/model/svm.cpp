/// svm: support vector machines (Cortes, Vapnik: Support-Vector Networks, Machine Learning 20,
/// 1995).
///
/// Of all surfaces that part two classes, the one is sought that keeps the widest margin to both,
/// each row that comes too near costing C times as much as it is too near. The surface is a sum
/// over the rows that touch or violate the margin, the support vectors; all others could be thrown
/// away. With the kernel exp(-gamma |x - y|²) instead of a product the surface may bend.
///
/// More than two classes: one machine for each pair of classes. A decision becomes a probability by
/// a sigmoid (svm_platt.hpp), fitted not on the decisions of the rows the machine knows but on an
/// estimate of what each would have been had one copy of the row been left out
/// (left_out_decisions(): the price of one more pass over the support vectors, where
/// cross-validation costs five more fits). All pairs together give the probability of each class.
/// The sigmoids are 1/2 at a decision of 0, so that the likeliest class is the one with the most
/// votes (but for 1 of 13,429 flows of IoT-23, whose votes are tied). Platt's free offset gained 4
/// % of log loss there and lost 0.014 of macro-F1, as it talks rare classes down; it would also
/// undo class_weight=balanced.
///
/// kernel=rbf       the exact one, by SMO (svm_smo.cpp). Time about the square of the distinct
/// rows. kernel=linear    a plane per pair, by dual coordinate descent (svm_linear.hpp).
/// kernel=features  planes over random cosines that imitate the rbf kernel; time grows with the
///                  rows, memory is points_max × features × 4 bytes (400 MB by default).
/// kernel=auto      rbf up to 60,000 distinct rows, features beyond.
///
/// What makes it fast on flows: equal rows are one row with a larger bound, exactly the same
/// problem, often a fifth of the size; pairs are solved side by side.
///
/// C=1 and gamma=1/(columns × variance), as in scikit-learn. Columns are scaled (scaler.hpp).
/// Memory of a fit: the different rows, twice for every pair being solved, and cache_mib.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/random.hpp"
#include "model/fit_input.hpp"
#include "model/model.hpp"
#include "model/parallel.hpp"
#include "model/svm_linear.hpp"
#include "model/svm_model.hpp"
#include "model/svm_rows.hpp"
#include "model/svm_smo.hpp"

namespace vedette {

namespace {

/// The rbf kernel refuses more: SMO would be at it for days.
constexpr std::size_t rbf_points_max = 1'000'000;
/// A bound beyond this is a hard margin for every purpose, and stays inside a float.
constexpr double bound_max = 1e15;

struct SvmOptions {
  std::size_t kernel = 0;  ///< auto, rbf, linear, features
  double c = 1;
  double gamma = 0;  ///< 0: scale
  double tolerance = 1e-3;
  std::size_t cache_mib = 256;
  bool shrinking = true;
  std::size_t features = 512;
  std::size_t points_max = 200'000;
  bool balanced = false;
};

SvmOptions read_options(OptionReader& reader) {
  SvmOptions out;
  out.kernel = reader.choice("kernel", {"auto", "rbf", "linear", "features"});
  out.c = reader.number("c", out.c, 1e-6, 1e6);
  out.gamma = reader.number("gamma", out.gamma, 0, 1e6);
  out.tolerance = reader.number("tolerance", out.tolerance, 1e-6, 0.1);
  out.cache_mib = reader.count("cache_mib", 256, 1, 65'536);
  out.shrinking = reader.flag("shrinking", out.shrinking);
  out.features = reader.count("features", 512, 16, svm_features_max);
  out.points_max = reader.count("points_max", 200'000, 1000, 10'000'000);
  out.balanced = reader.choice("class_weight", {"none", "balanced"}) == 1;
  return out;
}

/// One pair of classes: which points, and how much each may weigh.
struct PairTask {
  std::size_t first = 0, second = 0;  ///< classes
  std::vector<std::uint32_t> rows;    ///< of the first class, then of the second
  std::vector<double> bounds;
  std::vector<double> units;    ///< what one copy adds to the bound
  std::vector<double> weights;  ///< without C and class weight, 1 on average
  std::size_t positives = 0;
};

/// What a pair contributes to the model.
struct PairResult {
  SvmParts::Pair pair;
  std::vector<SvmTerm> terms;  ///< `vector` is the index of the row
  std::vector<float> weights;
  bool unfinished = false;
};

class Fit {
 public:
  Fit(const TrainingSet& set, const FitOptions& options, const SvmOptions& own)
      : set_(set), options_(options), own_(own) {}
  Result<std::unique_ptr<Model>> run();

 private:
  Status choose_kernel();
  void find_flags();
  LaneRows pack(std::span<const std::uint32_t> rows) const;
  void make_features();
  PairTask task_of(std::size_t first, std::size_t second) const;
  PairResult solve(std::size_t pair, std::size_t first, std::size_t second) const;
  void solve_rbf(const PairTask& task, PairResult& out) const;
  void solve_planes(std::size_t pair, const PairTask& task, PairResult& out) const;
  void solve_pairs();
  void gather_vectors(std::vector<PairResult>& results);
  bool stopped() const { return options_.stop.stop_requested(); }

  const TrainingSet& set_;
  const FitOptions& options_;
  const SvmOptions& own_;
  MergedRows rows_;
  std::vector<double> class_weights_;
  std::vector<float> features_;  ///< of every different row
  std::size_t cache_bytes_ = 0;  ///< for one pair
  SvmParts parts_;
};

Status Fit::choose_kernel() {
  parts_.classes = set_.classes.size();
  parts_.c = own_.c;
  parts_.rows = set_.rows.count;
  parts_.distinct = parts_.learned = rows_.points();
  parts_.automatic = own_.kernel == 0;
  parts_.kernel = own_.kernel > 0                        ? static_cast<SvmKernel>(own_.kernel - 1)
                  : parts_.distinct <= svm_auto_rows_max ? SvmKernel::rbf
                                                         : SvmKernel::features;
  parts_.gamma = own_.gamma > 0 ? own_.gamma : scale_gamma(rows_);
  for (std::size_t k = 0; k < rows_.classes.size(); ++k) {
    if (!rows_.classes[k].empty()) parts_.present.push_back(static_cast<std::uint16_t>(k));
  }
  if (parts_.kernel == SvmKernel::rbf && parts_.distinct > rbf_points_max) {
    return Error{Errc::too_large,
                 fmt::format("svm: {} distinct rows; kernel=rbf takes at most {}, kernel=features "
                             "any number",
                             parts_.distinct, rbf_points_max)};
  }
  return {};
}

/// A categorical column that holds nothing but 0 and 1 (where missing: 0).
void Fit::find_flags() {
  parts_.is_flag.assign(rows_.width, 0);
  for (std::size_t c = 0; c < rows_.width && parts_.kernel == SvmKernel::rbf; ++c) {
    bool flag = set_.schema.columns[c].kind == ColumnKind::categorical;
    for (std::size_t i = 0; flag && i < rows_.row_count(); ++i) {
      const float value = rows_.row(i)[c];
      flag = value == 0 || value == 1;
    }
    parts_.is_flag[c] = flag ? 1 : 0;
  }
  parts_.packing = packing_of(parts_.is_flag);
}

LaneRows Fit::pack(std::span<const std::uint32_t> rows) const {
  LaneRows out(rows.size(), parts_.packing.width(), parts_.packing.words());
  std::vector<float> packed(parts_.packing.width());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    parts_.packing.pack(rows_.row(rows[i]), packed.data());
    out.set(i, packed.data());
  }
  return out;
}

/// Every different row becomes its cosines, once for all pairs.
void Fit::make_features() {
  thin(rows_, own_.points_max, options_.seed);
  parts_.learned = rows_.points();
  parts_.frequency_count = own_.features / 16 * 8;  // whole vectors of cosines and of sines
  Random random = Random(options_.seed).split();
  parts_.frequencies = draw_frequencies(rows_.width, parts_.frequency_count, parts_.gamma, random);
  // Only rows that still have a point.
  std::vector<std::uint32_t> place(rows_.row_count(), UINT32_MAX), used;
  for (auto& points : rows_.classes) {
    for (MergedRows::Point& point : points) {
      if (place[point.row] == UINT32_MAX) {
        place[point.row] = static_cast<std::uint32_t>(used.size());
        used.push_back(point.row);
      }
      point.row = place[point.row];
    }
  }
  const std::size_t size = parts_.dimensions();
  features_.resize(used.size() * size);
  constexpr std::size_t block = 512;
  const float scale = 1 / std::sqrt(static_cast<float>(parts_.frequency_count));
  run_parallel(options_.threads, (used.size() + block - 1) / block, [&](std::size_t task) {
    if (stopped()) return;
    for (std::size_t i = task * block; i < std::min(used.size(), (task + 1) * block); ++i) {
      float* to = features_.data() + i * size;
      fourier_features(parts_.frequencies.data(), parts_.frequency_count, rows_.width,
                       rows_.row(used[i]), to);
      for (std::size_t f = 0; f < size; ++f) to[f] *= scale;
    }
  });
}

PairTask Fit::task_of(std::size_t first, std::size_t second) const {
  PairTask task;
  task.first = first;
  task.second = second;
  double total = 0, copies = 0;
  for (const std::size_t k : {first, second}) {
    for (const MergedRows::Point& point : rows_.classes[k]) {
      const double bound = own_.c * class_weights_[k] * point.weight;
      task.rows.push_back(point.row);
      task.bounds.push_back(std::min(bound, bound_max));
      task.units.push_back(task.bounds.back() / static_cast<double>(point.copies));
      task.weights.push_back(point.weight);
      total += point.weight;
      copies += static_cast<double>(point.copies);
    }
    if (k == first) task.positives = task.rows.size();
  }
  for (double& weight : task.weights) weight *= copies / total;
  return task;
}

void Fit::solve_rbf(const PairTask& task, PairResult& out) const {
  const LaneRows rows = pack(task.rows);
  SmoOptions smo;
  smo.gamma = parts_.gamma;
  smo.tolerance = own_.tolerance;
  smo.shrinking = own_.shrinking;
  smo.cache_bytes = cache_bytes_;
  smo.stop = options_.stop;
  const SmoSolution solution = solve_smo(rows, task.positives, task.bounds, smo);
  if (solution.cancelled) return;
  out.unfinished = solution.violation > 2 * own_.tolerance;
  out.pair.bias = solution.bias;
  const std::vector<double> decisions =
      left_out_decisions(rows, task.positives, task.bounds, task.units, solution, smo);
  out.pair.sigmoid = fit_sigmoid(decisions, task.weights, task.positives, true);
  // A row with both labels stands twice in the problem and once in the model.
  std::vector<std::pair<std::uint32_t, double>> terms;
  for (std::size_t i = 0; i < task.rows.size(); ++i) {
    if (solution.beta[i] != 0) terms.emplace_back(task.rows[i], solution.beta[i]);
  }
  std::stable_sort(terms.begin(), terms.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < terms.size();) {
    double sum = 0;
    const std::uint32_t row = terms[i].first;
    for (; i < terms.size() && terms[i].first == row; ++i) sum += terms[i].second;
    if (static_cast<float>(sum) != 0) out.terms.push_back({row, static_cast<float>(sum)});
  }
}

void Fit::solve_planes(std::size_t pair, const PairTask& task, PairResult& out) const {
  const bool curved = parts_.kernel == SvmKernel::features;
  const PickedRows rows{curved ? features_.data() : rows_.rows.data(), parts_.dimensions(),
                        task.rows};
  LinearOptions linear;
  // A projected gradient falls slowly at its end: LIBLINEAR itself stops at 0.1.
  linear.tolerance = 10 * own_.tolerance;
  linear.stop = options_.stop;
  // A stream of its own for each pair, whoever solves it.
  LinearSolution solution = solve_linear(rows, task.positives, task.bounds,
                                         Random(options_.seed ^ (0x5eed0000ULL + pair)), linear);
  if (solution.cancelled) return;
  out.unfinished = !solution.finished;
  out.pair.bias = solution.bias;
  out.pair.sigmoid = fit_sigmoid(solution.decision, task.weights, task.positives, true);
  out.weights = std::move(solution.weights);
  if (!curved) return;
  // The model's features are not scaled.
  const float scale = 1 / std::sqrt(static_cast<float>(parts_.frequency_count));
  for (float& weight : out.weights) weight *= scale;
}

PairResult Fit::solve(std::size_t pair, std::size_t first, std::size_t second) const {
  PairResult out;
  if (stopped()) return out;
  const PairTask task = task_of(first, second);
  if (parts_.kernel == SvmKernel::rbf) {
    solve_rbf(task, out);
  } else {
    solve_planes(pair, task, out);
  }
  return out;
}

void Fit::solve_pairs() {
  struct Work {
    std::size_t pair, first, second, cost;
  };
  std::vector<Work> work;
  std::uint64_t total = 0, largest = 0;
  for (std::size_t i = 0; i < parts_.present.size(); ++i) {
    for (std::size_t j = i + 1; j < parts_.present.size(); ++j) {
      const std::size_t a = parts_.present[i], b = parts_.present[j];
      const std::size_t cost = rows_.classes[a].size() + rows_.classes[b].size();
      work.push_back({work.size(), a, b, cost});
      total += cost;
      largest = std::max<std::uint64_t>(largest, cost);
    }
  }
  // The largest first: the others fill the time beside it.
  std::stable_sort(work.begin(), work.end(),
                   [](const Work& a, const Work& b) { return a.cost > b.cost; });
  const std::size_t sharing =
      std::clamp<std::size_t>(options_.threads, 1, std::max<std::size_t>(1, work.size()));
  cache_bytes_ = (own_.cache_mib << 20U) / sharing;
  std::vector<PairResult> results(work.size());
  std::atomic<std::uint64_t> done{0};
  tell(options_, 0, total);
  run_parallel(options_.threads, work.size(), [&](std::size_t i) {
    results[work[i].pair] = solve(work[i].pair, work[i].first, work[i].second);
    tell(options_, done += work[i].cost, total);
  });
  if (!stopped()) gather_vectors(results);
}

void Fit::gather_vectors(std::vector<PairResult>& results) {
  std::vector<std::uint32_t> place(rows_.row_count(), UINT32_MAX);
  for (const PairResult& result : results) {
    for (const SvmTerm& term : result.terms) place[term.vector] = 0;
  }
  std::vector<std::uint32_t> used;
  for (std::uint32_t row = 0; row < place.size(); ++row) {
    if (place[row] == UINT32_MAX) continue;
    place[row] = static_cast<std::uint32_t>(used.size());
    used.push_back(row);
  }
  parts_.vectors = pack(used);
  for (PairResult& result : results) {
    parts_.pairs.push_back(result.pair);
    parts_.unfinished += result.unfinished ? 1 : 0;
    for (const SvmTerm& term : result.terms) {
      parts_.terms.push_back({place[term.vector], term.coefficient});
    }
    parts_.term_ends.push_back(parts_.terms.size());
    parts_.weights.insert(parts_.weights.end(), result.weights.begin(), result.weights.end());
    result = {};
  }
}

Result<std::unique_ptr<Model>> Fit::run() {
  const Error cancelled{Errc::cancelled, "svm: stopped before every pair was solved"};
  if (stopped()) return cancelled;
  parts_.scaler = Scaler::fit(set_);
  rows_ = merge_rows(set_, parts_.scaler, options_.stop);
  if (rows_.cancelled) return cancelled;
  class_weights_ = class_weights(set_, own_.balanced);
  if (const Status status = choose_kernel(); !status) return status.error();
  find_flags();
  if (parts_.kernel == SvmKernel::features) make_features();
  solve_pairs();
  if (stopped()) return cancelled;
  return make_svm(std::move(parts_));
}

Result<std::unique_ptr<Model>> fit_svm(const TrainingSet& set, const FitOptions& options) {
  OptionReader reader("svm", options);
  const SvmOptions own = read_options(reader);
  if (const Status status = reader.status(); !status) return status.error();
  if (const Status status = check_training_set(set); !status) return status.error();
  return Fit(set, options, own).run();
}

}  // namespace

const ModelKind svm_kind{
    .name = "svm",
    .summary =
        "support vector machines, one per pair of classes (options "
        "kernel=auto|rbf|linear|features, c, gamma (0: scale), tolerance, cache_mib, "
        "shrinking, features, points_max, class_weight=none|balanced)",
    .record_kind = RecordKind::flow,
    .fit = fit_svm,
    .load = load_svm,
    .search = {{"c", {"0.1", "1", "10", "100"}},
               {"gamma", {"0", "0.01", "0.05", "0.2"}},
               {"class_weight", {"none", "balanced"}}},
};

}  // namespace vedette
