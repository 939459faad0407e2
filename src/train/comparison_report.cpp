/// A comparison, for people on a terminal and for programs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.hpp"
#include "train/text_layout.hpp"
#include "train/train.hpp"

namespace vedette {

double CaptureRates::per_day(std::uint64_t alerts) const {
  return device_days > 0 ? static_cast<double>(alerts) / device_days
                         : std::numeric_limits<double>::quiet_NaN();
}

namespace {

using Align = TextLayout::Align;

std::string model_table(const Comparison& comparison) {
  TextLayout table{{{"model", Align::left},
                    {"accuracy", Align::right},
                    {"macro-F1", Align::right},
                    {"weighted F1", Align::right},
                    {"ROC AUC", Align::right},
                    {"PR AUC", Align::right},
                    {"fit s", Align::right},
                    {"ns/row", Align::right},
                    {"bytes", Align::right}}};
  for (const Compared& one : comparison.models) {
    const Evaluation& e = one.evaluation;
    if (!one.problem.empty()) {
      table.add({one.model, "-", "-", "-", "-", "-", "-", "-", "-"});
      continue;
    }
    const std::string mark = e.attack_or_not ? "*" : "";
    table.add({one.model, fixed(e.accuracy) + mark, fixed(e.macro_f1) + mark,
               fixed(e.weighted_f1) + mark, fixed(e.roc_auc), fixed(e.pr_auc),
               fmt::format("{:.2f}", one.fit_seconds), fmt::format("{:.0f}", one.ns_per_row),
               grouped(one.bytes)});
  }
  return table.text();
}

/// The first model with figures names the classes and their rows: both are the same for all.
const Evaluation* any_evaluation(const Comparison& comparison) {
  for (const Compared& one : comparison.models) {
    if (one.problem.empty()) return &one.evaluation;
  }
  return nullptr;
}

std::string class_table(const Comparison& comparison, std::string_view title,
                        double ClassMetrics::*figure) {
  const Evaluation* any = any_evaluation(comparison);
  if (any == nullptr) return {};
  std::vector<std::pair<std::string, Align>> columns{{std::string{title}, Align::left},
                                                     {"rows", Align::right}};
  for (const Compared& one : comparison.models) columns.emplace_back(one.model, Align::right);
  TextLayout table{std::move(columns)};
  for (std::size_t k = 0; k < classes_of_truth(*any); ++k) {
    std::vector<std::string> cells{printable(any->classes[k].label),
                                   grouped(any->classes[k].support)};
    for (const Compared& one : comparison.models) {
      cells.push_back(one.problem.empty() ? fixed(one.evaluation.classes[k].*figure) : "-");
    }
    table.add(std::move(cells));
  }
  return '\n' + table.text();
}

/// Flagged is more than recalled where a class was never trained on, or a model answers unknown.
bool flags_more_than_it_names(const Comparison& comparison) {
  if (!comparison.unseen_classes.empty()) return true;
  return std::any_of(comparison.models.begin(), comparison.models.end(), [](const Compared& one) {
    const auto& classes = one.evaluation.classes;
    return classes_of_truth(one.evaluation) < classes.size();
  });
}

std::string two_digits(double share) {
  return std::isnan(share) ? std::string{"-"} : fmt::format("{:.2f}", share);
}

/// Empty for a single fold.
std::string fold_table(const Comparison& comparison) {
  std::vector<std::pair<std::string, Align>> columns{
      {"attacks found / benign flagged in", Align::left}, {"rows", Align::right}};
  std::vector<const Compared*> models;
  for (const Compared& one : comparison.models) {
    if (!one.problem.empty()) continue;
    models.push_back(&one);
    columns.emplace_back(one.model, Align::right);
  }
  if (models.empty() || models.front()->folds.size() < 2) return {};
  TextLayout table{std::move(columns)};
  for (std::size_t f = 0; f < models.front()->folds.size(); ++f) {
    const FoldFigures& first = models.front()->folds[f];
    std::vector<std::string> cells{printable(first.fold), grouped(first.rows)};
    for (const Compared* one : models) {
      const FoldFigures& fold = one->folds[f];
      cells.push_back(
          fmt::format("{} / {}", two_digits(fold.recall), two_digits(fold.false_positive_rate)));
    }
    table.add(std::move(cells));
  }
  return '\n' + table.text();
}

std::string rate_text(double value) {
  return std::isnan(value) ? std::string{"-"} : fmt::format("{:.4f}", value);
}
std::string count_text(double value) {
  return std::isnan(value) ? std::string{"-"} : fmt::format("{:.4g}", value);
}

/// What leave-one-capture-out says at the threshold of the training captures.
std::string capture_table(const Comparison& comparison) {
  TextLayout table{{{"model", Align::left},
                    {"left out", Align::left},
                    {"threshold", Align::right},
                    {"recall", Align::right},
                    {"false positives", Align::right},
                    {"without doubtful", Align::right},
                    {"false alarms / device-day", Align::right},
                    {"delay records", Align::right},
                    {"delay s", Align::right}}};
  bool any = false;
  const auto add = [&](const std::string& model, const std::string& capture,
                       const CaptureRates& rates, double records, double seconds) {
    any = true;
    table.add({model, capture, fmt::format("{:.4f}", rates.threshold), rate_text(rates.recall),
               rate_text(rates.false_positive_rate), rate_text(rates.false_positive_rate_sure),
               count_text(rates.false_alarms_per_device_day()), count_text(records),
               count_text(seconds)});
  };
  for (const Compared& one : comparison.models) {
    for (const CaptureFigures& figures : one.captures) {
      add(one.model, printable(figures.capture), figures.rates, figures.delay_records,
          figures.delay_seconds);
      if (!figures.adapted) continue;
      const double unknown = std::numeric_limits<double>::quiet_NaN();
      add("", "  adapted to its first records", *figures.adapted, unknown, unknown);
    }
  }
  return any ? '\n' + table.text() : std::string{};
}

std::string control_table(const Comparison& comparison) {
  if (comparison.controls.empty()) return {};
  TextLayout table{{{"control", Align::left},
                    {"ROC AUC", Align::right},
                    {"PR AUC", Align::right},
                    {"recall", Align::right},
                    {"false positives", Align::right}}};
  for (const Control& one : comparison.controls) {
    table.add({one.name, fixed(one.roc_auc), fixed(one.pr_auc), rate_text(one.recall),
               rate_text(one.false_positive_rate)});
  }
  return '\n' + table.text();
}

std::string without_table(const Comparison& comparison) {
  TextLayout table{{{"model", Align::left},
                    {"without", Align::left},
                    {"columns", Align::right},
                    {"ROC AUC", Align::right},
                    {"PR AUC", Align::right}}};
  bool any = false;
  for (const Compared& one : comparison.models) {
    for (const Without& without : one.without) {
      any = true;
      table.add({one.model, without.family.empty() ? "nothing" : without.family,
                 grouped(without.columns), fixed(without.roc_auc), fixed(without.pr_auc)});
    }
  }
  return any ? '\n' + table.text() : std::string{};
}

template <class Items, class Append>
void append_list(std::string& out, std::string_view name, const Items& items,
                 const Append& append) {
  append_json_key(out, name);
  out += '[';
  for (const auto& item : items) {
    if (out.back() != '[') out += ',';
    append(item);
  }
  out += ']';
}

void append_names(std::string& out, std::string_view name, const std::vector<std::string>& names) {
  append_list(out, name, names, [&](const std::string& text) { append_json_string(out, text); });
}

void append_classes(std::string& out, const Evaluation& evaluation) {
  append_json_key(out, "per_class");
  out += '{';
  for (const ClassMetrics& one : evaluation.classes) {
    append_json_key(out, one.label);
    out += '{';
    append_json_field(out, "support", one.support);
    append_json_field(out, "precision", one.precision);
    append_json_field(out, "recall", one.recall);
    append_json_field(out, "f1", one.f1);
    append_json_field(out, "flagged", one.flagged);
    out += '}';
  }
  out += '}';
  append_list(out, "confusion", evaluation.confusion,
              [&](const auto& row) { out += fmt::format("[{}]", fmt::join(row, ",")); });
}

void append_figures(std::string& out, const Compared& one) {
  const Evaluation& e = one.evaluation;
  append_json_field(out, "attack_or_not", e.attack_or_not);
  append_json_field(out, "accuracy", e.accuracy);
  append_json_field(out, "macro_f1", e.macro_f1);
  append_json_field(out, "weighted_f1", e.weighted_f1);
  append_json_field(out, "roc_auc", e.roc_auc);
  append_json_field(out, "pr_auc", e.pr_auc);
  append_json_field(out, "false_positive_rate", e.false_positive_rate);
  append_json_field(out, "detection_rate", e.detection_rate);
  append_json_field(out, "fit_seconds", one.fit_seconds);
  append_json_field(out, "ns_per_row", one.ns_per_row);
  append_json_field(out, "bytes", one.bytes);
  append_json_field(out, "description", one.description);
  append_classes(out, e);
  append_list(out, "folds", one.folds, [&](const FoldFigures& fold) {
    out += '{';
    append_json_field(out, "fold", fold.fold);
    append_json_field(out, "rows", fold.rows);
    append_json_field(out, "accuracy", fold.accuracy);
    append_json_field(out, "macro_f1", fold.macro_f1);
    append_json_field(out, "recall", fold.recall);
    append_json_field(out, "false_positive_rate", fold.false_positive_rate);
    out += '}';
  });
  append_list(out, "calibration", one.calibration, [&](const CalibrationPoint& point) {
    out += '{';
    append_json_field(out, "stated", point.stated);
    append_json_field(out, "observed", point.observed());
    append_json_field(out, "benign_records", point.rows);
    const Interval band = point.rows > 0 ? binomial_band(point.stated, point.rows) : Interval{0, 1};
    append_json_field(out, "band_low", band.low);
    append_json_field(out, "band_high", band.high);
    out += '}';
  });
  append_list(out, "without", one.without, [&](const Without& without) {
    out += '{';
    append_json_field(out, "family", without.family);
    append_json_field(out, "columns", std::uint64_t{without.columns});
    append_json_field(out, "roc_auc", without.roc_auc);
    append_json_field(out, "pr_auc", without.pr_auc);
    out += '}';
  });
  append_list(out, "importances", one.importances, [&](const Importance& importance) {
    out += '{';
    append_json_field(out, "column", importance.column);
    append_json_field(out, "loss", importance.loss);
    out += '}';
  });
}

void append_rates(std::string& out, const CaptureRates& rates) {
  append_json_field(out, "threshold", double{rates.threshold});
  append_json_field(out, "recall", rates.recall);
  append_json_field(out, "false_positive_rate", rates.false_positive_rate);
  append_json_field(out, "false_alarms_per_device_day", rates.false_alarms_per_device_day());
  append_json_field(out, "attack_records", rates.attacks);
  append_json_field(out, "benign_records", rates.benign);
  append_json_field(out, "false_alarms", rates.false_alarms);
  append_json_field(out, "device_days", rates.device_days);
  append_json_field(out, "doubtful_records", rates.doubtful);
  append_json_field(out, "false_positive_rate_without_doubtful", rates.false_positive_rate_sure);
  append_json_field(out, "false_alarms_per_device_day_without_doubtful",
                    rates.false_alarms_sure_per_device_day());
}

/// One object per model and left-out capture.
void append_captures(std::string& out, const Comparison& comparison) {
  append_json_key(out, "captures");
  out += '[';
  for (const Compared& one : comparison.models) {
    for (const CaptureFigures& figures : one.captures) {
      out += out.back() == '[' ? "{" : ",{";
      append_json_field(out, "model", one.model);
      append_json_field(out, "capture", figures.capture);
      append_rates(out, figures.rates);
      append_json_field(out, "delay_records", figures.delay_records);
      append_json_field(out, "delay_seconds", figures.delay_seconds);
      append_json_field(out, "in_time_order", figures.in_time_order);
      append_json_field(out, "calibrated_on", figures.decided_by);
      append_json_field(out, "calibrated_threshold", figures.threshold.value);
      append_json_field(out, "calibration_records", figures.threshold.records);
      append_json_field(out, "certified_rate", figures.threshold.rate);
      append_json_field(out, "training_rows_dropped", figures.dropped_rows);
      append_json_key(out, "recall_by_class");
      out += '{';
      for (const auto& klass : figures.classes) append_json_field(out, klass.label, klass.recall);
      out += '}';
      if (figures.adapted) {
        append_json_key(out, "adapted");
        out += '{';
        append_rates(out, *figures.adapted);
        out += '}';
      }
      out += '}';
    }
  }
  out += ']';
}

}  // namespace

std::string to_text(const Comparison& comparison) {
  std::string out = model_table(comparison);
  out += class_table(comparison, "recall of", &ClassMetrics::recall);
  if (flags_more_than_it_names(comparison)) {
    out += class_table(comparison, "flagged of", &ClassMetrics::flagged);
  }
  out += fold_table(comparison);
  out += capture_table(comparison);
  out += control_table(comparison);
  out += without_table(comparison);
  out += fmt::format("\nsplit {}: {} rows fitted on, {} tested\n", comparison.split,
                     grouped(comparison.train_rows), grouped(comparison.test_rows));
  out += fmt::format(
      "test rows that also occur in training: {:.1f} %   most that any model can reach: {:.2f} %\n",
      comparison.seen_share * 100, comparison.accuracy_ceiling * 100);
  if (!comparison.unseen_classes.empty()) {
    out +=
        fmt::format("tested on, never trained on: {}\n", printable_list(comparison.unseen_classes));
  }
  for (const Compared& one : comparison.models) {
    out += one.problem.empty() ? fmt::format("{}: {}\n", one.model, one.description)
                               : fmt::format("{}: not fitted: {}\n", one.model, one.problem);
  }
  for (const std::string& note : comparison.notes) {
    out += fmt::format("note: {}\n", printable(note));
  }
  return out;
}

std::string to_json(const Comparison& comparison) {
  std::string out = "{";
  append_json_field(out, "data_fingerprint", fmt::format("{:016x}", comparison.data_fingerprint));
  append_json_field(out, "columns", comparison.columns);
  append_json_field(out, "binary", comparison.binary);
  append_json_field(out, "split", comparison.split);
  append_json_field(out, "train_rows", comparison.train_rows);
  append_json_field(out, "test_rows", comparison.test_rows);
  append_json_field(out, "seen_share", comparison.seen_share);
  append_json_field(out, "accuracy_ceiling", comparison.accuracy_ceiling);
  append_names(out, "unseen_classes", comparison.unseen_classes);
  append_names(out, "notes", comparison.notes);
  append_list(out, "models", comparison.models, [&](const Compared& one) {
    out += '{';
    append_json_field(out, "model", one.model);
    if (one.problem.empty()) {
      append_figures(out, one);
    } else {
      append_json_field(out, "problem", one.problem);
    }
    out += '}';
  });
  append_captures(out, comparison);
  append_list(out, "controls", comparison.controls, [&](const Control& one) {
    out += '{';
    append_json_field(out, "control", one.name);
    append_json_field(out, "roc_auc", one.roc_auc);
    append_json_field(out, "pr_auc", one.pr_auc);
    append_json_field(out, "recall", one.recall);
    append_json_field(out, "false_positive_rate", one.false_positive_rate);
    out += '}';
  });
  return out + '}';
}

}  // namespace vedette
