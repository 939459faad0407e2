/// Crew: threads that stay for the length of a fit. A mini-batch is about a millisecond of work:
/// too little to start threads for each, as run_parallel does.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace vedette {

/// run() belongs to the thread that made the crew.
class Crew {
 public:
  /// `threads`, the caller's among them; at most `useful` are started.
  Crew(unsigned threads, std::size_t useful) {
    const std::size_t members = std::min(std::size_t{threads}, useful);
    for (std::size_t i = 1; i < members; ++i) threads_.emplace_back([this] { serve(); });
  }
  ~Crew() {
    leaving_ = true;
    start();
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Calls work(task) for task = 0 … tasks − 1, each once, on any thread; back when all are done.
  /// REQUIRES: work does not throw and writes only what belongs to its task.
  template <class Work>
  void run(std::size_t tasks, const Work& work) {
    if (threads_.empty() || tasks < 2) {
      for (std::size_t task = 0; task < tasks; ++task) work(task);
      return;
    }
    call_ = [](const void* context, std::size_t task) {
      (*static_cast<const Work*>(context))(task);
    };
    context_ = &work;
    tasks_ = tasks;
    next_ = 0;
    busy_ = threads_.size();
    start();
    drain();
    for (std::size_t left = busy_; left != 0; left = busy_) busy_.wait(left);
  }

 private:
  void start() {
    ++round_;
    round_.notify_all();
  }
  void drain() {
    for (std::size_t task = next_++; task < tasks_; task = next_++) call_(context_, task);
  }
  void serve() {
    for (std::uint32_t seen = 0;;) {
      round_.wait(seen);
      ++seen;
      if (leaving_) return;
      drain();
      if (--busy_ == 0) busy_.notify_one();
    }
  }
  void (*call_)(const void* context, std::size_t task) = nullptr;
  const void* context_ = nullptr;
  std::size_t tasks_ = 0;
  std::atomic<bool> leaving_{false};
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> busy_{0};
  std::atomic<std::uint32_t> round_{0};
  std::vector<std::jthread> threads_;  // last: joined before the rest goes
};

}  // namespace vedette
