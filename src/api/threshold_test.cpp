// What is asked of alarms over HTTP, what it leads to in the line, and who may say so.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/support/api_fixture.hpp"

namespace vedette::test {
namespace {

class ThresholdTest : public ApiFixture {
 protected:
  /// A model of readings that knows 100,000 benign scores of cameras, 0.00001 to 1 × 0.8.
  void SetUp() override {
    std::vector<float> scores;
    for (int i = 1; i <= 100'000; ++i) scores.push_back(0.8F * static_cast<float>(i) / 100'000);
    Calibration calibration;
    calibration.add_benign("camera", scores);
    calibration.set_attacks({0.9F, 0.9F, 0.9F, 0.5F});
    ModelFile file = constant_model(0.75F);
    file.calibration = calibration.save();
    const auto bytes = encode_model(file);
    const HttpResponse made = as("admin", "POST", "/api/v1/models",
                                 {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    ASSERT_EQ(made.status, 201) << made.body;
    model = json(made)["id"];
    ASSERT_EQ(as("admin", "POST", "/api/v1/models/" + model + "/activate").status, 200);
  }
  float threshold(const char* device) const {
    return pipeline->detectors()->threshold_of(RecordKind::reading, device);
  }
  nlohmann::json put(const char* body) {
    const HttpResponse response = as("admin", "PUT", "/api/v1/threshold", body);
    EXPECT_EQ(response.status, 200) << response.body;
    return json(response);
  }
  /// An alert of a camera with so many records that scored 0.75.
  void raise_alert(std::uint64_t id, std::size_t records) {
    Alert alert;
    alert.id = id;
    alert.device = "camera-01";
    alert.kind = RecordKind::reading;
    alert.first = clock.now();
    alert.last = clock.now();
    store.all_alerts.push_back(alert);
    for (std::size_t i = 0; i < records; ++i) {
      Judged judged;
      judged.record.device = alert.device;
      judged.record.kind = alert.kind;
      judged.record.time = clock.now();
      judged.record.key = {micros(clock.now()), 1000 * id + i};
      judged.verdict.anomalous = true;
      judged.verdict.score = 0.75F;
      judged.verdict.model = model;
      store.judged.push_back(judged);
    }
  }
  std::string newest_audit() {
    return json(as("admin", "GET", "/api/v1/audit"))["items"][0]["action"];
  }

  std::string model;
};

TEST_F(ThresholdTest, ARateLeadsToAThresholdAndASentence) {
  EXPECT_FLOAT_EQ(threshold("camera-01"), 0.7F) << "the file's, unless something is asked";
  const auto answer = put(R"({"false_positive_rate":0.01})");
  EXPECT_NEAR(threshold("camera-01"), 0.8 * 0.99, 1e-3);
  EXPECT_NEAR(answer["reading"]["value"].get<double>(), 0.8 * 0.99, 1e-3);
  EXPECT_EQ(answer["reading"]["kept"], true);
  EXPECT_EQ(answer["reading"]["expected_recall"], 0.75);
  EXPECT_EQ(answer["reading"]["expected_misses"], 0.25);
  EXPECT_NE(answer["reading"]["guarantee"].get<std::string>().find("100000"), std::string::npos);
  EXPECT_EQ(answer["set_by"], "user");
  EXPECT_EQ(newest_audit(), "threshold.set");
  const auto card = json(as("viewer", "GET", "/api/v1/models"))["items"][0];
  EXPECT_EQ(card["working"]["value"], answer["reading"]["value"]);
  EXPECT_EQ(json(as("viewer", "GET", "/api/v1/status"))["thresholds"], answer);
}

TEST_F(ThresholdTest, WhatCannotBePromisedIsSaid) {
  const auto rate = put(R"({"false_positive_rate":1e-7})");
  EXPECT_EQ(rate["reading"]["kept"], false);
  const auto budget = put(R"({"alerts_per_day":3})");
  EXPECT_EQ(budget["reading"]["kept"], false) << "nobody counted its alerts";
  EXPECT_FLOAT_EQ(threshold("camera-01"), 0.7F);
}

TEST_F(ThresholdTest, TheWishOutlivesTheServiceAndGoesBackToTheConfiguration) {
  put(R"({"false_positive_rate":0.01})");
  const float asked = threshold("camera-01");
  api = std::make_unique<Api>(parts());
  EXPECT_EQ(threshold("camera-01"), asked);
  EXPECT_EQ(put("{}")["set_by"], "configuration");
  EXPECT_FLOAT_EQ(threshold("camera-01"), 0.7F);
}

TEST_F(ThresholdTest, BadWishesAreRefusedAndViewersDoNotWish) {
  for (const char* body : {R"({"false_positive_rate":0.5})", R"({"alerts_per_day":-1})",
                           R"({"alerts_per_day":3,"false_positive_rate":0.01})", R"({"alerts":3})",
                           R"({"alerts_per_day":"three"})"}) {
    EXPECT_EQ(as("admin", "PUT", "/api/v1/threshold", body).status, 400) << body;
  }
  EXPECT_EQ(as("viewer", "PUT", "/api/v1/threshold", "{}").status, 403);
  EXPECT_EQ(as("viewer", "GET", "/api/v1/threshold").status, 200);
}

TEST_F(ThresholdTest, AConfirmedFalseAlarmRaisesItsKindALittle) {
  raise_alert(1, 10);
  const auto mark = [&](const char* feedback) {
    const HttpResponse done =
        as("admin", "POST", "/api/v1/alerts/1",
           fmt::format(R"({{"acknowledged":true,"feedback":"{}"}})", feedback));
    EXPECT_EQ(done.status, 200) << done.body;
  };
  mark("false_alarm");
  EXPECT_NEAR(threshold("camera-02"), 0.7 + 0.05 * 0.3, 1e-6) << "not as far as 0.75 in a day";
  EXPECT_FLOAT_EQ(threshold("plug-01"), 0.7F);
  EXPECT_EQ(newest_audit(), "threshold.raise");
  const auto raises = json(as("viewer", "GET", "/api/v1/threshold"))["raises"];
  ASSERT_EQ(raises.size(), 1U);
  EXPECT_EQ(raises[0]["device_kind"], "camera");
  EXPECT_EQ(raises[0]["records"], 10);
  api = std::make_unique<Api>(parts());
  EXPECT_NEAR(threshold("camera-02"), 0.7 + 0.05 * 0.3, 1e-6) << "over a restart";
  mark("true_alarm");
  EXPECT_FLOAT_EQ(threshold("camera-02"), 0.7F);
  EXPECT_EQ(newest_audit(), "threshold.lower");
}

TEST_F(ThresholdTest, ARaiseEndsAndFewRecordsMakeNone) {
  raise_alert(1, 10);
  raise_alert(2, 9);
  for (const char* id : {"1", "2"}) {
    as("admin", "POST", std::string{"/api/v1/alerts/"} + id,
       R"({"acknowledged":true,"feedback":"false_alarm"})");
  }
  EXPECT_EQ(newest_audit(), "threshold.keep");
  EXPECT_GT(threshold("camera-01"), 0.7F);
  clock.advance(std::chrono::days{31});
  api->tick();
  EXPECT_FLOAT_EQ(threshold("camera-01"), 0.7F);
}

TEST_F(ThresholdTest, AnotherModelBeginsWithoutRaises) {
  raise_alert(1, 10);
  as("admin", "POST", "/api/v1/alerts/1", R"({"acknowledged":true,"feedback":"false_alarm"})");
  ASSERT_GT(threshold("camera-01"), 0.7F);
  const auto other = json(as("admin", "POST", "/api/v1/models", constant_model_bytes(0.1F)));
  const std::string id = other["id"];
  ASSERT_EQ(as("admin", "POST", "/api/v1/models/" + id + "/activate").status, 200);
  EXPECT_FLOAT_EQ(threshold("camera-01"), 0.7F);
  ASSERT_EQ(as("admin", "POST", "/api/v1/models/" + model + "/activate").status, 200);
  EXPECT_GT(threshold("camera-01"), 0.7F) << "they are its own";
}

}  // namespace
}  // namespace vedette::test
