#include "record/device_kind.hpp"

#include <algorithm>

namespace vedette {

namespace {

constexpr std::string_view digits = "0123456789";

/// Four groups of digits and dots, or anything with two colons: no name of a device looks so.
bool is_address(std::string_view text) {
  if (std::count(text.begin(), text.end(), ':') >= 2) return true;
  return text.find_first_not_of("0123456789.") == std::string_view::npos &&
         std::count(text.begin(), text.end(), '.') == 3;
}

}  // namespace

std::string_view device_kind(std::string_view device) {
  if (is_address(device)) return {};
  const auto last = device.find_last_not_of(digits);
  if (last == std::string_view::npos) return {};
  std::string_view kind = device.substr(0, last + 1);
  if (kind.size() == device.size()) return kind;
  const auto joined = kind.find_last_not_of("-_ .#:/");
  return joined == std::string_view::npos ? std::string_view{} : kind.substr(0, joined + 1);
}

}  // namespace vedette
