#include "pipeline/past_readings.hpp"

#include <algorithm>
#include <cmath>

namespace vedette {

namespace {

float distance_of(std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  float columns = 0;
  for (std::size_t c = 0; c < std::min(a.size(), b.size()); ++c) {
    // Ten deviations from a hundred are as far as a hundred from a thousand.
    const float x = std::log1p(std::max(a[c], 0.0F)), y = std::log1p(std::max(b[c], 0.0F));
    const float larger = std::max(x, y);
    if (!(larger > 0)) continue;
    sum += std::abs(x - y) / larger;
    ++columns;
  }
  return columns > 0 ? sum / columns : 0;
}

}  // namespace

void PastReadings::add(const Record& record, std::string_view series, std::string_view label,
                       std::span<const float> row) {
  if (kept_.size() < kept_max && next_ == kept_.size()) kept_.emplace_back();
  Past& past = kept_[next_];
  next_ = (next_ + 1) % kept_max;
  past.key = record.key;
  past.time = record.time;
  past.device = record.device;
  past.series = series;
  past.label = label;
  past.row.assign(row.begin(), row.end());
}

void PastReadings::nearest(const Record& record, std::string_view series,
                           std::span<const float> row, std::size_t count_max,
                           std::vector<Similar>& out) const {
  out.clear();
  for (std::size_t back = 1; back <= kept_.size(); ++back) {
    const Past& past = kept_[(next_ + kept_.size() - back) % kept_.size()];
    const bool near = past.time < record.time + apart && record.time < past.time + apart;
    if (past.series != series || (near && past.device == record.device)) continue;
    const float distance = distance_of(row, past.row);
    const auto at = std::upper_bound(out.begin(), out.end(), distance,
                                     [](float d, const Similar& one) { return d < one.distance; });
    if (out.size() == count_max && at == out.end()) continue;
    out.insert(at, {past.key, past.device, "", past.label, distance});
    if (out.size() > count_max) out.pop_back();
  }
}

}  // namespace vedette
