/// MqttSubscriber: the rule that makes late acknowledgement true is one line long: link_->write()
/// is called only while nothing handed over is unreleased, or by release(). PUBACKs, PINGREQs and
/// the SUBSCRIBE share one queue, so whatever would flush the one would flush the others.
#include <fmt/format.h>
#include <mosquitto.h>

#include <atomic>
#include <cerrno>

#include "base/expects.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "net/mqtt.hpp"
#include "net/mqtt_link.hpp"

namespace vedette {

namespace {

class LateAckSubscriber final : public MqttSubscriber, private MqttEvents {
 public:
  explicit LateAckSubscriber(SubscriberOptions options) : options_(std::move(options)) {}

  Status start(std::uint64_t seed) {
    LinkOptions link{.mqtt = options_.connection,
                     .clean_start = false,
                     .session_expiry = options_.session_expiry,
                     .receive_maximum = options_.receive_maximum,
                     .packet_bytes_max = options_.packet_bytes_max};
    auto made = MqttLink::create(std::move(link), *this, seed);
    if (!made) return made.error();
    link_ = std::move(made).value();
    return {};
  }

  Status read(std::chrono::milliseconds wait, std::size_t messages_max,
              const OnMessage& on_message) override;
  Status release() override;
  bool connected() const override { return subscribed_.load(); }

 private:
  void on_up() override { link_->subscribe(options_.filters, options_.qos); }
  void on_down() override {
    subscribed_.store(false);
    unreleased_ = 0;  // the queue went with the connection; the broker sends the messages again
  }
  void on_message(std::string_view topic, std::string_view payload, int qos) override;
  void on_subscribed(std::span<const int> codes) override;

  bool full() const { return handed_ >= messages_max_; }
  void drain();
  void flush(MqttLink::Steady::time_point until);

  SubscriberOptions options_;
  std::unique_ptr<MqttLink> link_;
  std::atomic<bool> subscribed_{false};
  std::size_t unreleased_ = 0;  ///< messages handed over whose PUBACK is queued
  std::string refused_filters_;
  // of the running read():
  const OnMessage* take_ = nullptr;
  std::size_t messages_max_ = 0;
  std::size_t handed_ = 0;
};

void LateAckSubscriber::on_message(std::string_view topic, std::string_view payload, int qos) {
  ++handed_;
  if (qos > 0) ++unreleased_;
  (*take_)(topic, payload);
  // With TLS the library would go on with the rest of the record it holds; EAGAIN is how its loop
  // is told to return after this packet. Were it not, the caller gets a few more than it asked for.
  if (full()) errno = EAGAIN;
}

void LateAckSubscriber::on_subscribed(std::span<const int> codes) {
  refused_filters_.clear();
  for (std::size_t i = 0; i < codes.size() && i < options_.filters.size(); ++i) {
    if (codes[i] < 0x80) continue;
    refused_filters_ +=
        fmt::format("{}subscription to {} refused: {}", refused_filters_.empty() ? "" : ", ",
                    quoted(options_.filters[i]), mosquitto_reason_string(codes[i]));
  }
  subscribed_.store(refused_filters_.empty());
}

void LateAckSubscriber::drain() {
  while (link_->open() && !full()) {
    // A resumed session's messages follow the CONNACK at once: the SUBSCRIBE goes out before the
    // first of them queues its PUBACK.
    if (unreleased_ == 0) flush(MqttLink::Steady::now());
    const std::size_t before = handed_;
    const MqttLink::Read read = link_->read();
    if (!refused_filters_.empty()) {
      link_->fail(Errc::refused, std::exchange(refused_filters_, {}));
      return;
    }
    // A message counts as progress even when errno says otherwise: the library's own wake-up pipe,
    // full after some hundred PUBACKs, leaves EAGAIN behind.
    if (read == MqttLink::Read::lost) return;
    if (read == MqttLink::Read::nothing && handed_ == before) return;
  }
}

void LateAckSubscriber::flush(MqttLink::Steady::time_point until) {
  expects(unreleased_ == 0, "nothing is written while messages are unreleased");
  if (link_->open()) link_->write(until);
}

Status LateAckSubscriber::read(std::chrono::milliseconds wait, std::size_t messages_max,
                               const OnMessage& on_message) {
  expects(messages_max > 0, "read() hands over at least one message");
  const auto until = MqttLink::Steady::now() + wait;
  take_ = &on_message;
  messages_max_ = messages_max;
  handed_ = 0;
  for (;;) {
    if (!link_->open()) {
      if (Status ok = link_->advance(until); !ok) return ok;
    }
    drain();
    if (handed_ > 0) return {};
    if (unreleased_ == 0) {
      if (link_->up()) link_->keep_alive();
      flush(MqttLink::Steady::now());
    }
    if (!link_->open()) return link_->error();
    if (MqttLink::Steady::now() >= until) break;
    link_->wait(unreleased_ == 0 && link_->want_write(), until);
  }
  if (connected()) return {};
  return Error{Errc::unavailable, options_.connection.broker.printable() + ": connecting"};
}

Status LateAckSubscriber::release() {
  if (!link_->up()) return {};
  unreleased_ = 0;
  // A broker that does not take a few kilobytes within its own keep-alive is gone.
  flush(MqttLink::Steady::now() + options_.connection.keep_alive);
  if (link_->up() && link_->want_write()) {
    link_->fail(Errc::unavailable, "takes no acknowledgements");
  }
  if (link_->up()) link_->keep_alive();
  if (link_->up()) flush(MqttLink::Steady::now());
  return {};
}

}  // namespace

Result<std::unique_ptr<MqttSubscriber>> MqttSubscriber::create(SubscriberOptions options,
                                                               std::uint64_t seed) {
  if (options.filters.empty()) return Error{Errc::malformed, "no topic filter to subscribe to"};
  for (const std::string& filter : options.filters) {
    if (filter.find('\0') != std::string::npos || !is_utf8(filter) ||
        mosquitto_sub_topic_check(filter.c_str()) != MOSQ_ERR_SUCCESS) {
      return Error{Errc::malformed, quoted(filter) + " is not an MQTT topic filter"};
    }
  }
  if (options.qos != 0 && options.qos != 1) {
    // With QoS 2 the broker forgets a message at PUBREC, before anybody has it but our memory.
    return Error{Errc::unsupported,
                 fmt::format("QoS {} cannot be acknowledged late: use 0 or 1", options.qos)};
  }
  auto subscriber = std::make_unique<LateAckSubscriber>(std::move(options));
  if (Status ok = subscriber->start(seed); !ok) return ok.error();
  return std::unique_ptr<MqttSubscriber>{std::move(subscriber)};
}

}  // namespace vedette
