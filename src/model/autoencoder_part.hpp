/// One small autoencoder: a dense network whose outputs are its inputs again, with fewer units
/// between them. What it has learned to copy it copies; what it has never seen comes out wrong.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/fit_input.hpp"
#include "model/network.hpp"
#include "model/scaler.hpp"

namespace vedette {

struct AutoencoderPlan {
  double hidden_share = 0.75;  ///< units between, for each input; KitNET's beta
  std::uint32_t steps = 0;     ///< of Adam, whatever the number of rows: passes follow from it
  std::uint32_t batch = 0;
  double learning_rate = 0;
};

/// The network for `inputs` columns, untrained. REQUIRES: inputs <= fit_classes_max.
Network make_autoencoder(std::size_t inputs, double hidden_share);

/// Learns to copy rows of `inputs` columns, by Adam on the squared error of mini-batches in an
/// order drawn from `random`; the rate falls to 0 in a straight line. Returns early when stop is
/// requested. Memory: 4 floats a weight.
void learn_to_copy(Network& network, std::span<const float> rows, std::size_t inputs,
                   const AutoencoderPlan& plan, Random random, const std::stop_token& stop);

/// What each column was among the benign rows, on the scale it is copied on. An autoencoder is
/// shown a row held within these ranges and compared with the row as it is: what lies beyond them
/// counts in full, however well a network of rectified units would have gone on in a straight line.
/// (The published one has sigmoids, which cannot follow beyond their range either.)
struct CopyRange {
  float low = 0;
  float high = 0;
  float hold(float x) const { return x < low ? low : x > high ? high : x; }
};
/// REQUIRES: one row of `width` or more.
std::vector<CopyRange> ranges_of(std::span<const float> rows, std::size_t width);
void save_ranges(std::span<const CopyRange> ranges, ByteWriter& out);
/// @return corrupt.
Result<std::vector<CopyRange>> load_ranges(ByteReader& in, std::size_t count);

}  // namespace vedette
