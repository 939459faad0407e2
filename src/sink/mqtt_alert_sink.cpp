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
// Far more runs than a store keeps open; reached only when their ends were never seen.
constexpr std::size_t alerts_max = 50'000;

class MqttAlertSink final : public Sink {
 public:
  MqttAlertSink(MqttPublisher& publisher, std::string prefix)
      : publisher_(publisher), prefix_(std::move(prefix)) {}

  std::string_view name() const override { return "mqtt_alerts"; }
  Status accept(Batch& batch, Time now) override { return deliver(batch.alerts, now); }
  Status tick(std::vector<AlertChange>& changes, Time now) override {
    return deliver(changes, now);
  }

 private:
  /// Tries every change; the first failure is what the line counts.
  Status deliver(const std::vector<AlertChange>& changes, Time now) {
    Status first;
    for (const AlertChange& change : changes) {
      if (!is_due(change, now)) continue;
      if (Status done = publish(change); !done && first) first = done;
    }
    return first;
  }

  bool is_due(const AlertChange& change, Time now) {
    const std::uint64_t id = change.alert.id;
    if (change.event == AlertEvent::closed) {
      last_sent_.erase(id);
      return true;
    }
    if (last_sent_.size() >= alerts_max) last_sent_.clear();
    const auto [sent, is_first] = last_sent_.try_emplace(id, now);
    if (is_first || change.event == AlertEvent::raised || now - sent->second >= growth_pause) {
      sent->second = now;
      return true;
    }
    return false;
  }

  Status publish(const AlertChange& change) {
    payload_.clear();
    append_alert_event_json(payload_, change);
    const std::string topic =
        fmt::format("{}/alerts/{}", prefix_, topic_level(change.alert.device));
    return publisher_.publish(topic, payload_, 1, false);
  }

  MqttPublisher& publisher_;
  std::string prefix_;
  std::unordered_map<std::uint64_t, Time> last_sent_;
  std::string payload_;
};

}  // namespace

std::unique_ptr<Sink> make_mqtt_alert_sink(MqttPublisher& publisher, std::string topic_prefix) {
  return std::make_unique<MqttAlertSink>(publisher, std::move(topic_prefix));
}

}  // namespace vedette
