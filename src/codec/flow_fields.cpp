#include "codec/flow_fields.hpp"

#include <fmt/format.h>

#include <bit>

#include "base/expects.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

constexpr std::array<std::string_view, flow_field_count> field_names{
    "ts",           "uid",           "id.orig_h",  "id.orig_p",
    "id.resp_h",    "id.resp_p",     "proto",      "service",
    "duration",     "orig_bytes",    "resp_bytes", "conn_state",
    "missed_bytes", "history",       "orig_pkts",  "orig_ip_bytes",
    "resp_pkts",    "resp_ip_bytes", "label",      "detailed-label",
    "device"};

constexpr std::array<double Flow::*, flow_field_count> number_members = [] {
  std::array<double Flow::*, flow_field_count> members{};
  const auto put = [&](FlowField field, double Flow::*member) {
    members[static_cast<std::size_t>(field)] = member;
  };
  put(FlowField::duration, &Flow::duration);
  put(FlowField::orig_bytes, &Flow::orig_bytes);
  put(FlowField::resp_bytes, &Flow::resp_bytes);
  put(FlowField::missed_bytes, &Flow::missed_bytes);
  put(FlowField::orig_pkts, &Flow::orig_pkts);
  put(FlowField::orig_ip_bytes, &Flow::orig_ip_bytes);
  put(FlowField::resp_pkts, &Flow::resp_pkts);
  put(FlowField::resp_ip_bytes, &Flow::resp_ip_bytes);
  return members;
}();

Fault set_port(double value, std::uint16_t& port) {
  if (!(value >= 0 && value <= 65535)) return Fault::out_of_range;
  port = static_cast<std::uint16_t>(value);
  return static_cast<double>(port) == value ? Fault::none : Fault::wrong_type;
}

Fault set_text(std::string_view text, std::size_t bytes_max, std::string& to) {
  if (text.size() > bytes_max) return Fault::too_large;
  to.assign(text);
  return Fault::none;
}

Fault set_address(std::string_view text, std::string& to) {
  if (text.empty()) return Fault::missing;
  return set_text(text, Flow::address_bytes_max, to);
}

/// Exports of Zeek logs come with "TCP" as well.
Fault set_proto_any_case(std::string_view text, Flow& flow) {
  for (const Proto proto : {Proto::tcp, Proto::udp, Proto::icmp, Proto::unknown_transport}) {
    if (equal_ignoring_case(text, name_of(proto))) return flow.proto = proto, Fault::none;
  }
  return text.empty() ? Fault::missing : Fault::out_of_range;
}

Fault set_proto(std::string_view text, Flow& flow) {
  if (text == "tcp") return flow.proto = Proto::tcp, Fault::none;
  if (text == "udp") return flow.proto = Proto::udp, Fault::none;
  return set_proto_any_case(text, flow);
}

Fault set_conn_state(std::string_view text, Flow& flow) {
  const auto state = conn_state_from(text);
  if (!state) return Fault::out_of_range;
  flow.conn_state = *state;
  return Fault::none;
}

std::string_view should_be(FlowField field) {
  switch (field) {
    case FlowField::ts:
      return "a time from 1970 to 2199";
    case FlowField::orig_p:
    case FlowField::resp_p:
      return "a port, 0..65535";
    case FlowField::proto:
      return "tcp, udp, icmp or unknown_transport";
    case FlowField::conn_state:
      return "a conn_state of Zeek";
    case FlowField::uid:
    case FlowField::orig_h:
    case FlowField::resp_h:
    case FlowField::service:
    case FlowField::history:
    case FlowField::label:
    case FlowField::detailed_label:
    case FlowField::device:
      return "a text";
    default:
      return "a number from zero up";
  }
}

std::size_t bytes_max_of(FlowField field) {
  switch (field) {
    case FlowField::orig_h:
    case FlowField::resp_h:
      return Flow::address_bytes_max;
    case FlowField::label:
    case FlowField::detailed_label:
      return label_bytes_max;
    case FlowField::device:
      return Record::device_bytes_max;
    default:
      return text_bytes_max;
  }
}

bool unset_label(std::string_view text) {
  return text.empty() || text == "-" || text == "(empty)";
}

}  // namespace

std::string_view name_of(FlowField field) {
  return field_names[static_cast<std::size_t>(field)];
}

FlowField flow_field_from(std::string_view name) {
  for (std::size_t i = 0; i < field_names.size(); ++i) {
    if (field_names[i] == name) return static_cast<FlowField>(i);
  }
  return name == "detailed_label" ? FlowField::detailed_label : FlowField::ignored;
}

