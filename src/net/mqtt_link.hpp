/// MqttLink: one MQTT 5 connection through libmosquitto, driven by the thread that owns it. Inside
/// net/ only: the subscriber and the publisher are built on it.
///
/// The library runs in its threaded mode without its thread: everything it wants to say (CONNECT,
/// SUBSCRIBE, PUBACK, PINGREQ) is only appended to one first-in-first-out queue, and nothing leaves
/// but by write(). docs/adr/0002-late-acknowledgement.md says why and what that rests on.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/mqtt.hpp"
#include "net/mqtt_backoff.hpp"

struct mosquitto;
struct mqtt5__property;

namespace vedette {

/// What a link reports, from inside advance(), read(), write() and keep_alive().
class MqttEvents {
 public:
  virtual ~MqttEvents() = default;
  /// The broker accepted us; subscribe here.
  virtual void on_up() = 0;
  /// Everything queued is gone; the next advance() starts over.
  virtual void on_down() = 0;
  virtual void on_message(std::string_view, std::string_view, int /*qos*/) {}
  virtual void on_subscribed(std::span<const int> /*codes*/) {}
  /// A publish is done: written (QoS 0) or confirmed with `reason`, 0x80 and above a refusal.
  virtual void on_published(bool /*written*/, int /*reason*/) {}
};

struct LinkOptions {
  MqttOptions mqtt{};
  bool clean_start = true;
  std::chrono::seconds session_expiry{0};
  std::uint16_t receive_maximum = 20;
  std::uint32_t packet_bytes_max = 1U << 20U;
  std::uint16_t send_maximum = 20;
  int wake_fd = -1;  ///< becoming readable ends every wait early
};

class MqttLink {
 public:
  using Steady = std::chrono::steady_clock;
  enum class Read { something, nothing, lost };

  /// @return malformed or out_of_range for options no broker would take.
  static Result<std::unique_ptr<MqttLink>> create(LinkOptions options, MqttEvents& events,
                                                  std::uint64_t seed);
  /// Says goodbye when nothing is queued; else the broker sees a broken connection.
  ~MqttLink();
  MqttLink(const MqttLink&) = delete;
  MqttLink& operator=(const MqttLink&) = delete;

  /// Goes on connecting, at most until `until`. @return ok once there is a socket to read,
  /// unavailable or refused with the reason while there is none.
  Status advance(Steady::time_point until);
  bool up() const { return state_ == State::up; }
  bool open() const { return state_ == State::joining || state_ == State::up; }
  /// Why there is no connection, for callers that saw read() or write() lose it.
  const Error& error() const { return error_; }

  /// Reads one packet (with TLS: one record's packets). REQUIRES: open().
  Read read();
  /// Sends all that is queued, waiting for the socket at most until `until`. False: lost.
  bool write(Steady::time_point until);
  /// Queues a PINGREQ when one is due and notices a silent broker. False: lost.
  bool keep_alive();
  bool want_write() const;
  /// Sleeps until the socket can be read (or written, when asked) or `until`.
  void wait(bool for_write, Steady::time_point until);
  /// Gives the connection up for a reason of the caller's and pauses as after any failure.
  void fail(Errc code, std::string_view reason);

  bool subscribe(const std::vector<std::string>& filters, int qos);
  /// @return a MOSQ_ERR code.
  int publish(const std::string& topic, std::string_view payload, int qos, bool retain);
  std::string printable() const { return options_.mqtt.broker.printable(); }

 private:
  enum class State { pausing, probing, joining, up };

  MqttLink(LinkOptions options, MqttEvents& events, std::uint64_t seed);
  Status configure();
  Status configure_tls();
  Status start_probe();
  Status finish_probe(Steady::time_point until);
  Status join();
  Error failed(Errc code, std::string_view reason);
  Read lost(int code, int error_number);
  bool joining_too_long();
  void close_probe();
  void on_connack(int reason);
  static void install_callbacks(mosquitto* client);

  LinkOptions options_;
  MqttEvents& events_;
  Backoff backoff_;
  mosquitto* client_ = nullptr;
  mqtt5__property* properties_ = nullptr;
  State state_ = State::pausing;
  Steady::time_point next_{};  ///< end of the pause, or of the patience while connecting
  int probe_ = -1;
  bool writing_ = false;
  int disconnect_reason_ = 0;
  std::string library_error_;  ///< the last line the library logged as an error
  Error refusal_;              ///< a CONNACK that said no
  bool refused_ = false;
  Error error_;
  std::string logged_;  ///< the last reason logged: each is logged once per change
};

}  // namespace vedette
