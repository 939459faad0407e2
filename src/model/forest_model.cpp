#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/expects.hpp"
#include "base/hash.hpp"
#include "model/fit_input.hpp"
#include "model/forest.hpp"

namespace vedette {

namespace {

constexpr std::uint8_t forest_version = 1;
constexpr float share_units = 65'535;

Error damaged(std::string what) {
  return {Errc::corrupt, "forest: " + std::move(what)};
}

}  // namespace

void ForestParts::grow_slots() {
  slots_.assign(std::max<std::size_t>(1024, slots_.size() * 4), 0);
  for (std::uint32_t i = 0; i < answers.size() / classes; ++i) {
    const auto own = std::span{answers}.subspan(i * classes, classes);
    std::size_t slot = hash64(std::as_bytes(own)) % slots_.size();
    while (slots_[slot] != 0) slot = (slot + 1) % slots_.size();
    slots_[slot] = i + 1;
  }
}

std::uint32_t ForestParts::answer_of(std::span<const float> own) {
  if (slots_.size() <= 2 * (answers.size() / classes + 1)) grow_slots();
  std::size_t slot = hash64(std::as_bytes(own)) % slots_.size();
  for (; slots_[slot] != 0; slot = (slot + 1) % slots_.size()) {
    const float* known = answers.data() + (slots_[slot] - 1U) * classes;
    if (std::memcmp(known, own.data(), own.size_bytes()) == 0) return slots_[slot] - 1;
  }
  answers.insert(answers.end(), own.begin(), own.end());
  slots_[slot] = static_cast<std::uint32_t>(answers.size() / classes);
  return slots_[slot] - 1;
}

void ForestParts::add(const GrownTree& tree) {
  std::vector<std::uint32_t> leaf_answers(tree.nodes.size());
  std::vector<std::uint16_t> inner_shares;
  for (std::uint32_t i = 0; i < tree.nodes.size(); ++i) {
    const auto own = std::span{tree.probabilities}.subspan(i * classes, classes);
    if (tree.nodes[i].left == i) {
      leaf_answers[i] = answer_of(own);
      continue;
    }
    for (const float p : own) {
      inner_shares.push_back(static_cast<std::uint16_t>(p * share_units + 0.5F));
    }
  }
  add(tree.nodes, leaf_answers, inner_shares);
}

void ForestParts::add(std::span<const TreeNode> nodes, std::span<const std::uint32_t> leaf_answers,
                      std::span<const std::uint16_t> inner_shares) {
  std::vector<std::uint32_t> inner(nodes.size());  // how many came before in the given order
  for (std::uint32_t i = 0, seen = 0; i < nodes.size(); ++i) {
    inner[i] = seen;
    seen += nodes[i].left == i ? 0 : 1;
  }
  first_share.push_back(shares.size());
  std::uint32_t seen = 0;
  for (const std::uint32_t place : walk.add(nodes)) {
    if (nodes[place].left == place) {
      marks.push_back(leaf_answers[place]);
      continue;
    }
    marks.push_back(seen++);
    const auto own = inner_shares.subspan(inner[place] * classes, classes);
    shares.insert(shares.end(), own.begin(), own.end());
  }
}

std::string Forest::describe() const {
  std::string text = fmt::format("{} {}, {} leaves", parts_.walk.trees(),
                                 parts_.extra_trees ? "extra trees" : "trees",
                                 (parts_.walk.nodes() + parts_.walk.trees()) / 2);
  const ForestParts::OutOfBag& out = parts_.out_of_bag;
  if (out.rows > 0) {
    text += fmt::format(", out-of-bag accuracy {:.4f} on {} rows",
                        static_cast<double>(out.right) / static_cast<double>(out.rows), out.rows);
  }
  return text;
}

constexpr std::size_t block_rows = 4096;

/// Tree by tree over a block of rows: a tree is read once for 512 rows, and its votes are added in
/// the order of the trees for every row.
void Forest::add_votes(Rows rows, std::size_t from, std::size_t count, float* sums) const {
  const std::size_t classes = parts_.classes;
  std::fill_n(sums, count * classes, 0.0F);
  const float* data = rows.data + from * rows.width;
  const bool lacking = any_missing(data, count * rows.width);
  TreeWalk::Leaves leaves;
  for (std::size_t t = 0; t < parts_.walk.trees(); ++t) {
    for (std::size_t at = 0; at < count; at += TreeWalk::group) {
      const std::size_t group = std::min(TreeWalk::group, count - at);
      parts_.walk.find(t, data + at * rows.width, group, lacking, leaves);
      for (std::size_t i = 0; i < group; ++i) {
        const float* answer = answer_at(t, leaves[i]);
        float* sum = sums + (at + i) * classes;
        for (std::size_t k = 0; k < classes; ++k) sum[k] += answer[k];
      }
    }
  }
}

void Forest::score(Rows rows, std::span<float> out) const {
  expects(rows.width == parts_.width && out.size() >= rows.count * parts_.classes,
          "Forest::score gets rows of its width and room for every class");
  const auto trees = static_cast<float>(parts_.walk.trees());
  for (std::size_t from = 0; from < rows.count; from += block_rows) {
    const std::size_t count = std::min(block_rows, rows.count - from);
    float* sums = out.data() + from * parts_.classes;
    add_votes(rows, from, count, sums);
    for (std::size_t i = 0; i < count * parts_.classes; ++i) {
      sums[i] = std::min(1.0F, sums[i] / trees);
    }
  }
}

void Forest::explain(std::span<const float> row, std::uint16_t class_index,
                     std::span<float> out) const {
  expects(row.size() == parts_.width && out.size() == parts_.width && class_index < parts_.classes,
          "Forest::explain gets a row of its width and a class it knows");
  std::vector<double> credit(parts_.width);
  for (std::size_t t = 0; t < parts_.walk.trees(); ++t) {
    double here = share_at(t, 0, class_index);
    for (std::uint32_t at = 0;;) {
      const std::uint32_t next = parts_.walk.step(t, at, row.data());
      if (next == at) break;
      const double there = share_at(t, next, class_index);
      credit[parts_.walk.node(t, at).column()] += there - here;
      here = there;
      at = next;
    }
  }
  for (std::size_t c = 0; c < out.size(); ++c) {
    out[c] = static_cast<float>(credit[c] / static_cast<double>(parts_.walk.trees()));
  }
}

Attribution Forest::attribute(std::span<const float> row, std::uint16_t class_index,
                              std::span<float> out) const {
  expects(class_index > 0 && class_index < parts_.classes,
          "Forest::attribute is asked about an alarm");
  explain(row, 0, out);
  for (float& part : out) part = -part;
  double roots = 0;
  for (std::size_t t = 0; t < parts_.walk.trees(); ++t) roots += share_at(t, 0, 0);
  return {PartsAdd::to_probability, 1 - roots / static_cast<double>(parts_.walk.trees())};
}

/// The share of a class among a node's training rows; of inner nodes in 65,535ths.
double Forest::share_at(std::size_t tree, std::uint32_t node, std::uint16_t class_index) const {
  const std::uint32_t mark = parts_.marks[parts_.walk.first(tree) + node];
  if (parts_.walk.node(tree, node).left == node) {
    return static_cast<double>(parts_.answers[mark * parts_.classes + class_index]);
  }
  const std::uint16_t* shares = parts_.shares.data() + parts_.first_share[tree];
  return shares[mark * parts_.classes + class_index] / static_cast<double>(share_units);
}

void Forest::save(ByteWriter& out) const {
  out.put(forest_version);
  out.put(static_cast<std::uint8_t>(parts_.extra_trees ? 1 : 0));
  out.put(static_cast<std::uint32_t>(parts_.width));
  out.put(static_cast<std::uint32_t>(parts_.classes));
  out.put(parts_.out_of_bag.rows);
  out.put(parts_.out_of_bag.right);
  out.put(static_cast<std::uint32_t>(parts_.answers.size() / parts_.classes));
  out.put_bytes(std::as_bytes(std::span{parts_.answers}));
  out.put(static_cast<std::uint32_t>(parts_.walk.trees()));
  const std::span<const std::uint16_t> shares{parts_.shares};
  for (std::size_t t = 0; t < parts_.walk.trees(); ++t) {
    put_walk(out, parts_.walk, t, [&](std::uint32_t i) {
      TreeNode node = parts_.walk.node(t, i);
      if (node.left == i) node.question = parts_.marks[parts_.walk.first(t) + i];
      return node;
    });
    const std::size_t inner = parts_.walk.size(t) / 2;
    out.put_bytes(std::as_bytes(shares.subspan(parts_.first_share[t], inner * parts_.classes)));
  }
}

namespace {

Status load_answers(ByteReader& in, ForestParts& parts) {
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || count == 0 || in.left() < std::size_t{count} * parts.classes * sizeof(float)) {
    return damaged("more answers than bytes");
  }
  parts.answers.resize(std::size_t{count} * parts.classes);
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < parts.classes; ++k) {
      const auto p = in.get<float>();
      if (!(p >= 0 && p <= 1)) return damaged(fmt::format("answer {}: no probability", i));
      parts.answers[i * parts.classes + k] = p;
      sum += static_cast<double>(p);
    }
    if (std::abs(sum - 1) > 1e-4) return damaged(fmt::format("answer {} sums to {}", i, sum));
  }
  return {};
}

