/// JSON messages (docs/formats/inputs.md): the topic says what a message is and whose; without a
/// topic (files) the object itself does. Fields are taken in the order they come, each once, with
/// a perfect hash from key to field.

#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"
#include "codec/codec.hpp"
#include "codec/flow_fields.hpp"
#include "codec/json_cursor.hpp"
#include "codec/scan.hpp"

namespace vedette {

namespace {

/// Key → field. The multipliers are found at compile time so that no two names share a slot.
class FlowKeys {
 public:
  static constexpr std::size_t size_max = 16;
  using Names = std::array<std::string_view, 22>;

  constexpr FlowKeys() {
    constexpr Names names{"ts",           "uid",           "id.orig_h",  "id.orig_p",
                          "id.resp_h",    "id.resp_p",     "proto",      "service",
                          "duration",     "orig_bytes",    "resp_bytes", "conn_state",
                          "missed_bytes", "history",       "orig_pkts",  "orig_ip_bytes",
                          "resp_pkts",    "resp_ip_bytes", "label",      "detailed-label",
                          "device",       "detailed_label"};
    while (!fill(names)) multiplier_ += 2;
  }

  /// REQUIRES: 16 readable bytes at key.data().
  FlowField find(std::string_view key) const {
    if (key.empty() || key.size() > size_max) return FlowField::ignored;
    const Slot& slot = slots_[slot_of(key, multiplier_)];
    const bool hit = slot.size == key.size() && same_16(slot.name.data(), key.data(), key.size());
    return hit ? slot.field : FlowField::ignored;
  }

 private:
  struct Slot {
    std::array<char, size_max> name{};
    std::size_t size = 0;
    FlowField field = FlowField::ignored;
  };
  static constexpr std::size_t slot_of(std::string_view key, std::uint32_t multiplier) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(key[i]); };
    // "detailed-label" and "detailed_label" differ only in their ninth byte.
    const std::size_t middle = key.size() / 2 + (key.size() > 8 ? 1 : 0);
    const std::uint32_t mixed = byte(0) + (std::uint32_t{byte(key.size() - 1)} << 8U) +
                                (std::uint32_t{byte(middle)} << 16U) +
                                (static_cast<std::uint32_t>(key.size()) << 24U);
    return (mixed * multiplier) >> 25U;
  }
  constexpr bool fill(const Names& names) {
    slots_ = {};
    for (std::size_t i = 0; i < names.size(); ++i) {
      Slot& slot = slots_[slot_of(names[i], multiplier_)];
      if (slot.size != 0) return false;
      for (std::size_t c = 0; c < names[i].size(); ++c) slot.name[c] = names[i][c];
      slot.size = names[i].size();
      // The last name is an alias of the one but one before it.
      slot.field = i < flow_field_count ? static_cast<FlowField>(i) : FlowField::detailed_label;
    }
    return true;
  }

  std::array<Slot, 128> slots_{};
  std::uint32_t multiplier_ = 0x9E3779B1U;
};
constexpr FlowKeys flow_keys;

/// What the topic says.
struct Route {
  enum class Kind : std::uint8_t { flow, reading, by_content } kind = Kind::by_content;
  std::string_view device;  ///< empty: the payload may name one
};

Result<Route> route_of(std::string_view topic) {
  if (topic.empty()) return Route{};
  if (!is_utf8(topic))
    return Error{Errc::malformed, fmt::format("the topic {} is not UTF-8", quoted(topic))};
  const std::size_t slash = topic.rfind('/');
  const std::string_view ending = slash == std::string_view::npos ? topic : topic.substr(slash + 1);
  Route route;
  if (ending == "flow") {
    route.kind = Route::Kind::flow;
  } else if (ending == "sensor") {
    route.kind = Route::Kind::reading;
  } else {
    return Error{Errc::unsupported,
                 fmt::format("the topic ends in {}, not in flow or sensor", quoted(ending))};
  }
  if (slash == std::string_view::npos) return route;
  const std::string_view before = topic.substr(0, slash);
  const std::size_t previous = before.rfind('/');
  // Only one level before the ending ("iot/sensor"): no level is left that could be a device.
  if (previous == std::string_view::npos) return route;
  route.device = before.substr(previous + 1);
  if (route.device.empty()) {
    return Error{Errc::missing_field, fmt::format("the topic {} names no device", quoted(topic))};
  }
  if (route.device.size() > Record::device_bytes_max) {
    return Error{Errc::too_large, fmt::format("the device {} has {} bytes, at most {} are allowed",
                                              quoted(route.device, 32), route.device.size(),
                                              Record::device_bytes_max)};
  }
  return route;
}

Fault set_label(const JsonValue& value, std::string_view positive, Truth& truth) {
  switch (value.kind) {
    case JsonKind::null:
      return Fault::none;
    case JsonKind::string:
      return set_truth(value.text, {}, truth);
    case JsonKind::boolean:
    case JsonKind::number:
      return set_truth_flag(value.text, positive, truth);
    default:
      return Fault::wrong_type;
  }
}

