/// Flows as Zeek writes them: what zeek_log.cpp reads back equal.

#include <cmath>

#include "base/expects.hpp"
#include "base/quick_text.hpp"
#include "base/text.hpp"
#include "codec/codec.hpp"

namespace vedette {

namespace {

constexpr std::size_t quick_bytes_max = 64;  // of each text that is written without a second look

bool looks_unset(std::string_view text) {
  return text == "-" || text == "(empty)";
}

/// Puts one line together. Texts that need an escape or more room end its quick way: `quick()` is
/// false then and what was written is worth nothing.
class Line {
 public:
  explicit Line(char* to) : at_(to) {}
  bool quick() const { return unsafe_ == 0; }
  char* end() const { return at_; }

  void text(std::string_view value) {
    if (value.empty()) return literal("-\t");
    const bool mark = value[0] == '-' || value[0] == '(';
    if (value.size() > quick_bytes_max || (mark && looks_unset(value))) {
      unsafe_ = 1;
      return;
    }
    at_ = write_text<Unsafe::zeek>(at_, value, unsafe_);
    *at_++ = '\t';
  }
  void number(double value) {
    if (std::isnan(value)) return literal("-\t");
    at_ = write_number(at_, value);
    *at_++ = '\t';
  }
  void port(std::uint16_t value) {
    at_ = write_whole(at_, value);
    *at_++ = '\t';
  }
  void time(std::uint64_t micros) {
    at_ = write_whole(at_, micros / 1'000'000);
    *at_++ = '.';
    at_ = write_padded<6>(at_, static_cast<std::uint32_t>(micros % 1'000'000));
    *at_++ = '\t';
  }
  template <std::size_t N>
  void literal(const char (&value)[N]) {
    at_ = write_literal(at_, value);
  }

 private:
  char* at_;
  std::uint64_t unsafe_ = 0;
};

/// The same for any text.
class CarefulLine {
 public:
  explicit CarefulLine(std::string& out) : out_(out) {}
  void text(std::string_view value) {
    if (value.empty()) out_ += '-';
    const bool escape_first = looks_unset(value);
    for (std::size_t i = 0; i < value.size(); ++i) {
      const char c = value[i];
      const bool breaks = static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == '\x7f';
      if (breaks || (escape_first && i == 0)) {
        append_format(out_, "\\x{:02x}", static_cast<unsigned char>(c));
      } else {
        out_ += c;
      }
    }
    out_ += '\t';
  }
  void number(double value) {
    quick([&](Line& line) { line.number(value); });
  }
  void port(std::uint16_t value) {
    quick([&](Line& line) { line.port(value); });
  }
  void time(std::uint64_t micros) {
    quick([&](Line& line) { line.time(micros); });
  }
  template <std::size_t N>
  void literal(const char (&value)[N]) {
    out_ += value;
  }

 private:
  template <class Write>
  void quick(Write write) {
    std::array<char, 64> piece;
    Line line{piece.data()};
    write(line);
    out_.append(piece.data(), line.end());
  }
  std::string& out_;
};

template <class AnyLine>
void write_line(AnyLine& line, const Record& record, const Truth& truth) {
  const Flow& flow = record.flow;
  line.time(static_cast<std::uint64_t>(micros(record.time)));
  line.text(flow.uid);
  line.text(flow.orig_h);
  line.port(flow.orig_p);
  line.text(flow.resp_h);
  line.port(flow.resp_p);
  line.text(name_of(flow.proto));
  line.text(flow.service);
  line.number(flow.duration);
  line.number(flow.orig_bytes);
  line.number(flow.resp_bytes);
  line.text(name_of(flow.conn_state));
  line.literal("-\t-\t");
  line.number(flow.missed_bytes);
  line.text(flow.history);
  line.number(flow.orig_pkts);
  line.number(flow.orig_ip_bytes);
  line.number(flow.resp_pkts);
  line.number(flow.resp_ip_bytes);
  line.literal("-\t");
  if (truth.label == benign_label) {
    line.literal("Benign\t-\t");
  } else if (!truth.known()) {
    line.literal("-\t-\t");
  } else if (truth.label == "Malicious") {
    line.literal("Malicious\t-\t");
  } else {
    line.literal("Malicious\t");
    line.text(truth.label);
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
  expects(micros(record.time) >= 0, "Zeek writes times from 1970 on");
  // Eight texts, eight numbers of 32 bytes, a time and two ports: about 800.
  std::array<char, 1024> quick;
  Line line{quick.data()};
  write_line(line, record, truth);
  if (line.quick()) {
    out.append(quick.data(), line.end());
  } else {
    CarefulLine careful{out};
    write_line(careful, record, truth);
  }
  out.back() = '\n';  // in the place of the last tab
}

}  // namespace vedette
