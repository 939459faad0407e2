/// Ctrl-C and SIGTERM as a stop token.
#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace vedette {

/// Make one at the start of main, before any other thread: it blocks SIGINT, SIGTERM and SIGHUP for
/// the whole process and waits for them on a thread of its own. The first asks everything to stop;
/// a second one later than half a second, for those in a hurry, ends the process at once.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::thread thread_;
};

}  // namespace vedette
