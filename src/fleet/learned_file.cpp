/// The profile file, byte by byte in docs/formats/vdp.md: a header with size and checksum, then
/// lists, each checked before it is believed.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "fleet/learned.hpp"
#include "fleet/learned_parts.hpp"

namespace vedette {

using namespace simulator;

namespace {

constexpr std::array<char, 4> magic{'V', 'D', 'P', '\n'};
constexpr std::uint16_t format_version = 1;
constexpr std::size_t header_bytes = 24;

Error damaged(std::string_view what) {
  return {Errc::corrupt, fmt::format("damaged profile: {}", what)};
}

// ---- writing ------------------------------------------------------------------------------------

void put_summary(ByteWriter& out, const LearnedSummary& summary) {
  out.put_text(summary.source);
  out.put_text(summary.label);
  for (const std::uint64_t number :
       {summary.flows, summary.unlabelled, summary.other, summary.left_out, summary.thinned,
        summary.devices, static_cast<std::uint64_t>(micros(summary.first)),
        static_cast<std::uint64_t>(micros(summary.last)),
        static_cast<std::uint64_t>(summary.mean_gap.count())}) {
    out.put(number);
  }
}

void put_hosts(ByteWriter& out, const LearnedParts& parts) {
  out.put(static_cast<std::uint32_t>(parts.addresses.size()));
  for (std::size_t i = 0; i < parts.addresses.size(); ++i) {
    out.put(parts.host_kinds[i]);
    if (parts.host_kinds[i] == HostKind::kept) out.put_text(parts.addresses[i]);
  }
}

void put_samples(ByteWriter& out, const LearnedParts& parts) {
  out.put(static_cast<std::uint32_t>(parts.samples.size()));
  for (const Sample& sample : parts.samples) {
    out.put(sample.of);
    out.put(sample.body);
    out.put(sample.tail);
    for (std::uint32_t i = 0; i < std::uint32_t{sample.body} + sample.tail; ++i) {
      out.put(parts.values[sample.from + i]);
    }
  }
}

void put_template(ByteWriter& out, const LearnedState& state) {
  out.put(state.flows);
  out.put(state.label);
  out.put(state.service);
  out.put(state.history);
  out.put(state.proto);
  out.put(state.conn_state);
  out.put(state.host_kind);
  out.put(state.unset);
  for (const PortRange& range : {state.orig_ports, state.resp_ports}) {
    out.put(range.low);
    out.put(range.high);
  }
}

void put_state(ByteWriter& out, const LearnedParts& parts, const LearnedState& state) {
  put_template(out, state);
  out.put(static_cast<std::uint8_t>(state.rows.count));
  for (std::uint32_t i = 0; i < state.rows.count; ++i) {
    const SizeRow& row = parts.rows[state.rows.from + i];
    out.put(row.upto);
    out.put(row.lasting);
    out.put(static_cast<std::uint8_t>(row.mixed));
    for (const std::uint64_t amount : row.amounts) out.put(amount);
  }
  out.put(static_cast<std::uint16_t>(state.hosts.count));
  for (std::uint32_t i = 0; i < state.hosts.count; ++i) {
    const Host& host = parts.hosts[state.hosts.from + i];
    out.put(host.upto);
    out.put(host.which);
  }
  out.put(state.strangers);
  out.put(static_cast<std::uint16_t>(state.following.count));
  for (std::uint32_t i = 0; i < state.following.count; ++i) {
    const Following& to = parts.following[state.following.from + i];
    out.put(to.upto);
    out.put(to.state);
    out.put(to.gap);
  }
  out.put(state.escape);
  out.put(state.gap);
}

// ---- reading ------------------------------------------------------------------------------------

/// A short text that may be shown to people.
bool get_line(ByteReader& in, std::string& out) {
  const std::string_view text = in.get_text();
  const bool sound = in.ok() && text.size() <= LearnedParts::text_bytes_max && is_utf8(text);
  if (sound) out.assign(text);
  return sound;
}

bool get_summary(ByteReader& in, LearnedSummary& out) {
  if (!get_line(in, out.source) || !get_line(in, out.label)) return false;
  for (std::uint64_t* number :
       {&out.flows, &out.unlabelled, &out.other, &out.left_out, &out.thinned, &out.devices}) {
    *number = in.get<std::uint64_t>();
  }
  out.first = time_from_micros(in.get<std::int64_t>());
  out.last = time_from_micros(in.get<std::int64_t>());
  out.mean_gap = Duration{in.get<std::int64_t>()};
  return in.ok() && micros(out.first) >= -time_max && out.first <= out.last &&
         micros(out.last) <= time_max && out.thinned > 0 && out.mean_gap.count() >= 0 &&
         out.mean_gap.count() <= gap_max;
}

bool get_texts(ByteReader& in, std::vector<std::string>& texts) {
  const auto count = in.get<std::uint32_t>();
  if (count == 0 || count > LearnedParts::texts_max) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!get_line(in, texts.emplace_back())) return false;
  }
  return texts.front().empty();
}

