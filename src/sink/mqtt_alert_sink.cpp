#include <fmt/format.h>

#include <chrono>
#include <unordered_map>
#include <utility>

#include "net/mqtt.hpp"
#include "sink/alert_event.hpp"
#include "sink/sink.hpp"

namespace vedette {

namespace {

constexpr std::chrono::seconds growth_pause{10};
// Far more than a store keeps open; reached only when their ends were never seen.
constexpr std::size_t ids_max = 50'000;

/// Lets every beginning and end pass, and growth at most every `growth_pause`.
class Pace {
 public:
  bool lets_pass(AlertEvent event, std::uint64_t id, Time now) {
    if (event == AlertEvent::closed) {
      last_sent_.erase(id);
      return true;
    }
    if (last_sent_.size() >= ids_max) last_sent_.clear();
    const auto [sent, is_first] = last_sent_.try_emplace(id, now);
    if (is_first || event == AlertEvent::raised || now - sent->second >= growth_pause) {
      sent->second = now;
      return true;
    }
    return false;
  }

 private:
  std::unordered_map<std::uint64_t, Time> last_sent_;
};

class MqttAlertSink final : public Sink {
 public:
  MqttAlertSink(MqttPublisher& publisher, std::string prefix)
      : publisher_(publisher), prefix_(std::move(prefix)) {}

  std::string_view name() const override { return "mqtt_alerts"; }
  Status accept(Batch& batch, Time now) override { return deliver(batch.alarms, now); }
  Status tick(AlarmChanges& changes, Time now) override { return deliver(changes, now); }

 private:
  /// Tries every change; the first failure is what the line counts.
  Status deliver(const AlarmChanges& changes, Time now) {
    Status first;
    const auto note = [&first](Status done) {
      if (!done && first) first = std::move(done);
    };
    for (const AlertChange& change : changes.alerts) {
      if (!alerts_.lets_pass(change.event, change.alert.id, now)) continue;
      note(publish(fmt::format("{}/alerts/{}", prefix_, topic_level(change.alert.device)), change));
    }
    for (const IncidentChange& change : changes.incidents) {
      if (!incidents_.lets_pass(change.event, change.incident.id, now)) continue;
      note(publish(fmt::format("{}/incidents", prefix_), change));
    }
    return first;
  }

  template <class Change>
  Status publish(const std::string& topic, const Change& change) {
    payload_.clear();
    append_event_json(payload_, change);
    return publisher_.publish(topic, payload_, 1, false);
  }

  MqttPublisher& publisher_;
  std::string prefix_;
  Pace alerts_;
  Pace incidents_;
  std::string payload_;
};

}  // namespace

std::unique_ptr<Sink> make_mqtt_alert_sink(MqttPublisher& publisher, std::string topic_prefix) {
  return std::make_unique<MqttAlertSink>(publisher, std::move(topic_prefix));
}

}  // namespace vedette
