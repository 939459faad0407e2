#include "alarm/incident_fold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "base/expects.hpp"

namespace vedette {

namespace {

/// Two flow alerts with an equal cause belong together; "" belongs to nothing.
std::string cause_of(const Alert& alert) {
  if (alert.destination.empty()) return {};
  return fmt::format("{}\n{}\n{}", alert.label, alert.destination, alert.port);
}

float rank_of(const Incident& incident) {
  float rank = 10.0F * static_cast<float>(1 + static_cast<int>(incident.nature));
  rank += 20 * std::clamp(incident.peak_score, 0.0F, 1.0F);
  int tenfolds = 0;
  for (std::uint64_t left = incident.count / 10; left > 0 && tenfolds < 4; left /= 10) ++tenfolds;
  const std::uint64_t more = incident.device_count > 0 ? incident.device_count - 1 : 0;
  const int doublings = static_cast<int>(std::bit_width(more));
  rank += static_cast<float>(tenfolds + 4 * std::min(doublings, 4));
  return rank + (incident.joint ? 20.0F : 0.0F);
}

}  // namespace

IncidentFold::IncidentFold(const AlarmOptions& options, std::size_t incidents_max)
    : span_(std::max(options.incident_span, options.quiet)), incidents_max_(incidents_max) {
  expects(incidents_max > 0, "an incident fold holds at least one incident");
}

void IncidentFold::start_at(std::uint64_t id) {
  next_id_ = kept_next_id_ = std::max(next_id_, id);
}

void IncidentFold::restore(Incident incident, std::span<const Alert> alerts) {
  const std::uint64_t id = incident.id;
  start_at(id + 1);
  Entry& entry = entries_[id];
  entry.incident = std::move(incident);
  entry.place = order_.insert(order_.end(), id);
  const std::uint64_t devices = entry.incident.device_count;
  for (const Alert& alert : alerts) {
    add_device(entry, alert);
    const std::string cause = cause_of(alert);
    if (!cause.empty() && by_cause_.try_emplace(cause, id).second) entry.causes.push_back(cause);
    if (alert.open) ++entry.open_alerts;
  }
  entry.incident.device_count = devices;  // add_device() counted them once more
}

IncidentFold::Entry* IncidentFold::joinable(std::uint64_t id, Time now) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || now - found->second.incident.updated >= span_) return nullptr;
  return &found->second;
}

IncidentFold::Entry* IncidentFold::find_for(const Alert& alert, const std::string& cause,
                                            Time now) {
  if (const auto found = by_device_.find(alert.device); found != by_device_.end()) {
    if (Entry* entry = joinable(found->second, now)) return entry;
  }
  if (cause.empty()) return nullptr;
  const auto found = by_cause_.find(cause);
  if (found == by_cause_.end()) return nullptr;
  Entry* entry = joinable(found->second, now);
  return entry != nullptr && entry->joined.size() < devices_joined_max ? entry : nullptr;
}

IncidentFold::Entry& IncidentFold::begin(const Alert& alert, Time now) {
  while (entries_.size() >= incidents_max_ ||
         (by_device_.size() >= devices_max && !order_.empty())) {
    drop(order_.front());
  }
  const std::uint64_t id = next_id_++;
  Entry& entry = entries_[id];
  entry.incident.id = id;
  entry.incident.first = alert.first;
  entry.incident.last = alert.last;
  entry.incident.raised = entry.incident.updated = now;
  entry.batch = batch_;
  entry.raised = true;
  entry.place = order_.insert(order_.end(), id);
  touched_.push_back(id);
  return entry;
}

std::uint64_t IncidentFold::raise(const Alert& alert, Time now) {
  const std::string cause = cause_of(alert);
  Entry* entry = find_for(alert, cause, now);
  if (entry == nullptr) entry = &begin(alert, now);
  touch(*entry);
  add_alert(*entry, alert);
  if (!cause.empty()) claim_cause(*entry, cause, now);
  entitle(*entry);
  return entry->incident.id;
}

