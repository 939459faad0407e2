/// Flows as Zeek itself writes them: the labelled line without its last two columns.

#include "base/expects.hpp"
#include "codec/codec.hpp"

namespace vedette {

void append_zeek_plain_header(std::string& out) {
  out +=
      "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
      "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
      "orig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\t"
      "orig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n"
      "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\t"
      "bool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n";
}

void append_zeek_plain_line(std::string& out, const Record& record) {
  static const Truth unknown;
  append_zeek_line(out, record, unknown);
  constexpr std::string_view labels = "\t-\t-\n";
  expects(out.ends_with(labels), "a line of unknown truth ends in two unset columns");
  out.resize(out.size() - labels.size());
  out += '\n';
}

}  // namespace vedette
