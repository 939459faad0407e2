/// Learning a profile: the flows of each device in order of time make one long path through the
/// states; the paths of all devices are joined end to end into a circle, so that walking it visits
/// each state exactly as often as the capture did.
#include <fmt/format.h>

#include "base/expects.hpp"
#include "fleet/learned_gathered.hpp"
#include "fleet/learned_sample.hpp"

namespace vedette {

using namespace simulator;

/// Sorts the flows by device and time, gives the 256 most frequent templates a state each, most
/// frequent first, and drops the flows of the others.
void ProfileLearner::Gathered::find_states() {
  std::sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) {
    return std::tie(a.orig, a.time, a.arrival) < std::tie(b.orig, b.time, b.arrival);
  });
  PortRoles orig, resp;
  for (const Seen& s : seen) {
    orig.see(s.proto, s.ports.low);
    resp.see(s.proto, s.ports.high);
  }
  const auto template_of = [&](const Seen& s) {
    return Template{s.label,
                    s.service,
                    s.history,
                    s.proto,
                    s.conn_state,
                    s.host_kind,
                    s.unset,
                    orig.role(s.proto, s.ports.low, 0.02),
                    resp.role(s.proto, s.ports.high, 0.001)};
  };
  std::map<Template, std::uint32_t> counts;
  for (const Seen& s : seen) ++counts[template_of(s)];
  std::vector<std::pair<std::uint32_t, const Template*>> order;
  for (const auto& [key, count] : counts) order.emplace_back(count, &key);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  if (order.size() > LearnedProfile::states_max) order.resize(LearnedProfile::states_max);
  std::map<Template, std::uint16_t> numbers;
  for (const auto& [count, key] : order) {
    numbers.emplace(*key, static_cast<std::uint16_t>(parts.states.size()));
    parts.states.push_back({.flows = count,
                            .label = key->label,
                            .service = key->service,
                            .history = key->history,
                            .proto = key->proto,
                            .conn_state = key->conn_state,
                            .host_kind = key->host_kind,
                            .unset = key->unset,
                            .orig_ports = key->orig_ports,
                            .resp_ports = key->resp_ports});
  }
  const auto known = [&](const Seen& s) { return numbers.contains(template_of(s)); };
  const auto end = std::stable_partition(seen.begin(), seen.end(), known);
  summary.left_out += static_cast<std::uint64_t>(seen.end() - end);
  seen.erase(end, seen.end());
  for (const Seen& s : seen) state_of.push_back(numbers.at(template_of(s)));
}

