/// The face of codec/: how bytes become a Record. Decoders are pure: no I/O, no clock; the only
/// state is what the format itself carries (a header line, a parser's scratch memory).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "record/raw_message.hpp"
#include "record/record.hpp"
#include "record/truth_note.hpp"

namespace vedette {

enum class Decoded : std::uint8_t {
  record,   ///< `record` (and `truth` where the format carries labels) was filled and sealed
  nothing,  ///< a header, comment or blank line: not an observation, not an error
};

/// Not thread-safe: one per stream. Allocates nothing per message after warm-up.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// REQUIRES: a cleared `record`. On failure the content of `record` is unspecified.
  /// @return missing_field, wrong_type, out_of_range, malformed, truncated, too_large, unsupported;
  /// the message names the field and the offending text, not the place (the caller knows it).
  virtual Result<Decoded> decode(const RawMessage& message, Record& record, Truth& truth) = 0;
  /// Called when the stream ends. @return truncated when a format that owes more got less
  /// (e.g. a Zeek log without one #fields line: malformed).
  virtual Status finish() { return {}; }
};

struct JsonOptions {
  std::size_t payload_bytes_max = std::size_t{256} << 10U;
};

/// Zeek TSV conn.log: #fields header, 20 columns or more, labels behind tabs or three blanks
/// (docs/formats/inputs.md). The device of a flow is its id.orig_h.
std::unique_ptr<Decoder> make_zeek_log_decoder();
/// One JSON object a message. The topic decides: …/<device>/flow (Zeek JSON), …/<device>/sensor,
/// the bare …/sensor. Without a topic (files): an object with `id.orig_h` is a flow whose device is
/// `device` or else id.orig_h; anything else a reading whose device is `device` or else "sensor".
std::unique_ptr<Decoder> make_json_decoder(JsonOptions options = {});
/// CSV with a header line. Columns with Zeek's names make flows; else a time column (timestamp,
/// time, date, ts) and numeric columns make readings.
std::unique_ptr<Decoder> make_csv_decoder();

/// "zeek", "json" or "csv" from the first bytes of a file; nothing when it is none of them.
std::optional<std::string_view> sniff_format(std::string_view head);

/// Appends a flow in Zeek TSV form, and the header that goes before the first one. Decoding gives
/// an equal record. `truth` goes into label and detailed-label, tab separated.
void append_zeek_header(std::string& out);
void append_zeek_line(std::string& out, const Record& record, const Truth& truth);

/// The same as Zeek itself writes it: 21 columns, none of them a label.
void append_zeek_plain_header(std::string& out);
void append_zeek_plain_line(std::string& out, const Record& record);

/// Appends a flow as CSV under Zeek's names (RFC 4180 quoting, empty cells for what is unset), and
/// the header that goes before the first one. Decoding gives an equal record whose device is
/// id.orig_h. The reader goes by lines and takes "-", "NA", "null" … for unset: a line end inside a
/// text becomes a blank, and such a text reads back as unset.
void append_csv_header(std::string& out);
void append_csv_line(std::string& out, const Record& record);

/// Fills `note` from one line that append_truth_line() wrote; unknown members are passed over.
/// @return malformed, quoting the line.
Status read_truth_line(std::string_view line, TruthNote& note);

}  // namespace vedette
