/// What writer and reader of a .vds file share (docs/formats/vds.md): the sections in their order,
/// the packing of counts, and lists of text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "record/record.hpp"

namespace vedette::vds {

constexpr std::array<char, 8> magic{'V', 'E', 'D', 'E', 'T', 'D', 'S', '\n'};
constexpr std::uint32_t version = 2;

/// The Zeek counts of a flow, in the order of their sections.
constexpr std::array<double Flow::*, 7> counts{
    &Flow::orig_bytes,    &Flow::resp_bytes, &Flow::missed_bytes, &Flow::orig_pkts,
    &Flow::orig_ip_bytes, &Flow::resp_pkts,  &Flow::resp_ip_bytes};

enum class Section : std::uint8_t {
  capture_ends,
  capture_text,
  label_ends,
  label_text,
  text_ends,
  text_bytes,
  slot,
  time,
  device,
  capture,
  label,
  orig_h,
  resp_h,
  service,
  history,
  orig_p,
  resp_p,
  proto,
  conn_state,
  duration,
  count_first,
  uid_ends = count_first + counts.size(),
  uid_text,
  rare_at,
  rare_value,
  reading_ends,
  value_name,
  value_number,
  columns,
};
constexpr std::size_t section_count = static_cast<std::size_t>(Section::columns) + 1;
constexpr std::size_t columns_bytes_max = 64;

/// 8 magic, 4 version, 4 section_count, 8 file size, 8 hash of all before it and of the table.
constexpr std::size_t head_bytes = 32;
/// One entry of the table: 8 bytes size, 8 bytes XXH3 of the section.
constexpr std::size_t entry_bytes = 16;
constexpr std::size_t sections_at = head_bytes + section_count * entry_bytes;
constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 7) & ~std::size_t{7};
}

/// A slot says where the rest of a record is: its index among the flows or, with this bit, among
/// the readings.
constexpr std::uint32_t slot_reading = 1U << 31U;

/// Nearly every count of a flow is a whole number below 2^32 - 2: four bytes instead of eight, half
/// the memory of a flow. The others stay exact in the sorted list of rare values.
constexpr std::uint32_t count_unset = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t count_rare = count_unset - 1;

/// What the decoders promise of a time: within 9e12 seconds of 1970.
constexpr std::int64_t time_micros_max = 9'000'000'000'000'000'000;

/// Texts one after the other; text i ends before ends[i]. Borrows.
struct TextList {
  std::span<const std::uint32_t> ends;
  std::string_view bytes;

  std::size_t size() const { return ends.size(); }
  std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    return bytes.substr(begin, ends[i] - begin);
  }
};

}  // namespace vedette::vds
