#include "feature/feature_map.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/expects.hpp"

namespace vedette {

void RangedFeatureMap::save_usual(ByteWriter& out) const {
  out.put(static_cast<std::uint32_t>(usual_.size()));
  for (const UsualRange& range : usual_) {
    out.put(range.low);
    out.put(range.high);
  }
}

Result<std::vector<UsualRange>> load_usual(ByteReader& in, std::size_t width) {
  const Error damaged{Errc::corrupt, "features: the usual ranges do not hold"};
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || (count != 0 && count != width) || in.left() < count * sizeof(UsualRange)) {
    return damaged;
  }
  std::vector<UsualRange> usual(count);
  for (UsualRange& range : usual) {
    range = {in.get<float>(), in.get<float>()};
    if (!std::isfinite(range.low) || !std::isfinite(range.high) || range.low > range.high) {
      return damaged;
    }
  }
  return usual;
}

std::unique_ptr<FeatureMap> with_usual(const FeatureMap& map, std::vector<UsualRange> usual) {
  const auto* ranged = dynamic_cast<const RangedFeatureMap*>(&map);
  expects(ranged != nullptr, "with_usual takes a map that this folder made");
  expects(usual.size() == map.schema().width(), "one usual range per column");
  return ranged->with(std::move(usual));
}

Result<std::unique_ptr<FeatureMap>> load_features(ByteReader& in) {
  const auto kind = in.get<std::uint8_t>();
  if (!in.ok()) return Error{Errc::corrupt, "features: no bytes"};
  if (kind == static_cast<std::uint8_t>(FeatureMapKind::flow)) return load_flow_features(in);
  if (kind == static_cast<std::uint8_t>(FeatureMapKind::series)) return load_series_features(in);
  return Error{Errc::unsupported, fmt::format("features: kind {} is unknown to this build", kind)};
}

}  // namespace vedette
