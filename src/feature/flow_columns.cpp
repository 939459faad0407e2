#include "feature/flow_columns.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/expects.hpp"
#include "base/text.hpp"
#include "feature/column_sinks.hpp"
#include "feature/window_columns.hpp"

namespace vedette {

namespace {

constexpr std::array<std::string_view, flow_columns_count> set_names{"behaviour", "published24",
                                                                     "ports", "windows"};
/// Zeek's history letters (docs.zeek.org, base/protocols/conn); upper case: the originator did it.
constexpr std::string_view history_letters = "SHADFRCGTWIQX";
constexpr std::array<std::string_view, 3> proto_choices{"tcp", "udp", "icmp"};
constexpr std::array<std::string_view, 5> address_choices{"public", "private", "local", "multicast",
                                                          "broadcast"};
constexpr std::array<std::string_view, 3> port_choices{"system", "registered", "ephemeral"};

/// Sizes span ten orders of magnitude; their logarithms span ten units. Negative counts are
/// nonsense and taken as none.
double log_scale(double value) {
  return value > 0 ? std::log1p(value) : 0.0;
}

/// A quotient that has an answer when nothing was sent.
double ratio(double numerator, double denominator) {
  return denominator > 0 && numerator > 0 ? numerator / denominator : 0.0;
}

/// Linux hands out 32768 and above to clients, IANA keeps what lies below 1024 for services.
std::size_t port_role(std::uint16_t port) {
  constexpr std::uint16_t registered_from = 1024;
  constexpr std::uint16_t ephemeral_from = 32'768;
  return port < registered_from ? 0 : port < ephemeral_from ? 1 : 2;
}

/// tcp → 0, udp → 1, icmp → 2; anything else beyond the choices.
std::size_t proto_index(Proto proto) {
  return static_cast<std::size_t>(proto) - 1;
}
std::size_t state_index(ConnState state) {
  return static_cast<std::size_t>(state) - 1;
}

std::array<std::string_view, conn_state_count - 1> state_choices() {
  std::array<std::string_view, conn_state_count - 1> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = name_of(static_cast<ConnState>(i + 1));
  return names;
}

template <class Sink>
void walk_published(const Flow& flow, Sink& sink) {
  sink.number("duration", flow.duration);
  sink.number("orig_bytes", flow.orig_bytes);
  sink.number("resp_bytes", flow.resp_bytes);
  sink.number("missed_bytes", flow.missed_bytes);
  sink.number("orig_pkts", flow.orig_pkts);
  sink.number("orig_ip_bytes", flow.orig_ip_bytes);
  sink.number("resp_pkts", flow.resp_pkts);
  sink.number("resp_ip_bytes", flow.resp_ip_bytes);
  sink.choice("proto", proto_choices, proto_index(flow.proto));
  sink.choice("conn_state", state_choices(), state_index(flow.conn_state));
}

template <class Sink>
void walk_sizes(const Flow& flow, Sink& sink) {
  sink.number("log_duration", log_scale(flow.duration));
  sink.number("log_orig_bytes", log_scale(flow.orig_bytes));
  sink.number("log_resp_bytes", log_scale(flow.resp_bytes));
  sink.number("log_missed_bytes", log_scale(flow.missed_bytes));
  sink.number("log_orig_pkts", log_scale(flow.orig_pkts));
  sink.number("log_orig_ip_bytes", log_scale(flow.orig_ip_bytes));
  sink.number("log_resp_pkts", log_scale(flow.resp_pkts));
  sink.number("log_resp_ip_bytes", log_scale(flow.resp_ip_bytes));
  sink.flag("duration_unset", std::isnan(flow.duration));
  sink.flag("orig_bytes_unset", std::isnan(flow.orig_bytes));
  sink.flag("resp_bytes_unset", std::isnan(flow.resp_bytes));
  sink.flag("packets_unset", std::isnan(flow.orig_pkts) || std::isnan(flow.resp_pkts));
  sink.number("log_orig_bytes_per_pkt", log_scale(ratio(flow.orig_ip_bytes, flow.orig_pkts)));
  sink.number("log_resp_bytes_per_pkt", log_scale(ratio(flow.resp_ip_bytes, flow.resp_pkts)));
  sink.number("log_orig_resp_bytes", log_scale(flow.orig_ip_bytes) - log_scale(flow.resp_ip_bytes));
  sink.number("log_orig_resp_pkts", log_scale(flow.orig_pkts) - log_scale(flow.resp_pkts));
  sink.number("log_pkts_per_second",
              log_scale(ratio((std::isnan(flow.orig_pkts) ? 0 : flow.orig_pkts) +
                                  (std::isnan(flow.resp_pkts) ? 0 : flow.resp_pkts),
                              flow.duration)));
}

template <class Sink>
void walk_behaviour(const Flow& flow, std::span<const std::string> services, Sink& sink) {
  walk_sizes(flow, sink);
  sink.choice("proto", proto_choices, proto_index(flow.proto));
  sink.choice("conn_state", state_choices(), state_index(flow.conn_state));
  const auto found = std::find(services.begin(), services.end(), flow.service);
  const bool known = found != services.end();
  sink.choice("service", services, static_cast<std::size_t>(found - services.begin()));
  sink.flag("service_unset", flow.service.empty());
  sink.flag("service_other", !known && !flow.service.empty());
  static constexpr std::string_view orig_letters = history_letters;
  static constexpr std::string_view resp_letters = "shadfrcgtwiqx";
  sink.letters("history", orig_letters, flow.history);
  sink.letters("history", resp_letters, flow.history);
  sink.letters("history", "^", flow.history);
  sink.number("log_history_length", log_scale(static_cast<double>(flow.history.size())));
  sink.choice("orig_port", port_choices, port_role(flow.orig_p));
  sink.choice("resp_port", port_choices, port_role(flow.resp_p));
  sink.choice("resp_address", address_choices,
              static_cast<std::size_t>(address_class_of(flow.resp_h)));
}

template <class Sink>
void walk(const Flow& flow, const WindowFacts& facts, FlowColumns columns,
          std::span<const std::string> services, const PortShares& ports, Sink& sink) {
  if (columns == FlowColumns::published24) return walk_published(flow, sink);
  walk_behaviour(flow, services, sink);
  if (columns == FlowColumns::ports) {
    sink.number("resp_p", flow.resp_p);
    sink.number("resp_port_log_share", ports.log_share(flow));
  }
  if (columns == FlowColumns::windows) WindowColumns<Sink>(facts, sink).walk();
}

/// The four numbers of a dotted IPv4 address.
std::optional<std::array<unsigned, 4>> octets_of(std::string_view address) {
  std::array<unsigned, 4> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::size_t dot = i < 3 ? address.find('.') : address.size();
    if (dot == std::string_view::npos) return {};
    const auto octet = parse_integer<std::uint8_t>(address.substr(0, dot));
    if (!octet) return {};
    octets[i] = *octet;
    address.remove_prefix(std::min(dot + 1, address.size()));
  }
  return octets;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> heads) {
  return std::any_of(heads.begin(), heads.end(),
                     [&](std::string_view head) { return text.starts_with(head); });
}

}  // namespace

