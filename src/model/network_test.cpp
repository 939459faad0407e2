#include "model/network.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>

#include "base/random.hpp"
#include "model/network_crew.hpp"
#include "model/network_gradient.hpp"
#include "model/network_model.hpp"

namespace vedette {
namespace {

struct Shape {
  const char* why;
  NetworkShape shape;
};

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all{
      {"dense alone", {5, 3, 1, 1, {}, {7}}},
      {"three dense layers", {24, 5, 1, 1, {}, {40, 17, 9}}},
      {"one convolution", {10, 3, 3, 2, {8}, {12}}},
      {"no pooling, a kernel of one", {6, 2, 1, 1, {5}, {6}}},
      {"an even kernel, an odd row", {9, 3, 4, 2, {20}, {8}}},
      {"two convolutions", {12, 4, 3, 2, {6, 18}, {10}}},
      {"three convolutions down to one position", {7, 2, 3, 3, {4, 5, 6}, {8}}},
      {"a kernel wider than the row", {2, 2, 5, 2, {4, 4}, {4}}},
  };
  return all;
}

Network random_network(const NetworkShape& shape, std::uint64_t seed) {
  Network network(shape, std::vector<std::uint8_t>(shape.classes, 1));
  Random random(seed);
  network.initialise(random.split());
  for (const Layer& layer : network.layers()) {  // biases away from 0, padding at 0
    for (std::size_t n = 0; n < layer.outputs; ++n) {
      network.parameters()[layer.bias + n] = static_cast<float>(random.normal(0, 0.1));
    }
  }
  return network;
}

std::vector<float> random_rows(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> rows(count);
  for (float& x : rows) x = static_cast<float>(random.normal());
  return rows;
}

void place(const Network& network, Workspace& space, const std::vector<float>& rows,
           bool learning) {
  const std::size_t width = network.shape().columns;
  space.prepare(network.layers(), rows.size() / width, learning);
  network.place(space, rows.size() / width,
                [&](std::size_t i, float* at) { std::copy_n(rows.data() + i * width, width, at); });
}

/// The definition, in doubles: out[p][n] = b[n] + Σ w[tap][c][n] * in[p + tap − (kernel − 1) / 2].
std::vector<double> by_definition(const Network& network, const float* row) {
  std::vector<double> in(row, row + network.shape().columns);
  for (const Layer& layer : network.layers()) {
    const Floats& w = network.parameters();
    std::vector<double> sums(layer.positions * layer.lanes);
    for (std::size_t p = 0; p < layer.positions; ++p) {
      for (std::size_t n = 0; n < layer.lanes; ++n) {
        double sum = static_cast<double>(w[layer.bias + n]);
        for (std::size_t tap = 0; tap < layer.kernel; ++tap) {
          const std::size_t at = p + tap - (layer.kernel - 1) / 2;  // wraps: beyond every position
          if (at >= layer.positions) continue;
          for (std::size_t c = 0; c < layer.channels; ++c) {
            const std::size_t k = tap * layer.channels + c;
            const std::size_t panel = n / panel_lanes * layer.depth() * panel_lanes;
            sum +=
                in[at * layer.channels + c] *
                static_cast<double>(w[layer.weights + panel + k * panel_lanes + n % panel_lanes]);
          }
        }
        sums[p * layer.lanes + n] = sum;
      }
    }
    if (layer.last) return sums;
    in.assign(layer.pooled() * layer.lanes, 0);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      double& most = in[i / layer.lanes / layer.pool * layer.lanes + i % layer.lanes];
      most = std::max(most, sums[i]);
    }
  }
  return in;
}

TEST(Network, ForwardIsTheDefinition) {
  for (const auto& [why, shape] : shapes()) {
    const Network network = random_network(shape, 3);
    const std::vector<float> rows = random_rows(9 * shape.columns, 4);
    for (const bool learning : {false, true}) {
      Workspace space;
      place(network, space, rows, learning);
      network.forward(space, 9, nullptr);
      for (std::size_t i = 0; i < 9; ++i) {
        const auto expected = by_definition(network, rows.data() + i * shape.columns);
        const float* logits = space.input(network.layers().size()) + i * network.logit_step();
        for (std::size_t k = 0; k < shape.classes; ++k) {
          EXPECT_NEAR(static_cast<double>(logits[k]), expected[k], 1e-4) << why << ", row " << i;
        }
      }
    }
  }
}

