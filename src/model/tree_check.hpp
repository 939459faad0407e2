/// The nodes of a tree in a file: written, read, and looked at with distrust.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/tree_node.hpp"

namespace vedette {

constexpr std::size_t node_bytes = 12;

void put_nodes(ByteWriter& out, std::span<const TreeNode> nodes);
/// REQUIRES: node_bytes × count bytes are there.
std::vector<TreeNode> get_nodes(ByteReader& in, std::size_t count);
/// A tree that came from outside: children lie behind their parent, each has one, and every column
/// exists. Then every walk ends. @return corrupt.
Status check_nodes(std::span<const TreeNode> nodes, std::size_t width);

}  // namespace vedette
