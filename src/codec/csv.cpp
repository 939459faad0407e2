/// CSV with a header line (docs/formats/inputs.md): the header decides once what each column is,
/// then every line is cut and filled in column by column.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "codec/codec.hpp"
#include "codec/csv_header.hpp"

namespace vedette {

namespace {

constexpr std::size_t line_bytes_max = std::size_t{256} << 10U;

class CsvDecoder final : public Decoder {
 public:
  Result<Decoded> decode(const RawMessage& message, Record& record, Truth& truth) override;
  Status finish() override;

 private:
  Result<Decoded> read_header(std::string_view line);
  Status cut(std::string_view line);
  std::optional<Error> read_flow(Record& record, Truth& truth);
  std::optional<Error> read_reading(Record& record, Truth& truth);
  std::optional<Error> read_cell(CsvColumn& column, std::string_view cell, Record& record,
                                 Truth& truth);
  std::optional<Error> read_value(CsvColumn& column, std::string_view cell, Record& record);
  std::optional<Error> set_time(std::string_view cell, std::string_view name, Record& record);

  CsvSplitter splitter_;
  std::optional<CsvHeader> header_;
  std::string header_fault_;
  Errc header_code_ = Errc::malformed;
  std::vector<std::string_view> cells_;
  std::string unquoted_;
  std::string_view date_;  ///< of this line, when two columns hold date and time of day
  std::string_view clock_;
  std::string joined_;
  std::size_t row_names_ = 0;  ///< 1 when lines have one cell more than the header
  std::uint64_t rows_ = 0;
  bool time_seen_ = false;
};

Result<Decoded> CsvDecoder::decode(const RawMessage& message, Record& record, Truth& truth) {
  std::string_view line = without_cr(message.payload);
  truth.label.clear();
  if (line.size() > line_bytes_max) {
    return Error{Errc::too_large, fmt::format("a line of {} bytes, at most {} are allowed",
                                              line.size(), line_bytes_max)};
  }
  if (!is_utf8(line)) {
    return Error{Errc::malformed, fmt::format("the line {} is not UTF-8", quoted(line))};
  }
  if (line.starts_with(utf8_bom)) line.remove_prefix(utf8_bom.size());
  if (trimmed(line).empty()) return Decoded::nothing;
  if (!header_ && header_fault_.empty()) return read_header(line);
  if (!header_) return Error{header_code_, "unusable without a good header: " + header_fault_};
  if (Status fine = cut(line); !fine) return fine.error();
  ++rows_;
  auto fault = header_->is_flow ? read_flow(record, truth) : read_reading(record, truth);
  if (fault) return *std::move(fault);
  record.seal();
  return Decoded::record;
}

Result<Decoded> CsvDecoder::read_header(std::string_view line) {
  splitter_ = CsvSplitter::sniff(line);
  Status fine = splitter_.split(line, cells_, unquoted_);
  Result<CsvHeader> header = fine ? CsvHeader::from(cells_) : Result<CsvHeader>{fine.error()};
  if (!header) {
    header_fault_ = header.error().message;
    header_code_ = header.error().code;
    return header.error();
  }
  header_ = std::move(header).value();
  return Decoded::nothing;
}

Status CsvDecoder::cut(std::string_view line) {
  if (Status fine = splitter_.split(line, cells_, unquoted_); !fine) return fine;
  const std::size_t columns = header_->columns.size();
  // R writes row names without a header of their own.
  if (rows_ == 0) row_names_ = cells_.size() == columns + 1 && !splitter_.blanks ? 1 : 0;
  if (cells_.size() == columns + row_names_) return {};
  return Error{cells_.size() < columns + row_names_ ? Errc::truncated : Errc::malformed,
               fmt::format("{} columns where the header names {}", cells_.size(), columns)};
}

std::optional<Error> CsvDecoder::read_flow(Record& record, Truth& truth) {
  record.kind = RecordKind::flow;
  FieldMask seen = 0;
  std::string_view label, detail;
  for (std::size_t i = 0; i < header_->columns.size(); ++i) {
    const CsvColumn& column = header_->columns[i];
    const std::string_view cell = cells_[i + row_names_];
    if (column.role != CsvRole::flow || is_absent(cell)) continue;
    seen |= bit_of(column.field);
    Fault fault = Fault::none;
    if (column.field == FlowField::label) {
      label = cell;
    } else if (column.field == FlowField::detailed_label) {
      detail = cell;
    } else if (column.field == FlowField::device) {
      fault = set_device(cell, record);
    } else {
      fault = set_flow_field(column.field, cell, record);
    }
    if (fault != Fault::none) return field_error(fault, column.field, cell);
  }
  if ((seen & flow_required) != flow_required) {
    return missing_error(first_missing(flow_required, seen));
  }
  if (record.device.empty()) record.device.assign(record.flow.orig_h);
  const bool known = !label.empty() || !detail.empty();
  const Fault fault = !known           ? Fault::none
                      : detail.empty() ? set_truth_flag(label, "Malicious", truth)
                                       : set_truth(label, detail, truth);
  if (fault != Fault::none) return field_error(fault, FlowField::label, label);
  return {};
}

std::optional<Error> CsvDecoder::read_reading(Record& record, Truth& truth) {
  record.kind = RecordKind::reading;
  time_seen_ = false;
  date_ = clock_ = {};
  for (std::size_t i = 0; i < header_->columns.size(); ++i) {
    const std::string_view cell = cells_[i + row_names_];
    CsvColumn& column = header_->columns[i];
    if (column.role == CsvRole::ignored || is_absent(cell)) continue;
    if (auto fault = read_cell(column, cell, record, truth)) return fault;
  }
  if (!date_.empty() || !clock_.empty()) {
    joined_.assign(date_).append(1, ' ').append(clock_);
    if (auto fault = set_time(joined_, "date and time", record)) return fault;
  }
  // A file that knows no time at all still has an order: one second a line from 1970 on.
  if (!header_->has_time) {
    record.time = Time{} + std::chrono::seconds{rows_};
  } else if (!time_seen_) {
    return Error{Errc::missing_field, "the time is missing"};
  }
  if (record.reading.size() == 0) return Error{Errc::missing_field, "the line holds no number"};
  if (record.device.empty()) record.device.assign("sensor");
  return {};
}

std::optional<Error> CsvDecoder::set_time(std::string_view cell, std::string_view name,
                                          Record& record) {
  const Fault fault = time_from_text(cell, record.time);
  time_seen_ = fault == Fault::none;
  if (time_seen_) return {};
  return field_error(fault, name, cell, "a time from 1970 to 2199");
}

std::optional<Error> CsvDecoder::read_cell(CsvColumn& column, std::string_view cell, Record& record,
                                           Truth& truth) {
  Fault fault = Fault::none;
  switch (column.role) {
    case CsvRole::time:
      return set_time(cell, column.name, record);
    case CsvRole::date:
      date_ = cell;
      break;
    case CsvRole::clock:
      clock_ = cell;
      break;
    case CsvRole::device:
      fault = set_device(cell, record);
      break;
    case CsvRole::label:
      fault = set_truth_flag(cell, "Anomaly", truth);
      break;
    default:
      return read_value(column, cell, record);
  }
  if (fault == Fault::none) return {};
  return field_error(fault, column.name, cell,
                     column.role == CsvRole::label ? "0, 1 or a class" : "a text");
}

std::optional<Error> CsvDecoder::read_value(CsvColumn& column, std::string_view cell,
                                            Record& record) {
  double value = 0;
  const Fault fault = parse_number(cell, value);
  // The first cell that holds something tells whether the column measures or describes.
  if (column.role == CsvRole::value) {
    column.role = fault == Fault::wrong_type ? CsvRole::ignored : CsvRole::number;
    if (column.role == CsvRole::ignored) return {};
  }
  if (fault != Fault::none) return field_error(fault, column.name, cell, "a finite number");
  if (record.reading.size() == Reading::values_max) {
    return Error{Errc::too_large, fmt::format("more than {} values, {} is one too many",
                                              Reading::values_max, quoted(column.name))};
  }
  record.reading.add(column.name, value);
  return {};
}

Status CsvDecoder::finish() {
  if (header_) return {};
  if (!header_fault_.empty()) return Error{header_code_, "is no usable CSV: " + header_fault_};
  return Error{Errc::malformed, "is no CSV: it has no header line"};
}

}  // namespace

std::unique_ptr<Decoder> make_csv_decoder() {
  return std::make_unique<CsvDecoder>();
}

}  // namespace vedette