/// From the first flow to the last, of the capture or, where stretches are missing, of each.
std::vector<std::pair<std::int64_t, std::int64_t>> ProfileLearner::Gathered::covered_times() const {
  std::map<std::uint32_t, std::pair<std::int64_t, std::int64_t>> times;
  for (const Seen& s : seen) {
    const auto [at, fresh] = times.try_emplace(stride == 1 ? 0 : s.stretch(), s.time, s.time);
    at->second = {std::min(at->second.first, s.time), std::max(at->second.second, s.time)};
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  for (const auto& [stretch, covered] : times) out.push_back(covered);
  return out;
}

/// A day's curve is learned from two days on: before that, one evening would be taken for all.
void ProfileLearner::Gathered::find_hours() {
  constexpr std::int64_t hour = 3'600'000'000;
  const auto [first, last] = std::minmax_element(
      seen.begin(), seen.end(), [](const Seen& a, const Seen& b) { return a.time < b.time; });
  summary.first = time_from_micros(first->time);
  summary.last = time_from_micros(last->time);
  const std::int64_t span = last->time - first->time;
  constexpr std::int64_t years = 100 * 366 * 24 * hour;
  if (span < 48 * hour || span > years) return;
  std::array<double, 24> flows{};
  std::array<double, 24> covered{};
  const auto of_day = [](std::int64_t time) {
    const std::int64_t hours = time / hour - (time % hour < 0 ? 1 : 0);
    return static_cast<std::size_t>((hours % 24 + 24) % 24);
  };
  for (const Seen& s : seen) ++flows[of_day(s.time)];
  double whole = 0;
  for (const auto& [begin, end] : covered_times()) {
    for (std::int64_t at = begin; at < end;) {
      const std::int64_t until = std::min(end, at - (at % hour + hour) % hour + hour);
      covered[of_day(at)] += static_cast<double>(until - at);
      at = until;
    }
    whole += static_cast<double>(end - begin);
  }
  if (whole < 48.0 * hour) return;
  // One flow at the mean pace is added to each hour, so that few flows say little.
  const double mean = static_cast<double>(seen.size()) / whole;
  double sum = 0;
  std::array<double, 24> pace{};
  for (std::size_t h = 0; h < pace.size(); ++h) {
    pace[h] = (flows[h] + 1) / (covered[h] + 1 / mean);
    sum += pace[h];
  }
  for (const double p : pace) {
    parts.hours.push_back(static_cast<std::uint32_t>(p / sum * 24 * LearnedParts::hour_unit + 0.5));
  }
}

/// The recurring destinations, most frequent first. Kept ones are constants of protocols: once is
/// enough.
void ProfileLearner::Gathered::find_hosts() {
  std::map<std::pair<HostKind, std::uint64_t>, std::pair<std::uint32_t, const Seen*>> counts;
  for (const Seen& s : seen) {
    auto& [count, example] = counts[{s.host_kind, s.resp}];
    ++count;
    example = &s;
  }
  std::vector<std::pair<std::uint32_t, const Seen*>> order;
  for (const auto& [key, counted] : counts) {
    if (counted.first >= recurs_from || key.first == HostKind::kept) order.push_back(counted);
  }
  // Kept ones first: their flows cannot go anywhere else.
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    const bool a_kept = a.second->host_kind == HostKind::kept;
    const bool b_kept = b.second->host_kind == HostKind::kept;
    if (a_kept != b_kept) return a_kept;
    return std::tie(b.first, a.second->resp) < std::tie(a.first, b.second->resp);
  });
  if (order.size() > LearnedParts::hosts_max) order.resize(LearnedParts::hosts_max);
  for (const auto& [count, s] : order) {
    const auto number = static_cast<std::uint16_t>(parts.addresses.size());
    host_numbers.emplace(s->resp, number);
    parts.host_kinds.push_back(s->host_kind);
    parts.addresses.push_back(s->host_kind == HostKind::kept ? kept_addresses.all()[s->kept_address]
                                                             : address_of(s->host_kind, number));
  }
}

namespace {

std::uint64_t payload_of(const Amounts& a) {
  return a[orig_bytes] + a[resp_bytes];
}

bool by_size(const Seen* a, const Seen* b) {
  const auto key = [](const Seen* s) {
    return std::make_tuple(payload_of(s->amounts),
                           s->amounts[orig_ip_bytes] + s->amounts[resp_ip_bytes]);
  };
  if (key(a) != key(b)) return key(a) < key(b);
  return std::tie(a->amounts, a->duration) < std::tie(b->amounts, b->duration);
}

/// Runs of flows that one row stands for, as ends: each size that makes up a 64th of the flows
/// has a row of its own; the sizes between two of those share rows, about equally many flows each.
std::vector<std::size_t> row_ends(const std::vector<const Seen*>& flows) {
  std::vector<std::size_t> size_ends;
  for (std::size_t i = 1; i <= flows.size(); ++i) {
    if (i == flows.size() || flows[i]->amounts != flows[i - 1]->amounts) size_ends.push_back(i);
  }
  if (size_ends.size() <= LearnedProfile::rows_max) return size_ends;
  // Twice a 64th: a run is closed by the flows it has or by a frequent size next to it, and each
  // of the two happens at most 32 times.
  const std::size_t enough = flows.size() * 2 / LearnedProfile::rows_max + 1;
  std::vector<std::size_t> ends;
  std::size_t begin = 0;
  std::size_t before = 0;
  for (const std::size_t end : size_ends) {
    const bool frequent = end - before >= enough;
    if (frequent && before > begin) ends.push_back(before);
    if (frequent || end - begin >= enough || end == flows.size()) {
      ends.push_back(end);
      begin = end;
    }
    before = end;
  }
  expects(ends.size() <= LearnedProfile::rows_max, "a state has at most rows_max rows");
  return ends;
}

/// Flows whose sizes no other flow has: by Good and Turing's estimate, the share of these is the
/// chance that the next flow brings sizes never seen.
std::size_t singles_of(const std::vector<const Seen*>& flows) {
  std::size_t singles = 0;
  for (std::size_t i = 0; i < flows.size(); ++i) {
    const bool before = i > 0 && flows[i - 1]->amounts == flows[i]->amounts;
    const bool behind = i + 1 < flows.size() && flows[i + 1]->amounts == flows[i]->amounts;
    singles += before || behind ? 0 : 1;
  }
  return singles;
}

/// The flows whose durations a row draws from: its own, and where those are few, also the nearest
/// by size; else each rare size would last exactly as long as it did once.
std::pair<std::size_t, std::size_t> widened(std::size_t begin, std::size_t end, std::size_t size) {
  constexpr std::size_t enough = 8;
  while (end - begin < std::min(enough, size)) {
    if (end < size) ++end;
    if (begin > 0) --begin;
  }
  return {begin, end};
}

}  // namespace

