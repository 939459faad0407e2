#include "api/throttle.hpp"

#include <algorithm>

namespace vedette {

std::optional<std::chrono::seconds> Throttle::attempt(const std::string& key, Time now) {
  const std::lock_guard lock{mutex_};
  auto found = entries_.find(key);
  if (found != entries_.end() && now - found->second.since >= options_.window) {
    entries_.erase(found);
    found = entries_.end();
  }
  if (found == entries_.end()) {
    make_room(now);
    found = entries_.emplace(key, Entry{0, now}).first;
  }
  Entry& entry = found->second;
  if (entry.attempts < options_.attempts_max) {
    ++entry.attempts;
    return {};
  }
  return std::chrono::ceil<std::chrono::seconds>(entry.since + options_.window - now);
}

void Throttle::make_room(Time now) {
  if (entries_.size() < options_.keys_max) return;
  std::erase_if(entries_,
                [&](const auto& entry) { return now - entry.second.since >= options_.window; });
  if (entries_.size() < options_.keys_max) return;
  entries_.erase(std::min_element(
      entries_.begin(), entries_.end(),
      [](const auto& a, const auto& b) { return a.second.since < b.second.since; }));
}

void Throttle::give_back(const std::string& key) {
  const std::lock_guard lock{mutex_};
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (found->second.attempts > 0) --found->second.attempts;
  if (found->second.attempts == 0) entries_.erase(found);
}

void Throttle::forget(const std::string& key) {
  const std::lock_guard lock{mutex_};
  entries_.erase(key);
}

std::size_t Throttle::keys() const {
  const std::lock_guard lock{mutex_};
  return entries_.size();
}

}  // namespace vedette
