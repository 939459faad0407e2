#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hpp"
#include "train/train.hpp"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ClassNumbers = std::vector<std::uint16_t>;
using Scores = std::vector<float>;

const std::vector<std::string> two{"Benign", "Attack"};
const std::vector<std::string> three{"Benign", "DDoS", "C&C"};

/// Evaluation of scores alone.
Evaluation areas(const ClassNumbers& truth, const Scores& score, float threshold = 0.5F) {
  Evaluation e = evaluate(two, truth, ClassNumbers(truth.size(), 0), score);
  evaluate_threshold(e, truth, score, threshold);
  return e;
}

// scikit-learn's user guide, "classification report": y_true = [0, 1, 2, 2, 2],
// y_pred = [0, 0, 2, 2, 1].
TEST(Evaluate, AgreesWithThePublishedClassificationReport) {
  const Evaluation e = evaluate(three, ClassNumbers{0, 1, 2, 2, 2}, ClassNumbers{0, 0, 2, 2, 1},
                                Scores{0, 0, 1, 1, 1});
  struct Row {
    double precision, recall, f1;
    std::uint64_t support;
  };
  const Row rows[] = {{0.5, 1.0, 2.0 / 3, 1}, {0, 0, 0, 1}, {1.0, 2.0 / 3, 0.8, 3}};
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(e.classes[k].label, three[k]);
    EXPECT_DOUBLE_EQ(e.classes[k].precision, rows[k].precision) << k;
    EXPECT_DOUBLE_EQ(e.classes[k].recall, rows[k].recall) << k;
    EXPECT_DOUBLE_EQ(e.classes[k].f1, rows[k].f1) << k;
    EXPECT_EQ(e.classes[k].support, rows[k].support) << k;
  }
  EXPECT_DOUBLE_EQ(e.accuracy, 0.6);
  EXPECT_NEAR(e.macro_f1, 0.49, 0.005);
  EXPECT_NEAR(e.weighted_f1, 0.61, 0.005);
  EXPECT_THAT(e.confusion[2], ElementsAre(0, 1, 2));
}

// The example of sklearn.metrics.roc_auc_score and average_precision_score.
TEST(Evaluate, AgreesWithThePublishedAreas) {
  const Evaluation e = areas({0, 0, 1, 1}, {0.1F, 0.4F, 0.35F, 0.8F});
  EXPECT_DOUBLE_EQ(e.roc_auc, 0.75);
  EXPECT_NEAR(e.pr_auc, 0.8333, 5e-5);
}

TEST(Evaluate, AreasByHand) {
  struct Row {
    const char* what;
    ClassNumbers truth;
    Scores score;
    double roc, pr;
  };
  for (const Row& row : {Row{"perfect", {0, 0, 1}, {0.1F, 0.2F, 0.9F}, 1, 1},
                         Row{"upside down", {1, 0}, {0.1F, 0.9F}, 0, 0.5},
                         Row{"all scores equal: chance, precision is the share",
                             {0, 1, 0, 0},
                             {0.5F, 0.5F, 0.5F, 0.5F},
                             0.5,
                             0.25},
                         // pairs: (.8 over .4) 1, (.4 against .4) 1/2, (.8 and .4 over .1) 2 → 3.5
                         // of 4; recall 1/2 at precision 1, then 1 at 2/3.
                         Row{"a tie across classes",
                             {1, 0, 1, 0},
                             {0.8F, 0.4F, 0.4F, 0.1F},
                             0.875,
                             0.5 + 0.5 * 2 / 3}}) {
    const Evaluation e = areas(row.truth, row.score);
    EXPECT_DOUBLE_EQ(e.roc_auc, row.roc) << row.what;
    EXPECT_DOUBLE_EQ(e.pr_auc, row.pr) << row.what;
  }
}

