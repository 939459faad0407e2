/// The face of sink/: where verdicts go. Sinks stand in a row; the store is the first, and each
/// sees what those before it learned (is_new, alerts).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "record/verdict.hpp"
#include "sink/scoreboard.hpp"

namespace vedette {

class Store;
class EventHub;
class MqttPublisher;
class AtomicFile;

/// Belongs to the line's thread.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual std::string_view name() const = 0;
  /// True: the batch is only acknowledged once this sink has accepted it, and it is asked again
  /// until it does. False: a failure is counted and the line goes on.
  virtual bool durable() const { return false; }
  virtual Status accept(Batch& batch, Time now) = 0;
  /// About once a second, also when nothing arrives. What happened to alerts and incidents is
  /// appended by the store sink and delivered by those behind it.
  virtual Status tick(AlarmChanges& changes, Time now) = 0;
};

std::unique_ptr<Sink> make_store_sink(Store& store);
/// vedette/alerts/<device> and vedette/incidents, not retained, QoS 1: what is raised and closed,
/// and growth at most every 10 s of one alert or incident.
std::unique_ptr<Sink> make_mqtt_alert_sink(MqttPublisher& publisher, std::string topic_prefix);
/// Server-sent events "verdict" (at most `verdicts_per_second_max`, anomalies first), "alert",
/// "incident", "quarantine". Costs nothing while nobody listens.
std::unique_ptr<Sink> make_live_sink(EventHub& hub, std::size_t verdicts_per_second_max = 40);
/// One verdict a line, in the order of the input. Quarantined messages go to the log.
std::unique_ptr<Sink> make_jsonl_sink(AtomicFile& out);

}  // namespace vedette
