/// Rows for the benches of models: 24 columns shaped like the published ones of IoT-23 (eight
/// heavy-tailed sizes, one-hot proto and conn_state), five classes that overlap, a tenth of the
/// labels wrong. Seeded: the same rows every time.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "model/model.hpp"

namespace vedette::bench {

constexpr std::size_t sizes = 8, protos = 3, states = 13, width = sizes + protos + states;
constexpr std::size_t class_count = 5;

struct Table {
  std::vector<float> values;
  std::vector<std::uint16_t> labels;
  Rows rows() const { return {values.data(), labels.size(), width}; }
};

inline Table make_rows(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  Table table;
  table.values.resize(count * width);
  table.labels.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::size_t>(random.below(class_count));
    float* row = table.values.data() + i * width;
    for (std::size_t c = 0; c < sizes; ++c) {
      const double shift = 0.8 * std::sin(static_cast<double>(label * 7 + c * 3));
      const double value = std::exp(2.0 + shift + 1.2 * random.normal());
      row[c] = static_cast<float>(c == 0 ? value : std::floor(value * (c % 2 == 0 ? 1 : 40)));
    }
    const std::size_t proto = random.chance(0.7) ? label % protos : random.below(protos);
    row[sizes + proto] = 1;
    const std::size_t state = random.chance(0.5) ? label * 2 : random.below(states);
    row[sizes + protos + state] = 1;
    table.labels[i] =
        static_cast<std::uint16_t>(random.chance(0.1) ? random.below(class_count) : label);
  }
  return table;
}

inline TrainingSet training_set(const Table& table) {
  TrainingSet set;
  set.rows = table.rows();
  set.labels = table.labels;
  set.classes = {std::string(benign_label)};
  for (std::size_t k = 1; k < class_count; ++k) set.classes.push_back(fmt::format("attack{}", k));
  for (std::size_t c = 0; c < width; ++c) {
    set.schema.columns.push_back(
        {fmt::format("c{}", c), c < sizes ? ColumnKind::numeric : ColumnKind::categorical});
  }
  return set;
}

template <class T>
void write_raw(const std::filesystem::path& path, const std::vector<T>& values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(T)));
}

inline double accuracy(const Model& model, const Table& table) {
  std::vector<float> out(table.labels.size() * model.class_count());
  model.score(table.rows(), out);
  std::size_t right = 0;
  for (std::size_t i = 0; i < table.labels.size(); ++i) {
    const float* p = out.data() + i * model.class_count();
    std::size_t top = 0;
    for (std::size_t k = 1; k < model.class_count(); ++k) top = p[k] > p[top] ? k : top;
    right += top == table.labels[i] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(table.labels.size());
}

}  // namespace vedette::bench
