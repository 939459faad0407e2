#include "model/network_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/expects.hpp"
#include "model/network_gradient.hpp"

namespace vedette {

namespace {

constexpr std::uint8_t network_version = 1;
/// Eight tiles of six rows: beyond, nothing gets faster.
constexpr std::size_t score_rows_max = 48;
constexpr std::size_t score_floats_max = std::size_t{1} << 18U;

std::size_t score_rows_for(const Network& network) {
  std::size_t floats = 0;
  for (const Layer& layer : network.layers()) floats += layer.input_step();
  return std::clamp(score_floats_max / floats, std::size_t{1}, score_rows_max);
}

Error prefixed(std::string_view kind, const Error& error) {
  return Error{error.code, fmt::format("{}: {}", kind, error.message)};
}

}  // namespace

NetworkModel::NetworkModel(std::string_view kind, FittedNetwork fitted)
    : kind_(kind), fitted_(std::move(fitted)), block_rows_(score_rows_for(fitted_.network)) {}

void NetworkModel::score(Rows rows, std::span<float> out) const {
  const Network& network = fitted_.network;
  const std::size_t classes = class_count();
  expects(rows.width == width() && out.size() >= rows.count * classes,
          "NetworkModel::score gets rows of its width and room for every class");
  static thread_local Workspace space;
  for (std::size_t from = 0; from < rows.count; from += block_rows_) {
    const std::size_t count = std::min(block_rows_, rows.count - from);
    space.prepare(network.layers(), count, false);
    network.place(space, count, [&](std::size_t i, float* at) {
      fitted_.scaler.apply(rows.data + (from + i) * rows.width, at);
    });
    network.forward(space, count, nullptr);
    const float* logits = space.input(network.layers().size());
    for (std::size_t i = 0; i < count; ++i) {
      network.softmax(logits + i * network.logit_step(), out.data() + (from + i) * classes);
    }
  }
}

void NetworkModel::explain(std::span<const float> row, std::uint16_t class_index,
                           std::span<float> out) const {
  const Network& network = fitted_.network;
  expects(row.size() == width() && out.size() == width() && class_index < class_count(),
          "NetworkModel::explain gets a row of its width and a class it knows");
  std::fill(out.begin(), out.end(), 0.0F);
  const auto& present = network.present();
  if (present[class_index] == 0 || std::count(present.begin(), present.end(), 1) == 1) return;
  std::vector<float> scaled(row.size());
  fitted_.scaler.apply(row.data(), scaled.data());
  Workspace space;
  space.prepare(network.layers(), 1, true);
  network.place(space, 1,
                [&](std::size_t, float* at) { std::copy(scaled.begin(), scaled.end(), at); });
  network.forward(space, 1, nullptr);
  // log-odds = logit of the class − log Σ exp(logits of the others)
  std::vector<float> others(space.input(network.layers().size()),
                            space.input(network.layers().size()) + network.logit_step());
  others[class_index] = -std::numeric_limits<float>::max();
  network.softmax(others.data(), others.data());
  Backward backward(network, 1, 0);
  for (std::size_t k = 0; k < class_count(); ++k) {
    backward.logits()[k] = k == class_index ? 1.0F : -others[k];
  }
  backward.run(network, TransposedWeights(network, 0), space, 1, 1, nullptr, true);
  for (std::size_t c = 0; c < out.size(); ++c) {
    const float moved = scaled[c] * backward.input(c);
    constexpr float bound = std::numeric_limits<float>::max();
    out[c] = std::isnan(moved) ? 0.0F : std::clamp(moved, -bound, bound);
  }
}

std::string NetworkModel::describe() const {
  return fmt::format("{}, {} weights, epoch {} of {} kept, loss {:.4g}",
                     vedette::describe(fitted_.network.shape()), fitted_.network.weight_count(),
                     fitted_.best, fitted_.epochs, fitted_.loss);
}

void NetworkModel::save(ByteWriter& out) const {
  out.put(network_version);
  out.put(fitted_.epochs);
  out.put(fitted_.best);
  out.put(fitted_.loss);
  fitted_.scaler.save(out);
  fitted_.network.save(out);
}

Result<std::unique_ptr<Model>> load_network_model(std::string_view kind, ByteReader& in) {
  const auto version = in.get<std::uint8_t>();
  if (in.ok() && version != network_version) {
    return Error{Errc::unsupported, fmt::format("{}: version {}, this build reads {}", kind,
                                                version, network_version)};
  }
  const auto epochs = in.get<std::uint32_t>();
  const auto best = in.get<std::uint32_t>();
  const auto loss = in.get<float>();
  if (!in.ok() || best > epochs || !(loss >= 0) || !std::isfinite(loss)) {
    return Error{Errc::corrupt,
                 fmt::format("{}: what it says of its learning does not hold", kind)};
  }
  Result<Scaler> scaler = Scaler::load(in);
  if (!scaler) return prefixed(kind, scaler.error());
  Result<Network> network = Network::load(in);
  if (!network) return prefixed(kind, network.error());
  if (scaler->width() != network->shape().columns) {
    return Error{Errc::corrupt, fmt::format("{}: scale and layers differ in their columns", kind)};
  }
  if (network->shape().filters.empty() != (kind == "mlp")) {
    return Error{Errc::corrupt, fmt::format("{}: layers of another kind of network", kind)};
  }
  return std::unique_ptr<Model>(std::make_unique<NetworkModel>(
      kind, FittedNetwork{std::move(*network), std::move(*scaler), epochs, best, loss}));
}

Result<std::unique_ptr<Model>> fit_network_model(std::string_view kind, const TrainingSet& set,
                                                 const FitOptions& options,
                                                 const NetworkShape& shape,
                                                 const NetworkPlan& plan) {
  if (const Status status = check_training_set(set); !status) return status.error();
  if (const Status status = check_shape(shape); !status) return prefixed(kind, status.error());
  Result<FittedNetwork> fitted = fit_network(set, options, shape, plan);
  if (!fitted) return prefixed(kind, fitted.error());
  return std::unique_ptr<Model>(std::make_unique<NetworkModel>(kind, std::move(*fitted)));
}

}  // namespace vedette
