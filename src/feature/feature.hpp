/// The face of feature/: how a Record becomes a row of floats. Training, `score`, `serve` and
/// `trace` call the same two objects: a FeatureMap (fitted once, immutable, saved inside the model
/// file) and DeviceWindows (what this device did lately, passed in, bounded).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "record/record.hpp"
#include "record/schema.hpp"
#include "record/verdict.hpp"

namespace vedette {

/// What devices did lately, in event time: a state per series (readings) and per source (flows, set
/// "windows"; source_state.hpp says what it promises of late records). Bounded: when a table is
/// full the least recently seen leaves and is counted. Not thread-safe: it belongs to the thread
/// that walks the line.
class DeviceWindows {
 public:
  struct Options {
    std::size_t series_max = 200'000;   ///< (device, value name) pairs over all devices
    std::size_t sources_max = 100'000;  ///< devices that opened connections, 3 KiB each
  };
  DeviceWindows();
  explicit DeviceWindows(Options options);
  ~DeviceWindows();
  DeviceWindows(DeviceWindows&&) noexcept;
  DeviceWindows& operator=(DeviceWindows&&) noexcept;

  /// A hint that this record will be applied soon: its device's state is fetched from memory
  /// meanwhile. Changes nothing. With 100,000 devices waiting for memory is most of a record's
  /// cost.
  void expect(const Record& record) const;

  std::size_t series() const;
  std::size_t sources() const;
  /// Of these two tables, and records that were too late to be counted. Since the start: clear()
  /// leaves them.
  std::uint64_t series_evicted() const;
  std::uint64_t sources_evicted() const;
  std::uint64_t too_late() const;
  /// From now on: whether what is observed was observed before, and is looked at without being
  /// counted once more. What it gives is then of no other use.
  void observe_again(bool again);
  void clear();

  /// Everything but the counters, for a restart. `features` tells which columns the line computes:
  /// 0 or a fingerprint made of the schemas.
  void save(ByteWriter& out, std::uint64_t features) const;
  /// Replaces what is here, or leaves it as it is when the bytes do not fit: @return corrupt,
  /// unsupported (another version), mismatch (saved under other features). What is beyond this
  /// object's bounds is dropped, the least recently seen first, and counted as evicted.
  Status load(ByteReader& in, std::uint64_t features);

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// What a column of a reading speaks of, in the terms of its own series: a column holds a
/// deviation, which tells nobody what the sensor said.
struct Measured {
  /// level: the reading; step: the move; stuck: readings in a row; gap: seconds before it.
  float value = 0;
  float low = 0;  ///< usual is what deviates by at most `usual_deviations`
  float high = 0;
  std::uint16_t place = 0;  ///< of its value in the record's reading
};
constexpr float usual_deviations = 3;  ///< half of what alarms by default
constexpr std::size_t reading_columns = 4;

/// Facts about one applied record that a row of floats cannot carry.
struct RowNotes {
  /// The device's state is still warming up. Deviations of a reading are 0 then; the columns of a
  /// flow speak of less than they will, and are judged nevertheless.
  bool learning = false;
  float confidence = 1;      ///< share of the warm-up that is done, 1 unless `learning`
  std::uint8_t lessons = 0;  ///< bits of Lesson: what is still being learned
  std::string_view series;   ///< the value name the columns speak of; valid until next apply()
  /// Of a reading, by column.
  std::array<Measured, reading_columns> measured{};
};

/// What was usual for a column over the benign training rows: the 1 % and 99 % quantiles.
struct UsualRange {
  float low = 0;
  float high = 0;
};

/// Immutable after fit. apply() is thread-safe as far as `windows` is not shared.
class FeatureMap {
 public:
  virtual ~FeatureMap() = default;
  virtual const Schema& schema() const = 0;
  /// Fills `row` and updates `windows` with this record. REQUIRES: record.kind ==
  /// schema().record_kind and row.size() == schema().width(). Every value written is finite.
  /// Allocates nothing after warm-up.
  virtual RowNotes apply(const Record& record, DeviceWindows& windows,
                         std::span<float> row) const = 0;
  /// One range per column; empty when nothing was learned.
  virtual std::span<const UsualRange> usual() const = 0;
  virtual void save(ByteWriter& out) const = 0;
};

/// Fitted on training records only, in two passes: observe() every training record, then build();
/// the ranges are added by the trainer once rows exist.
class FeatureMapBuilder {
 public:
  virtual ~FeatureMapBuilder() = default;
  virtual void observe(const Record& record) = 0;
  virtual std::unique_ptr<FeatureMap> build() const = 0;
};

/// Column sets for flows: "behaviour" (default: sizes, durations, states, history, service and the
/// role of the port, nothing that identifies a network), "published24" (the 24 columns of the
/// published IoT-23 work), "ports" (behaviour + the raw destination port and how frequent it was in
/// training: port_shares.hpp), "windows" (behaviour + what the source did over the last second, 10
/// s, minute and 10 minutes: window_columns.hpp; its rows depend on the records before, so they are
/// to be applied in the order of time).
Result<std::unique_ptr<FeatureMapBuilder>> make_flow_features(std::string_view columns);
std::vector<std::string_view> flow_column_sets();

/// Readings: robust deviation of each value from its own series' recent level. Columns "level",
/// "step", "stuck", "gap" (series_state.hpp); a series learns for its first 20 readings, and takes
/// over a new level after 8 still readings there, or 128 of any kind.
std::unique_ptr<FeatureMap> make_series_features();

/// A copy of `map` that carries these ranges. REQUIRES: one per column.
std::unique_ptr<FeatureMap> with_usual(const FeatureMap& map, std::vector<UsualRange> usual);

/// @return corrupt, unsupported.
Result<std::unique_ptr<FeatureMap>> load_features(ByteReader& in);

}  // namespace vedette
