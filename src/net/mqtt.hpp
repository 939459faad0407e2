/// MQTT 5 through libmosquitto: a subscriber that acknowledges late, and a publisher.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/uri.hpp"

namespace vedette {

struct MqttOptions {
  MqttUri broker;
  std::string client_id;  ///< fixed for a persistent session
  std::chrono::seconds keep_alive{30};
  std::string ca_file;     ///< empty: the system's store (TLS only)
  std::string will_topic;  ///< empty: no last will; retained, QoS 1 when given
  std::string will_payload;
};

struct SubscriberOptions {
  MqttOptions connection;
  std::vector<std::string> filters{"iot/#"};
  int qos = 1;
  std::chrono::seconds session_expiry{7 * 24 * 3600};
  /// How many unacknowledged messages the broker may send us; at least one batch.
  std::uint16_t receive_maximum = 8192;
  /// The broker withholds larger packets; what is above the payload limit but below this arrives
  /// and is quarantined with its size.
  std::uint32_t packet_bytes_max = 16U << 20U;
};

/// A subscriber whose PUBACKs leave when release() says so, not when the message arrives: the
/// library only queues them while read() runs (threaded mode without its thread), so a crash
/// before release() makes the broker send the messages again. At-least-once.
///
/// Connects and reconnects by itself inside read(), with pauses growing from 1 s to 60 s.
/// Not thread-safe: read() and release() belong to one thread; connected() to any.
class MqttSubscriber {
 public:
  using OnMessage = std::function<void(std::string_view topic, std::string_view payload)>;

  /// Does not connect yet. @return refused or malformed for options no broker would take.
  static Result<std::unique_ptr<MqttSubscriber>> create(SubscriberOptions options,
                                                        std::uint64_t seed);
  virtual ~MqttSubscriber() = default;

  /// Waits up to `wait` for something to read, then hands over what has arrived, at most
  /// `messages_max` (a few more when one network packet held them). Views die with the call.
  /// @return unavailable while there is no broker (already logged; the next call tries again when
  /// its pause is over), refused when the broker will never accept us (credentials).
  virtual Status read(std::chrono::milliseconds wait, std::size_t messages_max,
                      const OnMessage& on_message) = 0;
  /// Sends the acknowledgements of everything read so far.
  virtual Status release() = 0;
  virtual bool connected() const = 0;
};

/// Publishes from any thread through libmosquitto's own thread; reconnects by itself.
class MqttPublisher {
 public:
  /// Connects in the background. At most `queued_max` messages wait; see publish().
  static Result<std::unique_ptr<MqttPublisher>> create(MqttOptions options,
                                                       std::size_t queued_max = 10'000);
  virtual ~MqttPublisher() = default;

  /// Waits until connected, or says why not within `wait`. @return unavailable, refused.
  virtual Status wait_connected(std::chrono::milliseconds wait) = 0;
  /// @return full queue: busy; too_large; no broker: the message waits in the queue.
  virtual Status publish(std::string_view topic, std::string_view payload, int qos,
                         bool retain) = 0;
  /// Blocks until at most `left` messages are unconfirmed (QoS 0: unsent), or `wait` is over.
  virtual Status wait_drained(std::size_t left, std::chrono::milliseconds wait) = 0;
  virtual bool connected() const = 0;
};

}  // namespace vedette