bool get_hosts(ByteReader& in, LearnedParts& parts) {
  const auto count = in.get<std::uint32_t>();
  if (count > LearnedParts::hosts_max || count > in.left()) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto kind = in.get<HostKind>();
    std::string address;
    if (static_cast<std::size_t>(kind) >= host_kind_count) return false;
    if (kind != HostKind::kept) {
      address = address_of(kind, i);
    } else {
      if (!get_line(in, address)) return false;
      const HostSort sort = host_sort_of(address);
      if (sort.kind != HostKind::kept || sort.text != address) return false;
    }
    parts.host_kinds.push_back(kind);
    parts.addresses.push_back(std::move(address));
  }
  return in.ok();
}

bool get_samples(ByteReader& in, LearnedParts& parts) {
  constexpr std::size_t sample_bytes_min = 8 + sizeof(std::int64_t);
  const auto count = in.get<std::uint32_t>();
  if (count == 0 || count > in.left() / sample_bytes_min) return false;
  parts.samples.reserve(count);
  parts.values.reserve(in.left() / sizeof(std::int64_t));
  for (std::uint32_t i = 0; i < count; ++i) {
    Sample sample;
    sample.of = in.get<std::uint32_t>();
    sample.from = static_cast<std::uint32_t>(parts.values.size());
    sample.body = in.get<std::uint16_t>();
    sample.tail = in.get<std::uint16_t>();
    const std::uint32_t values = std::uint32_t{sample.body} + sample.tail;
    if (sample.body == 0 || values > Sample::values_max || sample.tail > Sample::tail_max ||
        sample.of < values) {
      return false;
    }
    std::int64_t before = 0;
    for (std::uint32_t v = 0; v < values; ++v) {
      const auto value = in.get<std::int64_t>();
      // A gap in a device's own time may be 24 times as long as by the clock.
      if (value < before || value > 25 * gap_max) return false;
      parts.values.push_back(before = value);
    }
    parts.samples.push_back(sample);
  }
  return in.ok();
}

/// Weights only grow, so that a draw by weight ends where it should. The sum and what is drawn
/// beside it fit 32 bits.
bool rises(std::uint32_t& before, std::uint32_t upto) {
  return std::exchange(before, upto) < upto;
}

bool get_template(ByteReader& in, const LearnedParts& parts, LearnedState& state) {
  state.flows = in.get<std::uint32_t>();
  state.label = in.get<std::uint16_t>();
  state.service = in.get<std::uint16_t>();
  state.history = in.get<std::uint16_t>();
  state.proto = in.get<Proto>();
  state.conn_state = in.get<ConnState>();
  state.host_kind = in.get<HostKind>();
  state.unset = in.get<std::uint8_t>();
  for (PortRange* range : {&state.orig_ports, &state.resp_ports}) {
    range->low = in.get<std::uint16_t>();
    range->high = in.get<std::uint16_t>();
    if (range->low > range->high) return false;
  }
  const std::size_t texts = parts.texts.size();
  return in.ok() && state.flows > 0 && state.label < texts && state.service < texts &&
         state.history < texts && state.proto <= Proto::unknown_transport &&
         static_cast<std::size_t>(state.conn_state) < conn_state_count &&
         static_cast<std::size_t>(state.host_kind) < host_kind_count;
}

