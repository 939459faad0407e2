#include "codec/number.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

namespace vedette {

Fault parse_number_slow(std::string_view text, double& value) {
  double parsed = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, parsed);
  if (stop != end || error == std::errc::invalid_argument) return Fault::wrong_type;
  if (error != std::errc{} || !std::isfinite(parsed)) return Fault::out_of_range;
  value = parsed;
  return Fault::none;
}

}  // namespace vedette
