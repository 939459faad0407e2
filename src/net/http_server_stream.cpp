#include "net/http_server_stream.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace vedette {

EventStream::EventStream(MHD_Connection* connection, std::shared_ptr<EventQueue> events,
                         std::string first)
    : connection_(connection), events_(std::move(events)) {
  if (!first.empty()) current_ = std::make_shared<const std::string>(std::move(first));
}

void EventStream::listen() {
  // Weak: the stream owns its queue, and the queue must not own the stream.
  events_->on_ready([weak = weak_from_this()] {
    if (const auto stream = weak.lock()) stream->wake();
  });
}

void EventStream::wake() {
  const std::lock_guard lock{mutex_};
  wake_locked();
}

void EventStream::beat() {
  const std::lock_guard lock{mutex_};
  beat_due_ = true;
  wake_locked();
}

void EventStream::end() {
  const std::lock_guard lock{mutex_};
  ending_ = true;
  wake_locked();
}

void EventStream::leave() {
  const std::lock_guard lock{mutex_};
  connection_ = nullptr;
  asleep_ = false;
}

void EventStream::wake_locked() {
  if (!asleep_ || connection_ == nullptr) return;
  asleep_ = false;
  MHD_resume_connection(connection_);
}

bool EventStream::next_locked() {
  static const auto comment = std::make_shared<const std::string>(":\n\n");
  sent_ = 0;
  current_ = events_->pop();
  if (current_ == nullptr && std::exchange(beat_due_, false)) current_ = comment;
  return current_ != nullptr;
}

ssize_t EventStream::read(char* out, std::size_t bytes_max) {
  const std::lock_guard lock{mutex_};
  if (ending_ || connection_ == nullptr) return MHD_CONTENT_READER_END_OF_STREAM;
  std::size_t filled = 0;
  while (filled < bytes_max && (current_ != nullptr || next_locked())) {
    const std::size_t size = std::min(bytes_max - filled, current_->size() - sent_);
    std::memcpy(out + filled, current_->data() + sent_, size);
    filled += size;
    sent_ += size;
    if (sent_ == current_->size()) current_ = nullptr;
  }
  if (filled == 0) {
    // An event pushed since pop() finds this lock taken and wakes us after the suspension.
    MHD_suspend_connection(connection_);
    asleep_ = true;
  }
  return static_cast<ssize_t>(filled);
}

bool EventStreams::add(const std::shared_ptr<EventStream>& stream) {
  const std::lock_guard lock{mutex_};
  if (ended_) return false;
  std::erase_if(streams_, [](const auto& other) { return other.expired(); });
  streams_.push_back(stream);
  return true;
}

std::vector<std::shared_ptr<EventStream>> EventStreams::open() {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<EventStream>> found;
  for (const auto& weak : streams_) {
    if (auto stream = weak.lock()) found.push_back(std::move(stream));
  }
  return found;
}

void EventStreams::beat_all() {
  for (const auto& stream : open()) stream->beat();
}

void EventStreams::end_all() {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  for (const auto& stream : open()) stream->end();
}

MHD_Response* make_stream_response(std::shared_ptr<EventStream> stream) {
  auto owner = std::make_unique<std::shared_ptr<EventStream>>(std::move(stream));
  const auto read = [](void* cls, std::uint64_t, char* out, std::size_t bytes_max) -> ssize_t {
    return (*static_cast<std::shared_ptr<EventStream>*>(cls))->read(out, bytes_max);
  };
  const auto drop = [](void* cls) {
    const std::unique_ptr<std::shared_ptr<EventStream>> held{
        static_cast<std::shared_ptr<EventStream>*>(cls)};
    (*held)->leave();
  };
  MHD_Response* response =
      MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read, owner.get(), drop);
  if (response != nullptr) static_cast<void>(owner.release());  // `drop` owns it now
  return response;
}

}  // namespace vedette
