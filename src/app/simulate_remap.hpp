/// Addresses of a replayed capture re-mapped into a network of one's own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "record/record.hpp"

namespace vedette {

/// Gives each local (RFC 1918) originator of each capture an address of the network, in the order
/// in which they first speak; from then on the address is replaced as responder as well. A local
/// address that never spoke (the target of a scan) stays: it is nobody's device. Not thread-safe.
class AddressRemap {
 public:
  /// "10.20.0.0/16", a prefix of 8 to 30 bits. @return malformed.
  static Result<AddressRemap> parse(std::string_view network, std::size_t captures);
  /// Also the record's device, when that is the originator's address. @return whether anything
  /// changed: the record must be sealed again; too_large when the network is full.
  Result<bool> apply(std::size_t capture, Record& record);

  static constexpr std::size_t addresses_max = 65'536;

 private:
  std::string text_;
  std::uint32_t network_ = 0;
  std::size_t room_ = 0;  ///< without the network's own address and its broadcast
  std::size_t given_ = 0;
  std::vector<std::unordered_map<std::uint32_t, std::uint32_t>> captures_;
};

}  // namespace vedette