class JsonDecoder final : public Decoder {
 public:
  explicit JsonDecoder(JsonOptions options) : options_(options) {}
  Result<Decoded> decode(const RawMessage& message, Record& record, Truth& truth) override;

 private:
  Result<Decoded> decode_flow(std::string_view payload, const Route& route, Record& record,
                              Truth& truth);
  Fault take_flow_field(FlowField field, Record& record);
  Result<Decoded> finish_flow(const Route& route, Record& record, Truth& truth);
  Result<Decoded> decode_reading(std::string_view payload, const Route& route, Record& record,
                                 Truth& truth);
  std::optional<Error> take_reading_field(std::string_view key, const Route& route, Record& record);
  std::optional<Error> add_value(std::string_view key, Record& record);
  bool take_truth_field(FlowField field, bool labelled, std::string_view positive, Fault& fault);
  Error value_error(Fault fault, std::string_view key, std::string_view should) const;

  JsonOptions options_;
  JsonCursor cursor_;
  JsonValue value_;
  FieldMask seen_ = 0;    ///< keys met
  FieldMask filled_ = 0;  ///< keys with a value that is not null
  Truth label_;
  Truth detail_;
};

Result<Decoded> JsonDecoder::decode(const RawMessage& message, Record& record, Truth& truth) {
  truth.label.clear();
  std::string_view payload = message.payload;
  if (payload.size() > options_.payload_bytes_max) {
    return Error{Errc::too_large, fmt::format("a payload of {} bytes, at most {} are allowed",
                                              payload.size(), options_.payload_bytes_max)};
  }
  const Result<Route> route = route_of(message.topic);
  if (!route) return route.error();
  if (route->kind == Route::Kind::flow) return decode_flow(payload, *route, record, truth);
  if (route->kind == Route::Kind::reading) return decode_reading(payload, *route, record, truth);

  if (payload.starts_with(utf8_bom)) payload.remove_prefix(utf8_bom.size());
  if (trimmed(without_cr(payload)).empty()) return Decoded::nothing;
  // A key can also be spelled with escapes; the walk then tells whether it is there.
  const bool maybe_flow = payload.find("\"id.orig_h\"") != std::string_view::npos ||
                          payload.find('\\') != std::string_view::npos;
  if (maybe_flow) {
    auto decoded = decode_flow(payload, *route, record, truth);
    if (decoded.ok() || (seen_ & bit_of(FlowField::orig_h)) != 0) return decoded;
    record.clear();
    truth.label.clear();
  }
  return decode_reading(payload, *route, record, truth);
}

Error JsonDecoder::value_error(Fault fault, std::string_view key, std::string_view should) const {
  const std::string_view text = value_.kind == JsonKind::composite ? "[…]" : value_.text;
  return field_error(fault, key, text, should);
}

/// Labels belong to files; on the wire nobody knows the truth yet, so there they are ignored.
bool JsonDecoder::take_truth_field(FlowField field, bool labelled, std::string_view positive,
                                   Fault& fault) {
  if (field != FlowField::label && field != FlowField::detailed_label) return false;
  if (!labelled) return true;
  Truth& to = field == FlowField::label ? label_ : detail_;
  fault = set_label(value_, positive, to);
  return true;
}

Fault JsonDecoder::take_flow_field(FlowField field, Record& record) {
  if (value_.kind == JsonKind::null) return Fault::none;
  filled_ |= bit_of(field);
  if (is_number(field)) {
    if (value_.kind != JsonKind::number) return Fault::wrong_type;
    return value_.overflow ? Fault::out_of_range : set_flow_number(field, value_.number, record);
  }
  if (field == FlowField::ts && value_.kind == JsonKind::number) {
    return time_from_epoch(value_.text, record.time);
  }
  if (value_.kind != JsonKind::string) return Fault::wrong_type;
  if (field == FlowField::ts) return time_from_date(value_.text, record.time);
  if (field == FlowField::device) return set_device(value_.text, record);
  if (field == FlowField::conn_state && value_.text == "-") return Fault::none;
  return set_flow_field(field, value_.text, record);
}

Result<Decoded> JsonDecoder::decode_flow(std::string_view payload, const Route& route,
                                         Record& record, Truth& truth) {
  record.kind = RecordKind::flow;
  seen_ = filled_ = 0;
  label_.label.clear();
  detail_.label.clear();
  const bool labelled = route.kind == Route::Kind::by_content;
  if (!cursor_.open(payload)) return cursor_.error();
  for (std::string_view key; cursor_.next_key(key);) {
    const FlowField field = flow_keys.find(key);
    if (!cursor_.value(value_)) return cursor_.error();
    if (field == FlowField::ignored) {
      if (value_.kind == JsonKind::non_finite) return value_error(Fault::wrong_type, key, "JSON");
      continue;
    }
    if ((seen_ & bit_of(field)) != 0) {
      return Error{Errc::malformed, fmt::format("the key {} comes twice", key)};
    }
    seen_ |= bit_of(field);
    Fault fault = Fault::none;
    if (!take_truth_field(field, labelled, "Malicious", fault))
      fault = take_flow_field(field, record);
    if (fault != Fault::none) {
      return field_error(fault, field, value_.kind == JsonKind::composite ? "[…]" : value_.text);
    }
  }
  if (cursor_.failed()) return cursor_.error();
  return finish_flow(route, record, truth);
}

