#include "net/mqtt_crowd_shard.hpp"

#include <fmt/format.h>
#include <linux/close_range.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "base/expects.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "net/mqtt_reason.hpp"

namespace vedette {

namespace {

/// How long a broker may take from the first packet to its CONNACK.
constexpr std::chrono::seconds patience{10};
/// Connections that wait for their CONNACK; a listen queue is rarely shorter than 100.
constexpr std::size_t joining_max = 64;
/// How often pauses and patience are looked at, and keep-alives.
constexpr std::chrono::milliseconds look_every{50};
constexpr std::chrono::seconds keep_alive_every{1};
/// Thousands fail for two reasons in turn: a line each would be thousands of lines.
constexpr std::chrono::seconds log_every{5};
/// Messages given to the library between two looks at the sockets.
constexpr std::size_t batch_max = 2'000;
constexpr std::uint32_t wake_event = std::numeric_limits<std::uint32_t>::max();
constexpr std::string_view online = R"({"online":true})";
constexpr std::string_view offline = R"({"online":false})";

}  // namespace

CrowdShard::CrowdShard(CrowdShared& shared, std::size_t first, std::size_t count)
    : shared_(shared), first_(first) {
  members_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    // The pauses of the connections differ, or all would come back in the same second.
    members_.emplace_back(first + i);
    members_.back().shard = this;
  }
}

Status CrowdShard::start() {
  wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_ < 0) return Error{Errc::io, "no file descriptor is left for MQTT connections"};
  // The first client tells whether the options are such that a broker could take them.
  if (Status fine = make_client(members_.front()); !fine) return fine;
  mosquitto_destroy(std::exchange(members_.front().client, nullptr));
  thread_ = std::thread([this] { run(); });
  return {};
}

CrowdShard::~CrowdShard() {
  stop_.store(true);
  if (wake_ >= 0) wake();
  if (thread_.joinable()) {
    thread_.join();  // which destroys the clients: their descriptors are its own
  } else {
    for (Member& member : members_) mosquitto_destroy(member.client);
  }
  if (wake_ >= 0) ::close(wake_);
}

void CrowdShard::wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is awake already.
  [[maybe_unused]] const ssize_t done = ::write(wake_, &one, sizeof one);
}

void CrowdShard::push(Message message) {
  waiting_.push_back(std::move(message));
  if (std::exchange(asleep_, false)) wake();
}

// ---- the thread ---------------------------------------------------------------------------------

/// See MqttCrowd: from here on this thread's descriptors are its own, and those of the rest of the
/// process (which would stay open here when closed there) are gone.
bool CrowdShard::leave_descriptor_table() {
  const auto keep = static_cast<unsigned>(wake_);
  return ::close_range(keep + 1, ~0U, CLOSE_RANGE_UNSHARE) == 0 &&
         (keep <= 3 || ::close_range(3, keep - 1, 0) == 0);
}

void CrowdShard::run() {
  if (!leave_descriptor_table()) {
    const std::lock_guard lock{shared_.mutex};
    shared_.error = Error{Errc::refused, fmt::format("the system gives no thread descriptors of "
                                                     "its own: {}",
                                                     std::strerror(errno))};
    shared_.changed.notify_all();
    return;
  }
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{EPOLLIN, {.u32 = wake_event}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    to_connect_.push_back(static_cast<std::uint32_t>(i));
    members_[i].state = State::queued;
  }
  std::array<epoll_event, 512> events{};
  while (!stop_.load()) {
    const Steady::time_point now = Steady::now();
    if (now >= looked_ + look_every) look_around(now);
    connect_some();
    hand_over();
    write_dirty();
    settle();
    bool more = false;
    {
      const std::lock_guard lock{shared_.mutex};
      more = !waiting_.empty();
      asleep_ = !more;
    }
    if (!to_connect_.empty() && joining_ < joining_max) more = true;
    const int timeout = more ? 0 : static_cast<int>(look_every.count());
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < count; ++i) {
      const epoll_event& ready = events[static_cast<std::size_t>(i)];
      if (ready.data.u32 == wake_event) {
        std::uint64_t drained = 0;
        [[maybe_unused]] const ssize_t got = ::read(wake_, &drained, sizeof drained);
        continue;
      }
      Member& member = members_[ready.data.u32];
      if ((ready.events & EPOLLOUT) != 0) mark(member);
      if ((ready.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) read(member);
    }
  }
  say_goodbye();
  ::close(epoll_);
}

