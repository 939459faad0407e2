/// How like two streams of flows are: distances column by column, and how well a forest tells one
/// from the other.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.hpp"
#include "feature/feature.hpp"
#include "model/model.hpp"
#include "record/record.hpp"

namespace vedette::test {

using Stream = std::vector<LabelledRecord>;

/// The time since the flow before it of the same orig_h, in seconds; not_set for the first.
inline std::vector<double> gaps_of(const Stream& stream) {
  std::unordered_map<std::string, Time> before;
  std::vector<double> gaps;
  for (const LabelledRecord& said : stream) {
    const auto [at, fresh] = before.try_emplace(said.record.flow.orig_h, said.record.time);
    gaps.push_back(fresh ? not_set
                         : static_cast<double>((said.record.time - at->second).count()) / 1e6);
    at->second = said.record.time;
  }
  return gaps;
}

/// Kolmogorov and Smirnov: the largest difference of the two distribution functions. A number that
/// is not set counts as one below all others.
inline double ks_distance(std::vector<double> a, std::vector<double> b) {
  for (std::vector<double>* side : {&a, &b}) {
    for (double& x : *side) x = std::isnan(x) ? -1.0 : x;
    std::sort(side->begin(), side->end());
  }
  double most = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const double x = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == x) ++i;
    while (j < b.size() && b[j] == x) ++j;
    most = std::max(most, std::abs(static_cast<double>(i) / static_cast<double>(a.size()) -
                                   static_cast<double>(j) / static_cast<double>(b.size())));
  }
  return most;
}

/// Total variation: half the sum of the differences of shares.
inline double tv_distance(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::map<std::string, double> difference;
  for (const std::string& x : a) difference[x] += 1.0 / static_cast<double>(a.size());
  for (const std::string& x : b) difference[x] -= 1.0 / static_cast<double>(b.size());
  double sum = 0;
  for (const auto& [x, d] : difference) sum += std::abs(d);
  return sum / 2;
}

using Distances = std::vector<std::pair<std::string, double>>;

inline Distances distances(const Stream& a, const Stream& b) {
  Distances out;
  const auto numbers = [](const Stream& stream, double Flow::*member) {
    std::vector<double> values;
    for (const LabelledRecord& said : stream) values.push_back(said.record.flow.*member);
    return values;
  };
  const std::pair<const char*, double Flow::*> columns[] = {
      {"duration", &Flow::duration},           {"orig_bytes", &Flow::orig_bytes},
      {"resp_bytes", &Flow::resp_bytes},       {"orig_pkts", &Flow::orig_pkts},
      {"resp_pkts", &Flow::resp_pkts},         {"orig_ip_bytes", &Flow::orig_ip_bytes},
      {"resp_ip_bytes", &Flow::resp_ip_bytes},
  };
  for (const auto& [name, member] : columns) {
    out.emplace_back(name, ks_distance(numbers(a, member), numbers(b, member)));
  }
  const auto gaps = [](const Stream& stream) {
    std::vector<double> known = gaps_of(stream);
    std::erase_if(known, [](double gap) { return std::isnan(gap); });
    return known;
  };
  out.emplace_back("inter-arrival", ks_distance(gaps(a), gaps(b)));
  const std::pair<const char*, std::function<std::string(const Flow&)>> categories[] = {
      {"proto", [](const Flow& f) { return std::string(name_of(f.proto)); }},
      {"service", [](const Flow& f) { return f.service; }},
      {"conn_state", [](const Flow& f) { return std::string(name_of(f.conn_state)); }},
      {"resp port", [](const Flow& f) { return std::to_string(f.resp_p); }},
      {"history", [](const Flow& f) { return f.history; }}};
  for (const auto& [name, of] : categories) {
    std::vector<std::string> values[2];
    for (const LabelledRecord& said : a) values[0].push_back(of(said.record.flow));
    for (const LabelledRecord& said : b) values[1].push_back(of(said.record.flow));
    out.emplace_back(name, tv_distance(values[0], values[1]));
  }
  return out;
}

/// The share of pairs (one of each class) in which the second class scores higher, ties counting
/// half (Hanley and McNeil 1982), by ranks.
inline double auc(std::span<const float> scores, std::span<const std::uint16_t> labels) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double below = 0;  // of the first class
  double wins = 0;
  double seconds = 0;
  for (std::size_t begin = 0; begin < order.size();) {
    double tied[2] = {0, 0};
    std::size_t end = begin;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end) {
      ++tied[labels[order[end]] != 0];
    }
    wins += tied[1] * (below + tied[0] / 2);
    below += tied[0];
    seconds += tied[1];
    begin = end;
  }
  return wins / (below * seconds);
}

