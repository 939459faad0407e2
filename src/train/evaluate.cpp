/// What a model is worth, in the definitions of scikit-learn so that figures can be compared.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/expects.hpp"
#include "train/train.hpp"

namespace vedette {

namespace {

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

void fill_classes(Evaluation& out, std::span<const std::string> labels) {
  double f1_sum = 0;
  double f1_weighted = 0;
  std::uint64_t present = 0;
  for (std::size_t k = 0; k < labels.size(); ++k) {
    ClassMetrics metrics;
    metrics.label = labels[k];
    std::uint64_t predicted = 0;
    for (std::size_t other = 0; other < labels.size(); ++other) {
      metrics.support += out.confusion[k][other];
      predicted += out.confusion[other][k];
    }
    const std::uint64_t hits = out.confusion[k][k];
    metrics.precision = ratio(hits, predicted);
    metrics.recall = ratio(hits, metrics.support);
    metrics.f1 = ratio(2 * hits, metrics.support + predicted);
    metrics.flagged = ratio(metrics.support - out.confusion[k][0], metrics.support);
    f1_sum += metrics.f1;
    f1_weighted += metrics.f1 * static_cast<double>(metrics.support);
    const bool no_class = labels[k] == unknown_label && metrics.support == 0;
    present += metrics.support + predicted > 0 && !no_class ? 1 : 0;
    out.classes.push_back(std::move(metrics));
  }
  if (present > 0) out.macro_f1 = f1_sum / static_cast<double>(present);
  if (out.rows > 0) out.weighted_f1 = f1_weighted / static_cast<double>(out.rows);
}

/// One walk from the highest score down, equal scores as one step: step(score, hits, alarms) with
/// the attack and benign rows at that score.
template <class Step>
void walk_down(std::span<const std::uint16_t> truth, std::span<const float> score,
               const Step& step) {
  std::vector<std::uint32_t> order(truth.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return score[a] > score[b]; });
  for (std::size_t i = 0; i < order.size();) {
    const float here = score[order[i]];
    double hits = 0;
    double alarms = 0;
    for (; i < order.size() && score[order[i]] == here; ++i) {
      (truth[order[i]] != 0 ? hits : alarms) += 1;
    }
    step(hits, alarms);
  }
}

struct Sides {
  double attacks = 0, benign = 0;
  bool both() const { return attacks > 0 && benign > 0; }
};

Sides sides_of(std::span<const std::uint16_t> truth) {
  const auto attacks = static_cast<double>(
      std::count_if(truth.begin(), truth.end(), [](std::uint16_t t) { return t != 0; }));
  return {attacks, static_cast<double>(truth.size()) - attacks};
}

/// The area under ROC is the share of (attack, benign) pairs in the right order, a tie counting
/// half; the area under precision and recall is average precision: the sum of (gain in recall) ×
/// (precision there).
void fill_areas(Evaluation& out, std::span<const std::uint16_t> truth,
                std::span<const float> score) {
  const Sides sides = sides_of(truth);
  if (!sides.both()) {
    out.roc_auc = out.pr_auc = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  double hits = 0;
  double alarms = 0;
  double pairs = 0;
  walk_down(truth, score, [&](double step_hits, double step_alarms) {
    pairs += step_alarms * (hits + step_hits / 2);
    hits += step_hits;
    alarms += step_alarms;
    out.pr_auc += step_hits / sides.attacks * (hits / (hits + alarms));
  });
  out.roc_auc = pairs / (sides.attacks * sides.benign);
}

}  // namespace

std::size_t classes_of_truth(const Evaluation& evaluation) {
  const auto& classes = evaluation.classes;
  const bool unknown = !classes.empty() && classes.back().label == unknown_label;
  return classes.size() - (unknown && classes.back().support == 0 ? 1 : 0);
}

void as_attack_or_not(Evaluation& out) {
  std::array<std::array<std::uint64_t, 2>, 2> cells{};  // [attack][flagged]
  for (std::size_t t = 0; t < out.confusion.size(); ++t) {
    for (std::size_t p = 0; p < out.confusion.size(); ++p) {
      cells[t != 0 ? 1 : 0][p != 0 ? 1 : 0] += out.confusion[t][p];
    }
  }
  double f1_sum = 0;
  double f1_weighted = 0;
  std::uint64_t present = 0;
  for (std::size_t k = 0; k < 2; ++k) {
    const std::uint64_t support = cells[k][0] + cells[k][1];
    const std::uint64_t predicted = cells[0][k] + cells[1][k];
    const double f1 = ratio(2 * cells[k][k], support + predicted);
    f1_sum += f1;
    f1_weighted += f1 * static_cast<double>(support);
    present += support + predicted > 0 ? 1 : 0;
  }
  out.accuracy = ratio(cells[0][0] + cells[1][1], out.rows);
  out.macro_f1 = present > 0 ? f1_sum / static_cast<double>(present) : 0;
  out.weighted_f1 = out.rows > 0 ? f1_weighted / static_cast<double>(out.rows) : 0;
  for (std::size_t k = 1; k < out.classes.size(); ++k) {
    ClassMetrics& metrics = out.classes[k];
    metrics.recall = metrics.flagged;
    metrics.precision = metrics.f1 = 0;
  }
  out.attack_or_not = true;
}

void evaluate_threshold(Evaluation& out, std::span<const std::uint16_t> truth,
                        std::span<const float> score, float threshold) {
  expects(truth.size() == score.size(), "truth and score are of the same rows");
  std::array<std::uint64_t, 2> rows{};
  std::array<std::uint64_t, 2> alarms{};
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const std::size_t attack = truth[i] != 0 ? 1 : 0;
    ++rows[attack];
    alarms[attack] += score[i] >= threshold ? 1 : 0;
  }
  out.false_positive_rate = ratio(alarms[0], rows[0]);
  out.detection_rate = ratio(alarms[1], rows[1]);
}