void CrowdShard::look_around(Steady::time_point now) {
  looked_ = now;
  const bool keep_alive = now >= kept_alive_ + keep_alive_every;
  if (keep_alive) kept_alive_ = now;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    if (member.state == State::pausing && now >= member.next) {
      member.state = State::queued;
      to_connect_.push_back(static_cast<std::uint32_t>(i));
    } else if (member.state == State::joining && now >= member.next) {
      pause(member, Errc::unavailable, "does not answer as an MQTT broker");
    } else if (member.state == State::up && keep_alive) {
      const int code = mosquitto_loop_misc(member.client);
      if (code != MOSQ_ERR_SUCCESS) {
        lost(member, code, 0);
      } else if (mosquitto_want_write(member.client)) {
        mark(member);
      }
    }
  }
}

void CrowdShard::connect_some() {
  // With TLS a client first loads the CA's certificate, and all of them from the system's store:
  // the others must not wait for that.
  const Steady::time_point until = Steady::now() + std::chrono::milliseconds{20};
  while (!to_connect_.empty() && joining_ < joining_max && Steady::now() < until) {
    Member& member = members_[to_connect_.front()];
    to_connect_.pop_front();
    connect(member);
  }
}

Status CrowdShard::make_client(Member& member) {
  const MqttOptions& mqtt = shared_.options.connection;
  const std::string id = mqtt.client_id + "-" + name_of(member);
  member.client = mosquitto_new(id.c_str(), true, &member);
  if (member.client == nullptr) return Error{Errc::malformed, "client id " + quoted(id)};
  mosquitto* const client = member.client;
  mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
  mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_threaded_set(client, true);  // nothing leaves but by mosquitto_loop_write()
  install_callbacks(client);
  if (!mqtt.broker.user.empty() &&
      mosquitto_username_pw_set(client, mqtt.broker.user.c_str(), mqtt.broker.password.c_str()) !=
          MOSQ_ERR_SUCCESS) {
    return Error{Errc::malformed, "user " + quoted(mqtt.broker.user) + " is not MQTT text"};
  }
  if (!shared_.options.status_folder.empty() &&
      mosquitto_will_set(client, status_topic(member).c_str(), static_cast<int>(offline.size()),
                         offline.data(), 1, true) != MOSQ_ERR_SUCCESS) {
    return Error{Errc::malformed, "last will topic " + quoted(status_topic(member))};
  }
  if (!mqtt.broker.tls) return {};
  if (mqtt.ca_file.empty()) {
    mosquitto_int_option(client, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
    // Keeps what the first connection set up: libmosquitto 2.0.11 takes its own context of before
    // for one of ours that lacks a CA, and refuses every further connection.
    mosquitto_int_option(client, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
  } else if (mosquitto_tls_set(client, mqtt.ca_file.c_str(), nullptr, nullptr, nullptr, nullptr) !=
             MOSQ_ERR_SUCCESS) {
    return Error{Errc::malformed, mqtt.ca_file + ": cannot be read as the broker's CA certificate"};
  }
  return {};
}

void CrowdShard::connect(Member& member) {
  ++joining_;
  member.state = State::joining;
  member.next = Steady::now() + patience;
  member.refusal = 0;
  library_error_.clear();
  if (member.client == nullptr) {
    if (const Status made = make_client(member); !made) {
      return pause(member, made.error().code, made.error().message);
    }
  }
  mosquitto_log_callback_set(member.client,
                             [](mosquitto*, void* self, int level, const char* line) {
                               if (level == MOSQ_LOG_ERR)
                                 static_cast<Member*>(self)->shard->library_error_ = line;
                             });
  const MqttOptions& mqtt = shared_.options.connection;
  errno = 0;
  const int code =
      mosquitto_connect_bind_async(member.client, mqtt.broker.host.c_str(), mqtt.broker.port,
                                   static_cast<int>(mqtt.keep_alive.count()), nullptr);
  if (code != MOSQ_ERR_SUCCESS) return lost(member, code, errno);
  epoll_event event{EPOLLIN | EPOLLOUT, {.u32 = static_cast<std::uint32_t>(index_of(member))}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, mosquitto_socket(member.client), &event) != 0) {
    return lost(member, MOSQ_ERR_ERRNO, errno);
  }
  member.asks_to_write = true;
}

// ---- messages -----------------------------------------------------------------------------------

void CrowdShard::hand_over() {
  {
    const std::lock_guard lock{shared_.mutex};
    for (std::size_t i = 0; i < batch_max && !waiting_.empty(); ++i) {
      batch_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }
  for (Message& message : batch_) {
    Member& member = members_[message.member];
    if (member.state == State::up) {
      give(member, message);
    } else {
      member.held.push_back(std::move(message));
    }
  }
  batch_.clear();
}

void CrowdShard::give(Member& member, const Message& message) {
  given_bytes_ += message.topic.size() + message.payload.size();
  const int code = mosquitto_publish(member.client, nullptr, message.topic.c_str(),
                                     static_cast<int>(message.payload.size()),
                                     message.payload.data(), message.qos, message.retain);
  if (code != MOSQ_ERR_SUCCESS) {
    ++settled_;
    log::warn("{}: a message was not taken: {}", shared_.options.connection.broker.printable(),
              mosquitto_strerror(code));
    return;
  }
  ++member.in_library[message.qos > 0 ? 1 : 0];
  mark(member);
}

void CrowdShard::mark(Member& member) {
  if (std::exchange(member.dirty, true)) return;
  dirty_.push_back(static_cast<std::uint32_t>(index_of(member)));
}

void CrowdShard::write_dirty() {
  // Writing may lose a connection, never mark one.
  for (const std::uint32_t index : dirty_) {
    members_[index].dirty = false;
    write(members_[index]);
  }
  dirty_.clear();
}

void CrowdShard::write(Member& member) {
  if (member.state != State::joining && member.state != State::up) return;
  writing_ = true;
  errno = 0;
  const int code = mosquitto_loop_write(member.client, 1);
  const int error_number = errno;
  writing_ = false;
  if (code != MOSQ_ERR_SUCCESS || mosquitto_socket(member.client) < 0) {
    return lost(member, code, error_number);
  }
  ask(member, mosquitto_want_write(member.client));
}

void CrowdShard::ask(Member& member, bool to_write) {
  if (member.asks_to_write == to_write) return;
  member.asks_to_write = to_write;
  epoll_event event{EPOLLIN | (to_write ? EPOLLOUT : 0U),
                    {.u32 = static_cast<std::uint32_t>(index_of(member))}};
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, mosquitto_socket(member.client), &event);
}

void CrowdShard::read(Member& member) {
  if (member.state != State::joining && member.state != State::up) return;
  // A connection that was refused tells so once, and the library would not pass it on.
  int refused = 0;
  socklen_t size = sizeof refused;
  if (member.state == State::joining) {
    const int fd = mosquitto_socket(member.client);
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &refused, &size);
    if (refused != 0) return lost(member, MOSQ_ERR_ERRNO, refused);
    // A broker that closes in the middle of a TLS handshake is not noticed by the library.
    char byte = 0;
    if (::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
      return pause(member, Errc::unavailable, "closed the connection");
    }
  }
  errno = 0;
  const int code = mosquitto_loop_read(member.client, 1);
  const int error_number = errno;
  if (code != MOSQ_ERR_SUCCESS || mosquitto_socket(member.client) < 0) {
    return lost(member, code, error_number);
  }
  // A PUBREL, or a window that opened: the library has something to say.
  if (mosquitto_want_write(member.client)) mark(member);
}

