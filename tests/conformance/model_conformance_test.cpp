/// What every kind of model owes. A new one is one line in the table at the end.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <thread>

#include "base/random.hpp"
#include "model/model.hpp"

namespace vedette {
namespace {

constexpr float missing = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t width = 6;

struct Data {
  std::vector<float> values;
  std::vector<std::uint16_t> labels;
  std::vector<float> weights;
  std::size_t classes = 3;
  Schema schema;
  TrainingSet set() const {
    TrainingSet set;
    set.rows = {values.data(), labels.size(), schema.width()};
    set.labels = labels;
    set.weights = weights;
    set.classes = {std::string(benign_label)};
    for (std::size_t k = 1; k < classes; ++k) set.classes.push_back("attack" + std::to_string(k));
    set.schema = schema;
    return set;
  }
};

/// Two separable columns, noise, a constant, a category and one that is missing now and then.
Data make_data(std::size_t rows, std::uint64_t seed) {
  Random random(seed);
  Data data;
  for (std::size_t c = 0; c < width; ++c) {
    data.schema.columns.push_back(
        {"c" + std::to_string(c), c == 4 ? ColumnKind::categorical : ColumnKind::numeric});
  }
  for (std::size_t i = 0; i < rows; ++i) {
    const auto label = static_cast<std::uint16_t>(random.below(3));
    const double values[width] = {random.normal(label * 2.0),
                                  random.normal(label == 1 ? 3 : 0),
                                  random.normal(),
                                  5,
                                  random.chance(0.2 + 0.3 * label) ? 1.0 : 0.0,
                                  random.log_normal(10.0 + label, 0.5)};
    for (const double value : values) data.values.push_back(static_cast<float>(value));
    if (random.chance(0.1)) data.values.back() = missing;
    data.labels.push_back(label);
  }
  return data;
}

/// Rows of deviations: the series kind is fitted without rows.
Data make_deviations(std::size_t rows, std::uint64_t seed) {
  Random random(seed);
  Data data;
  data.schema.record_kind = RecordKind::reading;
  for (const char* name : {"level", "step", "stuck", "gap"}) {
    data.schema.columns.push_back({name, ColumnKind::numeric});
  }
  data.classes = 5;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto label = static_cast<std::uint16_t>(random.below(5));
    for (std::uint16_t c = 1; c < 5; ++c) {
      data.values.push_back(static_cast<float>(random.uniform(0, c == label ? 60 : 5)));
    }
    data.labels.push_back(label);
  }
  return data;
}

struct Case {
  const ModelKind* kind;
  Data (*data)(std::size_t rows, std::uint64_t seed);
  bool learns_from_rows;
  PartsAdd adds;  ///< what attributions add up to; of a guard, those of an attack it knows
  /// Options that keep a slow learner's tests short; the defaults where there are none.
  std::map<std::string, std::string, std::less<>> values = {};
};

TrainingSet set_of(const Case& c, const Data& data) {
  TrainingSet set = data.set();
  if (!c.learns_from_rows) set.classes = series_classes(set.schema);
  return set;
}

std::vector<std::byte> bytes_of(const Model& model) {
  ByteWriter out;
  model.save(out);
  return {out.bytes().begin(), out.bytes().end()};
}

std::vector<float> score(const Model& model, Rows rows) {
  std::vector<float> out(rows.count * model.class_count());
  model.score(rows, out);
  return out;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The share of pairs of a benign row and another in which the other is called the stranger; of a
/// model of two classes.
double ranked_right(const std::vector<float>& out, const std::vector<std::uint16_t>& labels) {
  double right = 0, pairs = 0;
  for (std::size_t a = 0; a < labels.size(); ++a) {
    for (std::size_t b = 0; labels[a] == 0 && b < labels.size(); ++b) {
      if (labels[b] == 0) continue;
      pairs += 1;
      right += out[2 * b] < out[2 * a] ? 1 : out[2 * b] == out[2 * a] ? 0.5 : 0;
    }
  }
  return right / pairs;
}

class ModelConformance : public testing::TestWithParam<Case> {
 protected:
  std::unique_ptr<Model> fit(const Data& data, FitOptions options = {}) {
    options.values.insert(GetParam().values.begin(), GetParam().values.end());
    auto model = GetParam().kind->fit(set_of(GetParam(), data), options);
    EXPECT_TRUE(model) << (model ? "" : model.error().message);
    return model ? std::move(*model) : nullptr;
  }
  /// The model of data_, fitted once per kind: most tests only look at it.
  const Model& fitted() {
    static std::map<std::string_view, std::unique_ptr<Model>> models;
    auto& model = models[GetParam().kind->name];
    if (model == nullptr) model = fit(data_);
    return *model;
  }
  Errc refusal(const Data& data, FitOptions options = {}) {
    const auto model = GetParam().kind->fit(set_of(GetParam(), data), options);
    EXPECT_FALSE(model);
    if (model) return Errc::busy;
    EXPECT_FALSE(model.error().message.empty());
    return model.error().code;
  }
  Data data_ = GetParam().data(6000, 1);
};

TEST_P(ModelConformance, SameSeedSameBytesForAnyNumberOfThreads) {
  FitOptions options;
  const auto one = bytes_of(*fit(data_, options));
  EXPECT_EQ(bytes_of(*fit(data_, options)), one);
  for (const unsigned threads : {0U, 2U, 3U, 8U}) {
    options.threads = threads;
    EXPECT_EQ(bytes_of(*fit(data_, options)), one) << threads;
  }
}

TEST_P(ModelConformance, WeightedFitIsTheSameForAnyNumberOfThreads) {
  Random random(3);
  for (std::size_t i = 0; i < data_.labels.size(); ++i) {
    data_.weights.push_back(static_cast<float>(random.uniform(0.1, 4)));
  }
  FitOptions options;
  const auto one = bytes_of(*fit(data_, options));
  options.threads = 5;
  EXPECT_EQ(bytes_of(*fit(data_, options)), one);
}

TEST_P(ModelConformance, ScoringIsPureAndSumsToOne) {
  const Model* model = &fitted();
  const std::vector<float> before = data_.values;
  const Rows rows = data_.set().rows;
  const std::vector<float> batch = score(*model, rows);
  EXPECT_TRUE(same_bits(score(*model, rows), batch));
  EXPECT_TRUE(same_bits(data_.values, before));
  const std::size_t classes = model->class_count();
  for (std::size_t i = 0; i < 500; ++i) {
    const std::vector<float> own = score(*model, {rows[i].data(), 1, rows.width});
    EXPECT_EQ(std::memcmp(own.data(), batch.data() + i * classes, classes * sizeof(float)), 0) << i;
    float sum = 0;
    for (const float p : own) {
      EXPECT_TRUE(p >= 0 && p <= 1) << i;
      sum += p;
    }
    EXPECT_NEAR(sum, 1, 1e-5) << i;
  }
}

TEST_P(ModelConformance, SaveAndLoadKeepTheBits) {
  const Model* model = &fitted();
  const std::vector<std::byte> bytes = bytes_of(*model);
  ByteReader in(bytes);
  const auto loaded = GetParam().kind->load(in);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(in.left(), 0U);
  EXPECT_EQ((*loaded)->kind(), model->kind());
  EXPECT_EQ((*loaded)->describe(), model->describe());
  EXPECT_EQ(bytes_of(**loaded), bytes);
  EXPECT_TRUE(same_bits(score(**loaded, data_.set().rows), score(*model, data_.set().rows)));
  const std::size_t step = std::max<std::size_t>(1, bytes.size() / 200);
  for (std::size_t cut = 0; cut < bytes.size(); cut += step) {
    ByteReader short_in(std::span{bytes}.first(cut));
    EXPECT_FALSE(GetParam().kind->load(short_in)) << "cut at " << cut;
  }
}

TEST_P(ModelConformance, BeatsTheMajorityClass) {
  const Model* model = &fitted();
  const Data test = GetParam().data(2000, 2);
  const std::vector<float> out = score(*model, test.set().rows);
  if (GetParam().kind->learns == Learns::benign) {
    EXPECT_GT(ranked_right(out, test.labels), 0.85);
    return;
  }
  std::vector<std::size_t> support(model->class_count());
  std::size_t right = 0;
  for (std::size_t i = 0; i < test.labels.size(); ++i) {
    const auto from = out.begin() + static_cast<std::ptrdiff_t>(i * support.size());
    const auto top = std::max_element(from, from + static_cast<std::ptrdiff_t>(support.size()));
    right += top - from == test.labels[i] ? 1 : 0;
    ++support[test.labels[i]];
  }
  EXPECT_GT(right, *std::max_element(support.begin(), support.end()) * 5 / 4);
}

TEST_P(ModelConformance, MissingValuesGetAnAnswer) {
  const Model* model = &fitted();
  const std::vector<float> row(data_.schema.width(), missing);
  float sum = 0;
  for (const float p : score(*model, {row.data(), 1, row.size()})) sum += p;
  EXPECT_NEAR(sum, 1, 1e-5);
}

TEST_P(ModelConformance, ExplanationsAreFiniteAndOnePerColumn) {
  const Model* model = &fitted();
  std::vector<float> parts(model->width());
  for (std::uint16_t k = 0; k < model->class_count(); ++k) {
    model->explain(data_.set().rows[k], k, parts);
    for (const float part : parts) EXPECT_TRUE(std::isfinite(part));
  }
}

/// What the parts of a row and their base claim to add up to, from the answer of score().
double added_up(PartsAdd add, std::span<const float> answer, std::size_t k, bool has_unknown) {
  const double unknown = has_unknown ? static_cast<double>(answer.back()) : 0;
  const double benign = static_cast<double>(answer[0]) + unknown;
  if (add == PartsAdd::to_probability) return 1 - benign;
  if (add == PartsAdd::to_log_odds)
    return std::log(static_cast<double>(answer[k])) - std::log(benign);
  return unknown / benign;  // rises with the strangeness
}

TEST_P(ModelConformance, AttributionsAddUpToWhatTheyClaim) {
  const Model& model = fitted();
  const bool has_unknown = GetParam().kind->learns != Learns::classes;
  std::vector<float> parts(model.width());
  std::vector<std::pair<double, double>> strange;
  std::size_t checked = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    const auto row = data_.set().rows[i];
    const std::vector<float> answer = score(model, {row.data(), 1, row.size()});
    const std::uint16_t k = to_score(answer).class_index;
    const Attribution found = model.attribute(row, k, parts);
    const bool unknown = has_unknown && k + 1U == answer.size();
    const bool of_guard = GetParam().kind->learns == Learns::both;
    ASSERT_EQ(found.add, of_guard && unknown ? PartsAdd::to_strangeness : GetParam().adds) << i;
    if (found.add == PartsAdd::to_nothing) {
      ++checked;
      continue;
    }
    const double sum = std::accumulate(parts.begin(), parts.end(), found.base);
    const double claimed = added_up(found.add, answer, k, has_unknown);
    if (found.add == PartsAdd::to_strangeness) {
      strange.emplace_back(sum, claimed);
    } else if (found.add == PartsAdd::to_probability || std::min(answer[0], answer[k]) > 1e-5F) {
      // The logarithm of a smaller probability is imprecise.
      EXPECT_NEAR(sum, claimed, 1e-3 * std::max(1.0, std::abs(claimed))) << i;
      ++checked;
    }
  }
  std::sort(strange.begin(), strange.end());
  for (std::size_t i = 1; i < strange.size(); ++i) {
    EXPECT_GE(strange[i].second, strange[i - 1].second - 1e-4) << i;
  }
  EXPECT_GT(checked + strange.size(), GetParam().adds != PartsAdd::to_nothing ? 100U : 0U);
}

TEST_P(ModelConformance, SmallAndOneSidedSetsAreLearned) {
  const bool needs_benign = GetParam().kind->learns != Learns::classes;
  Data one = GetParam().data(1, 5);
  if (needs_benign) one.labels = {0};
  EXPECT_EQ(fit(one)->class_count(),  // more classes than rows
            answers_of(*GetParam().kind, set_of(GetParam(), one).classes).size());
  Data single = GetParam().data(50, 5);
  for (const std::uint16_t label : {std::uint16_t{0}, std::uint16_t{2}}) {  // 2: no benign row
    std::fill(single.labels.begin(), single.labels.end(), label);
    if (needs_benign && label != 0) {
      EXPECT_EQ(refusal(single), Errc::out_of_range);
      continue;
    }
    const auto model = fit(single);
    if (needs_benign) {  // usual rows, but none is certain not to be the unknown
      EXPECT_GT(score(*model, single.set().rows)[0], 0.9);
      continue;
    }
    if (!GetParam().learns_from_rows) continue;
    EXPECT_FLOAT_EQ(score(*model, single.set().rows)[label], 1);
  }
}

TEST_P(ModelConformance, BrokenSetsAreRefused) {
  Data broken = data_;
  broken.values[7] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(refusal(broken), Errc::out_of_range);
  broken = data_;
  broken.labels[3] = 99;
  EXPECT_EQ(refusal(broken), Errc::out_of_range);
  broken = data_;
  broken.labels.pop_back();
  broken.values.push_back(0);
  TrainingSet set = set_of(GetParam(), broken);
  ++set.rows.count;
  EXPECT_EQ(GetParam().kind->fit(set, {}).error().code, Errc::mismatch);
  for (const float weight : {0.0F, -1.0F, missing, std::numeric_limits<float>::infinity()}) {
    broken = data_;
    broken.weights.assign(broken.labels.size(), 1);
    broken.weights[5] = weight;
    EXPECT_EQ(refusal(broken), Errc::out_of_range) << weight;
  }
  set = set_of(GetParam(), data_);
  set.schema.columns.pop_back();
  EXPECT_EQ(GetParam().kind->fit(set, {}).error().code, Errc::mismatch);
  set = set_of(GetParam(), data_);
  set.classes[0] = "Harmless";
  EXPECT_EQ(GetParam().kind->fit(set, {}).error().code, Errc::mismatch);
  if (!GetParam().learns_from_rows) return;
  set = set_of(GetParam(), data_);
  set.rows.count = 0;
  set.labels = {};
  EXPECT_EQ(GetParam().kind->fit(set, {}).error().code, Errc::out_of_range);
}

TEST_P(ModelConformance, UnknownOptionsAreRefusedWithTheKnown) {
  FitOptions options;
  options.values = {{"colour", "red"}};
  const auto model = GetParam().kind->fit(set_of(GetParam(), data_), options);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Errc::not_found);
  EXPECT_NE(model.error().message.find("known are"), std::string::npos) << model.error().message;
}