void ProfileLearner::Gathered::fill_rows(LearnedState& state, std::vector<const Seen*>& flows) {
  std::sort(flows.begin(), flows.end(), by_size);
  const bool continuous = flows.size() >= 8 && singles_of(flows) * 2 > flows.size();
  const std::vector<std::size_t> ends = row_ends(flows);
  // About 1024 durations a state: 16 for each of 64 rows, more where there are fewer rows.
  const std::size_t durations_max =
      std::clamp<std::size_t>(1024 / ends.size(), 16, Sample::values_max);
  state.rows = {static_cast<std::uint32_t>(parts.rows.size()),
                static_cast<std::uint32_t>(ends.size())};
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    SizeRow row{.upto = static_cast<std::uint32_t>(end),
                .amounts = flows[begin + (end - begin) / 2]->amounts,
                .mixed = continuous &&
                         (end - begin == 1 || flows[begin]->amounts != flows[end - 1]->amounts)};
    if ((state.unset & duration_bit) == 0) {
      std::vector<std::int64_t> durations;
      const auto [first, last] = widened(begin, end, flows.size());
      for (std::size_t i = first; i < last; ++i) durations.push_back(flows[i]->duration);
      row.lasting = add_sample(parts, durations, durations_max);
    }
    parts.rows.push_back(row);
    begin = end;
  }
}

void ProfileLearner::Gathered::fill_state_hosts(LearnedState& state,
                                                const std::vector<const Seen*>& flows) {
  std::map<std::uint16_t, std::uint32_t> counts;
  for (const Seen* s : flows) {
    const auto found = host_numbers.find(s->resp);
    if (found != host_numbers.end()) {
      ++counts[found->second];
    } else {
      ++state.strangers;
    }
  }
  state.hosts = {static_cast<std::uint32_t>(parts.hosts.size()),
                 static_cast<std::uint32_t>(counts.size())};
  std::uint32_t upto = 0;
  for (const auto& [which, count] : counts) parts.hosts.push_back({upto += count, which});
}

void ProfileLearner::Gathered::fill_state(std::uint16_t number, std::vector<const Seen*>& flows) {
  LearnedState& state = parts.states[number];
  // Ports between the lowest and the highest that were seen in their class.
  const auto narrow = [&](PortRange& range, std::uint16_t PortRange::*member) {
    if (range.low == range.high) return;
    const auto [low, high] = std::minmax_element(
        flows.begin(), flows.end(),
        [&](const Seen* a, const Seen* b) { return a->ports.*member < b->ports.*member; });
    range = {(*low)->ports.*member, (*high)->ports.*member};
  };
  narrow(state.orig_ports, &PortRange::low);
  narrow(state.resp_ports, &PortRange::high);
  fill_rows(state, flows);
  fill_state_hosts(state, flows);
}