Result<Decoded> JsonDecoder::finish_flow(const Route& route, Record& record, Truth& truth) {
  if ((filled_ & flow_required) != flow_required) {
    return missing_error(first_missing(flow_required, filled_));
  }
  if (!route.device.empty()) {
    record.device.assign(route.device);
  } else if (record.device.empty()) {
    record.device.assign(record.flow.orig_h);
  }
  if (label_.known() || detail_.known()) (void)set_truth(label_.label, detail_.label, truth);
  record.seal();
  return Decoded::record;
}

std::optional<Error> JsonDecoder::add_value(std::string_view key, Record& record) {
  Reading& reading = record.reading;
  if (key.empty()) return Error{Errc::malformed, "a value has no name"};
  if (key.size() > Reading::name_bytes_max) {
    return Error{Errc::too_large,
                 fmt::format("the name {} has {} bytes, at most {} are allowed", quoted(key, 32),
                             key.size(), Reading::name_bytes_max)};
  }
  if (value_.overflow) return value_error(Fault::out_of_range, key, "a finite number");
  for (const Reading::Value& value : reading) {
    if (value.name == key)
      return Error{Errc::malformed, fmt::format("the key {} comes twice", quoted(key))};
  }
  if (reading.size() == Reading::values_max) {
    return Error{Errc::too_large, fmt::format("more than {} values, {} is one too many",
                                              Reading::values_max, quoted(key))};
  }
  reading.add(key, value_.number);
  return {};
}

std::optional<Error> JsonDecoder::take_reading_field(std::string_view key, const Route& route,
                                                     Record& record) {
  constexpr FieldMask time_bit = bit_of(FlowField::ts);
  const FlowField field = key == "timestamp" ? FlowField::ts : flow_keys.find(key);
  const bool is_time = key == "timestamp";
  const bool is_label = field == FlowField::label || field == FlowField::detailed_label;
  if (is_time || is_label || field == FlowField::device) {
    if ((seen_ & bit_of(field)) != 0)
      return Error{Errc::malformed, fmt::format("the key {} comes twice", key)};
    seen_ |= bit_of(field);
    Fault fault = Fault::none;
    if (value_.kind == JsonKind::null) return {};
    if (is_label) {
      take_truth_field(field, route.kind == Route::Kind::by_content, "Anomaly", fault);
    } else if (is_time) {
      filled_ |= time_bit;
      fault = value_.kind == JsonKind::number   ? time_from_epoch(value_.text, record.time)
              : value_.kind == JsonKind::string ? time_from_date(value_.text, record.time)
                                                : Fault::wrong_type;
    } else {
      fault = value_.kind == JsonKind::string ? set_device(value_.text, record) : Fault::wrong_type;
    }
    if (fault == Fault::none) return {};
    return value_error(fault, key, is_time ? "a time from 1970 to 2199" : "a text");
  }
  if (value_.kind == JsonKind::non_finite) {
    return value_error(Fault::wrong_type, key, "a finite number");
  }
  if (value_.kind == JsonKind::number) return add_value(key, record);
  return {};
}

Result<Decoded> JsonDecoder::decode_reading(std::string_view payload, const Route& route,
                                            Record& record, Truth& truth) {
  record.kind = RecordKind::reading;
  seen_ = filled_ = 0;
  label_.label.clear();
  detail_.label.clear();
  if (!cursor_.open(payload)) return cursor_.error();
  for (std::string_view key; cursor_.next_key(key);) {
    if (!cursor_.value(value_)) return cursor_.error();
    if (auto fault = take_reading_field(key, route, record)) return *std::move(fault);
  }
  if (cursor_.failed()) return cursor_.error();
  if (filled_ == 0) return Error{Errc::missing_field, "timestamp is missing"};
  if (record.reading.size() == 0) {
    return Error{Errc::missing_field, "the reading holds no number"};
  }
  if (!route.device.empty()) {
    record.device.assign(route.device);
  } else if (record.device.empty()) {
    record.device.assign("sensor");
  }
  if (label_.known() || detail_.known()) (void)set_truth(label_.label, detail_.label, truth);
  record.seal();
  return Decoded::record;
}

}  // namespace

std::unique_ptr<Decoder> make_json_decoder(JsonOptions options) {
  return std::make_unique<JsonDecoder>(options);
}

}  // namespace vedette
