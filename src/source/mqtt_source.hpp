/// Messages of an MQTT broker as a pulled source with late acknowledgement.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "net/mqtt.hpp"
#include "source/source.hpp"

namespace vedette {

/// Does not connect yet: pull() does, and again whenever the broker was away. No acknowledgement
/// leaves before acknowledge() was called for a pull that handed out the message. Within a batch
/// messages may come twice (after a reconnect) and, with overlapping filters, as often as the
/// broker sends them. @return what MqttSubscriber::create returns.
Result<std::unique_ptr<Source>> make_mqtt_source(SubscriberOptions options, const Clock& clock,
                                                 std::uint64_t seed);

/// The same over a given subscriber; `broker` and `filters` are for describe().
std::unique_ptr<Source> make_mqtt_source(std::unique_ptr<MqttSubscriber> subscriber,
                                         std::string broker, std::string filters,
                                         const Clock& clock);

}  // namespace vedette
