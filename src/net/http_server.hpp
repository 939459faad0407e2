/// An HTTP/1.1 server through libmicrohttpd: bounded connections, bodies and streams.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "net/event_hub.hpp"

namespace vedette {

struct HttpOptions {
  std::string address = "127.0.0.1";  ///< "127.0.0.1", "0.0.0.0", "::1", "::"
  std::uint16_t port = 8080;          ///< 0: any free one, see HttpServer::port()
  std::string certificate_file;       ///< PEM; both given: TLS
  std::string key_file;
  unsigned threads = 2;
  unsigned connections_max = 512;
  unsigned connections_per_address_max = 128;
  std::size_t body_bytes_max = std::size_t{64} << 20U;
  /// Bodies of all requests under way together; above it requests with a body get 503.
  std::size_t bodies_bytes_max = std::size_t{256} << 20U;
  /// Longest time from one answer (or the connection's start) to the last header of the next
  /// request, however slowly bytes trickle in, and longest silence while an answer is sent.
  std::chrono::seconds idle_timeout{60};
  std::chrono::seconds body_timeout{300};  ///< from the last header to the end of the body
  std::chrono::seconds heartbeat{15};      ///< between comment lines of a stream
};

/// Valid during the handler's call.
struct HttpRequest {
  std::string method;  ///< "GET"; HEAD is handed over as GET and answered without the body
  std::string path;    ///< percent-decoded, without the query
  std::map<std::string, std::string, std::less<>> query;    ///< decoded; the last of a name counts
  std::map<std::string, std::string, std::less<>> headers;  ///< names in lower case
  std::map<std::string, std::string, std::less<>> cookies;
  std::string body;
  std::string peer;  ///< textual address of the other side
  bool tls = false;

  std::optional<std::string_view> header(std::string_view lower_name) const;
  std::optional<std::string_view> parameter(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  /// When set the answer is an endless text/event-stream fed from here (body is sent first);
  /// a comment line goes out every `heartbeat` so that proxies and dead peers are noticed.
  std::shared_ptr<EventQueue> events;
};

/// Handlers run on the server's threads, several at once; what they throw becomes a 500 and a log
/// line. Bodies above the bound get 413 before the handler is asked, paths and queries that are not
/// percent-encoded UTF-8 get 400. Every answer carries security
/// headers: no sniffing, no framing, no referrer, and a policy that loads from this server only.
class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  /// Asked once the headers are there (the body is empty then): how large a body this request may
  /// have, at most body_bytes_max. Keeps strangers from filling memory.
  using BodyLimit = std::function<std::size_t(const HttpRequest&)>;

  /// Listens when it returns. @return busy ("port 8080 on 127.0.0.1 is taken"), io, malformed
  /// (address, certificate).
  static Result<std::unique_ptr<HttpServer>> start(HttpOptions options, Handler handler,
                                                   BodyLimit body_limit = {});
  virtual ~HttpServer() = default;  ///< closes every connection, streams included
  virtual std::uint16_t port() const = 0;
};

/// An RFC 9457 problem document; `detail` is one sentence.
HttpResponse http_problem(int status, std::string_view detail);
std::string_view http_reason(int status);  ///< "Not Found"

/// Every "%xx" replaced (and "+" by a blank when asked). @return malformed for a broken escape, NUL
/// or text that is not UTF-8.
Result<std::string> percent_decoded(std::string_view text, bool plus_is_blank = false);

}  // namespace vedette
