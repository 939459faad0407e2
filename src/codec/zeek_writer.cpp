/// Flows as Zeek writes them: what zeek_log.cpp reads back equal.

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/expects.hpp"
#include "base/line_buffer.hpp"
#include "codec/codec.hpp"

namespace vedette {

namespace {

std::string escaped(std::string_view text) {
  std::string out;
  const bool looks_unset = text == "-" || text == "(empty)";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool breaks = static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == '\x7f';
    if (breaks || (looks_unset && i == 0)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

void put_text(LineBuffer& line, std::string_view text) {
  const bool looks_unset =
      !text.empty() && (text[0] == '-' || text[0] == '(') && (text == "-" || text == "(empty)");
  if (text.empty()) {
    line.put('-');
  } else if (looks_unset || !line.put_if_safe<Unsafe::zeek>(text)) {
    line.put(escaped(text));
  }
  line.put('\t');
}

void put_number(LineBuffer& line, double value) {
  if (std::isnan(value)) {
    line.put("-\t");
    return;
  }
  line.put_number(value);
  line.put('\t');
}

void put_truth(LineBuffer& line, const Truth& truth) {
  if (!truth.known()) {
    line.put("-\t-\n");
  } else if (truth.label == benign_label || truth.label == "Malicious") {
    line.put(truth.label);
    line.put("\t-\n");
  } else {
    line.put("Malicious\t");
    const bool safe = truth.label != "-" && truth.label != "(empty)" &&
                      line.put_if_safe<Unsafe::zeek>(truth.label);
    if (!safe) line.put(escaped(truth.label));
    line.put('\n');
  }
}

}  // namespace

void append_zeek_header(std::string& out) {
  out +=
      "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
      "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
      "orig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\t"
      "orig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\tlabel\tdetailed-label\n"
      "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\t"
      "bool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\tstring\tstring\n";
}

void append_zeek_line(std::string& out, const Record& record, const Truth& truth) {
  expects(record.kind == RecordKind::flow, "a Zeek log holds flows");
  const Flow& flow = record.flow;
  const std::int64_t time = micros(record.time);
  expects(time >= 0, "Zeek writes times from 1970 on");
  LineBuffer line{out};
  line.put_number(static_cast<std::uint64_t>(time / 1'000'000));
  line.put('.');
  line.put_padded(static_cast<std::uint32_t>(time % 1'000'000), 6);
  line.put('\t');
  put_text(line, flow.uid);
  put_text(line, flow.orig_h);
  line.put_number(std::uint64_t{flow.orig_p});
  line.put('\t');
  put_text(line, flow.resp_h);
  line.put_number(std::uint64_t{flow.resp_p});
  line.put('\t');
  put_text(line, name_of(flow.proto));
  put_text(line, flow.service);
  put_number(line, flow.duration);
  put_number(line, flow.orig_bytes);
  put_number(line, flow.resp_bytes);
  put_text(line, name_of(flow.conn_state));
  line.put("-\t-\t");
  put_number(line, flow.missed_bytes);
  put_text(line, flow.history);
  put_number(line, flow.orig_pkts);
  put_number(line, flow.orig_ip_bytes);
  put_number(line, flow.resp_pkts);
  put_number(line, flow.resp_ip_bytes);
  line.put("-\t");
  put_truth(line, truth);
}

}  // namespace vedette
