/// Sequential minimal optimisation (Platt: Fast Training of Support Vector Machines using SMO,
/// 1998). The dual of the support vector machine has one number a row, bounded, and one equation
/// over all of them. SMO moves two numbers at a time, one up and the other down by as much, which
/// keeps the equation and has a solution in closed form.
///
/// Which two decides how long it takes. The first is the one that asks most to grow; the second the
/// one with which the step gains most to second order (Fan, Chen, Lin: Working Set Selection Using
/// Second Order Information, JMLR 6, 2005). Rows that sit at a bound and would rather go beyond are
/// put aside (shrinking; Joachims 1999) and looked at again at the end. Rows of the kernel matrix
/// are kept in a cache; one that was thrown away is computed again to the same bits.
///
/// The signed form is used (Bottou, Lin: Support Vector Machine Solvers, 2007): beta = label ×
/// alpha. Then the gradient needs no labels, and equal rows of both labels are two ordinary places
/// whose exchange costs nothing. Equal rows of one label are one row with a larger bound: at the
/// optimum of the unmerged problem only the sum of their alphas matters.
#include "model/svm_smo.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <list>
#include <numeric>
#include <utility>

#include "base/expects.hpp"

namespace vedette {

namespace {

/// Rows of the kernel matrix by the identity of their row, the least recently used thrown out.
/// Each is a prefix of the current order of places, up to a length of its own.
class KernelCache {
 public:
  KernelCache(std::size_t rows, std::size_t bytes) : slots_(rows), room_(bytes / sizeof(float)) {}

  /// The kept prefix of the row, resized to hold `length` values. `have` is how many of them are
  /// there. Valid until the second call of get() after this one.
  std::vector<float>& get(std::uint32_t row, std::size_t length, std::size_t& have) {
    Slot& slot = slots_[row];
    have = std::min(slot.length, length);
    if (slot.kept) {
      order_.splice(order_.begin(), order_, slot.place);
    } else {
      order_.push_front(row);
      slot.place = order_.begin();
      slot.kept = true;
    }
    if (slot.length < length) {
      const std::size_t size = LaneRows::padded(length);
      make_room(size - slot.values.size());
      if (slot.values.empty()) slot.values.swap(spare_);
      used_ += size - slot.values.size();
      slot.values.resize(size);
      slot.length = length;
    }
    return slot.values;
  }

  /// Place p of the first order.size() now holds what place order[p] held.
  void permute(std::span<const std::uint32_t> order) {
    std::vector<float> moved(order.size());
    for (const std::uint32_t row : order_) {
      Slot& slot = slots_[row];
      if (slot.length < order.size()) {
        // Cannot be put in order: what is not there may come to lie in front.
        used_ -= slot.values.size();
        slot.values.clear();
        slot.length = 0;
        continue;
      }
      for (std::size_t p = 0; p < order.size(); ++p) moved[p] = slot.values[order[p]];
      std::copy(moved.begin(), moved.end(), slot.values.begin());
    }
  }

 private:
  struct Slot {
    std::vector<float> values;
    std::size_t length = 0;
    bool kept = false;
    std::list<std::uint32_t>::iterator place;
  };
  /// The two newest rows are in use.
  void make_room(std::size_t wanted) {
    while (used_ + wanted > room_ && order_.size() > 2) {
      Slot& slot = slots_[order_.back()];
      used_ -= slot.values.size();
      spare_ = std::move(slot.values);
      spare_.clear();
      slot = {};
      order_.pop_back();
    }
  }
  std::vector<Slot> slots_;
  std::list<std::uint32_t> order_;
  std::vector<float> spare_;  // the buffer of the row thrown out last
  std::size_t room_, used_ = 0;
};

class Solver {
 public:
  Solver(LaneRows rows, std::size_t positives, std::span<const double> bounds,
         const SmoOptions& options);
  SmoSolution run();

 private:
  using Permutation = std::vector<std::uint32_t>;
  SmoView view() const { return {active_, v_.data(), up_.data(), down_.data()}; }
  const float* kernel_row(std::size_t place, std::size_t length);
  void mark(std::size_t place);
  double exchange(std::size_t i, std::size_t j, const float* row_i);
  void shrink(const SmoExtremes& extremes);
  void activate_all();
  void reorder(const Permutation& order);
  SmoExtremes iterate();
  double bias() const;
  SmoSolution finish(const SmoExtremes& extremes);

