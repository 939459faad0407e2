#include "net/mqtt_crowd.hpp"

#include <fmt/format.h>
#include <mosquitto.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "base/expects.hpp"
#include "base/text.hpp"
#include "net/mqtt_crowd_shard.hpp"

namespace vedette {

namespace {

constexpr std::size_t payload_bytes_max = std::size_t{16} << 20U;
constexpr std::size_t queued_bytes_max = std::size_t{64} << 20U;
/// libmosquitto's socket and its pair.
constexpr std::size_t descriptors_each = 3;
/// Standard streams, epoll, the event, and what a name look-up or a CA file opens for a moment.
constexpr std::size_t descriptors_spare = 32;
constexpr std::size_t threads_max = 4;

/// Connections one thread can have, once the limit is as high as it goes.
std::size_t connections_per_thread() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto descriptors = std::min<std::size_t>(limit.rlim_cur, 1U << 20U);
  return descriptors <= descriptors_spare ? 0
                                          : (descriptors - descriptors_spare) / descriptors_each;
}

class ShardedCrowd final : public MqttCrowd {
 public:
  explicit ShardedCrowd(CrowdOptions options) {
    shared_.error.message = options.connection.broker.printable() + ": connecting";
    shared_.options = std::move(options);
  }

  Status start(std::size_t each) {
    const std::size_t count = shared_.options.names.size();
    const std::size_t threads = (count + each - 1) / each;
    each_ = (count + threads - 1) / threads;
    for (std::size_t first = 0; first < count; first += each_) {
      shards_.push_back(
          std::make_unique<CrowdShard>(shared_, first, std::min(each_, count - first)));
      if (Status begun = shards_.back()->start(); !begun) return begun;
    }
    return {};
  }

  Status wait_connected(std::chrono::milliseconds wait) override {
    const std::size_t all = shared_.options.names.size();
    std::unique_lock lock{shared_.mutex};
    for (std::size_t before = 0;;) {
      const bool news = shared_.changed.wait_for(lock, wait, [&] {
        return shared_.up.load() > before || shared_.error.code == Errc::refused;
      });
      if (shared_.up.load() == all) return {};
      if (shared_.error.code == Errc::refused) return shared_.error;
      if (!news) {
        return Error{shared_.error.code, fmt::format("{} ({} of {} devices are connected)",
                                                     shared_.error.message, before, all)};
      }
      before = shared_.up.load();
    }
  }

  Status publish(std::size_t connection, std::string_view topic, std::string_view payload, int qos,
                 bool retain) override {
    expects(qos >= 0 && qos <= 2, "QoS is 0, 1 or 2");
    expects(connection < shared_.options.names.size(), "a connection of the crowd");
    if (topic.find('\0') != std::string_view::npos || !is_utf8(topic) || topic.empty() ||
        mosquitto_pub_topic_check2(topic.data(), topic.size()) != MOSQ_ERR_SUCCESS) {
      return Error{Errc::malformed, quoted(topic) + " is not an MQTT topic"};
    }
    if (payload.size() > payload_bytes_max) {
      return Error{Errc::too_large, fmt::format("a payload of {} bytes for {} is above {} bytes",
                                                payload.size(), quoted(topic), payload_bytes_max)};
    }
    CrowdShard::Message message{static_cast<std::uint32_t>(connection % each_),
                                static_cast<std::uint8_t>(qos), retain, std::string{topic},
                                std::string{payload}};
    const std::size_t bytes = topic.size() + payload.size();
    const std::lock_guard lock{shared_.mutex};
    if (shared_.unconfirmed >= shared_.options.queued_max ||
        shared_.queued_bytes + bytes > queued_bytes_max) {
      return Error{Errc::busy,
                   fmt::format("{}: {} messages wait already",
                               shared_.options.connection.broker.printable(), shared_.unconfirmed)};
    }
    ++shared_.unconfirmed;
    shared_.queued_bytes += bytes;
    shards_[connection / each_]->push(std::move(message));
    return {};
  }

  Status wait_drained(std::size_t left, std::chrono::milliseconds wait) override {
    std::unique_lock lock{shared_.mutex};
    if (shared_.changed.wait_for(lock, wait, [&] { return shared_.unconfirmed <= left; })) {
      return {};
    }
    if (shared_.up.load() < shared_.options.names.size()) return shared_.error;
    return Error{Errc::unavailable,
                 fmt::format("{}: {} messages are still unconfirmed",
                             shared_.options.connection.broker.printable(), shared_.unconfirmed)};
  }

  std::size_t connected() const override { return shared_.up.load(); }

 private:
  CrowdShared shared_;
  std::size_t each_ = 1;  ///< connections a thread
  std::vector<std::unique_ptr<CrowdShard>> shards_;
};

}  // namespace

Result<std::unique_ptr<MqttCrowd>> MqttCrowd::create(CrowdOptions options) {
  static const int initialised = mosquitto_lib_init();
  static_cast<void>(initialised);
  const std::size_t count = options.names.size();
  expects(count > 0 && options.queued_max > 0, "a crowd has connections and a queue");
  if (count > connections_max) {
    return Error{Errc::out_of_range,
                 fmt::format("{} connections to one broker, at most {} are possible: a machine has "
                             "no more local ports",
                             count, connections_max)};
  }
  const std::size_t each = connections_per_thread();
  if (count > each * threads_max) {
    return Error{Errc::out_of_range,
                 fmt::format("{} connections need {} file descriptors each in {} threads; the "
                             "limit (ulimit -Hn) lets us have {} connections",
                             count, descriptors_each, threads_max, each * threads_max)};
  }
  auto crowd = std::make_unique<ShardedCrowd>(std::move(options));
  if (Status begun = crowd->start(each); !begun) return begun.error();
  return std::unique_ptr<MqttCrowd>{std::move(crowd)};
}

}  // namespace vedette
