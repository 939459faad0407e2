#include "train/left_out.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "base/expects.hpp"

namespace vedette {

namespace {

/// Training rows of one fold, capture by capture.
class Inner {
 public:
  Inner(const Dataset& dataset, const ModelKind& kind, const Prepared& prepared,
        const FitOptions& fit)
      : kind_(kind), prepared_(prepared), fit_(fit), keep_(prepared.train.classes.size(), true) {
    for (const std::uint32_t i : prepared.split.train) capture_.push_back(dataset.capture(i));
    for (std::size_t k = 0; k < capture_.size(); ++k) {
      auto& sides = sides_[capture_[k]];
      (prepared.train.classes[k] == 0 ? sides.benign : sides.attacks) += 1;
    }
  }

  struct Sides {
    std::uint64_t benign = 0, attacks = 0;
  };
  const std::map<std::uint32_t, Sides>& sides() const { return sides_; }

  /// Answers for the rows of that capture, or for its benign ones, by a model that never saw it.
  /// Empty when the other captures cannot be fitted on. `positions` receives their places among the
  /// training rows.
  enum class Asked : std::uint8_t { benign, all };
  Result<Answers> answers_without(std::uint32_t capture, Asked asked,
                                  std::vector<std::size_t>& positions) const {
    Matrix rest, own;
    for (std::size_t k = 0; k < capture_.size(); ++k) {
      const bool benign = prepared_.train.classes[k] == 0;
      if (capture_[k] == capture && (benign || asked == Asked::all)) {
        append(own, k);
        positions.push_back(k);
      }
      if (capture_[k] != capture && keep_[k]) append(rest, k);
    }
    Fitted fitted = fit(rest);
    if (!fitted.model) {
      if (fitted.model.error().code == Errc::cancelled) return fitted.model.error();
      return Answers{};
    }
    return answer(**fitted.model, kind_, fitted.classes, own.rows(prepared_.width()));
  }

  void drop(std::size_t position) { keep_[position] = false; }
  std::uint64_t dropped() const {
    return static_cast<std::uint64_t>(std::count(keep_.begin(), keep_.end(), false));
  }
  Result<std::unique_ptr<Model>> fit_all() const {
    if (dropped() == 0) return kind_.fit(prepared_.training_set(), fit_);
    Matrix rest;
    for (std::size_t k = 0; k < capture_.size(); ++k) {
      if (keep_[k]) append(rest, k);
    }
    return std::move(fit(rest).model);
  }

 private:
  struct Fitted {
    Result<std::unique_ptr<Model>> model = Error{Errc::out_of_range, "no second class is left"};
    Classes classes;
  };
  void append(Matrix& out, std::size_t k) const {
    const auto row = prepared_.train_rows()[k];
    out.values.insert(out.values.end(), row.begin(), row.end());
    out.classes.push_back(prepared_.train.classes[k]);
    out.captures.push_back(capture_[k]);
  }
  /// On fewer captures some classes have no rows left: such a model does not know them.
  Fitted fit(const Matrix& matrix) const {
    Fitted out;
    std::vector<std::uint16_t> number(prepared_.classes.trained, 0);
    for (const std::uint16_t k : matrix.classes) number[k] = 1;
    number[0] = 1;
    for (std::uint16_t& known : number) {
      if (known == 0) continue;
      const auto k = static_cast<std::size_t>(&known - number.data());
      known = static_cast<std::uint16_t>(out.classes.names.size());
      out.classes.names.push_back(prepared_.classes.names[k]);
    }
    out.classes.trained = out.classes.names.size();
    if (out.classes.trained < 2 && !benign_suffices(kind_)) return out;
    std::vector<std::uint16_t> labels;
    for (const std::uint16_t k : matrix.classes) labels.push_back(number[k]);
    TrainingSet set = prepared_.training_set();
    set.classes = out.classes.names;
    set.rows = matrix.rows(prepared_.width());
    set.labels = labels;
    set.captures = matrix.captures;
    out.model = kind_.fit(set, fit_);
    return out;
  }

