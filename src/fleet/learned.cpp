/// Walking a learned profile: a few draws by weight and whole-number interpolations a flow.
#include "fleet/learned.hpp"

#include <algorithm>

#include "base/expects.hpp"
#include "fleet/learned_parts.hpp"

namespace vedette {

namespace simulator {

namespace {

__extension__ using Wide = __int128;

/// The first item of the slice whose `upto` is above `at`.
template <class Item>
std::uint32_t place_of(const std::vector<Item>& items, Slice<Item> slice, std::uint32_t at) {
  const auto begin = items.begin() + slice.from;
  const auto found =
      std::upper_bound(begin, begin + slice.count, at,
                       [](std::uint32_t value, const Item& item) { return value < item.upto; });
  return static_cast<std::uint32_t>(found - items.begin());
}

template <class Item>
std::uint32_t weight_of(const std::vector<Item>& items, Slice<Item> slice) {
  return slice.count == 0 ? 0 : items[slice.from + slice.count - 1].upto;
}

std::uint32_t below(Random& random, std::uint32_t bound) {
  return static_cast<std::uint32_t>(random.below(bound));
}

std::uint16_t state_from(const std::vector<std::uint32_t>& upto, Random& random) {
  const auto found = std::upper_bound(upto.begin(), upto.end(), below(random, upto.back()));
  return static_cast<std::uint16_t>(found - upto.begin());
}

/// A neighbour in a list of `count`, at its ends the only one. REQUIRES: count > 1.
std::uint32_t neighbour_of(std::uint32_t at, std::uint32_t count, bool upwards) {
  if (at == 0) return 1;
  if (at + 1 == count) return at - 1;
  return upwards ? at + 1 : at - 1;
}

/// One observation or stratum, moved towards a neighbour, so that all values in between can come;
/// never by more than a quarter, so that nothing comes where nothing was seen.
std::int64_t draw(const LearnedParts& parts, const Sample& sample, Random& random) {
  const std::uint32_t count = std::uint32_t{sample.body} + sample.tail;
  const std::uint32_t at_random = below(random, sample.of);
  std::uint32_t at = at_random;
  if (sample.of > count) {
    const bool tail = at_random >= sample.of - sample.tail;
    at = tail ? sample.body + (at_random - (sample.of - sample.tail)) : below(random, sample.body);
  }
  const std::int64_t* const values = parts.values.data() + sample.from;
  const std::int64_t value = values[at];
  if (count == 1) return value;
  const std::uint64_t bits = random.next();
  const std::int64_t distance = values[neighbour_of(at, count, (bits & 1U) != 0)] - value;
  const std::int64_t reach = std::min(std::abs(distance), value / 4);
  const std::int64_t move = reach * static_cast<std::int64_t>(bits >> 48U) / 65'536;
  return distance < 0 ? value - move : value + move;
}

std::int64_t mixed(std::uint64_t a, std::uint64_t b, std::int64_t share) {
  const auto from = static_cast<std::int64_t>(a);
  const auto difference = static_cast<std::int64_t>(b) - from;
  return from + (difference * share + (difference < 0 ? -32'768 : 32'768)) / 65'536;
}

/// Payload and packets of one side between two rows; the headers follow the rounded packets.
void mix_side(Amounts& out, const Amounts& other, std::int64_t share, Amount bytes, Amount pkts,
              Amount ip_bytes) {
  const auto headers = [&](const Amounts& row) {
    return static_cast<std::int64_t>(row[ip_bytes]) - static_cast<std::int64_t>(row[bytes]);
  };
  const std::int64_t own_headers = headers(out);
  const std::int64_t more_headers = headers(other) - own_headers;
  const auto own_pkts = static_cast<std::int64_t>(out[pkts]);
  const std::int64_t more_pkts = static_cast<std::int64_t>(other[pkts]) - own_pkts;
  const std::int64_t new_bytes = mixed(out[bytes], other[bytes], share);
  const std::int64_t new_pkts = mixed(out[pkts], other[pkts], share);
  const std::int64_t moved = more_pkts == 0
                                 ? more_headers * share / 65'536
                                 : static_cast<std::int64_t>(static_cast<Wide>(more_headers) *
                                                             (new_pkts - own_pkts) / more_pkts);
  out[bytes] = static_cast<std::uint64_t>(new_bytes);
  out[pkts] = static_cast<std::uint64_t>(new_pkts);
  out[ip_bytes] =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, new_bytes + own_headers + moved));
}

Amounts draw_amounts(const LearnedParts& parts, const LearnedState& state, std::uint32_t row,
                     Random& random) {
  Amounts amounts = parts.rows[row].amounts;
  if (!parts.rows[row].mixed || state.rows.count < 2) return amounts;
  const std::uint64_t bits = random.next();
  const std::uint32_t other =
      neighbour_of(row - state.rows.from, state.rows.count, (bits & 1U) != 0);
  const Amounts& towards = parts.rows[state.rows.from + other].amounts;
  const auto share = static_cast<std::int64_t>(bits >> 49U);  // at most half-way
  mix_side(amounts, towards, share, orig_bytes, orig_pkts, orig_ip_bytes);
  mix_side(amounts, towards, share, resp_bytes, resp_pkts, resp_ip_bytes);
  amounts[missed_bytes] =
      static_cast<std::uint64_t>(mixed(amounts[missed_bytes], towards[missed_bytes], share));
  return amounts;
}

void fill_numbers(Flow& flow, const LearnedParts& parts, const LearnedState& state,
                  Random& random) {
  const std::uint32_t at = below(random, weight_of(parts.rows, state.rows));
  const std::uint32_t row = place_of(parts.rows, state.rows, at);
  const Amounts amounts = draw_amounts(parts, state, row, random);
  constexpr std::array<double Flow::*, amount_count> members{
      &Flow::orig_bytes,    &Flow::resp_bytes, &Flow::missed_bytes, &Flow::orig_pkts,
      &Flow::orig_ip_bytes, &Flow::resp_pkts,  &Flow::resp_ip_bytes};
  for (std::size_t i = 0; i < amount_count; ++i) {
    if ((state.unset >> i & 1U) == 0) flow.*members[i] = static_cast<double>(amounts[i]);
  }
  const std::uint32_t lasting = parts.rows[row].lasting;
  if (lasting != no_sample) {
    flow.duration = static_cast<double>(draw(parts, parts.samples[lasting], random)) / 1e6;
  }
}

/// Addresses that did not recur in the capture do not recur here either.
std::uint32_t stranger(Random& random) {
  return 65'536 + below(random, 65'536);
}

