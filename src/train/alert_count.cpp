#include "train/alert_count.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace vedette {

namespace {

constexpr double seconds_a_day = 86'400;

double days_between(Time from, Time to) {
  return std::chrono::duration<double>(to - from).count() / seconds_a_day;
}

}  // namespace

AlertCounter::AlertCounter(const Dataset& dataset, std::vector<Scored> scored,
                           std::span<const std::string> names)
    : dataset_(dataset), scored_(std::move(scored)), names_(names.begin(), names.end()) {
  std::stable_sort(scored_.begin(), scored_.end(), [&](const Scored& a, const Scored& b) {
    const auto capture_a = dataset.capture(a.record);
    const auto capture_b = dataset.capture(b.record);
    return capture_a != capture_b ? capture_a < capture_b
                                  : dataset.time(a.record) < dataset.time(b.record);
  });
  std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> known;
  Record record;
  for (const Scored& one : scored_) {
    dataset.read(one.record, record);
    const auto [at, is_new] = known.try_emplace({dataset.capture(one.record), record.device},
                                                static_cast<std::uint32_t>(devices_.size()));
    if (is_new) devices_.push_back({record.device, record.time, record.time});
    devices_[at->second].last = std::max(devices_[at->second].last, record.time);
    device_.push_back(at->second);
  }
  for (const Device& device : devices_) {
    const double days = days_between(device.first, device.last);
    device_days_ += days;
    cells_ += std::floor(days) + 1;
  }
}

AlertCount AlertCounter::count(float threshold) const {
  AlertCount out;
  std::vector<std::pair<std::string, std::int64_t>> raised;
  Judged judged;
  for (std::size_t i = 0; i < scored_.size();) {
    const std::uint32_t capture = dataset_.capture(scored_[i].record);
    AlertFold fold{AlarmOptions{}};
    const auto take = [&] {
      for (const AlertChange& change : fold.changes()) {
        if (change.event != AlertEvent::raised) continue;
        const auto day = std::floor(
            std::chrono::duration<double>(change.alert.raised.time_since_epoch()).count() /
            seconds_a_day);
        raised.emplace_back(std::to_string(capture) + ' ' + change.alert.device,
                            static_cast<std::int64_t>(day));
      }
      fold.keep();
    };
    for (; i < scored_.size() && dataset_.capture(scored_[i].record) == capture; ++i) {
      if (scored_[i].score < AlarmOptions{}.hold_share * threshold) continue;
      judged.record.time = dataset_.time(scored_[i].record);
      judged.record.device = devices_[device_[i]].name;
      judged.verdict.score = scored_[i].score;
      judged.verdict.threshold = threshold;
      judged.verdict.anomalous = scored_[i].score >= threshold;
      judged.verdict.label = names_[scored_[i].attack];
      fold.add(judged, judged.record.time);
      if (i % 1024 == 0) take();
    }
    take();
  }
  out.alerts = raised.size();
  out.dispersion = dispersion_of(std::move(raised));
  return out;
}

double AlertCounter::dispersion_of(std::vector<std::pair<std::string, std::int64_t>> raised) const {
  if (raised.empty() || cells_ < 2) return 1;
  std::sort(raised.begin(), raised.end());
  const double mean = static_cast<double>(raised.size()) / cells_;
  double squares = 0;
  double seen = 0;
  for (std::size_t i = 0; i < raised.size();) {
    std::size_t from = i;
    while (i < raised.size() && raised[i] == raised[from]) ++i;
    const double off = static_cast<double>(i - from) - mean;
    squares += off * off;
    seen += 1;
  }
  squares += std::max(0.0, cells_ - seen) * mean * mean;
  return std::max(1.0, squares / (cells_ - 1) / mean);
}

}  // namespace vedette
