/// A Store in memory, for tests of what stands above the store. Thread-safe; `broken` makes every
/// call fail.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "base/text.hpp"
#include "store/store.hpp"

namespace vedette::test {

class FakeStore final : public Store {
 public:
  std::atomic<bool> broken{false};
  /// Oldest first; tests fill these before they ask.
  std::vector<Judged> judged;
  std::vector<Alert> all_alerts;
  std::vector<Incident> all_incidents;
  std::vector<Quarantined> refused;
  std::vector<DeviceSummary> all_devices;
  std::vector<RollUp> minutes;

  Status commit(Batch& batch, Time) override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    judged.insert(judged.end(), batch.begin(), batch.end());
    refused.insert(refused.end(), batch.quarantined.begin(), batch.quarantined.end());
    return {};
  }
  Status maintain(Time, AlarmChanges&) override { return {}; }

  Result<Page<Judged>> verdicts(const VerdictQuery& query) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    return page<Judged>(judged, query.before, query.limit, [&](const Judged& item) {
      return (query.device.empty() || item.record.device == query.device) &&
             (!query.kind || item.record.kind == *query.kind) &&
             (!query.anomalous || item.verdict.anomalous == *query.anomalous) &&
             (query.label.empty() || item.verdict.label == query.label) &&
             (!query.from || item.record.time >= *query.from) &&
             (!query.to || item.record.time < *query.to);
    });
  }
  Result<std::optional<Judged>> verdict(RecordKey key) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    for (const Judged& item : judged) {
      if (item.record.key == key) return std::optional{item};
    }
    return std::optional<Judged>{};
  }
  Result<std::vector<DeviceSummary>> devices() const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    return all_devices;
  }
  Result<Page<Alert>> alerts(const AlertQuery& query) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    return page<Alert>(all_alerts, query.before, query.limit, [&](const Alert& alert) {
      return (query.device.empty() || alert.device == query.device) &&
             (!query.open || alert.open == *query.open) &&
             (!query.acknowledged || alert.acknowledged == *query.acknowledged);
    });
  }
  Result<std::optional<Alert>> alert(std::uint64_t id) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    for (const Alert& one : all_alerts) {
      if (one.id == id) return std::optional{one};
    }
    return std::optional<Alert>{};
  }
  Result<Page<Incident>> incidents(const IncidentQuery& query) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    return page<Incident>(all_incidents, query.before, query.limit, [&](const Incident& one) {
      return (!query.open || one.open == *query.open) &&
             (!query.nature || one.nature == *query.nature) &&
             (!query.acknowledged || one.acknowledged == *query.acknowledged);
    });
  }
  Result<std::optional<Incident>> incident(std::uint64_t id) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    for (const Incident& one : all_incidents) {
      if (one.id == id) return std::optional{one};
    }
    return std::optional<Incident>{};
  }
  Result<std::string> arrivals(const ArrivalQuery&,
                               const std::function<void(const Judged&)>& take) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    for (const Judged& item : judged) take(item);
    return std::string{};
  }
  AlarmOptions alarm_options() const override { return {}; }
  Status mark_incident(std::uint64_t id, bool acknowledged, std::string_view feedback,
                       std::string_view comment) override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    for (Incident& one : all_incidents) {
      if (one.id != id) continue;
      one.acknowledged = acknowledged;
      one.feedback = feedback;
      one.comment = comment;
      return {};
    }
    return Error{Errc::not_found, "there is no incident " + std::to_string(id)};
  }
  Result<std::uint64_t> put_exclusion(const Exclusion& exclusion) override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    exclusions_.insert(exclusions_.begin(), exclusion);
    return exclusions_.front().id = ++last_exclusion_;
  }
  Status drop_exclusion(std::uint64_t id) override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    if (std::erase_if(exclusions_, [id](const Exclusion& one) { return one.id == id; }) > 0) {
      return {};
    }
    return Error{Errc::not_found, "there is no exclusion " + std::to_string(id)};
  }
  Result<std::vector<Exclusion>> exclusions() const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    return exclusions_;
  }
  Result<Page<Quarantined>> quarantined(std::string_view before, std::size_t limit) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    return page<Quarantined>(refused, before, limit, [](const Quarantined&) { return true; });
  }
  Result<std::vector<RollUp>> roll_ups(std::string_view, Time from, Time to) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    std::vector<RollUp> found;
    for (const RollUp& minute : minutes) {
      if (minute.minute >= from && minute.minute < to) found.push_back(minute);
    }
    return found;
  }
  Result<StoreCounts> counts() const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    return StoreCounts{.flows = judged.size(),
                       .readings = 0,
                       .anomalies = 0,
                       .alerts = all_alerts.size(),
                       .incidents = all_incidents.size(),
                       .open_incidents = 0,
                       .quarantined = refused.size(),
                       .bytes = 4096};
  }
  Status mark_alert(std::uint64_t id, bool acknowledged, std::string_view feedback,
                    std::string_view comment) override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    for (Alert& one : all_alerts) {
      if (one.id != id) continue;
      one.acknowledged = acknowledged;
      one.feedback = feedback;
      one.comment = comment;
      return {};
    }
    return Error{Errc::not_found, "there is no alert " + std::to_string(id)};
  }

  Status put_user(const User& user) override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    users_[user.name] = user;
    return {};
  }
  Status drop_user(std::string_view name) override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    std::erase_if(tokens_, [&](const auto& token) { return token.second.user == name; });
    if (users_.erase(std::string{name}) > 0) return {};
    return Error{Errc::not_found, "there is no user " + vedette::quoted(name)};
  }
  Result<std::vector<User>> users() const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    std::vector<User> all;
    for (const auto& [name, user] : users_) all.push_back(user);
    return all;
  }
  Result<std::optional<User>> user(std::string_view name) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    const auto found = users_.find(name);
    if (found == users_.end()) return std::optional<User>{};
    return std::optional{found->second};
  }
  Status put_token(const Token& token) override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    tokens_[token.hash] = token;
    return {};
  }
  Status drop_token(std::string_view hash) override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    tokens_.erase(std::string{hash});
    return {};
  }
  Result<std::optional<Token>> token(std::string_view hash) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    const auto found = tokens_.find(hash);
    if (found == tokens_.end()) return std::optional<Token>{};
    return std::optional{found->second};
  }
  Result<std::vector<Token>> tokens(std::string_view user) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    std::vector<Token> all;
    for (const auto& [hash, token] : tokens_) {
      if (token.user == user) all.push_back(token);
    }
    return all;
  }
  Status put_audit(const AuditEntry& entry) override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    audit_.push_back(entry);
    return {};
  }
  Result<std::vector<AuditEntry>> audit(std::size_t limit) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    std::vector<AuditEntry> newest{audit_.rbegin(), audit_.rend()};
    newest.resize(std::min(limit, newest.size()));
    return newest;
  }
  Status put_setting(std::string_view name, std::string_view value) override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    settings_[std::string{name}] = value;
    return {};
  }
  Result<std::string> setting(std::string_view name) const override {
    const std::lock_guard lock{mutex_};
    if (broken) return failure();
    const auto found = settings_.find(name);
    return found == settings_.end() ? std::string{} : found->second;
  }

 private:
  static Error failure() { return {Errc::io, "the store: disk full"}; }

  /// The cursor is how many items from the newest were shown already.
  template <class T, class Fits>
  static Result<Page<T>> page(const std::vector<T>& all, std::string_view before, std::size_t limit,
                              Fits fits) {
    const auto skip =
        before.empty() ? std::optional<std::size_t>{0} : parse_integer<std::size_t>(before);
    if (!skip) return Error{Errc::malformed, "cursor " + vedette::quoted(before)};
    Page<T> page;
    std::size_t seen = 0;
    for (auto item = all.rbegin(); item != all.rend(); ++item) {
      if (!fits(*item) || seen++ < *skip) continue;
      if (page.items.size() == limit) {
        page.next = std::to_string(*skip + limit);
        break;
      }
      page.items.push_back(*item);
    }
    return page;
  }

  mutable std::mutex mutex_;
  std::map<std::string, User, std::less<>> users_;
  std::map<std::string, Token, std::less<>> tokens_;
  std::map<std::string, std::string, std::less<>> settings_;
  std::vector<AuditEntry> audit_;
  std::vector<Exclusion> exclusions_;
  std::uint64_t last_exclusion_ = 0;
};

}  // namespace vedette::test
