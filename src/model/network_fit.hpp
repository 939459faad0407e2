/// Learning a network: Adam on mini-batches of the cross-entropy, dropout, early stopping.
#pragma once

#include "model/fit_input.hpp"
#include "model/network.hpp"
#include "model/scaler.hpp"

namespace vedette {

struct NetworkPlan {
  std::uint32_t epochs = 0;     ///< at most
  std::uint32_t batch = 0;      ///< rows between two steps
  double learning_rate = 0;     ///< Adam's step
  double dropout = 0;           ///< of hidden dense units
  std::uint32_t patience = 0;   ///< epochs without a better validation loss before it stops
  double validation_share = 0;  ///< of the rows of each class; 0: every epoch is run, the last kept
  bool balanced = false;        ///< class_weight=balanced
};

/// The options both kinds share, within their bounds, and their defaults.
NetworkPlan read_plan(OptionReader& reader, std::uint32_t epochs, double dropout);

/// A list of sizes ("128,64"), each from 1 to `most`, at most `count` of them.
/// @return out_of_range naming the option and what it takes.
Result<std::vector<std::uint32_t>> read_sizes(OptionReader& reader, const FitOptions& options,
                                              std::string_view name, std::string_view fallback,
                                              std::size_t count, std::size_t most);

struct FittedNetwork {
  Network network;
  Scaler scaler;
  std::uint32_t epochs = 0;  ///< that were run
  std::uint32_t best = 0;    ///< the one whose weights these are, from 1; 0: nothing to learn
  float loss = 0;            ///< mean validation loss after it; of training without validation rows
};

/// Same seed, same bits for any number of threads: a mini-batch is cut into slices by its size
/// alone, their gradients are summed in order. Up to 4 threads help with batches of 256 rows, 8
/// from 512 on. Memory: a scaled copy of the rows; 5 floats per weight and one more per slice;
/// activations of 64 rows per slice, less when they would exceed 1 MiB.
/// REQUIRES: a checked training set and a checked shape.
/// @return cancelled within the work of one slice.
Result<FittedNetwork> fit_network(const TrainingSet& set, const FitOptions& options,
                                  const NetworkShape& shape, const NetworkPlan& plan);

/// One step of Adam for `count` parameters: the gradient is the sum of `gradients` in order, what
/// is not finite counts as the bound. REQUIRES: count is a multiple of 16.
struct AdamStep {
  float* parameters;
  float* mean;
  float* square;
  const float* const* gradients;
  std::size_t gradient_count;
  float rate;          ///< learning rate / (1 − beta1^t)
  float square_scale;  ///< 1 / sqrt(1 − beta2^t)
};
void adam(const AdamStep& step, std::size_t from, std::size_t count);
void adam_plain(const AdamStep& step, std::size_t from, std::size_t count);

}  // namespace vedette
