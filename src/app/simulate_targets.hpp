/// Where `vedette simulate` sends records to: files of five formats, standard output, a broker.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "app/simulate_command.hpp"
#include "base/result.hpp"
#include "record/truth_note.hpp"

namespace vedette {

/// Not thread-safe.
class SimulateTarget {
 public:
  enum class Put : std::uint8_t {
    done,
    no_place,  ///< this target has no place for such a record or message
    stopped,   ///< the user stopped while it waited
  };
  virtual ~SimulateTarget() = default;
  /// May change `said`.
  virtual Result<Put> put(Simulated& said, const std::stop_token& stop) = 0;
  /// Does what is due by time. Called while the next record is waited for.
  virtual Status idle(const std::stop_token&) { return {}; }
  /// All was put: files appear, a broker confirms. Fills what only the target knows of the report.
  virtual Status finish(const std::stop_token& stop, SimulateReport& report) = 0;
};

/// "mqtt://…" or "mqtts://…".
bool is_broker(std::string_view to);
/// A target that is written as fast as possible and appears when it is whole.
bool is_file(std::string_view to);

/// A file whose format knows no readings.
bool holds_flows_only(std::string_view to);

/// `devices`: of the fleet, for one connection each.
/// @return unsupported for a name that tells no format, io, and what a broker says.
Result<std::unique_ptr<SimulateTarget>> open_target(const SimulateOptions& options,
                                                    const std::vector<std::string>& devices,
                                                    const MakePublisher& make_publisher);

/// The truth of a record as a note with `key`, or of a message with its hash.
void fill_note(TruthNote& note, const Simulated& said, RecordKey key);

}  // namespace vedette