TEST_P(ModelConformance, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  FitOptions options;
  options.stop = source.get_token();
  EXPECT_EQ(refusal(data_, options), Errc::cancelled);
}

TEST_P(ModelConformance, ManyThreadsMayScoreAtOnce) {
  const Model* model = &fitted();
  const Rows rows{data_.values.data(), 500, data_.schema.width()};
  const std::vector<float> alone = score(*model, rows);
  std::vector<std::vector<float>> together(4);
  {
    std::vector<std::jthread> crew;
    for (auto& out : together) crew.emplace_back([&] { out = score(*model, rows); });
  }
  for (const auto& out : together) EXPECT_TRUE(same_bits(out, alone));
}

TEST_P(ModelConformance, RandomBytesAreNoModel) {
  const std::uint64_t seed = 99;
  Random random(seed);
  const std::vector<std::byte> good = bytes_of(*fit(GetParam().data(200, 9)));
  for (int round = 0; round < 500; ++round) {
    std::vector<std::byte> bytes = good;
    for (int i = 0; i < 4; ++i) {
      bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
    }
    ByteReader in(bytes);
    const auto model = GetParam().kind->load(in);
    if (!model || (*model)->width() != data_.schema.width()) continue;
    for (const float p : score(**model, {data_.values.data(), 20, data_.schema.width()})) {
      EXPECT_TRUE(p >= 0 && p <= 1) << "seed " << seed << " round " << round;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, ModelConformance,
    testing::Values(
        Case{&tree_kind, make_data, true, PartsAdd::to_probability},
        Case{&bayes_kind, make_data, true, PartsAdd::to_log_odds},
        Case{&svm_kind, make_data, true, PartsAdd::to_nothing},
        Case{&cnn_kind, make_data, true, PartsAdd::to_nothing, {{"epochs", "3"}}},
        Case{&mlp_kind, make_data, true, PartsAdd::to_nothing, {{"epochs", "3"}}},
        Case{&forest_kind, make_data, true, PartsAdd::to_probability, {{"trees", "20"}}},
        Case{&boost_kind, make_data, true, PartsAdd::to_log_odds, {{"rounds", "20"}}},
        Case{&iforest_kind, make_data, true, PartsAdd::to_strangeness},
        Case{&hst_kind, make_data, true, PartsAdd::to_nothing},
        Case{&autoencoder_kind, make_data, true, PartsAdd::to_nothing, {{"steps", "500"}}},
        Case{&guard_kind, make_data, true, PartsAdd::to_probability, {{"classifier.trees", "20"}}},
        Case{&series_kind, make_deviations, false, PartsAdd::to_probability}),
    [](const auto& row) { return std::string(row.param.kind->name); });

}  // namespace
}  // namespace vedette
