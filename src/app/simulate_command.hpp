/// `vedette simulate`: a simulated fleet or recorded files, sent to a broker or written to files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "fleet/fleet.hpp"
#include "net/mqtt.hpp"

namespace vedette {

/// What becomes of the times of replayed records.
enum class ReplayTimes : std::uint8_t {
  original,  ///< kept
  now,       ///< all shifted by the same, so that the first record happens now
  together,  ///< each capture shifted by its own, so that all of them begin now
};

struct SimulateOptions {
  /// `start` not said: now for a broker, files_start for all else. `pace` is ignored when a broker
  /// gets a fixed `rate`: the fleet then speaks so often that its own time runs about as fast as
  /// the clock.
  FleetPlan fleet;
  /// Recorded files (Zeek, JSON, CSV) to send instead of a fleet, interleaved by the time of their
  /// records (ReplayTimes::together where they are of different days); a file that is not in order
  /// is passed on as it comes.
  std::vector<std::filesystem::path> replay;
  ReplayTimes replay_times = ReplayTimes::original;
  /// "10.20.0.0/16": each local (RFC 1918) originator of a replayed capture gets an address of this
  /// network, in order of appearance, and keeps it as responder; equal addresses of two captures
  /// become two devices. At most 65,536. Empty: addresses stay.
  std::string remap;
  /// "mqtt://…", "mqtts://…", "flows.log" (Zeek, no labels inside), "flows.log.labeled" (Zeek, the
  /// labels inside as in IoT-23), "flows.json" (Zeek's JSON), "records.jsonl" (one object a line,
  /// flows and readings), "flows.csv", or "-" (as .jsonl).
  std::string to = "-";
  /// Where the truth of each record that was sent is written, a line each (truth_note.hpp). Empty:
  /// "<stem>.labels.jsonl" beside a file, nowhere for a broker, "-" and .log.labeled.
  std::filesystem::path labels;
  /// For brokers: the truth is published below this topic too, at "<truth_topic>/<client id>", many
  /// lines a message, QoS 1. Empty: not at all.
  std::string truth_topic;
  /// For brokers and fleets: every device has a connection of its own, named "<client
  /// id>-<device>", with a last will: "vedette/fleet/<device>/status" holds {"online":true} while
  /// it is there and {"online":false} when it is not, retained. (Not below iot/: a service reads
  /// all of that and would quarantine each of them.)
  bool per_device = false;
  /// Messages per second. 0: what `speed` says.
  double rate = 0;
  /// For brokers: seconds of event time a second of wall time; 0: as fast as possible. Not said: 1.
  /// Contradicts `rate`. Files are written as fast as possible.
  std::optional<double> speed;
  /// How long the fleet is simulated, event time. 0: until stopped, or until `messages_max`.
  Duration length{0};
  std::uint64_t messages_max = 0;  ///< 0: no bound
  int qos = 1;
  /// For brokers: certificates and client id ("vedette-fleet-<process>" when empty); the broker
  /// itself comes from `to`.
  MqttOptions connection;
  std::chrono::seconds connect_wait{10};
  /// How long the broker may confirm nothing before we give up.
  std::chrono::seconds confirm_wait{30};
  /// Called before each record of a fleet, and ten times a second while one is waited for.
  std::function<void(FleetSimulator&)> between;
  bool progress = true;

  /// Monday, 2026-01-05 08:00 UTC: a file is the same whenever it is made.
  static constexpr Time files_start{std::chrono::seconds{1'767'600'000}};
  static constexpr double rate_max = 1e7;
  static constexpr double speed_max = 1e6;
  static constexpr std::size_t captures_max = 1000;
};

struct SimulateReport {
  std::uint64_t sent = 0;     ///< written, or confirmed by the broker (QoS 0: handed to it)
  std::uint64_t skipped = 0;  ///< readings, when the file can only hold flows
  std::uint64_t skipped_messages = 0;  ///< that are no records: files cannot hold them
  std::uint64_t refused = 0;           ///< replayed lines that no decoder took
  std::string first_refusal;
  /// Of what was sent; "" where nothing is known. More than 4,096 names are counted as "(other)".
  std::map<std::string, std::uint64_t> labels;
  std::size_t connections = 0;       ///< to the broker
  std::uint64_t truth_messages = 0;  ///< published below truth_topic
  double seconds = 0;                ///< wall time
  double rate_asked = 0;             ///< messages/s; 0: none was asked for
  double rate_kept = 0;              ///< messages/s from the first to the last that was sent
  bool stopped = false;              ///< by the user
};

using MakePublisher = std::function<Result<std::unique_ptr<MqttPublisher>>(MqttOptions)>;

/// Runs to the end or until `stop`. Files appear whole, with their labels, or not at all (a stopped
/// one: cancelled); what a broker has got by then is confirmed and reported. `make_publisher` is
/// for tests.
/// @return out_of_range, not_found, malformed, unsupported, mismatch for options and captures;
/// unavailable, refused for brokers; io, cancelled for files.
Result<SimulateReport> run_simulate(const SimulateOptions& options, const Clock& clock,
                                    std::stop_token stop, const MakePublisher& make_publisher = {});

/// The topic a record goes to: "iot/<device>/flow" or "iot/<device>/sensor", with '_' for the
/// characters MQTT keeps for itself ('/', '+', '#').
void append_topic(std::string& out, const Record& record);

/// "50000 messages/s asked for, 49990 kept (-0.0 %)"; "" when no rate was asked for.
std::string rate_text(const SimulateReport& report);

}  // namespace vedette
