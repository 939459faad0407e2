/// The report of a comparison: what people would rather look at than read.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "train/comparison_panels.hpp"
#include "train/html.hpp"
#include "train/text_layout.hpp"
#include "train/train.hpp"

namespace vedette {

namespace {

using html::escaped;

/// On a page what is not known is a dash, not a minus.
std::string dashed(double value) {
  return std::isnan(value) ? std::string{"–"} : fixed(value);
}

std::string percent(double share) {
  return std::isnan(share) ? std::string{"–"} : fmt::format("{:.1f} %", share * 100);
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", grouped(bytes));
  if (bytes < 10'000'000) return fmt::format("{} KiB", grouped(bytes / 1024));
  return fmt::format("{} MiB", grouped(bytes / 1024 / 1024));
}

std::string time_text(double ns) {
  return ns < 10'000 ? fmt::format("{:.0f} ns", ns) : fmt::format("{:.1f} µs", ns / 1000);
}

std::vector<const Compared*> with_figures(const Comparison& comparison) {
  std::vector<const Compared*> out;
  for (const Compared& one : comparison.models) {
    if (one.problem.empty()) out.push_back(&one);
  }
  return out;
}

/// The position among all models gives a model its colour in every picture.
std::size_t position(const Comparison& comparison, const Compared& one) {
  return static_cast<std::size_t>(&one - comparison.models.data());
}

std::string named(const Comparison& comparison, const Compared& one) {
  return fmt::format(R"(<i class="dot" style="background:{}"></i>{})",
                     html::colour(position(comparison, one)), escaped(one.model));
}

std::string facts(const Comparison& comparison) {
  const auto fact = [](std::string_view name, const std::string& value) {
    return fmt::format("<span>{} <b>{}</b></span>", name, escaped(value));
  };
  return "<div class=\"facts\">" +
         fact("data set", fmt::format("{:016x}", comparison.data_fingerprint)) +
         fact("columns", fmt::format("{} ({})", comparison.columns, comparison.width)) +
         fact("classes", comparison.binary ? "benign or malicious" : "each label") +
         fact("split", comparison.split) + fact("rows fitted on", grouped(comparison.train_rows)) +
         fact("rows tested", grouped(comparison.test_rows)) +
         fact("made", comparison.created.substr(0, 16)) + "</div>";
}

std::string warnings(const Comparison& comparison) {
  std::string out = "<div class=\"panel warn\">";
  out += fmt::format(
      "<p><b>{}</b> of the test rows also occur in training, value for value: a model may have "
      "learned them by heart.</p>",
      percent(comparison.seen_share));
  out += fmt::format(
      "<p><b>{:.2f} %</b> is the highest accuracy any model can reach on these rows: equal rows "
      "carry different labels.</p>",
      comparison.accuracy_ceiling * 100);
  if (comparison.split.starts_with("random") || comparison.split.starts_with("kfold")) {
    out +=
        "<p>Rows were parted at random: flows of one flood stand on both sides. Figures for a new "
        "network come from <code>--split leave-one-capture-out</code>.</p>";
  }
  if (!comparison.unseen_classes.empty()) {
    std::string names;
    for (const std::string& name : comparison.unseen_classes) {
      names += (names.empty() ? "" : ", ") + escaped(name);
    }
    out += fmt::format(
        "<p>Tested on but never trained on: <b>{}</b>. Such rows count as misses.</p>", names);
  }
  for (const std::string& note : comparison.notes) out += fmt::format("<p>{}</p>", escaped(note));
  return out + "</div>";
}

struct Figure {
  const char* title;
  double (*of)(const Compared&);
  bool higher_is_better;
  std::string (*text)(double);
  bool of_classes = false;  ///< means another thing for a model that names no attack
};

constexpr std::array figures{
    Figure{"accuracy", [](const Compared& c) { return c.evaluation.accuracy; }, true, dashed, true},
    Figure{"macro-F1", [](const Compared& c) { return c.evaluation.macro_f1; }, true, dashed, true},
    Figure{"weighted F1", [](const Compared& c) { return c.evaluation.weighted_f1; }, true, dashed,
           true},
    Figure{"ROC AUC", [](const Compared& c) { return c.evaluation.roc_auc; }, true, dashed},
    Figure{"PR AUC", [](const Compared& c) { return c.evaluation.pr_auc; }, true, dashed},
    Figure{"fit", [](const Compared& c) { return c.fit_seconds; }, false,
           [](double s) { return fmt::format("{:.2f} s", s); }},
    Figure{"per row", [](const Compared& c) { return c.ns_per_row; }, false, time_text},
    Figure{"size", [](const Compared& c) { return static_cast<double>(c.bytes); }, false,
           [](double b) { return size_text(static_cast<std::uint64_t>(b)); }},
};

std::string summary(const Comparison& comparison) {
  const auto models = with_figures(comparison);
  std::string out = "<div class=\"panel\"><table><tr><th>model</th>";
  for (const Figure& figure : figures) out += fmt::format("<th>{}</th>", figure.title);
  out += "<th style=\"text-align:left\">what it is</th></tr>";
  for (const Compared& one : comparison.models) {
    out += "<tr><td>" + named(comparison, one) + "</td>";
    if (!one.problem.empty()) {
      out += fmt::format("<td class=\"note\" colspan=\"{}\">not fitted: {}</td></tr>",
                         figures.size() + 1, escaped(one.problem));
      continue;
    }
    for (const Figure& figure : figures) {
      const double value = figure.of(one);
      const bool apart = figure.of_classes && one.evaluation.attack_or_not;
      const bool best =
          !apart && std::none_of(models.begin(), models.end(), [&](const Compared* other) {
            if (figure.of_classes && other->evaluation.attack_or_not) return false;
            return figure.higher_is_better ? figure.of(*other) > value : figure.of(*other) < value;
          });
      out += fmt::format("<td{}>{}{}</td>", best && models.size() > 1 ? " class=\"best\"" : "",
                         figure.text(value), apart ? "*" : "");
    }
    out += fmt::format("<td class=\"note\">{}</td></tr>", escaped(one.description));
  }
  return out + "</table></div>";
}

std::string curves(const Comparison& comparison) {
  std::vector<html::Series> roc, pr;
  for (const Compared* one : with_figures(comparison)) {
    const std::size_t colour = position(comparison, *one);
    roc.push_back({fmt::format("{} {}", one->model, dashed(one->evaluation.roc_auc)), colour,
                   one->curves.roc});
    pr.push_back(
        {fmt::format("{} {}", one->model, dashed(one->evaluation.pr_auc)), colour, one->curves.pr});
  }
  if (roc.empty() || roc.front().points.empty()) {
    return "<p>The test rows are all benign or all attacks: there are no curves.</p>";
  }
  return "<div class=\"grid\">" +
         html::line_plot("ROC: attack or not", "false-positive rate", "recall", roc) +
         html::line_plot("Precision and recall: attack or not", "recall", "precision", pr) +
         "</div>";
}

/// A cell whose background says the same as its number; `miss` colours it as a mistake.
std::string heat(double share, const std::string& text, bool miss) {
  return fmt::format("<td style=\"background:rgba(var(--{}),{:.2f})\">{}</td>",
                     miss ? "miss" : "heat", 0.65 * std::sqrt(std::clamp(share, 0.0, 1.0)), text);
}

/// A number with a bar behind it.
std::string bar_cell(double share) {
  return fmt::format(
      "<td style=\"background:linear-gradient(90deg,rgba(var(--heat),.38) {0:.1f}%,transparent "
      "{0:.1f}%)\">{1}</td>",
      share * 100, percent(share));
}

std::string recalls(const Comparison& comparison) {
  const auto models = with_figures(comparison);
  if (models.empty()) return {};
  std::string out = "<div class=\"panel\"><table class=\"heat\"><tr><th>class</th><th>rows</th>";
  for (const Compared* one : models) out += "<th>" + named(comparison, *one) + "</th>";
  out += "</tr>";
  const auto& classes = models.front()->evaluation.classes;
  for (std::size_t k = 0; k < classes_of_truth(models.front()->evaluation); ++k) {
    out += fmt::format("<tr><td>{}</td><td>{}</td>", escaped(classes[k].label),
                       grouped(classes[k].support));
    for (const Compared* one : models) {
      const ClassMetrics& metrics = one->evaluation.classes[k];
      out += metrics.support == 0 ? "<td>–</td>" : bar_cell(metrics.recall);
    }
    out += "</tr>";
  }
  return out + "</table></div>";
}

std::string confusion(const Comparison& comparison, const Compared& one) {
  const Evaluation& e = one.evaluation;
  std::string out = "<div class=\"panel\"><h3>" + named(comparison, one) +
                    "</h3><table class=\"matrix\"><tr><th>truth ↓ answer →</th>";
  for (std::size_t k = 0; k < e.classes.size(); ++k) {
    out += fmt::format("<th title=\"{}\">{}</th>", escaped(e.classes[k].label), k + 1);
  }
  out += "</tr>";
  for (std::size_t k = 0; k < e.classes.size(); ++k) {
    const std::string label = escaped(e.classes[k].label);
    out += fmt::format("<tr><th title=\"{}\">{} {}</th>", label, k + 1, label);
    for (std::size_t other = 0; other < e.classes.size(); ++other) {
      const std::uint64_t count = e.confusion[k][other];
      const double share =
          e.classes[k].support == 0
              ? 0
              : static_cast<double>(count) / static_cast<double>(e.classes[k].support);
      out += heat(share, count == 0 ? "" : grouped(count), k != other);
    }
    out += "</tr>";
  }
  return out + "</table></div>";
}

std::string importances(const Comparison& comparison, const Compared& one) {
  constexpr std::size_t shown = 10;
  std::vector<html::Bar> bars;
  for (const Importance& importance : one.importances) {
    if (bars.size() == shown || importance.loss <= 0) break;
    bars.push_back({importance.column, importance.loss, fmt::format("{:.3f}", importance.loss),
                    position(comparison, one)});
  }
  return "<div class=\"panel\"><h3>" + named(comparison, one) + "</h3>" +
         (bars.empty() ? "<p>No column alone matters.</p>" : html::bars(bars)) + "</div>";
}

/// One figure of every fold and model; NaN where a fold has no such rows.
std::string fold_panel(const Comparison& comparison, std::string_view title, bool miss,
                       double FoldFigures::*figure) {
  const auto models = with_figures(comparison);
  std::string out = fmt::format(
      "<div class=\"panel\"><h3>{}</h3><table class=\"heat\"><tr><th>tested on</th><th>rows</th>",
      title);
  for (const Compared* one : models) out += "<th>" + named(comparison, *one) + "</th>";
  out += "</tr>";
  for (std::size_t f = 0; f < models.front()->folds.size(); ++f) {
    const FoldFigures& first = models.front()->folds[f];
    out += fmt::format("<tr><td>{}</td><td>{}</td>", escaped(first.fold), grouped(first.rows));
    for (const Compared* one : models) {
      const double share = one->folds[f].*figure;
      out += std::isnan(share) ? "<td>–</td>" : heat(share, percent(share), miss);
    }
    out += "</tr>";
  }
  return out + "</table></div>";
}

std::string folds(const Comparison& comparison) {
  const auto models = with_figures(comparison);
  if (models.empty() || models.front()->folds.size() < 2) return {};
  return fold_panel(comparison, "Attacks answered as one", false, &FoldFigures::recall) +
         fold_panel(comparison, "Benign rows answered as an attack", true,
                    &FoldFigures::false_positive_rate) +
         fold_panel(comparison, "Accuracy", false, &FoldFigures::accuracy);
}

template <class Part>
std::string each(const Comparison& comparison, std::string_view grid, const Part& part) {
  std::string out = fmt::format("<div class=\"{}\">", grid);
  for (const Compared* one : with_figures(comparison)) out += part(comparison, *one);
  return out + "</div>";
}

}  // namespace

std::string to_html(const Comparison& comparison, std::string_view title) {
  std::string body = fmt::format("<h1>{}</h1>", escaped(title)) + facts(comparison);
  body += warnings(comparison);
  body += "<h2>All models</h2>" + summary(comparison);
  body += "<h2>Curves</h2>" + curves(comparison);
  body += "<h2>Recall of each class</h2>" + recalls(comparison);
  if (const std::string table = folds(comparison); !table.empty()) {
    body += "<h2>Fold by fold</h2><div class=\"grid rows\">" + table + "</div>";
  }
  body += html::evaluation_panels(comparison);
  body += "<h2>What was taken for what</h2>" + each(comparison, "grid wide", confusion);
  body +=
      "<h2>What each leans on</h2><p>Macro-F1 lost when the column is dealt to the rows at random, "
      "on at most 2,000 test rows.</p>" +
      each(comparison, "grid", importances);
  body += "<footer>Vedette " VEDETTE_VERSION
          ". Accuracy, F1 and areas as scikit-learn defines them; areas are of attack or not; "
          "time per row on one thread in batches of 1,024.</footer>";
  return html::page(title, body);
}

}  // namespace vedette
