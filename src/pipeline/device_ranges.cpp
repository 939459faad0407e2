#include "pipeline/device_ranges.hpp"

#include <algorithm>

#include "base/expects.hpp"
#include "base/hash.hpp"

namespace vedette {

void DeviceRanges::fit(std::uint64_t schema, std::size_t width) {
  if (schema == schema_ && width == width_) return;
  schema_ = schema;
  width_ = width;
  devices_.clear();
}

void DeviceRanges::disturb(const Record& record) {
  devices_.of(hash64(record.device)).disturbed = record.time;
}

void DeviceRanges::learn(const Record& record, std::span<const float> row) {
  expects(row.size() == width_, "DeviceRanges learns rows of the schema it was fitted to");
  if (record.key.hash % skip != 0) return;
  Device& device = devices_.of(hash64(record.device));
  if (device.disturbed && record.time < *device.disturbed + calm &&
      *device.disturbed < record.time + calm) {
    return;
  }
  device.bounds.resize(4 * width_);
  float* low = device.bounds.data();
  float* high = low + width_;
  if (device.now == epoch) {
    std::copy_n(low, 2 * width_, low + 2 * width_);
    device.before = device.now;
    device.now = 0;
  }
  if (device.now++ == 0) {
    std::copy(row.begin(), row.end(), low);
    std::copy(row.begin(), row.end(), high);
    return;
  }
  const float* value = row.data();
  for (std::size_t c = 0; c < width_; ++c) low[c] = value[c] < low[c] ? value[c] : low[c];
  for (std::size_t c = 0; c < width_; ++c) high[c] = value[c] > high[c] ? value[c] : high[c];
}

bool DeviceRanges::usual(std::string_view name, std::vector<UsualRange>& out) const {
  const Device* device = devices_.find(hash64(name));
  if (device == nullptr || device->now + device->before < known_rows) return false;
  const float* now = device->bounds.data();
  const float* before = now + 2 * width_;
  out.resize(width_);
  for (std::size_t c = 0; c < width_; ++c) {
    out[c] = {now[c], now[width_ + c]};
    if (device->before == 0) continue;
    out[c].low = std::min(out[c].low, before[c]);
    out[c].high = std::max(out[c].high, before[width_ + c]);
  }
  return true;
}

}  // namespace vedette