void CrowdShard::settle() {
  if (settled_ == 0 && given_bytes_ == 0) return;
  const std::lock_guard lock{shared_.mutex};
  shared_.queued_bytes -= std::exchange(given_bytes_, 0);
  expects(shared_.unconfirmed >= settled_, "no more messages are confirmed than were published");
  shared_.unconfirmed -= std::exchange(settled_, 0);
  shared_.changed.notify_all();
}

// ---- coming and going ---------------------------------------------------------------------------

void CrowdShard::install_callbacks(mosquitto* client) {
  mosquitto_connect_v5_callback_set(
      client, [](mosquitto*, void* self, int reason, int, const mosquitto_property*) {
        auto* const member = static_cast<Member*>(self);
        member->shard->on_connack(*member, reason);
      });
  mosquitto_publish_v5_callback_set(
      client, [](mosquitto*, void* self, int id, int reason, const mosquitto_property*) {
        auto* const member = static_cast<Member*>(self);
        member->shard->on_published(*member, id, reason);
      });
}

void CrowdShard::on_connack(Member& member, int reason) {
  if (reason != 0) {
    member.refusal = reason;
  } else {
    came_up(member);
  }
}

void CrowdShard::came_up(Member& member) {
  --joining_;
  member.state = State::up;
  member.backoff.reset();
  // With a log callback the library would format a debug line for every message from here on.
  mosquitto_log_callback_set(member.client, nullptr);
  tell_status(member);
  for (const Message& message : member.held) give(member, message);
  std::vector<Message>{}.swap(member.held);
  mark(member);
  const std::size_t up = shared_.up.fetch_add(1) + 1;
  const std::lock_guard lock{shared_.mutex};
  if (up == shared_.options.names.size()) {
    shared_.logged.clear();
    log::info("{}: {} connections", shared_.options.connection.broker.printable(), up);
  }
  shared_.changed.notify_all();
}