Status load_one(ByteReader& in, ForestParts& parts) {
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || count % 2 == 0 || in.left() < std::size_t{count} * node_bytes) {
    return damaged("a tree's size does not fit the bytes");
  }
  std::vector<TreeNode> nodes = get_nodes(in, count);
  std::vector<std::uint32_t> answers(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (nodes[i].left == i) std::swap(answers[i], nodes[i].question);
    if (answers[i] >= parts.answers.size() / parts.classes) {
      return damaged(fmt::format("a leaf gives answer {}", answers[i]));
    }
  }
  if (const Status status = check_nodes(nodes, parts.width); !status) {
    return damaged(status.error().message);
  }
  const std::size_t inner = count / 2;  // sound nodes: every inner one has two children
  if (in.left() < inner * parts.classes * sizeof(std::uint16_t)) {
    return damaged("more shares than bytes");
  }
  std::vector<std::uint16_t> shares(inner * parts.classes);
  for (std::uint16_t& share : shares) share = in.get<std::uint16_t>();
  parts.add(nodes, answers, shares);
  return {};
}

}  // namespace

Result<std::unique_ptr<Model>> load_forest(ByteReader& in) {
  const auto version = in.get<std::uint8_t>();
  if (in.ok() && version != forest_version) {
    return Error{Errc::unsupported,
                 fmt::format("forest: version {}, this build reads {}", version, forest_version)};
  }
  const auto style = in.get<std::uint8_t>();
  const auto width = in.get<std::uint32_t>();
  const auto classes = in.get<std::uint32_t>();
  ForestParts parts(width, classes);
  parts.extra_trees = style == 1;
  parts.out_of_bag.rows = in.get<std::uint64_t>();
  parts.out_of_bag.right = in.get<std::uint64_t>();
  if (!in.ok() || style > 1 || width == 0 || width > fit_columns_max || classes < 2 ||
      classes > fit_classes_max || parts.out_of_bag.right > parts.out_of_bag.rows) {
    return damaged("sizes outside their range");
  }
  if (const Status status = load_answers(in, parts); !status) return status.error();
  const auto trees = in.get<std::uint32_t>();
  constexpr std::size_t tree_bytes = sizeof(std::uint32_t) + node_bytes;
  if (!in.ok() || trees == 0 || trees > forest_trees_max || in.left() < trees * tree_bytes) {
    return damaged("more trees than bytes");
  }
  // Half of the nodes are inner ones and have two bytes of share per class.
  const std::size_t nodes = in.left() / (node_bytes + parts.classes);
  parts.walk.reserve(nodes);
  parts.marks.reserve(nodes);
  parts.shares.reserve(nodes / 2 * parts.classes);
  for (std::uint32_t t = 0; t < trees; ++t) {
    if (const Status status = load_one(in, parts); !status) return status.error();
  }
  return std::unique_ptr<Model>(std::make_unique<Forest>(std::move(parts)));
}

}  // namespace vedette
