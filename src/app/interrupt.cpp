#include "app/interrupt.hpp"

#include <unistd.h>

#include <chrono>

namespace vedette {

namespace {

sigset_t signals_we_wait_for() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
  return set;
}

constexpr int exit_interrupted = 130;
/// timeout(1) signals its child and then the whole group: twice within a millisecond.
constexpr std::chrono::milliseconds same_wish{500};

}  // namespace

Interrupt::Interrupt() {
  const sigset_t set = signals_we_wait_for();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A closed pipe or socket is an error value where it happens, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  // Nor is a file that outgrows `ulimit -f`: its temporary half must still be removed.
  std::signal(SIGXFSZ, SIG_IGN);
  thread_ = std::thread{[this, set] {
    int signal = 0;
    std::chrono::steady_clock::time_point asked;
    while (sigwait(&set, &signal) == 0) {
      if (signal == SIGUSR2) return;  // the destructor's call
      const auto now = std::chrono::steady_clock::now();
      if (!source_.stop_requested()) {
        asked = now;
        source_.request_stop();
      } else if (now > asked + same_wish) {
        _exit(exit_interrupted);
      }
    }
  }};
}

Interrupt::~Interrupt() {
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

}  // namespace vedette