void IncidentFold::add_alert(Entry& entry, const Alert& alert) {
  Incident& incident = entry.incident;
  const bool was_joint = incident.joint;
  const Nature nature_before = incident.nature;
  const bool is_first = incident.alert_count == 0;
  const bool is_new_device = add_device(entry, alert);
  incident.nature = std::max(incident.nature, alert.nature);
  if (!is_first &&
      (is_new_device || incident.joint != was_joint || incident.nature != nature_before)) {
    incident.acknowledged = false;
  }
  ++incident.alert_count;
  if (incident.alerts.size() < Incident::alerts_max) incident.alerts.push_back(alert.id);
  ++entry.open_alerts;
  incident.open = true;
  incident.count += alert.count;
  for (const LabelCount& one : alert.labels) count_label(incident.labels, one.label, one.count);
  if (incident.destination.empty()) {
    incident.destination = alert.destination;
    incident.port = alert.port;
  }
  incident.first = std::min(incident.first, alert.first);
  incident.last = std::max(incident.last, alert.last);
  incident.updated = std::max(incident.updated, alert.updated);
  incident.peak_score = std::max(incident.peak_score, alert.peak_score);
}

bool IncidentFold::add_device(Entry& entry, const Alert& alert) {
  Incident& incident = entry.incident;
  const bool is_new =
      std::find(entry.joined.begin(), entry.joined.end(), alert.device) == entry.joined.end();
  by_device_[alert.device] = incident.id;
  if (is_new) {
    entry.joined.push_back(alert.device);
    ++incident.device_count;
    bool listed = std::find(incident.devices.begin(), incident.devices.end(), alert.device) !=
                  incident.devices.end();
    if (!listed && incident.devices.size() < Incident::devices_max) {
      incident.devices.push_back(alert.device);
      listed = true;
    }
    if (listed) entry.members.push_back({alert.device, {}});
  }
  if (Member* member = member_of(entry, alert.device)) {
    Half& half = member->halves[static_cast<std::size_t>(alert.kind)];
    if (half.alert == 0) {
      half = {alert.id, alert.first, alert.peak_score, alert.label, clause_of(alert)};
    }
    incident.joint = incident.joint || member->joint();
  }
  return is_new;
}

IncidentFold::Member* IncidentFold::member_of(Entry& entry, const std::string& device) {
  const auto found = std::find_if(entry.members.begin(), entry.members.end(),
                                  [&](const Member& one) { return one.device == device; });
  return found == entry.members.end() ? nullptr : &*found;
}

void IncidentFold::claim_cause(Entry& entry, const std::string& cause, Time now) {
  // As many as an incident lists alerts: one that changes its destination all the time is a scan.
  if (entry.causes.size() >= Incident::alerts_max) return;
  const auto [found, is_new] = by_cause_.try_emplace(cause, entry.incident.id);
  if (!is_new && found->second == entry.incident.id) return;
  if (!is_new && joinable(found->second, now) != nullptr) return;
  found->second = entry.incident.id;
  entry.causes.push_back(cause);
}

void IncidentFold::grow(const Alert& alert, std::string_view label) {
  const auto found = entries_.find(alert.incident);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  touch(entry);
  Incident& incident = entry.incident;
  ++incident.count;
  count_label(incident.labels, label, 1);
  incident.first = std::min(incident.first, alert.first);
  incident.last = std::max(incident.last, alert.last);
  incident.updated = std::max(incident.updated, alert.updated);
  incident.peak_score = std::max(incident.peak_score, alert.peak_score);
  if (alert.nature > incident.nature) {
    incident.nature = alert.nature;
    incident.acknowledged = false;
  }
  Member* member = member_of(entry, alert.device);
  if (member != nullptr) {
    Half& half = member->halves[static_cast<std::size_t>(alert.kind)];
    if (half.alert == alert.id && (alert.peak_score > half.peak_score ||
                                   alert.label != half.label || alert.first < half.first)) {
      half = {alert.id, alert.first, alert.peak_score, alert.label, clause_of(alert)};
      entitle(entry);
    }
  }
  incident.rank = rank_of(incident);
}

void IncidentFold::hold(const Alert& alert) {
  const auto found = entries_.find(alert.incident);
  if (found == entries_.end()) return;
  touch(found->second);
  found->second.incident.updated = std::max(found->second.incident.updated, alert.updated);
}

