/// An evaluation, for people and for programs.
#include <fmt/format.h>

#include "base/text.hpp"
#include "train/text_layout.hpp"
#include "train/train.hpp"

namespace vedette {

namespace {

using Align = TextLayout::Align;

std::string class_table(const Evaluation& evaluation) {
  TextLayout table{{{"class", Align::left},
                    {"precision", Align::right},
                    {"recall", Align::right},
                    {"F1", Align::right},
                    {"flagged", Align::right},
                    {"rows", Align::right}}};
  for (std::size_t k = 0; k < classes_of_truth(evaluation); ++k) {
    const ClassMetrics& one = evaluation.classes[k];
    table.add({printable(one.label), fixed(one.precision), fixed(one.recall), fixed(one.f1),
               fixed(one.flagged), grouped(one.support)});
  }
  return table.text();
}

/// Truth goes down, prediction to the right; the columns carry numbers, the rows number and name.
std::string confusion_table(const Evaluation& evaluation) {
  std::vector<std::pair<std::string, Align>> columns{{"truth \\ predicted", Align::left}};
  for (std::size_t k = 0; k < evaluation.classes.size(); ++k) {
    columns.emplace_back(fmt::format("{}", k), Align::right);
  }
  TextLayout table{std::move(columns)};
  for (std::size_t k = 0; k < evaluation.confusion.size(); ++k) {
    std::vector<std::string> cells{fmt::format("{} {}", k, printable(evaluation.classes[k].label))};
    for (const std::uint64_t count : evaluation.confusion[k]) cells.push_back(grouped(count));
    table.add(std::move(cells));
  }
  return table.text();
}

void append_classes(std::string& out, const Evaluation& evaluation) {
  out += ",\"classes\":[";
  for (const ClassMetrics& one : evaluation.classes) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_json_field(out, "label", one.label);
    append_json_field(out, "support", one.support);
    append_json_field(out, "precision", one.precision);
    append_json_field(out, "recall", one.recall);
    append_json_field(out, "f1", one.f1);
    append_json_field(out, "flagged", one.flagged);
    out += '}';
  }
  out += "],\"confusion\":[";
  for (const auto& row : evaluation.confusion) {
    out += fmt::format("{}[{}]", out.back() == '[' ? "" : ",", fmt::join(row, ","));
  }
  out += ']';
}

}  // namespace

std::string to_text(const Evaluation& evaluation) {
  std::string out = class_table(evaluation);
  if (evaluation.attack_or_not) {
    out += "\nit names no attack: recall is the share flagged; of attack or not:";
  }
  out += fmt::format("\naccuracy {}   macro-F1 {}   weighted F1 {}   test rows {}\n",
                     fixed(evaluation.accuracy), fixed(evaluation.macro_f1),
                     fixed(evaluation.weighted_f1), grouped(evaluation.rows));
  out += fmt::format("attack or not: ROC area {}   precision-recall area {}\n",
                     fixed(evaluation.roc_auc), fixed(evaluation.pr_auc));
  out += fmt::format("at the working threshold: false positives {:.3f} %   detected {:.2f} %\n",
                     evaluation.false_positive_rate * 100, evaluation.detection_rate * 100);
  out += fmt::format(
      "test rows that also occur in training: {:.1f} %   most that any model can reach: {:.2f} %\n",
      evaluation.seen_share * 100, evaluation.accuracy_ceiling * 100);
  if (!evaluation.unseen_classes.empty()) {
    out += fmt::format("never trained on: {}\n", printable_list(evaluation.unseen_classes));
  }
  return out + '\n' + confusion_table(evaluation);
}

std::string to_json(const Evaluation& evaluation) {
  std::string out = "{";
  append_json_field(out, "rows", evaluation.rows);
  append_json_field(out, "attack_or_not", evaluation.attack_or_not);
  append_json_field(out, "accuracy", evaluation.accuracy);
  append_json_field(out, "macro_f1", evaluation.macro_f1);
  append_json_field(out, "weighted_f1", evaluation.weighted_f1);
  append_json_field(out, "roc_auc", evaluation.roc_auc);
  append_json_field(out, "pr_auc", evaluation.pr_auc);
  append_json_field(out, "false_positive_rate", evaluation.false_positive_rate);
  append_json_field(out, "detection_rate", evaluation.detection_rate);
  append_json_field(out, "seen_share", evaluation.seen_share);
  append_json_field(out, "accuracy_ceiling", evaluation.accuracy_ceiling);
  append_classes(out, evaluation);
  out += ",\"unseen_classes\":[";
  for (const std::string& name : evaluation.unseen_classes) {
    if (out.back() != '[') out += ',';
    append_json_string(out, name);
  }
  return out + "]}";
}

}  // namespace vedette
