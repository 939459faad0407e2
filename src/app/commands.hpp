/// The subcommands, each a function from its options to a Status; main.cpp parses the words.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace vedette {

struct PrepareOptions {
  std::vector<std::filesystem::path> captures;
  std::filesystem::path out;
  std::string format;   ///< "" sniffs
  std::string columns;  ///< remembered in the data set
  bool json = false;
};
Status run_prepare(const PrepareOptions& options, const Clock& clock, std::stop_token stop);

struct TrainCommand {
  std::filesystem::path dataset;
  std::filesystem::path out;
  std::string model = "tree";
  std::vector<std::string> settings;  ///< "depth_max=12"
  std::string columns;                ///< "": the data set's, or behaviour
  std::string split = "random";
  double train_share = 0.8;
  double false_positive_rate = 1e-4;
  std::uint64_t seed = 1;
  double alerts_per_day = 0;  ///< above 0: instead of the rate
  std::uint32_t devices = 1;  ///< that raise them
  std::uint32_t trials = 24;
  std::uint32_t threads = 0;  ///< 0: all there are
  bool binary = false;
  bool as_published = false;
  bool search = false;
  bool json = false;
  std::vector<std::string> train_only;  ///< the following of leave-one-capture-out
  bool drop_doubted = true;
  bool simulated = true;
};
Status run_train(const TrainCommand& options, const Clock& clock, std::stop_token stop);

struct CompareCommand {
  std::filesystem::path dataset;
  std::string models = "all";         ///< "tree,svm"
  std::vector<std::string> settings;  ///< "svm.c=10"
  std::string columns;                ///< "": the data set's, or behaviour
  std::string split = "random";
  double train_share = 0.8;
  std::uint32_t folds = 5;
  double false_positive_rate = 1e-4;
  std::uint64_t seed = 1;
  std::uint32_t threads = 0;  ///< 0: all there are
  bool binary = false;
  bool as_published = false;
  bool json = false;
  std::vector<std::string> train_only;  ///< the following of leave-one-capture-out
  std::vector<std::string> doubtful;
  std::uint32_t adapt = 0;
  bool drop_doubted = true;
  bool simulated = true;
  bool controls = false;
  bool without = false;
  std::filesystem::path report;  ///< "": NAME.comparison.html beside where one is; "-": none
};
Status run_compare(const CompareCommand& options, const Clock& clock, std::stop_token stop);

struct ScoreOptions {
  std::filesystem::path model;
  std::filesystem::path input = "-";
  std::filesystem::path out = "-";
  std::string format;
};
Status run_score(const ScoreOptions& options, const Clock& clock, std::stop_token stop);

struct TraceOptions {
  std::filesystem::path model;
  std::filesystem::path message;
  std::string topic;
  bool json = false;
};
Status run_trace(const TraceOptions& options, const Clock& clock);

struct ModelShowOptions {
  std::vector<std::filesystem::path> files;
  bool json = false;
  bool tree = false;              ///< the questions of a tree, as text
  std::filesystem::path drawing;  ///< where to draw it, as SVG
  std::uint32_t depth = 5;        ///< of both
};
Status run_model_show(const ModelShowOptions& options);

struct UserOptions {
  std::filesystem::path config;
  std::string name;
  std::string role = "admin";
  std::string token;  ///< the name of the token to make
  int token_days = 365;
};
/// The password comes from standard input (one line, not echoed on a terminal); an empty line
/// makes one and prints it.
Status run_user_add(const UserOptions& options, const Clock& clock);
Status run_user_token(const UserOptions& options, const Clock& clock);
Status run_user_list(const UserOptions& options);

struct MigrateOptions {
  std::string from;  ///< as [store] uri
  std::string to;
};
/// Copies a store to another kind of store, then compares both. A second run goes on where the
/// first was stopped.
Status run_migrate(const MigrateOptions& options, std::stop_token stop);

Status run_serve(const std::filesystem::path& config, const Clock& clock, std::stop_token stop);

struct DemoOptions {
  std::filesystem::path state = "vedette-demo";
  std::filesystem::path scenario;     ///< empty: the story of demo_story.hpp
  std::optional<std::uint64_t> seed;  ///< instead of the scenario's own
  std::uint16_t port = 8080;          ///< the next free one is taken when it is busy
};
Status run_demo(const DemoOptions& options, const Clock& clock, std::stop_token stop);

}  // namespace vedette
