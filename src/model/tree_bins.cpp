#include "model/tree_bins.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <span>

#include "model/parallel.hpp"

namespace vedette {

namespace {

/// Between a and b, never b itself: `x <= between(a, b)` keeps a left and b right.
float between(float a, float b) {
  const float middle = a / 2 + b / 2;
  return middle >= a && middle < b ? middle : a;
}

/// Sorted values of the column, evenly spaced rows when there are many: 65,536 of them place each
/// of 254 cuts within 0.4 % of a bin's rank or so, and no chance is involved.
std::vector<float> sorted_sample(Rows rows, std::size_t column) {
  constexpr std::size_t sample_max = 65'536;
  const std::size_t count = std::min(rows.count, sample_max);
  std::vector<float> sample;
  sample.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const float value = rows.data[i * rows.count / count * rows.width + column];
    if (!std::isnan(value)) sample.push_back(value + 0.0F);
  }
  std::sort(sample.begin(), sample.end());
  return sample;
}

/// Bins of about equal row counts.
void cut_sample(const std::vector<float>& sample, std::vector<float>& low,
                std::vector<float>& high) {
  std::size_t from = 0;
  while (from < sample.size()) {
    // Share what is left among the bins that are left; never cut inside equal values.
    const std::size_t bins_left = Binned::bins_max - low.size();
    std::size_t to = from + std::max<std::size_t>(1, (sample.size() - from) / bins_left);
    if (bins_left == 1) to = sample.size();
    while (to < sample.size() && sample[to] == sample[to - 1]) ++to;
    low.push_back(sample[from]);
    high.push_back(sample[to - 1]);
    from = to;
  }
}

/// Which of up to `size` two-valued columns ever hold their upper value in the same row.
class Conflicts {
 public:
  explicit Conflicts(std::size_t size)
      : size_(size), words_((size + 63) / 64), bits_(size * words_), row_(words_) {}

  /// `edges[i]`: what lies above it is the upper value of columns[i].
  void add(Rows rows, std::size_t from, std::size_t to, std::span<const std::uint32_t> columns,
           std::span<const float> edges) {
    for (std::size_t r = from; r < to; ++r) {
      const float* row = rows.data + r * rows.width;
      std::fill(row_.begin(), row_.end(), 0);
      for (std::size_t i = 0; i < size_; ++i) {
        row_[i / 64] |= static_cast<std::uint64_t>(row[columns[i]] > edges[i]) << (i % 64);
      }
      for (std::size_t word = 0; word < words_; ++word) {
        for (std::uint64_t left = row_[word]; left != 0; left &= left - 1) {
          const auto i = word * 64 + static_cast<std::size_t>(std::countr_zero(left));
          for (std::size_t w = 0; w < words_; ++w) bits_[i * words_ + w] |= row_[w];
        }
      }
    }
  }
  void merge(const Conflicts& other) {
    for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] |= other.bits_[i];
  }
  bool between(std::size_t a, std::size_t b) const {
    return (bits_[a * words_ + b / 64] >> (b % 64) & 1U) != 0;
  }

 private:
  std::size_t size_;
  std::size_t words_;
  std::vector<std::uint64_t> bits_;  // [column][column], a bit each
  std::vector<std::uint64_t> row_;
};

}  // namespace

/// The distinct values of a column until there are more than bins_max.
class Binned::Distinct {
 public:
  bool full() const { return values_.size() > bins_max; }
  bool lacking() const { return lacking_; }
  void add(const float* value, std::size_t stride, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i, value += stride) {
      const float x = *value + 0.0F;  // -0 and 0 are one value
      if (x == last_ || x == older_) continue;
      if (std::isnan(x)) {
        lacking_ = true;
        continue;
      }
      older_ = last_;
      last_ = x;
      std::size_t slot = (std::bit_cast<std::uint32_t>(x) * 0x9e3779b1U) >> 22U;
      while (!std::isnan(table_[slot]) && table_[slot] != x) slot = (slot + 1) % table_.size();
      if (table_[slot] == x) continue;
      table_[slot] = x;
      values_.push_back(x);
      if (full()) return;
    }
  }
  std::vector<float> sorted() const {
    std::vector<float> values = values_;
    std::sort(values.begin(), values.end());
    return values;
  }

 private:
  static constexpr float none = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> table_ = std::vector<float>(1024, none);  // at most a quarter full
  std::vector<float> values_;
  float last_ = none, older_ = none;
  bool lacking_ = false;
};

/// Columns side by side are read together: they share cache lines.
void Binned::cut_columns(Rows rows, std::size_t from, std::size_t to, const std::stop_token& stop) {
  constexpr std::size_t block = 2048;
  std::vector<Distinct> distinct(to - from);
  for (std::size_t at = 0; at < rows.count && !stop.stop_requested(); at += block) {
    for (std::size_t column = from; column < to; ++column) {
      if (distinct[column - from].full()) continue;
      distinct[column - from].add(rows.data + at * rows.width + column, rows.width,
                                  std::min(block, rows.count - at));
    }
  }
  for (std::size_t column = from; column < to && !stop.stop_requested(); ++column) {
    Bins& bins = columns_[column];
    bins.lacking = distinct[column - from].lacking() || distinct[column - from].full();
    if (distinct[column - from].full()) {
      cut_sample(sorted_sample(rows, column), bins.low, bins.high);
    } else {
      bins.low = bins.high = distinct[column - from].sorted();
    }
    for (std::size_t b = 0; b + 1 < bins.low.size(); ++b) {
      bins.edges.push_back(between(bins.high[b], bins.low[b + 1]));
    }
  }
}

