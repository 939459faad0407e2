/// What cnn and mlp learn, and what their options do.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/random.hpp"
#include "model/model.hpp"
#include "model/model_test_support.hpp"

namespace vedette {
namespace {

using model_test::Sample;
using model_test::Values;

std::unique_ptr<Model> fit(const ModelKind& kind, const TrainingSet& set, Values values = {},
                           unsigned threads = 1) {
  FitOptions options;
  options.values = std::move(values);
  options.threads = threads;
  return model_test::fit(kind, set, std::move(options));
}

std::vector<float> score(const Model& model, const TrainingSet& set) {
  std::vector<float> out(set.rows.count * model.class_count());
  model.score(set.rows, out);
  return out;
}

double accuracy(const Model& model, const Sample& data) {
  const std::vector<float> out = score(model, data.set());
  std::size_t right = 0;
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    right += (out[i * 2 + 1] > 0.5F) == (data.labels[i] == 1) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(data.labels.size());
}

Sample exclusive_or(std::size_t rows, std::uint64_t seed) {
  Random random(seed);
  Sample data;
  data.width = 2;
  for (std::size_t i = 0; i < rows; ++i) {
    const bool a = random.chance(0.5), b = random.chance(0.5);
    data.values.push_back(static_cast<float>(random.normal(a ? 1 : -1, 0.2)));
    data.values.push_back(static_cast<float>(random.normal(b ? 1 : -1, 0.2)));
    data.labels.push_back(a == b ? 0 : 1);
  }
  return data;
}

TEST(Mlp, LearnsExclusiveOr) {
  const auto model = fit(mlp_kind, exclusive_or(4000, 1).set(), {{"layers", "16"}});
  EXPECT_GT(accuracy(*model, exclusive_or(2000, 2)), 0.99);
}

/// Three ones among twelve columns; an attack when they are neighbours, wherever. The sums of rows
/// and nearly those of columns are the same: only the order tells.
Sample neighbours(std::size_t rows, std::uint64_t seed) {
  Random random(seed);
  Sample data;
  data.width = 12;
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<float> row(12);
    const bool together = random.chance(0.5);
    const std::size_t at = random.below(10);
    if (together) {
      row[at] = row[at + 1] = row[at + 2] = 1;
    } else {
      for (std::size_t n = 0; n < 3; ++n) row[(at + n * 4) % 12] = 1;
    }
    data.values.insert(data.values.end(), row.begin(), row.end());
    data.labels.push_back(together ? 1 : 0);
  }
  return data;
}

TEST(Cnn, LearnsPatternsOfNeighbours) {
  for (const char* filters : {"16", "8,8"}) {
    const auto model = fit(cnn_kind, neighbours(3000, 1).set(), {{"filters", filters}});
    EXPECT_GT(accuracy(*model, neighbours(2000, 2)), 0.99) << filters;
  }
}

/// One informative column, the labels of two rows in five wrong: soon there is only noise to learn.
Sample noisy(std::size_t rows, std::uint64_t seed, double attacks = 0.5) {
  Random random(seed);
  Sample data;
  data.width = 8;
  for (std::size_t i = 0; i < rows; ++i) {
    const bool attack = random.chance(attacks);
    for (std::size_t c = 0; c < 8; ++c) {
      data.values.push_back(static_cast<float>(random.normal(c == 0 && attack ? 0.7 : 0)));
    }
    data.labels.push_back(attack ? 1 : 0);
  }
  return data;
}

TEST(EarlyStopping, KeepsTheWeightsOfTheBestEpoch) {
  const Sample data = noisy(600, 3);
  const Values values{{"learning_rate", "0.01"}, {"patience", "4"}, {"epochs", "60"}};
  const auto stopped = fit(mlp_kind, data.set(), values);
  unsigned best = 0, run = 0;
  const std::string text = stopped->describe();
  ASSERT_EQ(std::sscanf(text.c_str() + text.find("epoch"), "epoch %u of %u", &best, &run), 2)
      << text;
  EXPECT_EQ(run, best + 4) << text;
  ASSERT_LT(run, 60U) << text;
  Values only_best = values;
  only_best["epochs"] = std::to_string(best);
  EXPECT_EQ(score(*fit(mlp_kind, data.set(), only_best), data.set()), score(*stopped, data.set()));
  Values longer = values;
  longer["validation_share"] = "0";
  EXPECT_NE(fit(mlp_kind, data.set(), longer)->describe().find("epoch 60 of 60 kept"),
            std::string::npos);
}

double mean_attack(const Model& model, const Sample& data) {
  const std::vector<float> out = score(model, data.set());
  double sum = 0;
  for (std::size_t i = 0; i < data.labels.size(); ++i) sum += static_cast<double>(out[i * 2 + 1]);
  return sum / static_cast<double>(data.labels.size());
}

TEST(Weights, OfClassesAndRowsMoveTheBoundary) {
  const Sample data = noisy(4000, 4, 0.05);
  for (const ModelKind* kind : {&cnn_kind, &mlp_kind}) {
    const Values values{{"epochs", "4"}};
    // The mean of a calibrated model is the share of the class. With equal shares the log-odds of a
    // row are 0.7 x - 0.245, of which the logistic is 0.45 on average over these rows.
    EXPECT_NEAR(mean_attack(*fit(*kind, data.set(), values), data), 0.05, 0.03) << kind->name;
    Values balanced = values;
    balanced["class_weight"] = "balanced";
    EXPECT_NEAR(mean_attack(*fit(*kind, data.set(), balanced), data), 0.45, 0.1) << kind->name;
    // The same by the weights of rows; and only their ratio counts.
    for (const float scale : {1.0F, 1e-20F, 1e20F}) {
      std::vector<float> weights;
      for (const std::uint16_t label : data.labels)
        weights.push_back(scale * (label == 1 ? 19 : 1));
      TrainingSet set = data.set();
      set.weights = weights;
      EXPECT_NEAR(mean_attack(*fit(*kind, set, values), data), 0.45, 0.1) << kind->name << scale;
    }
  }
}

TEST(Classes, WithoutRowsGetNothing) {
  Sample data = noisy(200, 5);
  data.classes = 4;
  for (const ModelKind* kind : {&cnn_kind, &mlp_kind}) {
    const auto model = fit(*kind, data.set());
    const std::vector<float> out = score(*model, data.set());
    for (std::size_t i = 0; i < data.labels.size(); ++i) {
      EXPECT_EQ(out[i * 4 + 2], 0);
      EXPECT_EQ(out[i * 4 + 3], 0);
    }
  }
}

TEST(Explanation, NamesTheColumnThatTells) {
  const Sample data = noisy(4000, 6);
  for (const ModelKind* kind : {&cnn_kind, &mlp_kind}) {
    const auto model = fit(*kind, data.set());
    std::vector<float> row(8, 0.0F), parts(8);
    row[0] = 3;
    model->explain(row, 1, parts);
    EXPECT_EQ(std::max_element(parts.begin(), parts.end()) - parts.begin(), 0) << kind->name;
    EXPECT_GT(parts[0], 0.5F) << kind->name;
    model->explain(row, 0, parts);
    EXPECT_LT(parts[0], -0.5F) << kind->name;
  }
}

TEST(Options, AreHeldToTheirBounds) {
  struct Row {
    const ModelKind* kind;
    const char *name, *value;
    bool fits;
  };
  const Sample data = exclusive_or(20, 7);
  for (const Row& row : {Row{&mlp_kind, "layers", "8,4,2", true},
                         Row{&mlp_kind, "layers", "", false},
                         Row{&mlp_kind, "layers", "8,", false},
                         Row{&mlp_kind, "layers", ",8", false},
                         Row{&mlp_kind, "layers", "0", false},
                         Row{&mlp_kind, "layers", "-8", false},
                         Row{&mlp_kind, "layers", "4097", false},
                         Row{&mlp_kind, "layers", "1,1,1,1,1,1,1,1,1", false},
                         Row{&mlp_kind, "batch", "7", true},
                         Row{&mlp_kind, "batch", "0", false},
                         Row{&mlp_kind, "dropout", "0.95", false},
                         Row{&mlp_kind, "learning_rate", "nan", false},
                         Row{&mlp_kind, "learning_rate", "1", true},
                         Row{&mlp_kind, "epochs", "1001", false},
                         Row{&mlp_kind, "validation_share", "0.6", false},
                         Row{&cnn_kind, "filters", "4,4,4", true},
                         Row{&cnn_kind, "filters", "4,4,4,4", false},
                         Row{&cnn_kind, "kernel", "15", true},
                         Row{&cnn_kind, "kernel", "16", false},
                         Row{&cnn_kind, "pool", "1", true},
                         Row{&cnn_kind, "hidden", "x", false}}) {
    FitOptions options;
    options.values = {{row.name, row.value}};
    const auto model = row.kind->fit(data.set(), options);
    EXPECT_EQ(model.ok(), row.fits) << row.name << " = " << row.value;
    if (!model) {
      EXPECT_EQ(model.error().code, Errc::out_of_range);
      EXPECT_NE(model.error().message.find(row.name), std::string::npos) << model.error().message;
    }
  }
}

TEST(Options, EveryValueOfTheSearchIsAccepted) {
  const Sample data = exclusive_or(50, 8);
  for (const ModelKind* kind : {&cnn_kind, &mlp_kind}) {
    for (const SearchAxis& axis : kind->search) {
      for (const std::string_view value : axis.values) {
        Values values{{std::string(axis.option), std::string(value)}};
        if (axis.option != "epochs") values["epochs"] = "1";
        EXPECT_NE(fit(*kind, data.set(), values), nullptr) << axis.option << value;
      }
    }
  }
}

TEST(Fit, BatchesThatDoNotDivideAreTheSameForAnyNumberOfThreads) {
  const Sample data = noisy(1501, 9);
  for (const char* batch : {"1501", "700", "129", "3"}) {
    const Values values{{"batch", batch}, {"epochs", "2"}};
    EXPECT_EQ(score(*fit(cnn_kind, data.set(), values, 1), data.set()),
              score(*fit(cnn_kind, data.set(), values, 4), data.set()))
        << batch;
  }
}

}  // namespace
}  // namespace vedette
