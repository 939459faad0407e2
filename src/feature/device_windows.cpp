#include "feature/device_windows.hpp"

#include "base/expects.hpp"
#include "base/hash.hpp"

namespace vedette {

SeriesState& DeviceWindows::State::of(std::string_view device, std::string_view name) {
  // The name's hash is seeded with the device's, so ("ab", "c") and ("a", "bc") stay apart.
  constexpr std::uint64_t second_seed = 0x9e3779b97f4a7c15ULL;
  const Key key{hash64(name, hash64(device)), hash64(name, hash64(device, second_seed))};
  if (const auto found = index_.find(key); found != index_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().series;
  }
  if (index_.size() < options_.series_max) {
    entries_.push_front({key, {}});
    index_.emplace(key, entries_.begin());
    return entries_.front().series;
  }
  ++evicted_;
  entries_.splice(entries_.begin(), entries_, std::prev(entries_.end()));
  auto node = index_.extract(entries_.front().key);
  entries_.front() = {key, {}};
  node.key() = key;
  node.mapped() = entries_.begin();
  index_.insert(std::move(node));
  return entries_.front().series;
}

void DeviceWindows::State::clear() {
  index_.clear();
  entries_.clear();
}

DeviceWindows::DeviceWindows() : DeviceWindows(Options{}) {}
DeviceWindows::DeviceWindows(Options options) : state_(std::make_unique<State>(options)) {
  expects(options.series_max > 0, "DeviceWindows holds at least one series");
}
DeviceWindows::~DeviceWindows() = default;
DeviceWindows::DeviceWindows(DeviceWindows&&) noexcept = default;
DeviceWindows& DeviceWindows::operator=(DeviceWindows&&) noexcept = default;

std::size_t DeviceWindows::series() const {
  return state_->size();
}
std::uint64_t DeviceWindows::evicted() const {
  return state_->evicted();
}
void DeviceWindows::clear() {
  state_->clear();
}

}  // namespace vedette
