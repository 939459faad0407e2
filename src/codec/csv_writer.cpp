/// Flows as CSV: what csv.cpp reads back equal.

#include <array>
#include <charconv>
#include <cmath>

#include "base/expects.hpp"
#include "codec/codec.hpp"

namespace vedette {

namespace {

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  out += '"';
}

void append_text(std::string& out, std::string_view text) {
  // A blank or a tab at an end would be trimmed; inside it is harmless, but rare enough to quote.
  if (text.find_first_of(",\"\n\r \t") != std::string_view::npos) {
    append_quoted(out, text);
  } else {
    out += text;
  }
  out += ',';
}

template <class Number>
void append_digits(std::string& out, Number value) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

void append_number(std::string& out, double value) {
  constexpr double exact_max = 9007199254740992;  // 2^53: whole numbers below are exact
  if (value >= 0 && value < exact_max) {
    const auto whole = static_cast<std::uint64_t>(value);
    if (static_cast<double>(whole) == value) {
      append_digits(out, whole);
    } else {
      append_digits(out, value);  // the shortest digits that read back equal
    }
  } else if (!std::isnan(value)) {
    append_digits(out, value);
  }
  out += ',';
}

void append_seconds(std::string& out, Time time) {
  const std::int64_t value = micros(time);
  expects(value >= 0, "times in CSV are from 1970 on");
  append_digits(out, value / 1'000'000);
  std::array<char, 7> fraction{'.'};
  std::int64_t rest = value % 1'000'000;
  for (std::size_t i = fraction.size() - 1; i > 0; --i, rest /= 10) {
    fraction[i] = static_cast<char>('0' + rest % 10);
  }
  out.append(fraction.data(), fraction.size());
  out += ',';
}

}  // namespace

void append_csv_header(std::string& out) {
  out +=
      "ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,service,duration,orig_bytes,"
      "resp_bytes,conn_state,missed_bytes,history,orig_pkts,orig_ip_bytes,resp_pkts,"
      "resp_ip_bytes\n";
}

void append_csv_line(std::string& out, const Record& record) {
  expects(record.kind == RecordKind::flow, "a CSV file holds flows");
  const Flow& flow = record.flow;
  append_seconds(out, record.time);
  append_text(out, flow.uid);
  append_text(out, flow.orig_h);
  append_number(out, flow.orig_p);
  append_text(out, flow.resp_h);
  append_number(out, flow.resp_p);
  append_text(out, name_of(flow.proto));
  append_text(out, flow.service);
  append_number(out, flow.duration);
  append_number(out, flow.orig_bytes);
  append_number(out, flow.resp_bytes);
  append_text(out, name_of(flow.conn_state));
  append_number(out, flow.missed_bytes);
  append_text(out, flow.history);
  append_number(out, flow.orig_pkts);
  append_number(out, flow.orig_ip_bytes);
  append_number(out, flow.resp_pkts);
  append_number(out, flow.resp_ip_bytes);
  out.back() = '\n';
}

}  // namespace vedette
