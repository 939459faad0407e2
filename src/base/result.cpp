#include "base/result.hpp"

#include <cstdio>
#include <cstdlib>

namespace vedette {

const char* name_of(Errc code) {
  switch (code) {
    case Errc::truncated:
      return "truncated";
    case Errc::malformed:
      return "malformed";
    case Errc::missing_field:
      return "missing_field";
    case Errc::wrong_type:
      return "wrong_type";
    case Errc::out_of_range:
      return "out_of_range";
    case Errc::too_large:
      return "too_large";
    case Errc::unsupported:
      return "unsupported";
    case Errc::not_found:
      return "not_found";
    case Errc::corrupt:
      return "corrupt";
    case Errc::mismatch:
      return "mismatch";
    case Errc::io:
      return "io";
    case Errc::busy:
      return "busy";
    case Errc::unavailable:
      return "unavailable";
    case Errc::refused:
      return "refused";
    case Errc::cancelled:
      return "cancelled";
  }
  return "unknown";
}

void broken_promise(const char* promise, const char* file, int line) {
  std::fprintf(stderr, "vedette stopped at %s:%d: broken promise: %s\n", file, line, promise);
  std::abort();
}

}  // namespace vedette
