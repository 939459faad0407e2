/// Flows in the 24 published columns for bench/svm: those of the captures when they are there,
/// generated ones that repeat as often when not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/model.hpp"

namespace vedette::bench {

struct Flows {
  std::vector<float> values;
  std::vector<std::uint16_t> labels;
  std::size_t width = 0;

  Rows rows() const { return {values.data(), labels.size(), width}; }
  void add(std::span<const float> row, std::uint16_t label) {
    values.insert(values.end(), row.begin(), row.end());
    labels.push_back(label);
  }
};

struct Workload {
  std::string origin;  ///< what the rows are, for the output
  std::vector<std::string> classes;
  Schema schema;
  Flows train, test;
};

/// `count` rows to train on, the rest (or a quarter as many) to test on; the same for a seed.
Workload make_workload(std::size_t count, std::uint64_t seed);

TrainingSet training_set(const Workload& work, const Flows& flows);

}  // namespace vedette::bench
