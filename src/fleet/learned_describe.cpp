/// A learned profile for people.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "fleet/learned.hpp"
#include "fleet/learned_parts.hpp"

namespace vedette {

using namespace simulator;

namespace {

std::string span_text(std::int64_t span) {
  const auto value = static_cast<double>(span);
  if (span < 1000) return fmt::format("{} µs", span);
  if (span < 1'000'000) return fmt::format("{:.3g} ms", value / 1e3);
  if (span < 120'000'000) return fmt::format("{:.3g} s", value / 1e6);
  if (span < 7'200'000'000) return fmt::format("{:.3g} min", value / 60e6);
  return span < 172'800'000'000 ? fmt::format("{:.1f} h", value / 3600e6)
                                : fmt::format("{:.1f} days", value / 86'400e6);
}

/// The row in the middle of the weights.
const SizeRow& middle_row(const LearnedParts& parts, const LearnedState& state) {
  const auto begin = parts.rows.begin() + state.rows.from;
  const auto end = begin + state.rows.count;
  const std::uint32_t half = (end - 1)->upto / 2;
  return *std::find_if(begin, end, [&](const SizeRow& row) { return row.upto > half; });
}

std::int64_t middle(const LearnedParts& parts, const Sample& sample) {
  return parts.values[sample.from + (std::uint32_t{sample.body} + sample.tail) / 2];
}

std::string amount_text(const LearnedState& state, const SizeRow& row, Amount amount) {
  return (state.unset >> amount & 1U) != 0 ? "-" : fmt::format("{}", row.amounts[amount]);
}

bool mixes(const LearnedParts& parts, const LearnedState& state) {
  const auto begin = parts.rows.begin() + state.rows.from;
  return std::any_of(begin, begin + state.rows.count, [](const SizeRow& row) { return row.mixed; });
}

std::string port_text(PortRange range) {
  return range.low == range.high ? fmt::format("{}", range.low)
                                 : fmt::format("{}-{}", range.low, range.high);
}

std::string host_text(const LearnedState& state) {
  if (state.hosts.count == 0) return "new ones";
  return fmt::format("{}{}", state.hosts.count, state.strangers > 0 ? " + new" : "");
}

void append_state(std::string& out, const LearnedParts& parts, const LearnedState& state) {
  const SizeRow& row = middle_row(parts, state);
  const double share = 100.0 * state.flows / static_cast<double>(parts.summary.flows);
  const auto shown = [&](std::uint16_t text) {
    return parts.texts[text].empty() ? std::string("-") : parts.texts[text];
  };
  append_format(
      out, "{:>6.2f} %  {:<5} {:<8} {:<6} {:<12} {:>11} {:>9} {:>9} {:>5} {:>9} {:>9} {:>9}", share,
      name_of(state.proto), shown(state.service), name_of(state.conn_state), shown(state.history),
      port_text(state.resp_ports), amount_text(state, row, orig_bytes),
      amount_text(state, row, resp_bytes),
      fmt::format("{}{}", state.rows.count, mixes(parts, state) ? "~" : ""),
      row.lasting == no_sample ? "-" : span_text(middle(parts, parts.samples[row.lasting])),
      span_text(middle(parts, parts.samples[state.gap])), host_text(state));
  if (parts.summary.label.empty()) out += "  " + parts.texts[state.label];
  out += '\n';
}

void append_origin(std::string& out, const LearnedSummary& s) {
  append_format(out, "learned from {} flows{} of {} device{}", s.flows,
                s.label.empty() ? "" : " labelled " + s.label, s.devices,
                s.devices == 1 ? "" : "s");
  if (!s.source.empty()) append_format(out, " in {}", s.source);
  append_format(out, "\nfrom {} to {} ({})\n", to_rfc3339(s.first), to_rfc3339(s.last),
                span_text((s.last - s.first).count()));
  if (s.unlabelled > 0) append_format(out, "{} came without a label: Benign\n", s.unlabelled);
  if (s.other > 0) append_format(out, "{} of other labels were passed over\n", s.other);
  if (s.left_out > 0) {
    append_format(out, "{} were left out: states too rare, or beyond the bounds\n", s.left_out);
  }
  if (s.thinned > 1) {
    append_format(out, "a long capture: one in {} stretches of 1024 flows was kept\n", s.thinned);
  }
}

void append_hours(std::string& out, const std::vector<std::uint32_t>& hours) {
  if (hours.empty()) {
    out += "the same at every hour: a day's curve is learned from two days on\n";
    return;
  }
  out += "pace by hour of the day (UTC):";
  for (const std::uint32_t hour : hours) {
    append_format(out, " {:.2f}", hour / static_cast<double>(LearnedParts::hour_unit));
  }
  out += '\n';
}

}  // namespace

std::string LearnedProfile::describe() const {
  constexpr std::size_t shown_max = 20;
  const LearnedParts& parts = *parts_;
  std::string out;
  append_origin(out, parts.summary);
  append_format(out,
                "a device speaks every {} on average; {} states, {} passages between them, {} "
                "recurring destinations\n",
                span_text(parts.summary.mean_gap.count()), parts.states.size(),
                parts.following.size(), parts.addresses.size());
  append_hours(out, parts.hours);
  append_format(out,
                "\n{:>8}  {:<5} {:<8} {:<6} {:<12} {:>11} {:>9} {:>9} {:>5} {:>9} {:>9} {:>9}\n",
                "share", "proto", "service", "state", "history", "port", "sent", "received",
                "sizes", "lasts", "gap", "to");
  for (std::size_t i = 0; i < std::min(parts.states.size(), shown_max); ++i) {
    append_state(out, parts, parts.states[i]);
  }
  if (parts.states.size() > shown_max) {
    append_format(out, "and {} rarer ones\n", parts.states.size() - shown_max);
  }
  out +=
      "\nBytes, time and gap before it are medians. Sizes marked ~ hardly ever repeat: new ones "
      "are mixed between\nneighbours; all others stay exact. Times are always drawn anew.\n";
  return out;
}

}  // namespace vedette