/// Loss of some rows as a function of the parameters: what the gradient is checked against.
struct Probe {
  explicit Probe(const NetworkShape& shape)
      : network(random_network(shape, 5)), rows(random_rows(count * shape.columns, 6)) {
    Random random(7);
    for (std::size_t i = 0; i < count; ++i) {
      labels.push_back(static_cast<std::uint16_t>(random.below(shape.classes)));
      weights.push_back(static_cast<float>(random.uniform(0.5, 2)));
    }
  }
  double loss() {
    place(network, space, rows, true);
    network.forward(space, count, nullptr);
    return cross_entropy(network, space.input(network.layers().size()), labels.data(),
                         weights.data(), count, 1, nullptr);
  }
  /// The slope to one side. Where that crosses the kink of a rectifier, the other side does not.
  double slope(float& x, float step) {
    const float before = x;
    const double at = loss();
    x = before + step;
    const double there = loss();
    x = before;
    return (there - at) / static_cast<double>(step);
  }
  bool agrees(float& x, float analytic) {
    const auto expected = static_cast<double>(analytic);
    const double tolerance = 0.015 * (0.2 + std::abs(expected));
    return std::abs(slope(x, 2e-3F) - expected) <= tolerance ||
           std::abs(slope(x, -2e-3F) - expected) <= tolerance;
  }
  static constexpr std::size_t count = 7;
  Network network;
  std::vector<float> rows;
  std::vector<std::uint16_t> labels;
  std::vector<float> weights;
  Workspace space;
};

TEST(Network, GradientIsTheSlopeOfTheLoss) {
  for (const auto& [why, shape] : shapes()) {
    Probe probe(shape);
    Network& network = probe.network;
    Backward backward(network, Probe::count, 0);
    probe.loss();
    cross_entropy(network, probe.space.input(network.layers().size()), probe.labels.data(),
                  probe.weights.data(), Probe::count, 1, backward.logits());
    Floats gradient(network.parameters().size(), 99.0F);
    const TransposedWeights transposed(network, 0);
    backward.run(network, transposed, probe.space, Probe::count, 1, gradient.data(), true);
    std::size_t checked = 0, off = 0;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      if (network.parameters()[i] == 0) {
        EXPECT_EQ(gradient[i], 0) << why << ": padding moves";
        continue;
      }
      ++checked;
      off += probe.agrees(network.parameters()[i], gradient[i]) ? 0 : 1;
    }
    EXPECT_LE(off, checked / 100) << why << ": " << off << " of " << checked << " weights";
    for (std::size_t c = 0; c < shape.columns; ++c) {  // of the first row
      EXPECT_TRUE(probe.agrees(probe.rows[c], backward.input(c))) << why << ": column " << c;
    }
  }
}

TEST(Network, GradientsOfBlocksAddUp) {
  Probe probe(shapes()[5].shape);
  Network& network = probe.network;
  const TransposedWeights transposed(network, 1);
  Floats whole(network.parameters().size()), parts(whole.size());
  const auto run = [&](std::size_t from, std::size_t to, Floats& out, bool fresh) {
    Backward backward(network, Probe::count, 1);
    const std::size_t width = network.shape().columns;
    place(network, probe.space,
          {probe.rows.begin() + static_cast<std::ptrdiff_t>(from * width),
           probe.rows.begin() + static_cast<std::ptrdiff_t>(to * width)},
          true);
    network.forward(probe.space, to - from, nullptr);
    cross_entropy(network, probe.space.input(network.layers().size()), probe.labels.data() + from,
                  nullptr, to - from, 1, backward.logits());
    backward.run(network, transposed, probe.space, to - from, 1, out.data(), fresh);
  };
  run(0, Probe::count, whole, true);
  run(0, 3, parts, true);
  run(3, Probe::count, parts, false);
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(parts[i], whole[i], 1e-4) << i;
}

TEST(Softmax, PublishedValues) {
  // exp(1, 2, 3) / Σ, and −log of the last: Goodfellow et al., Deep Learning, section 6.2.2.3.
  Network network({1, 3, 1, 1, {}, {1}}, {1, 1, 1});
  Floats logits(network.logit_step());
  logits[0] = 1, logits[1] = 2, logits[2] = 3;
  Floats gradient(logits.size(), 9.0F);
  const std::uint16_t label = 2;
  EXPECT_NEAR(cross_entropy(network, logits.data(), &label, nullptr, 1, 1, gradient.data()),
              0.40760596, 1e-6);
  const float expected[] = {0.09003057F, 0.24472847F, 0.66524096F - 1};
  for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(gradient[k], expected[k], 1e-6) << k;
  for (std::size_t k = 3; k < logits.size(); ++k) EXPECT_EQ(gradient[k], 0) << k;
  Network absent({1, 3, 1, 1, {}, {1}}, {1, 0, 1});
  float shares[3];
  logits[1] = 1e6F;
  absent.softmax(logits.data(), shares);
  EXPECT_NEAR(shares[0], 1 / (1 + std::exp(2.0F)), 1e-6);
  EXPECT_EQ(shares[1], 0);
}

