/// Small training sets and the two verbs of a model, for the tests of model/.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/model.hpp"

namespace vedette::model_test {

/// Rows of columns c0, c1, …; classes Benign, attack1, ….
struct Sample {
  std::vector<float> values;
  std::vector<std::uint16_t> labels;
  std::size_t width = 1;
  std::size_t classes = 2;
  ColumnKind kind = ColumnKind::numeric;
  std::vector<float> weights = {};
  std::vector<std::uint32_t> captures = {};

  /// Borrows.
  TrainingSet set() const {
    TrainingSet set;
    set.rows = {values.data(), labels.size(), width};
    set.labels = labels;
    set.weights = weights;
    set.captures = captures;
    set.classes = {std::string(benign_label)};
    for (std::size_t k = 1; k < classes; ++k) set.classes.push_back("attack" + std::to_string(k));
    for (std::size_t c = 0; c < width; ++c) {
      set.schema.columns.push_back({"c" + std::to_string(c), kind});
    }
    return set;
  }
  float at(std::size_t row, std::size_t column) const { return values[row * width + column]; }
};

using Values = std::map<std::string, std::string, std::less<>>;

/// Null, and a failure of the test, when the kind refuses.
inline std::unique_ptr<Model> fit(const ModelKind& kind, const TrainingSet& set,
                                  FitOptions options = {}) {
  auto model = kind.fit(set, options);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return model ? std::move(*model) : nullptr;
}

inline std::vector<float> score(const Model& model, const std::vector<float>& row) {
  std::vector<float> out(model.class_count());
  model.score({row.data(), 1, row.size()}, out);
  return out;
}

}  // namespace vedette::model_test