bool get_rows(ByteReader& in, LearnedParts& parts, LearnedState& state) {
  const auto count = in.get<std::uint8_t>();
  if (count == 0 || count > LearnedProfile::rows_max) return false;
  state.rows = {static_cast<std::uint32_t>(parts.rows.size()), count};
  std::uint32_t before = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    SizeRow row;
    row.upto = in.get<std::uint32_t>();
    row.lasting = in.get<std::uint32_t>();
    const auto mixed = in.get<std::uint8_t>();
    row.mixed = mixed == 1;
    for (std::uint64_t& amount : row.amounts) {
      amount = in.get<std::uint64_t>();
      if (amount > amount_max) return false;
    }
    const bool lasts = (state.unset & duration_bit) == 0;
    const bool sound = lasts ? row.lasting < parts.samples.size() : row.lasting == no_sample;
    if (!in.ok() || mixed > 1 || !sound || !rises(before, row.upto)) return false;
    parts.rows.push_back(row);
  }
  return true;
}

bool get_state_hosts(ByteReader& in, LearnedParts& parts, LearnedState& state) {
  const auto count = in.get<std::uint16_t>();
  state.hosts = {static_cast<std::uint32_t>(parts.hosts.size()), count};
  std::uint32_t before = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    Host host;
    host.upto = in.get<std::uint32_t>();
    host.which = in.get<std::uint16_t>();
    const bool sound = in.ok() && host.which < parts.addresses.size() &&
                       parts.host_kinds[host.which] == state.host_kind;
    if (!sound || !rises(before, host.upto)) return false;
    parts.hosts.push_back(host);
  }
  state.strangers = in.get<std::uint32_t>();
  const bool none_is_made_up = state.host_kind != HostKind::kept || state.strangers == 0;
  const std::uint64_t sum = std::uint64_t{before} + state.strangers;
  return in.ok() && none_is_made_up && sum > 0 && sum <= 0xffffffffU;
}

bool get_following(ByteReader& in, LearnedParts& parts, LearnedState& state, std::size_t states) {
  const auto count = in.get<std::uint16_t>();
  state.following = {static_cast<std::uint32_t>(parts.following.size()), count};
  std::uint32_t before = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    Following to;
    to.upto = in.get<std::uint32_t>();
    to.state = in.get<std::uint16_t>();
    to.gap = in.get<std::uint32_t>();
    const bool sound =
        in.ok() && to.state < states && (to.gap == no_sample || to.gap < parts.samples.size());
    if (!sound || !rises(before, to.upto)) return false;
    parts.following.push_back(to);
  }
  state.escape = in.get<std::uint32_t>();
  state.gap = in.get<std::uint32_t>();
  const std::uint64_t sum = std::uint64_t{before} + state.escape;
  return in.ok() && sum > 0 && sum <= 0xffffffffU && state.gap < parts.samples.size();
}

bool get_weights(ByteReader& in, std::size_t states, std::vector<std::uint32_t>& upto) {
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < states; ++i) {
    const auto value = in.get<std::uint32_t>();
    // A state may have no weight here, but not all of them.
    if (!in.ok() || value < before) return false;
    upto.push_back(before = value);
  }
  return before > 0;
}

