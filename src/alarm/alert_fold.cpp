#include "alarm/alert_fold.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "base/expects.hpp"

namespace vedette {

namespace {

/// Keeps the first record, the tenth, the hundredth and the latest. REQUIRES: `count` includes it.
void take_sample(std::vector<RecordKey>& samples, std::uint64_t count, RecordKey key) {
  const std::uint64_t before = count - 1;
  const std::size_t kept = before >= 100 ? 3 : before >= 10 ? 2 : before >= 1 ? 1 : 0;
  samples.resize(std::min(samples.size(), kept));
  samples.push_back(key);
}

void grow(Alert& alert, const Judged& judged, Time now) {
  const Record& record = judged.record;
  if (alert.count == 0 || judged.verdict.score > alert.peak_score) {
    alert.peak_score = judged.verdict.score;
    alert.peak_record = record.key;
    alert.why = judged.verdict.why;
    const bool is_flow = record.kind == RecordKind::flow;
    alert.destination = is_flow ? record.flow.resp_h : "";
    alert.port = is_flow ? record.flow.resp_p : 0;
  }
  ++alert.count;
  take_sample(alert.samples, alert.count, record.key);
  count_label(alert.labels, judged.verdict.label, 1);
  alert.label = main_label(alert.labels);
  alert.nature = nature_of(alert.kind, alert.label);
  alert.first = std::min(alert.first, record.time);
  alert.last = std::max(alert.last, record.time);
  alert.updated = std::max(alert.updated, now);
}

}  // namespace

AlertFold::AlertFold(const AlarmOptions& options, std::size_t runs_max)
    : options_(options), runs_max_(runs_max) {
  expects(runs_max > 0, "an alert fold holds at least one run");
}

void AlertFold::start_at(std::uint64_t id) {
  next_id_ = kept_next_id_ = std::max(next_id_, id);
}

void AlertFold::restore(Alert alert) {
  start_at(alert.id + 1);
  Run run;
  run.alert = std::move(alert);
  insert(std::move(run));
}

AlertFold::Run& AlertFold::insert(Run run) {
  make_key(run.alert.device, run.alert.kind);
  const auto [entry, is_new] = runs_.try_emplace(key_);
  if (!is_new) order_of(entry->second).erase(entry->second.place);
  entry->second = std::move(run);
  Order& order = order_of(entry->second);
  entry->second.place = order.insert(order.end(), &entry->first);
  return entry->second;
}

void AlertFold::sort_by_growth(Order& order) {
  order.sort([this](const std::string* a, const std::string* b) {
    const Alert& x = runs_.find(*a)->second.alert;
    const Alert& y = runs_.find(*b)->second.alert;
    return std::tie(x.updated, x.id, x.device) < std::tie(y.updated, y.id, y.device);
  });
}

void AlertFold::make_key(const std::string& device, RecordKind kind) {
  key_.clear();
  key_ += static_cast<char>(kind);
  key_ += device;
}

void AlertFold::touch(Runs::value_type& entry) {
  Run& run = entry.second;
  if (run.batch == batch_) return;
  run.batch = batch_;
  run.raised = false;
  before_.push_back(run);
  touched_.push_back(entry.first);
}

AlertFold::Growth AlertFold::add(const Judged& judged, Time now) {
  const Verdict& verdict = judged.verdict;
  if (verdict.excluded != 0) return {};
  if (!verdict.anomalous) return hold(judged, now);
  Run& run = run_of(judged, now).second;
  grow(run.alert, judged, now);
  bool raised = false;
  if (run.waits()) {
    run.evidence += weight_of(verdict);
    raised = run.evidence >= options_.evidence;
    if (raised) raise(run, now);
  }
  Order& order = order_of(run);
  order.splice(order.end(), order, run.place);
  return {run.waits() ? nullptr : &run.alert, raised, false};
}

AlertFold::Growth AlertFold::hold(const Judged& judged, Time now) {
  const Verdict& verdict = judged.verdict;
  if (!(verdict.score >= options_.hold_share * verdict.threshold) || open_.empty()) return {};
  make_key(judged.record.device, judged.record.kind);
  const auto found = runs_.find(key_);
  if (found == runs_.end() || found->second.waits() || is_stale(found->second, now)) return {};
  touch(*found);
  Alert& alert = found->second.alert;
  alert.updated = std::max(alert.updated, now);
  open_.splice(open_.end(), open_, found->second.place);
  return {&alert, false, true};
}

bool AlertFold::is_stale(const Run& run, Time now) const {
  return run.waits() ? now - run.began >= options_.evidence_span
                     : now - run.alert.updated >= options_.quiet;
}

AlertFold::Runs::value_type& AlertFold::run_of(const Judged& judged, Time now) {
  const Record& record = judged.record;
  make_key(record.device, record.kind);
  if (const auto found = runs_.find(key_); found != runs_.end()) {
    // close_quiet() may be late, or the service was down: a stale run is not continued.
    if (!is_stale(found->second, now)) {
      touch(*found);
      return *found;
    }
    end(found);
  }
  if (waiting_.size() >= runs_max_) end(runs_.find(*waiting_.front()));
  Run run;
  run.alert.device = record.device;
  run.alert.kind = record.kind;
  run.alert.first = run.alert.last = record.time;
  run.alert.updated = run.began = now;
  run.batch = batch_;
  insert(std::move(run));
  touched_.push_back(key_);
  return *runs_.find(key_);
}

void AlertFold::raise(Run& run, Time now) {
  if (open_.size() >= runs_max_) end(runs_.find(*open_.front()));
  open_.splice(open_.end(), waiting_, run.place);
  run.alert.id = next_id_++;
  run.alert.raised = now;
  run.raised = true;
}

float AlertFold::weight_of(const Verdict& verdict) const {
  const float room = 1 - verdict.threshold;
  const float left = 1 - verdict.score;
  if (!(left > 0)) return options_.evidence;
  if (!(room > left)) return 1;
  return std::min(1 + std::log10(room / left), options_.evidence);
}

void AlertFold::end(Runs::iterator run) {
  touch(*run);
  order_of(run->second).erase(run->second.place);
  Alert& alert = run->second.alert;
  if (!run->second.waits()) {
    if (run->second.raised) closed_.push_back({AlertEvent::raised, alert});
    alert.open = false;
    closed_.push_back({AlertEvent::closed, std::move(alert)});
  }
  runs_.erase(run);
}

void AlertFold::close_quiet(Time now, std::size_t closed_max) {
  for (Order* order : {&open_, &waiting_}) {
    for (std::size_t closed = 0; closed < closed_max && !order->empty(); ++closed) {
      const auto oldest = runs_.find(*order->front());
      if (!is_stale(oldest->second, now)) break;
      end(oldest);
    }
  }
}

void AlertFold::mark(std::uint64_t id, bool acknowledged, std::string_view feedback,
                     std::string_view comment) {
  const auto run = std::find_if(runs_.begin(), runs_.end(),
                                [id](const auto& entry) { return entry.second.alert.id == id; });
  if (run == runs_.end()) return;
  run->second.alert.acknowledged = acknowledged;
  run->second.alert.feedback = feedback;
  run->second.alert.comment = comment;
}

void AlertFold::mark_incident(std::uint64_t incident, bool acknowledged,
                              std::string_view feedback) {
  for (auto& [key, run] : runs_) {
    if (run.waits() || run.alert.incident != incident) continue;
    run.alert.acknowledged = acknowledged;
    run.alert.feedback = feedback;
  }
}

const std::vector<AlertChange>& AlertFold::changes() {
  changes_ = closed_;
  for (const std::string& key : touched_) {
    const auto found = runs_.find(key);
    if (found == runs_.end() || found->second.batch != batch_ || found->second.waits()) continue;
    const Run& run = found->second;
    changes_.push_back({run.raised ? AlertEvent::raised : AlertEvent::updated, run.alert});
  }
  // A key that was closed and opened again stands in touched_ twice.
  std::stable_sort(changes_.begin(), changes_.end(),
                   [](const auto& a, const auto& b) { return a.alert.id < b.alert.id; });
  const auto twice = [](const auto& a, const auto& b) {
    return a.alert.id == b.alert.id && a.event == b.event;
  };
  changes_.erase(std::unique(changes_.begin(), changes_.end(), twice), changes_.end());
  return changes_;
}

void AlertFold::keep() {
  ++batch_;
  kept_next_id_ = next_id_;
  touched_.clear();
  before_.clear();
  closed_.clear();
}

void AlertFold::undo() {
  for (const std::string& key : touched_) {
    const auto found = runs_.find(key);
    if (found == runs_.end()) continue;
    order_of(found->second).erase(found->second.place);
    runs_.erase(found);
  }
  for (Run& run : before_) insert(std::move(run));
  sort_by_growth(open_);
  sort_by_growth(waiting_);
  next_id_ = kept_next_id_;
  keep();
}

}  // namespace vedette
