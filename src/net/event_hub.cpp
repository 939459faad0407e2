#include "net/event_hub.hpp"

#include <algorithm>
#include <utility>

#include "base/expects.hpp"

namespace vedette {

EventQueue::EventQueue(std::size_t events_max) : events_max_(events_max) {
  expects(events_max > 0, "a queue holds at least one event");
}

bool EventQueue::push(std::shared_ptr<const std::string> event) {
  std::function<void()> wake;
  bool kept_all = true;
  {
    const std::lock_guard lock{mutex_};
    if (events_.empty()) wake = wake_;
    if (events_.size() == events_max_) {
      events_.pop_front();
      ++dropped_;
      kept_all = false;
    }
    events_.push_back(std::move(event));
  }
  if (wake) wake();
  return kept_all;
}

std::shared_ptr<const std::string> EventQueue::pop() {
  const std::lock_guard lock{mutex_};
  if (events_.empty()) return nullptr;
  std::shared_ptr<const std::string> event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void EventQueue::on_ready(std::function<void()> wake) {
  bool waiting = false;
  {
    const std::lock_guard lock{mutex_};
    wake_ = wake;
    waiting = !events_.empty();
  }
  if (waiting && wake) wake();
}

std::uint64_t EventQueue::dropped() const {
  const std::lock_guard lock{mutex_};
  return dropped_;
}

EventHub::EventHub(std::size_t subscribers_max, std::size_t events_max)
    : subscribers_max_(subscribers_max), events_max_(events_max) {
  expects(events_max > 0, "a subscriber's queue holds at least one event");
}

std::shared_ptr<EventQueue> EventHub::subscribe() {
  const std::lock_guard lock{mutex_};
  std::erase_if(queues_, [](const auto& queue) { return queue.expired(); });
  if (queues_.size() >= subscribers_max_) return nullptr;
  auto queue = std::make_shared<EventQueue>(events_max_);
  queues_.push_back(queue);
  return queue;
}

std::vector<std::shared_ptr<EventQueue>> EventHub::listeners() {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<EventQueue>> found;
  std::erase_if(queues_, [&](const auto& queue) {
    auto alive = queue.lock();
    if (!alive) return true;
    found.push_back(std::move(alive));
    return false;
  });
  return found;
}

void EventHub::publish(std::string_view event, std::string_view data) {
  // The hub's lock is not held while queues wake their streams: a wake-up takes the HTTP server's
  // locks, under which a stream may be leaving or another be subscribing.
  const auto queues = listeners();
  if (queues.empty()) return;
  std::string text;
  text.reserve(event.size() + data.size() + 16);
  text.append("event: ").append(event).append("\ndata: ").append(data).append("\n\n");
  const auto shared = std::make_shared<const std::string>(std::move(text));
  std::uint64_t dropped = 0;
  for (const auto& queue : queues) dropped += queue->push(shared) ? 0U : 1U;
  if (dropped == 0) return;
  const std::lock_guard lock{mutex_};
  dropped_ += dropped;
}

bool EventHub::has_subscribers() const {
  return subscribers() > 0;
}

std::size_t EventHub::subscribers() const {
  const std::lock_guard lock{mutex_};
  return static_cast<std::size_t>(std::count_if(
      queues_.begin(), queues_.end(), [](const auto& queue) { return !queue.expired(); }));
}

std::uint64_t EventHub::dropped() const {
  const std::lock_guard lock{mutex_};
  return dropped_;
}

}  // namespace vedette
