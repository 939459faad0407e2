/// A small HTTP client on a plain socket, for tests: it can also misbehave.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>

#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vedette::test {

struct HttpReply {
  int status = 0;  ///< 0: the connection ended without an answer
  std::map<std::string, std::string, std::less<>> headers;  ///< names in lower case
  std::string body;
  std::string header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class HttpClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit HttpClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~HttpClient() { close(fd_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  bool connected() const { return connected_; }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  HttpReply ask(std::string_view method, std::string_view target, const Headers& headers = {},
                std::string_view body = {}) {
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    for (const auto& [name, value] : headers) {
      text.append(name).append(": ").append(value).append("\r\n");
    }
    if (!body.empty() || method == "POST") {
      text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    }
    text.append("\r\n").append(body);
    send(text);
    return read_reply(method == "HEAD");
  }

  /// The status line and headers; the body too unless it is a stream.
  HttpReply read_reply(bool head = false) {
    HttpReply reply;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return reply;
    }
    parse_head(std::string_view{buffer_}.substr(0, end), reply);
    buffer_.erase(0, end + 4);
    std::size_t length = 0;
    const std::string text = reply.header("content-length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    if (head) length = 0;
    while (buffer_.size() < length) {
      if (!more()) return reply;
    }
    reply.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return reply;
  }

  /// Reads on until `text` came (it and everything before is consumed); false at the end of the
  /// connection or of patience. `seen()` holds what was consumed.
  bool read_until(std::string_view text) {
    std::size_t at = 0;
    while ((at = buffer_.find(text)) == std::string::npos) {
      if (!more()) return false;
    }
    seen_ = buffer_.substr(0, at + text.size());
    buffer_.erase(0, at + text.size());
    return true;
  }
  const std::string& seen() const { return seen_; }

  /// The server has closed the connection (whatever was still sent is dropped).
  bool ended() {
    while (more()) {
    }
    return ended_;
  }

 private:
  bool more() {
    char part[16384];
    const ssize_t got = recv(fd_, part, sizeof part, 0);
    if (got > 0) buffer_.append(part, static_cast<std::size_t>(got));
    ended_ = got == 0 || (got < 0 && errno == ECONNRESET);
    return got > 0;
  }

  static void parse_head(std::string_view head, HttpReply& reply) {
    const auto line_of = [&head] {
      const std::size_t end = head.find("\r\n");
      const std::string_view line = head.substr(0, end);
      head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
      return line;
    };
    const std::string_view first = line_of();
    if (first.size() >= 12) std::from_chars(first.data() + 9, first.data() + 12, reply.status);
    while (!head.empty()) {
      const std::string_view line = line_of();
      const std::size_t colon = line.find(": ");
      if (colon == std::string_view::npos) continue;
      std::string name{line.substr(0, colon)};
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      reply.headers[name] = line.substr(colon + 2);
    }
  }

  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  std::string buffer_;
  std::string seen_;
};

}  // namespace vedette::test
