#include "net/http_server_listen.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace vedette {

namespace {

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<Endpoint> endpoint_of(const std::string& address, std::uint16_t port) {
  Endpoint endpoint;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&endpoint.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&endpoint.storage);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    endpoint.size = sizeof(sockaddr_in);
    return endpoint;
  }
  if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    endpoint.size = sizeof(sockaddr_in6);
    return endpoint;
  }
  return Error{Errc::malformed, quoted(address) + " is not an IPv4 or IPv6 address"};
}

Error refused(const std::string& address, std::uint16_t port, int error_number) {
  if (error_number == EADDRINUSE) {
    return {Errc::busy, fmt::format("port {} on {} is taken", port, address)};
  }
  return {Errc::io, fmt::format("cannot listen on {} port {}: {}", address, port,
                                std::strerror(error_number))};
}

}  // namespace

Result<Listener> listen_on(const std::string& address, std::uint16_t port) {
  auto endpoint = endpoint_of(address, port);
  if (!endpoint) return endpoint.error();
  const int fd =
      socket(endpoint->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  if (fd < 0) return refused(address, port, errno);
  // Without it a restart within a minute finds its own old connections in TIME_WAIT: "taken".
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, endpoint->address(), endpoint->size) != 0 || ::listen(fd, 511) != 0 ||
      getsockname(fd, endpoint->address(), &endpoint->size) != 0) {
    const int reason = errno;
    close(fd);
    return refused(address, port, reason);
  }
  Listener listener{.fd = fd, .port = 0, .ipv6 = endpoint->storage.ss_family == AF_INET6};
  listener.port =
      ntohs(listener.ipv6 ? reinterpret_cast<sockaddr_in6*>(&endpoint->storage)->sin6_port
                          : reinterpret_cast<sockaddr_in*>(&endpoint->storage)->sin_port);
  return listener;
}

std::string address_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address != nullptr && address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
  } else if (address != nullptr && address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
  }
  constexpr std::string_view mapped = "::ffff:";
  const std::string_view whole = text.data();
  const bool is_mapped = whole.starts_with(mapped) && whole.find('.') != std::string_view::npos;
  return std::string{is_mapped ? whole.substr(mapped.size()) : whole};
}

}  // namespace vedette
