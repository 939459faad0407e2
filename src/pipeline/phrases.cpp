/// The table of phrases: one line per family of columns. A test walks every column of every column
/// set through it.
///
/// In a text {} stands for the value, {packets} for the value with a noun ("1 packet"), {h} for the
/// horizon, {port} and {peer} for those of the flow, {series} and {reading} for what was measured,
/// {choice} for what follows the sign of equality in the column's name.
#include "pipeline/phrases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "pipeline/column_families.hpp"

namespace vedette {

namespace {

/// How the number in a row is told.
enum class Unit : std::uint8_t {
  flag,       ///< `text` when it is set, `unset` when not
  count,      ///< a number of things
  log_count,  ///< its log(1 + x)
  bytes,
  log_bytes,
  seconds,
  log_seconds,
  share,      ///< of 1
  log_ratio,  ///< a difference of two log(1 + x)
  log_even,   ///< an entropy in nats: as if spread evenly over e^x
  number,
  port,
  measure,  ///< what a sensor reports, in its own unit
};

struct Phrase {
  std::string_view column;  ///< without a horizon; ends in '=' for any other choice of a category
  Unit unit = Unit::number;
  std::string_view text;
  std::string_view unset = {};
  std::string_view changed = {};  ///< instead of `text` for what would have been usual
};

constexpr std::array phrases{
    // The connection itself.
    Phrase{"duration", Unit::seconds, "held a connection for {}"},
    Phrase{"orig_bytes", Unit::bytes, "sent {} of payload"},
    Phrase{"resp_bytes", Unit::bytes, "received {} of payload"},
    Phrase{"missed_bytes", Unit::bytes, "had a connection of which {} were not captured"},
    Phrase{"orig_pkts", Unit::count, "sent {packets}"},
    Phrase{"resp_pkts", Unit::count, "received {packets}"},
    Phrase{"orig_ip_bytes", Unit::bytes, "sent {} with headers"},
    Phrase{"resp_ip_bytes", Unit::bytes, "received {} with headers"},
    Phrase{"log_duration", Unit::log_seconds, "held a connection for {}"},
    Phrase{"log_orig_bytes", Unit::log_bytes, "sent {} of payload"},
    Phrase{"log_resp_bytes", Unit::log_bytes, "received {} of payload"},
    Phrase{"log_missed_bytes", Unit::log_bytes, "had a connection of which {} were not captured"},
    Phrase{"log_orig_pkts", Unit::log_count, "sent {packets}"},
    Phrase{"log_resp_pkts", Unit::log_count, "received {packets}"},
    Phrase{"log_orig_ip_bytes", Unit::log_bytes, "sent {} with headers"},
    Phrase{"log_resp_ip_bytes", Unit::log_bytes, "received {} with headers"},
    Phrase{"log_orig_bytes_per_pkt", Unit::log_bytes, "sent packets of {} on average"},
    Phrase{"log_resp_bytes_per_pkt", Unit::log_bytes, "received packets of {} on average"},
    Phrase{"log_orig_resp_bytes", Unit::log_ratio, "sent {} the bytes it received"},
    Phrase{"log_orig_resp_pkts", Unit::log_ratio, "sent {} the packets it received"},
    Phrase{"log_pkts_per_second", Unit::log_count, "exchanged about {packets} a second"},
    Phrase{"log_history_length", Unit::log_count, "had a connection of {noted events}"},
    Phrase{"duration_unset", Unit::flag, "opened a connection of unknown duration",
           "opened a connection of known duration"},
    Phrase{"orig_bytes_unset", Unit::flag, "sent an unknown amount of payload",
           "sent a known amount of payload"},
    Phrase{"resp_bytes_unset", Unit::flag, "received an unknown amount of payload",
           "received a known amount of payload"},
    Phrase{"packets_unset", Unit::flag, "exchanged an unknown number of packets",
           "exchanged a known number of packets"},
    Phrase{"proto=", Unit::flag, "used {choice}", "did not use {choice}"},
    Phrase{"service=", Unit::flag, "spoke {choice}", "did not speak {choice}"},
    Phrase{"service_unset", Unit::flag, "spoke no recognised protocol",
           "spoke a recognised protocol"},
    Phrase{"service_other", Unit::flag, "spoke a protocol that training hardly knew",
           "spoke no protocol that training hardly knew"},
    Phrase{"conn_state=S0", Unit::flag, "got no answer from {peer}", "got an answer from {peer}"},
    Phrase{"conn_state=S1", Unit::flag, "left a connection to {peer} open",
           "left no connection to {peer} open"},
    Phrase{"conn_state=SF", Unit::flag, "opened and closed a connection in good order",
           "did not open and close a connection in good order"},
    Phrase{"conn_state=REJ", Unit::flag, "was rejected by {peer}", "was not rejected by {peer}"},
    Phrase{"conn_state=S2", Unit::flag, "closed a connection that {peer} left open",
           "left no connection half closed"},
    Phrase{"conn_state=S3", Unit::flag, "left open a connection that {peer} closed",
           "did not leave open what {peer} closed"},
    Phrase{"conn_state=RSTO", Unit::flag, "aborted a connection to {peer}",
           "did not abort the connection"},
    Phrase{"conn_state=RSTR", Unit::flag, "had a connection aborted by {peer}",
           "had no connection aborted by {peer}"},
    Phrase{"conn_state=RSTOS0", Unit::flag, "aborted a connection before {peer} answered",
           "did not abort the connection before the answer"},
    Phrase{"conn_state=RSTRH", Unit::flag, "was answered and at once aborted by {peer}",
           "was not at once aborted by {peer}"},
    Phrase{"conn_state=SH", Unit::flag, "closed a connection before {peer} answered",
           "did not close the connection before the answer"},
    Phrase{"conn_state=SHR", Unit::flag, "saw {peer} close a connection that it never opened",
           "saw no connection closed that was never opened"},
    Phrase{"conn_state=OTH", Unit::flag, "was in the middle of a connection to {peer}",
           "had no connection seen from the middle only"},
    Phrase{"history.S", Unit::flag, "sent a SYN", "sent no SYN"},
    Phrase{"history.H", Unit::flag, "sent a SYN with ACK", "sent no SYN with ACK"},
    Phrase{"history.A", Unit::flag, "sent a bare ACK", "sent no bare ACK"},
    Phrase{"history.D", Unit::flag, "sent payload", "sent no payload"},
    Phrase{"history.F", Unit::flag, "sent a FIN", "sent no FIN"},
    Phrase{"history.R", Unit::flag, "sent a RST", "sent no RST"},
    Phrase{"history.C", Unit::flag, "sent a bad checksum", "sent no bad checksum"},
    Phrase{"history.G", Unit::flag, "left a gap in what it sent", "left no gap in what it sent"},
    Phrase{"history.T", Unit::flag, "sent payload again", "sent no payload again"},
    Phrase{"history.W", Unit::flag, "announced a zero window", "announced no zero window"},
    Phrase{"history.I", Unit::flag, "sent an inconsistent packet", "sent no inconsistent packet"},
    Phrase{"history.Q", Unit::flag, "sent a packet of contradictory flags",
           "sent no packet of contradictory flags"},
    Phrase{"history.X", Unit::flag, "sent more than was analysed",
           "sent no more than was analysed"},
    Phrase{"history.s", Unit::flag, "received a SYN", "received no SYN"},
    Phrase{"history.h", Unit::flag, "received a SYN with ACK", "received no SYN with ACK"},
    Phrase{"history.a", Unit::flag, "received a bare ACK", "received no bare ACK"},
    Phrase{"history.d", Unit::flag, "received payload", "received no payload"},
    Phrase{"history.f", Unit::flag, "received a FIN", "received no FIN"},
    Phrase{"history.r", Unit::flag, "received a RST", "received no RST"},
    Phrase{"history.c", Unit::flag, "received a bad checksum", "received no bad checksum"},
    Phrase{"history.g", Unit::flag, "had a gap in what it received",
           "had no gap in what it received"},
    Phrase{"history.t", Unit::flag, "received payload again", "received no payload again"},
    Phrase{"history.w", Unit::flag, "was told of a zero window", "was told of no zero window"},
    Phrase{"history.i", Unit::flag, "received an inconsistent packet",
           "received no inconsistent packet"},
    Phrase{"history.q", Unit::flag, "received a packet of contradictory flags",
           "received no packet of contradictory flags"},
    Phrase{"history.x", Unit::flag, "received more than was analysed",
           "received no more than was analysed"},
    Phrase{"history.^", Unit::flag, "had a connection whose direction was guessed",
           "had a connection whose direction was seen"},
    Phrase{"orig_port=system", Unit::flag, "called from a port below 1024",
           "called from a port above 1023"},
    Phrase{"orig_port=registered", Unit::flag, "called from a registered port",
           "called from no registered port"},
    Phrase{"orig_port=ephemeral", Unit::flag, "called from an ephemeral port",
           "called from no ephemeral port"},
    Phrase{"resp_port=system", Unit::flag, "called port {port}, one below 1024",
           "called port {port}, none below 1024"},
    Phrase{"resp_port=registered", Unit::flag, "called port {port}, a registered one",
           "called port {port}, no registered one"},
    Phrase{"resp_port=ephemeral", Unit::flag, "called port {port}, an ephemeral one",
           "called port {port}, no ephemeral one"},
    Phrase{"resp_address=", Unit::flag, "called {peer}, a {choice} address",
           "called {peer}, no {choice} address"},
    Phrase{"resp_p", Unit::port, "called port {}"},
    Phrase{"resp_port_log_share", Unit::number, "called port {port}, of log share {} in training"},
    // What its source did lately.
    Phrase{"source_flows", Unit::log_count, "opened about {connections} in {h}"},
    Phrase{"source_failed", Unit::share, "got no answer to {} of its connections of {h}"},
    Phrase{"source_destinations", Unit::log_count, "called about {destinations} in {h}"},
    Phrase{"source_ports", Unit::log_count, "called about {different ports} in {h}"},
    Phrase{"source_repeated", Unit::share, "repeated itself in {} of its connections of {h}"},
    Phrase{"source_fresh", Unit::share,
           "called a new destination with {} of its connections of {h}"},
    Phrase{"source_out", Unit::log_bytes, "sent about {} in {h}"},
    Phrase{"source_out_in", Unit::log_ratio, "sent {} the bytes it received in {h}"},
    Phrase{"source_entropy", Unit::log_even,
           "spread its connections of {h} like evenly over {destinations}"},
    Phrase{"pair_flows", Unit::log_count, "opened about {connections} to {peer} in {h}"},
    Phrase{"pair_share", Unit::share, "had {} of its connections of {h} with {peer}"},
    Phrase{"pair_failed", Unit::share, "got no answer from {peer} to {} of its connections of {h}"},
    Phrase{"pair_repeated", Unit::share,
           "repeated itself in {} of its connections to {peer} of {h}"},
    Phrase{"pair_out_in", Unit::log_ratio, "sent {peer} {} the bytes it received in {h}"},
    Phrase{"pair_ports", Unit::log_count, "called about {ports} of {peer} in {h}"},
    Phrase{"pair_gap", Unit::log_seconds, "called {peer} again after {}"},
    Phrase{"pair_gap_mean", Unit::log_seconds, "called {peer} every {} on average"},
    Phrase{"pair_gap_variation", Unit::share, "called {peer} at intervals that varied by {}"},
    Phrase{"pair_gap_match", Unit::share, "kept {} of its last intervals to {peer} equal"},
    Phrase{"port_flows", Unit::log_count, "opened about {connections} to port {port} in {h}"},
    Phrase{"port_destinations", Unit::log_count,
           "called port {port} of about {destinations} in {h}"},
    Phrase{"port_share", Unit::share, "had {} of its connections of {h} with port {port}"},
    Phrase{"port_failed", Unit::share,
           "got no answer from port {port} to {} of its connections of {h}"},
    Phrase{"new_destination", Unit::flag, "called {peer} for the first time",
           "called a destination it knew"},
    Phrase{"new_port", Unit::flag, "called port {port} for the first time",
           "called a port it knew"},
    Phrase{"new_service", Unit::flag, "used this service for the first time",
           "used a service it knew"},
    // Readings, in the terms of the series.
    Phrase{"level", Unit::measure, "reported {series} {}"},
    Phrase{"step", Unit::measure, "moved {series} at once to {reading}, by {}", "",
           "moved {series} at once by {}"},
    Phrase{"stuck", Unit::count, "kept {series} at {reading} for {readings}"},
    Phrase{"gap", Unit::seconds, "was silent for {} before {series} {reading}", "",
           "was silent for {}"},
};

const Phrase* phrase_of(std::string_view column) {
  const ColumnStem stem = stem_of(column);
  const auto named = [&](std::string_view name) {
    const auto found = std::find_if(phrases.begin(), phrases.end(),
                                    [&](const Phrase& phrase) { return phrase.column == name; });
    return found == phrases.end() ? nullptr : &*found;
  };
  if (const Phrase* exact = named(column)) return exact;
  const std::size_t equals = column.find('=');
  if (equals != std::string_view::npos) return named(column.substr(0, equals + 1));
  return stem.horizon.empty() ? nullptr : named(stem.stem);
}

// ---- numbers ---------------------------------------------------------------------------------

/// Three digits are what anybody reads; counts stay whole.
std::string rounded(double value) {
  if (!std::isfinite(value)) return "without limit";
  if (std::abs(value) >= 1e15) return fmt::format("{:.1e}", value);
  if (std::abs(value) >= 1e6) return fmt::format("{:.3g} million", value / 1e6);
  const double magnitude = std::abs(value) < 1 ? 0 : std::floor(std::log10(std::abs(value)));
  const double unit = std::pow(10, magnitude - 2);
  const double cut = unit > 1 ? std::round(value / unit) * unit : value;
  std::string text = std::abs(cut) >= 100 ? fmt::format("{:.0f}", cut) : fmt::format("{:.3g}", cut);
  return text == "-0" ? "0" : text;
}

std::string whole(double value) {
  return rounded(std::round(std::max(0.0, value)));
}

std::string bytes_text(double bytes) {
  bytes = std::max(0.0, bytes);
  if (bytes < 999.5)
    return fmt::format("{:.0f} {}", bytes, std::round(bytes) == 1 ? "byte" : "bytes");
  constexpr std::array<std::string_view, 4> names{"kB", "MB", "GB", "TB"};
  std::size_t at = 0;
  for (bytes /= 1000; bytes >= 999.5 && at + 1 < names.size(); ++at) bytes /= 1000;
  return fmt::format("{} {}", rounded(bytes), names[at]);
}

std::string seconds_text(double seconds) {
  seconds = std::max(0.0, seconds);
  // The windows remember no longer gap.
  if (seconds > 3599 && seconds < 3601) return "an hour or more";
  if (seconds >= 7200) return rounded(seconds / 3600) + " h";
  if (seconds >= 120) return rounded(seconds / 60) + " min";
  if (seconds > 0 && seconds < 0.001) return "1 ms or less";
  if (seconds > 0 && seconds < 0.1) return rounded(seconds * 1000) + " ms";
  return rounded(seconds) + " s";
}

/// As a sensor says it: 21.5, 1013.25, 101325, never 1e+05.
std::string measured(double value) {
  if (value == 0) return "0";  // and never -0
  const bool large = std::abs(value) >= 1e5 && std::abs(value) < 1e15;
  return large ? fmt::format("{:.0f}", value) : fmt::format("{:.6g}", value);
}

/// A bound that was worked out, no finer than a hundredth of how wide the range is: 19.2, 1012.
std::string bound_text(double bound, double wide) {
  if (!(wide > 0) || !(wide < 1e15)) return measured(bound);
  const double unit = std::pow(10, std::floor(std::log10(wide)) - 1);
  return measured(std::round(bound / unit) * unit);
}

std::string number_text(Unit unit, double value) {
  switch (unit) {
    case Unit::count:
      return whole(value);
    case Unit::log_count:
      return whole(std::expm1(value));
    case Unit::bytes:
      return bytes_text(value);
    case Unit::log_bytes:
      return bytes_text(std::expm1(value));
    case Unit::seconds:
      return seconds_text(value);
    case Unit::log_seconds:
      return seconds_text(std::expm1(value));
    case Unit::share:
      return rounded(std::round(1000 * value) / 10) + " %";
    case Unit::log_ratio:
      return rounded(std::round(100 * std::exp(value)) / 100) + " times";
    case Unit::log_even:
      return whole(std::exp(value));
    case Unit::port:
      return fmt::format("{:.0f}", value);
    case Unit::measure:
      return measured(value);
    case Unit::flag:
    case Unit::number:
      return rounded(std::round(100 * value) / 100);
  }
  return {};
}

std::string_view horizon_text(std::string_view horizon) {
  if (horizon == "1s") return "a second";
  if (horizon == "10s") return "10 s";
  if (horizon == "1m") return "a minute";
  return "10 min";
}

/// What stands for {name}; the value with the noun it counts for names that are nouns.
void append_token(std::string& out, std::string_view name, const Subject& subject,
                  std::string_view column, const std::string& value) {
  const Flow& flow = subject.record.flow;
  if (name.empty()) {
    out += value;
  } else if (name == "h") {
    out += horizon_text(stem_of(column).horizon);
  } else if (name == "port") {
    out += fmt::format("{}", flow.resp_p);
  } else if (name == "peer") {
    flow.resp_h.empty() ? out += "its destination" : (append_plain(out, flow.resp_h), out);
  } else if (name == "choice") {
    append_plain(out, column.substr(column.find('=') + 1));
  } else if (name == "series") {
    append_plain(out, subject.series.empty() ? "a value" : subject.series);
  } else if (name == "reading") {
    for (const Reading::Value& one : subject.record.reading) {
      if (one.name == subject.series) out += measured(one.value);
    }
  } else {
    out += value;
    out += ' ';
    out += value == "1" ? name.substr(0, name.size() - 1) : name;
  }
}

/// "0 to 3", "0 to 512 bytes", "20 ms to 3 s", and "3" when both say the same.
std::string range_text(std::string_view low, std::string_view high) {
  if (low == high) return std::string(low);
  const std::size_t unit = low.find(' ');
  const bool same = unit != std::string_view::npos && high.find(' ') != std::string_view::npos &&
                    low.substr(unit) == high.substr(high.find(' '));
  return fmt::format("{} to {}", same ? low.substr(0, unit) : low, high);
}

std::string range_of(Unit unit, const UsualRange& usual) {
  if (unit == Unit::measure) {
    const double low = static_cast<double>(usual.low), high = static_cast<double>(usual.high);
    return range_text(bound_text(low, high - low), bound_text(high, high - low));
  }
  return range_text(number_text(unit, static_cast<double>(usual.low)),
                    number_text(unit, static_cast<double>(usual.high)));
}

void append_usual(std::string& out, const Subject& subject, const Phrase& phrase, float value,
                  const UsualRange& usual) {
  std::string range;
  if (phrase.unit == Unit::flag) {
    if (value > 0.5F && usual.high < 0.5F) range = "never";
    if (value < 0.5F && usual.low > 0.5F) range = "always";
    if (range.empty()) return;
  } else {
    range = range_of(phrase.unit, usual);
  }
  const std::string_view whose = subject.usual_of == UsualOf::device ? " for it" : " in training";
  out += fmt::format(" (usual{}: {})", whose, range);
}

void append_text(std::string& out, const Subject& subject, std::string_view column,
                 std::string_view text, const std::string& number) {
  for (;;) {
    const std::size_t open = text.find('{');
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find('}', open);
    append_token(out, text.substr(open + 1, close - open - 1), subject, column, number);
    text.remove_prefix(close + 1);
  }
}

Unit unit_of(std::string_view column) {
  const Phrase* phrase = phrase_of(column);
  return phrase == nullptr ? Unit::number : phrase->unit;
}

}  // namespace

std::string value_words(std::string_view column, float value) {
  const Unit unit = unit_of(column);
  if (unit == Unit::flag) return value > 0.5F ? "yes" : "no";
  return number_text(unit, static_cast<double>(value));
}

std::string usual_words(std::string_view column, const UsualRange& usual) {
  const Unit unit = unit_of(column);
  if (unit != Unit::flag) return range_of(unit, usual);
  if (usual.low > 0.5F) return "yes";
  return usual.high > 0.5F ? "yes or no" : "no";
}

void append_change(std::string& out, const Subject& subject, std::string_view column, float from,
                   float to) {
  const Phrase* phrase = phrase_of(column);
  const bool worked_out = unit_of(column) == Unit::measure;
  const double bound = static_cast<double>(to);
  const double between = std::abs(static_cast<double>(from) - bound);
  const std::string number =
      worked_out ? bound_text(bound, std::min(std::abs(bound), between)) : value_words(column, to);
  if (phrase != nullptr && (worked_out || !phrase->changed.empty())) {
    append_text(out, subject, column, phrase->changed.empty() ? phrase->text : phrase->changed,
                number);
  } else {
    append_clause(out, subject, column, to, nullptr);
  }
  if (unit_of(column) != Unit::flag) out += " instead of " + value_words(column, from);
}

bool has_phrase(std::string_view column) {
  return phrase_of(column) != nullptr;
}

void append_plain(std::string& out, std::string_view text) {
  constexpr std::size_t characters_max = 64;
  std::size_t characters = 0;
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    const bool begins = (code & 0xC0U) != 0x80U;  // of a character in UTF-8
    if (begins && ++characters > characters_max) {
      out += "…";
      return;
    }
    out += code < 0x20 || code == 0x7F ? ' ' : byte;
  }
}

void append_clause(std::string& out, const Subject& subject, std::string_view column, float value,
                   const UsualRange* usual) {
  const Phrase* phrase = phrase_of(column);
  if (phrase == nullptr) {
    out += "had ";
    std::string name(column);
    std::replace(name.begin(), name.end(), '_', ' ');
    append_plain(out, name);
    out += " at " + rounded(static_cast<double>(value));
    static constexpr Phrase plain{"", Unit::number, ""};
    if (usual != nullptr) append_usual(out, subject, plain, value, *usual);
    return;
  }
  const bool unset = phrase->unit == Unit::flag && !(value > 0.5F);
  append_text(out, subject, column, unset ? phrase->unset : phrase->text,
              number_text(phrase->unit, static_cast<double>(value)));
  if (usual != nullptr) append_usual(out, subject, *phrase, value, *usual);
}

}  // namespace vedette
