/// Ways to part a data set into training and test rows. "random" and "kfold" flatter (floods of
/// equal flows end up on both sides) and are there for comparison with published tables; "time",
/// "capture" and "leave-one-capture-out" say what to expect from tomorrow and from another network.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.hpp"
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

Error one_capture(std::size_t captures) {
  return {Errc::out_of_range,
          fmt::format("a split by capture needs two captures with labelled flows; this data set "
                      "has {}",
                      captures)};
}

Result<Split> split_capture(const Dataset& dataset, const SplitOptions& options) {
  Split split;
  Random random{options.seed};
  auto groups =
      group_flows(dataset, dataset.captures().size(), [&](auto i) { return dataset.capture(i); });
  if (groups.size() == 1) return one_capture(groups.size());
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

/// Fold f tests the rows whose position in their shuffled class is f modulo the number of folds.
Result<std::vector<Fold>> fold_kfold(const Dataset& dataset, const SplitOptions& options) {
  constexpr std::uint32_t folds_max = 100;
  if (options.folds < 2 || options.folds > folds_max) {
    return Error{Errc::out_of_range,
                 fmt::format("kfold takes 2 to {} folds, not {}", folds_max, options.folds)};
  }
  std::vector<Fold> folds(options.folds);
  Random random{options.seed};
  auto groups =
      group_flows(dataset, dataset.labels().size(), [&](auto i) { return dataset.label(i); });
  std::size_t next = 0;  // goes on from class to class, so that small classes do not fill fold 0
  for (Indices& group : groups) {
    shuffle(std::span{group}, random);
    for (const std::uint32_t row : group) {
      const std::size_t tested_in = next++ % folds.size();
      for (std::size_t f = 0; f < folds.size(); ++f) {
        (f == tested_in ? folds[f].split.test : folds[f].split.train).push_back(row);
      }
    }
  }
  for (std::size_t f = 0; f < folds.size(); ++f) {
    folds[f].name = fmt::format("fold {} of {}", f + 1, folds.size());
  }
  return folds;
}

/// The labelled flows of each capture that takes part.
std::vector<Indices> group_captures(const Dataset& dataset, const SplitOptions& options) {
  auto groups =
      group_flows(dataset, dataset.captures().size(), [&](auto i) { return dataset.capture(i); });
  if (options.whole_only) {
    const std::vector<bool> whole = in_time_order(dataset);
    std::erase_if(groups, [&](const Indices& g) { return !whole[dataset.capture(g.front())]; });
  }
  return groups;
}

Result<std::vector<Fold>> fold_captures(const Dataset& dataset, const SplitOptions& options) {
  const auto groups = group_captures(dataset, options);
  if (groups.size() < 2) return one_capture(groups.size());
  std::vector<Fold> folds;
  for (const Indices& tested : groups) {
    Fold fold;
    fold.name = dataset.captures()[dataset.capture(tested.front())];
    if (names_any(options.train_only, fold.name)) continue;
    for (const Indices& group : groups) {
      append_parted(fold.split, group, &group == &tested ? 0 : group.size());
    }
    folds.push_back(std::move(fold));
  }
  if (folds.empty()) {
    return Error{Errc::out_of_range, "every capture is only trained on: none is left to test"};
  }
  return folds;
}

template <Result<Split> (*part)(const Dataset&, const SplitOptions&)>
Result<std::vector<Fold>> fold_once(const Dataset& dataset, const SplitOptions& options) {
  if (!(options.train_share > 0 && options.train_share < 1)) {
    return Error{
        Errc::out_of_range,
        fmt::format("the training share must lie between 0 and 1, not {}", options.train_share)};
  }
  Result<Split> split = part(dataset, options);
  if (!split) return split.error();
  std::vector<Fold> folds;
  folds.push_back({options.by, std::move(*split)});
  return folds;
}

struct Kind {
  std::string_view name;
  Result<std::vector<Fold>> (*fold)(const Dataset&, const SplitOptions&);
  bool many;
};
constexpr std::array kinds{
    Kind{"random", fold_once<split_random>, false}, Kind{"time", fold_once<split_time>, false},
    Kind{"capture", fold_once<split_capture>, false}, Kind{"kfold", fold_kfold, true},
    Kind{leave_one_out, fold_captures, true}};

Result<const Kind*> find_kind(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Kind& kind : kinds) {
    if (kind.name == name) return &kind;
    known.push_back(kind.name);
  }
  return Error{Errc::not_found,
               fmt::format("there is no split {}; known are {}", quoted(name), listed(known))};
}

