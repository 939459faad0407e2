/// The shapes of flows: packets, IP bytes, history and state that agree with the payload.
#include "fleet/parts.hpp"

namespace vedette::simulator {

namespace {

constexpr double segment_bytes = 1448;  // Ethernet's 1500 less 20 IP, 20 TCP and 12 of timestamps
constexpr double ack_ip_bytes = 52;
constexpr double syn_ip_bytes = 60;
constexpr double bare_ip_bytes = 40;
constexpr double udp_header_bytes = 28;

struct Octet {
  std::array<char, 4> text{};  ///< with a dot behind
  std::uint8_t size = 0;
};
constexpr std::array<Octet, 256> octets = [] {
  std::array<Octet, 256> all{};
  for (unsigned i = 0; i < 256; ++i) {
    Octet& one = all[i];
    if (i >= 100) one.text[one.size++] = static_cast<char>('0' + i / 100);
    if (i >= 10) one.text[one.size++] = static_cast<char>('0' + i / 10 % 10);
    one.text[one.size++] = static_cast<char>('0' + i % 10);
    one.text[one.size] = '.';
  }
  return all;
}();

/// At least one for each message: small ones leave one by one.
double segments_of(double bytes, double messages) {
  return bytes > 0 ? std::max(rounded_up(bytes / segment_bytes), messages) : 0;
}

std::string_view letters_of(ConnState ending, bool orig_first) {
  switch (ending) {
    case ConnState::SF:
      return orig_first ? "Ff" : "fF";
    case ConnState::S3:
      return "f";
    case ConnState::RSTR:
      return "r";
    case ConnState::RSTO:
      return "R";
    default:
      expects(ending == ConnState::S1, "a talk ends with SF, S1, S3, RSTO or RSTR");
      return "";
  }
}

/// Each letter once, as Zeek has it: capitals for the originator; t is data sent again.
void write_history(std::string& out, bool orig_data, bool resp_data, bool again, ConnState ending,
                   bool orig_first) {
  out.assign("ShA");
  if (orig_data) out += "Da";
  if (resp_data) out += 'd';
  if (again) out += 't';
  out += letters_of(ending, orig_first);
  // A responder that closes first has not confirmed anything yet when there was no data.
  if (ending == ConnState::SF && !orig_first && !orig_data) out += 'a';
}

constexpr double count_of(bool packet) {
  return packet ? 1 : 0;
}

}  // namespace

void write_address_v6(std::string& out, std::uint32_t address) {
  constexpr std::string_view digits = "0123456789abcdef";
  out.assign("2001:db8::");
  for (const unsigned part : {address >> 16U, address & 0xffffU}) {
    bool begun = false;
    for (const unsigned shift : {12U, 8U, 4U, 0U}) {
      const unsigned digit = (part >> shift) & 15U;
      begun = begun || digit != 0 || shift == 0;
      if (begun) out += digits[digit];
    }
    out += ':';
  }
  out.pop_back();
}

void write_address(std::string& out, std::uint32_t address) {
  std::array<char, 20> text;
  char* at = text.data();
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    const Octet& octet = octets[(address >> shift) & 0xffU];
    at = std::copy_n(octet.text.data(), 4, at) - 4 + octet.size + 1;
  }
  out.assign(text.data(), static_cast<std::size_t>(at - text.data() - 1));
}

std::uint16_t take_port(Device& device) {
  // Linux hands out 32768..60999.
  device.next_port = static_cast<std::uint16_t>(device.next_port + 2);
  if (device.next_port < 32768 || device.next_port > 60999) device.next_port = 32768;
  return device.next_port;
}

void set_peer(Flow& flow, const Peer& peer, Proto proto, std::uint16_t orig_port) {
  write_address(flow.resp_h, peer.address);
  flow.resp_p = peer.port;
  flow.orig_p = orig_port;
  flow.proto = proto;
  flow.service.assign(peer.service);
}

void fill_tcp(Flow& flow, Random& random, const TcpTalk& talk) {
  const double orig_segments = segments_of(talk.orig_bytes, talk.orig_messages);
  const double resp_segments = segments_of(talk.resp_bytes, talk.resp_messages);
  const ConnState ending = talk.ending;
  const bool again = resp_segments > 0 && random.chance(0.08);  // one segment sent twice
  const bool both_close = ending == ConnState::SF;
  const bool orig_first = both_close && random.chance(0.5);
  const bool resp_first = both_close && !orig_first;
  write_history(flow.history, orig_segments > 0, resp_segments > 0, again, ending, orig_first);
  // SYN, ACK, the data, one ACK for two segments of the other side, FIN or RST; and whoever closes
  // first confirms the other's FIN.
  const bool orig_closes = both_close || ending == ConnState::RSTO;
  const bool resp_closes = both_close || ending == ConnState::S3 || ending == ConnState::RSTR;
  flow.orig_pkts = 2 + orig_segments + rounded_up(resp_segments / 2) + count_of(orig_closes) +
                   count_of(orig_first);
  flow.resp_pkts = 1 + resp_segments + count_of(again) + rounded_up(orig_segments / 2) +
                   count_of(resp_closes) + count_of(resp_first);
  const double again_bytes = again ? rounded_up(talk.resp_bytes / resp_segments) : 0;
  flow.orig_ip_bytes = syn_ip_bytes + (flow.orig_pkts - 1) * ack_ip_bytes + talk.orig_bytes;
  flow.resp_ip_bytes =
      syn_ip_bytes + (flow.resp_pkts - 1) * ack_ip_bytes + talk.resp_bytes + again_bytes;
  flow.orig_bytes = talk.orig_bytes;
  flow.resp_bytes = talk.resp_bytes;
  flow.missed_bytes = 0;
  flow.conn_state = ending;
  flow.duration = whole_micros(std::max(talk.seconds, 0.0005));
}

