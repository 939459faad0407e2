/// MqttPublisher: callers append to a bounded queue; one thread of its own moves messages from
/// there through an MqttLink, many per system call.
#include <fmt/format.h>
#include <mosquitto.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/expects.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "net/mqtt.hpp"
#include "net/mqtt_link.hpp"

namespace vedette {

namespace {

/// Unconfirmed messages inside the library. It walks its list for every message, so the window is
/// as wide as hides a round trip and no wider; most brokers take 20 at a time anyway.
constexpr std::size_t window_confirmed = 100;
/// QoS 0 messages given to the library between two writes.
constexpr std::size_t window_unconfirmed = 2'000;
constexpr std::size_t payload_bytes_max = std::size_t{16} << 20U;
constexpr std::size_t queued_bytes_max = std::size_t{64} << 20U;

class QueuedPublisher final : public MqttPublisher, private MqttEvents {
 public:
  explicit QueuedPublisher(std::size_t queued_max) : queued_max_(queued_max) {}
  ~QueuedPublisher() override;
  Status start(MqttOptions options);

  Status wait_connected(std::chrono::milliseconds wait) override;
  Status publish(std::string_view topic, std::string_view payload, int qos, bool retain) override;
  Status wait_drained(std::size_t left, std::chrono::milliseconds wait) override;
  bool connected() const override { return up_.load(); }

 private:
  struct Message {
    std::string topic;
    std::string payload;
    int qos;
    bool retain;
  };

  void on_up() override;
  void on_down() override;
  void on_published(bool written, int reason) override;

  void run();
  void take_answers();
  void hand_over();
  void settle();
  void drop(std::string_view why);
  void wake();

  const std::size_t queued_max_;
  std::string printable_;
  int wake_fd_ = -1;
  std::atomic<bool> up_{false};
  std::atomic<bool> stop_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Message> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t unconfirmed_ = 0;  ///< waiting_ and those in the library
  bool asleep_ = false;          ///< the thread waits for a message
  Error error_{Errc::unavailable, "connecting"};

  // The thread's own:
  std::unique_ptr<MqttLink> link_;
  std::vector<Message> batch_;
  std::size_t in_library_[2] = {0, 0};  ///< [0] QoS 0, [1] confirmed ones
  std::size_t settled_ = 0;             ///< done since the last settle()
  std::string logged_;
  std::thread thread_;
};

Status QueuedPublisher::start(MqttOptions options) {
  printable_ = options.broker.printable();
  error_.message = printable_ + ": connecting";
  wake_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd_ < 0) return Error{Errc::io, "no file descriptor is left for the MQTT publisher"};
  // The pauses of a publisher and a subscriber of one process need not differ: only processes do.
  std::uint64_t seed = 0;
  for (const char c : options.client_id) seed = seed * 31 + static_cast<unsigned char>(c);
  auto made = MqttLink::create(
      LinkOptions{
          .mqtt = std::move(options), .send_maximum = window_confirmed, .wake_fd = wake_fd_},
      *this, seed);
  if (!made) return made.error();
  link_ = std::move(made).value();
  thread_ = std::thread([this] { run(); });
  return {};
}

QueuedPublisher::~QueuedPublisher() {
  stop_.store(true);
  if (wake_fd_ >= 0) wake();
  if (thread_.joinable()) thread_.join();
  link_.reset();
  if (wake_fd_ >= 0) ::close(wake_fd_);
}

void QueuedPublisher::wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is awake already.
  [[maybe_unused]] const ssize_t done = ::write(wake_fd_, &one, sizeof one);
}

// ---- callers' side ------------------------------------------------------------------------------

Status QueuedPublisher::publish(std::string_view topic, std::string_view payload, int qos,
                                bool retain) {
  expects(qos >= 0 && qos <= 2, "QoS is 0, 1 or 2");
  if (topic.find('\0') != std::string_view::npos || !is_utf8(topic) ||
      mosquitto_pub_topic_check2(topic.data(), topic.size()) != MOSQ_ERR_SUCCESS || topic.empty()) {
    return Error{Errc::malformed, quoted(topic) + " is not an MQTT topic"};
  }
  if (payload.size() > payload_bytes_max) {
    return Error{Errc::too_large, fmt::format("a payload of {} bytes for {} is above {} bytes",
                                              payload.size(), quoted(topic), payload_bytes_max)};
  }
  Message message{std::string{topic}, std::string{payload}, qos, retain};
  const std::lock_guard lock{mutex_};
  const std::size_t bytes = topic.size() + payload.size();
  if (unconfirmed_ >= queued_max_ || waiting_bytes_ + bytes > queued_bytes_max) {
    return Error{Errc::busy, fmt::format("{}: {} messages wait already", printable_, unconfirmed_)};
  }
  waiting_.push_back(std::move(message));
  waiting_bytes_ += bytes;
  ++unconfirmed_;
  if (std::exchange(asleep_, false)) wake();
  return {};
}

