#include "model/mass_trees.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "model/benign_model.hpp"

namespace vedette {

Parted part_rows(Rows all, std::span<std::uint32_t> rows, const MassCut& cut) {
  const auto value = [&](std::uint32_t row) { return all.data[row * all.width + cut.column]; };
  std::size_t left = 0, right = 0;
  for (const std::uint32_t row : rows) {
    left += value(row) <= cut.cut ? 1U : 0U;
    right += value(row) > cut.cut ? 1U : 0U;
  }
  Parted out;
  out.missing_right = right > left;
  // Stable, so that the rows of a node come in the same order on every machine.
  const auto middle = std::stable_partition(rows.begin(), rows.end(), [&](std::uint32_t row) {
    const float x = value(row);
    return x <= cut.cut || (std::isnan(x) && !out.missing_right);
  });
  out.left = static_cast<std::size_t>(middle - rows.begin());
  return out;
}

void MassTrees::add(const MassTree& tree, const Values& values) {
  const std::vector<std::uint32_t> places = walk_.add([&] {
    std::vector<TreeNode> nodes = tree.nodes;
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].left == i) nodes[i].question = 0;
    }
    return nodes;
  }());
  const std::size_t count = tree.nodes.size();
  std::vector<std::uint32_t> rows(count), depth(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t left = tree.nodes[i].left;
    if (left != i) depth[left] = depth[left + 1] = depth[i] + 1;
  }
  std::vector<double> value(count);
  for (std::uint32_t i = static_cast<std::uint32_t>(count); i-- > 0;) {
    const std::uint32_t left = tree.nodes[i].left;
    rows[i] = left == i ? tree.nodes[i].question : rows[left] + rows[left + 1];
  }
  const double all = rows.front();
  for (std::uint32_t i = static_cast<std::uint32_t>(count); i-- > 0;) {
    const std::uint32_t left = tree.nodes[i].left;
    if (left == i || !values.of_leaves) {
      value[i] = values.of_node(depth[i], rows[i], all);
    } else {
      value[i] = (value[left] * rows[left] + value[left + 1] * rows[left + 1]) / rows[i];
    }
  }
  for (const std::uint32_t place : places) {
    values_.push_back(static_cast<float>(value[place]));
    rows_.push_back(rows[place]);
  }
}

/// Tree by tree over a block of rows, as a forest scores: a tree stays in the first-level cache for
/// the whole block, and the values are added in the order of the trees for every row.
void MassTrees::mean(Rows rows, std::span<float> out) const {
  constexpr std::size_t block_rows = 1024;
  const auto trees = static_cast<float>(walk_.trees());
  TreeWalk::Leaves leaves;
  for (std::size_t from = 0; from < rows.count; from += block_rows) {
    const std::size_t count = std::min(block_rows, rows.count - from);
    const float* data = rows.data + from * rows.width;
    float* sums = out.data() + from;
    std::fill_n(sums, count, 0.0F);
    const bool lacking = any_missing(data, count * rows.width);
    for (std::size_t t = 0; t < walk_.trees(); ++t) {
      const float* values = values_.data() + walk_.first(t);
      for (std::size_t at = 0; at < count; at += TreeWalk::group) {
        const std::size_t group = std::min(TreeWalk::group, count - at);
        walk_.find(t, data + at * rows.width, group, lacking, leaves);
        for (std::size_t i = 0; i < group; ++i) sums[at + i] += values[leaves[i]];
      }
    }
    for (std::size_t i = 0; i < count; ++i) sums[i] /= trees;
  }
}

double MassTrees::root() const {
  double sum = 0;
  for (std::size_t t = 0; t < walk_.trees(); ++t) {
    sum += static_cast<double>(values_[walk_.first(t)]);
  }
  return sum / static_cast<double>(walk_.trees());
}

void MassTrees::explain(std::span<const float> row, std::span<float> out) const {
  std::vector<double> credit(out.size());
  for (std::size_t t = 0; t < walk_.trees(); ++t) {
    const float* values = values_.data() + walk_.first(t);
    for (std::uint32_t at = 0;;) {
      const std::uint32_t next = walk_.step(t, at, row.data());
      if (next == at) break;
      credit[walk_.node(t, at).column()] +=
          static_cast<double>(values[at]) - static_cast<double>(values[next]);
      at = next;
    }
  }
  for (std::size_t c = 0; c < out.size(); ++c) {
    out[c] = static_cast<float>(credit[c] / static_cast<double>(walk_.trees()));
  }
}

void MassTrees::save(ByteWriter& out) const {
  out.put(static_cast<std::uint32_t>(walk_.trees()));
  for (std::size_t t = 0; t < walk_.trees(); ++t) {
    put_walk(out, walk_, t, [&](std::uint32_t i) {
      TreeNode node = walk_.node(t, i);
      if (node.left == i) node.question = rows_[walk_.first(t) + i];
      return node;
    });
  }
}

namespace {

Error damaged(std::string what) {
  return {Errc::corrupt, std::move(what)};
}

Result<MassTree> load_tree(ByteReader& in, std::size_t width, std::uint32_t leaf_rows_min) {
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || count % 2 == 0 || in.left() < std::size_t{count} * node_bytes) {
    return damaged("a tree's size does not fit the bytes");
  }
  MassTree tree{get_nodes(in, count)};
  std::vector<std::uint32_t> rows(count);
  std::uint64_t all = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (tree.nodes[i].left != i) continue;
    std::swap(rows[i], tree.nodes[i].question);
    all += rows[i];
    if (rows[i] < leaf_rows_min) return damaged(fmt::format("leaf {} without rows", i));
  }
  if (all == 0 || all > benign_rows_max) return damaged(fmt::format("a tree of {} rows", all));
  if (const Status status = check_nodes(tree.nodes, width); !status) return status.error();
  for (std::uint32_t i = 0; i < count; ++i) {
    if (tree.nodes[i].left == i) tree.nodes[i].question = rows[i];
  }
  return tree;
}

}  // namespace

Result<MassTrees> MassTrees::load(ByteReader& in, std::size_t width, std::uint32_t leaf_rows_min,
                                  const Values& values) {
  constexpr std::size_t tree_bytes = sizeof(std::uint32_t) + node_bytes;
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || count == 0 || count > mass_trees_max || in.left() < count * tree_bytes) {
    return damaged("more trees than bytes");
  }
  MassTrees out(width);
  const std::size_t nodes = in.left() / node_bytes;
  out.walk_.reserve(nodes);
  out.values_.reserve(nodes);
  out.rows_.reserve(nodes);
  for (std::uint32_t t = 0; t < count; ++t) {
    const Result<MassTree> tree = load_tree(in, width, leaf_rows_min);
    if (!tree) return tree.error();
    out.add(*tree, values);
  }
  return out;
}

}  // namespace vedette
