/// Abuse of the local MQTT broker, and the impostor who speaks under a device's name.
///
/// There is no capture of these to copy; their shapes follow from MQTT 3.1.1: a CONNECT of 14 bytes
/// and its names, a PUBLISH of 2 to 5 bytes and topic and payload, an acknowledgement of 4 bytes
/// for QoS 1, and a broker that closes the connection on what it does not allow (4.8). What is no
/// record carries its time or its number, so that no two messages are the same.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/expects.hpp"
#include "fleet/episode.hpp"

namespace vedette::simulator {

namespace {

constexpr std::uint16_t mqtt_port = 1883;
constexpr std::size_t oversized_bytes = std::size_t{300} << 10U;  // decoders take 256 KiB

std::uint32_t broker_of(const Device& device) {
  return (device.address & 0xffffff00U) | 251U;
}

struct Publishing {
  double publishes = 1;
  double bytes = 0;  ///< of all together
  double seconds = 0;
  double reset = 0;  ///< how often the broker closes the connection
};

void publish_flow(Flow& flow, Random& random, const Way& way, const Publishing& say) {
  const double names = draw_whole(random, {24, 36, 60});
  const double fate = random.uniform();
  const double acknowledged = way.variant == 1 ? 4 * say.publishes : 0;  // QoS 1
  fill_tcp(flow, random,
           {.orig_bytes = names + say.bytes,
            .resp_bytes = 4 + acknowledged,
            .orig_messages = 1 + say.publishes,
            .resp_messages = way.variant == 1 ? 1 + say.publishes : 1,
            .seconds = say.seconds,
            .ending = fate < say.reset         ? ConnState::RSTR
                      : fate < say.reset + 0.1 ? ConnState::RSTO
                      : fate < say.reset + 0.2 ? ConnState::S1
                                               : ConnState::SF});
}

std::string seconds_text(Time time) {
  const std::int64_t whole = micros(time);
  return fmt::format("{}.{:06}", whole / 1'000'000, whole % 1'000'000);
}

void oversized_message(Simulated& out, Random& random, std::string_view device, Time now) {
  out.topic = fmt::format("iot/{}/sensor", device);
  out.payload = fmt::format(R"({{"timestamp":{},"note":")", seconds_text(now));
  out.payload.append(oversized_bytes + random.below(65'536), 'A');
  out.payload += "\"}";
}

void binary(std::string& out, Random& random) {
  const std::size_t bytes = 16 + random.below(240);
  out.assign(1, '\xff');  // no UTF-8 begins like this
  while (out.size() < bytes) out += static_cast<char>(random.next() & 0xffU);
}

void malformed_message(Simulated& out, Random& random, std::string_view device, Time now) {
  const std::uint64_t how = random.below(7);
  const std::string at = seconds_text(now);
  out.topic = fmt::format("iot/{}/{}", device, how == 5 ? "flow" : "sensor");
  switch (how) {
    case 0:
      out.payload = fmt::format(R"({{"timestamp":{},"temperature":2)", at);
      return;
    case 1:
      out.payload = fmt::format(R"({{"timestamp":"just now","at":"{}","temperature":"hot"}})", at);
      return;
    case 2:
      return binary(out.payload, random);
    case 3:
      out.payload = fmt::format(R"([{{"timestamp":{},"temperature":21.5}}])", at);
      return;
    case 4:
      out.payload = fmt::format(R"({{"timestamp":{},"temperature":)", at);
      out.payload.append(100 + random.below(900), '[');
      return;
    case 5:
      out.payload = fmt::format(R"({{"ts":{},"uid":7,"id.orig_h":[],"proto":"tcp"}})", at);
      return;
    default:
      out.payload = fmt::format(R"({{"timestamp":{},"power":1,"power":-1}})", at);
  }
}

void guessing_message(Simulated& out, Random& random, const Place& place, std::string_view device,
                      std::string_view other) {
  constexpr std::string_view guesses[] = {"admin/config",        "root/flow",
                                          "%2e%2e/sensor",       "gateway/../admin/sensor",
                                          "$SYS/broker/version", "system/firmware/update"};
  constexpr std::string_view endings[] = {"cmd", "config", "firmware", "sensor", "shell"};
  constexpr std::string_view orders[] = {"get", "reboot", "unlock", "factory_reset", "wget"};
  out.topic = "iot/";
  if (random.chance(0.5)) {
    out.topic += guesses[random.below(std::size(guesses))];
  } else {
    out.topic += random.chance(0.8) ? other : device;
    out.topic += '/';
    out.topic += endings[random.below(std::size(endings))];
  }
  out.payload = fmt::format(R"({{"cmd":"{}","id":"{}-{}"}})",
                            orders[random.below(std::size(orders))], place.number, place.step);
}

}  // namespace

Way plan_abuse(Kind kind, Random& random, const Device& device) {
  Way way;
  way.peer = broker_of(device);
  way.port = mqtt_port;
  way.hosts = 1;
  way.variant = static_cast<std::uint8_t>(random.below(2));
  switch (kind) {
    case Kind::mqtt_flood:
      way.gap_s = random.uniform(0.02, 0.1);
      break;
    case Kind::mqtt_oversized:
      way.gap_s = random.uniform(2, 6);
      break;
    case Kind::mqtt_malformed:
      way.gap_s = random.uniform(0.3, 1.2);
      break;
    case Kind::mqtt_topic_guessing:
      way.gap_s = random.uniform(0.2, 0.8);
      break;
    case Kind::spoofed_device:
      way.gap_s = random.uniform(1, 4);
      way.size = random.uniform(10, 40) * (random.chance(0.5) ? 1 : -1);
      break;
    default:
      expects(false, "this kind is no abuse of a broker");
  }
  return way;
}

void abuse_flow(Flow& flow, Random& random, Device& device, const Way& way, Kind kind) {
  set_peer(flow, {way.peer, way.port, "mqtt"}, Proto::tcp, take_port(device));
  Publishing say;
  switch (kind) {
    case Kind::mqtt_flood:
      say.publishes = draw_whole(random, {200, 900, 4000});
      say.bytes = say.publishes * draw_whole(random, {60, 96, 150});
      say.seconds = say.publishes * draw(random, {0.002, 0.01, 0.04});
      say.reset = 0.3;
      break;
    case Kind::mqtt_oversized:
      say.bytes = static_cast<double>(oversized_bytes) + draw_whole(random, {30, 20'000, 65'000});
      say.seconds = draw(random, {0.05, 0.4, 3});
      say.reset = way.variant == 0 ? 0.7 : 0.1;
      break;
    case Kind::mqtt_malformed:
      say.publishes = draw_whole(random, {1, 4, 12});
      say.bytes = say.publishes * draw_whole(random, {30, 90, 600});
      say.seconds = draw(random, {0.02, 0.8, 6});
      say.reset = 0.5;
      break;
    case Kind::mqtt_topic_guessing:
      say.publishes = draw_whole(random, {3, 5, 40});
      say.bytes = say.publishes * draw_whole(random, {40, 60, 90});
      say.seconds = say.publishes * draw(random, {0.02, 0.2, 0.8});
      say.reset = 0.25;
      break;
    default:  // the impostor's session: a few readings
      say.publishes = draw_whole(random, {1, 6, 30});
      say.bytes = say.publishes * draw_whole(random, {60, 96, 150});
      say.seconds = say.publishes * draw(random, {0.5, 2, 5});
      say.reset = 0.05;
      break;
  }
  publish_flow(flow, random, way, say);
}

void attack_reading(Reading& reading, Place& place) {
  for (std::size_t i = 0; i < place.gauges_used; ++i) {
    const Gauge& gauge = place.gauges[i];
    double value = place.held[i] + 0.3 * gauge.usual * noise(place.random);
    if (place.kind == Kind::spoofed_device && i == 0) {
      const double off = place.way.size * gauge.usual;
      const bool fits = value + off >= gauge.low && value + off <= gauge.high;
      value += fits ? off : -off;
    }
    reading.add(gauge.name, to_step(std::clamp(value, gauge.low, gauge.high), gauge.step));
  }
}

void attack_message(Simulated& out, Place& place, std::string_view device, std::string_view other,
                    Time now) {
  switch (place.act) {
    case Kind::mqtt_oversized:
      return oversized_message(out, place.random, device, now);
    case Kind::mqtt_malformed:
      return malformed_message(out, place.random, device, now);
    case Kind::mqtt_topic_guessing:
      return guessing_message(out, place.random, place, device, other);
    default:
      expects(false, "this attack says nothing but records");
  }
}

}  // namespace vedette::simulator