void Binned::add_lane(std::vector<std::uint32_t> columns) {
  const auto lane = static_cast<std::uint32_t>(lanes_.size());
  const bool shared = columns.size() > 1;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    places_[columns[i]] = {lane, static_cast<std::uint8_t>(shared ? i + 1 : 0)};
  }
  // One more than there are values: for missing ones, or for rows that are nobody's.
  const std::size_t slots = (shared ? columns.size() : bins(columns[0])) + 1;
  lanes_.push_back(
      {static_cast<std::uint32_t>(slots_), static_cast<std::uint32_t>(slots), std::move(columns)});
  slots_ += slots;
}

/// First come, first served: a two-valued column joins the first lane where it conflicts with
/// nobody.
void Binned::share_lanes(Rows rows, unsigned threads, const std::stop_token& stop) {
  constexpr std::size_t candidates_max = 1024;
  std::vector<std::uint32_t> candidates;
  std::vector<float> edges;
  for (std::uint32_t column = 0; column < columns_.size(); ++column) {
    const Bins& bins = columns_[column];
    if (bins.low.size() == 2 && !bins.lacking && candidates.size() < candidates_max) {
      candidates.push_back(column);
      edges.push_back(bins.edges[0]);
    } else if (bins.low.size() > 1 || (bins.low.size() == 1 && bins.lacking)) {
      add_lane({column});
    }
  }
  constexpr std::size_t tasks = 16;
  std::vector<Conflicts> parts(tasks, Conflicts(candidates.size()));
  run_parallel(threads, tasks, [&](std::size_t task) {
    if (stop.stop_requested() || candidates.empty()) return;
    parts[task].add(rows, rows.count * task / tasks, rows.count * (task + 1) / tasks, candidates,
                    edges);
  });
  for (std::size_t task = 1; task < tasks; ++task) parts[0].merge(parts[task]);
  std::vector<std::vector<std::uint32_t>> groups;  // of positions in `candidates`
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& members) {
      return members.size() + 1 < bins_max &&
             std::none_of(members.begin(), members.end(),
                          [&](std::uint32_t j) { return parts[0].between(i, j); });
    });
    group == groups.end() ? groups.push_back({i}) : group->push_back(i);
  }
  for (auto& group : groups) {
    for (std::uint32_t& member : group) member = candidates[member];
    add_lane(std::move(group));
  }
}

float Binned::cut(std::size_t column, std::size_t left_bin, std::size_t right_bin) const {
  const Bins& bins = columns_[column];
  // Rows that the sample did not hold may lie between high and edge: stay within the edges.
  const float middle = between(bins.high[left_bin], bins.low[right_bin]);
  return std::clamp(middle, bins.edges[left_bin], bins.edges[right_bin - 1]);
}

void Binned::fill_column(Rows rows, std::size_t from, std::size_t to, std::size_t column) {
  const std::vector<float>& edges = columns_[column].edges;
  const std::size_t width = columns_.size();
  const std::size_t stride = lanes_.size();
  const auto missing = static_cast<std::uint8_t>(bins(column));
  const Place place = places_[column];
  const float* value = rows.data + from * width + column;
  std::uint8_t* out = bytes_.data() + from * stride + place.lane;
  if (edges.size() <= 1) {
    const float edge = edges.empty() ? std::numeric_limits<float>::max() : edges[0];
    for (std::size_t i = from; i < to; ++i, value += width, out += stride) {
      const bool above = *value > edge;
      if (place.member != 0) {
        *out = above ? place.member : *out;
      } else {
        *out = std::isnan(*value) ? missing : static_cast<std::uint8_t>(above);
      }
    }
    return;
  }
  // The number of edges below the value, by halving without branches: eight steps for 254.
  const std::size_t size = std::bit_ceil(edges.size() + 1);
  std::array<float, 256> padded;
  padded.fill(std::numeric_limits<float>::infinity());
  std::copy(edges.begin(), edges.end(), padded.begin());
  for (std::size_t i = from; i < to; ++i, value += width, out += stride) {
    std::size_t at = 0;
    for (std::size_t half = size / 2; half > 0; half /= 2) {
      at += padded[at + half - 1] < *value ? half : 0;
    }
    *out = std::isnan(*value) ? missing : static_cast<std::uint8_t>(at);
  }
}

void Binned::fill(Rows rows, std::size_t from, std::size_t to) {
  for (const Lane& lane : lanes_) {
    for (const std::uint32_t column : lane.columns) fill_column(rows, from, to, column);
  }
}

Binned::Binned(Rows rows, unsigned threads, const std::stop_token& stop)
    : rows_(rows.count), columns_(rows.width), places_(rows.width) {
  constexpr std::size_t columns_at_once = 8;
  run_parallel(threads, (rows.width + columns_at_once - 1) / columns_at_once, [&](std::size_t t) {
    const std::size_t from = t * columns_at_once;
    cut_columns(rows, from, std::min(rows.width, from + columns_at_once), stop);
  });
  if (stop.stop_requested()) return;
  share_lanes(rows, threads, stop);
  bytes_.resize(rows.count * lanes_.size());
  // 4,096 rows of 24 floats are 393 KB: they stay in the second-level cache for all columns.
  constexpr std::size_t block = 4096;
  run_parallel(threads, (rows.count + block - 1) / block, [&](std::size_t task) {
    if (!stop.stop_requested()) {
      fill(rows, task * block, std::min(rows.count, (task + 1) * block));
    }
  });
}

}  // namespace vedette
