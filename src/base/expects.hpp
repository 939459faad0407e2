/// expects(): our own mistake is a stop. Never used on input from outside.
#pragma once

#include <source_location>

namespace vedette {

/// Prints the place and the broken promise to stderr and aborts.
[[noreturn]] void broken_promise(const char* promise, std::source_location where);

/// Stops the program when `holds` is false. `promise` says what the caller owed.
constexpr void expects(bool holds, const char* promise,
                       std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]] {
    broken_promise(promise, where);
  }
}

}  // namespace vedette
