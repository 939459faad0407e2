/// Zeek TSV logs (docs/formats/inputs.md). A log describes itself: `#separator`, `#unset_field` and
/// `#empty_field` say how to read a line, `#fields` names its columns. A line is scanned once for
/// separators; then only the columns a flow needs are looked at, in the order of the log.
///
/// IoT-23 adds two columns, and joins them to the last one by three blanks instead of a tab, in the
/// header as in the lines. So the end of a line, from the column before `label` on, is cut at
/// either (`tail_`).

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "codec/codec.hpp"
#include "codec/flow_fields.hpp"
#include "codec/scan.hpp"

namespace vedette {

namespace {

constexpr std::string_view label_gap = "   ";
constexpr std::size_t line_bytes_max = std::size_t{256} << 10U;

/// Cuts the first piece off `rest`, at a separator or a gap of three blanks or more.
std::string_view cut_tail(std::string_view& rest, char separator) {
  const std::size_t at = std::min(rest.find(separator), rest.find(label_gap));
  if (at == std::string_view::npos) return std::exchange(rest, std::string_view{});
  const std::string_view piece = rest.substr(0, at);
  const bool gap = rest[at] != separator;
  const std::size_t next = gap ? rest.find_first_not_of(' ', at) : at + 1;
  // An empty last column is still a column: its text is empty but not gone.
  rest = next == std::string_view::npos ? rest.substr(rest.size()) : rest.substr(next);
  return piece;
}

/// "\x09" → tab; a plain character stands for itself.
std::optional<char> separator_from(std::string_view text) {
  if (text.size() == 1) return text[0];
  unsigned code = 0;
  const char* const end = text.data() + text.size();
  if (text.size() != 4 || text.substr(0, 2) != "\\x") return {};
  const auto [stop, error] = std::from_chars(text.data() + 2, end, code, 16);
  if (stop != end || error != std::errc{} || code == 0 || code >= 0x80) return {};
  return static_cast<char>(code);
}

/// Half of all cells are one byte long, as "-" is: their byte settles it without a call of memcmp,
/// which was the first entry of the profile.
bool is_mark(std::string_view cell, std::string_view mark) {
  if (cell.size() != mark.size()) return false;
  return cell.empty() || (cell[0] == mark[0] && cell == mark);
}

class ZeekLogDecoder final : public Decoder {
 public:
  Result<Decoded> decode(const RawMessage& message, Record& record, Truth& truth) override;
  Status finish() override;

 private:
  struct Wanted {
    std::uint32_t column;
    FlowField field;
  };

  Result<Decoded> read_header(std::string_view line);
  Result<Decoded> read_fields(std::string_view names);
  Result<Decoded> read_line(std::string_view line, Record& record, Truth& truth);
  std::optional<Error> split(std::string_view line);
  Error wrong_count(std::size_t columns) const;
  /// Names one column of the new layout. @return malformed when it was named before.
  std::optional<Error> add_column(std::string_view name, FieldMask& seen);
  /// "\x09" inside a text stands for the byte, as Zeek writes bytes that would break a line.
  std::string_view unescaped(std::string_view cell);