  static constexpr float infinity = std::numeric_limits<float>::infinity();
  SmoOptions options_;
  std::size_t count_, active_;
  LaneRows rows_;
  Permutation row_of_;  // place → row as given
  std::vector<double> v_, beta_, low_, high_, label_;
  std::vector<float> up_, down_;  // padded: what lies behind the active places has no room
  std::vector<float> x_;
  KernelCache cache_;
  std::uint64_t iterations_ = 0;
  bool unshrunk_ = false;
  bool cancelled_ = false;
};

Solver::Solver(LaneRows rows, std::size_t positives, std::span<const double> bounds,
               const SmoOptions& options)
    : options_(options),
      count_(rows.count()),
      active_(count_),
      rows_(std::move(rows)),
      row_of_(count_),
      v_(LaneRows::padded(count_)),
      beta_(count_),
      low_(count_),
      high_(count_),
      label_(count_),
      up_(v_.size(), -infinity),
      down_(v_.size(), infinity),
      x_(rows_.width()),
      cache_(count_, options.cache_bytes) {
  std::iota(row_of_.begin(), row_of_.end(), 0U);
  for (std::size_t i = 0; i < count_; ++i) {
    label_[i] = i < positives ? 1 : -1;
    v_[i] = label_[i];
    (i < positives ? high_ : low_)[i] = label_[i] * bounds[i];
    mark(i);
  }
}

void Solver::mark(std::size_t place) {
  up_[place] = beta_[place] < high_[place] ? 0 : -infinity;
  down_[place] = beta_[place] > low_[place] ? 0 : infinity;
}

const float* Solver::kernel_row(std::size_t place, std::size_t length) {
  std::size_t have = 0;
  std::vector<float>& row = cache_.get(row_of_[place], length, have);
  if (have < length) {
    rows_.get(place, x_.data());
    rbf_row(rows_, have / LaneRows::lanes * LaneRows::lanes, length, x_.data(), options_.gamma,
            row.data());
  }
  return row.data();
}

/// Moves beta of i up and of j down, as far as it pays and as there is room. @return by how much.
double Solver::exchange(std::size_t i, std::size_t j, const float* row_i) {
  const double bend = std::max(2 - 2 * static_cast<double>(row_i[j]), smo_curvature_min);
  const double room_i = high_[i] - beta_[i];
  const double room_j = beta_[j] - low_[j];
  const double step = std::min({(v_[i] - v_[j]) / bend, room_i, room_j});
  // The bound itself is stored when it is met: the sum could miss it by a bit for ever.
  beta_[i] = step == room_i ? high_[i] : beta_[i] + step;
  beta_[j] = step == room_j ? low_[j] : beta_[j] - step;
  mark(i);
  mark(j);
  return step;
}

void Solver::reorder(const Permutation& order) {
  const auto apply = [&](auto& values) {
    const std::vector old(values.begin(),
                          values.begin() + static_cast<std::ptrdiff_t>(order.size()));
    for (std::size_t p = 0; p < order.size(); ++p) values[p] = old[order[p]];
  };
  apply(row_of_);
  apply(v_);
  apply(beta_);
  apply(low_);
  apply(high_);
  apply(label_);
  LaneRows moved = rows_;
  for (std::size_t p = 0; p < order.size(); ++p) {
    rows_.get(order[p], x_.data());
    moved.set(p, x_.data());
  }
  rows_ = std::move(moved);
  cache_.permute(order);
}

/// Puts aside what sits at a bound and would go beyond, when that is a sixth of the active rows or
/// more: each time every kept row is put in a new order, which must pay.
void Solver::shrink(const SmoExtremes& extremes) {
  Permutation stay, leave;
  for (std::uint32_t p = 0; p < active_; ++p) {
    const bool only_falls = up_[p] != 0;
    const bool only_grows = down_[p] != 0;
    const bool idle = (only_falls && v_[p] > extremes.up) || (only_grows && v_[p] < extremes.down);
    (idle ? leave : stay).push_back(p);
  }
  if (leave.size() * 6 < active_ || stay.empty()) return;
  const std::size_t kept = stay.size();
  stay.insert(stay.end(), leave.begin(), leave.end());
  reorder(stay);
  active_ = kept;
  std::fill(up_.begin(), up_.end(), -infinity);
  std::fill(down_.begin(), down_.end(), infinity);
  for (std::size_t p = 0; p < active_; ++p) mark(p);
}

/// Brings back every row and computes what their v has become.
void Solver::activate_all() {
  if (active_ == count_) return;
  const std::size_t from = active_;
  for (std::size_t p = from; p < count_; ++p) v_[p] = label_[p];
  for (std::size_t s = 0; s < count_; ++s) {
    if (beta_[s] == 0) continue;
    if (options_.stop.stop_requested()) break;
    const float* row = kernel_row(s, count_);
    for (std::size_t p = from; p < count_; ++p) v_[p] -= beta_[s] * static_cast<double>(row[p]);
  }
  active_ = count_;
  for (std::size_t p = 0; p < count_; ++p) mark(p);
}

SmoExtremes Solver::iterate() {
  const std::uint64_t iterations_max =
      std::max<std::uint64_t>(10'000'000, std::uint64_t{count_} * 100);
  const std::uint64_t shrink_every = std::min<std::uint64_t>(count_, 1000);
  SmoExtremes extremes = smo_extremes(view());
  while (iterations_ < iterations_max) {
    if (options_.stop.stop_requested()) {
      cancelled_ = true;
      break;
    }
    const double violation = extremes.up - extremes.down;
    if (options_.shrinking && !unshrunk_ && violation <= 10 * options_.tolerance) {
      // Near the end: what was put aside too early comes back while there is time.
      unshrunk_ = true;
      activate_all();
      extremes = smo_extremes(view());
      continue;
    }
    if (violation <= options_.tolerance) {
      if (active_ == count_) break;
      activate_all();
      extremes = smo_extremes(view());
      continue;
    }
    const std::size_t i = extremes.at;
    const float* row_i = kernel_row(i, active_);
    const std::size_t j = smo_partner(view(), extremes.up, row_i);
    if (j >= active_) break;  // nothing is left to gain in this arithmetic
    const float* row_j = kernel_row(j, active_);
    const double step = exchange(i, j, row_i);
    extremes = smo_update(view(), v_.data(), row_i, row_j, step);
    ++iterations_;
    if (options_.shrinking && iterations_ % shrink_every == 0) {
      shrink(extremes);
      extremes = smo_extremes(view());
    }
  }
  return extremes;
}

/// Where beta is strictly between its bounds, the bias is v; the mean of those, or the middle of
/// what the others allow when there are none.
double Solver::bias() const {
  double sum = 0;
  std::size_t free = 0;
  double above = std::numeric_limits<double>::infinity(), below = -above;
  for (std::size_t p = 0; p < count_; ++p) {
    const bool grows = beta_[p]<high_[p], falls = beta_[p]> low_[p];
    if (grows && falls) {
      sum += v_[p];
      ++free;
    }
    if (grows) below = std::max(below, v_[p]);
    if (falls) above = std::min(above, v_[p]);
  }
  return free > 0 ? sum / static_cast<double>(free) : (above + below) / 2;
}

SmoSolution Solver::finish(const SmoExtremes& extremes) {
  if (!cancelled_) activate_all();
  SmoSolution out;
  out.cancelled = cancelled_ || options_.stop.stop_requested();
  out.iterations = iterations_;
  out.violation = extremes.up - extremes.down;
  out.bias = bias();
  out.beta.resize(count_);
  out.decision.resize(count_);
  for (std::size_t p = 0; p < count_; ++p) {
    out.beta[row_of_[p]] = beta_[p];
    out.decision[row_of_[p]] = label_[p] - v_[p] + out.bias;
    out.objective -= beta_[p] * (label_[p] + v_[p]) / 2;
  }
  return out;
}

SmoSolution Solver::run() {
  const SmoExtremes extremes = iterate();
  return finish(extremes);
}

}  // namespace

SmoSolution solve_smo(LaneRows rows, std::size_t positives, std::span<const double> bounds,
                      const SmoOptions& options) {
  expects(bounds.size() == rows.count() && positives > 0 && positives < rows.count(),
          "solve_smo gets a bound per row and rows of both labels");
  return Solver(std::move(rows), positives, bounds, options).run();
}

namespace {

/// How far the image of a row is from what some support vectors span, by a Cholesky factor of their
/// kernel matrix: affine combinations only, as the equation over all betas demands.
class Span {
 public:
  Span(LaneRows rows, double gamma)
      : rows_(std::move(rows)), gamma_(gamma), factor_(rows_.count() * rows_.count()) {
    const std::size_t n = rows_.count();
    std::vector<float> x(rows_.width());
    for (std::size_t i = 0; i < n; ++i) {
      rows_.get(i, x.data());
      const std::vector<double> k = kernel(x.data());
      for (std::size_t j = 0; j <= i; ++j) {
        // The ridge covers the rounding of the kernel, where vectors nearly coincide.
        double sum = k[j] + (i == j ? 1e-5 : 0);
        for (std::size_t c = 0; c < j; ++c) sum -= at(i, c) * at(j, c);
        at(i, j) = i == j ? std::sqrt(std::max(sum, 1e-6)) : sum / at(j, j);
      }
    }
    ones_ = solve(std::vector<double>(n, 1.0));
    ones_square_ = product(ones_, ones_);
  }