Status get_parts(ByteReader& in, LearnedParts& parts) {
  if (!get_summary(in, parts.summary)) return damaged("what it says of itself does not hold");
  if (!get_texts(in, parts.texts)) return damaged("its texts do not hold");
  if (!get_hosts(in, parts)) return damaged("its addresses do not hold");
  const auto hours = in.get<std::uint8_t>();
  for (int i = 0; in.ok() && i < hours; ++i) parts.hours.push_back(in.get<std::uint32_t>());
  if (!in.ok() || (hours != 0 && !sound_hours(parts.hours))) {
    return damaged("its hours of the day do not hold");
  }
  if (!get_samples(in, parts)) return damaged("its samples do not hold");
  const auto states = in.get<std::uint16_t>();
  if (states == 0 || states > LearnedProfile::states_max) {
    return damaged(fmt::format("{} states; 1 to {} can be", states, LearnedProfile::states_max));
  }
  for (std::uint16_t i = 0; i < states; ++i) {
    LearnedState state;
    if (!get_template(in, parts, state) || !get_rows(in, parts, state) ||
        !get_state_hosts(in, parts, state) || !get_following(in, parts, state, states)) {
      return damaged(fmt::format("state {} does not hold", i));
    }
    parts.states.push_back(state);
  }
  if (!get_weights(in, states, parts.start) || !get_weights(in, states, parts.resume)) {
    return damaged("the weights of its states do not hold");
  }
  if (in.left() != 0) return damaged("bytes behind its end");
  return {};
}

Status check_header(std::span<const std::byte> bytes) {
  if (bytes.size() < header_bytes || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0) {
    return Error{Errc::malformed, "not a Vedette profile"};
  }
  ByteReader in(bytes.subspan(magic.size()));
  const auto version = in.get<std::uint16_t>();
  const auto reserved = in.get<std::uint16_t>();
  const auto size = in.get<std::uint64_t>();
  const auto checksum = in.get<std::uint64_t>();
  if (version != format_version) {
    return Error{Errc::unsupported, fmt::format("a profile of version {}, this build reads {}",
                                                version, format_version)};
  }
  if (size != bytes.size()) {
    return damaged(fmt::format("it says it has {} bytes, it has {}", size, bytes.size()));
  }
  if (bytes.size() > LearnedProfile::file_bytes_max) {
    return Error{Errc::too_large, fmt::format("a profile of {} bytes; at most {} are read",
                                              bytes.size(), LearnedProfile::file_bytes_max)};
  }
  if (reserved != 0 || checksum != hash64(bytes.subspan(header_bytes))) {
    return damaged("the checksum does not fit");
  }
  return {};
}

}  // namespace

std::vector<std::byte> LearnedProfile::encode() const {
  ByteWriter out;
  out.put_bytes(std::as_bytes(std::span{magic}));
  out.put(format_version);
  out.put(std::uint16_t{0});
  out.put(std::uint64_t{0});
  out.put(std::uint64_t{0});
  put_summary(out, parts_->summary);
  out.put(static_cast<std::uint32_t>(parts_->texts.size()));
  for (const std::string& text : parts_->texts) out.put_text(text);
  put_hosts(out, *parts_);
  out.put(static_cast<std::uint8_t>(parts_->hours.size()));
  for (const std::uint32_t hour : parts_->hours) out.put(hour);
  put_samples(out, *parts_);
  out.put(static_cast<std::uint16_t>(parts_->states.size()));
  for (const LearnedState& state : parts_->states) put_state(out, *parts_, state);
  for (const std::uint32_t upto : parts_->start) out.put(upto);
  for (const std::uint32_t upto : parts_->resume) out.put(upto);
  out.patch(8, static_cast<std::uint64_t>(out.size()));
  out.patch(16, hash64(out.bytes().subspan(header_bytes)));
  return {out.bytes().begin(), out.bytes().end()};
}

Result<LearnedProfile> LearnedProfile::decode(std::span<const std::byte> bytes) {
  if (const Status status = check_header(bytes); !status) return status.error();
  ByteReader in(bytes.subspan(header_bytes));
  auto parts = std::make_shared<LearnedParts>();
  if (const Status status = get_parts(in, *parts); !status) return status.error();
  return LearnedProfile(std::move(parts));
}

Status LearnedProfile::save(const std::filesystem::path& path) const {
  return write_whole(path, encode());
}

Result<LearnedProfile> LearnedProfile::load(const std::filesystem::path& path) {
  const auto mapped = MappedFile::open(path);
  if (!mapped) return mapped.error();
  auto profile = decode(mapped->bytes());
  if (!profile) {
    return Error{profile.error().code,
                 fmt::format("{}: {}", path.string(), profile.error().message)};
  }
  return profile;
}

}  // namespace vedette
