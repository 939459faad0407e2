#include "app/simulate_pacer.hpp"

#include <algorithm>

namespace vedette {

Pacer Pacer::by_rate(double rate) {
  Pacer pacer;
  pacer.rate_ = rate;
  return pacer;
}

Pacer Pacer::by_time(Time start, double speed) {
  Pacer pacer;
  pacer.start_ = start;
  pacer.speed_ = speed;
  return pacer;
}

void Pacer::wait(Time due, const std::stop_token& stop, const Idle& idle) {
  if (start_) {
    // A century is as good as never, and does not overflow.
    const std::chrono::duration<double> after{
        std::min(std::chrono::duration<double>(due - *start_).count() / speed_, 3e9)};
    return sleep_until(begun_ + std::chrono::duration_cast<Steady::duration>(after), stop, idle);
  }
  if (rate_ <= 0) return;
  if (tokens_ < 1) refill();
  if (tokens_ < 1) {
    // Sleeps for a millisecond's worth at least: at 50,000/s one sleep a message costs too much.
    const double missing = std::max(1 - tokens_, rate_ / 1000);
    const std::chrono::duration<double> pause{missing / rate_};
    sleep_until(refilled_ + std::chrono::duration_cast<Steady::duration>(pause), stop, idle);
    refill();
  }
  tokens_ -= 1;
}

void Pacer::refill() {
  const Steady::time_point now = Steady::now();
  const double passed = std::chrono::duration<double>(now - refilled_).count();
  tokens_ = std::min(tokens_ + passed * rate_, std::max(1.0, rate_));
  refilled_ = now;
}

void Pacer::sleep_until(Steady::time_point due, const std::stop_token& stop, const Idle& idle) {
  for (Steady::time_point now = Steady::now();; now = Steady::now()) {
    if (now >= idled_ + idle_every) {
      idle();
      idled_ = now;
    }
    if (due <= now || stop.stop_requested()) return;
    std::unique_lock lock(sleeper_->mutex);
    sleeper_->changed.wait_until(lock, stop, std::min(due, idled_ + idle_every),
                                 [] { return false; });
  }
}

}  // namespace vedette
