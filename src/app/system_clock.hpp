/// The wall clock: the one place that reads it.
#pragma once

#include <chrono>

#include "base/clock.hpp"

namespace vedette {

class SystemClock final : public Clock {
 public:
  Time now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
};

}  // namespace vedette
