/// PortShares: how often training flows went to a port, learned. A port that the network uses all
/// day stands apart from one never seen, whatever its number: the role of a port (well-known,
/// registered, ephemeral) says nothing of that, and the number itself no model can order.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/bytes.hpp"
#include "record/record.hpp"

namespace vedette {

/// Immutable.
class PortShares {
 public:
  static constexpr std::size_t kept_max = 256;

  PortShares() = default;

  /// The natural logarithm of the share of training flows with this protocol and destination port.
  /// Add-one smoothing over the ports kept and one more for all others: never -infinity.
  double log_share(const Flow& flow) const;

  void save(ByteWriter& out) const;
  /// @return corrupt unless the ports rise and their flows are at most those of all.
  static Result<PortShares> load(ByteReader& in);

 private:
  friend class PortCounter;
  struct Port {
    std::uint32_t port = 0;  // protocol << 16 | port
    std::uint64_t flows = 0;
  };
  static std::uint32_t key_of(const Flow& flow);

  std::vector<Port> ports_;  // rising
  std::uint64_t flows_ = 0;  // of all ports
};

/// Counts; beyond 4,096 different ports the rarest half is forgotten, as in lossy counting.
class PortCounter {
 public:
  void count(const Flow& flow);
  PortShares shares() const;

 private:
  static constexpr std::size_t counted_max = 4096;
  void forget_rarest();

  std::map<std::uint32_t, std::uint64_t> counts_;
  std::uint64_t flows_ = 0;
};

}  // namespace vedette
