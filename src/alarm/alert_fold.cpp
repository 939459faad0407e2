#include "alarm/alert_fold.hpp"

#include <algorithm>
#include <utility>

#include "base/expects.hpp"

namespace vedette {

AlertFold::AlertFold(std::chrono::seconds quiet, std::size_t runs_max)
    : quiet_(quiet), runs_max_(runs_max) {
  expects(runs_max > 0, "an alert fold holds at least one run");
}

void AlertFold::start_at(std::uint64_t id) {
  next_id_ = kept_next_id_ = std::max(next_id_, id);
}

void AlertFold::restore(Alert alert) {
  start_at(alert.id + 1);
  insert(std::move(alert));
}

AlertFold::Runs::value_type& AlertFold::insert(Alert alert) {
  make_key(alert.device, alert.kind, alert.label);
  const auto [entry, is_new] = runs_.try_emplace(key_);
  if (is_new) entry->second.place = order_.insert(order_.end(), &entry->first);
  entry->second.alert = std::move(alert);
  return *entry;
}

void AlertFold::sort_by_growth() {
  order_.sort([this](const std::string* a, const std::string* b) {
    const Alert& x = runs_.find(*a)->second.alert;
    const Alert& y = runs_.find(*b)->second.alert;
    return std::pair{x.updated, x.id} < std::pair{y.updated, y.id};
  });
}

void AlertFold::make_key(const std::string& device, RecordKind kind, const std::string& label) {
  // The device's size keeps ("ab", "c") apart from ("a", "bc").
  key_.clear();
  key_ += static_cast<char>(kind);
  key_ += static_cast<char>(device.size() & 0xffU);
  key_ += static_cast<char>((device.size() >> 8U) & 0xffU);
  key_ += device;
  key_ += label;
}

void AlertFold::touch(Runs::value_type& entry) {
  Run& run = entry.second;
  if (run.batch == batch_) return;
  run.batch = batch_;
  run.raised = false;
  before_.push_back(run.alert);
  touched_.push_back(entry.first);
}

void AlertFold::add(const Judged& judged, Time now) {
  Run& run = open_run(judged, now);
  grow(run.alert, judged, now);
  order_.splice(order_.end(), order_, run.place);
}

AlertFold::Run& AlertFold::open_run(const Judged& judged, Time now) {
  const Record& record = judged.record;
  make_key(record.device, record.kind, judged.verdict.label);
  if (const auto found = runs_.find(key_); found != runs_.end()) {
    // maintain() may be late, or the service was down: a stale run is not continued.
    if (now - found->second.alert.updated < quiet_) {
      touch(*found);
      return found->second;
    }
    close(found);
  }
  if (runs_.size() >= runs_max_) close(runs_.find(*order_.front()));
  Alert alert;
  alert.id = next_id_++;
  alert.device = record.device;
  alert.kind = record.kind;
  alert.label = judged.verdict.label;
  alert.first = alert.last = record.time;
  alert.raised = alert.updated = now;
  auto& [key, run] = insert(std::move(alert));
  run.batch = batch_;
  run.raised = true;
  touched_.push_back(key);
  return run;
}

void AlertFold::grow(Alert& alert, const Judged& judged, Time now) const {
  if (alert.count == 0 || judged.verdict.score > alert.peak_score) {
    alert.peak_score = judged.verdict.score;
    alert.peak_record = judged.record.key;
    alert.why = judged.verdict.why;
  }
  ++alert.count;
  alert.first = std::min(alert.first, judged.record.time);
  alert.last = std::max(alert.last, judged.record.time);
  alert.updated = std::max(alert.updated, now);
}

void AlertFold::close(Runs::iterator run) {
  touch(*run);
  Alert& alert = run->second.alert;
  if (run->second.raised) {
    closed_.push_back({AlertEvent::raised, alert});
  }
  alert.open = false;
  closed_.push_back({AlertEvent::closed, std::move(alert)});
  order_.erase(run->second.place);
  runs_.erase(run);
}

void AlertFold::close_quiet(Time now, std::size_t closed_max) {
  while (closed_max-- > 0 && !order_.empty()) {
    const auto oldest = runs_.find(*order_.front());
    if (now - oldest->second.alert.updated < quiet_) return;
    close(oldest);
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

const std::vector<AlertChange>& AlertFold::changes() {
  changes_ = closed_;
  for (const std::string& key : touched_) {
    const auto found = runs_.find(key);
    if (found == runs_.end() || found->second.batch != batch_) continue;
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
    order_.erase(found->second.place);
    runs_.erase(found);
  }
  for (Alert& alert : before_) insert(std::move(alert));
  sort_by_growth();
  next_id_ = kept_next_id_;
  keep();
}

}  // namespace vedette
