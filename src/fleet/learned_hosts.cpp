/// Addresses without the network they came from: what sort an address is stays, which one it was
/// does not. Ranges set aside for benchmarks and documentation (RFC 2544, RFC 3849) stand for the
/// public Internet.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/expects.hpp"
#include "fleet/learned_parts.hpp"
#include "fleet/parts.hpp"

namespace vedette::simulator {

namespace {

HostSort sort_of_v4(const std::array<std::uint8_t, 4>& b) {
  const bool everyone = b[0] == 255 && b[1] == 255 && b[2] == 255 && b[3] == 255;
  if (everyone || (b[0] >= 224 && b[0] < 240) || b[0] == 127 || b[0] == 0) {
    std::string text;
    write_address(text, ipv4(b[0], b[1], b[2], b[3]));
    return {HostKind::kept, text};
  }
  if (b[0] == 169 && b[1] == 254) return {HostKind::link, {}};
  const bool home =
      b[0] == 10 || (b[0] == 172 && b[1] >= 16 && b[1] < 32) || (b[0] == 192 && b[1] == 168);
  if (!home) return {HostKind::open, {}};
  // Most networks of things are /24: .255 is their broadcast address.
  return {b[3] == 255 ? HostKind::home_broadcast : HostKind::home, {}};
}

HostSort sort_of_v6(const std::array<std::uint8_t, 16>& b) {
  const bool few = std::all_of(b.begin(), b.end() - 1, [](std::uint8_t x) { return x == 0; });
  if (b[0] == 0xff) {
    // ff02::1:ffXX:XXXX carries the last three bytes of the address that is sought (RFC 4291).
    constexpr std::array<std::uint8_t, 13> solicited{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
    if (std::equal(solicited.begin(), solicited.end(), b.begin())) {
      return {HostKind::solicited_node6, {}};
    }
  } else if (!few || b[15] > 1) {
    if (b[0] == 0xfe && (b[1] & 0xc0U) == 0x80) return {HostKind::link6, {}};
    return {(b[0] & 0xfeU) == 0xfc ? HostKind::home6 : HostKind::open6, {}};
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, b.data(), text.data(), text.size());
  return {HostKind::kept, text.data()};
}

std::string six(std::string_view head, std::uint32_t number) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  std::string out(head);
  // A group of an IPv6 address has four digits.
  const std::string_view all(digits.data(), static_cast<std::size_t>(end - digits.data()));
  if (all.size() > 4) out.append(all.substr(0, all.size() - 4)).append(1, ':');
  const std::string_view low = all.size() > 4 ? all.substr(all.size() - 4) : all;
  return out.append(low.substr(std::min(low.find_first_not_of('0'), low.size() - 1)));
}

}  // namespace

HostSort host_sort_of(const std::string& address) {
  // Not an address at all: JSON can bring any text.
  if (address.find('\0') != std::string::npos) return {HostKind::open, {}};
  std::array<std::uint8_t, 4> v4{};
  if (inet_pton(AF_INET, address.c_str(), v4.data()) == 1) return sort_of_v4(v4);
  std::array<std::uint8_t, 16> v6{};
  if (inet_pton(AF_INET6, address.c_str(), v6.data()) == 1) return sort_of_v6(v6);
  return {HostKind::open, {}};
}

std::string address_of(HostKind kind, std::uint32_t number) {
  const unsigned high = number >> 16U & 1U;
  const unsigned middle = (number & 0xffffU) / 254 & 0xffU;
  const unsigned low = (number & 0xffffU) % 254 + 1;  // no network's own, no broadcast address
  std::string out;
  switch (kind) {
    case HostKind::open:
      write_address(out, ipv4(198, 18 + high, middle, low));
      return out;
    case HostKind::home:
      write_address(out, ipv4(10, 255 - high, middle, low));
      return out;
    case HostKind::home_broadcast:
      return "10.255.255.255";
    case HostKind::link:
      write_address(out, ipv4(169, 254, middle, low));
      return out;
    case HostKind::open6:
      return six("2001:db8::", number + 1);
    case HostKind::home6:
      return six("fd00::", number + 1);
    case HostKind::link6:
      return six("fe80::", number + 1);
    case HostKind::solicited_node6:
      return six("ff02::1:ff00:", (number & 0xffffU) + (number < 0xffffU ? 1 : 0));
    case HostKind::kept:
      break;
  }
  expects(false, "a kept address is not made up");
  return out;
}

}  // namespace vedette::simulator
