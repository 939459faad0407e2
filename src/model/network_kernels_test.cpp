#include "model/network_kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/random.hpp"
#include "model/network_fit.hpp"

namespace vedette {
namespace {

Floats random_floats(Random& random, std::size_t count) {
  Floats values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

struct Case {
  const char* why;
  std::size_t rows, depth, panels;
  bool turned;  // the left matrix is read down its columns, as for the gradient of weights
  bool bias, add;
};

const Case cases[] = {
    {"one row, one panel", 1, 7, 1, false, true, false},
    {"one row, four panels at once", 1, 24, 4, false, true, false},
    {"one row, four and one", 1, 24, 5, false, true, false},
    {"a whole tile", 6, 64, 2, false, true, false},
    {"a tile and two rows", 8, 3, 2, false, false, false},
    {"every tail", 11, 13, 3, false, false, true},
    {"three rows", 3, 384, 1, false, true, false},
    {"four rows added", 4, 5, 1, false, false, true},
    {"gradient of weights", 29, 32, 4, true, false, false},
    {"nothing to sum: the bias stays", 5, 0, 1, false, true, false},
};

struct Matrices {
  Matrices(const Case& c, Random& random)
      : left(random_floats(random, c.rows * c.depth + 1)),
        right(random_floats(random, c.depth * c.panels * panel_lanes + 1)),
        out(random_floats(random, c.rows * c.panels * panel_lanes)),
        bias(random_floats(random, c.panels * panel_lanes)) {}
  Product product(const Case& c) {
    Product p;
    p.left = c.turned ? LeftMatrix{left.data(), 1, c.rows} : LeftMatrix{left.data(), c.depth, 1};
    p.right = {right.data(), panel_lanes, c.depth * panel_lanes};
    p.out = {out.data(), c.panels * panel_lanes, panel_lanes};
    p.rows = c.rows;
    p.depth = c.depth;
    p.panels = c.panels;
    p.bias = c.bias ? bias.data() : nullptr;
    p.add = c.add;
    return p;
  }
  Floats left, right, out, bias;
};

TEST(Multiply, IsTheDefinitionAndItsTwin) {
  const std::uint64_t seed = 11;
  Random random(seed);
  for (const Case& c : cases) {
    Matrices fast(c, random);
    Matrices plain = fast;
    const Matrices before = fast;
    multiply(fast.product(c));
    multiply_plain(plain.product(c));
    for (std::size_t m = 0; m < c.rows; ++m) {
      for (std::size_t n = 0; n < c.panels * panel_lanes; ++n) {
        const std::size_t at = m * c.panels * panel_lanes + n;
        double sum = c.add ? static_cast<double>(before.out[at]) : 0;
        if (c.bias) sum = static_cast<double>(before.bias[n]);
        for (std::size_t k = 0; k < c.depth; ++k) {
          const std::size_t panel = n / panel_lanes * c.depth * panel_lanes;
          sum += static_cast<double>(before.left[c.turned ? k * c.rows + m : m * c.depth + k]) *
                 static_cast<double>(before.right[panel + k * panel_lanes + n % panel_lanes]);
        }
        const double tolerance = 1e-5 * std::sqrt(static_cast<double>(c.depth) + 1);
        EXPECT_NEAR(static_cast<double>(fast.out[at]), sum, tolerance)
            << c.why << ", seed " << seed;
        EXPECT_NEAR(static_cast<double>(plain.out[at]), sum, tolerance) << c.why;
      }
    }
  }
}

TEST(Multiply, ARowHasTheSameBitsAloneAndAmongOthers) {
  Random random(12);
  for (std::size_t panels = 1; panels < 10; ++panels) {
    const Case c{"", 13, 50, panels, false, true, false};
    Matrices all(c, random);
    multiply(all.product(c));
    for (std::size_t row = 0; row < c.rows; ++row) {
      Matrices one = all;
      Product product = one.product(c);
      product.left.data += row * c.depth;
      product.rows = 1;
      multiply(product);
      EXPECT_EQ(std::memcmp(one.out.data(), all.out.data() + row * panels * panel_lanes,
                            panels * panel_lanes * sizeof(float)),
                0)
          << "row " << row << " of " << panels << " panels";
    }
  }
}

TEST(Multiply, WindowsMayOverlap) {
  Floats row{0, 1, 2, 3, 4, 0};  // four positions, a zero at each end
  Floats weights(3 * panel_lanes);
  weights[0] = 1, weights[panel_lanes] = 10, weights[2 * panel_lanes] = 100;
  Floats out(4 * panel_lanes);
  Product product;
  product.left = {row.data(), 1, 1};
  product.right = {weights.data(), panel_lanes, panel_lanes};
  product.out = {out.data(), panel_lanes, panel_lanes};
  product.rows = 4, product.depth = 3, product.panels = 1;
  multiply(product);
  const float expected[] = {210, 321, 432, 43};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(out[i * panel_lanes], expected[i]) << i;
}

TEST(AddRows, AddsToWhatIsThere) {
  Floats rows(3 * panel_lanes, 2.0F);
  Floats sums(panel_lanes, 1.0F);
  add_rows(rows.data(), 3, panel_lanes, sums.data());
  for (const float sum : sums) EXPECT_EQ(sum, 7);
}

TEST(Rectify, KeepsWhatIsPositiveUpToTheBound) {
  Floats values(panel_lanes);
  values[0] = -1, values[1] = 2.5F, values[2] = 3e38F, values[3] = -3e38F;
  rectify(values.data(), values.size());
  EXPECT_EQ(values[0], 0);
  EXPECT_EQ(values[1], 2.5F);
  EXPECT_EQ(values[2], activation_max);
  EXPECT_EQ(values[3], 0);
}

TEST(Pool, KeepsTheLargestAndSendsTheGradientBackThere) {
  struct Row {
    const char* why;
    std::vector<float> sums;
    std::size_t pool;
    std::vector<float> pooled, back;  // back: the gradients 10, 20, …
  };
  for (const Row& row : {
           Row{"pairs", {1, 3, 5, 4}, 2, {3, 5}, {0, 10, 20, 0}},
           Row{"the last window is shorter", {1, 3, 7}, 2, {3, 7}, {0, 10, 20}},
           Row{"equal: the first", {3, 3}, 2, {3}, {10, 0}},
           Row{"nothing positive, no gradient", {-1, -3, 0, -4}, 2, {0, 0}, {0, 0, 0, 0}},
           Row{"no pooling", {-1, 2, 3}, 1, {0, 2, 3}, {0, 20, 30}},
           Row{"a window wider than the row", {1, 4, 2}, 8, {4}, {0, 10, 0}},
       }) {
    const std::size_t positions = row.sums.size();
    Floats sums(positions * panel_lanes), pooled(row.pooled.size() * panel_lanes);
    Floats gradient(pooled.size()), back(sums.size());
    for (std::size_t i = 0; i < positions; ++i) {
      std::fill_n(sums.data() + i * panel_lanes, panel_lanes, row.sums[i]);
    }
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      gradient[i] = static_cast<float>(10 * (i / panel_lanes + 1));
    }
    rectify_and_pool(sums.data(), positions, panel_lanes, row.pool, pooled.data());
    unpool(sums.data(), gradient.data(), positions, panel_lanes, row.pool, back.data());
    for (std::size_t n = 0; n < panel_lanes; ++n) {
      for (std::size_t i = 0; i < row.pooled.size(); ++i) {
        EXPECT_EQ(pooled[i * panel_lanes + n], row.pooled[i]) << row.why;
      }
      for (std::size_t i = 0; i < positions; ++i) {
        EXPECT_EQ(back[i * panel_lanes + n], row.back[i]) << row.why << ", position " << i;
      }
    }
  }
}

TEST(MaskGradient, PassesOnlyWhereAUnitWasActive) {
  Floats values(panel_lanes), gradient(panel_lanes, 3.0F);
  values[1] = 0.5F;
  mask_gradient(values.data(), values.size(), 2, gradient.data());
  EXPECT_EQ(gradient[0], 0);
  EXPECT_EQ(gradient[1], 6);
}

struct AdamState {
  Floats parameters, mean, square;
};

TEST(Adam, IsItsTwin) {
  Random random(21);
  const std::size_t count = 4 * panel_lanes;
  AdamState fast{random_floats(random, count), Floats(count), Floats(count)};
  AdamState plain = fast;
  for (int t = 1; t <= 20; ++t) {
    const Floats a = random_floats(random, count), b = random_floats(random, count);
    const float* gradients[] = {a.data(), b.data()};
    const auto rate = static_cast<float>(0.01 / (1 - std::pow(0.9, t)));
    const auto scale = static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, t)));
    const auto step = [&](AdamState& s) {
      return AdamStep{
          s.parameters.data(), s.mean.data(), s.square.data(), gradients, 2, rate, scale};
    };
    adam(step(fast), 0, count);
    adam_plain(step(plain), 0, count);
  }
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_NEAR(fast.parameters[i], plain.parameters[i], 1e-5) << i;
  }
}

