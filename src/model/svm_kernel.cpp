#include "model/svm_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/simd.hpp"

namespace vedette {

namespace {

constexpr std::size_t lanes = LaneRows::lanes;
constexpr double infinity = std::numeric_limits<double>::infinity();
// Adding and subtracting 1.5 × 2^23 rounds a float to the nearest whole number, without the
// rounding instruction that SSE2 lacks.
constexpr float round_magic = 12582912.0F;

// Vectors of GCC and clang: whether GCC 12 vectorises a plain loop of these depends on -O2 or -O3
// and on its neighbours, by a factor of 8. Without AVX2 each becomes two of SSE2. Handed to
// functions by reference only: by value, the two versions would disagree on the registers.
using Floats [[gnu::vector_size(32)]] = float;
using Ints [[gnu::vector_size(32)]] = std::int32_t;
using Doubles [[gnu::vector_size(32)]] = double;
using HalfFloats [[gnu::vector_size(16)]] = float;
constexpr std::size_t floats = 8, doubles = 4;
static_assert(lanes == 2 * floats);

template <class Vector, class T>
[[gnu::always_inline]] inline void load(Vector& to, const T* from) {
  __builtin_memcpy(&to, from, sizeof to);
}
template <class Vector, class T>
[[gnu::always_inline]] inline void store(T* to, const Vector& from) {
  __builtin_memcpy(to, &from, sizeof from);
}
[[gnu::always_inline]] inline void load(Doubles& to, const float* from) {
  HalfFloats narrow;
  load(narrow, from);
  to = __builtin_convertvector(narrow, Doubles);
}

/// 2^t for t <= 0, in place. Cephes' way: 2^(whole) by the exponent, 2^(rest) by a polynomial of
/// degree 6 on [-0.5, 0.5] (Taylor's; the next term is 1.2e-7). Below -126 it stays at 2^-126:
/// subnormals would cost a hundred cycles each.
[[gnu::always_inline]] inline void exp2_of(Floats& t) {
  const Floats limit = Floats{} - 126.0F;
  t = t < limit ? limit : t;
  const Floats whole = (t + round_magic) - round_magic;
  const Floats rest = t - whole;
  Floats p = rest * 1.5403530e-4F + 1.3333558e-3F;
  p = p * rest + 9.6181291e-3F;
  p = p * rest + 5.5504109e-2F;
  p = p * rest + 2.4022651e-1F;
  p = p * rest + 6.9314718e-1F;
  p = p * rest + 1.0F;
  const Ints exponent = (__builtin_convertvector(whole, Ints) + 127) << 23;
  Floats power;
  __builtin_memcpy(&power, &exponent, sizeof power);
  t = p * power;
}

/// How many bits of two words differ, of 24 each, added to `sum`.
[[gnu::always_inline]] inline void add_flags(Floats& sum, const Floats& words, float x) {
  Ints d = __builtin_convertvector(words, Ints) ^ static_cast<std::int32_t>(x);
  d = d - ((d >> 1) & 0x555555);
  d = (d & 0x333333) + ((d >> 2) & 0x333333);
  d = (d + (d >> 4)) & 0x0f0f0f;
  d = (d + (d >> 8) + (d >> 16)) & 0x1f;
  sum += __builtin_convertvector(d, Floats);
}

/// Where the rows are and how they are made up.
struct Blocks {
  const float* data;
  std::size_t count, width, numbers;
};

VEDETTE_WIDE void rbf_blocks(const Blocks& blocks, const float* x, float scale, float* out) {
  const float* at = blocks.data;
  for (std::size_t b = 0; b < blocks.count; ++b) {
    Floats low{}, high{};
    std::size_t c = 0;
    for (; c < blocks.numbers; ++c, at += lanes) {
      Floats off_low, off_high;
      load(off_low, at);
      load(off_high, at + floats);
      off_low -= x[c];
      off_high -= x[c];
      low += off_low * off_low;
      high += off_high * off_high;
    }
    for (; c < blocks.width; ++c, at += lanes) {
      Floats word_low, word_high;
      load(word_low, at);
      load(word_high, at + floats);
      add_flags(low, word_low, x[c]);
      add_flags(high, word_high, x[c]);
    }
    low *= scale;
    high *= scale;
    exp2_of(low);
    exp2_of(high);
    store(out + b * lanes, low);
    store(out + b * lanes + floats, high);
  }
}

/// out[lane * 4 + r] of four rows of eight, r being a, b, c or d.
[[gnu::always_inline]] inline void store_by_lane(float* out, const Floats& a, const Floats& b,
                                                 const Floats& c, const Floats& d) {
  const Floats ab0 = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
  const Floats cd0 = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13);
  const Floats ab1 = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  const Floats cd1 = __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);
  const auto put = [&](std::size_t lane, const Floats& from) __attribute__((always_inline)) {
    store(out + lane * 4, __builtin_shufflevector(from, from, 0, 1, 2, 3));
    store(out + (lane + 4) * 4, __builtin_shufflevector(from, from, 4, 5, 6, 7));
  };
  put(0, __builtin_shufflevector(ab0, cd0, 0, 1, 8, 9, 4, 5, 12, 13));
  put(1, __builtin_shufflevector(ab0, cd0, 2, 3, 10, 11, 6, 7, 14, 15));
  put(2, __builtin_shufflevector(ab1, cd1, 0, 1, 8, 9, 4, 5, 12, 13));
  put(3, __builtin_shufflevector(ab1, cd1, 2, 3, 10, 11, 6, 7, 14, 15));
}

