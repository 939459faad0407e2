/// RecentTable: a bounded memory of names, eight-way associative: within a set of eight places the
/// least recently used leaves first. Two names whose 64-bit hashes agree share a place.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/expects.hpp"

namespace vedette {

/// `Value` has clear(), which makes it fresh again and may keep its memory. Takes no memory before
/// the first of().
template <class Value>
class RecentTable {
 public:
  /// REQUIRES: a multiple of eight, above 0.
  explicit RecentTable(std::size_t places_max) : places_max_(places_max) {
    expects(places_max > 0 && places_max % ways == 0, "a RecentTable has sets of eight places");
  }

  /// Null when it is not known.
  const Value* find(std::uint64_t hash) const {
    if (places_.empty()) return nullptr;
    const Place* set = places_.data() + set_of(hash);
    const Place* found =
        std::find_if(set, set + ways, [&](const Place& p) { return p.used > 0 && p.hash == hash; });
    return found == set + ways ? nullptr : &found->value;
  }
  /// Fresh when it was not known; now the most recently used of its set.
  Value& of(std::uint64_t hash) {
    if (places_.empty()) places_.resize(places_max_);
    Place* set = places_.data() + set_of(hash);
    Place* place = set;
    for (Place* p = set; p < set + ways; ++p) {
      if (p->used > 0 && p->hash == hash) {
        place = p;
        break;
      }
      if (p->used < place->used) place = p;
    }
    if (place->used == 0 || place->hash != hash) {
      evicted_ += place->used > 0 ? 1 : 0;
      place->hash = hash;
      place->value.clear();
    }
    place->used = ++clock_;
    return place->value;
  }
  std::uint64_t evicted() const { return evicted_; }
  void clear() {
    places_.clear();
    clock_ = 0;
  }

 private:
  static constexpr std::size_t ways = 8;
  struct Place {
    std::uint64_t hash = 0;
    std::uint64_t used = 0;  // 0: free
    Value value;
  };
  std::size_t set_of(std::uint64_t hash) const { return hash % (places_max_ / ways) * ways; }

  std::size_t places_max_;
  std::vector<Place> places_;
  std::uint64_t clock_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace vedette
