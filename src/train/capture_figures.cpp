/// Figures of a capture that was left out: what was found, what alarmed falsely, how late.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "train/alert_count.hpp"
#include "train/left_out.hpp"

namespace vedette {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : nan;
}

}  // namespace

namespace {

/// "34-1:185.244.25.235", "42-1::4975": part of a capture's name, an address, a port; what is left
/// out matches all.
bool is_doubtful(const std::vector<std::string>& filters, std::string_view capture,
                 const Flow& flow) {
  return std::any_of(filters.begin(), filters.end(), [&](std::string_view filter) {
    const auto first = filter.find(':');
    const auto last = filter.rfind(':');
    if (capture.find(filter.substr(0, first)) == std::string_view::npos) return false;
    if (first == std::string_view::npos) return true;
    const std::string_view address =
        filter.substr(first + 1, last == first ? std::string_view::npos : last - first - 1);
    const std::string_view port = last == first ? std::string_view{} : filter.substr(last + 1);
    return (address.empty() || flow.resp_h == address) &&
           (port.empty() || fmt::format("{}", flow.resp_p) == port);
  });
}

}  // namespace

std::vector<bool> doubtful_rows(const Dataset& dataset, const Prepared& prepared,
                                const TrainOptions& options) {
  std::vector<bool> out(prepared.split.test.size(), false);
  if (options.leave_out.doubtful.empty()) return out;
  Record record;
  for (std::size_t k = 0; k < out.size(); ++k) {
    const std::uint32_t i = prepared.split.test[k];
    if (prepared.test.classes[k] != 0) continue;
    dataset.read(i, record);
    out[k] = is_doubtful(options.leave_out.doubtful, dataset.captures()[dataset.capture(i)],
                         record.flow);
  }
  return out;
}

namespace {

/// The tested rows of one capture in the order of time, and what became of each.
class CaptureCount {
 public:
  CaptureCount(const Dataset& dataset, const Prepared& prepared, const Answers& answers,
               const TrainOptions& options);
  /// Rows from `from` on, at that threshold.
  CaptureRates rates(float threshold, std::size_t from) const;
  void fill(CaptureFigures& out, float threshold) const;
  /// Scores of the first rows, whatever their labels.
  std::vector<float> first(std::size_t count) const;
  std::size_t size() const { return rows_.size(); }

 private:
  struct Row {
    Scored scored;
    std::uint16_t truth = 0;
    bool doubtful = false;
    Time time;
  };
  std::uint64_t false_alarms(float threshold, std::size_t from, bool doubtful, double& days) const;

  const Dataset& dataset_;
  const Answers& answers_;
  std::vector<Row> rows_;
};

CaptureCount::CaptureCount(const Dataset& dataset, const Prepared& prepared, const Answers& answers,
                           const TrainOptions& options)
    : dataset_(dataset), answers_(answers) {
  const std::vector<bool> doubtful = doubtful_rows(dataset, prepared, options);
  for (std::size_t k = 0; k < prepared.split.test.size(); ++k) {
    const std::uint32_t i = prepared.split.test[k];
    rows_.push_back({{i, answers.scores[k], answers.attacks[k]},
                     prepared.test.classes[k],
                     doubtful[k],
                     dataset.time(i)});
  }
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const Row& a, const Row& b) { return a.time < b.time; });
}

std::vector<float> CaptureCount::first(std::size_t count) const {
  std::vector<float> out;
  for (std::size_t i = 0; i < std::min(count, rows_.size()); ++i) {
    out.push_back(rows_[i].scored.score);
  }
  return out;
}

