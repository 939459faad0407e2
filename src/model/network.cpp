#include "model/network.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "model/fit_input.hpp"

namespace vedette {

namespace {

Error too_large(std::string message) {
  return Error{Errc::too_large, std::move(message)};
}

/// Sizes of one row, as doubles: they are checked before anything is multiplied in integers.
struct Cost {
  double products = 0;
  double activations = 0;
};

Cost cost_of(const NetworkShape& shape) {
  Cost cost;
  double positions = shape.columns;
  double channels = 1;
  for (const std::uint32_t filters : shape.filters) {
    const auto lanes = static_cast<double>(padded(filters));
    cost.products += positions * shape.kernel * channels * lanes;
    cost.activations += (positions + shape.kernel) * channels + positions * lanes;
    positions = std::ceil(positions / shape.pool);
    channels = lanes;
  }
  double inputs = positions * channels;
  for (std::size_t i = 0; i <= shape.hidden.size(); ++i) {
    const auto lanes =
        static_cast<double>(padded(i < shape.hidden.size() ? shape.hidden[i] : shape.classes));
    cost.products += inputs * lanes;
    cost.activations += inputs;
    inputs = lanes;
  }
  cost.activations += inputs;
  return cost;
}

}  // namespace

Status check_shape(const NetworkShape& shape) {
  const auto within = [](std::uint32_t value, std::size_t most) {
    return value >= 1 && value <= most;
  };
  bool sound = within(shape.columns, fit_columns_max) && within(shape.classes, fit_classes_max) &&
               within(shape.kernel, network_kernel_max) && within(shape.pool, network_pool_max) &&
               shape.filters.size() <= network_convolutions_max &&
               shape.hidden.size() <= network_dense_max;
  for (const std::uint32_t filters : shape.filters) {
    sound = sound && within(filters, network_filters_max);
  }
  for (const std::uint32_t units : shape.hidden) sound = sound && within(units, network_hidden_max);
  if (!sound) return Error{Errc::out_of_range, "a size of the network is out of its bounds"};
  const Cost cost = cost_of(shape);
  if (cost.products > static_cast<double>(network_products_max)) {
    return too_large(fmt::format("a row would take {:.0f} multiplications; at most {} are allowed",
                                 cost.products, network_products_max));
  }
  if (cost.activations > static_cast<double>(network_activations_max)) {
    return too_large(fmt::format("a row would take {:.0f} activations; at most {} are allowed",
                                 cost.activations, network_activations_max));
  }
  return {};
}

std::vector<Layer> layers_of(const NetworkShape& shape) {
  std::vector<Layer> layers;
  std::size_t parameters = 0;
  const auto add = [&](Layer layer) {
    layer.lanes = padded(layer.outputs);
    layer.weights = parameters;
    layer.bias = parameters + layer.depth() * layer.lanes;
    parameters = layer.bias + layer.lanes;
    layers.push_back(layer);
  };
  std::size_t positions = shape.columns;
  std::size_t channels = 1;
  for (const std::uint32_t filters : shape.filters) {
    Layer layer;
    layer.positions = positions;
    layer.channels = channels;
    layer.kernel = shape.kernel;
    layer.pool = shape.pool;
    layer.outputs = filters;
    add(layer);
    positions = layers.back().pooled();
    channels = layers.back().lanes;
  }
  channels *= positions;
  for (std::size_t i = 0; i <= shape.hidden.size(); ++i) {
    Layer layer;
    layer.dense = true;
    layer.last = i == shape.hidden.size();
    layer.channels = channels;
    layer.outputs = layer.last ? shape.classes : shape.hidden[i];
    add(layer);
    channels = layers.back().lanes;
  }
  return layers;
}

/// Four units per draw, sixteen bits each.
void Dropout::apply(float* values, std::size_t count) {
  if (threshold_ == 0) return;
  for (std::size_t i = 0; i < count; i += 4) {
    std::uint64_t draw = random_.next();
    for (std::size_t n = i; n < std::min(i + 4, count); ++n, draw >>= 16U) {
      values[n] = (draw & 0xffffU) < threshold_ ? 0.0F : values[n] * scale_;
    }
  }
}

void Workspace::prepare(const std::vector<Layer>& layers, std::size_t rows, bool learning) {
  // vectors of these sizes keep their storage: after the first call nothing is allocated
  starts_.resize(layers.size() + 1);
  sums_.resize(layers.size());
  sum_steps_.resize(layers.size());
  std::size_t size = 0;
  const auto take = [&](std::size_t count) {
    const std::size_t start = size;
    size += padded(count);
    return start;
  };
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const Layer& layer = layers[l];
    starts_[l] = take(rows * layer.input_step());
    if (layer.dense) continue;
    const std::size_t one = layer.positions * layer.lanes;
    sum_steps_[l] = learning ? one : 0;
    sums_[l] = take(learning ? rows * one : one);
  }
  starts_.back() = take(rows * layers.back().lanes);
  if (place_.size() < size) place_.resize(size);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const Layer& layer = layers[l];
    if (layer.kernel == 1) continue;
    const std::size_t end = layer.input_start() + layer.positions * layer.channels;
    for (std::size_t row = 0; row < rows; ++row) {
      float* at = input(l) + row * layer.input_step();
      std::fill(at, at + layer.input_start(), 0.0F);
      std::fill(at + end, at + layer.input_step(), 0.0F);
    }
  }
}

Network::Network(NetworkShape shape, std::vector<std::uint8_t> present)
    : shape_(std::move(shape)),
      layers_(layers_of(shape_)),
      present_(std::move(present)),
      parameters_(layers_.back().bias + layers_.back().lanes) {}