FlowField first_missing(FieldMask wanted, FieldMask seen) {
  const FieldMask missing = wanted & ~seen;
  expects(missing != 0, "first_missing needs a missing field");
  return static_cast<FlowField>(std::countr_zero(missing));
}

Fault set_flow_number(FlowField field, double value, Record& record) {
  if (field == FlowField::orig_p) return set_port(value, record.flow.orig_p);
  if (field == FlowField::resp_p) return set_port(value, record.flow.resp_p);
  if (!(value >= 0)) return Fault::out_of_range;
  // "-0" would be another bit pattern, and so another key, for an equal observation.
  record.flow.*number_members[static_cast<std::size_t>(field)] = value + 0.0;
  return Fault::none;
}

Fault set_flow_field(FlowField field, std::string_view text, Record& record) {
  Flow& flow = record.flow;
  switch (field) {
    case FlowField::ts:
      return time_from_text(text, record.time);
    case FlowField::uid:
      return set_text(text, text_bytes_max, flow.uid);
    case FlowField::orig_h:
      return set_address(text, flow.orig_h);
    case FlowField::resp_h:
      return set_address(text, flow.resp_h);
    case FlowField::proto:
      return set_proto(text, flow);
    case FlowField::service:
      return set_text(text, text_bytes_max, flow.service);
    case FlowField::conn_state:
      return set_conn_state(text, flow);
    case FlowField::history:
      return set_text(text, text_bytes_max, flow.history);
    default:
      break;
  }
  double value = 0;
  const Fault fault = parse_number(text, value);
  return fault == Fault::none ? set_flow_number(field, value, record) : fault;
}

Error field_error(Fault fault, std::string_view name, std::string_view text,
                  std::string_view should) {
  switch (fault) {
    case Fault::missing:
      return {Errc::missing_field, fmt::format("{} is missing", name)};
    case Fault::out_of_range:
      return {Errc::out_of_range,
              fmt::format("{} {} is out of range: it should be {}", name, quoted(text), should)};
    case Fault::too_large:
      return {Errc::too_large, fmt::format("{} {} has {} bytes, more than allowed", name,
                                           quoted(text, 32), text.size())};
    case Fault::malformed:
      return {Errc::malformed, fmt::format("{} {} should be {}", name, quoted(text), should)};
    case Fault::wrong_type:
    case Fault::none:
      break;
  }
  return {Errc::wrong_type, fmt::format("{} {} should be {}", name, quoted(text), should)};
}

Error field_error(Fault fault, FlowField field, std::string_view text) {
  if (fault == Fault::too_large) {
    return {Errc::too_large,
            fmt::format("{} {} has {} bytes, at most {} are allowed", name_of(field),
                        quoted(text, 32), text.size(), bytes_max_of(field))};
  }
  return field_error(fault, name_of(field), text, should_be(field));
}

Error missing_error(FlowField field) {
  return field_error(Fault::missing, field, {});
}

Fault set_truth(std::string_view label, std::string_view detail, Truth& truth) {
  label = trimmed(label);
  detail = trimmed(detail);
  if (label.size() > label_bytes_max || detail.size() > label_bytes_max) return Fault::too_large;
  // Three blanks separate labels in IoT-23's layout: inside one they are two columns gone wrong.
  constexpr std::string_view gap = "   ";
  if (label.find(gap) != label.npos || detail.find(gap) != detail.npos) return Fault::malformed;
  if (equal_ignoring_case(label, benign_label)) {
    truth.label.assign(benign_label);
  } else if (!unset_label(detail)) {
    truth.label.assign(detail);
  } else if (equal_ignoring_case(label, "malicious")) {
    truth.label.assign("Malicious");
  } else if (!unset_label(label)) {
    truth.label.assign(label);
  }
  return Fault::none;
}

Fault set_truth_flag(std::string_view label, std::string_view positive, Truth& truth) {
  double number = 0;
  const bool is_numeric = parse_number(label, number) == Fault::none;
  if ((is_numeric && number == 0) || equal_ignoring_case(label, "false")) {
    truth.label.assign(benign_label);
  } else if ((is_numeric && number == 1) || equal_ignoring_case(label, "true")) {
    truth.label.assign(positive);
  } else if (is_numeric) {
    return Fault::out_of_range;
  } else {
    return set_truth(label, {}, truth);
  }
  return Fault::none;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

Fault set_device(std::string_view text, Record& record) {
  if (text.empty()) return Fault::missing;
  return set_text(text, Record::device_bytes_max, record.device);
}

}  // namespace vedette
