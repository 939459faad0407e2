/// One small autoencoder: a dense network whose outputs are its inputs again, with fewer units
/// between them. What it has learned to copy it copies; what it has never seen comes out wrong.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/fit_input.hpp"
#include "model/network.hpp"

namespace vedette {

struct AutoencoderPlan {
  double hidden_share = 0.75;  ///< units between, for each input; KitNET's beta
  std::uint32_t epochs = 0;
  std::uint32_t batch = 0;
  double learning_rate = 0;
};

/// The network for `inputs` columns, untrained. REQUIRES: inputs <= fit_classes_max.
Network make_autoencoder(std::size_t inputs, double hidden_share);

/// Learns to copy rows of `inputs` columns, by Adam on the squared error of mini-batches in an
/// order drawn from `random`. Returns early when stop is requested. Memory: 4 floats a weight.
void learn_to_copy(Network& network, std::span<const float> rows, std::size_t inputs,
                   const AutoencoderPlan& plan, Random random, const std::stop_token& stop);

/// The squared difference between input and output of each column of one row, after forward().
template <class Add>
void each_square(const Network& network, Workspace& space, std::size_t row, std::size_t inputs,
                 const Add& add) {
  const float* in = space.input(0) + row * network.layers().front().input_step();
  const float* out = space.input(network.layers().size()) + row * network.logit_step();
  for (std::size_t c = 0; c < inputs; ++c) add(c, (in[c] - out[c]) * (in[c] - out[c]));
}

}  // namespace vedette
