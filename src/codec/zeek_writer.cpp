/// Flows as Zeek writes them: what zeek_log.cpp reads back equal.

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <iterator>

#include "base/expects.hpp"
#include "codec/codec.hpp"

namespace vedette {

namespace {

void append_text(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "-\t";
    return;
  }
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
  out += '\t';
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "-\t";
    return;
  }
  // The shortest digits that read back equal, without an exponent while that stays short.
  std::array<char, 64> buffer;
  const bool plain = value == 0 || (value >= 1e-9 && value < 1e15);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::general;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format).ptr;
  out.append(buffer.data(), end);
  out += '\t';
}

void append_truth(std::string& out, const Truth& truth) {
  if (!truth.known()) {
    out += "-\t-\n";
  } else if (truth.label == benign_label || truth.label == "Malicious") {
    out.append(truth.label).append("\t-\n");
  } else {
    out += "Malicious\t";
    append_text(out, truth.label);
    out.back() = '\n';
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
  fmt::format_to(std::back_inserter(out), "{}.{:06}\t", time / 1'000'000, time % 1'000'000);
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
  out += "-\t-\t";
  append_number(out, flow.missed_bytes);
  append_text(out, flow.history);
  append_number(out, flow.orig_pkts);
  append_number(out, flow.orig_ip_bytes);
  append_number(out, flow.resp_pkts);
  append_number(out, flow.resp_ip_bytes);
  out += "-\t";
  append_truth(out, truth);
}

}  // namespace vedette
