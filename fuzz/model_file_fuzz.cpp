/// A model file from anywhere: decode it; what is accepted scores, explains and saves. The checksum
/// is mended first, or no mutation would get behind it.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/hash.hpp"
#include "model/model.hpp"

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
  const std::vector<ModelKind> kinds{tree_kind, bayes_kind, forest_kind, boost_kind, series_kind};
  auto file = decode_model(bytes, kinds);
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
