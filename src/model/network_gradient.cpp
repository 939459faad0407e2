#include "model/network_gradient.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/fit_input.hpp"

namespace vedette {

TransposedWeights::TransposedWeights(const Network& network, std::size_t first)
    : first_(first), starts_(network.layers().size()) {
  std::size_t size = 0;
  for (std::size_t l = first; l < network.layers().size(); ++l) {
    const Layer& layer = network.layers()[l];
    starts_[l] = size;
    size += padded(layer.channels) * layer.kernel * layer.lanes;
    for (std::size_t panel = 0; panel * panel_lanes < layer.channels; ++panel) {
      tasks_.push_back({l, panel});
    }
  }
  weights_.resize(size);
  for (std::size_t task = 0; task < tasks_.size(); ++task) update(network, task);
}

/// Blocks of 16 × 16, so that reading and writing both stay within a few cache lines.
void TransposedWeights::update(const Network& network, std::size_t task) {
  const Layer& layer = network.layers()[tasks_[task].layer];
  const std::size_t from = tasks_[task].panel * panel_lanes;
  const std::size_t inputs = std::min(panel_lanes, layer.channels - from);
  float* out = weights_.data() + starts_[tasks_[task].layer] + from * layer.kernel * layer.lanes;
  for (std::size_t tap = 0; tap < layer.kernel; ++tap) {
    const std::size_t turned = layer.kernel - 1 - tap;
    for (std::size_t panel = 0; panel * panel_lanes < layer.lanes; ++panel) {
      const float* in = network.parameters().data() + layer.weights +
                        (panel * layer.depth() + turned * layer.channels + from) * panel_lanes;
      for (std::size_t n = 0; n < panel_lanes; ++n, out += panel_lanes) {
        for (std::size_t c = 0; c < inputs; ++c) out[c] = in[c * panel_lanes + n];
      }
    }
  }
}

PanelMatrix<const float> TransposedWeights::of(const Network& network, std::size_t layer) const {
  const Layer& l = network.layers()[layer];
  return {weights_.data() + starts_[layer], panel_lanes, l.kernel * l.lanes * panel_lanes};
}

Backward::Backward(const Network& network, std::size_t rows, std::size_t first)
    : first_(first), column_step_(network.layers().front().dense ? 1 : panel_lanes) {
  const auto& layers = network.layers();
  const Layer& front = layers.front();
  deltas_.emplace_back(first == 0 ? rows * front.positions * padded(front.channels) : 0);
  std::size_t window = 0;
  for (const Layer& layer : layers) {
    deltas_.emplace_back(rows * layer.pooled() * layer.lanes);
    if (!layer.dense) window = std::max(window, (layer.positions + layer.kernel - 1) * layer.lanes);
  }
  window_.resize(window);
}

void Backward::dense(const Layer& layer, std::size_t l, Workspace& space, std::size_t rows,
                     float* out, bool fresh) {
  Product product;
  product.left = {space.input(l), 1, layer.channels};
  product.right = {deltas_[l + 1].data(), layer.lanes, panel_lanes};
  product.out = {out + layer.weights, panel_lanes, layer.depth() * panel_lanes};
  product.rows = layer.depth();
  product.depth = rows;
  product.panels = layer.lanes / panel_lanes;
  product.add = !fresh;
  multiply(product);
  if (fresh) std::fill_n(out + layer.bias, layer.lanes, 0.0F);
  add_rows(deltas_[l + 1].data(), rows, layer.lanes, out + layer.bias);
}

/// Row by row: the gradient of one row's sums is at home in the first-level cache.
void Backward::convolution(const Network& network, const TransposedWeights& transposed,
                           std::size_t l, Workspace& space, std::size_t rows, float* out,
                           bool fresh) {
  const Layer& layer = network.layers()[l];
  const std::size_t front = (layer.kernel - 1 - (layer.kernel - 1) / 2) * layer.lanes;
  const std::size_t inner = layer.positions * layer.lanes;
  float* window = window_.data();
  std::fill_n(window, (layer.positions + layer.kernel - 1) * layer.lanes, 0.0F);
  const std::size_t channels = padded(layer.channels);
  if (out != nullptr && fresh) std::fill_n(out + layer.bias, layer.lanes, 0.0F);
  for (std::size_t row = 0; row < rows; ++row) {
    unpool(space.sums(l, row), deltas_[l + 1].data() + row * layer.pooled() * layer.lanes,
           layer.positions, layer.lanes, layer.pool, window + front);
    if (out != nullptr) {
      Product product;
      product.left = {space.input(l) + row * layer.input_step(), 1, layer.channels};
      product.right = {window + front, layer.lanes, panel_lanes};
      product.out = {out + layer.weights, panel_lanes, layer.depth() * panel_lanes};
      product.rows = layer.depth();
      product.depth = layer.positions;
      product.panels = layer.lanes / panel_lanes;
      product.add = !fresh || row > 0;
      multiply(product);
      add_rows(window + front, inner / layer.lanes, layer.lanes, out + layer.bias);
    }
    if (l < first_) continue;
    Product product;
    product.left = {window, layer.lanes, 1};
    product.right = transposed.of(network, l);
    product.out = {deltas_[l].data() + row * layer.positions * channels, channels, panel_lanes};
    product.rows = layer.positions;
    product.depth = layer.kernel * layer.lanes;
    product.panels = channels / panel_lanes;
    multiply(product);
  }
}

void Backward::run(const Network& network, const TransposedWeights& transposed, Workspace& space,
                   std::size_t rows, float dropout_scale, float* out, bool fresh) {
  const auto& layers = network.layers();
  for (std::size_t l = layers.size(); l-- > 0;) {
    const Layer& layer = layers[l];
    if (!layer.dense) {
      convolution(network, transposed, l, space, rows, out, fresh);
      continue;
    }
    if (!layer.last) {
      // A unit that was dropped or not positive left a 0 behind; the others were scaled.
      mask_gradient(space.input(l + 1), rows * layer.lanes, dropout_scale, deltas_[l + 1].data());
    }
    if (out != nullptr) dense(layer, l, space, rows, out, fresh);
    if (l < first_) continue;
    const std::size_t channels = padded(layer.channels);
    Product product;
    product.left = {deltas_[l + 1].data(), layer.lanes, 1};
    product.right = transposed.of(network, l);
    product.out = {deltas_[l].data(), channels, panel_lanes};
    product.rows = rows;
    product.depth = layer.outputs;
    product.panels = channels / panel_lanes;
    multiply(product);
  }
}

double cross_entropy(const Network& network, const float* logits, const std::uint16_t* labels,
                     const float* weights, std::size_t rows, float scale, float* gradient) {
  const std::size_t classes = network.present().size();
  const std::size_t step = network.logit_step();
  std::array<float, fit_classes_max> shares;
  double loss = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    network.softmax(logits + row * step, shares.data());
    const std::size_t label = labels[row];
    const float weight = weights == nullptr ? 1.0F : weights[row];
    // The smallest normal float: a loss stays below 88 a row.
    const float floor = std::numeric_limits<float>::min();
    loss -=
        static_cast<double>(weight) * std::log(static_cast<double>(std::max(shares[label], floor)));
    if (gradient == nullptr) continue;
    float* out = gradient + row * step;
    for (std::size_t k = 0; k < classes; ++k) {
      out[k] = weight * scale * (shares[k] - (k == label ? 1.0F : 0.0F));
    }
    std::fill(out + classes, out + step, 0.0F);
  }
  return loss;
}

}  // namespace vedette
