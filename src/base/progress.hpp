/// Progress of anything longer than two seconds: a bar on a terminal, a plain line every few
/// seconds in a pipe, nothing when it is over sooner. Written to stderr.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace vedette {

/// advance() and set() are thread-safe and cheap; the rest belongs to the thread that made it.
class Progress {
 public:
  /// `total` 0 means unknown. `enabled` false draws nothing (tests, --quiet).
  Progress(std::string title, std::uint64_t total, bool enabled = true);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::uint64_t by = 1);
  /// Instead of advance(): `done` of `total` are done, whatever was said before.
  void set(std::uint64_t done, std::uint64_t total);
  /// The next piece of the same work, with a title and a position of its own.
  void restart(std::string title);
  /// Text behind the bar ("macro-F1 0.91").
  void note(std::string text);
  void finish();

 private:
  using Steady = std::chrono::steady_clock;
  void draw_when_due();
  void draw(Steady::time_point now);
  std::string title_;
  std::string note_;
  std::atomic<std::uint64_t> total_;
  bool enabled_;
  bool terminal_;
  bool drawn_ = false;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::int64_t> next_draw_{0};
  Steady::time_point start_;
  Steady::time_point piece_start_;
};

}  // namespace vedette
