/// A running fleet: its devices and one heap of everything that is to happen. For fleet/*.cpp only.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "fleet/episode.hpp"
#include "fleet/fleet.hpp"
#include "fleet/parts.hpp"

namespace vedette::simulator {

/// The device number of tasks that belong to the whole fleet.
constexpr std::uint32_t whole_fleet = 0xffffffff;

struct Event {
  Time time;
  std::uint32_t device = whole_fleet;
  std::uint8_t slot = 0;  ///< which of the profile's tasks
  Task task = Task::reading;
  std::uint16_t step = 0;  ///< of a burst, or the place of an episode

  /// Equal times are told apart, so that the order never depends on the heap's shape.
  bool before(const Event& other) const {
    if (time != other.time) return time < other.time;
    return rank() < other.rank();
  }
  std::uint64_t rank() const {
    return (std::uint64_t{device} << 32U) | (std::uint64_t{slot} << 24U) |
           (static_cast<std::uint64_t>(task) << 16U) | step;
  }
};

/// A heap with four children a node: half as deep as a binary one, and the children share a line
/// of cache (16 bytes each).
class Queue {
 public:
  const Event& top() const { return events_.front(); }
  void push(const Event& event) {
    events_.push_back(event);
    std::size_t at = events_.size() - 1;
    for (; at > 0 && event.before(events_[(at - 1) / 4]); at = (at - 1) / 4) {
      events_[at] = events_[(at - 1) / 4];
    }
    events_[at] = event;
  }
  void replace_top(const Event& event) {
    std::size_t at = 0;
    for (std::size_t child = 1; child < events_.size(); child = 4 * at + 1) {
      const std::size_t end = std::min(child + 4, events_.size());
      std::size_t least = child;
      for (std::size_t i = child + 1; i < end; ++i) {
        if (events_[i].before(events_[least])) least = i;
      }
      if (!events_[least].before(event)) break;
      events_[at] = events_[least];
      at = least;
    }
    events_[at] = event;
  }
  void pop() {
    const Event last = events_.back();
    events_.pop_back();
    if (!events_.empty()) replace_top(last);
  }

 private:
  std::vector<Event> events_;
};

/// At least 1 µs, so that time moves on; at most a year, so that it cannot overflow.
Duration micros_of(double seconds);
double seconds_of(Duration duration);

/// Whether the plan's episodes and kinds can be; part of check().
Status check_episodes(const FleetPlan& plan);

struct Fleet {
  explicit Fleet(FleetPlan given);

  Device make_device(std::size_t number);
  void schedule_device(std::uint32_t number);
  Duration gap(const TaskSpec& spec);
  /// Does what the top event says and schedules what follows. @return whether `out` was filled.
  bool run(Simulated& out);
  bool run_device(const Event& event, Simulated& out);
  /// The next flow of a burst, or the first of the next one.
  Event following(Event event, const TaskSpec& spec);
  bool run_fleet(const Event& event, Simulated& out);
  void run_outage(Event event);
  void start_record(Simulated& out, const Device& device, RecordKind kind, std::string_view label);

  // Episodes (episodes.cpp).
  void schedule_episodes();
  bool run_episodes(const Event& event, Simulated& out);
  void begin_by_chance(Event event);
  void begin_planned(Event event);
  bool run_step(Event event, Simulated& out);
  bool run_attack(Event event, Place& place, Simulated& out);
  bool run_end(Event event, Place& place, Simulated& out);
  void say(Simulated& out, Place& place, Says what);
  /// @return null when all places are taken.
  Place* begin(std::uint32_t number, Kind kind, Duration length, double intensity);
  /// The sensors of the device and what they show now.
  void look_at_sensors(Place& place);
  bool running(const Place& place) const { return place.taken && now < place.ends; }
  /// Whether the device could begin one of that kind now.
  bool may_begin(std::uint32_t number, Kind kind) const;
  bool is_device_of(std::uint32_t number, std::string_view device_or_group) const;
  std::vector<std::uint32_t> choose(std::string_view device_or_group, Kind kind,
                                    std::uint64_t count);
  Episode describe(const Place& place) const;
  Result<std::uint32_t> start(std::string_view device, std::string_view kind, Duration length,
                              double intensity);
  std::size_t stop(std::string_view device);
  Error unknown_device(std::string_view device) const;
  /// The truth of a record that `place` made or falsified.
  void mark(Simulated& out, const Place& place) const;
  /// Whether a fault keeps back what the device is about to say.
  bool silent(std::uint32_t number, bool reading);
  /// Falsifies what the device measured as its fault would, and marks `out` when that shows.
  void falsify_reading(Simulated& out, std::uint32_t number, std::span<double> values);

  void write_uid(std::string& out);

  FleetPlan options;
  Random random;
  std::vector<Device> devices;
  std::vector<Kind> kinds;  ///< that begin by chance
  Random chance;            ///< when, where and how episodes begin
  std::array<Place, FleetSimulator::episodes_max> places{};
  Queue queue;
  Surroundings around;
  Time now;
  std::uint64_t flows = 0;
  std::uint32_t episodes_begun = 0;
};

}  // namespace vedette::simulator
