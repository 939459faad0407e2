/// The nodes of a tree in a file: written, read, and looked at with distrust.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/tree_node.hpp"
#include "model/tree_walk.hpp"

namespace vedette {

constexpr std::size_t node_bytes = 12;

void put_nodes(ByteWriter& out, std::span<const TreeNode> nodes);
/// A tree of a walk: u32 count, then its nodes in the order of the walk, each as node(i) has it.
template <class Node>
void put_walk(ByteWriter& out, const TreeWalk& walk, std::size_t tree, const Node& node) {
  const auto count = static_cast<std::uint32_t>(walk.size(tree));
  out.put(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const TreeNode one = node(i);
    put_nodes(out, {&one, 1});
  }
}
/// REQUIRES: node_bytes × count bytes are there.
std::vector<TreeNode> get_nodes(ByteReader& in, std::size_t count);
/// A tree that came from outside: children lie behind their parent, each has one, and every column
/// exists. Then every walk ends. @return corrupt.
Status check_nodes(std::span<const TreeNode> nodes, std::size_t width);

}  // namespace vedette
