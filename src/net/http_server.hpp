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
  std::chrono::seconds idle_timeout{60};
};

/// Valid during the handler's call.
struct HttpRequest {
  std::string method;                                       ///< "GET"
  std::string path;                                         ///< percent-decoded, without the query
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
  /// a comment line goes out every 15 s so that proxies and dead peers are noticed.
  std::shared_ptr<EventQueue> events;
};

/// Handlers run on the server's threads, several at once; what they throw becomes a 500 and a log
/// line. Bodies above the bound get 413 before the handler is asked.
class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  /// Listens when it returns. @return busy ("port 8080 on 127.0.0.1 is taken"), io, malformed
  /// (certificate).
  static Result<std::unique_ptr<HttpServer>> start(HttpOptions options, Handler handler);
  virtual ~HttpServer() = default;  ///< closes every connection, streams included
  virtual std::uint16_t port() const = 0;
};

}  // namespace vedette