std::size_t Network::weight_count() const {
  std::size_t count = 0;
  std::size_t channels = 1;  // without their padding
  for (const Layer& layer : layers_) {
    const std::size_t lanes_before = &layer == layers_.data() ? 1 : (&layer)[-1].lanes;
    const std::size_t depth = layer.depth() / lanes_before * channels;
    count += (depth + 1) * layer.outputs;
    channels = layer.outputs;
  }
  return count;
}

void Network::initialise(Random random) {
  std::fill(parameters_.begin(), parameters_.end(), 0.0F);
  std::size_t outputs_before = 1;
  std::size_t lanes_before = 1;
  for (const Layer& layer : layers_) {
    const std::size_t inputs = layer.depth() / lanes_before * outputs_before;
    const double bound = std::sqrt(6.0 / static_cast<double>(inputs));  // variance bound² / 3
    for (std::size_t k = 0; k < layer.depth(); ++k) {
      if (k % lanes_before >= outputs_before) continue;  // padding
      for (std::size_t n = 0; n < layer.outputs; ++n) {
        const std::size_t at = n / panel_lanes * layer.depth() * panel_lanes;
        parameters_[layer.weights + at + k * panel_lanes + n % panel_lanes] =
            static_cast<float>(random.uniform(-bound, bound));
      }
    }
    outputs_before = layer.outputs;
    lanes_before = layer.lanes;
  }
}

void Network::forward(Workspace& space, std::size_t rows, Dropout* dropout) const {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    Product product;
    product.right = {parameters_.data() + layer.weights, panel_lanes, layer.depth() * panel_lanes};
    product.bias = parameters_.data() + layer.bias;
    product.depth = layer.depth();
    product.panels = layer.lanes / panel_lanes;
    float* out = space.input(l + 1);
    if (layer.dense) {
      product.left = {space.input(l), layer.channels, 1};
      product.out = {out, layer.lanes, panel_lanes};
      product.rows = rows;
      multiply(product);
      if (layer.last) return;
      rectify(out, rows * layer.lanes);
      if (dropout != nullptr) dropout->apply(out, rows * layer.lanes);
      continue;
    }
    const Layer& next = layers_[l + 1];
    product.rows = layer.positions;
    for (std::size_t row = 0; row < rows; ++row) {
      float* sums = space.sums(l, row);
      product.left = {space.input(l) + row * layer.input_step(), layer.channels, 1};
      product.out = {sums, layer.lanes, panel_lanes};
      multiply(product);
      rectify_and_pool(sums, layer.positions, layer.lanes, layer.pool,
                       out + row * next.input_step() + next.input_start());
    }
  }
}

void Network::softmax(const float* logits, float* out) const {
  const std::size_t classes = present_.size();
  float top = -std::numeric_limits<float>::max();
  for (std::size_t k = 0; k < classes; ++k) {
    if (present_[k] != 0) top = std::max(top, logits[k]);
  }
  float sum = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    out[k] = present_[k] != 0 ? std::exp(logits[k] - top) : 0.0F;
    sum += out[k];
  }
  for (std::size_t k = 0; k < classes; ++k) out[k] /= sum;
}

void Network::save(ByteWriter& out) const {
  out.put(shape_.columns);
  out.put(shape_.classes);
  out.put(static_cast<std::uint8_t>(shape_.kernel));
  out.put(static_cast<std::uint8_t>(shape_.pool));
  for (const auto* sizes : {&shape_.filters, &shape_.hidden}) {
    out.put(static_cast<std::uint8_t>(sizes->size()));
    for (const std::uint32_t size : *sizes) out.put(size);
  }
  for (const std::uint8_t present : present_) out.put(present);
  out.put_bytes(std::as_bytes(std::span{parameters_}));
}

Result<Network> Network::load(ByteReader& in) {
  const Error corrupt{Errc::corrupt, "the sizes of its layers do not fit the bytes"};
  NetworkShape shape;
  shape.columns = in.get<std::uint32_t>();
  shape.classes = in.get<std::uint32_t>();
  shape.kernel = in.get<std::uint8_t>();
  shape.pool = in.get<std::uint8_t>();
  for (auto* sizes : {&shape.filters, &shape.hidden}) {
    const std::size_t count = in.get<std::uint8_t>();
    for (std::size_t i = 0; in.ok() && i < count; ++i) sizes->push_back(in.get<std::uint32_t>());
  }
  if (!in.ok() || !check_shape(shape) || shape.classes < 2) return corrupt;
  const Layer last = layers_of(shape).back();
  const std::size_t bytes = (last.bias + last.lanes) * sizeof(float);
  if (in.left() < shape.classes + bytes) return corrupt;
  std::vector<std::uint8_t> present(shape.classes);
  for (std::uint8_t& entry : present) entry = in.get<std::uint8_t>();
  if (*std::max_element(present.begin(), present.end()) != 1) {
    return Error{Errc::corrupt, "the list of its classes does not hold"};
  }
  Network network(std::move(shape), std::move(present));
  std::memcpy(network.parameters_.data(), in.get_bytes(bytes).data(), bytes);
  const bool sound =
      std::all_of(network.parameters_.begin(), network.parameters_.end(),
                  [](float w) { return w >= -network_weight_max && w <= network_weight_max; });
  if (!sound) return Error{Errc::corrupt, "a weight outside its range"};
  return network;
}

std::string describe(const NetworkShape& shape) {
  std::string text;
  if (!shape.filters.empty()) {
    text = fmt::format("conv {} x {}, pool {}, ", fmt::join(shape.filters, "-"), shape.kernel,
                       shape.pool);
  }
  return text + fmt::format("dense {}", fmt::join(shape.hidden, "-"));
}

}  // namespace vedette
