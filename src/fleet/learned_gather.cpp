/// Gathering flows for a learned profile: which are wanted, how many are held, whether they are
/// enough.
#include <fmt/format.h>

#include "base/expects.hpp"
#include "fleet/learned_gathered.hpp"

namespace vedette {

using namespace simulator;

namespace {

/// @return nothing for numbers beyond the bounds.
std::optional<std::uint64_t> whole(double value, double bound) {
  if (!(value >= 0 && value <= bound)) return {};
  return static_cast<std::uint64_t>(value + 0.5);
}

bool take_numbers(const Flow& flow, Seen& seen) {
  const std::array<double, amount_count> values{
      flow.orig_bytes,    flow.resp_bytes, flow.missed_bytes, flow.orig_pkts,
      flow.orig_ip_bytes, flow.resp_pkts,  flow.resp_ip_bytes};
  for (std::size_t i = 0; i < amount_count; ++i) {
    if (std::isnan(values[i])) {
      seen.unset |= static_cast<std::uint8_t>(1U << i);
      continue;
    }
    const auto amount = whole(values[i], static_cast<double>(amount_max));
    if (!amount) return false;
    seen.amounts[i] = *amount;
  }
  if (std::isnan(flow.duration)) {
    seen.unset |= duration_bit;
    return true;
  }
  const auto duration = whole(flow.duration * 1e6, static_cast<double>(gap_max));
  if (duration) seen.duration = static_cast<std::int64_t>(*duration);
  return duration.has_value();
}

}  // namespace

ProfileLearner::ProfileLearner() : ProfileLearner(Options{}) {}
ProfileLearner::ProfileLearner(Options options)
    : gathered_(std::make_unique<Gathered>(std::move(options))) {
  expects(gathered_->options.flows_max >= 2 * stretch_flows, "a learner holds two stretches");
  expects(gathered_->options.source.size() <= LearnedParts::text_bytes_max &&
              is_utf8(gathered_->options.source),
          "the source of a learner is a short text");
}
ProfileLearner::~ProfileLearner() = default;
ProfileLearner::ProfileLearner(ProfileLearner&&) noexcept = default;
ProfileLearner& ProfileLearner::operator=(ProfileLearner&&) noexcept = default;

bool ProfileLearner::Gathered::wanted(const Truth& truth) {
  const std::string label = truth.known() ? truth.label : std::string(benign_label);
  const auto found = labels.find(label);
  if (found != labels.end()) {
    ++found->second;
  } else if (labels.size() < labels_max) {
    labels.emplace(label, 1);
  }
  const bool wanted = options.label.empty() || label == options.label;
  if (!wanted) ++summary.other;
  if (wanted && !truth.known()) ++summary.unlabelled;
  return wanted;
}

void ProfileLearner::Gathered::thin() {
  stride *= 2;
  std::erase_if(seen, [&](const Seen& s) { return s.stretch() % stride != 0; });
}

void ProfileLearner::add(const Record& record, const Truth& truth) {
  Gathered& all = *gathered_;
  if (record.kind != RecordKind::flow || !all.wanted(truth)) return;
  const std::uint64_t arrival = all.arrived++;
  // 2^32 flows are 500 GB of conn.log; what comes behind them is not learned.
  if (arrival > 0xffffffffU || arrival / stretch_flows % all.stride != 0) return;
  const Flow& flow = record.flow;
  Seen seen;
  seen.arrival = static_cast<std::uint32_t>(arrival);
  seen.time = micros(record.time);
  seen.orig = hash64(flow.orig_h);
  seen.resp = hash64(flow.resp_h);
  seen.ports = {flow.orig_p, flow.resp_p};
  seen.proto = flow.proto;
  seen.conn_state = flow.conn_state;
  const HostSort sort = host_sort_of(flow.resp_h);
  seen.host_kind = sort.kind;
  const auto label = all.texts.number_of(truth.known() ? truth.label : std::string(benign_label));
  const auto service = all.texts.number_of(flow.service);
  const auto history = all.texts.number_of(flow.history);
  const auto kept = all.kept_addresses.number_of(sort.text);
  // Kept addresses all find a place among the hosts: there is nowhere else for their flows to go.
  const bool known = label && service && history && kept && *kept < LearnedParts::hosts_max;
  if (!known || std::abs(seen.time) > time_max || !take_numbers(flow, seen)) {
    ++all.summary.left_out;
    return;
  }
  seen.label = *label;
  seen.service = *service;
  seen.history = *history;
  seen.kept_address = *kept;
  all.seen.push_back(seen);
  if (all.seen.size() == all.options.flows_max) all.thin();
}

Status ProfileLearner::Gathered::enough() const {
  if (labels.empty()) {
    return Error{Errc::not_found, "there are no flows to learn a profile from"};
  }
  const std::string what = options.label.empty()
                               ? "flows"
                               : fmt::format("flows labelled {}", vedette::quoted(options.label));
  if (arrived == 0) {
    std::vector<std::string> known;
    for (const auto& [label, count] : labels) known.push_back(fmt::format("{} {}", label, count));
    return Error{
        Errc::not_found,
        fmt::format("there are no {} to learn a profile from; there are: {}", what, listed(known))};
  }
  if (seen.size() < flows_min) {
    return Error{Errc::out_of_range,
                 fmt::format("{} {} are too few to learn a profile from; {} are "
                             "needed",
                             seen.size(), what, flows_min)};
  }
  return {};
}

}  // namespace vedette
