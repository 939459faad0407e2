#include "source/mqtt_source.hpp"

#include <deque>
#include <utility>

#include "base/expects.hpp"

namespace vedette {

namespace {

class MqttSource final : public Source {
 public:
  MqttSource(std::unique_ptr<MqttSubscriber> subscriber, std::string broker, std::string filters,
             const Clock& clock)
      : subscriber_(std::move(subscriber)),
        broker_(std::move(broker)),
        description_(broker_ + " " + filters),
        clock_(clock) {}

  Result<Pulled> pull(std::size_t messages_max, std::chrono::milliseconds wait,
                      const Take& take) override;
  Status acknowledge() override;
  std::string describe() const override { return description_; }
  bool connected() const override { return subscriber_->connected(); }

 private:
  struct Carried {
    std::string topic;
    std::string payload;
    Time received;
  };

  RawMessage message(std::string_view topic, std::string_view payload, Time received) const {
    return {.topic = topic, .origin = broker_, .payload = payload, .received = received};
  }

  std::unique_ptr<MqttSubscriber> subscriber_;
  std::string broker_;
  std::string description_;
  const Clock& clock_;
  /// Messages the subscriber handed over beyond what a pull asked for. Their PUBACKs are queued
  /// behind those of the pulled ones and release() sends all or none, so while one waits here
  /// nothing is released and nothing more is read: the excess of one read() is its bound.
  std::deque<Carried> carried_;
};

Result<Pulled> MqttSource::pull(std::size_t messages_max, std::chrono::milliseconds wait,
                                const Take& take) {
  expects(messages_max > 0, "a pull asks for at least one message");
  std::size_t taken = 0;
  if (!carried_.empty()) {
    for (; taken < messages_max && !carried_.empty(); ++taken) {
      const Carried& next = carried_.front();
      take(message(next.topic, next.payload, next.received));
      carried_.pop_front();
    }
    return Pulled::some;
  }
  Time now{};
  const Status status =
      subscriber_->read(wait, messages_max, [&](std::string_view topic, std::string_view payload) {
        if (taken == 0) now = clock_.now();
        if (taken < messages_max) {
          take(message(topic, payload, now));
        } else {
          carried_.push_back({std::string{topic}, std::string{payload}, now});
        }
        ++taken;
      });
  // What was handed out is the caller's, also when the connection broke right behind it.
  if (!status && taken == 0) return status.error();
  return Pulled::some;
}

Status MqttSource::acknowledge() {
  if (!carried_.empty()) return {};
  return subscriber_->release();
}

}  // namespace

std::unique_ptr<Source> make_mqtt_source(std::unique_ptr<MqttSubscriber> subscriber,
                                         std::string broker, std::string filters,
                                         const Clock& clock) {
  return std::make_unique<MqttSource>(std::move(subscriber), std::move(broker), std::move(filters),
                                      clock);
}

Result<std::unique_ptr<Source>> make_mqtt_source(SubscriberOptions options, const Clock& clock,
                                                 std::uint64_t seed) {
  std::string filters;
  for (const std::string& filter : options.filters) {
    filters += filters.empty() ? filter : "," + filter;
  }
  std::string broker = options.connection.broker.printable();
  auto subscriber = MqttSubscriber::create(std::move(options), seed);
  if (!subscriber) return subscriber.error();
  return make_mqtt_source(std::move(subscriber).value(), std::move(broker), std::move(filters),
                          clock);
}

}  // namespace vedette
