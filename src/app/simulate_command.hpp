/// `vedette simulate`: a simulated fleet or recorded files, sent to a broker or written to files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "fleet/fleet.hpp"
#include "net/mqtt.hpp"

namespace vedette {

struct SimulateOptions {
  /// `start` at 0 means now. `pace` is ignored when a broker gets a fixed `rate`: the fleet then
  /// speaks so often that its own time runs about as fast as the clock.
  FleetPlan fleet;
  /// Recorded files (Zeek, JSON, CSV) to send instead of a fleet, one after the other. The payloads
  /// keep their recorded times.
  std::vector<std::filesystem::path> replay;
  /// "mqtt://…", "mqtts://…", "flows.log" (Zeek TSV with labels, flows only), "records.jsonl" (one
  /// object a line, labels in "records.labels.jsonl") or "-" (JSON lines, no labels).
  std::string to = "-";
  /// Messages per second; 0: a fleet speaks to a broker in real time, all else goes as fast as it
  /// can.
  double rate = 0;
  /// How long the fleet is simulated; to a broker this is also wall time. 0: until stopped, or
  /// until `messages_max`.
  Duration length{0};
  std::uint64_t messages_max = 0;  ///< 0: no bound
  int qos = 1;
  /// For brokers: certificates and client id; the broker itself comes from `to`.
  MqttOptions connection;
  std::chrono::seconds connect_wait{10};
  /// How long the broker may confirm nothing before we give up.
  std::chrono::seconds confirm_wait{30};
  /// Called on the simulating thread before each record of a fleet, see LiveFleet::serve().
  std::function<void(FleetSimulator&)> between;
  bool progress = true;
};

struct SimulateReport {
  std::uint64_t sent = 0;     ///< written, or confirmed by the broker (QoS 0: handed to it)
  std::uint64_t skipped = 0;  ///< readings, when the file can only hold flows
  std::uint64_t refused = 0;  ///< replayed lines that no decoder took
  std::string first_refusal;
  std::map<std::string, std::uint64_t> labels;  ///< of what was sent; "" where nothing is known
  double seconds = 0;                           ///< wall time
  bool stopped = false;                         ///< by the user
};

using MakePublisher = std::function<Result<std::unique_ptr<MqttPublisher>>(MqttOptions)>;

/// Runs to the end or until `stop`. A stopped file is not written at all (cancelled); what a broker
/// has got by then is confirmed and reported. `make_publisher` is for tests.
/// @return out_of_range, not_found, malformed, unsupported for options; unavailable, refused for
/// brokers; io, cancelled for files.
Result<SimulateReport> run_simulate(const SimulateOptions& options, const Clock& clock,
                                    std::stop_token stop, const MakePublisher& make_publisher = {});

/// The topic a record goes to: "iot/<device>/flow" or "iot/<device>/sensor", with '_' for the
/// characters MQTT keeps for itself ('/', '+', '#').
void append_topic(std::string& out, const Record& record);

}  // namespace vedette
