/// What one source (the device that opened the connections) did lately: the memory behind the
/// columns of the set "windows".
///
/// Time is event time: Zeek's `ts`, the *start* of a connection, although its line is written at
/// the end. Training replays a capture by start; the service hears of a connection when it has
/// ended. Records may therefore come late by their own duration. What is promised: a record up to
/// `late_max` seconds behind the source's newest counts with the weight that it would still have
/// and does not move time back; one that is later only reads, and is counted (`too_late`). After
/// `late_run_max` such records in a row the clock is believed to have been set: the state begins
/// anew at their time, so that one record from the future blinds nobody for good.
///
/// About 3 KiB, of fixed size; O(1) per record. When a table of pairs or ports is full, the entry
/// whose flows weigh least by now leaves: a scan cannot push out a peer that is spoken to often.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "feature/horizons.hpp"
#include "record/record.hpp"

namespace vedette {

/// The numbers behind the columns, for one record; itself included. Counts are damped, distinct
/// counts are within the horizon, shares lie in [0, 1], gaps are seconds.
struct WindowFacts {
  static constexpr float gap_max = 3600;
  static constexpr float variation_max = 8;

  struct Source {
    PerHorizon flows{}, failed{}, repeated{}, fresh{}, destinations{}, ports{}, out{}, in{};
    float entropy = 0;  ///< of destinations over 10 minutes, nats
  } source;
  struct Pair {
    PerHorizon flows{};
    float share = 0;  ///< of the source's flows of 10 minutes
    float failed = 0, repeated = 0;
    float out = 0, in = 0;
    float ports = 0;
    float gap = gap_max, gap_mean = gap_max;  ///< gap_max: there was none yet, or that long
    float gap_variation = variation_max;      ///< deviation / mean; as much below three gaps
    float gap_match = 0;  ///< share of the last eight gaps that equal this one within 1/8 octave
  } pair;
  struct Port {
    PerHorizon flows{}, destinations{};
    float share = 0, failed = 0;
  } port;
  bool new_destination = false, new_port = false, new_service = false;
};

/// An attempt that got no answer worth the name: S0, REJ, RSTOS0, SH, and OTH without a packet
/// back.
bool failed(const Flow& flow);

class SourceState {
 public:
  static constexpr float late_max = 600;
  static constexpr std::uint32_t late_run_max = 16;
  /// Fewer than this many records say little of the source (docs/detectors.md has the figures).
  static constexpr std::uint32_t warm_up_records = 40;
  static constexpr std::size_t pairs_max = 12;
  static constexpr std::size_t ports_max = 8;

  /// Counts the record and says where things stand with it. `too_late` grows when it only reads.
  WindowFacts observe(const Flow& flow, Time time, std::uint64_t& too_late);
  /// Records counted since the state began.
  std::uint32_t records() const { return records_; }

  /// Bits of Lesson: what is not known of the source yet. Habits want `warm_up_records`, rates that
  /// the source is watched for their horizon.
  std::uint8_t lessons() const;
  /// How much of that is known, in [0, 1]: half of it are the habits, a quarter each of the rates.
  /// A source that started from its peers begins at a half.
  float confidence() const;
  /// Whether a new source may start like this one at `time`: it is known, and spoke in the last
  /// `late_max` seconds.
  bool is_example(Time time) const;
  float flows_lately() const { return flows_[ten_minutes]; }
  /// Takes over what the peer counted: the first record goes on from there. REQUIRES: records() ==
  /// 0 and peer.is_example(now).
  void start_like(const SourceState& peer, Time now);

  /// Asks the processor for what every record touches.
  void prefetch() const;

  void save(ByteWriter& out) const;
  /// False when the bytes do not hold; the state is then of no use.
  bool load(ByteReader& in);

 private:
  struct Pair {
    float last = never;
    PerHorizon flows{};
    float failed = 0, repeated = 0;  // damped over 10 minutes, as out and in
    float out = 0, in = 0;
    float gap_mean = 0, gap_variance = 0;
    std::uint32_t shape = 0;
    std::array<std::uint8_t, 8> gaps{};  // octaves in eighths, 0: none yet
    RecentlyDistinct<8> ports;
    std::uint8_t gap_count = 0;
  };
  struct Port {
    float last = never;
    PerHorizon flows{};
    float failed = 0;
    RecentlyDistinct<16> destinations;
  };
  /// A small table: the tags side by side, so that a search reads one line of cache. An entry's
  /// worth is the time at which its flows will have decayed to one: it does not change as time
  /// passes, so the least can be found without ageing all.
  template <class Entry, std::size_t Size>
  struct Table {
    std::array<std::uint32_t, Size> tags{};  // 0: free
    std::array<float, Size> worths = worthless();
    std::array<Entry, Size> entries{};

    std::size_t find(std::uint32_t tag) const;
    /// The place of `tag`, emptied first when it was another's.
    std::size_t take(std::uint32_t tag);
    static constexpr std::array<float, Size> worthless() {
      std::array<float, Size> out{};
      for (float& worth : out) worth = never;
      return out;
    }
  };
  struct Seen;  // what of a flow matters here

  void move_origin(Time to);
  void count(const Seen& seen, WindowFacts& facts);
  void count_source(const Seen& seen, const Ageing& ageing, WindowFacts& facts);
  /// Returns what the flows to this destination counted to before, by now.
  float count_pair(const Seen& seen, WindowFacts::Pair& facts);
  void count_port(const Seen& seen, WindowFacts::Port& facts);
  static void count_gap(Pair& pair, float gap, WindowFacts::Pair& facts);
  float count_entropy(const Ageing& ageing, float seconds, float before);
  /// Every saved field of a state, for save() and load() alike.
  template <class State, class Field>
  static void walk(State& state, Field& field);

  /// Seconds from the first record to the newest.
  float watched() const;

  Time origin_{};
  Time since_{};       // of the first record
  float now_ = never;  // start of the newest flow; times are seconds since the origin
  std::uint32_t records_ = 0;
  std::uint32_t late_run_ = 0;
  std::uint8_t inherited_ = 0;  // 1: started from a peer
  PerHorizon flows_{}, failed_{}, repeated_{}, fresh_{}, out_{}, in_{};
  // Of the flows c to each destination over 10 minutes: Σ c and Σ c ln c. Both decay together.
  double mass_ = 0, mass_log_ = 0;
  SeenBefore destinations_seen_, ports_seen_;
  std::uint64_t services_seen_ = 0;
  std::array<std::uint32_t, 32> shapes_{};
  RecentlyDistinct<64> destinations_, ports_;
  Table<Pair, pairs_max> pairs_;
  Table<Port, ports_max> port_table_;
};

}  // namespace vedette
