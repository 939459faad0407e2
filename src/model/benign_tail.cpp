#include "model/benign_tail.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/expects.hpp"

namespace vedette {

namespace {

constexpr std::size_t knots_max = 128;
/// Knots lie at ranks 1, 2, … and from there 18 % apart: 107 of them for a million rows.
constexpr double rank_step = 1.18;

/// The mean of what the strangest rows exceed the last of them by: 1 % of the rows, ten at least.
double mean_excess(const std::vector<float>& falling) {
  const std::size_t top = std::min(falling.size(), std::max<std::size_t>(10, falling.size() / 100));
  double sum = 0;
  for (std::size_t i = 0; i < top; ++i) {
    sum += static_cast<double>(falling[i]) - static_cast<double>(falling[top - 1]);
  }
  // Where the strangest are all alike, their distance from the others serves; where all rows are
  // alike, anything else is far.
  if (!(sum > 0)) {
    return (static_cast<double>(falling.front()) - static_cast<double>(falling.back())) / 10;
  }
  return sum / static_cast<double>(top);
}

}  // namespace

BenignTail BenignTail::fit(std::vector<float> scores) {
  expects(!scores.empty(), "a tail of no rows has no shape");
  std::sort(scores.begin(), scores.end(), std::greater<>{});
  const std::size_t rows = scores.size();
  BenignTail tail;
  for (double rank = 1; rank <= static_cast<double>(rows);
       rank = std::max(rank + 1, std::floor(rank * rank_step))) {
    const float score = scores[static_cast<std::size_t>(rank) - 1];
    if (!tail.knots_.empty() && score >= tail.knots_.back().score) continue;
    const auto stranger =
        std::upper_bound(scores.begin(), scores.end(), score, std::greater<>{}) - scores.begin();
    tail.knots_.push_back({score, static_cast<float>(static_cast<double>(stranger + 1) /
                                                     static_cast<double>(rows + 1))});
  }
  const double least = 1e-6 * (1 + std::abs(static_cast<double>(scores.front())));
  tail.excess_ = static_cast<float>(std::max(mean_excess(scores), least));
  return tail;
}

/// Knots of all, thinned to shares 13 % apart: 114 of them down to one in a million.
BenignTail BenignTail::strictest(std::span<const BenignTail> networks) {
  expects(!networks.empty(), "a tail of no networks has no shape");
  constexpr float share_step = 1.13F;
  std::vector<float> scores;
  BenignTail tail;
  for (const BenignTail& network : networks) {
    for (const Knot& knot : network.knots_) scores.push_back(knot.score);
  }
  std::sort(scores.begin(), scores.end(), std::greater<>{});
  for (const float score : scores) {
    float share = 0;
    for (const BenignTail& network : networks) share = std::max(share, network.share_beyond(score));
    const bool first = tail.knots_.empty();
    if (!first && share < std::min(1.0F, tail.knots_.back().share * share_step)) continue;
    if (!first && (score >= tail.knots_.back().score || share <= tail.knots_.back().share))
      continue;
    if (tail.knots_.size() == knots_max) break;
    tail.knots_.push_back({score, share});
  }
  const auto widest = std::max_element(
      networks.begin(), networks.end(),
      [](const BenignTail& a, const BenignTail& b) { return a.excess_ < b.excess_; });
  tail.excess_ = widest->excess_;
  return tail;
}

float BenignTail::share_beyond(float score) const {
  const Knot& top = knots_.front();
  if (score >= top.score) {
    const float grown = 1 + (score - top.score) / (4 * excess_);
    const float square = std::min(grown * grown, 1e9F);  // the share stays a normal float
    return top.share / (square * square);
  }
  const auto below = std::partition_point(knots_.begin(), knots_.end(),
                                          [&](const Knot& knot) { return knot.score > score; });
  if (below == knots_.end()) return 1;
  const Knot& above = below[-1];
  const float along = (above.score - score) / (above.score - below->score);
  return above.share + (below->share - above.share) * along;
}

void BenignTail::save(ByteWriter& out) const {
  out.put(excess_);
  out.put(static_cast<std::uint32_t>(knots_.size()));
  for (const Knot& knot : knots_) {
    out.put(knot.score);
    out.put(knot.share);
  }
}

Result<BenignTail> BenignTail::load(ByteReader& in) {
  constexpr float score_max = 1e30F;  // differences of two stay finite
  BenignTail tail;
  tail.excess_ = in.get<float>();
  const auto count = in.get<std::uint32_t>();
  bool sound = in.ok() && tail.excess_ > 0 && tail.excess_ < score_max && count > 0 &&
               count <= knots_max && in.left() >= count * 2 * sizeof(float);
  for (std::uint32_t i = 0; sound && i < count; ++i) {
    const auto score = in.get<float>();
    const auto share = in.get<float>();
    sound = std::abs(score) < score_max && share > 1e-10F && share <= 1;
    if (sound && i > 0) {
      sound = score < tail.knots_.back().score && share >= tail.knots_.back().share;
    }
    tail.knots_.push_back({score, share});
  }
  if (!sound) return Error{Errc::corrupt, "the tail of its benign rows does not hold"};
  return tail;
}

}  // namespace vedette
