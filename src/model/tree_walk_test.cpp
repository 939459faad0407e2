#include "model/tree_walk.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/random.hpp"

namespace vedette {
namespace {

/// Splits random leaves of a lone root: shapes from a list to a bush.
std::vector<TreeNode> random_tree(Random& random, std::size_t splits, std::size_t width) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  std::vector<TreeNode> nodes{{inf, 0, 0}};
  std::vector<std::uint32_t> leaves{0};
  for (std::size_t i = 0; i < splits && !leaves.empty(); ++i) {
    const std::size_t pick = random.chance(0.5) ? leaves.size() - 1 : random.below(leaves.size());
    const std::uint32_t at = leaves[pick];
    const auto left = static_cast<std::uint32_t>(nodes.size());
    const auto column = static_cast<std::uint32_t>(random.below(width));
    const bool odd = random.chance(0.02);
    nodes[at] = {odd ? -inf : static_cast<float>(random.normal()),
                 column | (random.chance(0.5) ? TreeNode::missing_right_bit : 0U), left};
    nodes.push_back({inf, 0, left});
    nodes.push_back({inf, 0, left + 1});
    leaves[pick] = left;
    leaves.push_back(left + 1);
  }
  return nodes;
}

float random_value(Random& random, double odd) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  if (!random.chance(odd)) return static_cast<float>(random.normal());
  const float values[] = {std::numeric_limits<float>::quiet_NaN(), inf, -inf, 0.0F, -0.0F};
  return values[random.below(5)];
}

TEST(TreeWalk, EqualsOneStepAtATime) {
  struct Row {
    const char* why;
    std::size_t splits, width;
    double odd;
  };
  for (const Row& row : {Row{"a lone leaf", 0, 3, 0.2}, Row{"small", 5, 1, 0.2},
                         Row{"deeper than the steps that are not asked about", 300, 5, 0.1},
                         Row{"nothing missing", 1000, 24, 0.0}, Row{"much", 3000, 24, 0.3},
                         Row{"more columns than eight bytes hold", 800, 129, 0.1}}) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      Random random(seed);
      const std::vector<TreeNode> nodes = random_tree(random, row.splits, row.width);
      TreeWalk walk(row.width);
      walk.add(random_tree(random, 7, row.width));  // not the first of its kind
      const std::vector<std::uint32_t> places = walk.add(nodes);
      ASSERT_EQ(walk.size(1), nodes.size());
      std::vector<float> values(TreeWalk::group * row.width);
      for (float& value : values) value = random_value(random, row.odd);
      for (const std::size_t count : {std::size_t{1}, std::size_t{7}, TreeWalk::group}) {
        TreeWalk::Leaves leaves;
        const bool lacking = any_missing(values.data(), count * row.width);
        walk.find(1, values.data(), count, lacking, leaves);
        for (std::size_t i = 0; i < count; ++i) {
          std::uint32_t at = 0;
          const float* own = values.data() + i * row.width;
          while (plain_step(nodes, at, own) != at) at = plain_step(nodes, at, own);
          std::uint32_t step = 0;
          while (walk.step(1, step, own) != step) step = walk.step(1, step, own);
          ASSERT_EQ(step, leaves[i]) << row.why << ", seed " << seed << ", row " << i;
          ASSERT_EQ(places[leaves[i]], at) << row.why << ", seed " << seed << ", row " << i;
        }
      }
    }
  }
}

TEST(TreeWalk, MissingValuesAreSeenWhereverTheyAre) {
  std::vector<float> values(37, 1.0F);
  values[3] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(any_missing(values.data(), values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::vector<float> one = values;
    one[i] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(any_missing(one.data(), one.size())) << i;
  }
}

}  // namespace
}  // namespace vedette