std::optional<FlowColumns> flow_columns_from(std::string_view name) {
  for (std::size_t i = 0; i < set_names.size(); ++i) {
    if (set_names[i] == name) return static_cast<FlowColumns>(i);
  }
  return {};
}

Schema flow_schema(FlowColumns columns, std::span<const std::string> services) {
  Schema schema{RecordKind::flow, {}};
  NameSink sink(schema);
  walk(Flow{}, WindowFacts{}, columns, services, PortShares{}, sink);
  return schema;
}

void fill_flow_row(const Flow& flow, const WindowFacts& facts, FlowColumns columns,
                   std::span<const std::string> services, const PortShares& ports,
                   std::span<float> row) {
  ValueSink sink(row);
  walk(flow, facts, columns, services, ports, sink);
  expects(sink.used() == row.size(), "a row has one place per column of its schema");
}

AddressClass address_class_of(std::string_view address) {
  if (address.find(':') != std::string_view::npos) {
    if (starts_with_any(address, {"ff", "FF"})) return AddressClass::multicast;
    if (starts_with_any(address, {"fe8", "fe9", "fea", "feb", "FE8", "FE9", "FEA", "FEB"}) ||
        address == "::1" || address == "::") {
      return AddressClass::local;
    }
    return starts_with_any(address, {"fc", "fd", "FC", "FD"}) ? AddressClass::home
                                                              : AddressClass::open;
  }
  const auto octets = octets_of(address);
  if (!octets) return AddressClass::open;
  const auto [a, b, c, d] = *octets;
  if (a == 255 && b == 255 && c == 255 && d == 255) return AddressClass::broadcast;
  if (a >= 224 && a < 240) return AddressClass::multicast;
  // Most networks of things are /24: .255 is their broadcast address.
  const bool home = a == 10 || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168);
  if (home) return d == 255 ? AddressClass::broadcast : AddressClass::home;
  return a == 127 || a == 0 || (a == 169 && b == 254) ? AddressClass::local : AddressClass::open;
}

}  // namespace vedette
