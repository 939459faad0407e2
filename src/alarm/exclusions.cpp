#include "alarm/exclusions.hpp"

#include <algorithm>
#include <utility>

namespace vedette {

bool DayWindow::holds(Time time) const {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto minute = std::chrono::floor<std::chrono::minutes>(time - day);
  if (from <= to) return minute >= from && minute < to;
  return minute >= from || minute < to;
}

bool Exclusion::names_something() const {
  return !device.empty() || kind || !label.empty() || !destination.empty() || port || day || from ||
         to;
}

bool Exclusion::covers(const Judged& judged) const {
  const Record& record = judged.record;
  if (!device.empty() && record.device != device) return false;
  if (kind && record.kind != *kind) return false;
  if (!label.empty() && judged.verdict.label != label) return false;
  const bool is_flow = record.kind == RecordKind::flow;
  if (!destination.empty() && !(is_flow && record.flow.resp_h == destination)) return false;
  if (port && !(is_flow && record.flow.resp_p == *port)) return false;
  if (day && !day->holds(record.time)) return false;
  return (!from || record.time >= *from) && (!to || record.time < *to);
}

ExclusionSet::ExclusionSet(std::vector<Exclusion> exclusions) : all_(std::move(exclusions)) {
  std::sort(all_.begin(), all_.end(),
            [](const Exclusion& a, const Exclusion& b) { return a.id < b.id; });
  for (const Exclusion& one : all_) {
    (one.device.empty() ? of_any_ : of_device_[one.device]).push_back(&one);
  }
}

std::uint64_t ExclusionSet::covering(const Judged& judged) const {
  std::uint64_t id = 0;
  const auto ask = [&](const std::vector<const Exclusion*>& some) {
    for (const Exclusion* one : some) {
      if (id != 0 && one->id >= id) return;
      if (one->in_force(judged.received) && one->covers(judged)) id = one->id;
    }
  };
  ask(of_any_);
  if (const auto found = of_device_.find(judged.record.device); found != of_device_.end()) {
    ask(found->second);
  }
  return id;
}

void Exclusions::swap(std::vector<Exclusion> exclusions) {
  set_.store(std::make_shared<const ExclusionSet>(std::move(exclusions)));
}

std::uint64_t Exclusions::mark(Batch& batch) const {
  const std::shared_ptr<const ExclusionSet> set = set_.load();
  if (set->all().empty()) return 0;
  std::uint64_t marked = 0;
  for (Judged& judged : batch) {
    judged.verdict.excluded = judged.verdict.anomalous ? set->covering(judged) : 0;
    marked += judged.verdict.excluded != 0 ? 1 : 0;
  }
  return marked;
}

}  // namespace vedette
