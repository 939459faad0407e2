/// TextTable: gives every distinct text a number, in order of arrival. Horizontal scans touch
/// millions of distinct addresses, where a std::unordered_map<std::string, …> costs ~90 bytes an
/// entry; here it is the text, 4 bytes of end and 8 bytes of hash table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "train/dataset_format.hpp"

namespace vedette {

class TextTable {
 public:
  /// The number of `text`, a new one when it is the first of its kind.
  /// REQUIRES: room for it: bytes() + text.size() < 2^32.
  std::uint32_t put(std::string_view text);
  std::size_t size() const { return ends_.size(); }
  std::size_t bytes() const { return bytes_.size(); }
  vds::TextList list() const { return {ends_, bytes_}; }

 private:
  std::size_t find_slot(std::string_view text) const;
  void grow();

  std::vector<std::uint32_t> ends_;
  std::string bytes_;
  std::vector<std::uint32_t> slots_;  // number + 1, 0 is free; a power of two, at most half full
};

}  // namespace vedette