/// Eight vectors with four rows, in the same steps as above: each is loaded once for all four.
VEDETTE_WIDE void rbf_blocks4(const Blocks& blocks, const float* x, float scale, float* out) {
  constexpr std::size_t rows = 4;
  const std::size_t width = blocks.width;
  const auto add =
      [](Floats & sum, const Floats& vector, float value) __attribute__((always_inline)) {
    const Floats off = vector - value;
    sum += off * off;
  };
  const auto finish = [&](Floats & sum) __attribute__((always_inline)) {
    sum *= scale;
    exp2_of(sum);
  };
  for (std::size_t half = 0; half < 2 * blocks.count; ++half) {
    const float* block = blocks.data + half / 2 * lanes * width + half % 2 * floats;
    Floats a{}, b{}, c{}, d{}, vector;  // written out: at -O2 GCC would keep an array in memory
    std::size_t column = 0;
    for (; column < blocks.numbers; ++column) {
      load(vector, block + column * lanes);
      add(a, vector, x[column]);
      add(b, vector, x[width + column]);
      add(c, vector, x[2 * width + column]);
      add(d, vector, x[3 * width + column]);
    }
    for (; column < width; ++column) {
      load(vector, block + column * lanes);
      add_flags(a, vector, x[column]);
      add_flags(b, vector, x[width + column]);
      add_flags(c, vector, x[2 * width + column]);
      add_flags(d, vector, x[3 * width + column]);
    }
    finish(a);
    finish(b);
    finish(c);
    finish(d);
    store_by_lane(out + half * floats * rows, a, b, c, d);
  }
}

Blocks blocks_of(const LaneRows& rows, std::size_t first, std::size_t end) {
  return {rows.block(first), end - first, rows.width(), rows.width() - rows.words()};
}

float exponent_scale(double gamma) {
  return static_cast<float>(-gamma * std::numbers::log2e);
}

}  // namespace

void ColumnPacking::pack(const float* row, float* out) const {
  for (std::size_t i = 0; i < numbers.size(); ++i) out[i] = row[numbers[i]];
  for (std::size_t word = 0; word < words(); ++word) {
    const std::size_t from = word * flags_per_word;
    std::uint32_t bits = 0;
    for (std::size_t i = from; i < std::min(flags.size(), from + flags_per_word); ++i) {
      bits |= (row[flags[i]] > 0.5F ? 1U : 0U) << (i - from);
    }
    out[numbers.size() + word] = static_cast<float>(bits);
  }
}

