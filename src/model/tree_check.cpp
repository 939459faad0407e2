#include "model/tree_check.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace vedette {

namespace {

Error damaged(std::string what) {
  return {Errc::corrupt, std::move(what)};
}

}  // namespace

void put_nodes(ByteWriter& out, std::span<const TreeNode> nodes) {
  for (const TreeNode& node : nodes) {
    out.put(node.cut);
    out.put(node.question);
    out.put(node.left);
  }
}

std::vector<TreeNode> get_nodes(ByteReader& in, std::size_t count) {
  std::vector<TreeNode> nodes(count);
  for (TreeNode& node : nodes) {
    node.cut = in.get<float>();
    node.question = in.get<std::uint32_t>();
    node.left = in.get<std::uint32_t>();
  }
  return nodes;
}

Status check_nodes(std::span<const TreeNode> nodes, std::size_t width) {
  const std::size_t count = nodes.size();
  std::vector<std::uint8_t> depth(count, 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    const TreeNode& node = nodes[i];
    if (i > 0 && depth[i] == 0) return damaged(fmt::format("node {} has no parent", i));
    if (node.column() >= width) {
      return damaged(fmt::format("node {} asks column {}", i, node.column()));
    }
    if (node.left == i) {
      if (node.cut != std::numeric_limits<float>::infinity() || node.missing_right() != 0) {
        return damaged(fmt::format("leaf {} asks a question", i));
      }
      continue;
    }
    if (std::isnan(node.cut) || node.left <= i || std::size_t{node.left} + 1 >= count ||
        depth[node.left] != 0 || depth[node.left + 1] != 0 || depth[i] >= tree_depth_max) {
      return damaged(fmt::format("node {} points at {}", i, node.left));
    }
    depth[node.left] = depth[node.left + 1] = static_cast<std::uint8_t>(depth[i] + 1);
  }
  return {};
}

}  // namespace vedette
