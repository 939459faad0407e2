/// A model file from anywhere: decode it; what is accepted scores, explains and saves. The checksum
/// is mended first, or no mutation would get behind it. With the address sanitizer it also counts:
/// while a file is decoded, no allocation is larger than twice the file and 64 KiB, and what lives
/// at once stays below three times the file and 1 MiB.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/hash.hpp"
#include "model/model.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VEDETTE_COUNTS_BYTES 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define VEDETTE_COUNTS_BYTES 1
#endif

#if defined(VEDETTE_COUNTS_BYTES)
// Of the sanitizer's runtime; g++ 12 comes without the header that declares them.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*,
                                                                           std::size_t),
                                                         void (*on_free)(const volatile void*));
extern "C" std::size_t __sanitizer_get_allocated_size(const volatile void* at);

namespace {

/// Bytes allocated and not freed since the last reset, the most there were, the largest piece.
struct Meter {
  std::int64_t live = 0;
  std::int64_t most = 0;
  std::size_t largest = 0;
} meter;

void on_malloc(const volatile void*, std::size_t size) {
  meter.live += static_cast<std::int64_t>(size);
  meter.most = std::max(meter.most, meter.live);
  meter.largest = std::max(meter.largest, size);
}
void on_free(const volatile void* at) {
  if (at != nullptr) {
    meter.live -= static_cast<std::int64_t>(__sanitizer_get_allocated_size(at));
  }
}
const bool counting = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) != 0;

void expect_modesty(std::size_t file_bytes) {
  constexpr std::size_t kib = 1024;
  if (!counting || meter.largest > 2 * file_bytes + 64 * kib ||
      meter.most > static_cast<std::int64_t>(3 * file_bytes + 1024 * kib)) {
    std::abort();
  }
}

}  // namespace
#else
namespace {
struct Meter {
} meter;
void expect_modesty(std::size_t) {}
}  // namespace
#endif

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vedette;
  constexpr std::size_t header = 24;
  std::vector<std::byte> bytes(size);
  if (size > 0) std::memcpy(bytes.data(), data, size);
  if (size >= header) {
    const std::uint64_t total = size;
    const std::uint64_t checksum = hash64(std::span{bytes}.subspan(header));
    std::memcpy(bytes.data() + 8, &total, sizeof total);
    std::memcpy(bytes.data() + 16, &checksum, sizeof checksum);
  }
  static const std::vector<ModelKind> kinds{
      tree_kind, forest_kind, boost_kind,   svm_kind, bayes_kind,       cnn_kind,
      mlp_kind,  series_kind, iforest_kind, hst_kind, autoencoder_kind, guard_kind};
  meter = {};
  auto file = decode_model(bytes, kinds);
  expect_modesty(size);
  if (!file) return 0;
  const Model& model = *file->model;
  const std::vector<float> row(model.width(), 1.0F);
  std::vector<float> probabilities(model.class_count());
  std::vector<float> parts(model.width());
  model.score({row.data(), 1, row.size()}, probabilities);
  for (const float p : probabilities) {
    if (!(p >= 0 && p <= 1)) std::abort();
  }
  model.explain(row, 1, parts);
  if (!decode_model(encode_model(*file), kinds)) std::abort();
  return 0;
}
