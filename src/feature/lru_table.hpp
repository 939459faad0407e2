/// LruTable: a bounded table of states by name, the least recently seen leaves first.
#pragma once

#include <cstdint>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

namespace vedette {

/// Two independent hashes of a name: with 200,000 names the chance that any two share both is below
/// 1e-27, and nobody finds such a pair by trying one of them.
struct LruKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  friend bool operator==(const LruKey&, const LruKey&) = default;
};

template <class Value>
class LruTable {
 public:
  struct Entry {
    LruKey key;
    Value value;
  };

  /// REQUIRES: size_max > 0.
  explicit LruTable(std::size_t size_max) : size_max_(size_max) {}

  /// The state of a key, fresh when it was not known; now the most recently seen. Valid until the
  /// next call. Allocates only while the table still grows: an evicted place is used again.
  Value& of(const LruKey& key) {
    if (const auto found = index_.find(key); found != index_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return entries_.front().value;
    }
    if (index_.size() < size_max_) {
      entries_.push_front({key, {}});
      index_.emplace(key, entries_.begin());
      return entries_.front().value;
    }
    ++evicted_;
    entries_.splice(entries_.begin(), entries_, std::prev(entries_.end()));
    auto node = index_.extract(entries_.front().key);
    entries_.front() = {key, {}};
    node.key() = key;
    node.mapped() = entries_.begin();
    index_.insert(std::move(node));
    return entries_.front().value;
  }
  /// Null when the key is not known. Does not count as seen.
  const Value* find(const LruKey& key) const {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &found->second->value;
  }
  std::size_t size() const { return index_.size(); }
  std::uint64_t evicted() const { return evicted_; }
  void clear() {
    index_.clear();
    entries_.clear();
  }
  /// The least recently seen first: of() in this order makes the same table.
  auto begin() const { return entries_.rbegin(); }
  auto end() const { return entries_.rend(); }

 private:
  struct KeyHash {
    std::size_t operator()(const LruKey& key) const { return key.first; }
  };
  using Entries = std::list<Entry>;

  std::size_t size_max_;
  Entries entries_;  // the most recently seen first
  std::unordered_map<LruKey, typename Entries::iterator, KeyHash> index_;
  std::uint64_t evicted_ = 0;
};

}  // namespace vedette