Status QueuedPublisher::wait_connected(std::chrono::milliseconds wait) {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, wait, [&] { return up_.load() || error_.code == Errc::refused; });
  if (up_.load()) return {};
  return error_;
}

Status QueuedPublisher::wait_drained(std::size_t left, std::chrono::milliseconds wait) {
  std::unique_lock lock{mutex_};
  if (changed_.wait_for(lock, wait, [&] { return unconfirmed_ <= left; })) return {};
  if (!up_.load()) return error_;
  return Error{Errc::unavailable,
               fmt::format("{}: {} messages are still unconfirmed", printable_, unconfirmed_)};
}

// ---- the thread's side --------------------------------------------------------------------------

void QueuedPublisher::on_up() {
  const std::lock_guard lock{mutex_};
  up_.store(true);
  error_ = Error{Errc::unavailable, printable_ + ": connecting"};
  changed_.notify_all();
}

void QueuedPublisher::on_down() {
  // The library repeats what was not confirmed on the next connection, except QoS 0.
  settled_ += std::exchange(in_library_[0], 0);
  const std::lock_guard lock{mutex_};
  up_.store(false);
  error_ = link_->error();
  changed_.notify_all();
}

void QueuedPublisher::on_published(bool written, int reason) {
  std::size_t& count = in_library_[written ? 0 : 1];
  if (count > 0) --count;
  ++settled_;
  if (!written && reason >= 0x80) drop(mosquitto_reason_string(reason));
}

void QueuedPublisher::drop(std::string_view why) {
  if (logged_ == why) return;
  logged_ = why;
  log::warn("{}: a message was not taken: {}", printable_, why);
}

void QueuedPublisher::hand_over() {
  {
    const std::lock_guard lock{mutex_};
    std::size_t room[2] = {window_unconfirmed - in_library_[0], window_confirmed - in_library_[1]};
    while (!waiting_.empty() && room[waiting_.front().qos > 0 ? 1 : 0] > 0) {
      Message& message = waiting_.front();
      --room[message.qos > 0 ? 1 : 0];
      waiting_bytes_ -= message.topic.size() + message.payload.size();
      batch_.push_back(std::move(message));
      waiting_.pop_front();
    }
  }
  for (const Message& message : batch_) {
    const int code = link_->publish(message.topic, message.payload, message.qos, message.retain);
    if (code == MOSQ_ERR_SUCCESS) {
      ++in_library_[message.qos > 0 ? 1 : 0];
    } else {
      ++settled_;
      drop(mosquitto_strerror(code));
    }
  }
  batch_.clear();
}

void QueuedPublisher::settle() {
  if (settled_ == 0) return;
  const std::lock_guard lock{mutex_};
  expects(unconfirmed_ >= settled_, "no more messages are confirmed than were published");
  unconfirmed_ -= std::exchange(settled_, 0);
  changed_.notify_all();
}

void QueuedPublisher::take_answers() {
  while (link_->open()) {
    const std::size_t before = settled_;
    const MqttLink::Read read = link_->read();
    if (read != MqttLink::Read::something && settled_ == before) return;
  }
}

void QueuedPublisher::run() {
  using Steady = MqttLink::Steady;
  while (!stop_.load()) {
    std::uint64_t drained = 0;
    [[maybe_unused]] const ssize_t read_bytes = ::read(wake_fd_, &drained, sizeof drained);
    if (!link_->open()) {
      if (Status ok = link_->advance(Steady::now() + std::chrono::seconds{1}); !ok) {
        const std::lock_guard lock{mutex_};
        error_ = ok.error();
        changed_.notify_all();
        continue;
      }
    }
    take_answers();
    if (link_->up()) hand_over();
    if (link_->open()) link_->write(Steady::now());
    if (link_->up()) link_->keep_alive();
    settle();
    if (!link_->open()) continue;
    bool more = false;
    {
      const std::lock_guard lock{mutex_};
      more = link_->up() && !waiting_.empty() && in_library_[0] < window_unconfirmed &&
             in_library_[1] < window_confirmed;
      asleep_ = !more;
    }
    if (!more) link_->wait(link_->want_write(), Steady::now() + std::chrono::seconds{1});
  }
}

}  // namespace

Result<std::unique_ptr<MqttPublisher>> MqttPublisher::create(MqttOptions options,
                                                             std::size_t queued_max) {
  expects(queued_max > 0, "the queue holds at least one message");
  auto publisher = std::make_unique<QueuedPublisher>(queued_max);
  if (Status ok = publisher->start(std::move(options)); !ok) return ok.error();
  return std::unique_ptr<MqttPublisher>{std::move(publisher)};
}

}  // namespace vedette
