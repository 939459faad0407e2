/// Network: convolutions and dense layers, one behind the other, over the columns of a row; and
/// Workspace, the place its activations live in. cnn and mlp are two shapes of it.
///
/// Every layer is the same thing: a window of `kernel` positions × `channels` slides over
/// `positions`, each stop is multiplied with the weights (network_kernels.hpp), rectified, and the
/// largest of each `pool` neighbours is kept. A dense layer has one position and a kernel of one.
/// The ends are padded with zeros, the mean of a scaled column, so that every position has a
/// window. The last layer gives one logit per class and is not rectified.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "model/network_kernels.hpp"

namespace vedette {

constexpr std::size_t network_filters_max = 256;  ///< of one convolution
constexpr std::size_t network_convolutions_max = 3;
constexpr std::size_t network_hidden_max = 4096;  ///< units of one dense layer
constexpr std::size_t network_dense_max = 8;
constexpr std::size_t network_kernel_max = 15;
constexpr std::size_t network_pool_max = 8;
/// Multiplications for one row: about 2 ms. The widest published network needs 4.7 million.
constexpr std::size_t network_products_max = std::size_t{1} << 25U;
/// Activations of one row: 1 MiB of floats.
constexpr std::size_t network_activations_max = std::size_t{1} << 18U;
/// Weights are kept within ± this, in learning and in files: see activation_max.
constexpr float network_weight_max = 1e4F;

/// What a user chooses; the layers follow from it.
struct NetworkShape {
  std::uint32_t columns = 0;
  std::uint32_t classes = 0;
  std::uint32_t kernel = 1;
  std::uint32_t pool = 1;
  std::vector<std::uint32_t> filters;  ///< one convolution each
  std::vector<std::uint32_t> hidden;   ///< one dense layer each
};

/// @return too_large naming what exceeds the bounds above, out_of_range for zeros.
Status check_shape(const NetworkShape& shape);

struct Layer {
  bool dense = false;
  bool last = false;
  std::size_t positions = 1;
  std::size_t channels = 0;  ///< of the input; padded, but for the first layer
  std::size_t kernel = 1;
  std::size_t pool = 1;
  std::size_t outputs = 0;
  std::size_t lanes = 0;    ///< outputs, padded
  std::size_t weights = 0;  ///< where they start among the parameters: lanes / 16 × depth × 16
  std::size_t bias = 0;     ///< likewise, `lanes` of them

  std::size_t depth() const { return kernel * channels; }
  std::size_t pooled() const { return (positions + pool - 1) / pool; }
  /// Floats of one row's input, the padding at its ends included.
  std::size_t input_step() const { return (positions + kernel - 1) * channels; }
  /// Where the first position starts in it.
  std::size_t input_start() const { return (kernel - 1) / 2 * channels; }
};

/// REQUIRES: a checked shape.
std::vector<Layer> layers_of(const NetworkShape& shape);

/// Switches units off with a fixed chance and scales the others up, so that the expectation stays
/// (Srivastava et al. 2014). The chance is a multiple of 1/65536.
class Dropout {
 public:
  Dropout(double chance, std::uint64_t seed)
      : threshold_(static_cast<std::uint32_t>(std::lround(chance * 65536))),
        scale_(65536.0F / (65536.0F - static_cast<float>(threshold_))),
        random_(seed) {}
  float scale() const { return scale_; }
  void apply(float* values, std::size_t count);

 private:
  std::uint32_t threshold_;
  float scale_;
  Random random_;
};

/// Activations of a block of rows. Not shared between threads; grows, never shrinks.
class Workspace {
 public:
  /// Room for `rows` rows. `learning` keeps the sums of convolutions, which the way back needs.
  void prepare(const std::vector<Layer>& layers, std::size_t rows, bool learning);
  /// The input of a layer, `rows` × input_step(); behind the last layer: the logits.
  float* input(std::size_t layer) { return place_.data() + starts_[layer]; }
  /// Sums of a convolution before rectifying, positions × lanes of one row.
  float* sums(std::size_t layer, std::size_t row) {
    return place_.data() + sums_[layer] + row * sum_steps_[layer];
  }

 private:
  Floats place_;
  std::vector<std::size_t> starts_;
  std::vector<std::size_t> sums_;
  std::vector<std::size_t> sum_steps_;
};

/// Weights and what they mean. Const members are thread-safe.
class Network {
 public:
  /// All weights 0. REQUIRES: a checked shape; `present`: one entry a class, one of them true.
  Network(NetworkShape shape, std::vector<std::uint8_t> present);

  const NetworkShape& shape() const { return shape_; }
  const std::vector<Layer>& layers() const { return layers_; }
  Floats& parameters() { return parameters_; }
  const Floats& parameters() const { return parameters_; }
  const std::vector<std::uint8_t>& present() const { return present_; }
  std::size_t weight_count() const;  ///< without padding
  std::size_t logit_step() const { return layers_.back().lanes; }

  /// He, Zhang, Ren, Sun 2015: variance 2 / inputs, so that rectified layers keep the scale; drawn
  /// uniformly, as five million normal draws would be felt when a fit is cancelled.
  void initialise(Random random);
  /// Rows into a workspace that was prepared for them: `row(i)` are columns floats, scaled.
  template <class Row>
  void place(Workspace& space, std::size_t rows, const Row& row) const {
    float* at = space.input(0) + layers_.front().input_start();
    for (std::size_t i = 0; i < rows; ++i, at += layers_.front().input_step()) row(i, at);
  }
  /// From input(0) to the logits. `dropout` may be null. Allocates nothing.
  void forward(Workspace& space, std::size_t rows, Dropout* dropout) const;
  /// Probabilities of one row: 0 for classes without training rows. `out` may be `logits`.
  void softmax(const float* logits, float* out) const;

  void save(ByteWriter& out) const;
  /// @return corrupt: sizes out of bounds or without their bytes, weights out of range.
  static Result<Network> load(ByteReader& in);

 private:
  NetworkShape shape_;
  std::vector<Layer> layers_;
  std::vector<std::uint8_t> present_;
  Floats parameters_;
};

/// "conv 32 x 3, pool 2, dense 64"
std::string describe(const NetworkShape& shape);

}  // namespace vedette