  std::size_t size() const { return rows_.count(); }
  /// Squared distance of a row that is not among those of the span.
  double distance(const float* x) const {
    const std::vector<double> u = solve(kernel(x));
    const double lacking = 1 - product(u, ones_);
    return std::clamp(1 - product(u, u) + lacking * lacking / ones_square_, 0.0, 1.0);
  }
  /// Squared distance of row i to the span of the others.
  double distance_of(std::size_t i) const {
    std::vector<double> unit(size());
    unit[i] = 1;
    const std::vector<double> u = solve(std::move(unit));
    const double along = product(u, ones_);
    const double inverse = product(u, u) - along * along / ones_square_;
    return inverse > 1 ? 1 / inverse : 1;
  }

 private:
  double& at(std::size_t i, std::size_t j) { return factor_[i * size() + j]; }
  std::vector<double> kernel(const float* x) const {
    std::vector<float> k(LaneRows::padded(size()));
    rbf_row(rows_, 0, size(), x, gamma_, k.data());
    return {k.begin(), k.begin() + static_cast<std::ptrdiff_t>(size())};
  }
  static double product(const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  }
  /// L⁻¹ b.
  std::vector<double> solve(std::vector<double> b) const {
    for (std::size_t i = 0; i < b.size(); ++i) {
      const double* row = factor_.data() + i * b.size();
      for (std::size_t k = 0; k < i; ++k) b[i] -= row[k] * b[k];
      b[i] /= row[i];
    }
    return b;
  }
  LaneRows rows_;
  double gamma_;
  std::vector<double> factor_, ones_;
  double ones_square_ = 1;
};

/// Every nth free support vector; `of` gets their places among the rows.
Span span_of(const LaneRows& rows, std::span<const double> bounds, const SmoSolution& solution,
             double gamma, std::vector<std::uint32_t>& of) {
  constexpr std::size_t vectors_max = 128;
  std::vector<std::uint32_t> free;
  for (std::uint32_t i = 0; i < solution.beta.size(); ++i) {
    const double alpha = std::abs(solution.beta[i]);
    if (alpha > 0 && alpha < bounds[i]) free.push_back(i);
  }
  const std::size_t count = std::min(free.size(), vectors_max);
  LaneRows picked(count, rows.width(), rows.words());
  std::vector<float> x(rows.width());
  for (std::size_t s = 0; s < count; ++s) {
    of.push_back(free[s * free.size() / count]);
    rows.get(of.back(), x.data());
    picked.set(s, x.data());
  }
  return {std::move(picked), gamma};
}

}  // namespace

/// Removing a row that is no support vector changes nothing. Removing one that is lowers its own
/// margin by alpha × S², S being the distance from its image to what the free support vectors span,
/// as long as no other row changes sides (Vapnik, Chapelle: Bounds on Error Expectation for SVM,
/// 2000). At most 128 of them are taken, so that this costs little beside the fit. Of a row that
/// occurs w times one copy is taken out: the others carry on up to (w - 1) C, and only what exceeds
/// that must move.
std::vector<double> left_out_decisions(const LaneRows& rows, std::size_t positives,
                                       std::span<const double> bounds,
                                       std::span<const double> units, const SmoSolution& solution,
                                       const SmoOptions& options) {
  std::vector<double> out = solution.decision;
  std::vector<std::uint32_t> spanning;
  const Span span = span_of(rows, bounds, solution, options.gamma, spanning);
  std::vector<float> x(rows.width());
  for (std::size_t i = 0; i < out.size() && !options.stop.stop_requested(); ++i) {
    const double excess = std::abs(solution.beta[i]) - std::max(0.0, bounds[i] - units[i]);
    if (solution.beta[i] == 0 || excess <= 0) continue;
    const auto found = std::lower_bound(spanning.begin(), spanning.end(), i);
    double distance = 1;
    if (found != spanning.end() && *found == i) {
      distance = span.distance_of(static_cast<std::size_t>(found - spanning.begin()));
    } else if (span.size() > 0) {
      rows.get(i, x.data());
      distance = span.distance(x.data());
    }
    out[i] -= (i < positives ? 1 : -1) * excess * distance;
  }
  return out;
}

}  // namespace vedette
