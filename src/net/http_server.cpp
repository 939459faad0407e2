/// One request walks: headers → may it have a body? → body → handler → answer. libmicrohttpd calls
/// on_access() for each of these; Exchange is what we keep between the calls.
#include "net/http_server.hpp"

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <thread>
#include <unordered_set>

#include "base/expects.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "net/http_server_listen.hpp"
#include "net/http_server_stream.hpp"

namespace vedette {

namespace {

using Steady = std::chrono::steady_clock;

/// A refused body up to this size is still read, so that the client gets to see our answer instead
/// of a reset connection.
constexpr std::size_t drained_bytes_max = std::size_t{1} << 20U;

constexpr std::array<std::pair<const char*, const char*>, 4> security_headers{{
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy",
     "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
     "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"},
}};

/// One client connection, for the deadlines that libmicrohttpd does not know: its own timeout
/// starts anew with every byte, so a byte a minute would hold a connection for ever.
struct Peer {
  enum class Phase { idle, receiving, answering };
  int fd = -1;
  Phase phase = Phase::idle;
  Steady::time_point since;
};

/// One request.
struct Exchange {
  HttpRequest request;
  Peer* peer = nullptr;
  bool head = false;
  std::size_t body_bytes_max = 0;
  std::size_t reserved = 0;  // of the server's bodies_bytes_max
  std::size_t drained = 0;
  std::optional<HttpResponse> refusal;  // decided before the handler's turn
  std::shared_ptr<EventStream> stream;
};

bool valid_pair(const std::string& certificate, const std::string& key) {
  const auto datum = [](const std::string& text) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    return gnutls_datum_t{const_cast<unsigned char*>(bytes), static_cast<unsigned>(text.size())};
  };
  gnutls_certificate_credentials_t credentials = nullptr;
  if (gnutls_certificate_allocate_credentials(&credentials) < 0) return false;
  const gnutls_datum_t certificate_datum = datum(certificate);
  const gnutls_datum_t key_datum = datum(key);
  const int done = gnutls_certificate_set_x509_key_mem(credentials, &certificate_datum, &key_datum,
                                                       GNUTLS_X509_FMT_PEM);
  gnutls_certificate_free_credentials(credentials);
  return done >= 0;
}

class Microhttpd final : public HttpServer {
 public:
  Microhttpd(HttpOptions options, Handler handler, BodyLimit body_limit)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        body_limit_(std::move(body_limit)) {}
  ~Microhttpd() override;

  Status open();
  std::uint16_t port() const override { return listener_.port; }

 private:
  Status load_certificate();
  MHD_Daemon* start_daemon();
  void keep_time(const std::stop_token& stop);
  void close_overdue();

  MHD_Result access(MHD_Connection* connection, const char* url, const char* method,
                    const char* upload, std::size_t* upload_size, void** state);
  MHD_Result begin(MHD_Connection* connection, const char* url, const char* method, void** state);
  MHD_Result receive(Exchange& exchange, std::string_view part);
  bool reserve(Exchange& exchange, std::size_t bytes);
  MHD_Result answer(MHD_Connection* connection, Exchange& exchange);
  HttpResponse ask_handler(const Exchange& exchange) const;
  MHD_Result queue(MHD_Connection* connection, Exchange& exchange, HttpResponse response);
  MHD_Response* make_stream(MHD_Connection* connection, Exchange& exchange, HttpResponse& response);
  void finish(Exchange& exchange);
  void enter(Peer* peer, Peer::Phase phase);

  static MHD_Result on_access(void* cls, MHD_Connection* connection, const char* url,
                              const char* method, const char* version, const char* upload,
                              std::size_t* upload_size, void** state);
  static void on_completed(void* cls, MHD_Connection* connection, void** state,
                           MHD_RequestTerminationCode code);
  static void on_connection(void* cls, MHD_Connection* connection, void** context,
                            MHD_ConnectionNotificationCode code);

  HttpOptions options_;
  Handler handler_;
  BodyLimit body_limit_;
  std::string certificate_;
  std::string key_;
  Listener listener_;
  EventStreams streams_;
  std::mutex peers_mutex_;
  std::unordered_set<Peer*> peers_;
  std::atomic<std::size_t> bodies_bytes_{0};
  MHD_Daemon* daemon_ = nullptr;
  std::jthread timekeeper_;
};

// ---- starting and stopping ----

void write_log(void*, const char* format, va_list arguments) {
  std::array<char, 512> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string_view text = line.data();
  while (text.ends_with('\n')) text.remove_suffix(1);
  // Peers cause these lines (resets, garbage), so they must not be able to fill the log.
  log::write(log::Level::debug, "http: " + std::string{text});
}