TEST(Evaluate, RocAreaIsTheShareOfPairsInOrder) {
  constexpr std::uint64_t seed = 7;
  SCOPED_TRACE(seed);
  Random random{seed};
  ClassNumbers truth;
  Scores score;
  for (int i = 0; i < 300; ++i) {
    truth.push_back(random.chance(0.3) ? 1 : 0);
    score.push_back(static_cast<float>(random.below(20)) / 20.0F);  // many ties
  }
  double order = 0;
  double pairs = 0;
  for (std::size_t a = 0; a < truth.size(); ++a) {
    for (std::size_t b = 0; b < truth.size(); ++b) {
      if (truth[a] != 1 || truth[b] != 0) continue;
      pairs += 1;
      order += score[a] > score[b] ? 1 : score[a] == score[b] ? 0.5 : 0;
    }
  }
  EXPECT_NEAR(areas(truth, score).roc_auc, order / pairs, 1e-12);
}

TEST(Evaluate, OneSideOnlyHasNoArea) {
  for (const std::uint16_t side : ClassNumbers{0, 1}) {
    const Evaluation e = areas({side, side}, {0.1F, 0.9F});
    EXPECT_TRUE(std::isnan(e.roc_auc));
    EXPECT_TRUE(std::isnan(e.pr_auc));
    EXPECT_THAT(to_json(e), HasSubstr("\"roc_auc\":null"));
  }
}

TEST(Evaluate, TheThresholdItselfAlarms) {
  const Evaluation e = areas({0, 0, 0, 0, 1, 1, 1}, {0.1F, 0.2F, 0.5F, 0.7F, 0.49F, 0.5F, 1.0F});
  EXPECT_DOUBLE_EQ(e.false_positive_rate, 0.5);
  EXPECT_DOUBLE_EQ(e.detection_rate, 2.0 / 3);
}

TEST(Evaluate, ClassesThatNeitherOccurNorArePredictedDoNotLowerTheMean) {
  const Evaluation e = evaluate(three, ClassNumbers{0, 1}, ClassNumbers{0, 1}, Scores{0, 1});
  EXPECT_DOUBLE_EQ(e.macro_f1, 1.0);
  const Evaluation predicted =
      evaluate(three, ClassNumbers{0, 1}, ClassNumbers{0, 2}, Scores{0, 1});
  EXPECT_DOUBLE_EQ(predicted.macro_f1, 1.0 / 3);
}

TEST(Evaluate, NoRowsGiveZeros) {
  const Evaluation e = evaluate(two, ClassNumbers{}, ClassNumbers{}, Scores{});
  EXPECT_EQ(e.rows, 0U);
  EXPECT_EQ(e.accuracy, 0);
  EXPECT_EQ(e.macro_f1, 0);
  EXPECT_TRUE(std::isnan(e.roc_auc));
}

/// Of two attack classes and benign rows, a model that names none answers the last: unknown.
TEST(Evaluation, OfAModelThatNamesNoAttackIsOfAttackOrNot) {
  const std::vector<std::string> names{"Benign", "DDoS", "C&C", std::string{unknown_label}};
  const ClassNumbers truth{0, 0, 0, 0, 1, 1, 2, 2};
  const ClassNumbers answer{0, 0, 0, 3, 3, 3, 3, 0};
  Evaluation e = evaluate(names, truth, answer, Scores(8, 0.5F));
  EXPECT_EQ(classes_of_truth(e), 3U);
  EXPECT_DOUBLE_EQ(e.accuracy, 3.0 / 8);
  // Benign has 3 hits of 4 rows and 4 answers; the attacks none; unknown is no class.
  EXPECT_DOUBLE_EQ(e.macro_f1, 0.75 / 3);
  as_attack_or_not(e);
  EXPECT_TRUE(e.attack_or_not);
  EXPECT_DOUBLE_EQ(e.accuracy, 6.0 / 8);
  EXPECT_DOUBLE_EQ(e.macro_f1, 0.75);
  EXPECT_DOUBLE_EQ(e.weighted_f1, 0.75);
  EXPECT_DOUBLE_EQ(e.classes[0].recall, 0.75);
  EXPECT_DOUBLE_EQ(e.classes[0].flagged, 0.25);
  EXPECT_DOUBLE_EQ(e.classes[1].recall, 1);
  EXPECT_DOUBLE_EQ(e.classes[2].recall, 0.5);
  EXPECT_EQ(e.confusion[1][3], 2U);
}

