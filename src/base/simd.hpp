/// Wide vectors without -march: what ships runs on any x86-64 (and elsewhere) and uses AVX2 where
/// the processor has it. Two ways, both decided at run time:
/// - VEDETTE_WIDE before a plain loop: the compiler makes two versions, the loader picks one. AVX2
///   without fused multiply-add gives the same bits as SSE2.
/// - a function with VEDETTE_AVX2_FMA beside a plain twin, called through a pointer that was chosen
///   with has_avx2_fma(). Fused multiply-add rounds once where the twin rounds twice: the same bits
///   on one machine, not between machines. A test holds each such function against its twin.
#pragma once

// Sanitizers and clang's resolvers do not go together.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__OPTIMIZE__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VEDETTE_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define VEDETTE_WIDE
#endif

#if defined(__x86_64__)
#define VEDETTE_HAS_AVX2_FMA 1
#define VEDETTE_AVX2_FMA __attribute__((target("avx2,fma")))
#endif

namespace vedette {

/// Whether functions marked VEDETTE_AVX2_FMA may be called on this machine.
inline bool has_avx2_fma() {
#if defined(VEDETTE_HAS_AVX2_FMA)
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
#else
  return false;
#endif
}

}  // namespace vedette
