/// Peers: which sources a device never seen before may start from: known ones of its kind.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

#include "base/bytes.hpp"
#include "feature/lru_table.hpp"

namespace vedette {

/// The last eight sources of each kind that became known. 256 kinds; further ones have no peers.
class Peers {
 public:
  static constexpr std::size_t kinds_max = 256;
  static constexpr std::size_t peers_max = 8;

  struct Ring {
    std::array<LruKey, peers_max> keys{};
    std::uint32_t count = 0, next = 0;
  };

  void add(std::uint64_t kind, const LruKey& source) {
    if (kinds_.size() == kinds_max && !kinds_.contains(kind)) return;
    Ring& ring = kinds_[kind];
    const auto end = ring.keys.begin() + static_cast<std::ptrdiff_t>(ring.count);
    if (std::find(ring.keys.begin(), end, source) != end) return;
    ring.keys[ring.next] = source;
    ring.next = (ring.next + 1) % peers_max;
    ring.count = std::min(ring.count + 1, static_cast<std::uint32_t>(peers_max));
  }
  /// Null when none is known.
  const Ring* of(std::uint64_t kind) const {
    const auto found = kinds_.find(kind);
    return found == kinds_.end() ? nullptr : &found->second;
  }
  void clear() { kinds_.clear(); }

  void save(ByteWriter& out) const {
    out.put(static_cast<std::uint32_t>(kinds_.size()));
    for (const auto& [kind, ring] : kinds_) {
      out.put(kind);
      out.put(ring.count);
      out.put(ring.next);
      for (std::uint32_t i = 0; i < ring.count; ++i) {
        out.put(ring.keys[i].first);
        out.put(ring.keys[i].second);
      }
    }
  }
  /// False when the bytes do not hold.
  bool load(ByteReader& in) {
    kinds_.clear();
    const auto kinds = in.get<std::uint32_t>();
    if (!in.ok() || kinds > kinds_max) return false;
    for (std::uint32_t k = 0; k < kinds; ++k) {
      const auto kind = in.get<std::uint64_t>();
      Ring ring{{}, in.get<std::uint32_t>(), in.get<std::uint32_t>()};
      if (!in.ok() || ring.count > peers_max || ring.next >= peers_max) return false;
      for (std::uint32_t i = 0; i < ring.count; ++i) {
        const auto first = in.get<std::uint64_t>();
        ring.keys[i] = {first, in.get<std::uint64_t>()};
      }
      if (!in.ok() || !kinds_.emplace(kind, ring).second) return false;
    }
    return true;
  }

 private:
  std::map<std::uint64_t, Ring> kinds_;  // by the hash of the kind's name
};

}  // namespace vedette
