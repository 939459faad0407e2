// A real capture walks from a real broker to stored verdicts, and batch and live agree bit for bit.
#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <sstream>

#include "store/store.hpp"
#include "tests/support/service.hpp"

namespace vedette::test {
namespace {

constexpr std::uint64_t flows_of_34_1 = 23'145;

/// What a verdict says, without the times that differ between runs; floats by their bits.
struct Said {
  std::uint32_t score_bits = 0;
  bool anomalous = false;
  std::string label;
  std::string model;
  friend bool operator==(const Said&, const Said&) = default;
};

std::map<std::string, Said> said_by_score(const std::string& jsonl) {
  std::map<std::string, Said> said;
  std::istringstream lines{jsonl};
  for (std::string line; std::getline(lines, line);) {
    const auto verdict = nlohmann::json::parse(line);
    said[verdict["id"]] = {std::bit_cast<std::uint32_t>(verdict["score"].get<float>()),
                           verdict["anomalous"], verdict["label"], verdict["model"]};
  }
  return said;
}

std::map<std::string, Said> said_by_store(const std::filesystem::path& path) {
  std::map<std::string, Said> said;
  auto store = open_sqlite_store(path, {});
  EXPECT_TRUE(store) << store.error().message;
  VerdictQuery query;
  query.limit = 1000;
  do {
    const auto page = (*store)->verdicts(query);
    EXPECT_TRUE(page);
    for (const Judged& judged : page->items) {
      const Verdict& verdict = judged.verdict;
      said[to_text(judged.record.key)] = {std::bit_cast<std::uint32_t>(verdict.score),
                                          verdict.anomalous, verdict.label, verdict.model};
    }
    query.before = page->next;
  } while (!query.before.empty());
  return said;
}

TEST(Replay, EveryFlowOf34_1IsJudgedOnceAndAsScoreDoes) {
  if (data_folder().empty()) GTEST_SKIP() << "VEDETTE_DATA names no folder with iot23/";
  if (!Broker::available()) GTEST_SKIP() << "mosquitto is not installed";
  const std::string capture = data_folder() / "iot23/CTU-IoT-Malware-Capture-34-1.conn.log.labeled";
  TemporaryDirectory folder;
  const std::string dataset = folder.path() / "iot.vds";
  const std::string model = folder.path() / "tree.vdm";
  ASSERT_EQ(run_vedette({"prepare", capture, "-o", dataset}).code, 0);
  const Outcome trained = run_vedette({"train", dataset, "--model", "tree", "-o", model});
  ASSERT_EQ(trained.code, 0) << trained.errors;
  EXPECT_NE(trained.output.find("macro"), std::string::npos) << trained.output;

  Broker broker;
  Service service{folder.path(), broker.uri(), "flow = \"" + model + "\""};
  ASSERT_NO_FATAL_FAILURE(service.start_connected());
  const Outcome replayed =
      run_vedette({"simulate", "--replay", capture, "--rate", "5000", "--to", broker.uri()});
  ASSERT_EQ(replayed.code, 0) << replayed.errors;
  service.wait_for(flows_of_34_1);
  EXPECT_EQ(service.counters()["verdicts"], flows_of_34_1);
  EXPECT_EQ(service.counters()["quarantined"], 0);
  EXPECT_EQ(service.counters()["waiting"], 0);
  service.kill(SIGINT);
  EXPECT_EQ(service.process().wait(), 0) << service.process().errors();

  const Outcome scored = run_vedette({"score", model, capture});
  ASSERT_EQ(scored.code, 0) << scored.errors;
  const auto live = said_by_store(service.store());
  const auto batch = said_by_score(scored.output);
  ASSERT_EQ(live.size(), flows_of_34_1);
  EXPECT_EQ(live, batch);
}

}  // namespace
}  // namespace vedette::test