TEST(Dropout, KeepsTheExpectation) {
  for (const double chance : {0.0, 0.1, 0.5, 0.9}) {
    Dropout dropout(chance, 17);
    Floats values(100'000, 1.0F);
    dropout.apply(values.data(), values.size());
    double sum = 0, off = 0;
    for (const float value : values) {
      EXPECT_TRUE(value == 0 || value == dropout.scale());
      sum += static_cast<double>(value);
      off += value == 0 ? 1 : 0;
    }
    // Five standard deviations of a share of 100,000 are at most 0.008.
    EXPECT_NEAR(off / 100'000, chance, 0.008) << chance;
    EXPECT_NEAR(sum / 100'000, 1, 0.008 * static_cast<double>(dropout.scale())) << chance;
  }
}

TEST(Initialise, HasTheVarianceOfHe) {
  const NetworkShape shape{100, 2, 1, 1, {}, {250}};
  Network network(shape, {1, 1});
  network.initialise(Random(1));
  double squares = 0;
  const Layer& layer = network.layers().front();
  for (std::size_t i = 0; i < layer.depth() * layer.lanes; ++i) {
    const auto w = static_cast<double>(network.parameters()[layer.weights + i]);
    squares += w * w;
  }
  // 25,000 draws: the variance is known to 0.9 %.
  EXPECT_NEAR(squares / (100 * 250), 2.0 / 100, 0.05 * 2.0 / 100);
  EXPECT_EQ(network.weight_count(), 101U * 250 + 251 * 2);
}

TEST(Shape, IsHeldToItsBounds) {
  struct Row {
    const char* why;
    NetworkShape shape;
    bool fits;
    Errc code;
  };
  for (const Row& row : {
           Row{"the published network", {24, 10, 1, 1, {}, {2000, 1500, 800, 400, 150}}, true, {}},
           Row{"no columns", {0, 2, 1, 1, {}, {4}}, false, Errc::out_of_range},
           Row{"no filter", {4, 2, 3, 2, {0}, {4}}, false, Errc::out_of_range},
           Row{"kernel", {4, 2, 16, 2, {4}, {4}}, false, Errc::out_of_range},
           Row{"pool", {4, 2, 3, 0, {4}, {4}}, false, Errc::out_of_range},
           Row{"layers", {4, 2, 1, 1, {}, {1, 1, 1, 1, 1, 1, 1, 1, 1}}, false, Errc::out_of_range},
           Row{"products", {4096, 2, 15, 1, {256, 256}, {4}}, false, Errc::too_large},
           Row{"activations", {4096, 2, 1, 1, {64}, {1}}, false, Errc::too_large},
       }) {
    const Status status = check_shape(row.shape);
    EXPECT_EQ(status.ok(), row.fits) << row.why;
    if (status) continue;
    EXPECT_EQ(status.error().code, row.code) << row.why;
  }
}

TEST(Network, FilesOutOfBoundsAreRefused) {
  const Network network = random_network({4, 2, 3, 2, {4}, {4}}, 1);
  ByteWriter good;
  network.save(good);
  // columns, classes, kernel, pool, one filter count and size, one hidden count and size, present
  const std::size_t first_weight = 4 + 4 + 1 + 1 + 5 + 5 + 2;
  const auto load = [&](std::size_t at, auto value) {
    std::vector<std::byte> bytes(good.bytes().begin(), good.bytes().end());
    std::memcpy(bytes.data() + at, &value, sizeof value);
    ByteReader in(bytes);
    const auto loaded = Network::load(in);
    EXPECT_TRUE(loaded || loaded.error().code == Errc::corrupt);
    return loaded.ok();
  };
  EXPECT_TRUE(load(first_weight, 1.0F));
  for (const float w : {1.1e4F, -1.1e4F, std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_FALSE(load(first_weight, w)) << w;
  }
  EXPECT_FALSE(load(0, std::uint32_t{4096}));
  EXPECT_FALSE(load(4, std::uint32_t{1}));
  EXPECT_FALSE(load(8, std::uint8_t{200}));
  EXPECT_FALSE(load(11, std::uint32_t{0xffffffff}));
  EXPECT_FALSE(load(first_weight - 1, std::uint8_t{2}));
  EXPECT_FALSE(load(first_weight - 2, std::uint16_t{0}));
}

TEST(Network, LargestWeightsAndInputsStayFinite) {
  const NetworkShape shape{24, 3, 3, 2, {32, 32}, {200, 200, 200, 200, 200, 200, 200, 200}};
  Network network(shape, {1, 1, 1});
  Random random(2);
  for (float& w : network.parameters()) {
    w = random.chance(0.5) ? network_weight_max : -network_weight_max;
  }
  Workspace space;
  place(network, space, std::vector<float>(24, 10.0F), false);
  network.forward(space, 1, nullptr);
  float shares[3];
  network.softmax(space.input(network.layers().size()), shares);
  EXPECT_NEAR(shares[0] + shares[1] + shares[2], 1, 1e-5);
}

TEST(Crew, DoesEveryTaskOnce) {
  for (const unsigned threads : {0U, 1U, 2U, 5U}) {
    Crew crew(threads, 8);
    for (const std::size_t tasks : {0U, 1U, 2U, 3U, 100U}) {
      std::vector<std::atomic<int>> done(tasks);
      crew.run(tasks, [&](std::size_t task) { ++done[task]; });
      for (const auto& count : done) EXPECT_EQ(count, 1) << threads << " threads, " << tasks;
    }
  }
}

}  // namespace
}  // namespace vedette