  const ModelKind& kind_;
  const Prepared& prepared_;
  const FitOptions& fit_;
  std::vector<std::uint32_t> capture_;  // of each training row
  std::map<std::uint32_t, Sides> sides_;
  std::vector<bool> keep_;
};

/// Benign rows of captures with attacks that the other captures' model takes for an attack it
/// knows: labels of an infected device's traffic are often wrong this way (Northcutt, Jiang,
/// Chuang: Confident Learning, 2021, which trusts out-of-sample predictions over labels likewise).
/// What is merely strange to it stays: the traffic of another network is.
Status drop_doubted(Inner& inner) {
  constexpr float doubted = 0.5F;
  std::vector<std::size_t> dropped;
  for (const auto& [capture, sides] : inner.sides()) {
    if (sides.benign == 0 || sides.attacks == 0) continue;
    std::vector<std::size_t> positions;
    const auto answers = inner.answers_without(capture, Inner::Asked::benign, positions);
    if (!answers) return answers.error();
    for (std::size_t i = 0; i < answers->scores.size(); ++i) {
      const std::uint16_t answered = answers->classes[i];
      const bool known = answered != 0 && answers->names[answered] != unknown_label;
      if (known && answers->scores[i] >= doubted) dropped.push_back(positions[i]);
    }
  }
  for (const std::size_t position : dropped) inner.drop(position);
  return {};
}

/// Scores of the benign rows of each capture that may calibrate, and its number in the data set.
struct Networks {
  std::vector<BenignScores> scores;
  std::vector<std::uint32_t> captures;
};

bool may_calibrate(const Inner& inner, std::uint32_t capture) {
  const auto& sides = inner.sides();
  const bool any_clean = std::any_of(sides.begin(), sides.end(),
                                     [](const auto& one) { return one.second.attacks == 0; });
  const Inner::Sides& own = sides.at(capture);
  return own.benign > 0 && (own.attacks == 0 || !any_clean);
}

void take_strictest(const Dataset& dataset, const Networks& networks, double rate,
                    LeftOutModel& out) {
  if (const auto found = strictest(networks.scores, rate)) {
    out.threshold = found->threshold;
    out.decided_by = dataset.captures()[networks.captures[found->network]];
  }
  out.networks = networks.scores;
  out.value = std::max(out.threshold.value, left_out_threshold_min);
}

Status calibrate(const Dataset& dataset, const Inner& inner, double rate, LeftOutModel& out) {
  Networks networks;
  for (const auto& [capture, side] : inner.sides()) {
    if (!may_calibrate(inner, capture)) continue;
    std::vector<std::size_t> positions;
    const auto answers = inner.answers_without(capture, Inner::Asked::benign, positions);
    if (!answers) return answers.error();
    if (answers->scores.empty()) continue;
    networks.scores.emplace_back().add(answers->scores);
    networks.captures.push_back(capture);
  }
  take_strictest(dataset, networks, rate, out);
  return {};
}

/// Classes that only some captures have are numbered anew where one of them is left out.
void append(Outside& out, const Answers& own, std::span<const std::size_t> positions) {
  std::vector<std::uint16_t> place;
  for (const std::string& name : own.names) {
    auto& names = out.answers.names;
    const auto at = std::find(names.begin(), names.end(), name) - names.begin();
    if (static_cast<std::size_t>(at) == names.size()) names.push_back(name);
    place.push_back(static_cast<std::uint16_t>(at));
  }
  for (std::size_t i = 0; i < positions.size(); ++i) {
    out.positions.push_back(positions[i]);
    out.answers.scores.push_back(own.scores[i]);
    out.answers.classes.push_back(place[own.classes[i]]);
    out.answers.attacks.push_back(place[own.attacks[i]]);
  }
}

/// As calibrate(), and the rows of every capture are answered for that could be left out.
Status answer_from_outside(const Dataset& dataset, const Prepared& prepared, const Inner& inner,
                           const TrainOptions& options, LeftOutModel& out) {
  Networks networks;
  out.outside.answers.names = prepared.classes.names;
  for (const auto& [capture, side] : inner.sides()) {
    const bool taught = names_any(options.split.train_only, dataset.captures()[capture]);
    if (taught && !may_calibrate(inner, capture)) continue;
    std::vector<std::size_t> positions;
    const auto answers = inner.answers_without(capture, Inner::Asked::all, positions);
    if (!answers) return answers.error();
    if (answers->scores.empty()) continue;
    append(out.outside, *answers, positions);
    if (!may_calibrate(inner, capture)) continue;
    std::vector<float> benign;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      if (prepared.train.classes[positions[i]] == 0) benign.push_back(answers->scores[i]);
    }
    networks.scores.emplace_back().add(benign);
    networks.captures.push_back(capture);
  }
  take_strictest(dataset, networks, options.false_positive_rate, out);
  return {};
}

Status fit_kept(Inner& inner, const TrainOptions& options, LeftOutModel& out) {
  if (options.leave_out.drop_doubted) {
    if (Status done = drop_doubted(inner); !done) return done.error();
    out.dropped_rows = inner.dropped();
  }
  const auto start = std::chrono::steady_clock::now();
  Result<std::unique_ptr<Model>> model = inner.fit_all();
  if (!model) return model.error();
  out.fit_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  out.model = std::move(*model);
  return {};
}

}  // namespace

std::optional<Strictest> strictest(std::span<const BenignScores> networks, double rate) {
  std::optional<Strictest> out;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const Certified own = networks[i].threshold(rate);
    if (!out || own.value > out->threshold.value) out = Strictest{own, i};
  }
  return out;
}

Result<LeftOutModel> fit_left_out(const Dataset& dataset, const ModelKind& kind,
                                  const Prepared& prepared, const TrainOptions& options,
                                  const FitOptions& fit) {
  Inner inner{dataset, kind, prepared, fit};
  LeftOutModel out;
  if (Status done = fit_kept(inner, options, out); !done) return done.error();
  if (Status done = calibrate(dataset, inner, options.false_positive_rate, out); !done) {
    return done.error();
  }
  return out;
}

Result<LeftOutModel> fit_for_others(const Dataset& dataset, const ModelKind& kind,
                                    const Prepared& prepared, const TrainOptions& options) {
  Inner inner{dataset, kind, prepared, options.fit};
  LeftOutModel out;
  if (Status done = fit_kept(inner, options, out); !done) return done.error();
  if (Status done = answer_from_outside(dataset, prepared, inner, options, out); !done) {
    return done.error();
  }
  return out;
}

}  // namespace vedette
