/// Looking for bytes sixteen at a time. SSE2 belongs to every x86-64, so nothing is dispatched at
/// run time; other machines take the plain twins, which the tests hold against the fast ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace vedette {

/// What one pass over a line finds out.
struct LineScan {
  std::size_t separators = 0;  ///< how many there are, counted beyond what `at` holds
  bool ascii = true;
  bool backslash = false;
};

constexpr std::size_t columns_max = 256;
using Offsets = std::array<std::uint32_t, columns_max>;

/// Writes the offsets of the first `columns_max` separators to `at`.
inline LineScan scan_line_plain(std::string_view line, char separator, Offsets& at) {
  LineScan found;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == separator) {
      if (found.separators < at.size()) at[found.separators] = static_cast<std::uint32_t>(i);
      ++found.separators;
    }
    found.ascii = found.ascii && static_cast<signed char>(c) >= 0;
    found.backslash = found.backslash || c == '\\';
  }
  return found;
}

/// Copies `text` and 32 zero bytes behind it. @return whether it is all ASCII.
/// REQUIRES: room for text.size() + 32 bytes at `to`.
inline bool copy_padded_plain(std::string_view text, char* to) {
  unsigned char all = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    to[i] = text[i];
    all = static_cast<unsigned char>(all | static_cast<unsigned char>(text[i]));
  }
  std::memset(to + text.size(), 0, 32);
  return all < 0x80;
}

/// The first quote, backslash or control byte at or after `at`. REQUIRES: a zero byte further on.
inline const char* string_stop_plain(const char* at) {
  while (static_cast<unsigned char>(*at) >= 0x20 && *at != '"' && *at != '\\') ++at;
  return at;
}

/// The first `size` bytes of both agree. REQUIRES: 16 readable bytes at both, size <= 16.
inline bool same_16_plain(const char* a, const char* b, std::size_t size) {
  return std::memcmp(a, b, size) == 0;
}

#if defined(__SSE2__)

inline __m128i load_16(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

inline unsigned equal_16(__m128i block, char c) {
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(c))));
}

inline LineScan scan_line(std::string_view line, char separator, Offsets& at) {
  LineScan found;
  unsigned high = 0;
  unsigned slashes = 0;
  const auto block_at = [&](const char* from, std::size_t offset, unsigned keep) {
    const __m128i block = load_16(from);
    high |= static_cast<unsigned>(_mm_movemask_epi8(block)) & keep;
    slashes |= equal_16(block, '\\') & keep;
    for (unsigned hits = equal_16(block, separator) & keep; hits != 0; hits &= hits - 1) {
      const auto bit = static_cast<std::size_t>(__builtin_ctz(hits));
      if (found.separators < at.size()) {
        at[found.separators] = static_cast<std::uint32_t>(offset + bit);
      }
      ++found.separators;
    }
  };
  std::size_t i = 0;
  for (; i + 16 <= line.size(); i += 16) block_at(line.data() + i, i, 0xffffU);
  if (const std::size_t rest = line.size() - i; rest > 0) {
    std::array<char, 16> tail{};
    std::memcpy(tail.data(), line.data() + i, rest);
    block_at(tail.data(), i, (1U << rest) - 1U);
  }
  found.ascii = high == 0;
  found.backslash = slashes != 0;
  return found;
}

inline bool copy_padded(std::string_view text, char* to) {
  __m128i all = _mm_setzero_si128();
  std::size_t i = 0;
  for (; i + 16 <= text.size(); i += 16) {
    const __m128i block = load_16(text.data() + i);
    all = _mm_or_si128(all, block);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), block);
  }
  const bool tail_ascii = copy_padded_plain(text.substr(i), to + i);
  return _mm_movemask_epi8(all) == 0 && tail_ascii;
}

/// REQUIRES: as above, and 15 readable bytes behind that zero byte.
inline const char* string_stop(const char* at) {
  const __m128i control = _mm_set1_epi8(0x1f);
  for (;; at += 16) {
    const __m128i block = load_16(at);
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, control), block);
    const unsigned hits = equal_16(block, '"') | equal_16(block, '\\') |
                          static_cast<unsigned>(_mm_movemask_epi8(low));
    if (hits != 0) return at + __builtin_ctz(hits);
  }
}

inline bool same_16(const char* a, const char* b, std::size_t size) {
  const __m128i equal = _mm_cmpeq_epi8(load_16(a), load_16(b));
  const unsigned wanted = (1U << size) - 1U;
  return (static_cast<unsigned>(_mm_movemask_epi8(equal)) & wanted) == wanted;
}

#else

inline LineScan scan_line(std::string_view line, char separator, Offsets& at) {
  return scan_line_plain(line, separator, at);
}
inline bool copy_padded(std::string_view text, char* to) {
  return copy_padded_plain(text, to);
}
inline const char* string_stop(const char* at) {
  return string_stop_plain(at);
}
inline bool same_16(const char* a, const char* b, std::size_t size) {
  return same_16_plain(a, b, size);
}

#endif

}  // namespace vedette