/// Left as it is: we decode ourselves, to refuse broken escapes instead of passing them through.
std::size_t leave_escaped(void*, MHD_Connection*, char* text) {
  return std::char_traits<char>::length(text);
}

Status Microhttpd::load_certificate() {
  if (options_.certificate_file.empty() && options_.key_file.empty()) return {};
  if (options_.certificate_file.empty() || options_.key_file.empty()) {
    return Error{Errc::malformed, "TLS needs both a certificate file and a key file"};
  }
  const auto certificate = MappedFile::open(options_.certificate_file);
  if (!certificate) return certificate.error();
  const auto key = MappedFile::open(options_.key_file);
  if (!key) return key.error();
  certificate_ = certificate->text();
  key_ = key->text();
  if (valid_pair(certificate_, key_)) return {};
  return Error{Errc::malformed, options_.certificate_file + " and " + options_.key_file +
                                    " are not a PEM certificate and its key"};
}

MHD_Daemon* Microhttpd::start_daemon() {
  const bool tls = !certificate_.empty();
  unsigned flags =
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
  if (tls) flags |= MHD_USE_TLS;
  if (listener_.ipv6) flags |= MHD_USE_DUAL_STACK;
  std::vector<MHD_OptionItem> more;
  if (options_.threads > 1)
    more.push_back({MHD_OPTION_THREAD_POOL_SIZE, options_.threads, nullptr});
  if (tls) {
    more.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, certificate_.data()});
    more.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, key_.data()});
  }
  more.push_back({MHD_OPTION_END, 0, nullptr});
  return MHD_start_daemon(flags, listener_.port, nullptr, nullptr, &on_access, this,  //
                          MHD_OPTION_EXTERNAL_LOGGER, &write_log, nullptr,            //
                          MHD_OPTION_LISTEN_SOCKET, listener_.fd,                     //
                          MHD_OPTION_CONNECTION_LIMIT, options_.connections_max,      //
                          MHD_OPTION_PER_IP_CONNECTION_LIMIT, options_.connections_per_address_max,
                          MHD_OPTION_CONNECTION_TIMEOUT,
                          static_cast<unsigned>(options_.idle_timeout.count()),
                          MHD_OPTION_UNESCAPE_CALLBACK, &leave_escaped, nullptr,  //
                          MHD_OPTION_NOTIFY_COMPLETED, &on_completed, this,       //
                          MHD_OPTION_NOTIFY_CONNECTION, &on_connection, this,     //
                          MHD_OPTION_STRICT_FOR_CLIENT, 1,                        //
                          MHD_OPTION_ARRAY, more.data(), MHD_OPTION_END);
}

Status Microhttpd::open() {
  expects(options_.threads > 0, "a server has at least one thread");
  if (Status loaded = load_certificate(); !loaded) return loaded;
  auto listener = listen_on(options_.address, options_.port);
  if (!listener) return listener.error();
  listener_ = *listener;
  daemon_ = start_daemon();
  if (daemon_ == nullptr) {
    close(listener_.fd);
    return Error{Errc::io, "the HTTP server did not start on " + options_.address + " port " +
                               std::to_string(listener_.port)};
  }
  timekeeper_ = std::jthread{[this](const std::stop_token& stop) { keep_time(stop); }};
  return {};
}

Microhttpd::~Microhttpd() {
  timekeeper_ = {};
  if (daemon_ == nullptr) return;
  // The library must not be stopped with sleeping streams: they are ended and woken first, and
  // none can begin any more.
  streams_.end_all();
  MHD_stop_daemon(daemon_);  // joins its threads, closes every connection and the listener
}

void Microhttpd::keep_time(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any pause;
  auto next_beat = Steady::now() + options_.heartbeat;
  std::unique_lock lock{mutex};
  while (!stop.stop_requested()) {
    pause.wait_for(lock, stop, std::chrono::seconds{1}, [] { return false; });
    close_overdue();
    if (Steady::now() < next_beat) continue;
    next_beat += options_.heartbeat;
    streams_.beat_all();
  }
}

void Microhttpd::close_overdue() {
  const auto now = Steady::now();
  const std::lock_guard lock{peers_mutex_};
  for (const Peer* peer : peers_) {
    const bool overdue =
        (peer->phase == Peer::Phase::idle && now - peer->since > options_.idle_timeout) ||
        (peer->phase == Peer::Phase::receiving && now - peer->since > options_.body_timeout);
    // The descriptor is still open: on_connection() takes the peer out under this lock first.
    if (overdue) shutdown(peer->fd, SHUT_RDWR);
  }
}

void Microhttpd::enter(Peer* peer, Peer::Phase phase) {
  if (peer == nullptr) return;
  const std::lock_guard lock{peers_mutex_};
  peer->phase = phase;
  peer->since = Steady::now();
}

