#include "codec/csv_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace vedette {

namespace {

/// "id.orig_h", "id_orig.h" and "ID Orig H" → "id_orig_h": exports rename Zeek's columns.
std::string folded(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = (c >= 'a' && c <= 'z') || is_digit(c);
    out += upper ? static_cast<char>(c + 32) : plain ? c : '_';
  }
  return out;
}

template <std::size_t N>
bool one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

FlowField flow_field_of(std::string_view folded_name) {
  for (std::size_t i = 0; i < flow_field_count; ++i) {
    const auto field = static_cast<FlowField>(i);
    const std::string known = folded(name_of(field));
    const bool short_form = known.starts_with("id_") && known.substr(3) == folded_name;
    if (known == folded_name || short_form) return field;
  }
  return FlowField::ignored;
}

constexpr std::array<std::string_view, 8> device_names{
    "device", "device_id", "deviceid", "sensor", "sensor_id", "mote", "mote_id", "moteid"};
constexpr std::array<std::string_view, 2> label_names{"label", "anomaly"};
constexpr std::array<std::string_view, 3> counter_names{"", "unnamed__0", "index"};
/// The first of these that is there holds the time.
constexpr std::array<std::string_view, 4> time_names{"timestamp", "ts", "time", "date"};

/// "Reading#" and the unnamed first column of many exports count rows; they measure nothing.
bool counts_rows(std::string_view name, std::string_view folded_name) {
  return one_of(folded_name, counter_names) || name.ends_with('#');
}

void set_flow_roles(CsvHeader& header, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const FlowField field = flow_field_of(names[i]);
    if (field == FlowField::ignored) continue;
    header.columns[i].role = CsvRole::flow;
    header.columns[i].field = field;
  }
  header.has_time = true;
}

void set_time_roles(CsvHeader& header, const std::vector<std::string>& names) {
  const auto find = [&](std::string_view name) -> CsvColumn* {
    const auto at = std::find(names.begin(), names.end(), name);
    return at == names.end()
               ? nullptr
               : &header.columns[static_cast<std::size_t>(std::distance(names.begin(), at))];
  };
  CsvColumn* const date = find("date");
  CsvColumn* const time = find("time");
  for (const std::string_view name : time_names) {
    CsvColumn* const column = find(name);
    if (column == nullptr) continue;
    header.has_time = true;
    const bool split = column == time && date != nullptr;
    column->role = split ? CsvRole::clock : CsvRole::time;
    if (split) date->role = CsvRole::date;
    break;
  }
  // Times that are not the one chosen would be numbers that only ever grow.
  for (const std::string_view name : time_names) {
    CsvColumn* const other = find(name);
    if (other != nullptr && other->role == CsvRole::value) other->role = CsvRole::ignored;
  }
}

void set_reading_roles(CsvHeader& header, const std::vector<std::string>& names) {
  bool device_found = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    CsvColumn& column = header.columns[i];
    if (one_of(names[i], device_names) && !device_found) {
      column.role = CsvRole::device;
      device_found = true;
    } else if (one_of(names[i], label_names)) {
      column.role = CsvRole::label;
    } else if (!counts_rows(column.name, names[i])) {
      column.role = CsvRole::value;
    }
  }
  set_time_roles(header, names);
}

Status check_flow(const CsvHeader& header) {
  FieldMask seen = 0;
  for (const CsvColumn& column : header.columns) {
    if (column.role != CsvRole::flow) continue;
    if ((seen & bit_of(column.field)) != 0) {
      return Error{Errc::malformed,
                   fmt::format("the header names {} twice", name_of(column.field))};
    }
    seen |= bit_of(column.field);
  }
  if ((seen & flow_required_columns) == flow_required_columns) return {};
  const FlowField missing = first_missing(flow_required_columns, seen);
  return Error{Errc::missing_field, fmt::format("the header has no column {}", name_of(missing))};
}

Status check_reading(const CsvHeader& header) {
  bool any_value = false;
  for (std::size_t i = 0; i < header.columns.size(); ++i) {
    const CsvColumn& column = header.columns[i];
    if (column.role != CsvRole::value) continue;
    any_value = true;
    if (column.name.size() > Reading::name_bytes_max) {
      return Error{
          Errc::too_large,
          fmt::format("the column {} has {} bytes, at most {} are allowed", quoted(column.name, 32),
                      column.name.size(), Reading::name_bytes_max)};
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (header.columns[j].role == CsvRole::value && header.columns[j].name == column.name) {
        return Error{Errc::malformed,
                     fmt::format("the header names {} twice", quoted(column.name))};
      }
    }
  }
  if (any_value) return {};
  return Error{Errc::missing_field, "the header names no column that could hold a value"};
}

}  // namespace

