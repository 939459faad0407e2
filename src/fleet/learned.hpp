/// Profiles learned from captures: what one device of a capture does, as a chain of flow templates
/// that a simulated device walks.
///
/// A state of the chain is a template of flows: label, proto, service, conn_state, history, the
/// ports that recur, the sort of address it goes to, and which numbers are unset. Each state knows
/// the sizes it had (joint rows, so that bytes, packets and IP bytes agree), how long each lasted,
/// where it went, and which state followed after which time. Protocol constants stay exact (a DHCP
/// request has 300 bytes); what is continuous (times, durations, sizes that never repeat) is drawn
/// between neighbours, so that a simulation is not a copy. No address of the capture is kept but
/// multicast, broadcast and loopback ones: docs/formats/vdp.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "record/record.hpp"

namespace vedette {

namespace simulator {
struct LearnedParts;
}

/// What was learned, and from what.
struct LearnedSummary {
  std::string source;  ///< the capture's name as the learner was told it
  std::string label;   ///< "Benign", "DDoS"; empty: every label
  std::uint64_t flows = 0;
  std::uint64_t unlabelled = 0;  ///< came without a label and were taken as Benign
  std::uint64_t other = 0;       ///< of other labels, not learned
  /// Not learned: a state beyond the 256 most frequent, or text or numbers beyond the bounds.
  std::uint64_t left_out = 0;
  std::uint64_t thinned = 1;  ///< one in this many stretches of 1024 flows was kept
  std::uint64_t devices = 0;  ///< distinct id.orig_h
  Time first;
  Time last;
  Duration mean_gap{0};  ///< between two flows of one device
};

/// Immutable; copies share it. Every member is thread-safe.
class LearnedProfile {
 public:
  /// Where a device is in the chain. A fresh one begins anywhere, as often as the capture was
  /// there. Belongs to one profile.
  struct Walk {
    static constexpr std::uint16_t nowhere = 0xffff;
    std::uint16_t state = nowhere;
  };
  struct Step {
    Duration until_next{0};  ///< at least 1 µs; after it next() is to be called again
    std::string_view label;  ///< of this flow; lives as long as the profile
    bool ipv6 = false;       ///< of resp_h, so that orig_h can be of the same sort
  };

  static constexpr std::size_t states_max = 256;
  static constexpr std::size_t rows_max = 64;  ///< of a state
  static constexpr std::size_t file_bytes_max = std::size_t{16} << 20U;

  /// Fills the flow that happens at `now`: everything but uid and orig_h. REQUIRES: a cleared
  /// `flow`, a walk of this profile. No libm; equal input gives equal bits everywhere. Allocates
  /// nothing once the strings of `flow` have their capacity.
  Step next(Flow& flow, Random& random, Walk& walk, Time now) const;

  const LearnedSummary& summary() const;
  /// For people: what was learned, and a table of the main states. Ends with a line end.
  std::string describe() const;

  std::vector<std::byte> encode() const;
  /// @return malformed (not a profile), unsupported (version), corrupt, too_large. Allocates no
  /// more than a few times the bytes that are there.
  static Result<LearnedProfile> decode(std::span<const std::byte> bytes);
  /// Written whole or not at all. Errors name the path.
  Status save(const std::filesystem::path& path) const;
  static Result<LearnedProfile> load(const std::filesystem::path& path);

  explicit LearnedProfile(std::shared_ptr<const simulator::LearnedParts> parts);

 private:
  std::shared_ptr<const simulator::LearnedParts> parts_;
};

/// Learns from flows. Holds at most `flows_max` of them (120 bytes each, 60 MiB): when a capture
/// has more, every second stretch of 1024 flows is dropped and from then on only every second is
/// kept, so that what is kept always covers the whole capture. Not thread-safe.
class ProfileLearner {
 public:
  struct Options {
    std::string label{benign_label};  ///< learn only flows of this label; empty: all
    std::string source = {};          ///< for describe(), at most 200 bytes: a file's name
    std::size_t flows_max = std::size_t{1} << 19U;
  };
  static constexpr std::size_t flows_min = 50;

  ProfileLearner();
  /// REQUIRES: flows_max >= 2048, source.size() <= 200.
  explicit ProfileLearner(Options options);
  ~ProfileLearner();
  ProfileLearner(ProfileLearner&&) noexcept;
  ProfileLearner& operator=(ProfileLearner&&) noexcept;

  /// In any order: Zeek writes a flow when it ends, not when it begins. Readings are passed over.
  void add(const Record& record, const Truth& truth);
  /// @return not_found: no flow at all, or none of the label (lists the labels there are);
  /// out_of_range: fewer than `flows_min`. The learner is empty afterwards.
  Result<LearnedProfile> finish();

  struct Gathered;

 private:
  std::unique_ptr<Gathered> gathered_;
};

}  // namespace vedette
