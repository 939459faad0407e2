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
    f1_sum += metrics.f1;
    f1_weighted += metrics.f1 * static_cast<double>(metrics.support);
    present += metrics.support + predicted > 0 ? 1 : 0;
    out.classes.push_back(std::move(metrics));
  }
  if (present > 0) out.macro_f1 = f1_sum / static_cast<double>(present);
  if (out.rows > 0) out.weighted_f1 = f1_weighted / static_cast<double>(out.rows);
}

/// One walk from the highest score down, equal scores as one step. The area under ROC is the share
/// of (attack, benign) pairs in the right order, a tie counting half; the area under precision and
/// recall is average precision: the sum of (gain in recall) × (precision there).
void fill_areas(Evaluation& out, std::span<const std::uint16_t> truth,
                std::span<const float> score) {
  std::vector<std::uint32_t> order(truth.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return score[a] > score[b]; });
  const auto attacks = static_cast<double>(
      std::count_if(truth.begin(), truth.end(), [](std::uint16_t t) { return t != 0; }));
  const double benign = static_cast<double>(truth.size()) - attacks;
  if (attacks == 0 || benign == 0) {
    out.roc_auc = out.pr_auc = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  double hits = 0;
  double alarms = 0;
  double pairs = 0;
  for (std::size_t i = 0; i < order.size();) {
    const float step = score[order[i]];
    double step_hits = 0;
    double step_alarms = 0;
    for (; i < order.size() && score[order[i]] == step; ++i) {
      (truth[order[i]] != 0 ? step_hits : step_alarms) += 1;
    }
    pairs += step_alarms * (hits + step_hits / 2);
    hits += step_hits;
    alarms += step_alarms;
    out.pr_auc += step_hits / attacks * (hits / (hits + alarms));
  }
  out.roc_auc = pairs / (attacks * benign);
}

void fill_threshold(Evaluation& out, std::span<const std::uint16_t> truth,
                    std::span<const float> score, float threshold) {
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

}  // namespace

Evaluation evaluate(std::span<const std::string> labels, std::span<const std::uint16_t> truth,
                    std::span<const std::uint16_t> predicted, std::span<const float> score,
                    float threshold) {
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
  fill_threshold(out, truth, score, threshold);
  return out;
}

}  // namespace vedette