void fill_host(Flow& flow, const LearnedParts& parts, const LearnedState& state, Random& random) {
  const std::uint32_t known = weight_of(parts.hosts, state.hosts);
  const std::uint32_t at = below(random, known + state.strangers);
  if (at >= known) {
    flow.resp_h = address_of(state.host_kind, stranger(random));
  } else {
    flow.resp_h.assign(parts.addresses[parts.hosts[place_of(parts.hosts, state.hosts, at)].which]);
  }
}

std::uint16_t port_in(PortRange range, Random& random) {
  if (range.low == range.high) return range.low;
  return static_cast<std::uint16_t>(range.low + below(random, range.high - range.low + 1U));
}

constexpr std::int64_t hour_micros = 3'600'000'000;
constexpr std::int64_t hours_of_day = 24;

/// The hour of the day and how far it is gone.
struct OfDay {
  std::size_t hour = 0;
  std::int64_t gone = 0;
};
OfDay of_day(Time now) {
  constexpr std::int64_t day = hours_of_day * hour_micros;
  const std::int64_t at = ((micros(now) % day) + day) % day;
  return {static_cast<std::size_t>(at / hour_micros), at % hour_micros};
}

std::uint64_t sum_of(const std::vector<std::uint32_t>& hours) {
  std::uint64_t sum = 0;
  for (const std::uint32_t hour : hours) sum += hour;
  return sum;
}

