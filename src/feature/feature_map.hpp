/// What both kinds of FeatureMap share: usual ranges, and being copied with others.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "feature/feature.hpp"

namespace vedette {

/// The first byte of a saved map.
enum class FeatureMapKind : std::uint8_t { flow = 1, series = 2 };

class RangedFeatureMap : public FeatureMap {
 public:
  explicit RangedFeatureMap(std::vector<UsualRange> usual) : usual_(std::move(usual)) {}
  std::span<const UsualRange> usual() const override { return usual_; }
  virtual std::unique_ptr<FeatureMap> with(std::vector<UsualRange> usual) const = 0;

 protected:
  void save_usual(ByteWriter& out) const;

 private:
  std::vector<UsualRange> usual_;
};

/// @return corrupt when there are neither none nor `width` finite ranges.
Result<std::vector<UsualRange>> load_usual(ByteReader& in, std::size_t width);

/// Both are called behind the first byte. @return corrupt, unsupported.
Result<std::unique_ptr<FeatureMap>> load_flow_features(ByteReader& in);
Result<std::unique_ptr<FeatureMap>> load_series_features(ByteReader& in);

}  // namespace vedette
