#include "model/autoencoder_part.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/network_fit.hpp"
#include "model/network_gradient.hpp"

namespace vedette {

namespace {

constexpr std::size_t block_rows = 64;

/// A network has two outputs at least: an autoencoder of one column leaves the second at 0.
std::uint32_t outputs_for(std::size_t inputs) {
  return static_cast<std::uint32_t>(std::max<std::size_t>(2, inputs));
}

class Copying {
 public:
  Copying(Network& network, std::span<const float> rows, std::size_t inputs,
          const AutoencoderPlan& plan)
      : network_(network),
        rows_(rows),
        inputs_(inputs),
        plan_(plan),
        transposed_(network, 1),
        backward_(network, block_rows, 1),
        gradient_(network.parameters().size()),
        mean_(network.parameters().size()),
        square_(network.parameters().size()) {}

  /// The mean gradient of a mini-batch, then one step of Adam.
  void step(std::span<const std::uint32_t> batch) {
    for (std::size_t from = 0; from < batch.size(); from += block_rows) {
      add_gradient(batch.subspan(from, std::min(block_rows, batch.size() - from)),
                   1.0F / static_cast<float>(batch.size()), from == 0);
    }
    ++steps_;
    constexpr double beta1 = 0.9, beta2 = 0.999;  // as in adam()
    const float* gradients = gradient_.data();
    const auto t = static_cast<double>(steps_);
    adam({network_.parameters().data(), mean_.data(), square_.data(), &gradients, 1,
          static_cast<float>(plan_.learning_rate * (1 - (t - 1) / plan_.steps) /
                             (1 - std::pow(beta1, t))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(beta2, t)))},
         0, network_.parameters().size());
    for (std::size_t task = 0; task < transposed_.tasks(); ++task) {
      transposed_.update(network_, task);
    }
  }

 private:
  void add_gradient(std::span<const std::uint32_t> block, float scale, bool fresh) {
    space_.prepare(network_.layers(), block.size(), true);
    network_.place(space_, block.size(), [&](std::size_t i, float* at) {
      std::copy_n(rows_.data() + block[i] * inputs_, inputs_, at);
    });
    network_.forward(space_, block.size(), nullptr);
    std::fill_n(backward_.logits(), block.size() * network_.logit_step(), 0.0F);
    for (std::size_t i = 0; i < block.size(); ++i) {
      const float* in = rows_.data() + block[i] * inputs_;
      const float* out = space_.input(network_.layers().size()) + i * network_.logit_step();
      float* delta = backward_.logits() + i * network_.logit_step();
      for (std::size_t c = 0; c < inputs_; ++c) delta[c] = scale * (out[c] - in[c]);
    }
    backward_.run(network_, transposed_, space_, block.size(), 1, gradient_.data(), fresh);
  }

  Network& network_;
  std::span<const float> rows_;
  std::size_t inputs_;
  const AutoencoderPlan& plan_;
  Workspace space_;
  TransposedWeights transposed_;
  Backward backward_;
  Floats gradient_, mean_, square_;
  std::uint64_t steps_ = 0;
};

}  // namespace

std::vector<CopyRange> ranges_of(std::span<const float> rows, std::size_t width) {
  std::vector<CopyRange> out(width);
  for (std::size_t c = 0; c < width; ++c) out[c] = {rows[c], rows[c]};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CopyRange& range = out[i % width];
    range.low = std::min(range.low, rows[i]);
    range.high = std::max(range.high, rows[i]);
  }
  return out;
}

void save_ranges(std::span<const CopyRange> ranges, ByteWriter& out) {
  for (const CopyRange& range : ranges) {
    out.put(range.low);
    out.put(range.high);
  }
}

Result<std::vector<CopyRange>> load_ranges(ByteReader& in, std::size_t count) {
  const Error corrupt{Errc::corrupt, "the ranges of its columns do not hold"};
  if (in.left() < count * 2 * sizeof(float)) return corrupt;
  std::vector<CopyRange> ranges(count);
  for (CopyRange& range : ranges) {
    range.low = in.get<float>();
    range.high = in.get<float>();
    if (!(range.low >= -Scaler::bound && range.low <= range.high && range.high <= Scaler::bound)) {
      return corrupt;
    }
  }
  return ranges;
}

Network make_autoencoder(std::size_t inputs, double hidden_share) {
  NetworkShape shape;
  shape.columns = static_cast<std::uint32_t>(inputs);
  shape.classes = outputs_for(inputs);
  shape.hidden = {static_cast<std::uint32_t>(
      std::max(1.0, std::ceil(hidden_share * static_cast<double>(inputs) - 1e-9)))};
  return Network(std::move(shape), std::vector<std::uint8_t>(outputs_for(inputs), 1));
}

void learn_to_copy(Network& network, std::span<const float> rows, std::size_t inputs,
                   const AutoencoderPlan& plan, Random random, const std::stop_token& stop) {
  network.initialise(random.split());
  Copying copying(network, rows, inputs, plan);
  std::vector<std::uint32_t> order(rows.size() / inputs);
  std::iota(order.begin(), order.end(), 0U);
  for (std::uint32_t step = 0; step < plan.steps;) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    for (std::size_t from = 0; from < order.size() && step < plan.steps; ++step) {
      if (stop.stop_requested()) return;
      const std::size_t count = std::min<std::size_t>(plan.batch, order.size() - from);
      copying.step(std::span{order}.subspan(from, count));
      from += count;
    }
  }
}

}  // namespace vedette
