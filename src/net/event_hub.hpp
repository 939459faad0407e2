/// EventHub: one writer's events to many server-sent-event streams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace vedette {

/// One subscriber's bounded backlog of events, already in text/event-stream form. When it is full
/// the oldest event is dropped and counted: a slow page never holds the line up. Thread-safe.
class EventQueue {
 public:
  explicit EventQueue(std::size_t events_max);
  /// @return false when the oldest event had to go.
  bool push(std::shared_ptr<const std::string> event);
  /// The next event, or nullptr.
  std::shared_ptr<const std::string> pop();
  /// Called (outside the lock) whenever something was pushed into an empty queue, and at once when
  /// something waits already. A call may still be under way in another thread when this returns:
  /// what `wake` refers to must live as long as `wake` itself.
  void on_ready(std::function<void()> wake);
  std::uint64_t dropped() const;

 private:
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const std::string>> events_;
  std::function<void()> wake_;
  std::size_t events_max_;
  std::uint64_t dropped_ = 0;
};

/// Thread-safe. A subscriber leaves by dropping its queue.
class EventHub {
 public:
  /// At most `subscribers_max` at once; subscribe() gives nullptr beyond.
  explicit EventHub(std::size_t subscribers_max = 64, std::size_t events_max = 512);
  std::shared_ptr<EventQueue> subscribe();
  /// `data` is one line (JSON). Costs nothing beyond a lock when nobody listens.
  void publish(std::string_view event, std::string_view data);
  /// Anybody listening? Lets a writer skip making the text.
  bool has_subscribers() const;
  std::size_t subscribers() const;
  /// Events dropped for slow subscribers, also for those that have left since.
  std::uint64_t dropped() const;

 private:
  std::vector<std::shared_ptr<EventQueue>> listeners();

  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<EventQueue>> queues_;
  std::size_t subscribers_max_;
  std::size_t events_max_;
  std::uint64_t dropped_ = 0;
};

}  // namespace vedette