/// Alerts of benign records, folded without the attacks between them: none is excused for standing
/// beside one. Device-days are those of all records.
std::uint64_t CaptureCount::false_alarms(float threshold, std::size_t from, bool doubtful,
                                         double& days) const {
  std::vector<Scored> benign;
  for (std::size_t i = from; i < rows_.size(); ++i) {
    Scored scored = rows_[i].scored;
    if (rows_[i].truth != 0 || (rows_[i].doubtful && !doubtful)) scored.score = -1;
    benign.push_back(scored);
  }
  const AlertCounter counter{dataset_, std::move(benign), answers_.names};
  days = counter.device_days();
  return counter.count(threshold).alerts;
}

CaptureRates CaptureCount::rates(float threshold, std::size_t from) const {
  CaptureRates out;
  std::uint64_t found = 0;
  std::uint64_t alarms = 0;
  std::uint64_t doubtful_alarms = 0;
  for (std::size_t i = from; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    const bool alarm = row.scored.score >= threshold;
    (row.truth != 0 ? out.attacks : out.benign) += 1;
    (row.truth != 0 ? found : alarms) += alarm ? 1 : 0;
    out.doubtful += row.doubtful ? 1 : 0;
    doubtful_alarms += row.doubtful && alarm ? 1 : 0;
  }
  out.threshold = threshold;
  out.recall = ratio(found, out.attacks);
  out.false_positive_rate = ratio(alarms, out.benign);
  out.false_positive_rate_sure = ratio(alarms - doubtful_alarms, out.benign - out.doubtful);
  double days = 0;
  out.false_alarms = false_alarms(threshold, from, true, days);
  out.false_alarms_sure = false_alarms(threshold, from, false, days);
  out.device_days = days;
  return out;
}

void CaptureCount::fill(CaptureFigures& out, float threshold) const {
  std::map<std::uint16_t, std::pair<std::uint64_t, std::uint64_t>> classes;  // rows, found
  const Row* first_attack = nullptr;
  std::uint64_t missed = 0;
  out.delay_records = out.delay_seconds = nan;
  for (const Row& row : rows_) {
    if (row.truth == 0) continue;
    if (first_attack == nullptr) first_attack = &row;
    const bool alarm = row.scored.score >= threshold;
    auto& [rows, found] = classes[row.truth];
    rows += 1;
    found += alarm ? 1 : 0;
    if (!std::isnan(out.delay_records)) continue;
    if (alarm) {
      out.delay_records = static_cast<double>(missed);
      out.delay_seconds = std::chrono::duration<double>(row.time - first_attack->time).count();
    }
    ++missed;
  }
  for (const auto& [label, counts] : classes) {
    out.classes.push_back(
        {answers_.names[label], counts.first, ratio(counts.second, counts.first)});
  }
}

}  // namespace

CaptureFigures figures_of_capture(const Dataset& dataset, const Prepared& prepared,
                                  const LeftOutModel& fitted, const Answers& answers,
                                  const TrainOptions& options) {
  expects(!prepared.split.test.empty(), "a left-out capture has rows");
  CaptureFigures out;
  const std::uint32_t capture = dataset.capture(prepared.split.test.front());
  out.capture = dataset.captures()[capture];
  out.in_time_order = in_time_order(dataset)[capture];
  out.threshold = fitted.threshold;
  out.decided_by = fitted.decided_by;
  out.dropped_rows = fitted.dropped_rows;
  const CaptureCount count{dataset, prepared, answers, options};
  const float threshold = fitted.value;
  out.rates = count.rates(threshold, 0);
  count.fill(out, threshold);
  if (options.leave_out.adapt > 0) {
    BenignScores own;
    own.add(count.first(options.leave_out.adapt));
    out.adapted = count.rates(std::max(threshold, own.threshold(options.false_positive_rate).value),
                              std::min<std::size_t>(options.leave_out.adapt, count.size()));
  }
  if (!out.in_time_order) {
    // Time says nothing in a sample.
    out.delay_records = out.delay_seconds = nan;
    for (CaptureRates* rates : {&out.rates, out.adapted ? &*out.adapted : nullptr}) {
      if (rates != nullptr) rates->device_days = 0;
    }
  }
  return out;
}

}  // namespace vedette
