#include "train/comparison_panels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "train/html.hpp"
#include "train/text_layout.hpp"

namespace vedette::html {

namespace {

std::string share(double value) {
  return std::isnan(value) ? std::string{"–"} : fmt::format("{:.2f} %", 100 * value);
}
std::string number(double value) {
  return std::isnan(value) ? std::string{"–"} : fmt::format("{:.4g}", value);
}

std::string captures(const Comparison& comparison) {
  std::string rows;
  for (const Compared& one : comparison.models) {
    for (const CaptureFigures& figures : one.captures) {
      const CaptureRates& r = figures.rates;
      rows += fmt::format(
          "<tr><td>{}</td><td>{}</td><td>{:.4f}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
          "<td>{}</td><td>{}</td><td class=\"note\">{}</td></tr>",
          escaped(one.model), escaped(figures.capture), r.threshold, share(r.recall),
          share(r.false_positive_rate), share(r.false_positive_rate_sure),
          number(r.false_alarms_per_device_day()), number(figures.delay_records),
          number(figures.delay_seconds),
          figures.decided_by.empty()
              ? std::string{"a default"}
              : fmt::format("{}: {} benign records, rate {:.2g}", escaped(figures.decided_by),
                            grouped(figures.threshold.records), figures.threshold.rate));
    }
  }
  if (rows.empty()) return {};
  return "<h2>Networks never seen</h2><p>At the threshold that benign rows of the other captures "
         "give; an alert is a run of false positives of one device.</p><div class=\"panel\"><table>"
         "<tr><th>model</th><th>left out</th><th>threshold</th><th>recall</th>"
         "<th>false positives</th><th>without doubtful</th><th>false alerts / device-day</th>"
         "<th>delay, records</th><th>delay, s</th><th style=\"text-align:left\">calibrated on</th>"
         "</tr>" +
         rows + "</table></div>";
}

/// Four decades, 0.0001 to 1, along the side of the square.
double decades(double rate) {
  return std::clamp((std::log10(std::max(rate, 1e-5)) + 4) / 4, 0.0, 1.0);
}

std::string calibration(const Comparison& comparison) {
  constexpr Ticks ticks{"0.0001", "0.001", "0.01", "0.1", "1"};
  constexpr std::size_t band_colour = 7;
  std::vector<Series> series;
  Series low{"99 % binomial band", band_colour, {}};
  Series high{"", band_colour, {}};
  for (std::size_t at = 0; at < comparison.models.size(); ++at) {
    const Compared& one = comparison.models[at];
    Series line{one.model, at, {}};
    for (const CalibrationPoint& point : one.calibration) {
      if (point.rows == 0) continue;
      line.points.push_back({decades(point.stated), decades(point.observed())});
      if (!series.empty()) continue;
      const Interval band = binomial_band(point.stated, point.rows);
      low.points.push_back({decades(point.stated), decades(band.low)});
      high.points.push_back({decades(point.stated), decades(band.high)});
    }
    if (!line.points.empty()) series.push_back(std::move(line));
  }
  if (series.empty()) return {};
  // One line there and back: a band with one entry in the legend.
  low.points.insert(low.points.end(), high.points.rbegin(), high.points.rend());
  series.push_back(std::move(low));
  return "<h2>Is the stated false-positive rate kept?</h2><div class=\"grid\">" +
         line_plot("Stated and observed", "stated rate", "observed rate", series, ticks) + "</div>";
}

std::string controls(const Comparison& comparison) {
  if (comparison.controls.empty()) return {};
  std::string out =
      "<h2>Controls</h2><p>Trees that see only a shortcut, and one of shuffled labels. A model "
      "that "
      "is no better has learned no more.</p><div class=\"panel\"><table><tr><th>control</th>"
      "<th>ROC AUC</th><th>PR AUC</th><th>recall</th><th>false positives</th></tr>";
  for (const Control& one : comparison.controls) {
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                       escaped(one.name), number(one.roc_auc), number(one.pr_auc),
                       share(one.recall), share(one.false_positive_rate));
  }
  return out + "</table></div>";
}

std::string without(const Comparison& comparison) {
  std::string rows;
  for (const Compared& one : comparison.models) {
    for (const Without& w : one.without) {
      rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                          escaped(one.model), w.family.empty() ? "nothing" : escaped(w.family),
                          w.columns, number(w.roc_auc), number(w.pr_auc));
    }
  }
  if (rows.empty()) return {};
  return "<h2>How it does without</h2><p>Fitted again without a family of columns, on the fold "
         "with "
         "the most attacks.</p><div class=\"panel\"><table><tr><th>model</th><th>without</th>"
         "<th>columns</th><th>ROC AUC</th><th>PR AUC</th></tr>" +
         rows + "</table></div>";
}

}  // namespace

std::string evaluation_panels(const Comparison& comparison) {
  return captures(comparison) + calibration(comparison) + controls(comparison) +
         without(comparison);
}

}  // namespace vedette::html