Error too_few(std::size_t rows) {
  return {Errc::out_of_range,
          fmt::format("{} labelled flows are too few to train and to test{}", rows,
                      rows == 0 ? ": no record of this data set carries a label" : "")};
}

}  // namespace

bool names_any(const std::vector<std::string>& parts, std::string_view capture) {
  return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
    return capture.find(part) != std::string_view::npos;
  });
}

std::vector<bool> in_time_order(const Dataset& dataset) {
  // Flows are logged when they end, minutes late at times; ten minutes is what windows wait.
  constexpr Duration late = std::chrono::minutes{10};
  constexpr std::uint64_t one_in = 20;
  struct Seen {
    Time latest = Time::min();
    std::uint64_t rows = 0, late = 0;
  };
  std::vector<Seen> captures(dataset.captures().size());
  Record record;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    if (dataset.kind(i) != RecordKind::flow) continue;
    dataset.read(i, record);
    Seen& seen = captures[dataset.capture(i)];
    const double lasted = std::isnan(record.flow.duration) ? 0 : record.flow.duration;
    // A hundred days bound what a wrong duration can do.
    const auto end =
        record.time + std::chrono::duration_cast<Duration>(
                          std::chrono::duration<double>(std::clamp(lasted, 0.0, 8.64e6)));
    seen.rows += 1;
    if (seen.rows > 1 && end + late < seen.latest) seen.late += 1;
    seen.latest = std::max(seen.latest, record.time);
  }
  std::vector<bool> out;
  for (const Seen& seen : captures) out.push_back(seen.late * one_in <= seen.rows);
  return out;
}

Result<std::vector<Fold>> make_folds(const Dataset& dataset, const SplitOptions& options) {
  const auto kind = find_kind(options.by);
  if (!kind) return kind.error();
  auto folds = (*kind)->fold(dataset, options);
  if (!folds) return folds;
  if (folds->empty()) return too_few(0);
  for (Fold& fold : *folds) {
    if (fold.split.train.empty() || fold.split.test.empty()) {
      return too_few(fold.split.train.size() + fold.split.test.size());
    }
    std::sort(fold.split.train.begin(), fold.split.train.end());
    std::sort(fold.split.test.begin(), fold.split.test.end());
  }
  return folds;
}

Result<Split> make_split(const Dataset& dataset, const SplitOptions& options) {
  const auto kind = find_kind(options.by);
  if (!kind) return kind.error();
  if ((*kind)->many) {
    return Error{Errc::out_of_range,
                 fmt::format("the split {} trains one model a fold, which is for comparing; a "
                             "single model is trained by random, time or capture",
                             options.by)};
  }
  auto folds = make_folds(dataset, options);
  if (!folds) return folds.error();
  return std::move(folds->front().split);
}

Result<Split> all_captures(const Dataset& dataset, const SplitOptions& options) {
  const auto groups = group_captures(dataset, options);
  if (groups.size() < 2) return one_capture(groups.size());
  Split split;
  for (const Indices& group : groups) append_parted(split, group, group.size());
  std::sort(split.train.begin(), split.train.end());
  return split;
}

std::string to_text(const SplitOptions& options) {
  if (options.by == leave_one_out) return options.by;
  if (options.by == "kfold") return fmt::format("kfold {} seed {}", options.folds, options.seed);
  std::string text = fmt::format("{} {}", options.by, options.train_share);
  if (options.by != "time") text += fmt::format(" seed {}", options.seed);
  return text;
}

}  // namespace vedette
