/// Models through the API: list, upload, activate.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/api_fixture.hpp"

namespace vedette {
namespace {

class ModelDeskTest : public test::ApiFixture {
 protected:
  HttpResponse upload(std::string bytes) {
    return as("admin", "POST", "/api/v1/models", std::move(bytes));
  }
  nlohmann::json list() { return json(as("viewer", "GET", "/api/v1/models"))["items"]; }
};

TEST_F(ModelDeskTest, AFolderThatIsNotThereHoldsNoModels) {
  EXPECT_EQ(as("viewer", "GET", "/api/v1/models").body, R"({"items":[],"next":""})");
}

TEST_F(ModelDeskTest, AnUploadIsCheckedSavedAndListed) {
  const std::string bytes = test::constant_model_bytes(0.9F);
  const HttpResponse made = upload(bytes);
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id = json(made)["id"];
  EXPECT_TRUE(id.starts_with("constant-"));
  EXPECT_EQ(std::filesystem::file_size(folder / (id + ".vdm")), bytes.size());
  const auto models = list();
  ASSERT_EQ(models.size(), 1U);
  const auto& model = models[0];
  EXPECT_EQ(model, json(made));
  EXPECT_EQ(model["file"], id + ".vdm");
  EXPECT_EQ(model["kind"], "constant");
  EXPECT_EQ(model["record_kind"], "reading");
  EXPECT_EQ(model["classes"], (std::vector<std::string>{"Benign", "level"}));
  EXPECT_EQ(model["metrics"]["macro_f1"], 0.5);
  EXPECT_EQ(model["threshold"]["value"], 0.7);
  EXPECT_EQ(model["threshold"]["benign_rows"], 1000);
  EXPECT_EQ(model["bytes"], bytes.size());
  EXPECT_EQ(model["active"], false);
  EXPECT_EQ(upload(bytes).status, 201) << "the same file twice is harmless";
  EXPECT_EQ(list().size(), 1U);
  EXPECT_EQ(store.audit(1)->front().action, "model.upload");
}

TEST_F(ModelDeskTest, ADamagedUploadLeavesNoFile) {
  std::string bytes = test::constant_model_bytes(0.9F);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  EXPECT_EQ(upload(bytes).status, 400);
  EXPECT_EQ(upload("").status, 400);
  EXPECT_EQ(upload("not a model").status, 400);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(ModelDeskTest, ActivationSwapsRemembersAndIsAudited) {
  const std::string calm = json(upload(test::constant_model_bytes(0.1F)))["id"];
  const std::string alarmed = json(upload(test::constant_model_bytes(0.9F)))["id"];
  for (const std::string& id : {calm, alarmed}) {
    const HttpResponse response = as("admin", "POST", "/api/v1/models/" + id + "/activate", "{}");
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(json(response)["active"], true);
    EXPECT_EQ(*store.setting("model.reading.active"), id);
    for (const auto& model : list()) EXPECT_EQ(model["active"], model["id"] == id);
    const auto status = json(as("viewer", "GET", "/api/v1/status"));
    EXPECT_EQ(status["models"]["reading"]["id"], id);
    EXPECT_EQ(status["models"]["reading"]["kind"], "constant");
    EXPECT_TRUE(status["models"]["flow"].is_null());
    EXPECT_EQ(store.audit(1)->front().action, "model.activate");
  }
  const HttpResponse metrics = as("viewer", "GET", "/metrics");
  EXPECT_NE(metrics.body.find("vedette_model_info{record_kind=\"reading\",id=\"" + alarmed +
                              "\",kind=\"constant\"} 1"),
            std::string::npos);
}

TEST_F(ModelDeskTest, UnknownModelsAre404) {
  const HttpResponse response = as("admin", "POST", "/api/v1/models/tree-00000000/activate");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(detail(response), "there is no model \"tree-00000000\"");
}

TEST_F(ModelDeskTest, FilesThatAreNoModelsAreLeftOutUntilTheyChange) {
  std::filesystem::create_directories(folder);
  std::ofstream{folder / "broken.vdm"} << "x";
  std::ofstream{folder / "notes.txt"} << "x";
  EXPECT_EQ(list().size(), 0U);
  std::ofstream{folder / "broken.vdm"} << test::constant_model_bytes(0.5F);
  EXPECT_EQ(list().size(), 1U);
  std::filesystem::remove(folder / "broken.vdm");
  EXPECT_EQ(list().size(), 0U);
}

TEST_F(ModelDeskTest, AnActiveModelFromElsewhereIsListedToo) {
  ModelFile file = test::constant_model(0.5F);
  encode_model(file);
  auto set = std::make_shared<DetectorSet>();
  set->active[static_cast<std::size_t>(RecordKind::reading)] =
      Detector::make(std::move(file)).value();
  pipeline->swap(set);
  const auto models = list();
  ASSERT_EQ(models.size(), 1U);
  EXPECT_EQ(models[0]["file"], "");
  EXPECT_EQ(models[0]["active"], true);
}

}  // namespace
}  // namespace vedette
