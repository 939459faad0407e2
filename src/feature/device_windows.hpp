/// DeviceWindows from the inside: a bounded table of series, the least recently seen leaves first.
#pragma once

#include <cstdint>
#include <iterator>
#include <list>
#include <string_view>
#include <unordered_map>

#include "feature/feature.hpp"
#include "feature/series_state.hpp"

namespace vedette {

struct DeviceWindows::State {
 public:
  explicit State(Options options) : options_(options) {}

  /// The state of a series, fresh when it was not known. Valid until the next call. Allocates only
  /// while the table still grows: an evicted place is used again.
  SeriesState& of(std::string_view device, std::string_view name);
  std::size_t size() const { return index_.size(); }
  std::uint64_t evicted() const { return evicted_; }
  void clear();

 private:
  /// Two independent hashes of device and name: with 200,000 series the chance that any two share
  /// both is below 1e-27, and nobody finds such a pair by trying one of them.
  struct Key {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return key.first; }
  };
  struct Entry {
    Key key;
    SeriesState series;
  };
  using Entries = std::list<Entry>;

  Options options_;
  Entries entries_;  // the most recently seen first
  std::unordered_map<Key, Entries::iterator, KeyHash> index_;
  std::uint64_t evicted_ = 0;
};

}  // namespace vedette