void IncidentFold::close(const Alert& alert) {
  const auto found = entries_.find(alert.incident);
  if (found == entries_.end() || found->second.open_alerts == 0) return;
  touch(found->second);
  --found->second.open_alerts;
  found->second.incident.open = found->second.open_alerts > 0;
}

void IncidentFold::forget(Time now, std::size_t forgotten_max) {
  while (forgotten_max-- > 0 && !order_.empty()) {
    const Entry& oldest = entries_.find(order_.front())->second;
    if (oldest.open_alerts > 0 || now - oldest.incident.updated < span_) return;
    // One that closed in this period has still to be told.
    if (oldest.batch == batch_) return;
    drop(order_.front());
  }
}

void IncidentFold::mark(std::uint64_t id, bool acknowledged, std::string_view feedback,
                        std::string_view comment) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  found->second.incident.acknowledged = acknowledged;
  found->second.incident.feedback = feedback;
  found->second.incident.comment = comment;
}

void IncidentFold::touch(Entry& entry) {
  order_.splice(order_.end(), order_, entry.place);
  if (entry.batch == batch_) return;
  before_.push_back(entry);
  entry.batch = batch_;
  entry.raised = false;
  touched_.push_back(entry.incident.id);
}

void IncidentFold::index(const Entry& entry) {
  // A key moves on to another incident once its own can be joined no more: the later growth holds.
  const auto hold = [&](auto& map, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      const auto [held, is_new] = map.try_emplace(key, entry.incident.id);
      const auto other = entries_.find(held->second);
      if (other == entries_.end() || other->second.incident.updated < entry.incident.updated) {
        held->second = entry.incident.id;
      }
    }
  };
  hold(by_device_, entry.joined);
  hold(by_cause_, entry.causes);
}

void IncidentFold::drop(std::uint64_t id) {
  const auto found = entries_.find(id);
  Entry& entry = found->second;
  const auto release = [id](auto& map, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      if (const auto held = map.find(key); held != map.end() && held->second == id) map.erase(held);
    }
  };
  release(by_device_, entry.joined);
  release(by_cause_, entry.causes);
  if (entry.batch != batch_) {
    before_.push_back(entry);
    entry.raised = false;
  }
  if (entry.incident.open) {
    if (entry.raised) dropped_.push_back({AlertEvent::raised, entry.incident});
    entry.incident.open = false;
    dropped_.push_back({AlertEvent::closed, std::move(entry.incident)});
  }
  order_.erase(entry.place);
  entries_.erase(found);
}

const std::vector<IncidentChange>& IncidentFold::changes() {
  changes_ = dropped_;
  for (const std::uint64_t id : touched_) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) continue;
    const Entry& entry = found->second;
    if (entry.raised) changes_.push_back({AlertEvent::raised, entry.incident});
    if (!entry.incident.open) {
      changes_.push_back({AlertEvent::closed, entry.incident});
    } else if (!entry.raised) {
      changes_.push_back({AlertEvent::updated, entry.incident});
    }
  }
  std::stable_sort(changes_.begin(), changes_.end(),
                   [](const auto& a, const auto& b) { return a.incident.id < b.incident.id; });
  return changes_;
}

void IncidentFold::keep() {
  ++batch_;
  kept_next_id_ = next_id_;
  touched_.clear();
  before_.clear();
  dropped_.clear();
}

void IncidentFold::undo() {
  for (const std::uint64_t id : touched_) {
    if (entries_.contains(id)) drop(id);
  }
  // drop() may have noted states of this period; what was before comes first.
  for (Entry& entry : before_) {
    const std::uint64_t id = entry.incident.id;
    if (entries_.contains(id) || id >= kept_next_id_) continue;
    Entry& back = entries_[id] = std::move(entry);
    back.place = order_.insert(order_.end(), id);
    index(back);
  }
  order_.sort([this](std::uint64_t a, std::uint64_t b) {
    return std::pair{entries_.at(a).incident.updated, a} <
           std::pair{entries_.at(b).incident.updated, b};
  });
  next_id_ = kept_next_id_;
  keep();
}

void IncidentFold::entitle(Entry& entry) {
  entry.incident.title = title_of(entry);
  entry.incident.rank = rank_of(entry.incident);
}

}  // namespace vedette
