#include "model/exemplars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string_view>

#include "base/expects.hpp"
#include "base/text.hpp"

namespace vedette {

namespace {

constexpr std::uint8_t exemplars_version = 1;
/// Key and three numbers of names: what a row takes beside its values.
constexpr std::size_t key_bytes = 28;
constexpr std::size_t names_max = 3 * Exemplars::rows_max;
constexpr std::size_t name_bytes_max = 4096;

Error damaged(std::string_view what) {
  return {Errc::corrupt, fmt::format("exemplars: {}", what)};
}

/// Devices, captures and labels repeat: each text is written once.
class Names {
 public:
  std::uint32_t place_of(const std::string& name) {
    const auto [found, is_new] = places_.emplace(name, static_cast<std::uint32_t>(list_.size()));
    if (is_new) list_.push_back(name);
    return found->second;
  }
  const std::vector<std::string>& list() const { return list_; }

 private:
  std::map<std::string, std::uint32_t> places_;
  std::vector<std::string> list_;
};

Result<std::vector<std::string>> load_names(ByteReader& in) {
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || count > names_max || in.left() < count * sizeof(std::uint32_t)) {
    return damaged("more names than bytes");
  }
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string_view name = in.get_text();
    if (!in.ok() || name.size() > name_bytes_max || !is_utf8(name)) {
      return damaged(fmt::format("name {} does not hold", i));
    }
    names.emplace_back(name);
  }
  return names;
}

float difference(float a, float b, float spread) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b) ? 0.0F : 1.0F;
  return std::min(1.0F, std::abs(a - b) / spread);
}

}  // namespace

std::size_t Exemplars::room(std::size_t width) {
  return std::min(rows_max, bytes_max / (width * sizeof(float) + key_bytes));
}

Exemplars::Exemplars(std::size_t width, std::vector<Similar> about, std::vector<float> rows)
    : width_(width), about_(std::move(about)), rows_(std::move(rows)) {
  expects(about_.size() <= room(width_) && rows_.size() == about_.size() * width_,
          "Exemplars holds a row for each entry, and no more than there is room for");
  measure_spreads();
}

void Exemplars::measure_spreads() {
  spreads_.assign(width_, 1.0F);
  std::vector<float> column;
  for (std::size_t c = 0; c < width_; ++c) {
    column.clear();
    for (std::size_t i = 0; i < size(); ++i) {
      if (!std::isnan(row(i)[c])) column.push_back(row(i)[c]);
    }
    if (column.empty()) continue;
    std::sort(column.begin(), column.end());
    const std::size_t last = column.size() - 1;
    // Where most rows have the same value, the others give the scale.
    float spread = column[last - last / 10] - column[last / 10];
    if (!(spread > 0)) spread = column[last] - column[0];
    if (spread > 0 && std::isfinite(spread)) spreads_[c] = spread;
  }
}

void Exemplars::nearest(std::span<const float> row, std::span<const float> weights,
                        std::size_t count, std::vector<Similar>& out) const {
  out.clear();
  if (size() == 0) return;
  expects(row.size() == width_ && weights.size() == width_,
          "Exemplars::nearest gets a row and a weight per column");
  std::vector<float> shares(width_);
  std::transform(weights.begin(), weights.end(), shares.begin(),
                 [](float weight) { return std::isfinite(weight) ? std::abs(weight) : 0.0F; });
  float sum = std::accumulate(shares.begin(), shares.end(), 0.0F);
  if (!(sum > 0 && std::isfinite(sum))) {
    std::fill(shares.begin(), shares.end(), 1.0F);
    sum = static_cast<float>(width_);
  }
  std::vector<std::pair<float, std::size_t>> ranked(size());
  for (std::size_t i = 0; i < size(); ++i) {
    const float* own = rows_.data() + i * width_;
    float distance = 0;
    for (std::size_t c = 0; c < width_; ++c) {
      if (shares[c] > 0) distance += shares[c] * difference(row[c], own[c], spreads_[c]);
    }
    ranked[i] = {std::min(1.0F, distance / sum), i};
  }
  count = std::min(count, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count),
                    ranked.end());
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(about_[ranked[i].second]);
    out.back().distance = ranked[i].first;
  }
}

void Exemplars::save(ByteWriter& out) const {
  Names names;
  for (const Similar& one : about_) {
    for (const std::string* name : {&one.device, &one.capture, &one.label}) names.place_of(*name);
  }
  out.put(exemplars_version);
  out.put(static_cast<std::uint32_t>(width_));
  out.put(static_cast<std::uint32_t>(names.list().size()));
  for (const std::string& name : names.list()) out.put_text(name);
  out.put(static_cast<std::uint32_t>(size()));
  for (std::size_t i = 0; i < size(); ++i) {
    const Similar& one = about_[i];
    out.put(one.key.time_micros);
    out.put(one.key.hash);
    for (const std::string* name : {&one.device, &one.capture, &one.label}) {
      out.put(names.place_of(*name));
    }
    out.put_bytes(std::as_bytes(row(i)));
  }
}

Result<Exemplars> Exemplars::load(std::span<const std::byte> bytes, std::size_t width) {
  if (bytes.empty()) return Exemplars{};
  ByteReader in(bytes);
  const auto version = in.get<std::uint8_t>();
  if (version != exemplars_version) {
    return Error{Errc::unsupported, fmt::format("exemplars: version {}, this build reads {}",
                                                version, exemplars_version)};
  }
  const auto columns = in.get<std::uint32_t>();
  if (in.ok() && columns != width) {
    return Error{Errc::mismatch,
                 fmt::format("exemplars: rows of {} columns, the model has {}", columns, width)};
  }
  auto names = load_names(in);
  if (!names) return names.error();
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || width == 0 || count > room(width) ||
      in.left() != std::size_t{count} * (width * sizeof(float) + key_bytes)) {
    return damaged("the rows do not fit the bytes");
  }
  std::vector<Similar> about(count);
  std::vector<float> rows(count * width);
  for (std::uint32_t i = 0; i < count; ++i) {
    about[i].key.time_micros = in.get<std::int64_t>();
    about[i].key.hash = in.get<std::uint64_t>();
    for (std::string* name : {&about[i].device, &about[i].capture, &about[i].label}) {
      const auto place = in.get<std::uint32_t>();
      if (place >= names->size()) return damaged(fmt::format("row {} has no such name", i));
      *name = (*names)[place];
    }
    for (std::size_t c = 0; c < width; ++c) {
      const auto value = in.get<float>();
      if (std::isinf(value)) return damaged(fmt::format("row {} holds an infinite value", i));
      rows[i * width + c] = value;
    }
  }
  return Exemplars(width, std::move(about), std::move(rows));
}

}  // namespace vedette