void fill_raw_open(Flow& flow, double seconds) {
  flow.conn_state = ConnState::RSTO;
  flow.history.assign("ShR", 3);
  flow.orig_pkts = 2;
  flow.orig_ip_bytes = 2 * bare_ip_bytes;
  flow.resp_pkts = 1;
  flow.resp_ip_bytes = bare_ip_bytes + 4;  // with its MSS
  flow.orig_bytes = flow.resp_bytes = flow.missed_bytes = 0;
  flow.duration = whole_micros(seconds);
}

void fill_syn(Flow& flow, Random& random, double syns, bool options) {
  flow.conn_state = ConnState::S0;
  flow.history.assign(1, 'S');
  flow.orig_pkts = syns;
  flow.orig_ip_bytes = syns * (options ? syn_ip_bytes : bare_ip_bytes);
  flow.resp_pkts = flow.resp_ip_bytes = 0;
  flow.missed_bytes = 0;
  if (syns < 2) return;  // Zeek leaves duration and bytes of a single packet unset
  flow.duration = whole_micros(options ? (syns < 3 ? 1 : 3) + draw(random, {0.01, 0.11, 0.16})
                                       : draw(random, {0.000001, 0.4, 4.9}));
  flow.orig_bytes = flow.resp_bytes = 0;
}

void fill_reject(Flow& flow, double seconds, bool options) {
  flow.conn_state = ConnState::REJ;
  flow.history.assign("Sr", 2);
  flow.orig_pkts = flow.resp_pkts = 1;
  flow.orig_ip_bytes = options ? syn_ip_bytes : bare_ip_bytes;
  flow.resp_ip_bytes = bare_ip_bytes;
  flow.orig_bytes = flow.resp_bytes = flow.missed_bytes = 0;
  flow.duration = whole_micros(seconds);
}

void fill_udp(Flow& flow, double orig_packets, double orig_each, double resp_packets,
              double resp_each, double seconds) {
  const bool answered = resp_packets > 0;
  flow.conn_state = answered ? ConnState::SF : ConnState::S0;
  flow.history.assign("Dd", answered ? 2 : 1);
  flow.orig_pkts = orig_packets;
  flow.resp_pkts = resp_packets;
  flow.orig_ip_bytes = orig_packets * (orig_each + udp_header_bytes);
  flow.resp_ip_bytes = answered ? resp_packets * (resp_each + udp_header_bytes) : 0;
  flow.missed_bytes = 0;
  if (orig_packets + resp_packets < 2) return;
  flow.duration = whole_micros(std::max(seconds, 1e-6));
  flow.orig_bytes = orig_packets * orig_each;
  flow.resp_bytes = answered ? resp_packets * resp_each : 0;
}

void fill_ping(Flow& flow, double sent, bool answered, double seconds) {
  fill_udp(flow, sent, 56, answered ? sent : 0, 56, seconds);
  flow.conn_state = ConnState::OTH;
  flow.history.clear();
}

void fill_late_fin(Flow& flow) {
  flow.service.clear();
  flow.conn_state = ConnState::SH;
  flow.history.assign(1, 'F');
  flow.orig_pkts = 1;
  flow.orig_ip_bytes = bare_ip_bytes;
  flow.resp_pkts = flow.resp_ip_bytes = flow.missed_bytes = 0;
}

void fill_midstream(Flow& flow, Random& random) {
  flow.service.clear();
  flow.conn_state = ConnState::OTH;
  flow.history.assign("DdA", 3);
  flow.orig_pkts = 2;
  flow.resp_pkts = 1;
  flow.orig_bytes = draw_whole(random, {53, 241, 259});
  flow.resp_bytes = draw_whole(random, {53, 92, 110});
  flow.orig_ip_bytes = flow.orig_bytes + 2 * bare_ip_bytes;
  flow.resp_ip_bytes = flow.resp_bytes + bare_ip_bytes;
  flow.missed_bytes = 0;
  flow.duration = whole_micros(draw(random, {0.1, 0.12, 0.18}));
}

}  // namespace vedette::simulator