bool is_absent(std::string_view cell) {
  constexpr std::array<std::string_view, 9> absent{"",    "-",   "NA",   "N/A",    "NaN",
                                                   "nan", "NAN", "null", "(empty)"};
  return cell.size() <= 7 && one_of(cell, absent);
}

CsvSplitter CsvSplitter::sniff(std::string_view header) {
  constexpr std::string_view candidates = "\t,;|";
  std::array<std::size_t, candidates.size()> counts{};
  bool inside = false;
  for (const char c : header) {
    if (c == '"') inside = !inside;
    const std::size_t i = inside ? std::string_view::npos : candidates.find(c);
    if (i != std::string_view::npos) ++counts[i];
  }
  if (counts[0] > 0) return {'\t', false};
  const auto most = std::max_element(counts.begin(), counts.end());
  if (*most == 0) return {' ', true};
  return {candidates[static_cast<std::size_t>(most - counts.begin())], false};
}

namespace {

/// Reads a quoted cell at the front of `rest` (RFC 4180: a doubled quote is a quote).
bool cut_quoted(std::string_view& rest, std::string_view& cell, std::string& unquoted) {
  const std::size_t start = unquoted.size();
  std::string_view body = rest.substr(1);
  for (std::size_t at = body.find('"');; at = body.find('"')) {
    if (at == std::string_view::npos) return false;
    const bool doubled = at + 1 < body.size() && body[at + 1] == '"';
    if (!doubled && unquoted.size() == start) {
      cell = body.substr(0, at);
    } else {
      unquoted.append(body.substr(0, at + (doubled ? 1 : 0)));
      cell = std::string_view{unquoted}.substr(start);
    }
    rest = body.substr(at + 1);
    if (!doubled) return true;
    body = rest.substr(1);
  }
}

}  // namespace

Status CsvSplitter::split(std::string_view line, std::vector<std::string_view>& cells,
                          std::string& unquoted) const {
  cells.clear();
  unquoted.clear();
  // Reserved once: a cell that grew the buffer would pull it from under the cells before.
  unquoted.reserve(line.size());
  std::string_view rest = blanks ? trimmed(line) : line;
  for (;;) {
    while (!rest.empty() && (rest[0] == ' ' || (rest[0] == '\t' && separator != '\t'))) {
      rest.remove_prefix(1);
    }
    std::string_view cell;
    const bool in_quotes = !rest.empty() && rest[0] == '"';
    if (in_quotes && !cut_quoted(rest, cell, unquoted)) {
      return Error{Errc::malformed, fmt::format("the quote in {} is not closed", quoted(rest))};
    }
    const std::size_t end = blanks ? rest.find_first_of(" \t") : rest.find(separator);
    const std::string_view piece = rest.substr(0, end);
    if (!in_quotes) cell = trimmed(piece);
    if (in_quotes && !trimmed(piece).empty()) {
      return Error{Errc::malformed, fmt::format("{} follows a closed quote", quoted(piece))};
    }
    if (cells.size() == columns_max) {
      return Error{Errc::too_large, fmt::format("more than {} columns", columns_max)};
    }
    cells.push_back(cell);
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
}

Result<CsvHeader> CsvHeader::from(const std::vector<std::string_view>& cells) {
  CsvHeader header;
  std::vector<std::string> names;
  double number = 0;
  bool any_name = false;
  for (const std::string_view cell : cells) {
    names.push_back(folded(cell));
    header.columns.push_back({CsvRole::ignored, FlowField::ignored, std::string{cell}});
    any_name = any_name || (!cell.empty() && parse_number(cell, number) != Fault::none);
  }
  if (!any_name)
    return Error{Errc::malformed, "the first line is not a header: it names no column"};
  const auto has = [&](FlowField field) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return flow_field_of(name) == field; });
  };
  header.is_flow = has(FlowField::orig_h) && has(FlowField::resp_h);
  if (header.is_flow) {
    set_flow_roles(header, names);
  } else {
    set_reading_roles(header, names);
  }
  if (Status fine = header.is_flow ? check_flow(header) : check_reading(header); !fine) {
    return fine.error();
  }
  return header;
}

}  // namespace vedette
