#include "feature/port_shares.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vedette {

std::uint32_t PortShares::key_of(const Flow& flow) {
  return static_cast<std::uint32_t>(flow.proto) << 16U | flow.resp_p;
}

double PortShares::log_share(const Flow& flow) const {
  const std::uint32_t key = key_of(flow);
  const auto at = std::lower_bound(ports_.begin(), ports_.end(), key,
                                   [](const Port& port, std::uint32_t k) { return port.port < k; });
  const bool known = at != ports_.end() && at->port == key;
  const double flows = known ? static_cast<double>(at->flows) : 0;
  const auto cells = static_cast<double>(ports_.size() + 1);
  return std::log((flows + 1) / (static_cast<double>(flows_) + cells));
}

void PortShares::save(ByteWriter& out) const {
  out.put(flows_);
  out.put(static_cast<std::uint16_t>(ports_.size()));
  for (const Port& port : ports_) {
    out.put(port.port);
    out.put(port.flows);
  }
}

Result<PortShares> PortShares::load(ByteReader& in) {
  PortShares out;
  out.flows_ = in.get<std::uint64_t>();
  const auto count = in.get<std::uint16_t>();
  if (!in.ok() || count > kept_max) return Error{Errc::corrupt, "features: ports do not hold"};
  std::uint64_t left = out.flows_;
  for (std::uint16_t i = 0; i < count; ++i) {
    const Port port{in.get<std::uint32_t>(), in.get<std::uint64_t>()};
    const bool rising = out.ports_.empty() || out.ports_.back().port < port.port;
    if (!in.ok() || !rising || port.flows > left) {
      return Error{Errc::corrupt, fmt::format("features: port {} does not hold", i)};
    }
    left -= port.flows;
    out.ports_.push_back(port);
  }
  return out;
}

void PortCounter::count(const Flow& flow) {
  ++flows_;
  const std::uint32_t key = PortShares::key_of(flow);
  if (counts_.size() == counted_max && !counts_.contains(key)) forget_rarest();
  ++counts_[key];
}

void PortCounter::forget_rarest() {
  std::vector<std::uint64_t> sizes;
  for (const auto& [port, flows] : counts_) sizes.push_back(flows);
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  std::size_t room = sizes.size() / 2;
  std::erase_if(counts_,
                [&](const auto& one) { return one.second <= *middle && room > 0 && room-- > 0; });
}

PortShares PortCounter::shares() const {
  std::vector<PortShares::Port> ranked;
  for (const auto& [port, flows] : counts_) ranked.push_back({port, flows});
  const auto by_flows = [](const PortShares::Port& a, const PortShares::Port& b) {
    return a.flows != b.flows ? a.flows > b.flows : a.port < b.port;
  };
  std::sort(ranked.begin(), ranked.end(), by_flows);
  ranked.resize(std::min(ranked.size(), PortShares::kept_max));
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& a, const auto& b) { return a.port < b.port; });
  PortShares out;
  out.ports_ = std::move(ranked);
  out.flows_ = flows_;
  return out;
}

}  // namespace vedette
