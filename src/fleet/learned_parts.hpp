/// A learned profile from the inside. For learned*.cpp only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/learned.hpp"

namespace vedette::simulator {

/// What sort of address a flow goes to. All but `kept` are made up anew from their number.
enum class HostKind : std::uint8_t {
  kept,             ///< multicast, broadcast, loopback, unspecified: as it was
  open,             ///< 198.18.x.y; strangers met once: 198.19.x.y
  home,             ///< 10.255.x.y
  home_broadcast,   ///< 10.255.255.255
  link,             ///< 169.254.x.y
  open6,            ///< 2001:db8::n
  home6,            ///< fd00::n
  link6,            ///< fe80::n
  solicited_node6,  ///< ff02::1:ff00:n
};
constexpr std::size_t host_kind_count = 9;
constexpr bool is_ipv6(HostKind kind) {
  return kind >= HostKind::open6;
}
/// The `number`-th address of a kind. REQUIRES: not kept.
std::string address_of(HostKind kind, std::uint32_t number);
/// `text` as it is kept, and its kind; `text` of other kinds is empty.
struct HostSort {
  HostKind kind = HostKind::open;
  std::string text;
};
HostSort host_sort_of(const std::string& address);

/// A distribution of whole numbers as a rising list: `body` strata of equal weight, then the `tail`
/// largest observations, each of weight one in `of`. When of == body + tail it is the sample.
struct Sample {
  std::uint32_t of = 0;
  std::uint32_t from = 0;  ///< in LearnedParts::values
  std::uint16_t body = 0;
  std::uint16_t tail = 0;

  static constexpr std::uint16_t values_max = 520;
  static constexpr std::uint16_t tail_max = 8;
};
constexpr std::uint32_t no_sample = 0xffffffff;

/// The numbers of a flow, in the order in which Zeek's columns come.
enum Amount : std::uint8_t {
  orig_bytes,
  resp_bytes,
  missed_bytes,
  orig_pkts,
  orig_ip_bytes,
  resp_pkts,
  resp_ip_bytes
};
constexpr std::size_t amount_count = 7;
constexpr std::uint8_t duration_bit = 1U << amount_count;
/// Beyond a terabyte or 2^40 packets nothing is learned; products of two stay in 128 bits, with
/// 2^16 in 64.
constexpr std::uint64_t amount_max = std::uint64_t{1} << 40U;
using Amounts = std::array<std::uint64_t, amount_count>;

// The lists below are drawn from by weight: `upto` is the sum of weights up to and including it.

struct SizeRow {
  std::uint32_t upto = 0;
  std::uint32_t lasting = no_sample;  ///< µs
  Amounts amounts{};
  bool mixed = false;  ///< a size among many that never came again: mixed with its neighbour
};
struct Host {
  std::uint32_t upto = 0;
  std::uint16_t which = 0;  ///< in LearnedParts::addresses
};
struct Following {
  std::uint32_t upto = 0;
  std::uint16_t state = 0;
  std::uint32_t gap = no_sample;  ///< µs; none: that of the state
};
template <class Item>
struct Slice {
  std::uint32_t from = 0;
  std::uint32_t count = 0;
};

struct PortRange {
  std::uint16_t low = 0;
  std::uint16_t high = 0;
  friend auto operator<=>(const PortRange&, const PortRange&) = default;
};

struct LearnedState {
  std::uint32_t flows = 0;
  std::uint16_t label = 0;  ///< in LearnedParts::texts, like the next two
  std::uint16_t service = 0;
  std::uint16_t history = 0;
  Proto proto = Proto::unset;
  ConnState conn_state = ConnState::unset;
  HostKind host_kind = HostKind::open;
  std::uint8_t unset = 0;  ///< bit i: Amount i; the highest: duration
  PortRange orig_ports;    ///< low == high: always that one
  PortRange resp_ports;
  Slice<SizeRow> rows{};        ///< rising by payload
  Slice<Host> hosts{};          ///< may be empty
  std::uint32_t strangers = 0;  ///< weight of addresses that did not recur, beside `hosts`
  Slice<Following> following{};
  std::uint32_t escape = 0;  ///< weight of going where `resume` says, beside `following`
  std::uint32_t gap = 0;     ///< the time before this state, whatever was before it
};

struct LearnedParts {
  static constexpr std::size_t texts_max = 4096;
  static constexpr std::size_t text_bytes_max = 200;
  static constexpr std::size_t hosts_max = 512;
  static constexpr std::uint32_t hour_unit = 10'000;  ///< divides an hour of microseconds

  LearnedSummary summary;
  std::vector<std::string> texts;  ///< the first is empty
  std::vector<HostKind> host_kinds;
  std::vector<std::string> addresses;  ///< one a host kind
  /// How much faster than on average time passes for the device in each hour of the day (UTC), in
  /// 10,000ths, together 240,000 within a factor of two; empty: the capture is too short to tell.
  std::vector<std::uint32_t> hours;
  std::vector<std::int64_t> values;
  std::vector<Sample> samples;
  std::vector<LearnedState> states;
  std::vector<SizeRow> rows;
  std::vector<Host> hosts;
  std::vector<Following> following;
  std::vector<std::uint32_t> start;   ///< `upto` per state: where a walk begins
  std::vector<std::uint32_t> resume;  ///< `upto` per state: where an escape leads
};

/// The device's own time that passes in `gap` from `now` on, and the reverse: fast in its busy
/// hours. Without hours both are the same. REQUIRES: hours empty or sound_hours(),
/// gap in [0, gap_max], own in [0, 25 * gap_max].
std::int64_t own_time(const std::vector<std::uint32_t>& hours, Time now, std::int64_t gap);
std::int64_t clock_time(const std::vector<std::uint32_t>& hours, Time now, std::int64_t own);
bool sound_hours(const std::vector<std::uint32_t>& hours);
constexpr std::int64_t time_max = std::int64_t{1} << 60U;  ///< µs from 1970, either way
constexpr std::int64_t gap_max = std::int64_t{1} << 45U;   ///< 407 days

}  // namespace vedette::simulator