void Microhttpd::on_connection(void* cls, MHD_Connection* connection, void** context,
                               MHD_ConnectionNotificationCode code) {
  auto& self = *static_cast<Microhttpd*>(cls);
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    auto peer = std::make_unique<Peer>();
    peer->fd = info == nullptr ? -1 : info->connect_fd;
    peer->since = Steady::now();
    const std::lock_guard lock{self.peers_mutex_};
    self.peers_.insert(peer.get());
    *context = peer.release();
  } else {
    const std::unique_ptr<Peer> peer{static_cast<Peer*>(*context)};
    const std::lock_guard lock{self.peers_mutex_};
    self.peers_.erase(peer.get());
  }
}

// ---- one request ----

MHD_Result Microhttpd::on_access(void* cls, MHD_Connection* connection, const char* url,
                                 const char* method, const char*, const char* upload,
                                 std::size_t* upload_size, void** state) {
  try {
    return static_cast<Microhttpd*>(cls)->access(connection, url, method, upload, upload_size,
                                                 state);
  } catch (const std::exception& error) {
    log::error("http: {} {}: {}", method, quoted(url), error.what());
    return MHD_NO;  // out of memory while receiving: the connection is closed
  }
}

MHD_Result Microhttpd::access(MHD_Connection* connection, const char* url, const char* method,
                              const char* upload, std::size_t* upload_size, void** state) {
  if (*state == nullptr) return begin(connection, url, method, state);
  Exchange& exchange = *static_cast<Exchange*>(*state);
  if (*upload_size == 0) return answer(connection, exchange);
  const std::string_view part{upload, *upload_size};
  *upload_size = 0;
  return receive(exchange, part);
}

namespace {

struct Collected {
  std::map<std::string, std::string, std::less<>>* into;
  bool lower_names;
  bool decode;
  std::optional<Error> broken;
};

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

MHD_Result collect(void* cls, MHD_ValueKind, const char* name, std::size_t name_size,
                   const char* value, std::size_t value_size) {
  auto& collected = *static_cast<Collected*>(cls);
  std::string_view raw_name{name, name_size};
  std::string_view raw_value = value == nullptr ? "" : std::string_view{value, value_size};
  if (!collected.decode) {
    (*collected.into)[collected.lower_names ? lower(raw_name) : std::string{raw_name}] = raw_value;
    return MHD_YES;
  }
  // The library has already turned "+" into a blank.
  auto decoded_name = percent_decoded(raw_name);
  auto decoded_value = percent_decoded(raw_value);
  if (!decoded_name || !decoded_value) {
    collected.broken = (decoded_name ? decoded_value : decoded_name).error();
    return MHD_NO;
  }
  (*collected.into)[*decoded_name] = std::move(*decoded_value);
  return MHD_YES;
}

/// @return malformed when the path or the query is not percent-encoded UTF-8.
Status fill_request(HttpRequest& request, MHD_Connection* connection, const char* url) {
  Collected headers{&request.headers, true, false, {}};
  Collected cookies{&request.cookies, false, false, {}};
  Collected query{&request.query, false, true, {}};
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, &collect, &headers);
  MHD_get_connection_values_n(connection, MHD_COOKIE_KIND, &collect, &cookies);
  MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, &collect, &query);
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  request.peer = address_text(info == nullptr ? nullptr : info->client_addr);
  auto path = percent_decoded(url);
  if (!path) return Error{Errc::malformed, "path " + path.error().message};
  request.path = std::move(*path);
  if (query.broken) return Error{Errc::malformed, "query " + query.broken->message};
  return {};
}

HttpResponse too_large(std::size_t bytes_max) {
  return http_problem(413, "the body is larger than " + std::to_string(bytes_max) + " bytes");
}

}  // namespace

MHD_Result Microhttpd::begin(MHD_Connection* connection, const char* url, const char* method,
                             void** state) {
  auto owner = std::make_unique<Exchange>();
  Exchange& exchange = *owner;
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  exchange.peer = info == nullptr ? nullptr : static_cast<Peer*>(info->socket_context);
  enter(exchange.peer, Peer::Phase::receiving);
  *state = owner.release();  // on_completed() deletes it

  exchange.head = std::string_view{method} == "HEAD";
  exchange.request.method = exchange.head ? "GET" : method;
  exchange.request.tls = !certificate_.empty();
  const Status filled = fill_request(exchange.request, connection, url);
  if (!filled) exchange.refusal = http_problem(400, filled.error().message);
  exchange.body_bytes_max = options_.body_bytes_max;
  if (filled && body_limit_) {
    exchange.body_bytes_max = std::min(exchange.body_bytes_max, body_limit_(exchange.request));
  }
  const auto length =
      parse_integer<std::uint64_t>(exchange.request.header("content-length").value_or("0"))
          .value_or(0);
  // An announced length is only a promise: memory is counted as bytes arrive.
  if (length > exchange.body_bytes_max) exchange.refusal = too_large(exchange.body_bytes_max);
  if (exchange.refusal && length > drained_bytes_max) return answer(connection, exchange);
  return MHD_YES;
}

