/// Features of flows: a column set, and what is learned of training records for it: the services
/// that were frequent, and for the set "ports" how frequent ports were.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/expects.hpp"
#include "base/text.hpp"
#include "feature/device_windows.hpp"
#include "feature/feature_map.hpp"
#include "feature/flow_columns.hpp"

namespace vedette {

namespace {

constexpr std::size_t services_kept_max = 16;
constexpr std::size_t services_counted_max = 1024;
constexpr std::size_t service_bytes_max = 64;

class FlowFeatures final : public RangedFeatureMap {
 public:
  FlowFeatures(FlowColumns columns, std::vector<std::string> services, PortShares ports,
               std::vector<UsualRange> usual)
      : RangedFeatureMap(std::move(usual)),
        columns_(columns),
        services_(std::move(services)),
        ports_(std::move(ports)),
        schema_(flow_schema(columns_, services_)) {}

  const Schema& schema() const override { return schema_; }
  RowNotes apply(const Record& record, DeviceWindows& windows,
                 std::span<float> row) const override {
    expects(record.kind == RecordKind::flow, "flow features are applied to flows");
    RowNotes notes;
    WindowFacts facts;
    if (columns_ == FlowColumns::windows) facts = windows.state().observe(record, notes);
    fill_flow_row(record.flow, facts, columns_, services_, ports_, row);
    return notes;
  }
  void save(ByteWriter& out) const override {
    out.put(FeatureMapKind::flow);
    out.put(columns_);
    out.put(static_cast<std::uint8_t>(services_.size()));
    for (const std::string& service : services_) out.put_text(service);
    if (columns_ == FlowColumns::ports) ports_.save(out);
    save_usual(out);
  }
  std::unique_ptr<FeatureMap> with(std::vector<UsualRange> usual) const override {
    return std::make_unique<FlowFeatures>(columns_, services_, ports_, std::move(usual));
  }

 private:
  FlowColumns columns_;
  std::vector<std::string> services_;
  PortShares ports_;
  Schema schema_;
};

/// Counts services; beyond `services_counted_max` different ones the rarest half is forgotten, as
/// in lossy counting, so that hostile names cannot fill the memory.
class FlowFeaturesBuilder final : public FeatureMapBuilder {
 public:
  explicit FlowFeaturesBuilder(FlowColumns columns) : columns_(columns) {}

  void observe(const Record& record) override {
    if (record.kind != RecordKind::flow || columns_ == FlowColumns::published24) return;
    if (columns_ == FlowColumns::ports) ports_.count(record.flow);
    const std::string& service = record.flow.service;
    if (service.empty() || service.size() > service_bytes_max) return;
    const auto found = counts_.find(service);
    if (found != counts_.end()) {
      ++found->second;
      return;
    }
    if (counts_.size() == services_counted_max) forget_rarest();
    counts_.emplace(service, 1);
  }
  std::unique_ptr<FeatureMap> build() const override {
    auto ranked = by_count();
    ranked.resize(std::min(ranked.size(), services_kept_max));
    // By name, so that the columns do not move when two counts change places.
    std::sort(ranked.begin(), ranked.end());
    return std::make_unique<FlowFeatures>(columns_, std::move(ranked), ports_.shares(),
                                          std::vector<UsualRange>{});
  }

 private:
  std::vector<std::string> by_count() const {
    std::vector<std::pair<std::uint64_t, std::string>> ranked;
    for (const auto& [name, count] : counts_) ranked.emplace_back(count, name);
    std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    std::vector<std::string> names;
    for (auto& [count, name] : ranked) names.push_back(std::move(name));
    return names;
  }
  void forget_rarest() {
    const std::vector<std::string> ranked = by_count();
    for (std::size_t i = ranked.size() / 2; i < ranked.size(); ++i) counts_.erase(ranked[i]);
  }

  FlowColumns columns_;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
  PortCounter ports_;
};

}  // namespace

std::vector<std::string_view> flow_column_sets() {
  return {"behaviour", "published24", "ports", "windows"};
}

Result<std::unique_ptr<FeatureMapBuilder>> make_flow_features(std::string_view columns) {
  const auto set = flow_columns_from(columns);
  if (!set) {
    return Error{Errc::not_found,
                 fmt::format("no column set {}; known are {}", vedette::quoted(columns),
                             listed(flow_column_sets()))};
  }
  return std::unique_ptr<FeatureMapBuilder>(std::make_unique<FlowFeaturesBuilder>(*set));
}

Result<std::unique_ptr<FeatureMap>> load_flow_features(ByteReader& in) {
  const auto columns = in.get<std::uint8_t>();
  const auto count = in.get<std::uint8_t>();
  if (!in.ok() || columns >= flow_columns_count || count > services_kept_max) {
    return Error{Errc::corrupt, "features: the column set does not hold"};
  }
  std::vector<std::string> services;
  for (std::uint8_t i = 0; i < count; ++i) {
    const std::string_view service = in.get_text();
    const bool rising = services.empty() || services.back() < service;
    if (!in.ok() || service.empty() || service.size() > service_bytes_max || !rising) {
      return Error{Errc::corrupt, fmt::format("features: service {} does not hold", i)};
    }
    services.emplace_back(service);
  }
  const auto set = static_cast<FlowColumns>(columns);
  PortShares ports;
  if (set == FlowColumns::ports) {
    auto loaded = PortShares::load(in);
    if (!loaded) return loaded.error();
    ports = std::move(*loaded);
  }
  auto usual = load_usual(in, flow_schema(set, services).width());
  if (!usual) return usual.error();
  return std::unique_ptr<FeatureMap>(std::make_unique<FlowFeatures>(
      set, std::move(services), std::move(ports), std::move(*usual)));
}

}  // namespace vedette