Evaluation evaluate(std::span<const std::string> labels, std::span<const std::uint16_t> truth,
                    std::span<const std::uint16_t> predicted, std::span<const float> score) {
  expects(truth.size() == predicted.size() && truth.size() == score.size(),
          "truth, prediction and score are of the same rows");
  Evaluation out;
  out.rows = truth.size();
  out.confusion.assign(labels.size(), std::vector<std::uint64_t>(labels.size(), 0));
  std::uint64_t hits = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    expects(truth[i] < labels.size() && predicted[i] < labels.size() && !std::isnan(score[i]),
            "truth and prediction name a label, scores are numbers");
    ++out.confusion[truth[i]][predicted[i]];
    hits += truth[i] == predicted[i] ? 1 : 0;
  }
  out.accuracy = ratio(hits, out.rows);
  fill_classes(out, labels);
  fill_areas(out, truth, score);
  return out;
}

Curves curves_of(std::span<const std::uint16_t> truth, std::span<const float> score,
                 std::size_t points_max) {
  expects(truth.size() == score.size() && points_max >= 2, "a curve has two points or more");
  const Sides sides = sides_of(truth);
  Curves out;
  if (!sides.both()) return out;
  double hits = 0;
  double alarms = 0;
  CurvePoint last_roc{0, 0};
  const double nearest = 2.0 / static_cast<double>(points_max);
  out.roc.push_back(last_roc);
  CurvePoint last_pr{};
  const auto far = [&](CurvePoint a, CurvePoint b) {
    return std::abs(a.x - b.x) + std::abs(a.y - b.y) >= nearest;
  };
  walk_down(truth, score, [&](double step_hits, double step_alarms) {
    hits += step_hits;
    alarms += step_alarms;
    const CurvePoint roc{alarms / sides.benign, hits / sides.attacks};
    const CurvePoint pr{hits / sides.attacks, hits / (hits + alarms)};
    if (far(roc, last_roc)) out.roc.push_back(last_roc = roc);
    if (out.pr.empty()) out.pr.push_back({0, pr.y});  // nothing is known of a recall below
    if (far(pr, last_pr)) out.pr.push_back(last_pr = pr);
  });
  out.roc.push_back({1, 1});
  out.pr.push_back({1, sides.attacks / (sides.attacks + sides.benign)});
  return out;
}

}  // namespace vedette
