#include "train/exemplars_of.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/hash.hpp"
#include "train/shuffle.hpp"

namespace vedette {

namespace {

/// Positions among the training rows, by label of the data set, in random order.
std::vector<std::vector<std::uint32_t>> rows_by_label(const Dataset& dataset,
                                                      const Prepared& prepared,
                                                      std::uint64_t seed) {
  std::vector<std::vector<std::uint32_t>> rows(dataset.labels().size());
  for (std::uint32_t i = 0; i < prepared.split.train.size(); ++i) {
    rows[dataset.label(prepared.split.train[i])].push_back(i);
  }
  Random random = Random{seed}.split();
  for (auto& own : rows) shuffle(std::span{own}, random);
  return rows;
}

/// The first `count` in which no two rows are equal.
std::vector<std::uint32_t> distinct(std::span<const std::uint32_t> order, Rows rows,
                                    std::size_t count) {
  std::vector<std::uint32_t> out;
  std::unordered_set<std::uint64_t> seen;
  for (const std::uint32_t i : order) {
    if (out.size() == count) break;
    if (seen.insert(hash64(std::as_bytes(rows[i]))).second) out.push_back(i);
  }
  return out;
}

}  // namespace

Exemplars exemplars_of(const Dataset& dataset, const Prepared& prepared, std::uint64_t seed) {
  const Rows rows = prepared.train_rows();
  const std::size_t room = Exemplars::room(rows.width);
  std::vector<std::vector<std::uint32_t>> groups = rows_by_label(dataset, prepared, seed);
  std::erase_if(groups, [](const auto& group) { return group.empty(); });
  for (auto& group : groups) group = distinct(group, rows, room);
  // The rarest labels first: what they cannot fill is shared by those behind them.
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.size() < b.size(); });
  std::vector<Similar> about;
  std::vector<float> values;
  Record record;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::size_t share = (room - about.size()) / (groups.size() - g);
    for (std::size_t k = 0; k < std::min(share, groups[g].size()); ++k) {
      const std::uint32_t i = groups[g][k];
      const std::uint32_t place = prepared.split.train[i];
      dataset.read(place, record);
      about.push_back({record.key, record.device, dataset.captures()[dataset.capture(place)],
                       dataset.labels()[dataset.label(place)], 0});
      values.insert(values.end(), rows[i].begin(), rows[i].end());
    }
  }
  return {rows.width, std::move(about), std::move(values)};
}

}  // namespace vedette
