/// Three ways to part a data set into training and test rows. "random" flatters (floods of equal
/// flows end up on both sides) and is there for comparison with published tables; "time" and
/// "capture" say what to expect from tomorrow and from another network.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "train/shuffle.hpp"
#include "train/train.hpp"

namespace vedette {

namespace {

using Indices = std::vector<std::uint32_t>;

/// The labelled flows, in groups by what `key` says of them.
template <class Key>
std::vector<Indices> group_flows(const Dataset& dataset, std::size_t groups, Key key) {
  std::vector<Indices> out(groups);
  for (std::uint32_t i = 0; i < dataset.size(); ++i) {
    const bool labelled = !dataset.labels()[dataset.label(i)].empty();
    if (labelled && dataset.kind(i) == RecordKind::flow) out[key(i)].push_back(i);
  }
  std::erase_if(out, [](const Indices& group) { return group.empty(); });
  return out;
}

/// Of a group, as near to the share as whole rows allow, but never all and never none of two or
/// more. The only row of its kind is trained on.
std::size_t share_of(std::size_t rows, double share) {
  if (rows < 2) return rows;
  const auto wanted = static_cast<std::size_t>(std::llround(static_cast<double>(rows) * share));
  return std::clamp<std::size_t>(wanted, 1, rows - 1);
}

void append_parted(Split& split, const Indices& group, std::size_t train_rows) {
  const auto border = group.begin() + static_cast<std::ptrdiff_t>(train_rows);
  split.train.insert(split.train.end(), group.begin(), border);
  split.test.insert(split.test.end(), border, group.end());
}

Result<Split> split_random(const Dataset& dataset, const SplitOptions& options) {
  Split split;
  Random random{options.seed};
  auto groups =
      group_flows(dataset, dataset.labels().size(), [&](auto i) { return dataset.label(i); });
  for (Indices& group : groups) {
    shuffle(std::span{group}, random);
    append_parted(split, group, share_of(group.size(), options.train_share));
  }
  return split;
}

Result<Split> split_time(const Dataset& dataset, const SplitOptions& options) {
  Split split;
  auto groups =
      group_flows(dataset, dataset.captures().size(), [&](auto i) { return dataset.capture(i); });
  for (Indices& group : groups) {
    std::stable_sort(group.begin(), group.end(),
                     [&](auto a, auto b) { return dataset.time(a) < dataset.time(b); });
    append_parted(split, group, share_of(group.size(), options.train_share));
  }
  return split;
}

Result<Split> split_capture(const Dataset& dataset, const SplitOptions& options) {
  Split split;
  Random random{options.seed};
  auto groups =
      group_flows(dataset, dataset.captures().size(), [&](auto i) { return dataset.capture(i); });
  if (groups.size() == 1) {
    return Error{Errc::out_of_range,
                 "a split by capture needs two captures with labelled flows; this data set has 1"};
  }
  shuffle(std::span{groups}, random);
  std::size_t rows = 0;
  for (const Indices& group : groups) rows += group.size();
  const double wanted = static_cast<double>(rows) * options.train_share;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool last = i + 1 == groups.size();
    const bool train = !last && static_cast<double>(split.train.size()) < wanted;
    append_parted(split, groups[i], train ? groups[i].size() : 0);
  }
  return split;
}

struct Kind {
  std::string_view name;
  Result<Split> (*part)(const Dataset&, const SplitOptions&);
};
constexpr std::array<Kind, 3> kinds{
    {{"random", split_random}, {"time", split_time}, {"capture", split_capture}}};

}  // namespace

Result<Split> make_split(const Dataset& dataset, const SplitOptions& options) {
  if (!(options.train_share > 0 && options.train_share < 1)) {
    return Error{
        Errc::out_of_range,
        fmt::format("the training share must lie between 0 and 1, not {}", options.train_share)};
  }
  const auto kind =
      std::find_if(kinds.begin(), kinds.end(), [&](const Kind& k) { return k.name == options.by; });
  if (kind == kinds.end()) {
    return Error{Errc::not_found, fmt::format("there is no split \"{}\"; known are random, time, "
                                              "capture",
                                              options.by)};
  }
  Result<Split> split = kind->part(dataset, options);
  if (!split) return split;
  if (split->train.empty() || split->test.empty()) {
    return Error{Errc::out_of_range,
                 fmt::format("{} labelled flows are too few to train and to test",
                             split->train.size() + split->test.size())};
  }
  std::sort(split->train.begin(), split->train.end());
  std::sort(split->test.begin(), split->test.end());
  return split;
}

}  // namespace vedette
