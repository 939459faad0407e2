/// Stands between a client and a MongoDB server, message by message: may answer in its place, cut
/// every connection, or be the whole server.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <thread>

#include "store/mongo_bson.hpp"
#include "tests/support/mongo.hpp"

namespace vedette::test {

class MongoProxy {
 public:
  /// Answers a command, or nothing: then the server does. Called by several threads.
  using Answer = std::function<std::optional<mongo::Doc>(const mongo::View& command)>;

  /// `upstream` 0: there is no server behind.
  MongoProxy(std::uint16_t upstream, Answer answer)
      : upstream_(upstream), answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, sizeof address) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
      throw std::runtime_error("proxy: cannot listen");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread{[this](const std::stop_token& stop) { accept_all(stop); }};
  }
  MongoProxy(const MongoProxy&) = delete;
  MongoProxy& operator=(const MongoProxy&) = delete;
  ~MongoProxy() {
    acceptor_.request_stop();
    acceptor_.join();
    ++cuts_;
    served_.clear();
    ::close(listener_);
  }

  /// Ends every connection that is open, in the middle of whatever it carries.
  void cut() { ++cuts_; }
  std::string uri(const std::string& database, const std::string& user = "") const {
    return fmt::format("mongodb://{}127.0.0.1:{}/{}", user, port_, database);
  }

  static mongo::Doc failure(int code, const char* message) {
    mongo::Doc doc;
    doc.set("ok", 0.0).set("code", code).set("errmsg", message);
    return doc;
  }

 private:
  static constexpr std::size_t header_bytes = 16;
  static constexpr std::int32_t op_reply = 1;
  static constexpr std::int32_t op_query = 2004;
  static constexpr std::int32_t op_msg = 2013;

  static std::int32_t number(const std::string& bytes, std::size_t at) {
    std::int32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  }
  static void put(std::string& bytes, std::int32_t value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  void accept_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd ready{listener_, POLLIN, 0};
      if (::poll(&ready, 1, 20) <= 0) continue;
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      served_.emplace_back([this, client] { serve(client); });
    }
  }

  void serve(int client) {
    const int cuts = cuts_;
    const int server = upstream_ == 0 ? -1 : connect_upstream();
    std::string message;
    while ((upstream_ == 0 || server >= 0) && receive(client, message, cuts)) {
      if (const auto answer = answer_(command_of(message))) {
        if (!send_all(client, reply_to(message, *answer))) break;
      } else if (server < 0 || !send_all(server, message) || !receive(server, message, cuts) ||
                 !send_all(client, message)) {
        break;
      }
    }
    if (server >= 0) ::close(server);
    ::close(client);
  }

  int connect_upstream() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(upstream_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
  }

  /// One whole message. False at the end of the connection or after a cut.
  bool receive(int fd, std::string& message, int cuts) {
    message.clear();
    std::size_t wanted = header_bytes;
    while (message.size() < wanted) {
      pollfd ready{fd, POLLIN, 0};
      const int found = ::poll(&ready, 1, 10);
      if (cuts != cuts_) return false;
      if (found <= 0) continue;
      char part[65536];
      const ssize_t got = ::recv(fd, part, std::min(sizeof part, wanted - message.size()), 0);
      if (got <= 0) return false;
      message.append(part, static_cast<std::size_t>(got));
      if (message.size() == header_bytes) wanted = static_cast<std::size_t>(number(message, 0));
    }
    return true;
  }

  static bool send_all(int fd, const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t sent = ::send(fd, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += static_cast<std::size_t>(sent);
    }
    return true;
  }

  static mongo::View command_of(const std::string& message) {
    std::size_t at = header_bytes + 4 + 1;  // flags and the kind of the first section
    if (number(message, 12) == op_query) {
      at = header_bytes + 4 + std::strlen(message.data() + header_bytes + 4) + 1 + 8;
    }
    return {reinterpret_cast<const std::uint8_t*>(message.data() + at),
            static_cast<std::size_t>(number(message, at))};
  }

  static std::string reply_to(const std::string& message, const mongo::Doc& answer) {
    const bool query = number(message, 12) == op_query;
    std::string body;
    if (query) {
      for (const std::int32_t field : {0, 0, 0, 0, 1}) put(body, field);
    } else {
      put(body, 0);
      body += '\0';
    }
    body.append(reinterpret_cast<const char*>(bson_get_data(answer.get())), answer.bytes());
    std::string reply;
    put(reply, static_cast<std::int32_t>(header_bytes + body.size()));
    put(reply, 1);
    put(reply, number(message, 4));
    put(reply, query ? op_reply : op_msg);
    return reply + body;
  }

  std::uint16_t upstream_;
  Answer answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> cuts_{0};
  std::list<std::jthread> served_;
  std::jthread acceptor_;
};

}  // namespace vedette::test