/// Rows for the classifier: the flow's feature columns with the port, and the logarithm of the time
/// since the device's flow before. The first flow of each device has none and is left out; of a
/// long stream one in so many flows is taken that `rows_max` are left.
constexpr std::size_t rows_max = 3000;
struct RowSet {
  Schema schema;
  std::vector<float> values;
  std::vector<std::uint16_t> labels;  ///< 0: of the first stream
};

inline RowSet rows_of(const Stream& a, const Stream& b) {
  const auto builder = make_flow_features("ports");
  for (const Stream* stream : {&a, &b}) {
    for (const LabelledRecord& said : *stream) (*builder)->observe(said.record);
  }
  const auto map = (*builder)->build();
  RowSet rows;
  rows.schema = map->schema();
  rows.schema.columns.push_back({"log_gap", ColumnKind::numeric});
  DeviceWindows windows;
  std::vector<float> row(map->schema().width());
  for (const Stream* stream : {&a, &b}) {
    const std::vector<double> gaps = gaps_of(*stream);
    const std::size_t stride = (stream->size() + rows_max - 1) / rows_max;
    for (std::size_t i = 0; i < stream->size(); i += stride) {
      if (std::isnan(gaps[i])) continue;
      map->apply((*stream)[i].record, windows, row);
      rows.values.insert(rows.values.end(), row.begin(), row.end());
      rows.values.push_back(static_cast<float>(std::log(gaps[i] + 1e-6)));
      rows.labels.push_back(stream == &b ? 1 : 0);
    }
  }
  return rows;
}

/// The AUC with which a forest tells the streams apart: each row is scored by a forest that was
/// fitted on the other four fifths. 0.5: not at all; 1: always.
inline double forest_auc(const Stream& a, const Stream& b, std::uint64_t seed = 1) {
  const RowSet all = rows_of(a, b);
  const std::size_t width = all.schema.width();
  constexpr std::uint32_t folds = 5;
  Random random{seed};
  std::vector<std::uint32_t> fold_of(all.labels.size());
  for (std::uint32_t& fold : fold_of) fold = static_cast<std::uint32_t>(random.below(folds));
  std::vector<float> scores(all.labels.size());
  for (std::uint32_t fold = 0; fold < folds; ++fold) {
    std::vector<float> values;
    std::vector<std::uint16_t> labels;
    for (std::size_t i = 0; i < all.labels.size(); ++i) {
      if (fold_of[i] == fold) continue;
      const auto row = all.values.begin() + static_cast<std::ptrdiff_t>(i * width);
      values.insert(values.end(), row, row + static_cast<std::ptrdiff_t>(width));
      labels.push_back(all.labels[i]);
    }
    TrainingSet set;
    set.rows = {values.data(), labels.size(), width};
    set.labels = labels;
    set.classes = {std::string(benign_label), "other"};
    set.schema = all.schema;
    FitOptions options;
    options.seed = seed;
    options.threads = 2;
    options.values = {{"class_weight", "balanced"}};
    const auto model = forest_kind.fit(set, options);
    EXPECT_TRUE(model) << (model ? "" : model.error().message);
    if (!model) return 1;
    float out[2];
    for (std::size_t i = 0; i < all.labels.size(); ++i) {
      if (fold_of[i] != fold) continue;
      (*model)->score({all.values.data() + i * width, 1, width}, out);
      scores[i] = out[1];
    }
  }
  return auc(scores, all.labels);
}

/// The share of flows in `stream` whose numbers (sizes, and durations too when asked) occur in
/// `known` exactly so together.
inline double copied_share(const Stream& known, const Stream& stream, bool durations) {
  const auto key = [&](const Flow& f) {
    return fmt::format("{} {} {} {} {} {} {} {}", name_of(f.proto), f.orig_bytes, f.resp_bytes,
                       f.orig_pkts, f.resp_pkts, f.orig_ip_bytes, f.resp_ip_bytes,
                       durations ? f.duration : 0);
  };
  std::map<std::string, bool> seen;
  for (const LabelledRecord& said : known) seen[key(said.record.flow)] = true;
  const auto copies = std::count_if(stream.begin(), stream.end(), [&](const LabelledRecord& said) {
    return seen.contains(key(said.record.flow));
  });
  return static_cast<double>(copies) / static_cast<double>(stream.size());
}

}  // namespace vedette::test
