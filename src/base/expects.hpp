/// expects(): our own mistake is a stop. Never used on input from outside.
#pragma once

namespace vedette {

/// Prints the place and the broken promise to stderr and aborts.
[[noreturn]] void broken_promise(const char* promise, const char* file, int line);

/// Stops the program when `holds` is false. `promise` says what the caller owed. The place is that
/// of the call, by builtins of GCC and clang: clang 14 has no std::source_location.
constexpr void expects(bool holds, const char* promise, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE()) {
  if (!holds) [[unlikely]] {
    broken_promise(promise, file, line);
  }
}

}  // namespace vedette
