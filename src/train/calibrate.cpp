#include "train/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/random.hpp"
#include "record/device_kind.hpp"
#include "train/shuffle.hpp"

namespace vedette {

namespace {

using Positions = std::vector<std::uint32_t>;

/// Thresholds that let 0, 1, 2, … of the benign records through, then each step a tenth more, to a
/// twentieth of them all: who sets a budget wants neither silence nor a flood.
std::vector<float> thresholds_of(std::span<const Scored> scored) {
  std::vector<float> falling;
  for (const Scored& one : scored) falling.push_back(one.score);
  std::sort(falling.begin(), falling.end(), std::greater<>{});
  std::vector<float> out;
  const std::size_t end = std::max<std::size_t>(falling.size() / 20, 10);
  for (std::size_t rank = 0; rank < std::min(end, falling.size()); rank += 1 + rank / 10) {
    const float above =
        std::min(1.0F, std::nextafter(falling[rank], std::numeric_limits<float>::infinity()));
    if (out.empty() || above < out.back()) out.push_back(above);
    if (out.size() == Calibration::points_max) break;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

/// By capture and time; equal times keep their order.
void sort_by_time(const Dataset& dataset, const Prepared& prepared, Positions& positions) {
  const auto record = [&](std::uint32_t position) { return prepared.split.test[position]; };
  std::stable_sort(positions.begin(), positions.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto capture_a = dataset.capture(record(a));
    const auto capture_b = dataset.capture(record(b));
    return capture_a != capture_b ? capture_a < capture_b
                                  : dataset.time(record(a)) < dataset.time(record(b));
  });
}

void part(const Positions& group, Halves& halves) {
  const auto middle = group.begin() + static_cast<std::ptrdiff_t>(group.size() / 2);
  halves.calibration.insert(halves.calibration.end(), group.begin(), middle);
  halves.evaluation.insert(halves.evaluation.end(), middle, group.end());
}

}  // namespace

Calibration calibration_of(const Dataset& dataset, std::vector<Scored> benign,
                           std::vector<float> attacks, std::span<const std::string> names,
                           bool alerts_count) {
  Calibration out;
  out.set_attacks(std::move(attacks));
  const AlertCounter counter{dataset, std::move(benign), names};
  std::map<std::string_view, std::vector<float>> of_kind;
  for (std::size_t i = 0; i < counter.scored().size(); ++i) {
    of_kind[device_kind(counter.device_of(i))].push_back(counter.scored()[i].score);
  }
  for (const auto& [kind, scores] : of_kind) out.add_benign(kind, scores);
  if (!alerts_count || counter.device_days() <= 0) return out;
  out.add_device_days(counter.device_days());
  std::vector<BudgetPoint> points;
  for (const float threshold : thresholds_of(counter.scored())) {
    const AlertCount counted = counter.count(threshold);
    points.push_back({threshold, counted.alerts, static_cast<float>(counted.dispersion)});
  }
  out.set_budget(std::move(points));
  return out;
}

bool keeps_time(const SplitOptions& split) {
  return split.by == "time" || split.by == "capture" || split.by == leave_one_out;
}

Halves halve(const Dataset& dataset, const Prepared& prepared, const SplitOptions& split) {
  const std::vector<std::uint16_t>& classes = prepared.test.classes;
  Halves halves;
  std::map<std::pair<std::uint32_t, std::uint16_t>, Positions> groups;
  const bool by_time = keeps_time(split);
  Positions all(classes.size());
  for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  if (by_time) sort_by_time(dataset, prepared, all);
  for (const std::uint32_t i : all) {
    const std::uint32_t capture = by_time ? dataset.capture(prepared.split.test[i]) : 0;
    groups[{capture, classes[i]}].push_back(i);
  }
  // Not the stream that drew the split.
  Random random = Random{split.seed}.split();
  for (auto& [key, group] : groups) {
    if (!by_time) shuffle(std::span{group}, random);
    part(group, halves);
  }
  return halves;
}

Calibration calibrate_on(const Dataset& dataset, const Prepared& prepared, const Answers& answers,
                         std::span<const std::uint32_t> positions, const SplitOptions& split) {
  std::vector<Scored> benign;
  std::vector<float> attacks;
  for (const std::uint32_t i : positions) {
    if (prepared.test.classes[i] == 0) {
      benign.push_back({prepared.split.test[i], answers.scores[i], answers.attacks[i]});
    } else {
      attacks.push_back(answers.scores[i]);
    }
  }
  return calibration_of(dataset, std::move(benign), std::move(attacks), answers.names,
                        keeps_time(split));
}

}  // namespace vedette
