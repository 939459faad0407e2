/// The fields of a flow and how each one's text becomes a value: one place for Zeek TSV, JSON and
/// CSV, so that equal values give bit-equal records whatever they came in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "codec/event_time.hpp"
#include "codec/number.hpp"
#include "record/record.hpp"

namespace vedette {

/// In the order of Zeek's conn.log. `device` is ours (CSV and JSON files).
enum class FlowField : std::uint8_t {
  ts,
  uid,
  orig_h,
  orig_p,
  resp_h,
  resp_p,
  proto,
  service,
  duration,
  orig_bytes,
  resp_bytes,
  conn_state,
  missed_bytes,
  history,
  orig_pkts,
  orig_ip_bytes,
  resp_pkts,
  resp_ip_bytes,
  label,
  detailed_label,
  device,
  ignored
};
constexpr std::size_t flow_field_count = static_cast<std::size_t>(FlowField::ignored);

/// Zeek's name: "id.orig_h".
std::string_view name_of(FlowField field);
/// `ignored` for a name that is not ours.
FlowField flow_field_from(std::string_view name);

/// Which fields a message brought: a bit each.
using FieldMask = std::uint32_t;
constexpr FieldMask bit_of(FlowField field) {
  return FieldMask{1} << static_cast<unsigned>(field);
}
/// What no flow is without. conn_state must have a column but may be unset.
constexpr FieldMask flow_required = bit_of(FlowField::ts) | bit_of(FlowField::orig_h) |
                                    bit_of(FlowField::orig_p) | bit_of(FlowField::resp_h) |
                                    bit_of(FlowField::resp_p) | bit_of(FlowField::proto);
constexpr FieldMask flow_required_columns = flow_required | bit_of(FlowField::conn_state);
/// The first field of `wanted` that `seen` lacks. REQUIRES: there is one.
FlowField first_missing(FieldMask wanted, FieldMask seen);

/// uid, service, history and labels: longer ones are too_large.
constexpr std::size_t text_bytes_max = 1024;
constexpr std::size_t label_bytes_max = 128;

constexpr bool is_number(FlowField field) {
  using enum FlowField;
  constexpr FieldMask numbers = bit_of(orig_p) | bit_of(resp_p) | bit_of(duration) |
                                bit_of(orig_bytes) | bit_of(resp_bytes) | bit_of(missed_bytes) |
                                bit_of(orig_pkts) | bit_of(orig_ip_bytes) | bit_of(resp_pkts) |
                                bit_of(resp_ip_bytes);
  return (numbers & bit_of(field)) != 0;
}

/// REQUIRES: is_number(field) and a finite value. @return out_of_range, wrong_type (port 80.5).
Fault set_flow_number(FlowField field, double value, Record& record);
/// Any field but the labels and device, from text. REQUIRES: text is UTF-8 and not unset.
Fault set_flow_field(FlowField field, std::string_view text, Record& record);

/// One sentence naming the field and the text.
Error field_error(Fault fault, FlowField field, std::string_view text);
/// The same for a field that is not a flow's: `name`, what it should have been.
Error field_error(Fault fault, std::string_view name, std::string_view text,
                  std::string_view should_be);
Error missing_error(FlowField field);

/// IoT-23's two label columns into one Truth (record.hpp). Unset is "", "-" or "(empty)".
Fault set_truth(std::string_view label, std::string_view detail, Truth& truth);
/// A label that may be a number: 0 or false is Benign, 1 or true is `positive`; any other text
/// is a class's name.
Fault set_truth_flag(std::string_view label, std::string_view positive, Truth& truth);

/// Without blanks and tabs at both ends.
std::string_view trimmed(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
/// A line without the carriage return of a CRLF file.
inline std::string_view without_cr(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}
constexpr std::string_view utf8_bom = "\xEF\xBB\xBF";

/// 1..device_bytes_max bytes. @return missing, too_large.
Fault set_device(std::string_view text, Record& record);

}  // namespace vedette