TEST(Evaluation, IsWrittenForPeopleAndPrograms) {
  Evaluation e = evaluate(two, ClassNumbers{0, 1}, ClassNumbers{0, 1}, Scores{0.25F, 1});
  evaluate_threshold(e, ClassNumbers{0, 1}, Scores{0.25F, 1}, 0.5F);
  e.unseen_classes = {"O\"kiru"};
  EXPECT_EQ(to_json(e),
            "{\"rows\":2,\"attack_or_not\":false,\"accuracy\":1,\"macro_f1\":1,\"weighted_f1\":1,"
            "\"roc_auc\":1,"
            "\"pr_auc\":1,\"false_positive_rate\":0,\"detection_rate\":1,\"seen_share\":0,"
            "\"accuracy_ceiling\":1,"
            "\"classes\":[{\"label\":\"Benign\",\"support\":1,\"precision\":1,\"recall\":1,"
            "\"f1\":1,\"flagged\":0},{\"label\":\"Attack\",\"support\":1,\"precision\":1,"
            "\"recall\":1,\"f1\":1,\"flagged\":1}"
            "],\"confusion\":[[1,0],[0,1]],\"unseen_classes\":[\"O\\\"kiru\"]}");
  const std::string text = to_text(e);
  EXPECT_THAT(text, HasSubstr("class   precision  recall      F1  flagged  rows\n"));
  EXPECT_THAT(text, HasSubstr("Benign     1.0000  1.0000  1.0000   0.0000     1\n"));
  EXPECT_THAT(text, HasSubstr("truth \\ predicted  0  1\n"));
  EXPECT_THAT(text, HasSubstr("1 Attack           0  1\n"));
  EXPECT_THAT(text, HasSubstr("never trained on: O\"kiru\n"));
}

// The same example as for the areas: thresholds .8, .4, .35, .1.
TEST(Curves, GoThroughThePublishedPoints) {
  const ClassNumbers truth{0, 0, 1, 1};
  const Scores score{0.1F, 0.4F, 0.35F, 0.8F};
  const Curves curves = curves_of(truth, score, 1000);
  const auto at = [](const std::vector<CurvePoint>& points) {
    std::vector<std::pair<double, double>> out;
    for (const CurvePoint& p : points) out.emplace_back(p.x, p.y);
    return out;
  };
  using P = std::pair<double, double>;
  EXPECT_THAT(at(curves.roc),
              ElementsAre(P{0, 0}, P{0, 0.5}, P{0.5, 0.5}, P{0.5, 1}, P{1, 1}, P{1, 1}));
  EXPECT_THAT(at(curves.pr),
              ElementsAre(P{0, 1}, P{0.5, 1}, P{0.5, 0.5}, P{1, 2.0 / 3}, P{1, 0.5}, P{1, 0.5}));
  EXPECT_TRUE(curves_of(ClassNumbers{1, 1}, Scores{0, 1}, 10).roc.empty());
}

TEST(Curves, OfManyRowsKeepFewPointsAndTheirArea) {
  constexpr std::uint64_t seed = 11;
  SCOPED_TRACE(seed);
  Random random{seed};
  ClassNumbers truth;
  Scores score;
  for (int i = 0; i < 20'000; ++i) {
    truth.push_back(random.chance(0.3) ? 1 : 0);
    score.push_back(static_cast<float>(random.normal(truth.back(), 1)));
  }
  const Curves curves = curves_of(truth, score, 200);
  EXPECT_LE(curves.roc.size(), 210U);
  double area = 0;
  for (std::size_t i = 1; i < curves.roc.size(); ++i) {
    area += (curves.roc[i].x - curves.roc[i - 1].x) * (curves.roc[i].y + curves.roc[i - 1].y) / 2;
  }
  EXPECT_NEAR(area, evaluate(two, truth, truth, score).roc_auc, 0.002);
}

}  // namespace
}  // namespace vedette
