/// Text of a million lines a second: pieces written behind a pointer into a buffer whose size the
/// caller has worked out. Every function returns where the next piece goes. A pointer in a register
/// instead of a buffer object: bytes may alias its counter, which then goes through memory.
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace vedette {

namespace detail {
constexpr auto two_digits = [] {
  std::array<std::array<char, 2>, 100> all{};
  for (unsigned i = 0; i < 100; ++i) {
    all[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  }
  return all;
}();
constexpr std::uint64_t every_byte = 0x0101010101010101ULL;
constexpr std::uint64_t high_bits = 0x8080808080808080ULL;
/// Non-zero when a byte of `word` is `byte`.
constexpr std::uint64_t holds(std::uint64_t word, unsigned char byte) {
  const std::uint64_t differs = word ^ (every_byte * byte);
  return (differs - every_byte) & ~differs & high_bits;
}
constexpr std::uint64_t holds_control(std::uint64_t word) {
  return (word - every_byte * 0x20) & ~word & high_bits;
}
}  // namespace detail

/// Which bytes a format cannot hold as they are.
enum class Unsafe : std::uint8_t {
  zeek,  ///< control bytes and the backslash
  json,  ///< these, the quote, and all that is not ASCII
};

/// REQUIRES here and below: room for what is written.
template <std::size_t N>
char* write_literal(char* to, const char (&text)[N]) {
  std::memcpy(to, text, N - 1);
  return to + N - 1;
}

template <Unsafe unsafe>
constexpr std::uint64_t unsafe_bytes(std::uint64_t word) {
  std::uint64_t found =
      detail::holds_control(word) | detail::holds(word, '\\') | detail::holds(word, 0x7f);
  if constexpr (unsafe == Unsafe::json) {
    found |= detail::holds(word, '"') | (word & detail::high_bits);
  }
  return found;
}

/// As it is, unless it holds an unsafe byte: `found` is then not 0 any more.
template <Unsafe unsafe>
char* write_text(char* to, std::string_view text, std::uint64_t& found) {
  const char* const from = text.data();
  const std::size_t size = text.size();
  const auto word_at = [&](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + at, 8);
    std::memcpy(to + at, &word, 8);
    found |= unsafe_bytes<unsafe>(word);
  };
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 <= size; at += 8) word_at(at);
    if (size % 8 != 0) word_at(size - 8);  // overlaps the word before
  } else if (size >= 4) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + size - 4, 4);
    std::memcpy(to, &first, 4);
    std::memcpy(to + size - 4, &last, 4);
    found |= unsafe_bytes<unsafe>(std::uint64_t{last} << 32U | first);
  } else {
    for (std::size_t at = 0; at < size; ++at) {
      to[at] = from[at];
      found |= unsafe_bytes<unsafe>(detail::every_byte * static_cast<unsigned char>(from[at]));
    }
  }
  return to + size;
}

/// Up to 20 digits.
inline char* write_whole(char* to, std::uint64_t value) {
  if (value < 10) {
    *to = static_cast<char>('0' + value);
    return to + 1;
  }
  if (value < 100) {
    std::memcpy(to, detail::two_digits[value].data(), 2);
    return to + 2;
  }
  return std::to_chars(to, to + 20, value).ptr;
}

/// Exactly `digits` (an even number) of them, with zeros in front.
template <std::size_t digits>
char* write_padded(char* to, std::uint32_t value) {
  static_assert(digits % 2 == 0 && digits <= 8);
  for (std::size_t i = digits; i > 0; i -= 2, value /= 100) {
    std::memcpy(to + i - 2, detail::two_digits[value % 100].data(), 2);
  }
  return to + digits;
}

/// 16 digits.
inline char* write_hex(char* to, std::uint64_t value) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = 0; i < 16; ++i) to[i] = digits[(value >> (60 - 4 * i)) & 0xfU];
  return to + 16;
}

/// The shortest digits that read back equal, without an exponent while that stays short: at most 32
/// bytes. REQUIRES: a finite number.
inline char* write_number(char* to, double value) {
  constexpr double exact = 1e15;  // up to here every decimal is the only one of its double
  if (std::bit_cast<std::int64_t>(value) >= 0 && value < exact) {
    const auto whole = static_cast<std::int64_t>(value);
    if (static_cast<double>(whole) == value) {
      return write_whole(to, static_cast<std::uint64_t>(whole));
    }
    const auto micros = static_cast<std::int64_t>(value * 1e6 + 0.5);
    if (value < exact / 1e6 && static_cast<double>(micros) / 1e6 == value) {
      to = write_whole(to, static_cast<std::uint64_t>(micros / 1'000'000));
      *to = '.';
      to = write_padded<6>(to + 1, static_cast<std::uint32_t>(micros % 1'000'000));
      while (to[-1] == '0') --to;
      return to;
    }
  }
  const bool plain = value == 0 || (value >= 1e-9 && value < exact);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::general;
  return std::to_chars(to, to + 32, value, format).ptr;
}

}  // namespace vedette
