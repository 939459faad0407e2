/// What a ProfileLearner holds: the flows it has seen, and the profile while it is built. For
/// fleet/learned_*.cpp only.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "fleet/learned.hpp"
#include "fleet/learned_parts.hpp"

namespace vedette {

namespace simulator {

constexpr std::uint32_t stretch_flows = 1024;
/// A destination or a port is remembered from the third time on.
constexpr std::uint32_t recurs_from = 3;
constexpr std::size_t labels_max = 64;

/// Texts by number; the first is empty.
class Texts {
 public:
  std::optional<std::uint16_t> number_of(const std::string& text) {
    const auto found = numbers_.find(text);
    if (found != numbers_.end()) return found->second;
    if (texts_.size() == LearnedParts::texts_max || text.size() > LearnedParts::text_bytes_max ||
        !is_utf8(text)) {
      return {};
    }
    const auto number = static_cast<std::uint16_t>(texts_.size());
    numbers_.emplace(text, number);
    texts_.push_back(text);
    return number;
  }
  const std::vector<std::string>& all() const { return texts_; }

 private:
  std::vector<std::string> texts_{""};
  std::unordered_map<std::string, std::uint16_t> numbers_{{"", 0}};
};

/// One flow, in as few bytes as learning needs.
struct Seen {
  std::int64_t time = 0;
  std::int64_t duration = 0;
  Amounts amounts{};
  std::uint64_t orig = 0;  ///< hash of the address
  std::uint64_t resp = 0;
  std::uint32_t arrival = 0;
  std::uint16_t label = 0;
  std::uint16_t service = 0;
  std::uint16_t history = 0;
  std::uint16_t kept_address = 0;
  PortRange ports;  ///< low: orig_p, high: resp_p
  Proto proto = Proto::unset;
  ConnState conn_state = ConnState::unset;
  HostKind host_kind = HostKind::open;
  std::uint8_t unset = 0;

  std::uint32_t stretch() const { return arrival / stretch_flows; }
};

/// Where a port is one that recurs, itself; else the first of its class: those of services, those
/// that are registered, those that systems hand out.
class PortRoles {
 public:
  void see(Proto proto, std::uint16_t port) {
    ++seen_[key(proto, port)];
    ++all_[static_cast<std::size_t>(proto)];
  }
  /// `share`: below this part of the flows of its proto, repetition is chance.
  PortRange role(Proto proto, std::uint16_t port, double share) const {
    const double all = all_[static_cast<std::size_t>(proto)];
    const auto count = seen_.at(key(proto, port));
    const bool recurs = count >= recurs_from && count >= share * all;
    // ICMP's type and code stand where ports are.
    if (recurs || proto == Proto::icmp) return {port, port};
    return port < 1024     ? PortRange{0, 1023}
           : port < 32'768 ? PortRange{1024, 32'767}
                           : PortRange{32'768, 65'535};
  }

 private:
  static std::uint32_t key(Proto proto, std::uint16_t port) {
    return static_cast<std::uint32_t>(proto) << 16U | port;
  }
  std::unordered_map<std::uint32_t, std::uint32_t> seen_;
  std::array<double, 5> all_{};
};

/// What flows of one state have in common.
struct Template {
  std::uint16_t label, service, history;
  Proto proto;
  ConnState conn_state;
  HostKind host_kind;
  std::uint8_t unset;
  PortRange orig_ports, resp_ports;
  friend auto operator<=>(const Template&, const Template&) = default;
};

constexpr std::uint16_t no_state = 0xffff;

}  // namespace simulator

struct ProfileLearner::Gathered {
  explicit Gathered(Options given) : options(std::move(given)) {}

  bool wanted(const Truth& truth);
  void thin();
  Status enough() const;
  void find_states();
  std::vector<std::pair<std::int64_t, std::int64_t>> covered_times() const;
  void find_hours();
  void find_hosts();
  void fill_state(std::uint16_t state, std::vector<const simulator::Seen*>& flows);
  void fill_rows(simulator::LearnedState& state, std::vector<const simulator::Seen*>& flows);
  void fill_state_hosts(simulator::LearnedState& state,
                        const std::vector<const simulator::Seen*>& flows);
  void find_following();
  void fill_following(std::uint16_t state, std::uint32_t begin, std::uint32_t end);
  std::shared_ptr<const simulator::LearnedParts> build();

  Options options;
  std::vector<simulator::Seen> seen;
  simulator::Texts texts;
  simulator::Texts kept_addresses;
  std::map<std::string, std::uint64_t> labels;  ///< of all flows that came
  std::uint64_t stride = 1;                     ///< one in so many stretches is kept
  std::uint64_t arrived = 0;                    ///< wanted flows
  LearnedSummary summary;

  // while building
  struct Passage {
    std::uint16_t from = 0;
    std::uint16_t to = 0;
    std::int64_t gap = -1;  ///< -1: not known
  };
  simulator::LearnedParts parts;
  std::vector<std::uint16_t> state_of;  ///< of each in `seen`
  std::unordered_map<std::uint64_t, std::uint16_t> host_numbers;
  std::vector<Passage> passages;
};

}  // namespace vedette
