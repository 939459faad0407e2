/// Decimal text to double, bit for bit what std::from_chars gives.
///
/// Most numbers in logs are short. With at most 15 digits the digits fit a double exactly (10^15 <
/// 2^53) and so does every power of ten up to 10^22: one division then rounds once, correctly
/// (Clinger 1990). Everything else goes to std::from_chars.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vedette {

/// Why a text did not become a value. Small, so that a hot loop can return it in a register; the
/// sentence is made where it is reported.
enum class Fault : std::uint8_t { none, missing, wrong_type, malformed, out_of_range, too_large };

constexpr bool is_digit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

constexpr std::size_t exact_digits_max = 15;
inline constexpr std::array<double, exact_digits_max + 1> powers_of_ten{
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/// REQUIRES: mantissa < 10^15, decimals <= 15.
inline double exact_decimal(std::uint64_t mantissa, std::size_t decimals, bool negative) {
  const auto value = static_cast<double>(mantissa) / powers_of_ten[decimals];
  return negative ? -value : value;
}

/// The whole text by std::from_chars. @return wrong_type; out_of_range for what no double holds,
/// for infinities and NaN.
Fault parse_number_slow(std::string_view text, double& value);

/// The same answer, sooner.
inline Fault parse_number(std::string_view text, double& value) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  std::uint64_t mantissa = 0;
  const char* const whole = at;
  for (; at != end && is_digit(*at); ++at) {
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at - '0');
  }
  auto digits = static_cast<std::size_t>(at - whole);
  std::size_t decimals = 0;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    for (; at != end && is_digit(*at); ++at) {
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at - '0');
    }
    decimals = static_cast<std::size_t>(at - fraction);
    digits += decimals;
  }
  if (at != end || digits == 0 || digits > exact_digits_max) return parse_number_slow(text, value);
  value = exact_decimal(mantissa, decimals, negative);
  return Fault::none;
}

}  // namespace vedette
