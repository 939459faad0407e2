/// Record: one observation of one device, the noun that travels the line. Records are made to be
/// reused: clear() keeps the capacity of every string, so a warm line allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace vedette {

enum class RecordKind : std::uint8_t { flow, reading };
constexpr std::size_t record_kind_count = 2;
std::string_view name_of(RecordKind kind);  ///< "flow", "reading"

/// Makes storing the same observation twice harmless: equal for equal content, whatever the format
/// or the transport it came in (MQTT redelivery, the same capture as TSV and as JSON).
struct RecordKey {
  std::int64_t time_micros = 0;
  std::uint64_t hash = 0;
  friend auto operator<=>(const RecordKey&, const RecordKey&) = default;
};
/// "1545403816962094-0123456789abcdef": the id of a record in API and files.
std::string to_text(RecordKey key);
std::optional<RecordKey> key_from_text(std::string_view text);

/// A number that was not there: Zeek "-", JSON null or absent.
constexpr double not_set = std::numeric_limits<double>::quiet_NaN();

enum class Proto : std::uint8_t { unset, tcp, udp, icmp, unknown_transport };
std::string_view name_of(Proto proto);
std::optional<Proto> proto_from(std::string_view name);

/// Zeek's thirteen conn_state values (docs.zeek.org, base/protocols/conn).
enum class ConnState : std::uint8_t {
  unset,
  S0,
  S1,
  SF,
  REJ,
  S2,
  S3,
  RSTO,
  RSTR,
  RSTOS0,
  RSTRH,
  SH,
  SHR,
  OTH
};
constexpr std::size_t conn_state_count = 14;
std::string_view name_of(ConnState state);
std::optional<ConnState> conn_state_from(std::string_view name);

/// One connection as Zeek's conn.log describes it; fields carry Zeek's names. Unset text is empty.
struct Flow {
  std::string uid;
  std::string orig_h;  ///< textual address, at most `address_bytes_max`
  std::string resp_h;
  std::uint16_t orig_p = 0;
  std::uint16_t resp_p = 0;
  Proto proto = Proto::unset;
  ConnState conn_state = ConnState::unset;
  std::string service;          ///< "dns", "http,ssl" …
  std::string history;          ///< "ShADadfF"
  double duration = not_set;    ///< seconds
  double orig_bytes = not_set;  ///< payload bytes
  double resp_bytes = not_set;
  double missed_bytes = not_set;
  double orig_pkts = not_set;
  double orig_ip_bytes = not_set;
  double resp_pkts = not_set;
  double resp_ip_bytes = not_set;

  static constexpr std::size_t address_bytes_max = 64;
  void clear();
};

/// Named numbers a sensor measured at one time, in the order they came. At most `values_max`.
class Reading {
 public:
  struct Value {
    std::string name;
    double value = 0;  ///< finite
  };
  static constexpr std::size_t values_max = 64;
  static constexpr std::size_t name_bytes_max = 64;

  void clear() { used_ = 0; }
  /// REQUIRES: size() < values_max and a finite value.
  void add(std::string_view name, double value);
  std::size_t size() const { return used_; }
  const Value* begin() const { return values_.data(); }
  const Value* end() const { return values_.data() + used_; }
  const Value& operator[](std::size_t i) const { return values_[i]; }

 private:
  std::vector<Value> values_;  // grows, never shrinks: the strings keep their capacity
  std::size_t used_ = 0;
};

struct Record {
  RecordKind kind = RecordKind::flow;
  std::string device;  ///< 1..device_bytes_max bytes of UTF-8
  Time time;           ///< event time, as the device or Zeek saw it
  RecordKey key;       ///< set by seal()
  Flow flow;           ///< meaningful when kind == flow
  Reading reading;     ///< meaningful when kind == reading

  static constexpr std::size_t device_bytes_max = 128;
  void clear();
  /// Computes `key` from the content. Decoders call it last.
  void seal();
};

/// What is known to be true of a record, beside it and never inside what a detector reads.
/// `label` is "Benign", an attack's name as IoT-23 spells it ("DDoS", "C&C",
/// "PartOfAHorizontalPortScan", "Malicious" when no detail is given), or a fault's name.
struct Truth {
  std::string label;  ///< empty: nothing is known
  bool known() const { return !label.empty(); }
};
constexpr std::string_view benign_label = "Benign";

struct LabelledRecord {
  Record record;
  Truth truth;
};

/// Appends the record as the JSON object the MQTT contract accepts (`iot/<device>/flow` with Zeek's
/// field names, or `iot/<device>/sensor`): decoding it gives an equal record with an equal key.
void append_record_json(std::string& out, const Record& record);

}  // namespace vedette
