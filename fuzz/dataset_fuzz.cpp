/// A data set from bytes nobody vouches for: it loads or fails, and what loads can be read. The
/// checksums are made to hold first, otherwise no input would get beyond them.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "base/hash.hpp"
#include "train/dataset_format.hpp"
#include "train/train.hpp"

namespace {

namespace vds = vedette::vds;

void put(std::span<std::byte> bytes, std::size_t at, std::uint64_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

void make_checksums_hold(std::span<std::byte> bytes) {
  if (bytes.size() < vds::sections_at) return;
  put(bytes, 16, bytes.size());
  std::size_t at = vds::sections_at;
  for (std::size_t s = 0; s < vds::section_count; ++s) {
    const std::size_t entry = vds::head_bytes + s * vds::entry_bytes;
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data() + entry, sizeof size);
    if (at > bytes.size() || size > bytes.size() - at) break;
    put(bytes, entry + 8, vedette::hash64(bytes.subspan(at, size)));
    at += vds::padded(size);
  }
  const auto table = bytes.subspan(vds::head_bytes, vds::section_count * vds::entry_bytes);
  constexpr std::size_t hash_at = vds::head_bytes - sizeof(std::uint64_t);
  put(bytes, hash_at, vedette::hash64(table, vedette::hash64(bytes.first(hash_at))));
}

/// Walks everything a loaded data set offers.
void read_all(const vedette::Dataset& dataset) {
  vedette::Record record;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    dataset.read(i, record);
    if (record.kind != dataset.kind(i) || record.time != dataset.time(i) || record.device.empty() ||
        dataset.label(i) >= dataset.labels().size() ||
        dataset.capture(i) >= dataset.captures().size()) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(size);
  if (size > 0) std::memcpy(bytes.data(), data, size);
  for (const bool forged : {false, true}) {
    if (forged) make_checksums_hold(bytes);
    const auto dataset = vedette::Dataset::decode(bytes);
    if (!dataset) continue;
    read_all(*dataset);
    (void)vedette::make_split(*dataset, {.by = "time", .train_share = 0.5});
  }
  return 0;
}