/// A day in the device's own time.
std::int64_t day_of(const std::vector<std::uint32_t>& hours) {
  return static_cast<std::int64_t>(sum_of(hours)) * (hour_micros / LearnedParts::hour_unit);
}

std::int64_t scaled(std::int64_t time, std::int64_t numerator, std::int64_t denominator) {
  return static_cast<std::int64_t>(static_cast<Wide>(time) * numerator / denominator);
}

}  // namespace

bool sound_hours(const std::vector<std::uint32_t>& hours) {
  constexpr std::uint64_t whole = hours_of_day * LearnedParts::hour_unit;
  return hours.size() == hours_of_day && sum_of(hours) >= whole / 2 && sum_of(hours) <= whole * 2;
}

std::int64_t own_time(const std::vector<std::uint32_t>& hours, Time now, std::int64_t gap) {
  if (hours.empty()) return gap;
  const std::int64_t days = gap / (hours_of_day * hour_micros);
  std::int64_t own = days * day_of(hours);
  std::int64_t left = gap % (hours_of_day * hour_micros);
  for (OfDay at = of_day(now); left > 0; at = {(at.hour + 1) % hours.size(), 0}) {
    const std::int64_t here = std::min(left, hour_micros - at.gone);
    own += scaled(here, hours[at.hour], LearnedParts::hour_unit);
    left -= here;
  }
  return own;
}

std::int64_t clock_time(const std::vector<std::uint32_t>& hours, Time now, std::int64_t own) {
  if (hours.empty()) return own;
  const std::int64_t day = day_of(hours);
  std::int64_t gap = own / day * hours_of_day * hour_micros;
  std::int64_t left = own % day;
  for (OfDay at = of_day(now);; at = {(at.hour + 1) % hours.size(), 0}) {
    const std::int64_t here =
        scaled(hour_micros - at.gone, hours[at.hour], LearnedParts::hour_unit);
    if (here > left) return gap + scaled(left, LearnedParts::hour_unit, hours[at.hour]);
    left -= here;
    gap += hour_micros - at.gone;
  }
}

}  // namespace simulator

using namespace simulator;

LearnedProfile::LearnedProfile(std::shared_ptr<const LearnedParts> parts)
    : parts_(std::move(parts)) {
  expects(parts_ != nullptr, "a learned profile has parts");
}

const LearnedSummary& LearnedProfile::summary() const {
  return parts_->summary;
}

LearnedProfile::Step LearnedProfile::next(Flow& flow, Random& random, Walk& walk, Time now) const {
  const LearnedParts& parts = *parts_;
  if (walk.state == Walk::nowhere) walk.state = state_from(parts.start, random);
  expects(walk.state < parts.states.size(), "a walk belongs to one profile");
  const LearnedState& state = parts.states[walk.state];
  flow.proto = state.proto;
  flow.conn_state = state.conn_state;
  flow.service.assign(parts.texts[state.service]);
  flow.history.assign(parts.texts[state.history]);
  flow.orig_p = port_in(state.orig_ports, random);
  flow.resp_p = port_in(state.resp_ports, random);
  fill_host(flow, parts, state, random);
  fill_numbers(flow, parts, state, random);

  const std::uint32_t known = weight_of(parts.following, state.following);
  const std::uint32_t at = below(random, known + state.escape);
  std::uint32_t gap = no_sample;
  if (at < known) {
    const Following& to = parts.following[place_of(parts.following, state.following, at)];
    walk.state = to.state;
    gap = to.gap;
  } else {
    walk.state = state_from(parts.resume, random);
  }
  if (gap == no_sample) gap = parts.states[walk.state].gap;
  const std::int64_t own = draw(parts, parts.samples[gap], random);
  const std::int64_t until = clock_time(parts.hours, now, own);
  return {.until_next = Duration{std::clamp<std::int64_t>(until, 1, gap_max)},
          .label = parts.texts[state.label],
          .ipv6 = is_ipv6(state.host_kind)};
}

}  // namespace vedette
