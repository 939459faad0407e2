#include "bench/svm/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "codec/codec.hpp"
#include "ingest/ingest.hpp"
#include "source/source.hpp"
#include "train/train.hpp"

namespace vedette::bench {

namespace {

namespace fs = std::filesystem;

struct RealClock final : Clock {
  Time now() const override { return Time{}; }
};

std::vector<fs::path> captures() {
  const char* named = std::getenv("VEDETTE_DATA");
  const fs::path folder =
      named != nullptr ? fs::path(named) : fs::path(VEDETTE_SOURCE_DIR) / "../shared/data";
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder / "iot23", error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().filename().string().find("conn.log.labeled") != std::string::npos) {
      paths.push_back(it->path());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// Every labelled flow of the captures, as `vedette prepare` and `train` would see it.
bool read_captures(Workload& work, Flows& pool) {
  DatasetWriter writer;
  const RealClock clock;
  for (const fs::path& path : captures()) {
    auto source = open_file_source(path, clock);
    if (!source) continue;
    Ingest ingest(std::move(*source), make_zeek_log_decoder());
    if (!writer.add_capture(path.filename().string(), ingest, {}, nullptr)) return false;
  }
  const auto bytes = writer.encode();
  if (writer.size() == 0 || !bytes) return false;
  const auto dataset = Dataset::decode(*bytes);
  auto builder = make_flow_features("published24");
  if (!dataset || !builder) return false;
  const auto features = (*builder)->build();
  work.schema = features->schema();
  pool.width = work.schema.width();
  DeviceWindows windows;
  Record record;
  std::vector<float> row(pool.width);
  std::vector<std::uint16_t> class_of(dataset->labels().size());
  for (std::size_t label = 0; label < class_of.size(); ++label) {
    if (dataset->labels()[label].empty()) continue;
    class_of[label] = static_cast<std::uint16_t>(work.classes.size());
    work.classes.push_back(dataset->labels()[label]);
  }
  for (std::size_t i = 0; i < dataset->size(); ++i) {
    if (dataset->labels()[dataset->label(i)].empty()) continue;
    dataset->read(i, record);
    features->apply(record, windows, row);
    pool.add(row, class_of[dataset->label(i)]);
  }
  work.origin = fmt::format("{} labelled flows of IoT-23 captures", pool.labels.size());
  return true;
}

/// Eight kinds of traffic; of most rows there are only so many different ones.
void generate(Workload& work, Flows& pool, std::size_t count, std::uint64_t seed) {
  constexpr std::size_t sizes = 8, protos = 3, states = 13, kinds = 8;
  Random random(seed);
  pool.width = sizes + protos + states;
  for (std::size_t c = 0; c < pool.width; ++c) {
    work.schema.columns.push_back(
        {fmt::format("c{}", c), c < sizes ? ColumnKind::numeric : ColumnKind::categorical});
  }
  for (std::size_t k = 0; k < kinds; ++k) {
    work.classes.push_back(k == 0 ? std::string(benign_label) : fmt::format("attack{}", k));
  }
  std::vector<float> row(pool.width);
  for (std::size_t i = 0; i < count; ++i) {
    // Half of all flows are benign, the rarest attack is one in some hundreds.
    std::size_t kind = 0;
    while (kind + 1 < kinds && random.chance(0.5)) ++kind;
    // Four fifths of a kind are one of 200 templates.
    Random shape = random.chance(0.8) ? Random(kind * 1000 + random.below(200)) : random.split();
    std::fill(row.begin(), row.end(), 0.0F);
    for (std::size_t c = 0; c < sizes; ++c) {
      const double shift = 1.5 * std::sin(static_cast<double>(kind * 7 + c * 3));
      row[c] = static_cast<float>(std::floor(std::exp(2 + shift + shape.normal())));
    }
    row[0] += static_cast<float>(shape.uniform());
    row[sizes + (shape.chance(0.8) ? kind % protos : shape.below(protos))] = 1;
    row[sizes + protos + (shape.chance(0.7) ? kind : shape.below(states))] = 1;
    pool.add(row, static_cast<std::uint16_t>(shape.chance(0.02) ? shape.below(kinds) : kind));
  }
  work.origin = fmt::format("{} generated flows (no captures found)", count);
}

}  // namespace

Workload make_workload(std::size_t count, std::uint64_t seed) {
  Workload work;
  Flows pool;
  if (!read_captures(work, pool)) {
    work = {};
    pool = {};
    generate(work, pool, count + count / 4, seed);
  }
  const std::size_t all = pool.labels.size();
  // Without replacement while a tenth is left to test on; beyond, training rows are drawn again.
  const bool again = count > all * 9 / 10;
  const double share = again ? 0.8 : static_cast<double>(count) / static_cast<double>(all);
  work.origin += again ? ", training rows drawn with replacement" : ", stratified";
  Random random(seed);
  work.train.width = work.test.width = pool.width;
  for (std::uint16_t k = 0; k < work.classes.size(); ++k) {
    std::vector<std::size_t> of;
    for (std::size_t i = 0; i < all; ++i) {
      if (pool.labels[i] == k) of.push_back(i);
    }
    for (std::size_t i = 0; i + 1 < of.size(); ++i) {
      std::swap(of[i], of[i + random.below(of.size() - i)]);
    }
    const auto kept = static_cast<std::size_t>(std::lround(share * static_cast<double>(of.size())));
    const auto wanted = static_cast<std::size_t>(std::lround(
        static_cast<double>(count) * static_cast<double>(of.size()) / static_cast<double>(all)));
    for (std::size_t i = 0; kept > 0 && i < wanted; ++i) {
      work.train.add(pool.rows()[again ? of[random.below(kept)] : of[i]], k);
    }
    for (std::size_t i = kept; i < of.size(); ++i) work.test.add(pool.rows()[of[i]], k);
  }
  return work;
}

TrainingSet training_set(const Workload& work, const Flows& flows) {
  TrainingSet set;
  set.rows = flows.rows();
  set.labels = flows.labels;
  set.classes = work.classes;
  set.schema = work.schema;
  return set;
}

}  // namespace vedette::bench
