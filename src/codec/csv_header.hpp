/// The header line of a CSV file: how its lines are cut, and what each column is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/flow_fields.hpp"
#include "codec/scan.hpp"

namespace vedette {

/// Cuts lines. `blanks` means: any run of blanks and tabs is one separator.
struct CsvSplitter {
  char separator = ',';
  bool blanks = false;

  /// Comma, semicolon, tab or bar, whichever the header has outside quotes (a tab wins, then the
  /// most frequent); blanks when it has none of them.
  static CsvSplitter sniff(std::string_view header);
  /// Cells without quotes and outer blanks; views into `line`, or into `unquoted` where a quote was
  /// doubled. @return malformed (a quote that is not closed), too_large (> columns_max cells).
  Status split(std::string_view line, std::vector<std::string_view>& cells,
               std::string& unquoted) const;
};

enum class CsvRole : std::uint8_t {
  flow,     ///< a field of a flow, `field` says which
  time,     ///< the whole event time
  date,     ///< the date, when `clock` holds the time of day
  clock,    ///< the time of day
  device,   ///< names the device
  label,    ///< the truth
  value,    ///< a number of a reading, or a text nobody reads: the first cell tells
  number,   ///< a `value` whose first cell was a number
  ignored,  ///< row numbers, texts
};

struct CsvColumn {
  CsvRole role = CsvRole::ignored;
  FlowField field = FlowField::ignored;
  std::string name;
};

struct CsvHeader {
  bool is_flow = false;
  bool has_time = false;
  std::vector<CsvColumn> columns;

  /// @return missing_field (flow columns without one that every flow has), malformed (no header,
  /// a column named twice), too_large.
  static Result<CsvHeader> from(const std::vector<std::string_view>& cells);
};

/// Empty, "-", "NA", "NaN", "null" and the like: the value is not there.
bool is_absent(std::string_view cell);

}  // namespace vedette
