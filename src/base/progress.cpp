#include "base/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace vedette {

namespace {

// The first two seconds stay silent; then ten frames a second on a terminal, a line every 5 s else.
constexpr std::int64_t silent_ms = 2000;
constexpr std::int64_t frame_ms = 100;
constexpr std::int64_t line_ms = 5000;

}  // namespace

Progress::Progress(std::string title, std::uint64_t total, bool enabled)
    : title_(std::move(title)),
      total_(total),
      enabled_(enabled),
      terminal_(::isatty(STDERR_FILENO) == 1),
      next_draw_(silent_ms),
      start_(Steady::now()),
      piece_start_(start_) {}

Progress::~Progress() {
  finish();
}

void Progress::advance(std::uint64_t by) {
  done_.fetch_add(by, std::memory_order_relaxed);
  draw_when_due();
}

void Progress::set(std::uint64_t done, std::uint64_t total) {
  done_.store(done, std::memory_order_relaxed);
  total_.store(total, std::memory_order_relaxed);
  draw_when_due();
}

void Progress::draw_when_due() {
  if (!enabled_) return;
  const auto now = Steady::now();
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_).count();
  std::int64_t due = next_draw_.load(std::memory_order_relaxed);
  const std::int64_t next = elapsed + (terminal_ ? frame_ms : line_ms);
  if (elapsed >= due && next_draw_.compare_exchange_strong(due, next)) draw(now);
}

void Progress::restart(std::string title) {
  title_ = std::move(title);
  note_.clear();
  done_.store(0, std::memory_order_relaxed);
  total_.store(0, std::memory_order_relaxed);
  piece_start_ = Steady::now();
  draw_when_due();
}

void Progress::note(std::string text) {
  note_ = std::move(text);
}

void Progress::draw(Steady::time_point now) {
  drawn_ = true;
  const auto done = done_.load(std::memory_order_relaxed);
  const auto total = total_.load(std::memory_order_relaxed);
  const double seconds = std::chrono::duration<double>(now - piece_start_).count();
  std::string line = title_;
  if (total > 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    const auto filled = static_cast<std::size_t>(share * 30);
    std::string bar;
    for (std::size_t i = 0; i < 30; ++i) bar += i < filled ? "█" : "░";
    const double left = share > 0 ? seconds / share - seconds : 0;
    line +=
        fmt::format(" {} {:3.0f} % · {:.0f} s · {:.0f} s left", bar, share * 100, seconds, left);
  } else {
    line += fmt::format(" {} · {:.0f} s", done, seconds);
  }
  if (!note_.empty()) line += " · " + note_;
  std::fprintf(stderr, terminal_ ? "\r\x1b[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
}

void Progress::finish() {
  if (drawn_ && terminal_) std::fprintf(stderr, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace vedette