bool Microhttpd::reserve(Exchange& exchange, std::size_t bytes) {
  if (bytes <= exchange.reserved) return true;
  if (bytes > exchange.body_bytes_max) {
    exchange.refusal = too_large(exchange.body_bytes_max);
    return false;
  }
  const std::size_t more = bytes - exchange.reserved;
  if (bodies_bytes_.fetch_add(more) + more > options_.bodies_bytes_max) {
    bodies_bytes_ -= more;
    exchange.refusal = http_problem(503, "too many large requests at once, try again");
    exchange.refusal->headers.emplace_back("Retry-After", "5");
    return false;
  }
  exchange.reserved = bytes;
  return true;
}

MHD_Result Microhttpd::receive(Exchange& exchange, std::string_view part) {
  std::string& body = exchange.request.body;
  if (!exchange.refusal && reserve(exchange, body.size() + part.size())) {
    body.append(part);
    return MHD_YES;
  }
  body = {};
  exchange.drained += part.size();
  return exchange.drained > drained_bytes_max ? MHD_NO : MHD_YES;
}

HttpResponse Microhttpd::ask_handler(const Exchange& exchange) const {
  const HttpRequest& request = exchange.request;
  std::string what;
  try {
    return handler_(request);
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
    what = "something that is no exception";
  }
  log::error("http: {} {} threw: {}", request.method, vedette::quoted(request.path), what);
  return http_problem(500, "the server failed on this request; its log says why");
}

MHD_Result Microhttpd::answer(MHD_Connection* connection, Exchange& exchange) {
  enter(exchange.peer, Peer::Phase::answering);
  if (exchange.refusal) return queue(connection, exchange, std::move(*exchange.refusal));
  return queue(connection, exchange, ask_handler(exchange));
}

MHD_Response* Microhttpd::make_stream(MHD_Connection* connection, Exchange& exchange,
                                      HttpResponse& response) {
  response.content_type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would hold events back
  exchange.stream = std::make_shared<EventStream>(connection, std::move(response.events),
                                                  std::move(response.body));
  if (!streams_.add(exchange.stream)) exchange.stream->end();
  exchange.stream->listen();
  return make_stream_response(exchange.stream);
}

MHD_Response* make_plain(std::string body) {
  auto owner = std::make_unique<std::string>(std::move(body));
  const auto drop = [](void* cls) { delete static_cast<std::string*>(cls); };
  MHD_Response* response = MHD_create_response_from_buffer_with_free_callback_cls(
      owner->size(), owner->data(), drop, owner.get());
  if (response != nullptr) static_cast<void>(owner.release());  // `drop` owns it now
  return response;
}

MHD_Result Microhttpd::queue(MHD_Connection* connection, Exchange& exchange,
                             HttpResponse response) {
  const bool endless = response.events != nullptr && !exchange.head;
  if (response.events != nullptr && exchange.head) response.content_type = "text/event-stream";
  MHD_Response* made =
      endless ? make_stream(connection, exchange, response) : make_plain(std::move(response.body));
  if (made == nullptr) return MHD_NO;
  if (!response.content_type.empty()) {
    MHD_add_response_header(made, "Content-Type", response.content_type.c_str());
  }
  for (const auto& [name, value] : security_headers) MHD_add_response_header(made, name, value);
  for (const auto& [name, value] : response.headers) {
    MHD_add_response_header(made, name.c_str(), value.c_str());
  }
  const MHD_Result queued =
      MHD_queue_response(connection, static_cast<unsigned>(response.status), made);
  MHD_destroy_response(made);
  return queued;
}

void Microhttpd::on_completed(void* cls, MHD_Connection*, void** state,
                              MHD_RequestTerminationCode) {
  const std::unique_ptr<Exchange> exchange{static_cast<Exchange*>(*state)};
  *state = nullptr;
  if (exchange) static_cast<Microhttpd*>(cls)->finish(*exchange);
}

void Microhttpd::finish(Exchange& exchange) {
  if (exchange.stream) exchange.stream->leave();
  bodies_bytes_ -= exchange.reserved;
  enter(exchange.peer, Peer::Phase::idle);
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpOptions options, Handler handler,
                                                      BodyLimit body_limit) {
  auto server =
      std::make_unique<Microhttpd>(std::move(options), std::move(handler), std::move(body_limit));
  if (Status opened = server->open(); !opened) return opened.error();
  return std::unique_ptr<HttpServer>{std::move(server)};
}

}  // namespace vedette
