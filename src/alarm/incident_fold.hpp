/// IncidentFold: alerts that belong together become one incident.
///
/// A raised alert joins, in this order:
///   1. the incident of its device, flows and readings alike, when that grew within the span: when
///      the other kind is among its alerts, the incident is joint and ranks above either half;
///   2. the incident with its class and destination (resp_h and resp_p of its peak record when it
///   is
///      raised), of whatever device;
///   3. a new one.
/// The span counts from the incident's last growth in the caller's time, see AlertFold. An incident
/// is closed when all its alerts are, and opens again with the next that joins. Titles and the time
/// between the halves of a joint incident go by the records' own clock.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alarm/alarm_options.hpp"
#include "record/verdict.hpp"

namespace vedette {

/// What an alert is about, for a title: "temperature froze", "C&C to 185.244.25.235:6667".
std::string clause_of(const Alert& alert);

/// Not thread-safe.
class IncidentFold {
 public:
  /// Incidents in memory: open, or joinable still. Beyond, the one that grew least recently is
  /// closed and grows no more, though its alerts may.
  static constexpr std::size_t incidents_max_default = 10'000;
  /// A further device with the same class and destination begins another incident.
  static constexpr std::size_t devices_joined_max = 1'000;
  /// In all incidents together; beyond, the least recently grown go as above.
  static constexpr std::size_t devices_max = 100'000;

  explicit IncidentFold(const AlarmOptions& options,
                        std::size_t incidents_max = incidents_max_default);

  /// Called while the store opens: the next new incident gets `id`, or more.
  void start_at(std::uint64_t id);
  /// Called while the store opens, least recently grown first, with its alerts by id.
  void restore(Incident incident, std::span<const Alert> alerts);

  /// A new alert, with all its records. @return the id of its incident.
  std::uint64_t raise(const Alert& alert, Time now);
  /// One more record, of class `label`, in an alert that was raised before.
  void grow(const Alert& alert, std::string_view label);
  /// The alert is only held open.
  void hold(const Alert& alert);
  void close(const Alert& alert);
  /// Forgets at most `forgotten_max` incidents that no alert can join any more.
  void forget(Time now, std::size_t forgotten_max);
  /// As AlertFold::mark().
  void mark(std::uint64_t id, bool acknowledged, std::string_view feedback,
            std::string_view comment);

  /// As AlertFold::changes(), keep() and undo().
  const std::vector<IncidentChange>& changes();
  void keep();
  void undo();

  std::size_t size() const { return entries_.size(); }

 private:
  /// The first alert of one kind of one device.
  struct Half {
    std::uint64_t alert = 0;  ///< 0: none yet
    Time first;
    float peak_score = 0;
    std::string label;
    std::string clause;
  };
  struct Member {
    std::string device;
    std::array<Half, record_kind_count> halves;
    bool joint() const { return halves[0].alert != 0 && halves[1].alert != 0; }
  };
  struct Entry {
    Incident incident;
    std::vector<Member> members;      ///< of the devices that the incident lists
    std::vector<std::string> joined;  ///< all its devices
    std::vector<std::string> causes;  ///< its keys in by_cause_
    std::uint64_t open_alerts = 0;
    std::uint64_t batch = 0;
    bool raised = false;
    std::list<std::uint64_t>::iterator place;
  };

  Entry* joinable(std::uint64_t id, Time now);
  Entry* find_for(const Alert& alert, const std::string& cause, Time now);
  Entry& begin(const Alert& alert, Time now);
  void add_alert(Entry& entry, const Alert& alert);
  bool add_device(Entry& entry, const Alert& alert);
  Member* member_of(Entry& entry, const std::string& device);
  void claim_cause(Entry& entry, const std::string& cause, Time now);
  void touch(Entry& entry);
  void index(const Entry& entry);
  void drop(std::uint64_t id);
  static void entitle(Entry& entry);
  static std::string title_of(const Entry& entry);

  Duration span_;
  std::size_t incidents_max_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::list<std::uint64_t> order_;  // least recently grown first
  std::unordered_map<std::string, std::uint64_t> by_device_;
  std::unordered_map<std::string, std::uint64_t> by_cause_;
  std::uint64_t next_id_ = 1;
  std::uint64_t batch_ = 1;
  // Since the last keep():
  std::uint64_t kept_next_id_ = 1;
  std::vector<std::uint64_t> touched_;
  std::vector<Entry> before_;
  std::vector<IncidentChange> dropped_;  // closed by a full fold
  std::vector<IncidentChange> changes_;
};

}  // namespace vedette