/// The circle of passages from state to state, and the samples of the times they took.
void ProfileLearner::Gathered::find_following() {
  std::int64_t gap_sum = 0;
  std::int64_t gaps = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const std::size_t next = (i + 1) % seen.size();
    Passage passage{state_of[i], state_of[next]};
    // Where stretches are missing, the time between two of them is none of the device's.
    const bool whole = stride == 1 || seen[i].stretch() == seen[next].stretch();
    if (next != 0 && seen[i].orig == seen[next].orig && whole) {
      const std::int64_t gap = std::min(seen[next].time - seen[i].time, gap_max);
      passage.gap = own_time(parts.hours, time_from_micros(seen[i].time), gap);
      gap_sum += gap / 1024;  // 2^19 gaps of 2^45 µs would not fit
      ++gaps;
    }
    if (seen[i].orig != seen[next].orig || next == 0) ++summary.devices;
    passages.push_back(passage);
  }
  if (gaps > 0) summary.mean_gap = Duration{std::min(gap_max, gap_sum * 1024 / gaps)};
  // Gaps first by where they led, for passages too rare for a sample of their own.
  std::vector<std::vector<std::int64_t>> into(parts.states.size());
  std::vector<std::int64_t> all;
  for (const Passage& p : passages) {
    if (p.gap < 0) continue;
    into[p.to].push_back(p.gap);
    all.push_back(p.gap);
  }
  // Every flow is alone in its device: nothing says how often it speaks; once a minute.
  if (all.empty()) all.push_back(60'000'000);
  const std::uint32_t anywhere = add_sample(parts, all, Sample::values_max);
  for (std::size_t s = 0; s < parts.states.size(); ++s) {
    parts.states[s].gap =
        into[s].empty() ? anywhere : add_sample(parts, into[s], Sample::values_max);
  }
  std::stable_sort(passages.begin(), passages.end(), [](const Passage& a, const Passage& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  });
}

void ProfileLearner::Gathered::fill_following(std::uint16_t number, std::uint32_t begin,
                                              std::uint32_t end) {
  constexpr std::size_t own_sample_from = 8;
  LearnedState& state = parts.states[number];
  state.following.from = static_cast<std::uint32_t>(parts.following.size());
  for (std::uint32_t at = begin; at < end;) {
    Following to{.upto = 0, .state = passages[at].to};
    std::vector<std::int64_t> gaps;
    for (; at < end && passages[at].to == to.state; ++at) {
      if (passages[at].gap >= 0) gaps.push_back(passages[at].gap);
    }
    to.upto = at - begin;
    if (gaps.size() >= own_sample_from) to.gap = add_sample(parts, gaps, Sample::values_max);
    parts.following.push_back(to);
  }
  state.following.count = static_cast<std::uint32_t>(parts.following.size()) - state.following.from;
  // Witten and Bell (1991): as many distinct successors as there were, so often comes a new one.
  state.escape = state.following.count;
}

namespace {

/// Escapes lead where the flows behind escaping states led: so each state is still visited as often
/// as in the capture, whatever escapes.
void fill_weights(LearnedParts& parts) {
  std::vector<double> led(parts.states.size(), 0.0);
  for (const LearnedState& state : parts.states) {
    std::uint32_t before = 0;
    for (std::uint32_t i = 0; i < state.following.count; ++i) {
      const Following& to = parts.following[state.following.from + i];
      led[to.state] += static_cast<double>(state.escape) * (to.upto - before) /
                       (static_cast<double>(state.flows) + state.escape);
      before = to.upto;
    }
  }
  std::uint32_t start = 0;
  std::uint32_t resume = 0;
  for (std::size_t s = 0; s < parts.states.size(); ++s) {
    parts.start.push_back(start += parts.states[s].flows);
    // At most one escape per distinct successor, 65,536 in all.
    parts.resume.push_back(resume += static_cast<std::uint32_t>(led[s] * 4096 + 1));
  }
}

}  // namespace

std::shared_ptr<const LearnedParts> ProfileLearner::Gathered::build() {
  find_states();
  find_hours();
  find_hosts();
  parts.texts = texts.all();
  std::vector<std::vector<const Seen*>> flows(parts.states.size());
  for (std::size_t i = 0; i < seen.size(); ++i) flows[state_of[i]].push_back(&seen[i]);
  for (std::size_t s = 0; s < flows.size(); ++s)
    fill_state(static_cast<std::uint16_t>(s), flows[s]);
  find_following();
  std::uint32_t begin = 0;
  for (std::size_t s = 0; s < parts.states.size(); ++s) {
    const std::uint32_t end = begin + parts.states[s].flows;
    fill_following(static_cast<std::uint16_t>(s), begin, end);
    begin = end;
  }
  fill_weights(parts);
  summary.source = options.source;
  summary.label = options.label;
  summary.flows = seen.size();
  summary.thinned = stride;
  parts.summary = summary;
  return std::make_shared<const LearnedParts>(std::move(parts));
}

Result<LearnedProfile> ProfileLearner::finish() {
  const auto gathered = std::exchange(gathered_, std::make_unique<Gathered>(gathered_->options));
  if (const Status status = gathered->enough(); !status) return status.error();
  return LearnedProfile(gathered->build());
}

}  // namespace vedette