  char separator_ = '\t';
  std::string unset_ = "-";
  std::string empty_ = "(empty)";
  std::string header_fault_;  ///< why the last #fields line cannot be used
  std::vector<Wanted> wanted_;
  std::size_t columns_ = 0;  ///< 0: no usable #fields line yet
  std::size_t tail_ = 0;     ///< first column that may be cut at three blanks; columns_: none
  bool fields_seen_ = false;
  bool usable_ = false;   ///< at least one #fields line was good
  bool escapes_ = false;  ///< the line holds a backslash
  Offsets offsets_;
  std::array<std::string_view, columns_max> cells_;
  std::string scratch_;
  std::string detail_;
};

Result<Decoded> ZeekLogDecoder::decode(const RawMessage& message, Record& record, Truth& truth) {
  std::string_view line = without_cr(message.payload);
  truth.label.clear();
  if (line.size() > line_bytes_max) {
    return Error{Errc::too_large, fmt::format("a line of {} bytes, at most {} are allowed",
                                              line.size(), line_bytes_max)};
  }
  if (line.starts_with(utf8_bom)) line.remove_prefix(utf8_bom.size());
  if (line.empty()) return Decoded::nothing;
  if (line[0] == '#') return read_header(line);
  return read_line(line, record, truth);
}

Result<Decoded> ZeekLogDecoder::read_header(std::string_view line) {
  const std::size_t end = line.find_first_of(std::string{separator_, ' ', '\t'});
  const std::string_view key = line.substr(0, end);
  const std::string_view value = end == std::string_view::npos ? "" : line.substr(end + 1);
  if (key == "#separator") {
    const auto separator = separator_from(value);
    if (!separator) {
      return Error{Errc::malformed, fmt::format("#separator {} is no separator", quoted(value))};
    }
    separator_ = *separator;
  } else if (key == "#unset_field") {
    unset_ = value;
  } else if (key == "#empty_field") {
    empty_ = value;
  } else if (key == "#fields") {
    return read_fields(value);
  }
  return Decoded::nothing;
}

Result<Decoded> ZeekLogDecoder::read_fields(std::string_view names) {
  fields_seen_ = true;
  columns_ = 0;
  wanted_.clear();
  FieldMask seen = 0;
  std::optional<Error> fault;
  while (names.data() != nullptr && !fault) fault = add_column(cut_tail(names, separator_), seen);
  if (!fault && (seen & flow_required_columns) != flow_required_columns) {
    const auto missing = name_of(first_missing(flow_required_columns, seen));
    fault = Error{Errc::missing_field, fmt::format("the #fields line has no column {}", missing)};
  }
  if (fault) {
    header_fault_ = fault->message;
    columns_ = 0;
    return *fault;
  }
  usable_ = true;
  tail_ = columns_;
  for (const Wanted& wanted : wanted_) {
    if (wanted.field == FlowField::label && wanted.column + 2 >= columns_) {
      tail_ = wanted.column > 0 ? wanted.column - 1 : 0;
    }
  }
  return Decoded::nothing;
}

std::optional<Error> ZeekLogDecoder::add_column(std::string_view name, FieldMask& seen) {
  if (columns_ == columns_max) {
    return Error{Errc::too_large,
                 fmt::format("the #fields line names more than {} columns", columns_max)};
  }
  const FlowField field = flow_field_from(trimmed(name));
  const auto column = static_cast<std::uint32_t>(columns_++);
  if (field == FlowField::ignored || field == FlowField::device) return {};
  if ((seen & bit_of(field)) != 0) {
    return Error{Errc::malformed, fmt::format("the #fields line names {} twice", name_of(field))};
  }
  seen |= bit_of(field);
  wanted_.push_back({column, field});
  return {};
}

Error ZeekLogDecoder::wrong_count(std::size_t columns) const {
  return {columns < columns_ ? Errc::truncated : Errc::malformed,
          fmt::format("{} columns where #fields names {}", columns, columns_)};
}

std::optional<Error> ZeekLogDecoder::split(std::string_view line) {
  const LineScan scan = scan_line(line, separator_, offsets_);
  if (!scan.ascii && !is_utf8(line)) {
    return Error{Errc::malformed, fmt::format("the line {} is not UTF-8", quoted(line))};
  }
  escapes_ = scan.backslash;
  const std::size_t plain = std::min(tail_, columns_ - 1);
  if (scan.separators < plain) return wrong_count(scan.separators + 1);
  if (tail_ == columns_ && scan.separators > plain) return wrong_count(scan.separators + 1);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < plain; ++i) {
    cells_[i] = {line.data() + begin, offsets_[i] - begin};
    begin = offsets_[i] + 1;
  }
  std::string_view rest = line.substr(begin);
  if (tail_ == columns_) {
    cells_[plain] = rest;
    return {};
  }
  std::size_t count = plain;
  for (; rest.data() != nullptr; ++count) {
    const std::string_view piece = cut_tail(rest, separator_);
    if (count < columns_) cells_[count] = piece;
  }
  if (count != columns_) return wrong_count(count);
  return {};
}

std::string_view ZeekLogDecoder::unescaped(std::string_view cell) {
  if (!escapes_ || cell.find("\\x") == std::string_view::npos) return cell;
  scratch_.clear();
  while (!cell.empty()) {
    unsigned code = 0;
    const char* const hex = cell.data() + 2;
    const bool escape = cell.size() >= 4 && cell.substr(0, 2) == "\\x" &&
                        std::from_chars(hex, hex + 2, code, 16).ptr == hex + 2;
    scratch_ += escape ? static_cast<char>(code) : cell[0];
    cell.remove_prefix(escape ? 4 : 1);
  }
  return scratch_;
}

Result<Decoded> ZeekLogDecoder::read_line(std::string_view line, Record& record, Truth& truth) {
  if (columns_ == 0) {
    if (!fields_seen_) return Error{Errc::malformed, "a data line, but no #fields header yet"};
    return Error{Errc::missing_field, "unusable without a good header: " + header_fault_};
  }
  if (auto fault = split(line)) return *std::move(fault);
  record.kind = RecordKind::flow;
  FieldMask seen = 0;
  std::string_view label, detail;
  for (const auto& [column, field] : wanted_) {
    std::string_view cell = cells_[column];
    if (is_mark(cell, unset_) || is_mark(cell, empty_)) continue;
    if (escapes_ && !is_number(field) && field != FlowField::label) {
      cell = unescaped(cell);
      if (!is_utf8(cell)) return field_error(Fault::malformed, field, cell);
    }
    if (field == FlowField::label) {
      label = cells_[column];
    } else if (field == FlowField::detailed_label) {
      detail = detail_.assign(cell);
    } else if (const Fault fault = set_flow_field(field, cell, record); fault != Fault::none) {
      return field_error(fault, field, cell);
    }
    seen |= bit_of(field);
  }
  if ((seen & flow_required) != flow_required) {
    return missing_error(first_missing(flow_required, seen));
  }
  if (const Fault fault = set_truth(label, detail, truth); fault != Fault::none) {
    return field_error(fault, FlowField::label, label.size() > detail.size() ? label : detail);
  }
  record.device.assign(record.flow.orig_h);
  record.seal();
  return Decoded::record;
}

Status ZeekLogDecoder::finish() {
  if (!fields_seen_) return Error{Errc::malformed, "is no Zeek log: it has no #fields header line"};
  if (!usable_) return Error{Errc::missing_field, "is no usable conn.log: " + header_fault_};
  return {};
}

}  // namespace

std::unique_ptr<Decoder> make_zeek_log_decoder() {
  return std::make_unique<ZeekLogDecoder>();
}

}  // namespace vedette
