/// A running fleet: its devices and one heap of everything that is to happen. For fleet/*.cpp only.
#pragma once

#include <algorithm>
#include <new>
#include <optional>
#include <string_view>
#include <vector>

#include "fleet/episode.hpp"
#include "fleet/fleet.hpp"
#include "fleet/parts.hpp"

namespace vedette::simulator {

/// The device number of tasks that belong to the whole fleet.
constexpr std::uint32_t whole_fleet = 0xffffffff;

/// The slot of a burst that does not come again.
constexpr std::uint8_t once = 0xff;

struct Event {
  Time time;
  std::uint32_t device = whole_fleet;
  std::uint8_t slot = 0;  ///< which of the profile's tasks, or `once`
  Task task = Task::reading;
  std::uint16_t step = 0;  ///< of a burst, or the place of an episode

  /// Equal times are told apart, so that the order never depends on the heap's shape.
  bool before(const Event& other) const {
    if (time == other.time) [[unlikely]] {
      return rank() < other.rank();
    }
    return time < other.time;
  }
  std::uint64_t rank() const {
    return (std::uint64_t{device} << 32U) | (std::uint64_t{slot} << 24U) |
           (static_cast<std::uint64_t>(task) << 16U) | step;
  }
};
static_assert(sizeof(Event) == 16);

/// Begins at a line of cache.
template <class T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t line{64};
  LineAllocator() = default;
  template <class Other>
  explicit LineAllocator(const LineAllocator<Other>&) {}
  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), line));
  }
  void deallocate(T* at, std::size_t) { ::operator delete(at, line); }
  bool operator==(const LineAllocator&) const = default;
};

/// A heap with four children a node: half as deep as a binary one.
class Queue {
 public:
  const Event& top() const { return events_[root]; }
  void reserve(std::size_t count) { events_.reserve(root + count); }
  void push(const Event& event) {
    events_.push_back(event);
    Event* const heap = events_.data() + root;
    std::size_t at = events_.size() - root - 1;
    for (; at > 0 && event.before(heap[(at - 1) / 4]); at = (at - 1) / 4) {
      heap[at] = heap[(at - 1) / 4];
    }
    heap[at] = event;
  }
  void replace_top(const Event& event) {
    Event* const heap = events_.data() + root;
    const std::size_t size = events_.size() - root;
    std::size_t at = 0;
    std::size_t child = 1;
    for (; child + 4 <= size; child = 4 * at + 1) {
      // The grandchildren of `at` lie in four lines of cache; one of them is next.
      if (const std::size_t below = 16 * at + 5; below + 16 <= size) {
        for (std::size_t i = 0; i < 16; i += 4) __builtin_prefetch(heap + below + i);
      }
      const std::size_t a = child + (heap[child + 1].before(heap[child]) ? 1 : 0);
      const std::size_t b = child + 2 + (heap[child + 3].before(heap[child + 2]) ? 1 : 0);
      const std::size_t least = heap[b].before(heap[a]) ? b : a;
      if (!heap[least].before(event)) break;
      heap[at] = heap[least];
      at = least;
    }
    if (child + 4 > size && child < size) at = sift_last(at, child, event);
    heap[at] = event;
  }
  void pop() {
    const Event last = events_.back();
    events_.pop_back();
    if (events_.size() > root) replace_top(last);
  }

 private:
  /// The last node with children may have fewer than four. @return where the event belongs.
  std::size_t sift_last(std::size_t at, std::size_t child, const Event& event) {
    Event* const heap = events_.data() + root;
    const std::size_t size = events_.size() - root;
    std::size_t least = child;
    for (std::size_t i = child + 1; i < size; ++i) {
      if (heap[i].before(heap[least])) least = i;
    }
    if (!heap[least].before(event)) return at;
    heap[at] = heap[least];
    return least;
  }
  /// Where the heap begins, so that the four children of a node share a line of cache.
  static constexpr std::size_t root = 3;
  std::vector<Event, LineAllocator<Event>> events_ = std::vector<Event, LineAllocator<Event>>(root);
};

/// Whether the plan's episodes and kinds can be; part of check().
Status check_episodes(const FleetPlan& plan);

/// Empties it, capacities kept.
void clear(Simulated& out);

struct Fleet {
  explicit Fleet(FleetPlan given);

  void make_devices();
  void make_device(std::string name, const Sort& sort, double pace);
  void schedule_device(std::uint32_t number);
  void schedule_fleet();
  /// Does what the top event says and schedules what follows. @return whether `out` was filled.
  bool run(Simulated& out);
  bool run_device(const Event& event, Simulated& out);
  bool run_learned(Event event, Device& device, Simulated& out);
  bool run_reading(std::uint32_t number, Simulated& out);
  /// What the healthy sensors show now, one value each.
  void sense(std::span<double> values, Random& chance_of_noise, Device& device) const;
  /// Replaces the top event by the next flow of its burst or the first of the next one.
  void schedule_next(Event event, const Device& device);
  bool boots(const Event& event, Device& device);
  bool run_fleet(const Event& event, Simulated& out);
  void run_outage(Event event);
  void run_lookups_lost(Event event);
  /// All devices of a vendor that is back connect again within seconds.
  void reconnect(std::uint8_t vendor);
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
  Random random;          ///< of all that makes flows
  Random reading_random;  ///< of sensors alone: without readings the flows stay the same
  World world;
  std::vector<Sort> sorts;  ///< never grows once devices point into it
  std::vector<Device> devices;
  std::vector<Kind> kinds;  ///< that begin by chance
  Random episode_random;    ///< when, where and how episodes begin
  std::array<Place, FleetSimulator::episodes_max> places{};
  Queue queue;
  Surroundings around;
  Time now;
  std::uint64_t flows = 0;
  std::uint32_t episodes_begun = 0;
};

}  // namespace vedette::simulator
