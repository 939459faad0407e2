#include "feature/device_windows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/expects.hpp"
#include "base/hash.hpp"
#include "record/device_kind.hpp"

namespace vedette {

namespace {

constexpr std::uint64_t second_seed = 0x9e3779b97f4a7c15ULL;
constexpr std::uint32_t saved_version = 2;

LruKey key_of(std::string_view device) {
  return {hash64(device), hash64(device, second_seed)};
}

/// The name's hash is seeded with the device's, so ("ab", "c") and ("a", "bc") stay apart.
LruKey key_of(std::string_view device, std::string_view name) {
  const LruKey of_device = key_of(device);
  return {hash64(name, of_device.first), hash64(name, of_device.second)};
}

template <class Value>
void save_table(ByteWriter& out, const LruTable<Value>& table) {
  out.put(static_cast<std::uint64_t>(table.size()));
  table.each([&](const LruKey& key, const Value& value) {
    out.put(key.first);
    out.put(key.second);
    value.save(out);
  });
}

template <class Value>
bool load_table(ByteReader& in, LruTable<Value>& table) {
  const auto count = in.get<std::uint64_t>();
  // Each entry takes bytes, so a wild count ends at the end of the bytes.
  for (std::uint64_t i = 0; i < count; ++i) {
    const LruKey key{in.get<std::uint64_t>(), in.get<std::uint64_t>()};
    if (!in.ok() || !table.of(key).load(in)) return false;
  }
  return in.ok();
}

}  // namespace

SeriesState& DeviceWindows::State::series(std::string_view device, std::string_view name) {
  return series_table.of(key_of(device, name));
}

WindowFacts DeviceWindows::State::observe(const Record& record, RowNotes& notes) {
  const LruKey key = key_of(record.device);
  SourceState& source = source_table.of(key);
  if (source.records() == 0) start_from_peers(source, record);
  const WindowFacts facts = source.observe(record.flow, record.time, too_late);
  if (source.records() == SourceState::warm_up_records) {
    const std::string_view kind = device_kind(record.device);
    if (!kind.empty()) peers.add(hash64(kind), key);
  }
  notes.lessons = source.lessons();
  notes.learning = notes.lessons != 0;
  notes.confidence = source.confidence();
  return facts;
}

void DeviceWindows::State::start_from_peers(SourceState& source, const Record& record) const {
  const std::string_view kind = device_kind(record.device);
  const Peers::Ring* ring = kind.empty() ? nullptr : peers.of(hash64(kind));
  if (ring == nullptr) return;
  struct Candidate {
    float flows;
    const SourceState* state;
  };
  std::array<Candidate, Peers::peers_max> known{};
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < ring->count; ++i) {
    const SourceState* peer = source_table.find(ring->keys[i]);
    if (peer == nullptr || !peer->is_example(record.time)) continue;
    known[count++] = {peer->flows_lately(), peer};
  }
  if (count == 0) return;
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>((count - 1) / 2);
  std::nth_element(known.begin(), middle, known.begin() + static_cast<std::ptrdiff_t>(count),
                   [](const Candidate& a, const Candidate& b) { return a.flows < b.flows; });
  source.start_like(*middle->state, record.time);
}

DeviceWindows::DeviceWindows() : DeviceWindows(Options{}) {}
DeviceWindows::DeviceWindows(Options options) : state_(std::make_unique<State>(options)) {
  expects(options.series_max > 0, "DeviceWindows holds at least one series");
  expects(options.sources_max > 0, "DeviceWindows holds at least one source");
}
DeviceWindows::~DeviceWindows() = default;
DeviceWindows::DeviceWindows(DeviceWindows&&) noexcept = default;
DeviceWindows& DeviceWindows::operator=(DeviceWindows&&) noexcept = default;

std::size_t DeviceWindows::series() const {
  return state_->series_table.size();
}
std::size_t DeviceWindows::sources() const {
  return state_->source_table.size();
}
std::uint64_t DeviceWindows::series_evicted() const {
  return state_->series_table.evicted();
}
std::uint64_t DeviceWindows::sources_evicted() const {
  return state_->source_table.evicted();
}
std::uint64_t DeviceWindows::too_late() const {
  return state_->too_late;
}
void DeviceWindows::expect(const Record& record) const {
  if (record.kind != RecordKind::flow) return;
  const SourceState* source = state_->source_table.find(key_of(record.device));
  if (source != nullptr) source->prefetch();
}
void DeviceWindows::clear() {
  state_->series_table.clear();
  state_->source_table.clear();
  state_->peers.clear();
}

void DeviceWindows::save(ByteWriter& out, std::uint64_t features) const {
  out.put(saved_version);
  out.put(features);
  save_table(out, state_->series_table);
  save_table(out, state_->source_table);
  state_->peers.save(out);
}

Status DeviceWindows::load(ByteReader& in, std::uint64_t features) {
  const auto version = in.get<std::uint32_t>();
  const auto saved_features = in.get<std::uint64_t>();
  if (!in.ok()) return Error{Errc::corrupt, "windows: the saved bytes end too early"};
  if (version != saved_version) {
    return Error{Errc::unsupported, fmt::format("windows: saved as version {}, this build reads {}",
                                                version, saved_version)};
  }
  if (saved_features != features) {
    return Error{Errc::mismatch, "windows: saved under another model's features"};
  }
  auto loaded = std::make_unique<State>(state_->options);
  if (!load_table(in, loaded->series_table) || !load_table(in, loaded->source_table) ||
      !loaded->peers.load(in)) {
    return Error{Errc::corrupt, "windows: the saved bytes do not hold"};
  }
  loaded->too_late = state_->too_late;
  state_ = std::move(loaded);
  return {};
}

}  // namespace vedette
