/// LruTable: a bounded table of states by name, the least recently seen leaves first.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/expects.hpp"

namespace vedette {

/// Two independent hashes of a name: with 200,000 names the chance that any two share both is below
/// 1e-27, and nobody finds such a pair by trying one of them.
struct LruKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  friend bool operator==(const LruKey&, const LruKey&) = default;
};

/// Keys and the order of use lie apart from the states, side by side: finding one and moving it to
/// the front touches some 40 bytes that stay in the processor's cache, and the state is one address
/// away, so that it can be asked for early.
template <class Value>
class LruTable {
 public:
  /// REQUIRES: 0 < size_max < 2^31.
  explicit LruTable(std::size_t size_max) : size_max_(size_max) {
    expects(size_max > 0 && size_max < std::size_t{1} << 31U, "an LruTable has a sane bound");
    clear();
  }

  /// The state of a key, fresh when it was not known; now the most recently seen. Valid until the
  /// next call. Allocates only while the table still grows: an evicted place is used again.
  Value& of(const LruKey& key) {
    std::uint32_t at = place_of(key);
    if (at == none) {
      at = values_.size() < size_max_ ? add() : evict();
      links_[at].key = key;
      insert(at);
      push_front(at);
    } else if (at != newest_) {
      unlink(at);
      push_front(at);
    }
    return values_[at];
  }
  /// Null when the key is not known. Does not count as seen.
  const Value* find(const LruKey& key) const {
    const std::uint32_t at = place_of(key);
    return at == none ? nullptr : &values_[at];
  }
  std::size_t size() const { return values_.size(); }
  std::uint64_t evicted() const { return evicted_; }
  void clear() {
    values_.clear();
    links_.clear();
    slots_.assign(slots_min, none);
    newest_ = oldest_ = none;
  }
  /// visit(key, value), the least recently seen first: of() in this order makes the same table.
  template <class Visit>
  void each(Visit visit) const {
    for (std::uint32_t at = oldest_; at != none; at = links_[at].newer) {
      visit(links_[at].key, values_[at]);
    }
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr std::size_t slots_min = 64;
  struct Link {
    LruKey key;
    std::uint32_t newer = none, older = none;
  };

  /// Linear probing; at most half of the slots are taken.
  std::size_t home(const LruKey& key) const { return key.first & (slots_.size() - 1); }
  std::size_t after(std::size_t slot) const { return (slot + 1) & (slots_.size() - 1); }

  std::uint32_t place_of(const LruKey& key) const {
    for (std::size_t slot = home(key);; slot = after(slot)) {
      const std::uint32_t at = slots_[slot];
      if (at == none || links_[at].key == key) return at;
    }
  }
  void insert(std::uint32_t at) {
    std::size_t slot = home(links_[at].key);
    while (slots_[slot] != none) slot = after(slot);
    slots_[slot] = at;
  }
  /// What probed past the slot moves back into it (Knuth, volume 3, 6.4, algorithm R).
  void erase(const LruKey& key) {
    std::size_t hole = home(key);
    while (!(links_[slots_[hole]].key == key)) hole = after(hole);
    for (std::size_t slot = after(hole); slots_[slot] != none; slot = after(slot)) {
      const std::size_t from = home(links_[slots_[slot]].key);
      const bool stays = hole <= slot ? hole < from && from <= slot : hole < from || from <= slot;
      if (stays) continue;
      slots_[hole] = slots_[slot];
      hole = slot;
    }
    slots_[hole] = none;
  }
  std::uint32_t add() {
    const auto at = static_cast<std::uint32_t>(values_.size());
    if (2 * (values_.size() + 1) > slots_.size()) {
      slots_.assign(2 * slots_.size(), none);
      for (std::uint32_t known = 0; known < at; ++known) insert(known);
    }
    values_.emplace_back();
    links_.emplace_back();
    return at;
  }
  std::uint32_t evict() {
    ++evicted_;
    const std::uint32_t at = oldest_;
    erase(links_[at].key);
    unlink(at);
    values_[at] = Value{};
    return at;
  }
  void unlink(std::uint32_t at) {
    const Link& link = links_[at];
    (link.newer == none ? newest_ : links_[link.newer].older) = link.older;
    (link.older == none ? oldest_ : links_[link.older].newer) = link.newer;
  }
  void push_front(std::uint32_t at) {
    links_[at].newer = none;
    links_[at].older = newest_;
    (newest_ == none ? oldest_ : links_[newest_].newer) = at;
    newest_ = at;
  }

  std::size_t size_max_;
  std::deque<Value> values_;  // a place never moves
  std::vector<Link> links_;
  std::vector<std::uint32_t> slots_;  // indices into both
  std::uint32_t newest_ = none, oldest_ = none;
  std::uint64_t evicted_ = 0;
};

}  // namespace vedette
