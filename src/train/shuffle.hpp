/// Fisher–Yates with our own Random: std::shuffle draws differently from library to library.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "base/random.hpp"

namespace vedette {

template <class T>
void shuffle(std::span<T> items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

}  // namespace vedette
