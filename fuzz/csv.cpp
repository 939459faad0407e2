#include <cstdint>

#include "decoders.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto decoder = vedette::make_csv_decoder();
  vedette::fuzzing::run_lines(*decoder, {reinterpret_cast<const char*>(data), size}, false);
  return 0;
}
