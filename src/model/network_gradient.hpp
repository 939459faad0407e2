/// The way back through a network (Rumelhart, Hinton, Williams: Learning representations by
/// back-propagating errors, 1986): from the gradient of a loss by the logits to that by every
/// weight, and by the input.
#pragma once

#include <cstdint>

#include "model/network.hpp"

namespace vedette {

/// The weights with inputs and outputs exchanged and windows turned round, in panels: going back
/// is then the same product as going forward. Kept up to date by whoever changes the weights.
class TransposedWeights {
 public:
  /// `first`: the first layer for which the gradient of the input is wanted (1 in learning).
  TransposedWeights(const Network& network, std::size_t first);
  /// Work is cut into tasks that may run side by side: every task 0 … tasks() − 1 once.
  std::size_t tasks() const { return tasks_.size(); }
  void update(const Network& network, std::size_t task);
  PanelMatrix<const float> of(const Network& network, std::size_t layer) const;

 private:
  struct Task {
    std::size_t layer, panel;
  };
  std::size_t first_;
  std::vector<Task> tasks_;
  std::vector<std::size_t> starts_;
  Floats weights_;
};

/// Scratch of one thread for the way back of up to `rows` rows.
class Backward {
 public:
  Backward(const Network& network, std::size_t rows, std::size_t first);
  /// rows × logit_step(): the caller fills in the gradient by the logits, padding with 0.
  float* logits() { return deltas_.back().data(); }
  /// Adds the gradient to `out` (as many floats as parameters), or sets it when `fresh`.
  /// REQUIRES: `space` holds what forward() left for these rows. Leaves the gradient by the input
  /// of layer `first` behind when out is null: only that is wanted then.
  void run(const Network& network, const TransposedWeights& transposed, Workspace& space,
           std::size_t rows, float dropout_scale, float* out, bool fresh);
  /// The gradient by a column of the first row, after run(). REQUIRES: `first` was 0.
  float input(std::size_t column) const { return deltas_.front()[column * column_step_]; }

 private:
  void dense(const Layer& layer, std::size_t l, Workspace& space, std::size_t rows, float* out,
             bool fresh);
  void convolution(const Network& network, const TransposedWeights& transposed, std::size_t l,
                   Workspace& space, std::size_t rows, float* out, bool fresh);
  std::size_t first_;
  std::size_t column_step_;
  /// By layer: the gradient of its output, rows × outputs of the layer (pooled × lanes); one more
  /// in front for the input of the first.
  std::vector<Floats> deltas_;
  Floats window_;  ///< one row's gradient by the sums of a convolution, zeros at both ends
};

/// Softmax and cross-entropy of `rows` rows: returns the summed weighted loss −w log p(label) and,
/// unless `gradient` is null, writes w * scale * (p − [label]) for every logit, 0 for padding.
/// `weights` may be null.
double cross_entropy(const Network& network, const float* logits, const std::uint16_t* labels,
                     const float* weights, std::size_t rows, float scale, float* gradient);

}  // namespace vedette
