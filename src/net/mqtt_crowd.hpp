/// MqttCrowd: many MQTT connections of one process, each with a client id and a last will of its
/// own, as a fleet of devices has them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/mqtt.hpp"

namespace vedette {

struct CrowdOptions {
  /// What all have in common. `client_id` goes before each name ("<client_id>-<name>"); the will
  /// is not used.
  MqttOptions connection{};
  std::vector<std::string> names{};  ///< one connection each; no '/', '+' or '#' in a name
  /// Each connection keeps "<status_folder>/<name>/status" retained: {"online":true} from its
  /// CONNACK on, {"online":false} as its will and when it leaves. Empty: neither.
  std::string status_folder{};
  std::size_t queued_max = 10'000;  ///< messages over all connections
};

/// Every connection is a client of libmosquitto; one thread with epoll drives up to about 6,600 of
/// them under a limit of 20,000 descriptors. The library takes three descriptors a client (the
/// socket, and a pair to wake a thread that we do not use), so each of our threads leaves the
/// process's descriptor table for one of its own (close_range(2) with CLOSE_RANGE_UNSHARE), and the
/// limit counts for each thread alone.
///
/// Connects in the background, at most 64 at a time: a broker's listen queue is short (mosquitto:
/// 100). Reconnects one by one with the pauses of Backoff. Messages of a connection keep their
/// order; QoS 1 and 2 are repeated until confirmed, QoS 0 lost when the connection breaks.
class MqttCrowd {
 public:
  /// Above, a machine runs out of local ports to one broker (28,232 by default).
  static constexpr std::size_t connections_max = 25'000;

  /// Raises the limit of file descriptors as far as it goes.
  /// @return out_of_range when so many connections cannot be had, before any is tried; malformed
  /// for options no broker would take.
  static Result<std::unique_ptr<MqttCrowd>> create(CrowdOptions options);
  /// Says goodbye where nothing is queued; drops what still waits: see wait_drained().
  virtual ~MqttCrowd() = default;

  /// Waits until all are connected; gives up when no further one connected for `wait`.
  /// @return unavailable or refused, with the reason of the last that failed.
  virtual Status wait_connected(std::chrono::milliseconds wait) = 0;
  /// Thread-safe. @return as MqttPublisher::publish. REQUIRES: connection < names, qos in 0..2.
  virtual Status publish(std::size_t connection, std::string_view topic, std::string_view payload,
                         int qos, bool retain) = 0;
  /// As MqttPublisher::wait_drained, over all connections.
  virtual Status wait_drained(std::size_t left, std::chrono::milliseconds wait) = 0;
  virtual std::size_t connected() const = 0;
};

}  // namespace vedette
