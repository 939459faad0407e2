#include "app/simulate_remap.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/text.hpp"

namespace vedette {

namespace {

std::optional<std::uint32_t> ipv4_from(std::string_view text) {
  std::array<char, INET_ADDRSTRLEN> name{};
  if (text.size() >= name.size()) return {};
  std::memcpy(name.data(), text.data(), text.size());
  in_addr address{};
  if (::inet_pton(AF_INET, name.data(), &address) != 1) return {};
  return ntohl(address.s_addr);
}

void write_ipv4(std::string& out, std::uint32_t address) {
  out.clear();
  append_format(out, "{}.{}.{}.{}", address >> 24U, (address >> 16U) & 255U, (address >> 8U) & 255U,
                address & 255U);
}

/// 10/8, 172.16/12, 192.168/16.
bool is_local(std::uint32_t address) {
  return address >> 24U == 10 || address >> 20U == 0xac1 || address >> 16U == 0xc0a8;
}

}  // namespace

Result<AddressRemap> AddressRemap::parse(std::string_view network, std::size_t captures) {
  const std::size_t slash = network.find('/');
  const auto address = ipv4_from(network.substr(0, slash));
  const unsigned bits = slash == std::string_view::npos
                            ? 0
                            : parse_integer<unsigned>(network.substr(slash + 1)).value_or(0);
  if (!address || bits < 8 || bits > 30) {
    return Error{Errc::malformed,
                 fmt::format("remap {}: must be an IPv4 network with 8 to 30 bits, like "
                             "10.20.0.0/16",
                             quoted(network))};
  }
  const std::uint32_t hosts = (1U << (32U - bits)) - 1;
  AddressRemap remap;
  remap.text_ = network;
  remap.network_ = *address & ~hosts;
  remap.room_ = std::min<std::size_t>(hosts - 1, addresses_max);
  remap.captures_.resize(captures);
  return remap;
}

Result<bool> AddressRemap::apply(std::size_t capture, Record& record) {
  if (record.kind != RecordKind::flow) return false;
  Flow& flow = record.flow;
  auto& known = captures_[capture];
  bool changed = false;
  if (const auto from = ipv4_from(flow.orig_h); from && is_local(*from)) {
    const auto [place, is_new] = known.try_emplace(*from, 0);
    if (is_new) {
      if (given_ == room_) {
        return Error{
            Errc::too_large,
            fmt::format("remap {}: the captures hold more than {} local devices", text_, room_)};
      }
      place->second = network_ + static_cast<std::uint32_t>(++given_);
    }
    const bool names_device = record.device == flow.orig_h;
    write_ipv4(flow.orig_h, place->second);
    if (names_device) record.device.assign(flow.orig_h);
    changed = true;
  }
  const auto to = ipv4_from(flow.resp_h);
  if (!to || !is_local(*to)) return changed;
  const auto responder = known.find(*to);
  if (responder == known.end()) return changed;
  write_ipv4(flow.resp_h, responder->second);
  return true;
}

}  // namespace vedette
