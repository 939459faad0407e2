#include "net/mqtt_link.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "net/mqtt_reason.hpp"

namespace vedette {

namespace {

/// How long a broker may take to answer a connection attempt and then the CONNECT.
constexpr std::chrono::seconds patience{10};

void initialise_library() {
  static const int once = mosquitto_lib_init();
  static_cast<void>(once);
}

int timeout_ms(MqttLink::Steady::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - MqttLink::Steady::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

/// Reads a socket to its end, at most two seconds, and closes it.
void say_goodbye(int fd) {
  if (fd < 0) return;
  ::shutdown(fd, SHUT_WR);
  const auto until = MqttLink::Steady::now() + std::chrono::seconds{2};
  std::array<char, 65536> ignored{};
  pollfd ready{fd, POLLIN, 0};
  while (::poll(&ready, 1, timeout_ms(until)) > 0 &&
         ::recv(fd, ignored.data(), ignored.size(), MSG_DONTWAIT) > 0 &&
         MqttLink::Steady::now() < until) {
  }
  ::close(fd);
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

Status check(const LinkOptions& options) {
  const MqttOptions& mqtt = options.mqtt;
  if (!is_utf8(mqtt.client_id) || has_nul(mqtt.client_id) || mqtt.client_id.size() > 65'535) {
    return Error{Errc::malformed, "client id " + quoted(mqtt.client_id) + " is not MQTT text"};
  }
  if (mqtt.client_id.empty() && !options.clean_start) {
    return Error{Errc::malformed, "a session that outlives its connection needs a client id"};
  }
  if (mqtt.broker.host.empty() || mqtt.broker.port == 0 || has_nul(mqtt.broker.host)) {
    return Error{Errc::malformed, "the broker has no host or no port"};
  }
  if (mqtt.keep_alive.count() < 5 || mqtt.keep_alive.count() > 65'535) {
    return Error{Errc::out_of_range,
                 fmt::format("keep alive of {} s is not in 5..65535 s", mqtt.keep_alive.count())};
  }
  const auto expiry = options.session_expiry.count();
  if (expiry < 0 || expiry > std::numeric_limits<std::uint32_t>::max()) {
    return Error{Errc::out_of_range, fmt::format("session expiry of {} s is not 32 bits", expiry)};
  }
  if (options.receive_maximum == 0 || options.packet_bytes_max == 0) {
    return Error{Errc::out_of_range, "receive maximum and packet size must be above 0"};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<MqttLink>> MqttLink::create(LinkOptions options, MqttEvents& events,
                                                   std::uint64_t seed) {
  if (Status ok = check(options); !ok) return ok.error();
  initialise_library();
  std::unique_ptr<MqttLink> link{new MqttLink{std::move(options), events, seed}};
  if (Status ok = link->configure(); !ok) return ok.error();
  return link;
}

MqttLink::MqttLink(LinkOptions options, MqttEvents& events, std::uint64_t seed)
    : options_(std::move(options)), events_(events), backoff_(seed) {}

MqttLink::~MqttLink() {
  close_probe();
  if (client_ != nullptr && up() && !want_write()) {
    // Closing a socket with unread bytes resets the connection, and the broker would forget the
    // PUBACKs it had not read yet: a second descriptor stays until the broker has closed.
    const int fd = ::fcntl(mosquitto_socket(client_), F_DUPFD_CLOEXEC, 0);
    mosquitto_disconnect(client_);
    mosquitto_loop_write(client_, 1);
    say_goodbye(fd);
  }
  mosquitto_destroy(client_);
  mosquitto_property_free_all(&properties_);
}

Status MqttLink::configure() {
  const MqttOptions& mqtt = options_.mqtt;
  const char* id = mqtt.client_id.empty() ? nullptr : mqtt.client_id.c_str();
  client_ = mosquitto_new(id, options_.clean_start, this);
  if (client_ == nullptr) return Error{Errc::malformed, "client id " + quoted(mqtt.client_id)};
  mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
  mosquitto_int_option(client_, MOSQ_OPT_RECEIVE_MAXIMUM, options_.receive_maximum);
  mosquitto_int_option(client_, MOSQ_OPT_SEND_MAXIMUM, options_.send_maximum);
  // We coalesce by corking the socket around write(); Nagle would only delay the last segment.
  mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_threaded_set(client_, true);
  install_callbacks(client_);
  mosquitto_property_add_int32(&properties_, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
                               static_cast<std::uint32_t>(options_.session_expiry.count()));
  mosquitto_property_add_int32(&properties_, MQTT_PROP_MAXIMUM_PACKET_SIZE,
                               options_.packet_bytes_max);
  if (!mqtt.broker.user.empty() &&
      mosquitto_username_pw_set(client_, mqtt.broker.user.c_str(), mqtt.broker.password.c_str()) !=
          MOSQ_ERR_SUCCESS) {
    return Error{Errc::malformed, "user " + quoted(mqtt.broker.user) + " is not MQTT text"};
  }
  if (!mqtt.will_topic.empty() &&
      mosquitto_will_set_v5(client_, mqtt.will_topic.c_str(),
                            static_cast<int>(mqtt.will_payload.size()), mqtt.will_payload.data(), 1,
                            true, nullptr) != MOSQ_ERR_SUCCESS) {
    return Error{Errc::malformed, "last will topic " + quoted(mqtt.will_topic)};
  }
  return mqtt.broker.tls ? configure_tls() : Status{};
}

Status MqttLink::configure_tls() {
  const std::string& ca_file = options_.mqtt.ca_file;
  if (ca_file.empty()) {
    mosquitto_int_option(client_, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
    // Keeps what the first connection set up: libmosquitto 2.0.11 takes its own context of before
    // for one of ours that lacks a CA, and refuses every further connection.
    mosquitto_int_option(client_, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    return {};
  }
  if (mosquitto_tls_set(client_, ca_file.c_str(), nullptr, nullptr, nullptr, nullptr) !=
      MOSQ_ERR_SUCCESS) {
    return Error{Errc::malformed, ca_file + ": cannot be read as the broker's CA certificate"};
  }
  return {};
}

void MqttLink::install_callbacks(mosquitto* client) {
  mosquitto_connect_v5_callback_set(
      client, [](mosquitto*, void* self, int reason, int, const mosquitto_property*) {
        static_cast<MqttLink*>(self)->on_connack(reason);
      });
  mosquitto_disconnect_v5_callback_set(
      client, [](mosquitto*, void* self, int reason, const mosquitto_property*) {
        static_cast<MqttLink*>(self)->disconnect_reason_ = reason;
      });
  mosquitto_message_v5_callback_set(client, [](mosquitto*, void* self,
                                               const mosquitto_message* message,
                                               const mosquitto_property*) {
    static_cast<MqttLink*>(self)->events_.on_message(
        message->topic,
        {static_cast<const char*>(message->payload), static_cast<std::size_t>(message->payloadlen)},
        message->qos);
  });
  mosquitto_subscribe_v5_callback_set(client, [](mosquitto*, void* self, int, int count,
                                                 const int* codes, const mosquitto_property*) {
    static_cast<MqttLink*>(self)->events_.on_subscribed({codes, static_cast<std::size_t>(count)});
  });
  mosquitto_publish_v5_callback_set(
      client, [](mosquitto*, void* self, int, int reason, const mosquitto_property*) {
        auto* link = static_cast<MqttLink*>(self);
        link->events_.on_published(link->writing_, reason);
      });
}

void MqttLink::on_connack(int reason) {
  if (reason != 0) {
    refused_ = true;
    refusal_ = Error{is_final(reason) ? Errc::refused : Errc::unavailable, connack_text(reason)};
    return;
  }
  state_ = State::up;
  backoff_.reset();
  logged_.clear();
  // With a log callback the library would format a debug line for every message from here on.
  mosquitto_log_callback_set(client_, nullptr);
  log::info("{}: connected", printable());
  events_.on_up();
  // Ends the library's reading loop (see read()), so that what on_up() queued can leave before the
  // packets that came in the same TLS record.
  errno = EAGAIN;
}

// ---- connecting ---------------------------------------------------------------------------------

Status MqttLink::advance(Steady::time_point until) {
  if (state_ == State::pausing) {
    if (next_ > Steady::now()) {
      wait(false, std::min(next_, until));
      if (next_ > Steady::now()) return error_;
    }
    if (Status ok = start_probe(); !ok) return ok;
  }
  if (state_ == State::probing) {
    if (Status ok = finish_probe(until); !ok) return ok;
  }
  return {};
}

/// The library's own connect blocks for minutes when a broker's machine is silent, so we first try
/// the address with a socket of ours that does not block; it also tells the reason in errno.
Status MqttLink::start_probe() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const MqttUri& broker = options_.mqtt.broker;
  const int code =
      getaddrinfo(broker.host.c_str(), std::to_string(broker.port).c_str(), &hints, &found);
  if (code != 0) return failed(Errc::unavailable, in_sentence(gai_strerror(code)));
  int error_number = EADDRNOTAVAIL;
  for (const addrinfo* at = found; at != nullptr && probe_ < 0; at = at->ai_next) {
    probe_ = ::socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe_ < 0) continue;
    if (::connect(probe_, at->ai_addr, at->ai_addrlen) != 0 && errno != EINPROGRESS) {
      error_number = errno;
      close_probe();
    }
  }
  freeaddrinfo(found);
  if (probe_ < 0) return failed(Errc::unavailable, in_sentence(std::strerror(error_number)));
  state_ = State::probing;
  next_ = Steady::now() + patience;
  return {};
}

Status MqttLink::finish_probe(Steady::time_point until) {
  pollfd ready{probe_, POLLOUT, 0};
  if (::poll(&ready, 1, timeout_ms(std::min(until, next_))) <= 0) {
    if (Steady::now() >= next_) return failed(Errc::unavailable, "no answer");
    return Error{Errc::unavailable, printable() + ": connecting"};
  }
  int error_number = 0;
  socklen_t size = sizeof error_number;
  ::getsockopt(probe_, SOL_SOCKET, SO_ERROR, &error_number, &size);
  close_probe();
  if (error_number != 0) return failed(Errc::unavailable, in_sentence(std::strerror(error_number)));
  return join();
}

Status MqttLink::join() {
  refused_ = false;
  disconnect_reason_ = 0;
  library_error_.clear();
  mosquitto_log_callback_set(client_, [](mosquitto*, void* self, int level, const char* line) {
    if (level == MOSQ_LOG_ERR) static_cast<MqttLink*>(self)->library_error_ = line;
  });
  const MqttOptions& mqtt = options_.mqtt;
  const int code =
      mosquitto_connect_bind_v5(client_, mqtt.broker.host.c_str(), mqtt.broker.port,
                                static_cast<int>(mqtt.keep_alive.count()), nullptr, properties_);
  if (code != MOSQ_ERR_SUCCESS) {
    lost(code, errno);
    return error_;
  }
  state_ = State::joining;
  next_ = Steady::now() + patience;
  return {};
}

bool MqttLink::joining_too_long() {
  if (state_ != State::joining) return false;
  // A broker that closes in the middle of a TLS handshake is not noticed by the library.
  char byte = 0;
  const bool closed = ::recv(mosquitto_socket(client_), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  if (!closed && Steady::now() < next_) return false;
  failed(Errc::unavailable, closed ? "closed the connection" : "does not answer as an MQTT broker");
  return true;
}

void MqttLink::close_probe() {
  if (probe_ >= 0) ::close(probe_);
  probe_ = -1;
}

// ---- losing -------------------------------------------------------------------------------------

void MqttLink::fail(Errc code, std::string_view reason) {
  failed(code, reason);
}

Error MqttLink::failed(Errc code, std::string_view reason) {
  const bool was_open = open();
  close_probe();
  // The library has no call that closes without writing its queue first; the next connect closes
  // this socket and forgets the queue. Until then nobody reads or writes it.
  if (const int fd = mosquitto_socket(client_); fd >= 0) ::shutdown(fd, SHUT_RDWR);
  state_ = State::pausing;
  const auto pause =
      code == Errc::refused
          ? std::chrono::milliseconds{static_cast<std::int64_t>(Backoff::pause_max_ms)}
          : backoff_.next();
  next_ = Steady::now() + pause;
  error_ = Error{code, fmt::format("{}: {}", printable(), reason)};
  if (logged_ != error_.message) {
    logged_ = error_.message;
    log::warn("{}; trying again in {} s", error_.message,
              std::chrono::ceil<std::chrono::seconds>(pause).count());
  }
  if (was_open) events_.on_down();
  return error_;
}

MqttLink::Read MqttLink::lost(int code, int error_number) {
  if (refused_) {
    failed(refusal_.code, refusal_.message);
  } else if (disconnect_reason_ >= 0x80) {
    failed(Errc::unavailable, in_sentence(mosquitto_reason_string(disconnect_reason_)));
  } else if (code == MOSQ_ERR_ERRNO && error_number != 0) {
    failed(Errc::unavailable, in_sentence(std::strerror(error_number)));
  } else if (code == MOSQ_ERR_TLS && !library_error_.empty()) {
    failed(Errc::unavailable, tls_text(library_error_, options_.mqtt.ca_file));
  } else if (code == MOSQ_ERR_SUCCESS || code == MOSQ_ERR_CONN_LOST) {
    failed(Errc::unavailable, "connection lost");
  } else {
    failed(Errc::unavailable, in_sentence(mosquitto_strerror(code)));
  }
  return Read::lost;
}

// ---- the socket ---------------------------------------------------------------------------------

MqttLink::Read MqttLink::read() {
  if (joining_too_long()) return Read::lost;
  const bool was_up = up();
  errno = 0;
  const int code = mosquitto_loop_read(client_, 1);
  const int error_number = errno;
  if (code != MOSQ_ERR_SUCCESS || mosquitto_socket(client_) < 0) return lost(code, error_number);
  return error_number == EAGAIN && was_up == up() ? Read::nothing : Read::something;
}

bool MqttLink::want_write() const {
  return mosquitto_want_write(client_);
}

bool MqttLink::write(Steady::time_point until) {
  if (!want_write()) return true;
  // The library sends every packet by a call of its own; corked, two thousand PUBACKs of four bytes
  // leave in one segment and wake the broker once.
  const int fd = mosquitto_socket(client_);
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
  writing_ = true;
  int code = MOSQ_ERR_SUCCESS;
  int error_number = 0;
  for (;;) {
    errno = 0;
    code = mosquitto_loop_write(client_, 1);
    error_number = errno;
    if (code != MOSQ_ERR_SUCCESS || mosquitto_socket(client_) < 0) break;
    if (!want_write() || Steady::now() >= until) break;
    pollfd ready{fd, POLLOUT, 0};
    ::poll(&ready, 1, timeout_ms(until));
  }
  writing_ = false;
  if (code != MOSQ_ERR_SUCCESS || mosquitto_socket(client_) < 0) {
    return lost(code, error_number), false;
  }
  ::setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
  return true;
}

bool MqttLink::keep_alive() {
  const int code = mosquitto_loop_misc(client_);
  if (code == MOSQ_ERR_SUCCESS && mosquitto_socket(client_) >= 0) return true;
  return lost(code, 0), false;
}

void MqttLink::wait(bool for_write, Steady::time_point until) {
  std::array<pollfd, 2> ready{};
  ready[0].fd = open() ? mosquitto_socket(client_) : -1;
  ready[0].events = static_cast<short>(for_write ? POLLIN | POLLOUT : POLLIN);
  ready[1] = {options_.wake_fd, POLLIN, 0};
  ::poll(ready.data(), ready.size(), timeout_ms(until));
}

bool MqttLink::subscribe(const std::vector<std::string>& filters, int qos) {
  std::vector<char*> names;
  for (const std::string& filter : filters) names.push_back(const_cast<char*>(filter.c_str()));
  return mosquitto_subscribe_multiple(client_, nullptr, static_cast<int>(names.size()),
                                      names.data(), qos, 0, nullptr) == MOSQ_ERR_SUCCESS;
}

int MqttLink::publish(const std::string& topic, std::string_view payload, int qos, bool retain) {
  return mosquitto_publish_v5(client_, nullptr, topic.c_str(), static_cast<int>(payload.size()),
                              payload.data(), qos, retain, nullptr);
}

}  // namespace vedette
