// From captures to a model and a comparison, with the real program: what it prints, what it leaves
// behind, and how it refuses.
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/service.hpp"

namespace vedette::test {
namespace {

namespace fs = std::filesystem;

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

class Detectors : public testing::Test {
 protected:
  void SetUp() override {
    flows_ = folder_.path() / "flows.log";
    dataset_ = folder_.path() / "flows.vds";
    // What happens in a fleet depends on the hour: the start is fixed.
    const Outcome simulated =
        run_vedette({"simulate", "--devices", "10", "--messages", "3000", "--seed", "7", "--start",
                     "2026-01-05T08:00:00Z", "--to", flows_});
    ASSERT_EQ(simulated.code, 0) << simulated.errors;
    const Outcome prepared =
        run_vedette({"prepare", flows_, "--columns", "published24", "-o", dataset_});
    ASSERT_EQ(prepared.code, 0) << prepared.errors;
  }
  TemporaryDirectory folder_;
  std::string flows_, dataset_;
};

TEST_F(Detectors, ComparesEveryModelAndWritesAReport) {
  const fs::path report = folder_.path() / "report.html";
  const Outcome outcome =
      run_vedette({"compare", dataset_, "--models", "all", "--json", "--report", report.string(),
                   "--set", "cnn.epochs=2", "--set", "mlp.epochs=2", "--set", "forest.trees=10",
                   "--set", "boost.rounds=10"});
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  const auto json = nlohmann::json::parse(outcome.output);
  EXPECT_EQ(json["columns"], "published24") << "prepare was told so";
  std::set<std::string> models;
  for (const auto& model : json["models"]) {
    models.insert(model["model"]);
    SCOPED_TRACE(model["model"].get<std::string>());
    EXPECT_FALSE(model.contains("problem")) << model["problem"];
    for (const char* figure :
         {"accuracy", "macro_f1", "weighted_f1", "fit_seconds", "ns_per_row"}) {
      ASSERT_TRUE(model[figure].is_number()) << figure;
    }
    // What may answer unknown is no better classifier for it.
    if (!model["attack_or_not"] && model["model"] != "guard") {
      EXPECT_GT(model["accuracy"], 0.3);
      EXPECT_LE(model["accuracy"], json["accuracy_ceiling"].get<double>() + 1e-9);
    }
    EXPECT_TRUE(model["per_class"].contains("Benign"));
  }
  EXPECT_EQ(models, (std::set<std::string>{"tree", "bayes", "svm", "cnn", "mlp", "forest", "boost",
                                           "iforest", "hst", "autoencoder", "guard"}));
  std::ifstream in{report};
  const std::string html{std::istreambuf_iterator<char>{in}, {}};
  for (const std::string& model : models) {
    EXPECT_NE(html.find(">" + model + "<"), std::string::npos) << model;
  }
}

TEST_F(Detectors, TableHasALineForEachModel) {
  const Outcome outcome = run_vedette({"compare", dataset_, "--models", "tree,bayes", "--split",
                                       "kfold", "--folds", "3", "--binary", "--report", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  for (const char* text : {"model  accuracy  macro-F1", "\ntree ", "\nbayes ", "fold 3 of 3",
                           "Malicious", "split kfold 3 seed 1"}) {
    EXPECT_NE(outcome.output.find(text), std::string::npos) << text << "\n" << outcome.output;
  }
  EXPECT_EQ(names_in(folder_.path()),
            (std::set<std::string>{"flows.labels.jsonl", "flows.log", "flows.vds"}));
}

TEST_F(Detectors, SearchesSettingsAndShowsTheModel) {
  const std::string model = folder_.path() / "tree.vdm";
  const Outcome trained =
      run_vedette({"train", dataset_, "-o", model, "--search", "--trials", "4"});
  ASSERT_EQ(trained.code, 0) << trained.errors;
  EXPECT_NE(trained.output.find("the defaults"), std::string::npos) << trained.output;
  const std::string drawing = folder_.path() / "tree.svg";
  const Outcome shown = run_vedette({"model", "show", model, "--tree", "--svg", drawing});
  ASSERT_EQ(shown.code, 0) << shown.errors;
  for (const char* text : {"classes", "data set", "split        random 0.8 seed 1", "macro-F1",
                           "created", "bytes)", "?  ("}) {
    EXPECT_NE(shown.output.find(text), std::string::npos) << text << "\n" << shown.output;
  }
  EXPECT_GT(fs::file_size(drawing), 1000U);
}

TEST_F(Detectors, WhatCannotBeTrainedIsSaidInOneSentence) {
  const std::string unlabelled = folder_.path() / "plain.csv";
  write_file(
      unlabelled,
      "ts,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,conn_state\n"
      "1545403816,10.0.0.5,1,10.0.0.1,80,tcp,SF\n1545403817,10.0.0.5,2,10.0.0.1,80,tcp,SF\n");
  const std::string plain = folder_.path() / "plain.vds";
  const Outcome prepared = run_vedette({"prepare", unlabelled, "-o", plain});
  ASSERT_EQ(prepared.code, 0) << prepared.errors;
  const std::string out = folder_.path() / "m.vdm";
  struct Row {
    std::vector<std::string> words;
    int code;
    const char* says;
  };
  for (const Row& row : std::vector<Row>{
           {{"train", plain, "-o", out}, 1, "no record of this data set carries a label"},
           {{"compare", plain}, 1, "no record of this data set carries a label"},
           {{"train", dataset_, "-m", "oracle", "-o", out}, 1, "forest"},
           {{"train", dataset_, "-m", "series", "-o", out}, 1, "forest"},
           {{"compare", dataset_, "--models", "tree,"}, 1, "boost"},
           {{"train", dataset_, "-o", out, "--split", "luck"}, 1, "leave-one-capture-out"},
           {{"train", dataset_, "-o", out, "--split", "kfold"}, 1, "random, time or capture"},
           {{"train", dataset_, "-o", out, "--columns", "all"}, 1, "published24"},
           {{"train", dataset_, "-o", out, "--set", "depth_max=0"}, 1, "depth_max"},
           {{"train", dataset_, "-o", out, "--set", "colour=red"}, 1, "known are"},
           {{"train", dataset_, "-o", out, "--as-published"}, 1, "as_published"},
           {{"compare", dataset_, "--models", "tree", "--set", "svm.c=1"}, 1, "svm"},
           {{"compare", dataset_, "--set", "C=1"}, 1, "model.name=value"},
           {{"train", dataset_, "-m", "bayes", "-o", out, "--search", "--set", "numbers=bins",
             "--set", "class_weight=none"},
            1,
            "nothing left to search"},
           {{"compare", flows_}, 1, "not a data set"},
           {{"prepare", flows_, "-o", out, "--columns", "all"}, 1, "published24"},
           {{"train", dataset_, "-o", "/no/such/folder/m.vdm"}, 1, "/no/such/folder"},
           {{"compare", dataset_, "--models", "tree", "--report", "/no/such/folder/r.html"},
            1,
            "/no/such/folder"}}) {
    const Outcome outcome = run_vedette(row.words);
    EXPECT_EQ(outcome.code, row.code) << fmt::format("{}", row.words) << outcome.errors;
    EXPECT_NE(outcome.errors.find(row.says), std::string::npos)
        << fmt::format("{}", row.words) << outcome.errors;
    EXPECT_FALSE(fs::exists(out)) << fmt::format("{}", row.words);
  }
}

TEST_F(Detectors, CtrlCLeavesNoHalfWrittenModel) {
  for (const char* command : {"train", "compare"}) {
    SCOPED_TRACE(command);
    std::vector<std::string> words{program(), command, dataset_};
    // A thousand epochs take a minute and more: it is stopped in the middle.
    const std::string epochs = "epochs=1000";
    const std::string patience = "patience=1000";
    if (words[1] == "train") {
      words.insert(words.end(), {"-m", "cnn", "--set", epochs, "--set", patience, "-o",
                                 folder_.path() / "f.vdm"});
    } else {
      words.insert(words.end(), {"--models", "cnn", "--set", "cnn." + epochs, "--set",
                                 "cnn." + patience, "--report", folder_.path() / "f.html"});
    }
    Process process{words};
    // The bar appears when it has been at it for two seconds.
    ASSERT_TRUE(eventually([&] { return process.errors().find("cnn") != std::string::npos; },
                           std::chrono::seconds{60}))
        << process.errors();
    process.kill(SIGINT);
    EXPECT_EQ(process.wait(), 130) << process.errors();
    EXPECT_EQ(names_in(folder_.path()),
              (std::set<std::string>{"flows.labels.jsonl", "flows.log", "flows.vds"}));
  }
}

}  // namespace
}  // namespace vedette::test
