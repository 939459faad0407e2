/// SortedWindow: the last N numbers, kept in order of size, so that any quantile is one look away.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/bytes.hpp"

namespace vedette {

/// REQUIRES: finite numbers. A full window forgets its oldest. Moving up to 64 numbers on each
/// push costs about 20 ns; selecting a median afresh costs ten times that.
template <class Number, std::size_t N>
requires(N > 1 && N <= 256) class SortedWindow {
 public:
  std::size_t size() const { return size_; }
  Number operator[](std::size_t rank) const { return numbers_[rank]; }
  void clear() { size_ = next_ = 0; }

  void push(Number number) {
    if (size_ == N) remove_oldest();
    std::size_t rank = size_;
    while (rank > 0 && numbers_[rank - 1] > number) --rank;
    std::copy_backward(numbers_.begin() + at(rank), numbers_.begin() + at(size_),
                       numbers_.begin() + at(size_ + 1));
    std::copy_backward(slots_.begin() + at(rank), slots_.begin() + at(size_),
                       slots_.begin() + at(size_ + 1));
    numbers_[rank] = number;
    slots_[rank] = static_cast<std::uint8_t>(next_);
    next_ = (next_ + 1) % N;
    ++size_;
  }
  /// REQUIRES: size() > 0 and share in [0, 1].
  Number quantile(double share) const {
    return numbers_[static_cast<std::size_t>(share * static_cast<double>(size_ - 1) + 0.5)];
  }
  Number median() const { return numbers_[size_ / 2]; }
  /// The median distance from `center`: walks outwards from it, always to the nearer side.
  double median_distance(double center) const {
    std::size_t right = 0;
    while (right < size_ && static_cast<double>(numbers_[right]) < center) ++right;
    std::size_t left = right;
    double distance = 0;
    for (std::size_t taken = 0; taken <= size_ / 2 && taken < size_; ++taken) {
      const double below = left > 0 ? center - static_cast<double>(numbers_[left - 1]) : HUGE_VAL;
      const double above = right < size_ ? static_cast<double>(numbers_[right]) - center : HUGE_VAL;
      distance = std::min(below, above);
      below < above ? --left : ++right;
    }
    return distance;
  }

  void save(ByteWriter& out) const {
    out.put(static_cast<std::uint16_t>(size_));
    out.put(static_cast<std::uint16_t>(next_));
    out.put_bytes(std::as_bytes(std::span{numbers_}.first(size_)));
    out.put_bytes(std::as_bytes(std::span{slots_}.first(size_)));
  }
  /// False when the bytes are not those of a window: finite numbers that rise, each slot once, the
  /// last `size` ones before the next.
  bool load(ByteReader& in) {
    clear();
    const auto size = in.get<std::uint16_t>();
    const auto next = in.get<std::uint16_t>();
    if (!in.ok() || size > N || next >= N) return false;
    constexpr auto wild = static_cast<Number>(1e38);  // beyond what is ever pushed; NaN too
    std::array<bool, N> taken{};
    for (std::size_t i = 0; i < size; ++i) {
      numbers_[i] = in.get<Number>();
      if (!(std::abs(numbers_[i]) <= wild) || (i > 0 && numbers_[i] < numbers_[i - 1]))
        return false;
    }
    for (std::size_t i = 0; i < size; ++i) {
      slots_[i] = in.get<std::uint8_t>();
      if (slots_[i] >= N || taken[slots_[i]] || (next + N - 1 - slots_[i]) % N >= size) {
        return false;
      }
      taken[slots_[i]] = true;
    }
    size_ = size;
    next_ = next;
    return in.ok();
  }

 private:
  static std::ptrdiff_t at(std::size_t i) { return static_cast<std::ptrdiff_t>(i); }
  /// The slot about to be reused belongs to the oldest number.
  void remove_oldest() {
    const auto found = std::find(slots_.begin(), slots_.end(), static_cast<std::uint8_t>(next_));
    const auto rank = static_cast<std::size_t>(found - slots_.begin());
    std::copy(numbers_.begin() + at(rank + 1), numbers_.end(), numbers_.begin() + at(rank));
    std::copy(slots_.begin() + at(rank + 1), slots_.end(), slots_.begin() + at(rank));
    --size_;
  }

  std::array<Number, N> numbers_{};
  std::array<std::uint8_t, N> slots_{};
  std::size_t size_ = 0;
  std::size_t next_ = 0;
};

}  // namespace vedette