void rbf_row(const LaneRows& rows, std::size_t from, std::size_t to, const float* x, double gamma,
             float* out) {
  if (to <= from) return;
  const std::size_t first = from / lanes;
  rbf_blocks(blocks_of(rows, first, LaneRows::padded(to) / lanes), x, exponent_scale(gamma),
             out + from);
}

void rbf_rows4(const LaneRows& rows, const float* x, double gamma, float* out) {
  rbf_blocks4(blocks_of(rows, 0, LaneRows::padded(rows.count()) / lanes), x, exponent_scale(gamma),
              out);
}

VEDETTE_WIDE void sum_terms4(std::span<const SvmTerm> terms, const float* kernel, double* sums) {
  // Two chains of additions: one would wait four cycles for each term.
  Doubles even{}, odd{};
  const auto term = [&](Doubles & sum, const SvmTerm& t) __attribute__((always_inline)) {
    Doubles k;
    load(k, kernel + std::size_t{t.vector} * 4);
    sum += k * static_cast<double>(t.coefficient);
  };
  std::size_t i = 0;
  for (; i + 2 <= terms.size(); i += 2) {
    term(even, terms[i]);
    term(odd, terms[i + 1]);
  }
  if (i < terms.size()) term(even, terms[i]);
  even += odd;
  store(sums, even);
}

namespace {

/// The largest value seen by each of four lanes and the block where it was first seen.
struct Best {
  Doubles value, block;
};

[[gnu::always_inline]] inline void note(Best& best, const Doubles& value, double block) {
  const auto better = value > best.value;
  best.block = better ? Doubles{} + block : best.block;
  best.value = better ? value : best.value;
}

/// Of equal values the first block counts.
[[gnu::always_inline]] inline std::size_t first_block(const Best& best, double& value) {
  double values[doubles], blocks[doubles];
  store(values, best.value);
  store(blocks, best.block);
  std::size_t at = 0;
  for (std::size_t l = 1; l < doubles; ++l) {
    const bool better = values[l] > values[at];
    if (better || (values[l] == values[at] && blocks[l] < blocks[at])) at = l;
  }
  value = values[at];
  return static_cast<std::size_t>(blocks[at]);
}

template <bool update>
[[gnu::always_inline]] inline SmoExtremes scan(const SmoView& view, double* v, const float* a,
                                               const float* b, double step) {
  Doubles lowest = Doubles{} + infinity;
  Best best{Doubles{} - infinity, Doubles{}};
  const std::size_t end = LaneRows::padded(view.count);
  for (std::size_t from = 0; from < end; from += lanes) {
    Doubles top = Doubles{} - infinity;
    for (std::size_t at = from; at < from + lanes; at += doubles) {
      Doubles value, up, down;
      load(value, view.v + at);
      load(up, view.up + at);
      load(down, view.down + at);
      if constexpr (update) {
        Doubles row_a, row_b;
        load(row_a, a + at);
        load(row_b, b + at);
        value -= (row_a - row_b) * step;
        store(v + at, value);
      }
      up += value;
      down += value;
      top = up > top ? up : top;
      lowest = down < lowest ? down : lowest;
    }
    note(best, top, static_cast<double>(from));
  }
  SmoExtremes out;
  out.at = first_block(best, out.up);
  const auto value_at = [&](std::size_t i) { return view.v[i] + static_cast<double>(view.up[i]); };
  while (out.at + 1 < view.count && value_at(out.at) != out.up) ++out.at;
  out.down = infinity;
  for (std::size_t l = 0; l < doubles; ++l) out.down = lowest[l] < out.down ? lowest[l] : out.down;
  return out;
}

}  // namespace

VEDETTE_WIDE SmoExtremes smo_extremes(const SmoView& view) {
  return scan<false>(view, nullptr, nullptr, nullptr, 0);
}

VEDETTE_WIDE SmoExtremes smo_update(const SmoView& view, double* v, const float* a, const float* b,
                                    double step) {
  return scan<true>(view, v, a, b, step);
}

