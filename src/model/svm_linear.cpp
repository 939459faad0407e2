#include "model/svm_linear.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "model/svm_kernel.hpp"

namespace vedette {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// One number alpha a row, between 0 and its bound; w = Σ label alpha x is kept up to date, so that
/// the gradient of one alpha costs one product of the row with w.
class Descent {
 public:
  Descent(const PickedRows& rows, std::size_t positives, std::span<const double> bounds)
      : rows_(rows),
        positives_(positives),
        bounds_(bounds),
        alpha_(rows.rows.size()),
        square_(rows.rows.size()),
        weights_(rows.width),
        order_(rows.rows.size()) {
    std::iota(order_.begin(), order_.end(), 0U);
    for (std::size_t i = 0; i < square_.size(); ++i) {
      square_[i] = dot(rows_[i], rows_[i], rows_.width) + 1;  // + 1: the column of the bias
    }
    active_ = order_.size();
  }

  double decision(std::size_t i) const {
    return dot(weights_.data(), rows_[i], rows_.width) + bias_;
  }
  double label(std::size_t i) const { return i < positives_ ? 1 : -1; }

  /// Every active row once, in random order. @return false when stopped.
  bool epoch(Random& random, const std::stop_token& stop) {
    for (std::size_t i = 0; i + 1 < active_; ++i) {
      std::swap(order_[i], order_[i + random.below(active_ - i)]);
    }
    highest_ = -infinity;
    lowest_ = infinity;
    for (std::size_t s = 0; s < active_; ++s) {
      if (s % 256 == 0 && stop.stop_requested()) return false;
      if (!visit(order_[s])) std::swap(order_[s--], order_[--active_]);
    }
    highest_before_ = highest_ > 0 ? highest_ : infinity;
    lowest_before_ = lowest_ < 0 ? lowest_ : -infinity;
    return true;
  }
  double spread() const { return highest_ - lowest_; }
  bool all_active() const { return active_ == order_.size(); }
  void activate_all() {
    active_ = order_.size();
    highest_before_ = infinity;
    lowest_before_ = -infinity;
  }
  LinearSolution solution() const {
    LinearSolution out;
    out.weights = weights_;
    out.bias = bias_;
    for (std::size_t i = 0; i < alpha_.size(); ++i) out.decision.push_back(decision(i));
    return out;
  }

 private:
  /// @return false when the row is to be put aside.
  bool visit(std::size_t i) {
    const double gradient = label(i) * decision(i) - 1;
    double projected = gradient;
    if (alpha_[i] == 0) {
      if (gradient > highest_before_) return false;
      projected = std::min(gradient, 0.0);
    } else if (alpha_[i] == bounds_[i]) {
      if (gradient < lowest_before_) return false;
      projected = std::max(gradient, 0.0);
    }
    highest_ = std::max(highest_, projected);
    lowest_ = std::min(lowest_, projected);
    if (std::abs(projected) <= 1e-12) return true;
    const double old = alpha_[i];
    alpha_[i] = std::clamp(old - gradient / square_[i], 0.0, bounds_[i]);
    const double step = (alpha_[i] - old) * label(i);
    add_scaled(weights_.data(), rows_[i], static_cast<float>(step), rows_.width);
    bias_ += step;
    return true;
  }

  PickedRows rows_;
  std::size_t positives_;
  std::span<const double> bounds_;
  std::vector<double> alpha_, square_;
  std::vector<float> weights_;
  std::vector<std::uint32_t> order_;
  double bias_ = 0;
  std::size_t active_ = 0;
  double highest_ = 0, lowest_ = 0;
  double highest_before_ = infinity, lowest_before_ = -infinity;
};

}  // namespace

LinearSolution solve_linear(const PickedRows& rows, std::size_t positives,
                            std::span<const double> bounds, Random random,
                            const LinearOptions& options) {
  Descent descent(rows, positives, bounds);
  unsigned epochs = 0;
  bool finished = false, cancelled = false;
  while (epochs < options.epochs_max && !finished) {
    cancelled = !descent.epoch(random, options.stop);
    if (cancelled) break;
    ++epochs;
    if (descent.spread() > options.tolerance) continue;
    if (descent.all_active()) {
      finished = true;
    } else {
      descent.activate_all();
    }
  }
  LinearSolution out = descent.solution();
  out.epochs = epochs;
  out.finished = finished;
  out.cancelled = cancelled;
  return out;
}

std::vector<float> draw_frequencies(std::size_t width, std::size_t count, double gamma,
                                    Random& random) {
  std::vector<float> out(width * count);
  std::vector<std::vector<double>> block;  // orthonormal directions
  const double deviation = std::sqrt(2 * gamma) / (2 * std::numbers::pi);
  for (std::size_t f = 0; f < count; ++f) {
    if (f % width == 0) block.clear();
    std::vector<double> direction(width);
    double size = 0;
    while (size < 1e-6) {  // else it lay in the span of the others: draw again
      for (double& x : direction) x = random.normal();
      for (const auto& other : block) {
        double along = 0;
        for (std::size_t c = 0; c < width; ++c) along += direction[c] * other[c];
        for (std::size_t c = 0; c < width; ++c) direction[c] -= along * other[c];
      }
      size = 0;
      for (const double x : direction) size += x * x;
      size = std::sqrt(size);
    }
    for (double& x : direction) x /= size;
    block.push_back(direction);
    // The length of a Gaussian vector, as if it had not been made orthogonal.
    double square = 0;
    for (std::size_t c = 0; c < width; ++c) {
      const double x = random.normal();
      square += x * x;
    }
    for (std::size_t c = 0; c < width; ++c) {
      out[c * count + f] = static_cast<float>(direction[c] * std::sqrt(square) * deviation);
    }
  }
  return out;
}

}  // namespace vedette