TEST(Adam, FirstStepIsTheLearningRateWhateverTheGradient) {  // Kingma, Ba 2015, section 2.1
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Floats gradient(panel_lanes);
  gradient[0] = 1e-4F, gradient[1] = -1, gradient[2] = 1e12F, gradient[3] = nan;
  gradient[4] = std::numeric_limits<float>::infinity();
  for (const auto update : {adam, adam_plain}) {
    AdamState s{Floats(panel_lanes), Floats(panel_lanes), Floats(panel_lanes)};
    const float* gradients[] = {gradient.data()};
    const AdamStep step{s.parameters.data(), s.mean.data(),        s.square.data(), gradients, 1,
                        0.001F / 0.1F,       1 / std::sqrt(0.001F)};
    update(step, 0, panel_lanes);
    EXPECT_NEAR(s.parameters[0], -0.001F, 1e-6);
    EXPECT_NEAR(s.parameters[1], 0.001F, 1e-6);
    EXPECT_NEAR(s.parameters[2], -0.001F, 1e-6);
    EXPECT_TRUE(std::isfinite(s.parameters[3]));
    EXPECT_NEAR(s.parameters[4], -0.001F, 1e-6);
    EXPECT_EQ(s.parameters[5], 0);
  }
}

}  // namespace
}  // namespace vedette