VEDETTE_WIDE std::size_t smo_partner(const SmoView& view, double top, const float* kernel) {
  Best best{Doubles{}, Doubles{} + static_cast<double>(view.count)};
  const Doubles zero{}, least = Doubles{} + smo_curvature_min;
  const std::size_t end = LaneRows::padded(view.count);
  const auto gain_at = [&](std::size_t at, Doubles & gain) __attribute__((always_inline)) {
    Doubles v, down, k;
    load(v, view.v + at);
    load(down, view.down + at);
    load(k, kernel + at);
    // A place that cannot fall lies at infinity here, and gains nothing.
    const Doubles off = top - (v + down);
    const Doubles bend = 2.0 - 2.0 * k;
    gain = (off > zero ? off : zero);
    gain = gain * gain / (bend > least ? bend : least);
  };
  for (std::size_t from = 0; from < end; from += lanes) {
    Doubles top_gain = zero;
    for (std::size_t at = from; at < from + lanes; at += doubles) {
      Doubles gain;
      gain_at(at, gain);
      top_gain = gain > top_gain ? gain : top_gain;
    }
    note(best, top_gain, static_cast<double>(from));
  }
  double value = 0;
  std::size_t block = first_block(best, value);
  if (value <= 0) return view.count;
  for (;; block += doubles) {
    Doubles gain;
    gain_at(block, gain);
    for (std::size_t l = 0; l < doubles; ++l) {
      if (gain[l] == value) return block + l;
    }
  }
}

namespace {

/// sin(2π r) for |r| <= 0.25, by Taylor's polynomial of degree 11 (the next term is 6e-8).
[[gnu::always_inline]] inline void sine_of_turns(Floats& r) {
  const Floats x = r * 6.2831853F;
  const Floats s = x * x;
  Floats p = s * -2.5052108e-8F + 2.7557319e-6F;
  p = p * s - 1.9841270e-4F;
  p = p * s + 8.3333333e-3F;
  p = p * s - 1.6666667e-1F;
  p = p * s + 1.0F;
  r = p * x;
}

/// Eight frequencies: their turns, folded to quarter turns. All finite for any finite input.
[[gnu::always_inline]] inline void cosine_and_sine(Floats& turns, Floats& sine) {
  const Floats zero{}, quarter = Floats{} + 0.25F, most = Floats{} + 4194304.0F;
  turns = turns > most ? most : turns;
  turns = turns < -most ? -most : turns;
  const Floats r = turns - ((turns + round_magic) - round_magic);  // [-0.5, 0.5]
  const Floats size = r < zero ? -r : r;
  turns = quarter - size;
  sine_of_turns(turns);
  sine = size > quarter ? 0.5F - size : size;
  sine_of_turns(sine);
  sine = r < zero ? -sine : sine;
}

}  // namespace

VEDETTE_WIDE void fourier_features(const float* frequencies, std::size_t count, std::size_t width,
                                   const float* x, float* out) {
  for (std::size_t f = 0; f < count; f += floats) {
    Floats turns{}, sine;
    for (std::size_t c = 0; c < width; ++c) {
      Floats frequency;
      load(frequency, frequencies + c * count + f);
      turns += frequency * x[c];
    }
    cosine_and_sine(turns, sine);
    store(out + f, turns);
    store(out + count + f, sine);
  }
}

VEDETTE_WIDE double dot(const float* a, const float* b, std::size_t n) {
  Floats low{}, high{};
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    Floats a0, a1, b0, b1;
    load(a0, a + i);
    load(b0, b + i);
    load(a1, a + i + floats);
    load(b1, b + i + floats);
    low += a0 * b0;
    high += a1 * b1;
  }
  low += high;
  double total = 0;
  for (std::size_t l = 0; l < floats; ++l) total += static_cast<double>(low[l]);
  for (; i < n; ++i) total += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return total;
}

VEDETTE_WIDE void add_scaled(float* a, const float* b, float factor, std::size_t n) {
  std::size_t i = 0;
  for (; i + floats <= n; i += floats) {
    Floats from, to;
    load(from, b + i);
    load(to, a + i);
    to += from * factor;
    store(a + i, to);
  }
  for (; i < n; ++i) a[i] += factor * b[i];
}

}  // namespace vedette
