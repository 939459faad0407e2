/// Server-sent events on libmicrohttpd: a stream sleeps (suspended, it costs no thread and no
/// polling) until its EventQueue or the heartbeat wakes it.
#pragma once

#include <microhttpd.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/event_hub.hpp"

namespace vedette {

/// States of a stream: sending → asleep (suspended) → sending … → ending. Locks are taken in the
/// order stream, then libmicrohttpd's own; the library calls us without holding its own.
class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(MHD_Connection* connection, std::shared_ptr<EventQueue> events, std::string first);

  /// From now on the queue wakes this stream.
  void listen();
  /// The queue has something, or a heartbeat is due.
  void wake();
  void beat();
  void end();
  /// Fills `out`: the number of bytes, 0 when it went to sleep, or the library's end mark.
  ssize_t read(char* out, std::size_t bytes_max);
  /// The connection is no more.
  void leave();

 private:
  void wake_locked();
  bool next_locked();

  std::mutex mutex_;
  MHD_Connection* connection_;
  std::shared_ptr<EventQueue> events_;
  std::shared_ptr<const std::string> current_;
  std::size_t sent_ = 0;  // of *current_
  bool asleep_ = false;
  bool ending_ = false;
  bool beat_due_ = false;
};

/// Every open stream of one server. Thread-safe.
class EventStreams {
 public:
  /// @return false once end_all() was called: the caller answers 503.
  bool add(const std::shared_ptr<EventStream>& stream);
  void beat_all();
  void end_all();

 private:
  std::vector<std::shared_ptr<EventStream>> open();
  std::mutex mutex_;
  std::vector<std::weak_ptr<EventStream>> streams_;
  bool ended_ = false;
};

/// The endless answer fed by `stream`; nullptr when out of memory.
MHD_Response* make_stream_response(std::shared_ptr<EventStream> stream);

}  // namespace vedette