void CrowdShard::tell_status(Member& member) {
  // One that is still unconfirmed is repeated by the library.
  if (shared_.options.status_folder.empty() || member.status_id >= 0) return;
  int id = 0;
  if (mosquitto_publish(member.client, &id, status_topic(member).c_str(),
                        static_cast<int>(online.size()), online.data(), 1,
                        true) == MOSQ_ERR_SUCCESS) {
    member.status_id = id;
  }
}

void CrowdShard::on_published(Member& member, int id, int reason) {
  if (!writing_ && id == member.status_id) {
    member.status_id = -1;
    return;
  }
  std::uint32_t& count = member.in_library[writing_ ? 0 : 1];
  if (count == 0) return;
  --count;
  ++settled_;
  if (!writing_ && reason >= 0x80) {
    log::warn("{}: a message was not taken: {}", shared_.options.connection.broker.printable(),
              mosquitto_reason_string(reason));
  }
}

void CrowdShard::lost(Member& member, int code, int error_number) {
  if (member.refusal != 0) {
    pause(member, is_final(member.refusal) ? Errc::refused : Errc::unavailable,
          connack_text(member.refusal));
  } else if (code == MOSQ_ERR_ERRNO && error_number != 0) {
    pause(member, Errc::unavailable, in_sentence(std::strerror(error_number)));
  } else if (code == MOSQ_ERR_TLS && !library_error_.empty()) {
    pause(member, Errc::unavailable, tls_text(library_error_, shared_.options.connection.ca_file));
  } else if (code == MOSQ_ERR_SUCCESS || code == MOSQ_ERR_CONN_LOST) {
    pause(member, Errc::unavailable, "connection lost");
  } else {
    pause(member, Errc::unavailable, in_sentence(mosquitto_strerror(code)));
  }
}

void CrowdShard::pause(Member& member, Errc code, const std::string& reason) {
  if (member.state == State::joining) --joining_;
  if (member.state == State::up) shared_.up.fetch_sub(1);
  // The next connect closes this socket and forgets the library's queue.
  if (const int fd = member.client == nullptr ? -1 : mosquitto_socket(member.client); fd >= 0) {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    ::shutdown(fd, SHUT_RDWR);
  }
  member.state = State::pausing;
  member.asks_to_write = false;
  settled_ += std::exchange(member.in_library[0], 0);
  const auto length =
      code == Errc::refused
          ? std::chrono::milliseconds{static_cast<std::int64_t>(Backoff::pause_max_ms)}
          : member.backoff.next();
  member.next = Steady::now() + length;
  const std::lock_guard lock{shared_.mutex};
  shared_.error =
      Error{code, fmt::format("{}: {}", shared_.options.connection.broker.printable(), reason)};
  const Steady::time_point now = Steady::now();
  if (shared_.logged != shared_.error.message && now >= shared_.logged_at + log_every) {
    shared_.logged = shared_.error.message;
    shared_.logged_at = now;
    log::warn("{}; connection {} and maybe others try again", shared_.error.message,
              quoted(name_of(member)));
  }
  shared_.changed.notify_all();
}

void CrowdShard::say_goodbye() {
  for (Member& member : members_) {
    if (member.client == nullptr) continue;
    if (member.state == State::up && !mosquitto_want_write(member.client)) {
      // With its will: the broker itself then says that the device is gone.
      mosquitto_disconnect_v5(member.client, MQTT_RC_DISCONNECT_WITH_WILL_MSG, nullptr);
      mosquitto_loop_write(member.client, 1);
    }
    mosquitto_destroy(member.client);
  }
}

std::size_t CrowdShard::index_of(const Member& member) const {
  return static_cast<std::size_t>(&member - members_.data());
}

const std::string& CrowdShard::name_of(const Member& member) const {
  return shared_.options.names[first_ + index_of(member)];
}

std::string CrowdShard::status_topic(const Member& member) const {
  return shared_.options.status_folder + "/" + name_of(member) + "/status";
}

}  // namespace vedette
