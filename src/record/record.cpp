#include "record/record.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <span>

#include "base/expects.hpp"
#include "base/hash.hpp"
#include "base/quick_text.hpp"
#include "base/text.hpp"
#include "record/raw_message.hpp"
#include "record/schema.hpp"

namespace vedette {

namespace {

constexpr std::array<std::string_view, 5> proto_names{"", "tcp", "udp", "icmp",
                                                      "unknown_transport"};
constexpr std::array<std::string_view, conn_state_count> conn_state_names{
    "", "S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"};

template <class Enum, std::size_t N>
std::optional<Enum> find_name(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return {};
}

/// Chains one field into a hash; the size keeps ("ab","c") apart from ("a","bc").
std::uint64_t chain(std::uint64_t hash, std::string_view field) {
  return hash64(field, hash + field.size() + 1);
}

std::uint64_t chain(std::uint64_t hash, std::uint64_t number) {
  return hash64(std::as_bytes(std::span{&number, 1}), hash);
}

std::uint64_t hash_of(const Flow& flow, std::uint64_t seed) {
  std::uint64_t hash = chain(seed, flow.uid);
  hash = chain(hash, flow.orig_h);
  hash = chain(hash, flow.resp_h);
  hash = chain(hash, (std::uint64_t{flow.orig_p} << 32U) | (std::uint64_t{flow.resp_p} << 16U) |
                         static_cast<std::uint64_t>(flow.proto));
  // Without a uid (CSV, sensors that never had Zeek) the content must tell two flows apart.
  if (!flow.uid.empty()) return hash;
  for (const double number : {flow.duration, flow.orig_bytes, flow.resp_bytes, flow.orig_pkts,
                              flow.resp_pkts, flow.orig_ip_bytes, flow.resp_ip_bytes}) {
    hash = chain(hash, std::isnan(number) ? ~0ULL : std::bit_cast<std::uint64_t>(number));
  }
  return hash;
}

std::uint64_t hash_of(const Reading& reading, std::uint64_t seed) {
  std::uint64_t hash = seed;
  for (const Reading::Value& value : reading) {
    hash = chain(hash, value.name);
    hash = chain(hash, std::bit_cast<std::uint64_t>(value.value));
  }
  return hash;
}

}  // namespace

std::string_view name_of(RecordKind kind) {
  return kind == RecordKind::flow ? "flow" : "reading";
}

std::string_view name_of(Proto proto) {
  return proto_names[static_cast<std::size_t>(proto)];
}
std::optional<Proto> proto_from(std::string_view name) {
  return find_name<Proto>(proto_names, name);
}

std::string_view name_of(ConnState state) {
  return conn_state_names[static_cast<std::size_t>(state)];
}
std::optional<ConnState> conn_state_from(std::string_view name) {
  return find_name<ConnState>(conn_state_names, name);
}

std::string to_text(RecordKey key) {
  return fmt::format("{}-{:016x}", key.time_micros, key.hash);
}

std::optional<RecordKey> key_from_text(std::string_view text) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || text.size() - dash != 17) return {};
  const auto time = parse_integer<std::int64_t>(text.substr(0, dash));
  std::uint64_t hash = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + dash + 1, end, hash, 16);
  if (!time || parsed.ec != std::errc{} || parsed.ptr != end) return {};
  return RecordKey{*time, hash};
}

void Flow::clear() {
  uid.clear();
  orig_h.clear();
  resp_h.clear();
  service.clear();
  history.clear();
  orig_p = resp_p = 0;
  proto = Proto::unset;
  conn_state = ConnState::unset;
  duration = orig_bytes = resp_bytes = missed_bytes = not_set;
  orig_pkts = orig_ip_bytes = resp_pkts = resp_ip_bytes = not_set;
}

void Reading::add(std::string_view name, double value) {
  expects(used_ < values_max, "a reading holds at most values_max values");
  if (used_ == values_.size()) values_.emplace_back();
  values_[used_].name.assign(name);
  values_[used_].value = value;
  ++used_;
}

void Record::clear() {
  kind = RecordKind::flow;
  device.clear();
  time = Time{};
  key = RecordKey{};
  flow.clear();
  reading.clear();
}

void Record::seal() {
  const std::uint64_t seed = chain(static_cast<std::uint64_t>(kind), device);
  key.time_micros = micros(time);
  key.hash = kind == RecordKind::flow ? hash_of(flow, seed) : hash_of(reading, seed);
}

namespace {

void text_field(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) append_json_field(out, name, value);
}

void number_field(std::string& out, std::string_view name, double value) {
  if (!std::isnan(value)) append_json_field(out, name, value);
}

void append_seconds(std::string& out, Time time) {
  const std::int64_t value = micros(time);
  if (value >= 0) {
    std::array<char, 28> text;
    char* at = write_whole(text.data(), static_cast<std::uint64_t>(value / 1'000'000));
    *at++ = '.';
    at = write_padded<6>(at, static_cast<std::uint32_t>(value % 1'000'000));
    out.append(text.data(), at);
  } else {
    append_json_number(out, to_seconds(time));
  }
}

void append_flow_fields(std::string& out, const Record& record) {
  const Flow& flow = record.flow;
  append_json_key(out, "ts");
  append_seconds(out, record.time);
  text_field(out, "uid", flow.uid);
  text_field(out, "id.orig_h", flow.orig_h);
  number_field(out, "id.orig_p", flow.orig_p);
  text_field(out, "id.resp_h", flow.resp_h);
  number_field(out, "id.resp_p", flow.resp_p);
  text_field(out, "proto", name_of(flow.proto));
  text_field(out, "service", flow.service);
  number_field(out, "duration", flow.duration);
  number_field(out, "orig_bytes", flow.orig_bytes);
  number_field(out, "resp_bytes", flow.resp_bytes);
  text_field(out, "conn_state", name_of(flow.conn_state));
  number_field(out, "missed_bytes", flow.missed_bytes);
  text_field(out, "history", flow.history);
  number_field(out, "orig_pkts", flow.orig_pkts);
  number_field(out, "orig_ip_bytes", flow.orig_ip_bytes);
  number_field(out, "resp_pkts", flow.resp_pkts);
  number_field(out, "resp_ip_bytes", flow.resp_ip_bytes);
}

}  // namespace

void append_record_json(std::string& out, const Record& record) {
  out += '{';
  if (record.kind == RecordKind::flow) {
    append_flow_fields(out, record);
  } else {
    append_json_key(out, "timestamp");
    out += '"';
    append_rfc3339(out, record.time);
    out += '"';
    for (const Reading::Value& value : record.reading) number_field(out, value.name, value.value);
  }
  out += '}';
}

std::string place_of(const RawMessage& message) {
  if (!message.topic.empty()) return fmt::format("topic {}", quoted(message.topic, 256));
  if (message.line > 0) return fmt::format("{} line {}", message.origin, message.line);
  return std::string{message.origin};
}

std::uint64_t Schema::fingerprint() const {
  std::uint64_t hash = chain(static_cast<std::uint64_t>(record_kind), "schema");
  for (const Column& column : columns) {
    hash = chain(hash, column.name);
    hash = chain(hash, static_cast<std::uint64_t>(column.kind));
  }
  return hash;
}

}  // namespace vedette
