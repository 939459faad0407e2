/// The listening socket, opened by ourselves so that a taken port is a clear error.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace vedette {

struct Listener {
  int fd = -1;
  std::uint16_t port = 0;
  bool ipv6 = false;
};

/// @return busy, malformed (not an address), io. The caller closes the descriptor.
Result<Listener> listen_on(const std::string& address, std::uint16_t port);

/// "192.0.2.7", "2001:db8::1"; an IPv4 address that came over an IPv6 socket as IPv4.
std::string address_text(const sockaddr* address);

}  // namespace vedette
