#include "model/svm_rows.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/hash.hpp"
#include "base/random.hpp"

namespace vedette {

namespace {

constexpr std::uint32_t none = UINT32_MAX;

/// Finds a row among those kept so far: open addressing, at most half full.
class RowTable {
 public:
  explicit RowTable(std::size_t width) : width_(width), places_(1024, none) {}

  /// The index of the row, which is appended to `rows` when it is new.
  std::uint32_t find_or_add(const float* row, std::vector<float>& rows) {
    const std::uint64_t hash = hash64(std::as_bytes(std::span{row, width_}));
    std::size_t at = hash & (places_.size() - 1);
    for (; places_[at] != none; at = (at + 1) & (places_.size() - 1)) {
      const float* known = rows.data() + std::size_t{places_[at]} * width_;
      if (hashes_[places_[at]] == hash && std::memcmp(known, row, width_ * sizeof(float)) == 0) {
        return places_[at];
      }
    }
    const auto index = static_cast<std::uint32_t>(hashes_.size());
    places_[at] = index;
    hashes_.push_back(hash);
    rows.insert(rows.end(), row, row + width_);
    if (hashes_.size() * 2 > places_.size()) grow();
    return index;
  }

 private:
  void grow() {
    places_.assign(places_.size() * 2, none);
    for (std::uint32_t i = 0; i < hashes_.size(); ++i) {
      std::size_t at = hashes_[i] & (places_.size() - 1);
      while (places_[at] != none) at = (at + 1) & (places_.size() - 1);
      places_[at] = i;
    }
  }
  std::size_t width_;
  std::vector<std::uint32_t> places_;
  std::vector<std::uint64_t> hashes_;
};

}  // namespace

std::size_t MergedRows::points() const {
  return std::accumulate(classes.begin(), classes.end(), std::size_t{0},
                         [](std::size_t sum, const auto& of) { return sum + of.size(); });
}

MergedRows merge_rows(const TrainingSet& set, const Scaler& scaler, const std::stop_token& stop) {
  MergedRows out;
  out.width = set.rows.width;
  out.classes.resize(set.classes.size());
  RowTable table(out.width);
  // Of each row its points, one a label, as a chain: most rows have one.
  struct Link {
    std::uint16_t label;
    std::uint32_t point, next;
  };
  std::vector<Link> links;
  std::vector<std::uint32_t> first;
  std::vector<float> scaled(out.width);
  for (std::size_t i = 0; i < set.rows.count; ++i) {
    if (i % 4096 == 0 && stop.stop_requested()) {
      out.cancelled = true;
      break;
    }
    scaler.apply(set.rows[i].data(), scaled.data());
    for (float& x : scaled) x += 0.0F;  // -0 becomes 0: equal values, equal bytes
    const std::uint32_t row = table.find_or_add(scaled.data(), out.rows);
    if (row == first.size()) first.push_back(none);
    const std::uint16_t label = set.labels[i];
    std::uint32_t link = first[row];
    while (link != none && links[link].label != label) link = links[link].next;
    auto& points = out.classes[label];
    if (link == none) {
      links.push_back({label, static_cast<std::uint32_t>(points.size()), first[row]});
      link = first[row] = static_cast<std::uint32_t>(links.size() - 1);
      points.push_back({row, 0, 0});
    }
    MergedRows::Point& point = points[links[link].point];
    ++point.copies;
    point.weight += set.weights.empty() ? 1.0 : static_cast<double>(set.weights[i]);
  }
  return out;
}

double scale_gamma(const MergedRows& rows) {
  double weight = 0, sum = 0, squares = 0;
  for (const auto& points : rows.classes) {
    for (const MergedRows::Point& point : points) {
      double row_sum = 0, row_squares = 0;
      for (std::size_t c = 0; c < rows.width; ++c) {
        const auto x = static_cast<double>(rows.row(point.row)[c]);
        row_sum += x;
        row_squares += x * x;
      }
      weight += point.weight;
      sum += point.weight * row_sum;
      squares += point.weight * row_squares;
    }
  }
  const double values = weight * static_cast<double>(rows.width);
  const double mean = sum / values;
  const double variance = squares / values - mean * mean;
  return variance > 1e-9 ? 1 / (static_cast<double>(rows.width) * variance) : 1.0;
}

void thin(MergedRows& rows, std::size_t points_max, std::uint64_t seed) {
  const std::size_t all = rows.points();
  if (all <= points_max) return;
  std::size_t present = 0;
  for (const auto& points : rows.classes) present += points.empty() ? 0 : 1;
  Random random(seed);
  // Half of the room is shared equally, half by size; a class takes no more than it has.
  const std::size_t equal = points_max / 2 / present;
  for (auto& points : rows.classes) {
    const auto share =
        static_cast<std::size_t>(static_cast<double>(points.size()) / static_cast<double>(all) *
                                 static_cast<double>(points_max / 2));
    const std::size_t keep = std::min(points.size(), std::max<std::size_t>(equal + share, 1));
    Random own = random.split();
    double before = 0, after = 0;
    for (const auto& point : points) before += point.weight;
    for (std::size_t i = 0; i < keep; ++i) {
      std::swap(points[i], points[i + own.below(points.size() - i)]);
      after += points[i].weight;
    }
    points.resize(keep);
    for (auto& point : points) point.weight *= before / after;
  }
}

}  // namespace vedette
