/// A line put together in a fixed buffer and appended to a string in one go: what writers of a
/// million lines a second use instead of a formatter. Inline: a line has twenty fields.
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
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
/// Non-zero when a byte of `word` is `byte`, or is below `bound` (at most 128).
constexpr std::uint64_t holds(std::uint64_t word, unsigned char byte) {
  const std::uint64_t differs = word ^ (every_byte * byte);
  return (differs - every_byte) & ~differs & high_bits;
}
constexpr std::uint64_t holds_below(std::uint64_t word, unsigned char bound) {
  return (word - every_byte * bound) & ~word & high_bits;
}
}  // namespace detail

/// Which bytes a format cannot hold as they are.
enum class Unsafe : std::uint8_t {
  zeek,  ///< control bytes and the backslash
  json,  ///< these, the quote, and all that is not ASCII
};

/// Not thread-safe. Whoever writes with it reserves what a piece needs, in bytes_max at most.
class LineBuffer {
 public:
  static constexpr std::size_t bytes_max = 1024;

  explicit LineBuffer(std::string& out) : out_(out) {}
  LineBuffer(const LineBuffer&) = delete;
  LineBuffer& operator=(const LineBuffer&) = delete;
  ~LineBuffer() { flush(); }

  /// Appends what is there to the string; what follows is appended behind it.
  void flush() {
    out_.append(buffer_.data(), used_);
    used_ = 0;
  }

  void put(char c) {
    reserve(1);
    buffer_[used_++] = c;
  }
  /// As it is.
  void put(std::string_view text) {
    if (text.size() > bytes_max) {
      flush();
      out_.append(text);
      return;
    }
    reserve(text.size());
    std::memcpy(buffer_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }

  /// As it is, unless it is long or holds an unsafe byte. @return whether it was written.
  template <Unsafe unsafe>
  bool put_if_safe(std::string_view text) {
    constexpr std::size_t long_text = 256;
    if (text.size() > long_text) return false;
    reserve(text.size() + 8);
    char* const to = buffer_.data() + used_;
    std::uint64_t found = 0;
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) found |= copy_word<unsafe>(to + at, text.data() + at);
    if (const std::size_t rest = text.size() - at; rest > 0 && at > 0) {
      at = text.size() - 8;  // overlaps the word before
      found |= copy_word<unsafe>(to + at, text.data() + at);
    } else if (rest > 0) {
      found |= copy_short<unsafe>(to, text.data(), rest);
    }
    if (found != 0) return false;
    used_ += text.size();
    return true;
  }

  void put_number(std::uint64_t value) {
    reserve(20);
    char* const to = buffer_.data() + used_;
    if (value < 10) {
      *to = static_cast<char>('0' + value);
      ++used_;
    } else if (value < 100) {
      std::memcpy(to, detail::two_digits[value].data(), 2);
      used_ += 2;
    } else {
      used_ += static_cast<std::size_t>(std::to_chars(to, to + 20, value).ptr - to);
    }
  }
  /// `digits` of them (at most 8, even), with zeros in front.
  void put_padded(std::uint32_t value, std::size_t digits) {
    reserve(digits);
    for (std::size_t i = digits; i > 0; i -= 2, value /= 100) {
      std::memcpy(buffer_.data() + used_ + i - 2, detail::two_digits[value % 100].data(), 2);
    }
    used_ += digits;
  }
  void put_hex(std::uint64_t value) {  ///< 16 digits
    constexpr std::string_view digits = "0123456789abcdef";
    reserve(16);
    for (std::size_t i = 0; i < 16; ++i) {
      buffer_[used_ + i] = digits[(value >> (60 - 4 * i)) & 0xfU];
    }
    used_ += 16;
  }
  /// The shortest digits that read back equal, without an exponent while that stays short.
  /// REQUIRES: a finite number.
  void put_number(double value) {
    reserve(64);
    char* const to = buffer_.data() + used_;
    constexpr double exact = 1e15;  // up to here every decimal is the only one of its double
    if (std::bit_cast<std::int64_t>(value) >= 0 && value < exact) {
      const auto whole = static_cast<std::uint64_t>(value);
      if (static_cast<double>(whole) == value) return put_number(whole);
      if (value < exact / 1e6) {
        const auto micros = static_cast<std::uint64_t>(value * 1e6 + 0.5);
        if (static_cast<double>(micros) / 1e6 == value) return put_micros(micros);
      }
    }
    const bool plain = value == 0 || (value >= 1e-9 && value < exact);
    const auto format = plain ? std::chars_format::fixed : std::chars_format::general;
    used_ += static_cast<std::size_t>(std::to_chars(to, to + 64, value, format).ptr - to);
  }

 private:
  void reserve(std::size_t bytes) {
    if (used_ + bytes > bytes_max) flush();
  }

  /// A millionth's multiple, without the zeros at the end. REQUIRES: micros > 0.
  void put_micros(std::uint64_t micros) {
    put_number(micros / 1'000'000);
    put('.');
    put_padded(static_cast<std::uint32_t>(micros % 1'000'000), 6);
    while (buffer_[used_ - 1] == '0') --used_;
  }

  template <Unsafe unsafe>
  static std::uint64_t copy_word(char* to, const char* from) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, 8);
    std::memcpy(to, &word, 8);
    return unsafe_bytes<unsafe>(word);
  }
  /// 1 to 7 bytes, in two or three pieces that may overlap.
  template <Unsafe unsafe>
  static std::uint64_t copy_short(char* to, const char* from, std::size_t size) {
    if (size >= 4) {
      std::uint32_t first = 0;
      std::uint32_t last = 0;
      std::memcpy(&first, from, 4);
      std::memcpy(&last, from + size - 4, 4);
      std::memcpy(to, &first, 4);
      std::memcpy(to + size - 4, &last, 4);
      return unsafe_bytes<unsafe>(std::uint64_t{last} << 32U | first);
    }
    const auto byte = [&](std::size_t i) {
      to[i] = from[i];
      return std::uint64_t{static_cast<unsigned char>(from[i])};
    };
    const std::uint64_t first = byte(0);
    const std::uint64_t middle = byte(size / 2);
    const std::uint64_t last = byte(size - 1);
    constexpr std::uint64_t blanks = 0x2020202020000000ULL;
    return unsafe_bytes<unsafe>(blanks | last << 16U | middle << 8U | first);
  }
  template <Unsafe unsafe>
  static std::uint64_t unsafe_bytes(std::uint64_t word) {
    std::uint64_t found =
        detail::holds_below(word, 0x20) | detail::holds(word, '\\') | detail::holds(word, 0x7f);
    if constexpr (unsafe == Unsafe::json) {
      found |= detail::holds(word, '"') | (word & detail::high_bits);
    }
    return found;
  }

  std::string& out_;
  std::size_t used_ = 0;
  std::array<char, bytes_max> buffer_;
};

}  // namespace vedette
