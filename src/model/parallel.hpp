/// run_parallel: the same work whatever the number of threads. Tasks are numbered; each writes only
/// what belongs to its number, so the outcome cannot depend on who ran it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace vedette {

/// Calls work(task) for task = 0 … tasks − 1 on up to `threads` threads, the caller's among them.
/// REQUIRES: work does not throw.
template <class Work>
void run_parallel(unsigned threads, std::size_t tasks, const Work& work) {
  constexpr std::size_t threads_max = 64;
  const std::size_t helpers = std::min({std::size_t{threads}, tasks, threads_max});
  std::atomic<std::size_t> next{0};
  const auto drain = [&] {
    for (std::size_t task = next++; task < tasks; task = next++) work(task);
  };
  std::vector<std::jthread> crew;
  for (std::size_t i = 1; i < helpers; ++i) crew.emplace_back(drain);
  drain();
}

}  // namespace vedette
